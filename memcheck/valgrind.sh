#!/usr/bin/env bash
# Runs the lifetime tests and all scenarios in small under Valgrind, in both FFI modes; fails if it finds anything that
# memcheck/python.supp does not explain. Usage: memcheck/valgrind.sh PYTHON
set -euo pipefail
python=$1
cd "$(dirname "$0")/.."
logs=build/valgrind
mkdir -p "$logs"

if ! command -v valgrind >/dev/null; then
    if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ]; then
        echo "Installing valgrind with apt"
        apt-get -qq update || true
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install valgrind >/dev/null
    else
        echo "Valgrind is not installed. Debian, Ubuntu: sudo apt-get install valgrind; Fedora: sudo dnf install valgrind" >&2
        exit 1
    fi
fi

tests=(tests/frames/test_frame_lifetime.py tests/frames/test_audio_data_lifetime.py tests/frames/test_planes.py tests/codecs/test_encoded_video_chunk.py)
# These three measure the memory of the process, or start a Python of their own: not under Valgrind.
deselected=(test_close_frees_the_memory_at_once test_many_frames_one_after_another_take_the_memory_of_one
    test_the_warning_shows_where_the_frame_was_made)
pytest=(-m pytest -q)
for name in "${deselected[@]}"; do pytest+=(--deselect "tests/frames/test_frame_lifetime.py::$name"); done

failed=0
check() { # NAME COMMAND...
    local log="$logs/$1.log" start=$SECONDS status=0 verdict=clean
    shift
    # PYTHONMALLOC: each object is an allocation of its own, so that Valgrind sees it.
    PYTHONMALLOC=malloc MEMCHECK_WITHOUT=av1.mp4 valgrind --error-exitcode=9 --keep-debuginfo=yes --leak-check=full \
        --show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=40 \
        --suppressions=memcheck/python.supp --log-file="$log" \
        "$@" >"$log.out" 2>&1 || status=$?
    [ "$status" -eq 0 ] || { verdict="FAILED (exit status $status)"; failed=1; tail -n 5 "$log.out"; }
    printf '%-18s %s, %s s: %s\n' "$(basename "$log" .log)" "$verdict" "$((SECONDS - start))" \
        "$(sed -n 's/.*ERROR SUMMARY: //p' "$log" | tail -n 1)"
}
for mode in api abi; do
    export FFWEBCODECS_FFI=$mode
    check "lifetime-$mode" "$python" "${pytest[@]}" "${tests[@]}"
    check "scenarios-$mode" "$python" -m memcheck.small --cycles 20
done
echo "Logs: $PWD/$logs"
exit "$failed"
