"""The tables about access by number and time."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
MODES = ("api", "abi")
WANTED = 20  # frames a round; other frames each round
GROUP = 250
SHORT_GROUP = 48  # of 1080p pictures, so many fit a cache of 256 MiB


class Bench(NamedTuple):
    """What `run.py` lends: it is the program, and so cannot be imported."""

    measure: Any
    make_clip: Any
    film: Any  # the ffmpeg program's arguments for 1080p footage
    others: Any
    speed_ratio: Any
    cpu_ratio: Any
    per_frame: Any


def case(
    name: str, *arguments: object, mode: str | None = None
) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, str(HERE / "access_cases.py"), name, *map(str, arguments)]
    return command, {"FFWEBCODECS_FFI": mode} if mode else {}


def ours(name: str, *arguments: object, label: str = "") -> dict[str, Any]:
    return {f"{label or name} ({m})": case(name, *arguments, mode=m) for m in MODES}


def index_of(path: Path) -> Path:
    """Return a saved index of a clip."""
    target = path.with_name(path.name + ".index")
    command, _ = case("save_index", path, target)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return target


def tiny_clip(bench: Bench, name: str, frames: int) -> Path:
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30", "-frames:v", str(frames)]
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p"]
    made: Path = bench.make_clip(f"{frames}.mp4", *source, *encoder)
    return made if name == made.name else bench.make_clip(name, "-i", str(made), "-c", "copy")


def film_clip(bench: Bench, group: int, frames: int) -> Path:
    encoder = ["-c:v", "libx264", "-preset", "fast", "-crf", "23", "-pix_fmt", "yuv420p"]
    groups = ["-x264-params", f"keyint={group}:min-keyint={group}:scenecut=0"]
    source = [*bench.film(), "-an", "-frames:v", str(frames)]
    made: Path = bench.make_clip(f"1080p-group-{group}.mp4", *source, *encoder, *groups)
    return made


def bench_scan(report: Any, bench: Bench, programs: Path, rounds: int) -> None:
    for name in ("100000.mp4", "100000.mkv", "100000.ts", "100000.avi"):
        path = tiny_clip(bench, name, 100_000)
        commands = {"C": ([str(programs / "scan"), str(path)], {})}
        commands |= ours("scan", path)
        commands |= bench.others({"PyAV": case("pyav_scan", path)})
        results = bench.measure(commands, rounds)
        report.section(
            f"Scan {name}: 100,000 packets", "", "µs a packet", "time against C", "limit"
        )
        for row in commands:
            ratio = 1 / bench.speed_ratio(results, row)
            limit = {"scan (api)": "<= 1.5", "scan (abi)": "<= 2"}.get(row)
            verdict = report.verdict(f"scan of {name}, {row}", ratio, limit) if limit else ""
            report.row(row, f"{bench.per_frame(results, row) * 1e6:.2f}", f"{ratio:.2f}", verdict)


def bench_index(report: Any, bench: Bench, rounds: int) -> None:
    many = tiny_clip(bench, "100000.mkv", 100_000)
    short = tiny_clip(bench, "10000.mkv", 10_000)
    commands = ours("scan", short, label="scan of 10,000")
    commands |= ours("load_index", index_of(many), label="load of 100,000")
    results = bench.measure(commands, rounds)
    report.section("A saved index", "", "ms", "time against the scan", "limit")
    for row in commands:
        base = f"scan of 10,000 ({row[-4:-1]})"
        pairs = zip(results[base], results[row], strict=True)
        ratio = statistics.median(own[1] / other[1] for other, own in pairs)
        own = row.startswith("load")
        verdict = report.verdict(f"index, {row}", ratio, "<= 1") if own else ""
        seconds = statistics.median(seconds for _, seconds, _ in results[row])
        report.row(row, f"{seconds * 1e3:.2f}", f"{ratio:.2f}", verdict)


def bench_random(report: Any, bench: Bench, rounds: int, threads: int) -> None:
    frames = 2 * GROUP
    path = film_clip(bench, GROUP, frames)
    index, wanted = index_of(path), (frames, WANTED, threads)
    commands = ours("video_random", path, index, *wanted, label="video[i]")
    commands |= ours("video_frames", path, index, *wanted, label="video.frames()")
    commands |= bench.others(
        {
            "PyAV (inexact)": case("pyav_random", path, *wanted),
            "OpenCV (inexact)": case("opencv_random", path, *wanted),
        }
    )
    results = bench.measure(commands, rounds)
    title = f"{WANTED} random frames a round of 1080p, groups of {GROUP}, {threads} threads"
    inexact = [name for name in commands if "inexact" in name]
    report.section(
        title, "", "frames/s", *(f"speed against {n.split()[0]}" for n in inexact), "limit"
    )
    for row in commands:
        ratios = [bench.speed_ratio(results, row, name) for name in inexact]
        own = row not in inexact and inexact
        verdict = report.verdict(f"random, {row}", min(ratios), ">= 1") if own else ""
        speed = f"{1 / bench.per_frame(results, row):.1f}"
        report.row(row, speed, *(f"{ratio:.2f}" for ratio in ratios), verdict)
    results = bench.measure(ours("open_video", path), rounds)
    for row, found in results.items():
        milliseconds = statistics.median(seconds for _, seconds, _ in found) * 1e3
        blanks = [""] * (len(inexact) + 1)
        report.row(f"{row}: the scan alone, {milliseconds:.1f} ms", "", *blanks)


def bench_steps(report: Any, bench: Bench, rounds: int, threads: int) -> None:
    path = film_clip(bench, SHORT_GROUP, 5 * SHORT_GROUP)
    index = index_of(path)
    title = f"Backwards in 1080p, groups of {SHORT_GROUP}"
    report.section(title, "", "µs", "against", "ratio", "limit")
    place = (path, index, SHORT_GROUP, 2 * SHORT_GROUP - 1)
    for mode in MODES:
        commands = {name: case(name, *place, mode=mode) for name in ("two_copies", "step_back")}
        results = bench.measure(commands, rounds)
        ratio = 1 / bench.speed_ratio(results, "step_back", "two_copies")
        verdict = report.verdict(f"step back ({mode})", ratio, "<= 1")
        cost = f"{bench.per_frame(results, 'step_back') * 1e6:.0f}"
        report.row(f"one cached step ({mode})", cost, "two copies", f"{ratio:.2f}", verdict)
        commands = {
            name: case(name, path, index, threads, mode=mode) for name in ("forward", "backward")
        }
        results = bench.measure(commands, rounds)
        ratio = bench.speed_ratio(results, "backward", "forward")
        verdict = report.verdict(f"reverse ({mode})", ratio, ">= 0.8")
        cost = f"{bench.per_frame(results, 'backward') * 1e6:.0f}"
        report.row(f"reverse, a frame ({mode})", cost, "speed forward", f"{ratio:.2f}", verdict)


def bench_access(report: Any, bench: Bench, programs: Path, rounds: int, threads: int) -> None:
    bench_scan(report, bench, programs, rounds)
    bench_index(report, bench, rounds)
    bench_random(report, bench, rounds, threads)
    bench_steps(report, bench, rounds, threads)
