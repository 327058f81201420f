#!/usr/bin/env bash
# Runs a command in an unpacked system (suite.sh) with this machine's FFmpeg behind its own libraries. Needs root.
# FOLDER is at the same place inside. Usage: tools/packaging/inside.sh ROOT FOLDER COMMAND ...
set -euo pipefail
if [ -z "${INSIDE:-}" ]; then
    INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi
root=$1 folder=$2
shift 2
mkdir -p "$root/$folder" "$root"/{dev,proc,tmp,mnt/libraries}
mount --rbind /dev "$root/dev"
mount --bind /proc "$root/proc"
mount --bind "$folder" "$root/$folder"
if [ -d /etc/ssl/certs ]; then  # pip reads them even when it fetches nothing
    mkdir -p "$root/etc/ssl/certs"
    mount --bind /etc/ssl/certs "$root/etc/ssl/certs"
fi
libraries=$(ldconfig -p | awk '/libavutil\.so\.[0-9]+ / && !seen++ {print $NF}')
behind=
if [ -n "$libraries" ]; then
    mount --bind "$(dirname "$libraries")" "$root/mnt/libraries"
    # A library that both have is taken from the unpacked system, which is the newer one.
    behind=$(find "$root/usr/lib" -maxdepth 1 -name '*-linux-gnu' -printf '/usr/lib/%f:')/usr/lib:/mnt/libraries
fi
unset INSIDE
exec env -i HOME=/tmp TMPDIR=/tmp PATH=/usr/bin:/bin LC_ALL=C.UTF-8 LD_LIBRARY_PATH="$behind" FFWEBCODECS_FFI="${FFWEBCODECS_FFI:-}" \
    "$(command -v chroot)" "$root" "$@"
