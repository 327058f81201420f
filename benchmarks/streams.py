"""The table about streams: pieces in and pieces out, as they come."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MODES = ("api", "abi")
GROUP = 30
MEBIBYTE = 1 << 20


def case(
    name: str, *arguments: object, mode: str | None = None
) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, str(HERE / "stream_cases.py"), name, *map(str, arguments)]
    return command, {"FFWEBCODECS_FFI": mode} if mode else {}


def _commands(bench: Any, name: str, *arguments: object) -> dict[str, Any]:
    own = {f"ffwebcodecs ({mode})": case(name, *arguments, mode=mode) for mode in MODES}
    theirs: dict[str, Any] = bench.others({"PyAV": case(f"pyav_{name}", *arguments)})
    return {**own, **theirs}


def _milliseconds(rounds: list[tuple[int, float, float]]) -> float:
    return statistics.median(seconds for _, seconds, _ in rounds) * 1e3


def _count(rounds: list[tuple[int, float, float]]) -> float:
    return statistics.median(count for count, _, _ in rounds)


def _clips(bench: Any) -> tuple[Path, Path, Path]:
    """Return a short film, the same as a transport stream, and 350 MB of it in 20 minutes."""
    source = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30,noise=alls=4:allf=t"]
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "2300k", "-pix_fmt", "yuv420p"]
    groups = ["-x264-params", f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0"]
    film = bench.make_clip("720p-10s.mp4", *source, "-frames:v", "300", *encoder, *groups)
    stream = bench.make_clip("720p-10s.ts", "-i", str(film), "-c", "copy")
    long = bench.make_clip(
        *("720p-20min.mp4", "-stream_loop", "119", "-i", str(film), "-c", "copy"),
        *("-movflags", "+faststart"),
    )
    return film, stream, long


def bench_streams(report: Any, bench: Any, rounds: int) -> None:
    film, stream, long = _clips(bench)
    size = long.stat().st_size / 1e6
    title = f"Streams: the first picture (720p H.264; from an object of {size:.0f} MB)"
    report.section(title, "", "ms", "MiB read")
    for what, name, path in (
        ("from a pipe (MPEG-TS)", "pipe", stream),
        ("from an object (MP4)", "first", long),
        ("at 15 minutes, from an object", "middle", long),
    ):
        results = bench.measure(_commands(bench, name, path), rounds)
        for who, measured in results.items():
            read = "" if name == "pipe" else f"{_count(measured) / MEBIBYTE:.2f}"
            report.row(f"{what}: {who}", f"{_milliseconds(measured):.1f}", read)
    title = f"Streams: fragments of MP4, groups of {GROUP} pictures, to an object"
    report.section(title, "", "packets later than its last", "ms a fragment")
    results = bench.measure(_commands(bench, "fragments", film, GROUP), rounds)
    for who, measured in results.items():
        report.row(who, f"{_count(measured):.0f}", f"{_milliseconds(measured):.2f}")
    title = "Streams: from the call of transcode to the first fragment (720p, libx264 veryfast)"
    report.section(title, "", "ms")
    results = bench.measure(_commands(bench, "first_fragment", film, GROUP), rounds)
    for who, measured in results.items():
        report.row(who, f"{_milliseconds(measured):.0f}")
