#!/usr/bin/env bash
# Runs the suite in API mode and in ABI mode; fails if either fails. Usage: tools/test.sh PYTHON [pytest arguments]
# Without arguments, what need not run in both modes runs in one of them (tests/support/suite.py), and where there is
# more than one core the modes run side by side: what ABI mode says is shown after API mode's.
set -uo pipefail
python=$1
shift
whole=$([ $# -eq 0 ] && echo 1)
# The suite starts Python some thousand times: what a first one has compiled serves the others.
unset PYTHONDONTWRITEBYTECODE
# A run that hangs where no test does (those end after five minutes) shows where, and ends.
limit=()
if command -v timeout >/dev/null; then limit=(timeout --foreground --signal=ABRT --kill-after=20 1500); fi

suite() { # MODE [pytest arguments]
    local mode=$1 half='' once=()
    shift
    if [ -n "$whole" ]; then
        half=1 once=(-m "not house")
        if [ "$mode" = abi ]; then half=2 once=(-m "not once or house"); fi
    fi
    FFWEBCODECS_FFI=$mode FFWEBCODECS_HALF=$half ${limit[@]+"${limit[@]}"} "$python" -m pytest ${once[@]+"${once[@]}"} "$@" 2>&1
}

logs=$(mktemp -d)
beside=
trap 'rm -rf "$logs"' EXIT
trap '[ -z "$beside" ] || kill -INT -- "-$beside"; exit 130' INT TERM
cores=$("$python" -c 'import os; print(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())')
if [ -n "$whole" ] && [ "$cores" -gt 1 ]; then
    set -m # a group of its own, in which interrupts are not ignored as they are behind a plain &
    suite abi >"$logs/abi" </dev/null &
    beside=$!
    set +m
fi
suite api "$@" | tee "$logs/api"
api=${PIPESTATUS[0]}
if [ -n "$beside" ]; then
    wait "$beside"
    abi=$?
    beside=
    cat "$logs/abi"
else
    suite abi "$@" | tee "$logs/abi"
    abi=${PIPESTATUS[0]}
fi
printf '\n'
for mode in api abi; do
    printf '%s: %s (exit status %s)\n' "$mode" "$(tail -n 1 "$logs/$mode" | tr -d '=')" "${!mode}"
done
[ "$api" -eq 0 ] && [ "$abi" -eq 0 ]
