#!/usr/bin/env bash
# Makes sure that `make profile` has Valgrind, and py-spy where pip can get it. Usage: tools/profilers.sh FOLDER PYTHON
set -euo pipefail
folder=$1 python=$2

if ! command -v valgrind >/dev/null; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "Installing with apt: valgrind"
        apt-get -qq update || true
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install valgrind >/dev/null
    else
        echo "make profile counts with Valgrind: install it with the system's package manager" >&2
        exit 1
    fi
fi
# A folder of its own, so that the environment of the tests stays as it is.
[ -x "$folder/bin/py-spy" ] || "$python" -m pip install --quiet --target "$folder" py-spy ||
    echo "py-spy cannot be installed here: counting without it"
