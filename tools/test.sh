#!/usr/bin/env bash
# Runs the suite in API mode, then in ABI mode; fails if either fails. Usage: tools/test.sh PYTHON [pytest arguments]
# Without arguments, what need not run in both modes runs in one of them (tests/support/suite.py).
set -uo pipefail
python=$1
shift
failed=0
summary=()
# A run that hangs where no test does (those end after five minutes) shows where, and ends.
limit=()
if command -v timeout >/dev/null; then limit=(timeout --foreground --signal=ABRT --kill-after=20 1500); fi
for mode in api abi; do
    half='' once=()
    if [ $# -eq 0 ]; then
        half=1
        if [ $mode = abi ]; then half=2 once=(-m "not once"); fi
    fi
    log=$(mktemp)
    FFWEBCODECS_FFI=$mode FFWEBCODECS_HALF=$half ${limit[@]+"${limit[@]}"} "$python" -m pytest ${once[@]+"${once[@]}"} "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    [ "$status" -eq 0 ] || failed=1
    summary+=("$mode: $(tail -n 1 "$log" | tr -d '=') (exit status $status)")
    rm -f "$log"
done
printf '\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
