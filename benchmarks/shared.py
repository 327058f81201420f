"""The table about frames in shared memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from access import MODES, Bench

HERE = Path(__file__).resolve().parent
COUNT = 200


def case(name: str, *arguments: object, mode: str) -> Any:
    command = [sys.executable, str(HERE / "shared_cases.py"), name, *map(str, arguments)]
    return command, {"FFWEBCODECS_FFI": mode}


def bench_shared(report: Any, bench: Bench, rounds: int) -> None:
    report.section(
        *("1080p I420 through a multiprocessing.Queue to another process", "", "frames/s"),
        *("against the frame", "limit"),
    )
    for mode in MODES:
        value, ticket = f"the frame ({mode})", f"its ticket ({mode})"
        beside = f"the frame, protocol 5 ({mode})"
        commands = {
            value: case("by_value", COUNT, 4, mode=mode),
            beside: case("by_value", COUNT, 5, mode=mode),
            ticket: case("by_ticket", COUNT, mode=mode),
        }
        results = bench.measure(commands, rounds)
        for name in commands:
            ratio = bench.speed_ratio(results, name, value)
            verdict = report.verdict(f"shared, {name}", ratio, ">= 5") if name == ticket else ""
            speed = f"{1 / bench.per_frame(results, name):.0f}"
            report.row(name, speed, f"{ratio:.1f}", verdict)
