#!/usr/bin/env bash
# Runs the lifetime tests and all scenarios in small under AddressSanitizer, in both FFI modes. FFmpeg and cffi are not
# instrumented: what is seen is what goes through malloc, free and memcpy (double frees, copies past the end, copies
# from freed memory). Usage: memcheck/sanitize.sh PYTHON
set -euo pipefail
python=$1
cd "$(dirname "$0")/.."
library=$(${CC:-cc} -print-file-name=libasan.so)
[ -e "$library" ] || { echo "the compiler has no libasan.so" >&2; exit 1; }
logs=build/asan
mkdir -p "$logs"
# Leaks are memray's and Valgrind's: the interpreter's own would drown them here.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1

# Does it look at all? One byte written past the end must be noticed.
past_the_end='import ctypes; m = ctypes.CDLL(None).malloc; m.restype = ctypes.c_void_p; ctypes.memmove(m(8), bytes(9), 9)'
if LD_PRELOAD=$library "$python" -c "$past_the_end" >"$logs/self-test.log" 2>&1 ||
    ! grep -q heap-buffer-overflow "$logs/self-test.log"; then
    echo "AddressSanitizer does not work with $python: see $PWD/$logs/self-test.log" >&2
    exit 1
fi

failed=0
check() { # NAME COMMAND...
    local log="$logs/$1.log" start=$SECONDS status=0 verdict=clean
    shift
    LD_PRELOAD=$library PYTHONMALLOC=malloc "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || { verdict="FAILED (exit status $status)"; failed=1; tail -n 30 "$log"; }
    printf '%-18s %s, %s s\n' "$(basename "$log" .log)" "$verdict" "$((SECONDS - start))"
}
for mode in api abi; do
    export FFWEBCODECS_FFI=$mode
    # Not those that measure memory: what is freed stays in AddressSanitizer's quarantine.
    check "lifetime-$mode" "$python" -m pytest -q -k "not memory and not shows_where" \
        tests/frames/test_frame_lifetime.py tests/frames/test_audio_data_lifetime.py tests/frames/test_planes.py tests/codecs/test_encoded_video_chunk.py
    check "scenarios-$mode" "$python" -m memcheck.small --cycles 100
done
echo "Logs: $PWD/$logs"
exit "$failed"
