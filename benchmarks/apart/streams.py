"""The table about streams: pieces in and pieces out, as they come."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from measuring.turns import Measured

from .report import MODES, Report, case, make_clip, measure, others

GROUP = 30
MEBIBYTE = 1 << 20


def _commands(name: str, *arguments: object) -> dict[str, Any]:
    """Return the commands of a case, each of which is done twice: the second time counts."""
    where, more = "apart.stream_cases", {"FFWEBCODECS_BENCH_TWICE": "1"}
    own = {
        f"ffwebcodecs ({mode})": case(f"{where}.{name}", *arguments, FFWEBCODECS_FFI=mode, **more)
        for mode in MODES
    }
    theirs: dict[str, Any] = others({"PyAV": case(f"{where}.pyav_{name}", *arguments, **more)})
    return {**own, **theirs}


def _milliseconds(rounds: list[Measured]) -> float:
    return statistics.median(each.seconds for each in rounds) * 1e3


def _count(rounds: list[Measured]) -> float:
    return statistics.median(each.frames for each in rounds)


def _clips() -> tuple[Path, Path, Path]:
    """Return a short film, the same as a transport stream, and 350 MB of it in 20 minutes."""
    source = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30,noise=alls=4:allf=t"]
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "2300k", "-pix_fmt", "yuv420p"]
    groups = ["-x264-params", f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0"]
    film = make_clip("720p-10s.mp4", *source, "-frames:v", "300", *encoder, *groups)
    stream = make_clip("720p-10s.ts", "-i", str(film), "-c", "copy")
    long = make_clip(
        *("720p-20min.mp4", "-stream_loop", "119", "-i", str(film), "-c", "copy"),
        *("-movflags", "+faststart"),
    )
    return film, stream, long


def bench_streams(report: Report, rounds: int) -> None:
    film, stream, long = _clips()
    size = long.stat().st_size / 1e6
    title = f"Streams: the first picture (720p H.264; from an object of {size:.0f} MB)"
    report.section(title, "", "ms", "MiB read")
    for what, name, path in (
        ("from a pipe (MPEG-TS)", "pipe", stream),
        ("from an object (MP4)", "first", long),
        ("at 15 minutes, from an object", "middle", long),
    ):
        results = measure(_commands(name, path), rounds)
        for who, measured in results.items():
            read = "" if name == "pipe" else f"{_count(measured) / MEBIBYTE:.2f}"
            report.row(f"{what}: {who}", f"{_milliseconds(measured):.1f}", read)
    title = f"Streams: fragments of MP4, groups of {GROUP} pictures, to an object"
    report.section(title, "", "packets later than its last", "ms a fragment")
    results = measure(_commands("fragments", film, GROUP), rounds)
    for who, measured in results.items():
        report.row(who, f"{_count(measured):.0f}", f"{_milliseconds(measured):.2f}")
    title = "Streams: from the call of transcode to the first fragment (720p, libx264 veryfast)"
    report.section(title, "", "ms")
    results = measure(_commands("first_fragment", film, GROUP), rounds)
    for who, measured in results.items():
        report.row(who, f"{_milliseconds(measured):.0f}")


def main(rounds: int) -> None:
    bench_streams(Report(), rounds)
