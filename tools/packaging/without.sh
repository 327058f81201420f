#!/usr/bin/env bash
# Runs a command on this machine as it would be without something: in a mount namespace, files of /usr are removed from
# an overlay that lives in memory. Nothing outside sees it. Needs root.
# Usage: tools/packaging/without.sh compiler|headers|ffmpeg COMMAND ...
set -euo pipefail
what=$1
shift
if [ -z "${WITHOUT_INSIDE:-}" ]; then
    WITHOUT_INSIDE=1 exec unshare --mount --propagation private "$0" "$what" "$@"
fi
unset WITHOUT_INSIDE
memory=$(mktemp -d)
mount -t tmpfs tmpfs "$memory"
mkdir "$memory/upper" "$memory/work"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$memory/upper,workdir=$memory/work" /usr

compilers() {
    find /usr/bin /usr/local/bin -regextype egrep -regex '.*/([a-z0-9_]+-)*(cc|gcc|clang|tcc|c89|c99|icx)(-[0-9.]+)?' -delete
    ! command -v cc && ! command -v gcc && ! command -v clang
}
headers() {
    find /usr -path '*/include/*' \( -name 'libav*' -o -name 'libsw*' \) -prune -exec rm -r {} +
    find /usr -path '*/pkgconfig/*' \( -name 'libav*.pc' -o -name 'libsw*.pc' \) -delete
    ! pkg-config --exists libavcodec 2>/dev/null
}
libraries() {
    find /usr \( -name 'libav*.so*' -o -name 'libsw*.so*' -o -name ffmpeg -o -name ffprobe \) ! -type d -delete
    ! command -v ffmpeg && [ -z "$(find /usr /lib /opt -name 'libavutil*.so*' -print -quit)" ]
}
case $what in
compiler) compilers ;;
headers) headers ;;
ffmpeg) headers && libraries ;;
*) echo "unknown: $what" >&2; exit 2 ;;
esac || { echo "there is still a $what" >&2; exit 3; }
exec "$@"
