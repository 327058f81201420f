"""The table about frames that travel, which stands in docs/scaling.md."""

from __future__ import annotations

import importlib.util
import statistics
from pathlib import Path

import scale
from measuring import page
from measuring.machine import headline
from measuring.turns import Measured

from . import access
from .report import Report, case, measure

FARM_BEGIN, FARM_END = "<!-- farm: begin -->", "<!-- farm: end -->"
RUN_BY = "<!-- run by: tests/spec/test_scale_model.py -->"
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


# What is measured, and the function of it
PHASES = {"pack": "pack", "open": "open_", "pipe": "pipe"}


def _microseconds(rounds: list[Measured]) -> float:
    return statistics.median(each.seconds / each.frames for each in rounds) * 1e6


def _shown(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _ways(report: Report, rounds: int, path: Path) -> None:
    report.section(
        *("A 1080p frame to another process", "", "bytes", "CPU µs to pack", "CPU µs to open"),
        *("over a pipe, CPU µs of both", "µs by the clock"),
    )
    found = {
        phase: measure(
            {way: case(f"apart.travel_cases.{PHASES[phase]}", way, path) for way in WAYS}, rounds
        )
        for phase in PHASES
    }
    sizes = measure({way: case("apart.travel_cases.size", way, path) for way in WAYS}, 1)
    for way, title in WAYS.items():
        times = [_shown(_microseconds(found[phase][way])) for phase in found]
        times.insert(
            2,
            _shown(statistics.median(each.cpu / each.frames for each in found["pipe"][way]) * 1e6),
        )
        report.row(title, f"{sizes[way][0].frames:,}", *times)


def _tasks(report: Report, rounds: int) -> None:
    if importlib.util.find_spec("distributed") is None:
        return
    results = measure({"dask": case("apart.travel_cases.dask_task")}, rounds)
    report.section("A task that does nothing", "", "CPU µs of scheduler and client")
    report.row("task of Dask, two workers", _shown(_microseconds(results["dask"])))


def _farms() -> list[str]:
    """Return what the model says of the figures that the page has now."""
    lines = []
    for arguments in scale.SHOWN:
        report = scale.report_of(scale.parser_of().parse_args(arguments))
        command = " ".join(["$ python benchmarks/scale.py", *arguments])
        lines += ["", RUN_BY, "```console", command, report, "```"]
    return lines


def bench_travel(report: Report, rounds: int, machine: str) -> None:
    """Measure, and rewrite the table of docs/scaling.md; benchmarks.md has none of it."""
    before = len(report.lines)
    path = access.film_clip(access.SHORT_GROUP, 5 * access.SHORT_GROUP)
    _ways(report, rounds, path)
    _tasks(report, rounds)
    lines = report.lines[before:]
    del report.lines[before:]
    page.write_between(scale.BEGIN, scale.END, [machine, *lines, ""], scale.PAGE)
    page.write_between(FARM_BEGIN, FARM_END, [*_farms(), ""], scale.PAGE)
    print(f"\nWritten: {scale.PAGE.name}")


def main(rounds: int) -> None:
    bench_travel(Report(), rounds, headline(rounds))
