#!/usr/bin/env bash
# Unpacks packages of a Debian suite, with what they need, into a folder of their own: the system and its apt stay as they are.
# Usage: tools/packaging/suite.sh SUITE FOLDER PACKAGE ...   (source:NAME fetches a source package into FOLDER/source)
set -euo pipefail
suite=$1 root=$2
shift 2
base=$(find /etc/apt/sources.list /etc/apt/sources.list.d -type f -exec awk '($1 == "URIs:" || $1 == "deb") && $2 ~ /debian$/ {print $2}' {} + 2>/dev/null | head -n 1 || true)
[ -n "$base" ] || { echo "no Debian archive is configured here" >&2; exit 1; }
state=$root.apt
mkdir -p "$root" "$state"/{lists/partial,cache/archives/partial,debs}
touch "$state/status"
key=/usr/share/keyrings/debian-archive-keyring.gpg
printf '%s [signed-by=%s] %s %s main\n' deb "$key" "$base" "$suite" deb-src "$key" "$base" "$suite" >"$state/list"
cat >"$state/conf" <<CONF
Dir::Etc::sourcelist "$state/list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$state";
Dir::State::Lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$state/conf
apt-get -qq update
sources=() packages=()
for name in "$@"; do
    case $name in source:*) sources+=("${name#source:}") ;; *) packages+=("$name") ;; esac
done
if [ ${#sources[@]} -gt 0 ]; then
    mkdir -p "$root/source"
    (cd "$root/source" && apt-get -qq source --download-only "${sources[@]}")
fi
if [ ${#packages[@]} -gt 0 ]; then
    cd "$state/debs"
    apt-get -qq -y --no-install-recommends --print-uris install "${packages[@]}" | awk '{print $2}' | sed 's/_[^_]*_[^_]*\.deb$//' >"$state/wanted"
    # shellcheck disable=SC2046
    apt-get -qq download $(cat "$state/wanted") base-files libc-bin
    # What base-files gives later: the links of a merged /usr.
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{dev,proc,tmp,etc}
    for folder in bin sbin lib lib64; do [ -e "$root/$folder" ] || ln -s "usr/$folder" "$root/$folder"; done
    for deb in *.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink; done
    rm -f ./*.deb
fi
