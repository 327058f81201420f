#!/usr/bin/env bash
# Builds a free-threaded Python from the source package of a Debian suite: 3.14 where its source can be had, or else 3.13.
# `make packaging` tries it when it is there. Takes five minutes on two cores. Usage: tools/packaging/freethreaded.sh FOLDER
# cffi refuses to be built for 3.13t, which it does not support: that check is lifted here, for trying only.
set -euo pipefail
folder=$(realpath -m "$1")
here=$(cd "$(dirname "$0")" && pwd)
regular=$("$here/../python.sh")

fetched=
for wanted in sid:3.14 forky:3.14 trixie:3.13; do
    suite=${wanted%:*} version=${wanted#*:}
    rm -rf "$folder/fetch"
    if "$here/suite.sh" "$suite" "$folder/fetch" "source:python$version" 2>/dev/null; then
        fetched=$version
        break
    fi
    echo "the source of Python $version cannot be had from Debian $suite"
done
[ -n "$fetched" ] || exit 1
echo "Building Python $fetched without a GIL"
mkdir -p "$folder/build" "$folder/wheels"
tar -xf "$folder"/fetch/source/python*.orig.tar.xz -C "$folder/build" --strip-components 1
(
    cd "$folder/build"
    ./configure --disable-gil --prefix="$folder" >configure.log 2>&1
    make -j "$(nproc)" >make.log 2>&1
    make install >install.log 2>&1
)
rm -rf "$folder/build" "$folder/fetch" "$folder/fetch.apt"
python=$folder/bin/python${fetched}t
if [ "$fetched" = 3.13 ]; then
    sdist=$(mktemp -d)
    trap 'rm -rf "$sdist"' EXIT
    "$regular" -m venv "$sdist/venv"
    "$sdist/venv/bin/python" -m pip download --quiet --no-deps --no-binary :all: --dest "$sdist" cffi
    mkdir "$sdist/source"
    tar -xf "$sdist"/cffi-*.tar.gz -C "$sdist/source" --strip-components 1
    sed -i 's/^if FREE_THREADED_BUILD and sys.version_info < (3, 14):/if False:/' "$sdist/source/setup.py"
    "$python" -m pip wheel --quiet --no-deps --wheel-dir "$folder/wheels" "$sdist/source"
fi
"$python" -VV
