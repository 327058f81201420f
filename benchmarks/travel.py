"""The table about frames that travel, which stands in docs/scaling.md."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path
from typing import Any

import access
import scale

HERE = Path(__file__).resolve().parent
FARM_BEGIN, FARM_END = "<!-- farm: begin -->", "<!-- farm: end -->"
# As benchmarks/scale.py reads them.
WAYS = {
    "reference": "reference, frames in order",
    "any_reference": "reference, any frame",
    "ticket": "ticket of SharedFrames",
    "in_band": "frame, pickled in band",
    "out_of_band": "frame, pickled out of band",
    "chunk": "encoded chunk, in order",
    "jpeg": "JPEG",
}


def case(name: str, *arguments: object) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, str(HERE / "travel_cases.py"), name, *map(str, arguments)]
    return command, {"FFWEBCODECS_FFI": "api"}


def _microseconds(rounds: list[tuple[int, float, float]]) -> float:
    return statistics.median(seconds / count for count, seconds, _ in rounds) * 1e6


def _shown(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _ways(report: Any, bench: Any, rounds: int, path: Path) -> None:
    report.section(
        *("A 1080p frame to another process", "", "bytes", "CPU µs to pack", "CPU µs to open"),
        *("over a pipe, CPU µs of both", "µs by the clock"),
    )
    found = {
        phase: bench.measure({way: case(phase, way, path) for way in WAYS}, rounds)
        for phase in ("pack", "open", "pipe")
    }
    sizes = bench.measure({way: case("size", way, path) for way in WAYS}, 1)
    for way, title in WAYS.items():
        times = [_shown(_microseconds(found[phase][way])) for phase in found]
        times.insert(2, _shown(statistics.median(c / n for n, _, c in found["pipe"][way]) * 1e6))
        report.row(title, f"{sizes[way][0][0]:,}", *times)


def _tasks(report: Any, bench: Any, rounds: int) -> None:
    if importlib.util.find_spec("distributed") is None:
        return
    results = bench.measure({"dask": case("dask_task")}, rounds)
    report.section("A task that does nothing", "", "CPU µs of scheduler and client")
    report.row("task of Dask, two workers", _shown(_microseconds(results["dask"])))


def _write(begin: str, end: str, lines: list[str]) -> None:
    """Put lines between two marks of the page."""
    page = scale.PAGE.read_text(encoding="utf-8")
    before, rest = page.split(begin)
    scale.PAGE.write_text(
        "\n".join([before + begin, *lines, end + rest.split(end)[1]]), encoding="utf-8"
    )


def _farms() -> list[str]:
    """Return what the model says of the figures that the page has now."""
    lines = []
    for arguments in scale.SHOWN:
        report = scale.report_of(scale.parser_of().parse_args(arguments))
        command = " ".join(["$ python benchmarks/scale.py", *arguments])
        lines += ["", "```", command, report, "```"]
    return lines


def bench_travel(report: Any, bench: Any, rounds: int, machine: str) -> None:
    """Measure, and rewrite the table of docs/scaling.md; benchmarks.md has none of it."""
    before = len(report.lines)
    path = access.film_clip(bench, access.SHORT_GROUP, 5 * access.SHORT_GROUP)
    _ways(report, bench, rounds, path)
    _tasks(report, bench, rounds)
    lines = report.lines[before:]
    del report.lines[before:]
    _write(scale.BEGIN, scale.END, [machine, *lines, ""])
    _write(FARM_BEGIN, FARM_END, [*_farms(), ""])
    print(f"\nWritten: {scale.PAGE.relative_to(HERE.parent)}")
