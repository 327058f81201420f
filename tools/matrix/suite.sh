#!/usr/bin/env bash
# Unpacks the FFmpeg of another Debian suite, with everything its libraries need and with its headers, beside the system:
# apt works in a state folder of its own, so neither the system nor its package lists change.
# Usage: suite.sh SUITE FOLDER. Exit status 3: the mirror could not be reached, or this machine has no apt.
set -euo pipefail
suite=$1
folder=$2

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo "this machine has no apt" >&2; exit 3; }

# The mirror is the one this system uses: what its own suites come from.
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(awk -v suite="$codename" '
    FNR == 1 { uri = "" }
    /^URIs:/ { uri = $2 }
    /^Suites:/ { for (i = 2; i <= NF; i++) if ($i == suite && uri != "") { print uri; exit } }
    $1 == "deb" { for (i = 2; i < NF; i++) if ($i ~ /^[a-z]+:/ && $(i + 1) == suite) { print $i; exit } }
' /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null || true)
[ -n "$mirror" ] || { echo "the package sources of this system name no mirror of '$codename'" >&2; exit 3; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || { echo "$keyring is missing (package debian-archive-keyring)" >&2; exit 3; }

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state"/lists/partial "$state"/cache/archives/partial
touch "$state/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$state/sources.list"
options=(-qq -y --no-install-recommends
    -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::State="$state" -o Dir::State::Lists="$state/lists"
    -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" -o Dir::Log="$state"
    -o APT::Sandbox::User="$(id -un)" -o APT::Update::Error-Mode=any -o Acquire::Retries=2 -o Debug::NoLocking=1
    -o APT::Update::Post-Invoke-Success::= -o DPkg::Post-Invoke::=)

apt-get "${options[@]}" update || { echo "the package lists of $suite could not be read from $mirror" >&2; exit 3; }
# The dpkg status is empty, so this is the whole tree down to the C library: nothing of the system is assumed.
apt-get "${options[@]}" --download-only install libavutil-dev libavcodec-dev libswscale-dev libavformat-dev >/dev/null

made="$folder.making-$$"
rm -rf "$made"
mkdir -p "$made"
for deb in "$state"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$made" --wildcards --no-anchored \
        './lib*' './usr/lib/*.so*' './usr/include/*/lib*' 2>/dev/null || true # a package without such files is no error
    dpkg-deb --show --showformat '${Package} ${Version}\n' "$deb"
done >"$made/packages"
# What makes a suite usable; half a tree must not stay behind.
for file in usr/include/*/libavcodec/avcodec.h usr/lib/*/libavcodec.so usr/lib/*/libavformat.so usr/lib/*/libswscale.so; do
    compgen -G "$made/$file" >/dev/null || { echo "$suite: $file was not unpacked" >&2; exit 1; }
done
rm -rf "$folder"
mv "$made" "$folder"
