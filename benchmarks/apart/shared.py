"""The table about frames in shared memory."""

from __future__ import annotations

from .report import MODES, Report, case, measure, per_frame, speed_ratio

COUNT = 200


def bench_shared(report: Report, rounds: int) -> None:
    report.section(
        *("1080p I420 through a multiprocessing.Queue to another process", "", "frames/s"),
        *("against the frame", "limit"),
    )
    for mode in MODES:
        value, ticket = f"the frame ({mode})", f"its ticket ({mode})"
        beside = f"the frame, protocol 5 ({mode})"
        commands = {
            value: case("apart.shared_cases.by_value", COUNT, 4, FFWEBCODECS_FFI=mode),
            beside: case("apart.shared_cases.by_value", COUNT, 5, FFWEBCODECS_FFI=mode),
            ticket: case("apart.shared_cases.by_ticket", COUNT, FFWEBCODECS_FFI=mode),
        }
        results = measure(commands, rounds)
        for name in commands:
            ratio = speed_ratio(results, name, value)
            verdict = report.verdict(f"shared, {name}", ratio, ">= 5") if name == ticket else ""
            speed = f"{1 / per_frame(results, name):.0f}"
            report.row(name, speed, f"{ratio:.1f}", verdict)


def main(rounds: int) -> None:
    bench_shared(Report(), rounds)
