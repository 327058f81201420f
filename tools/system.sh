#!/usr/bin/env bash
# Makes sure that the system has what the build and the tests need. Usage: tools/system.sh VERSIONS_FILE
# As root on Debian or Ubuntu it installs what is missing; elsewhere it prints the one command to run and stops.
# VERSIONS_FILE is rewritten only when the versions of the FFmpeg libraries change: the build depends on its date.
set -euo pipefail
versions_file=$1

apt_packages="ffmpeg libavutil-dev libavcodec-dev libswscale-dev libavformat-dev gcc libc6-dev pkg-config python3 python3-venv python3-dev"

missing() {
    command -v ffmpeg >/dev/null || echo "the ffmpeg program"
    command -v cc >/dev/null || command -v gcc >/dev/null || echo "a C compiler"
    if command -v pkg-config >/dev/null; then
        local library
        for library in libavutil libavcodec libswscale libavformat; do
            pkg-config --exists "$library" || echo "the headers of $library"
        done
    else
        echo "pkg-config"
    fi
    "$(dirname "$0")/python.sh" >/dev/null 2>&1 || echo "Python 3.10 or newer with venv and its headers"
}

hint() {
    local apt="apt-get install -y $apt_packages"
    local dnf="dnf install -y ffmpeg ffmpeg-devel gcc pkgconf-pkg-config python3 python3-devel"
    local pacman="pacman -S --needed ffmpeg gcc pkgconf python"
    local brew="brew install ffmpeg pkg-config python"
    local sudo="sudo "
    [ "$(id -u)" -ne 0 ] || sudo=""
    if command -v apt-get >/dev/null; then echo "    ${sudo}$apt"
    elif command -v dnf >/dev/null; then echo "    ${sudo}$dnf      (ffmpeg-devel is in RPM Fusion)"
    elif command -v pacman >/dev/null; then echo "    ${sudo}$pacman"
    elif command -v brew >/dev/null; then echo "    $brew"
    else printf '    %s\n' "Debian, Ubuntu:  ${sudo}$apt" "Fedora:          ${sudo}$dnf" "Arch:            ${sudo}$pacman" "macOS:           $brew"
    fi
}

# One package at a time is asked for, so that nothing that is there is upgraded or touched.
install_with_apt() {
    local wanted=() package
    for package in $apt_packages; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || wanted+=("$package")
    done
    echo "Installing with apt: ${wanted[*]}"
    export DEBIAN_FRONTEND=noninteractive
    local options=(-qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    apt-get "${options[@]}" update || echo "apt-get update failed; trying with the package lists that are there" >&2
    apt-get "${options[@]}" install "${wanted[@]}" >/dev/null
}

lacking=$(missing)
if [ -n "$lacking" ]; then
    echo "This machine lacks: ${lacking//$'\n'/, }."
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && [ -e /etc/debian_version ]; then
        install_with_apt || { printf 'apt could not install them. Run this, then make again:\n' >&2; hint >&2; exit 1; }
        lacking=$(missing)
    fi
    if [ -n "$lacking" ]; then
        printf 'Still lacking: %s. Run this, then make again:\n' "${lacking//$'\n'/, }" >&2
        hint >&2
        exit 1
    fi
fi

versions=$(for library in libavutil libavcodec libswscale libavformat; do
    echo "$library $(pkg-config --modversion "$library") $(pkg-config --variable=libdir "$library")"
done)
# The distribution's revision changes without the library's own version when only a patch is applied.
versions+=$'\n'$(dpkg-query -W -f '${Package} ${Version}\n' libavutil-dev 2>/dev/null || true)
mkdir -p "$(dirname "$versions_file")"
[ -e "$versions_file" ] && [ "$(cat "$versions_file")" = "$versions" ] || echo "$versions" >"$versions_file"
