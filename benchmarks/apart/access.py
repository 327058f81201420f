"""The tables about access by number and time."""

from __future__ import annotations

import os
import statistics
import subprocess
from pathlib import Path

from measuring.places import program

from .report import (
    MODES,
    Report,
    case,
    film_1080p,
    make_clip,
    measure,
    others,
    ours,
    per_frame,
    speed_ratio,
)

WANTED = 20  # frames a round; other frames each round
GROUP = 250
SHORT_GROUP = 48  # of 1080p pictures, so many fit a cache of 256 MiB


def index_of(path: Path) -> Path:
    """Return a saved index of a clip."""
    target = path.with_name(path.name + ".index")
    command = case("apart.access_cases.save_index", path, target)
    subprocess.run(command.arguments, check=True, stdout=subprocess.DEVNULL)
    return target


def tiny_clip(name: str, frames: int) -> Path:
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30", "-frames:v", str(frames)]
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p"]
    made: Path = make_clip(f"{frames}.mp4", *source, *encoder)
    return made if name == made.name else make_clip(name, "-i", str(made), "-c", "copy")


def film_clip(group: int, frames: int) -> Path:
    encoder = ["-c:v", "libx264", "-preset", "fast", "-crf", "23", "-pix_fmt", "yuv420p"]
    groups = ["-x264-params", f"keyint={group}:min-keyint={group}:scenecut=0"]
    source = [*film_1080p(), "-an", "-frames:v", str(frames)]
    made: Path = make_clip(f"1080p-group-{group}.mp4", *source, *encoder, *groups)
    return made


def bench_scan(report: Report, rounds: int) -> None:
    for name in ("100000.mp4", "100000.mkv", "100000.ts", "100000.avi"):
        path = tiny_clip(name, 100_000)
        commands = {"C": program("scan", path)}
        commands |= ours("apart.access_cases.scan", path)
        commands |= others({"PyAV": case("apart.access_cases.pyav_scan", path)})
        results = measure(commands, rounds)
        report.section(
            f"Scan {name}: 100,000 packets", "", "µs a packet", "time against C", "limit"
        )
        for row in commands:
            ratio = 1 / speed_ratio(results, row)
            limit = {"scan (api)": "<= 1.5", "scan (abi)": "<= 2"}.get(row)
            verdict = report.verdict(f"scan of {name}, {row}", ratio, limit) if limit else ""
            report.row(row, f"{per_frame(results, row) * 1e6:.2f}", f"{ratio:.2f}", verdict)


def bench_index(report: Report, rounds: int) -> None:
    many = tiny_clip("100000.mkv", 100_000)
    short = tiny_clip("10000.mkv", 10_000)
    commands = ours("apart.access_cases.scan", short, label="scan of 10,000")
    commands |= ours("apart.access_cases.load_index", index_of(many), label="load of 100,000")
    results = measure(commands, rounds)
    report.section("A saved index", "", "ms", "time against the scan", "limit")
    for row in commands:
        base = f"scan of 10,000 ({row[-4:-1]})"
        pairs = zip(results[base], results[row], strict=True)
        ratio = statistics.median(own[1] / other[1] for other, own in pairs)
        own = row.startswith("load")
        verdict = report.verdict(f"index, {row}", ratio, "<= 1") if own else ""
        seconds = statistics.median(each.seconds for each in results[row])
        report.row(row, f"{seconds * 1e3:.2f}", f"{ratio:.2f}", verdict)


def bench_random(report: Report, rounds: int, threads: int) -> None:
    frames = 2 * GROUP
    path = film_clip(GROUP, frames)
    index, wanted = index_of(path), (frames, WANTED, threads)
    commands = ours("apart.access_cases.video_random", path, index, *wanted, label="video[i]")
    commands |= ours(
        "apart.access_cases.video_frames", path, index, *wanted, label="video.frames()"
    )
    commands |= others(
        {
            "PyAV (inexact)": case("apart.access_cases.pyav_random", path, *wanted),
            "OpenCV (inexact)": case("apart.access_cases.opencv_random", path, *wanted),
        }
    )
    results = measure(commands, rounds)
    title = f"{WANTED} random frames a round of 1080p, groups of {GROUP}, {threads} threads"
    inexact = [name for name in commands if "inexact" in name]
    report.section(
        title, "", "frames/s", *(f"speed against {n.split()[0]}" for n in inexact), "limit"
    )
    for row in commands:
        ratios = [speed_ratio(results, row, name) for name in inexact]
        own = row not in inexact and inexact
        verdict = report.verdict(f"random, {row}", min(ratios), ">= 1") if own else ""
        speed = f"{1 / per_frame(results, row):.1f}"
        report.row(row, speed, *(f"{ratio:.2f}" for ratio in ratios), verdict)
    results = measure(ours("apart.access_cases.open_video", path), rounds)
    for row, found in results.items():
        milliseconds = statistics.median(each.seconds for each in found) * 1e3
        blanks = [""] * (len(inexact) + 1)
        report.row(f"{row}: the scan alone, {milliseconds:.1f} ms", "", *blanks)


def bench_steps(report: Report, rounds: int, threads: int) -> None:
    path = film_clip(SHORT_GROUP, 5 * SHORT_GROUP)
    index = index_of(path)
    title = f"Backwards in 1080p, groups of {SHORT_GROUP}"
    report.section(title, "", "µs", "against", "ratio", "limit")
    place = (path, index, SHORT_GROUP, 2 * SHORT_GROUP - 1)
    for mode in MODES:
        commands = {
            name: case(name, *place, FFWEBCODECS_FFI=mode) for name in ("two_copies", "step_back")
        }
        results = measure(commands, rounds)
        ratio = 1 / speed_ratio(results, "step_back", "two_copies")
        verdict = report.verdict(f"step back ({mode})", ratio, "<= 1")
        cost = f"{per_frame(results, 'step_back') * 1e6:.0f}"
        report.row(f"one cached step ({mode})", cost, "two copies", f"{ratio:.2f}", verdict)
        commands = {
            name: case(name, path, index, threads, FFWEBCODECS_FFI=mode)
            for name in ("forward", "backward")
        }
        results = measure(commands, rounds)
        ratio = speed_ratio(results, "backward", "forward")
        verdict = report.verdict(f"reverse ({mode})", ratio, ">= 0.8")
        cost = f"{per_frame(results, 'backward') * 1e6:.0f}"
        report.row(f"reverse, a frame ({mode})", cost, "speed forward", f"{ratio:.2f}", verdict)


def bench_access(report: Report, rounds: int, threads: int) -> None:
    bench_scan(report, rounds)
    bench_index(report, rounds)
    bench_random(report, rounds, threads)
    bench_steps(report, rounds, threads)


def main(rounds: int) -> None:
    bench_access(Report(), rounds, len(os.sched_getaffinity(0)))
