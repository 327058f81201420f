#!/usr/bin/env bash
# Compiles the C programs of benchmarks/ against the installed FFmpeg. Usage: tools/build-benchmarks.sh FOLDER
set -euo pipefail
folder=$1
mkdir -p "$folder"
for source in benchmarks/programs/*.c; do
    program=$folder/$(basename "$source" .c)
    [ "$program" -nt "$source" ] && [ "$program" -nt benchmarks/programs/bench.h ] && continue
    # shellcheck disable=SC2046
    "${CC:-cc}" -O2 -Wall -Wextra -o "$program" "$source" $(pkg-config --cflags --libs libavformat libavcodec libswscale libswresample libavutil)
done
