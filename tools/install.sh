#!/usr/bin/env bash
# Makes the virtual environment and installs this project into it, editable, with what the tests need.
# Usage: tools/install.sh VENV
set -euo pipefail
venv=$1
here=$(cd "$(dirname "$0")" && pwd)

if ! "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    interpreter=$("$here/python.sh") || { echo "No Python 3.10 or newer with venv and headers is on PATH." >&2; exit 1; }
    echo "Making $venv with $interpreter"
    rm -rf "$venv"
    "$interpreter" -m venv "$venv"
fi

echo "Building and installing ffwebcodecs into $venv"
# setuptools keeps an extension that is newer than its C file, also when the FFmpeg headers under it have changed.
rm -rf build
find ffwebcodecs -name '*.so' -delete
# A failing extension is an error here: the tests need both modes.
FFWEBCODECS_BUILD=api "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable '.[test]' || {
    echo "pip could not install the project. It needs cffi, numpy and the test tools: a package registry, or" >&2
    echo "a folder of wheels named with PIP_FIND_LINKS." >&2
    exit 1
}

# What the package must live beside, or reads from. The tests that need one of these are skipped where it cannot be had.
for packages in "av opencv-python-headless" "nbconvert ipykernel" "fsspec anyio trio" "boto3 moto flask flask-cors" "dask[distributed]>=2024.1 joblib" \
    "mkdocs>=1.6,<2 mkdocs-material>=9.6,<10 mkdocstrings[python]>=1" "pyright[nodejs]"; do
    # shellcheck disable=SC2086
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 2 --timeout 30 --only-binary :all: $packages ||
        echo "Not installed: $packages (the tests that need them are skipped)." >&2
done
