"""Tables about frames without their pixels: made and closed, pickled and made again."""

from __future__ import annotations

from measuring.clips import clip_single

from .report import MODES, Report, case, measure, per_frame


def _create(report: Report, rounds: int) -> None:
    report.section("Make and close a VideoFrame", "", "µs at 64x64", "µs at 4K")
    clips = {"64x64": (clip_single("64x64"),), "4K": (clip_single("3840x2160"),)}
    sizes: dict[str, tuple[object, ...]] = {"64x64": (64, 64), "4K": (3840, 2160)}
    for name, title, arguments in (
        ("create_decoded", "VideoFrame of a decoded AVFrame", clips),
        ("create_clone", "clone() of a decoded frame", clips),
        ("create_transfer", "VideoFrame(..., transfer=True)", sizes),
    ):
        where = f"apart.frame_cases.{name}"
        for mode in MODES:
            commands = {
                size: case(where, *what, 20000, FFWEBCODECS_FFI=mode)
                for size, what in arguments.items()
            }
            results = measure(commands, rounds)
            costs = (f"{per_frame(results, size) * 1e6:.1f}" for size in commands)
            report.row(f"{title} ({mode})", *costs)


def _pickles(report: Report, rounds: int) -> None:
    report.section("Pickle a 1080p frame and make it again", "", "µs")
    for way, times in (("beside", 2000), ("in band", 200)):
        title = f"protocol 5, memory {'beside the pickle' if way == 'beside' else way}"
        for mode in MODES:
            what = 1920, 1080, way, times
            commands = {way: case("apart.frame_cases.pickled", *what, FFWEBCODECS_FFI=mode)}
            taken = per_frame(measure(commands, rounds), way) * 1e6
            report.row(f"{title} ({mode})", f"{taken:.0f}")


def main(rounds: int) -> None:
    report = Report()
    _create(report, rounds)
    _pickles(report, rounds)
