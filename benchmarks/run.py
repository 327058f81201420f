"""Measure against C, PyAV and OpenCV, and rewrite the tables of docs/benchmarks.md.

Every row is one run: C, ours in API mode, ours in ABI mode and the others take turns, each in a
fresh process, several rounds; the figures are medians. Ratios are taken within a round, so that
other load on the machine falls on both sides alike.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import access
import parts
import shared
import sound
import streams
import travel

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("FFWEBCODECS_CACHE", ROOT / ".cache"))
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
MODES = ("api", "abi")
SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}

Command = tuple[list[str], dict[str, str]]
Rounds = dict[str, list[tuple[int, float, float]]]


def case(name: str, *arguments: object, mode: str | None = None) -> Command:
    command = [sys.executable, str(ROOT / "benchmarks" / "cases.py"), name, *map(str, arguments)]
    return command, {"FFWEBCODECS_FFI": mode} if mode else {}


def measure(commands: dict[str, Command], rounds: int) -> Rounds:
    """Run all commands in turn, `rounds` times; the order turns too."""
    results: Rounds = {name: [] for name in commands}
    names = list(commands)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            command, environment = commands[name]
            environment = {"FFWEBCODECS_BENCH_ROUND": str(turn), **environment}
            done = subprocess.run(
                command, capture_output=True, text=True, env={**os.environ, **environment}
            )
            if done.returncode:
                raise SystemExit(f"{name} failed: {' '.join(command)}\n{done.stderr}")
            result = json.loads(done.stdout.splitlines()[-1])
            results[name].append((result["frames"], result["seconds"], result["cpu"]))
    return results


def per_frame(results: Rounds, name: str) -> float:
    """Return the median seconds per frame."""
    return statistics.median(seconds / frames for frames, seconds, _ in results[name])


def speed_ratio(results: Rounds, name: str, base: str = "C") -> float:
    """Return how fast `name` is against C in the same round: 1 is as fast, 2 twice as fast."""
    pairs = zip(results[base], results[name], strict=True)
    return statistics.median((c[1] / c[0]) / (own[1] / own[0]) for c, own in pairs)


def cpu_ratio(results: Rounds, name: str, base: str = "C") -> float:
    """Return the CPU time of `name` against C's in the same round; other load moves it less."""
    pairs = zip(results[base], results[name], strict=True)
    return statistics.median((own[2] / own[0]) / (c[2] / c[0]) for c, own in pairs)


def extra_microseconds(results: Rounds, name: str) -> float:
    """Return the median of what `name` needs per frame beyond C in the same round."""
    pairs = zip(results["C"], results[name], strict=True)
    return statistics.median(own[1] / own[0] - c[1] / c[0] for c, own in pairs) * 1e6


def others(commands: dict[str, Command]) -> dict[str, Command]:
    """Keep the commands of those libraries that are installed."""
    module = {"PyAV": "av", "OpenCV": "cv2"}
    return {
        name: command
        for name, command in commands.items()
        if importlib.util.find_spec(module[name.split()[0]])
    }


def ours(name: str, *arguments: object, label: str = "") -> dict[str, Command]:
    return {f"{label or name} ({m})": case(name, *arguments, mode=m) for m in MODES}


# The clips


def make_clip(name: str, *arguments: str) -> Path:
    path = CACHE / "bench" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"making-{name}")
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *arguments, str(made)]
        subprocess.run(command, check=True)
        made.rename(path)
    return path


def film_1080p() -> list[str]:
    """Return an endless source: real footage, enlarged and looped, where it could be fetched."""
    real = CACHE / "media" / "bigbuckbunny.mp4"
    # Enlarged film alone is too smooth: a little noise brings the bit rate of a real camera.
    detail = "scale=1920:1080,noise=alls=4:allf=t"
    if real.exists():
        return ["-stream_loop", "-1", "-i", str(real), "-vf", detail]
    return ["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30,noise=alls=8:allf=t"]


def clip_1080p() -> Path:
    """300 frames of H.264."""
    encoder = ["-c:v", "libx264", "-preset", "fast", "-crf", "23", "-pix_fmt", "yuv420p"]
    return make_clip("1080p.mp4", *film_1080p(), "-an", "-frames:v", "300", *encoder)


def clip_tiny() -> Path:
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30", "-frames:v", "5000"]
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    return make_clip("64x64.mp4", *source, *encoder)


def clip_single(size: str) -> Path:
    source = ["-f", "lavfi", "-i", f"testsrc2=size={size}", "-frames:v", "1"]
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    return make_clip(f"single-{size}.mp4", *source, *encoder)


# The tables


class Report:
    """Collects the lines of the page and the limits that were missed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.missed: list[str] = []

    def section(self, title: str, *columns: str) -> None:
        self.lines += ["", f"### {title}", "", "| " + " | ".join(columns) + " |"]
        self.lines.append("|---" * len(columns) + "|")
        print(f"\n{title}", flush=True)

    def row(self, *cells: str) -> None:
        self.lines.append("| " + " | ".join(cells) + " |")
        print("  " + "   ".join(cells), flush=True)

    def verdict(self, what: str, value: float, limit: str) -> str:
        sign, bound = limit.split()
        met = value >= float(bound) if sign == ">=" else value <= float(bound)
        if not met:
            self.missed.append(f"{what}: {value:.2f}, wanted {limit}")
        return f"{limit}: {'met' if met else '**missed**'}"


def bench_decode(report: Report, programs: Path, rounds: int, threads: int) -> None:
    for title, suffix, flag, limit in (
        ("Decode 1080p H.264, frames kept native", "", [], ">= 0.95"),
        ("Decode 1080p H.264 and convert to RGBA (OpenCV: to BGR)", "_rgba", ["rgba"], ""),
    ):
        path = clip_1080p()
        commands = {"C": ([str(programs / "decode"), str(path), str(threads), *flag], {})}
        commands |= ours(f"read_frames{suffix}", path, threads, label="read_frames")
        if not suffix:
            commands |= ours("video_decoder", path, threads, label="VideoDecoder")
        commands |= others(
            {
                "PyAV": case(f"pyav_decode{suffix}", path, threads),
                "OpenCV": case(f"opencv_decode{suffix}", path, threads),
            }
        )
        results = measure(commands, rounds)
        columns = ("frames/s", "speed against C", "CPU against C", "limit")
        report.section(f"{title}, {threads} threads", "", *columns)
        for name in commands:
            ratio = speed_ratio(results, name)
            verdict = (
                report.verdict(f"decode, {name}", ratio, limit) if limit and "(" in name else ""
            )
            speed, cpu = 1 / per_frame(results, name), cpu_ratio(results, name)
            report.row(name, f"{speed:.0f}", f"{ratio:.2f}", f"{cpu:.2f}", verdict)


def bench_overhead(report: Report, programs: Path, rounds: int) -> None:
    path = clip_tiny()
    commands = {"C": ([str(programs / "decode"), str(path), "1"], {})}
    commands |= ours("read_frames", path, 1)
    commands |= ours("video_decoder", path, 1, label="VideoDecoder")
    commands |= others(
        {"PyAV": case("pyav_decode", path, 1), "OpenCV": case("opencv_decode", path, 1)}
    )
    results = measure(commands, rounds)
    title = "Cost per frame: 64x64 H.264, 5,000 frames, 1 thread"
    report.section(title, "", "µs a frame", "µs over C", "limit")
    for name in commands:
        extra = extra_microseconds(results, name)
        limit = {"read_frames": "<= 15", "VideoDecoder": "<= 40"}.get(name.split()[0], "")
        verdict = report.verdict(f"overhead, {name}", extra, limit) if limit else ""
        report.row(name, f"{per_frame(results, name) * 1e6:.1f}", f"{extra:.1f}", verdict)


def bench_convert(report: Report, programs: Path, rounds: int) -> None:
    for size, (width, height) in SIZES.items():
        repeats = 300 if size == "1080p" else 80
        arguments = (width, height, repeats)
        commands = {"C": ([str(programs / "scale"), *map(str, arguments)], {})}
        commands |= ours("copy_to", *arguments)
        commands |= others(
            {
                "PyAV (allocates)": case("pyav_convert", *arguments),
                "OpenCV": case("opencv_convert", *arguments),
            }
        )
        results = measure(commands, rounds)
        title = f"I420 to RGBA, {size}, into a reused buffer"
        report.section(title, "", "ms", "speed against C", "limit")
        for name in commands:
            ratio = speed_ratio(results, name)
            own = name.startswith("copy_to")
            verdict = report.verdict(f"{title}, {name}", ratio, ">= 0.9") if own else ""
            report.row(name, f"{per_frame(results, name) * 1e3:.2f}", f"{ratio:.2f}", verdict)


def bench_transcode(report: Report, rounds: int, threads: int) -> None:
    path = clip_1080p()
    base = "ffmpeg program"
    for kind, title in (
        ("h264", "Transcode 1080p H.264 to H.264 (libx264 veryfast)"),
        ("mjpeg", "Transcode 1080p H.264 through RGBA to MJPEG"),
    ):
        commands = {base: case("ffmpeg_transcode", path, kind, threads)}
        commands |= ours("transcode", path, kind, threads)
        commands |= others({"PyAV": case("pyav_transcode", path, kind, threads)})
        results = measure(commands, rounds)
        columns = ("frames/s", f"speed against the {base}", "CPU against it", "limit")
        report.section(f"{title}, {threads} threads each", "", *columns)
        for name in commands:
            ratio = speed_ratio(results, name, base)
            own = name.startswith("transcode")
            verdict = report.verdict(f"{title}, {name}", ratio, ">= 0.95") if own else ""
            speed, cpu = 1 / per_frame(results, name), cpu_ratio(results, name, base)
            report.row(name, f"{speed:.0f}", f"{ratio:.2f}", f"{cpu:.2f}", verdict)


def bench_create(report: Report, rounds: int) -> None:
    report.section("Make and close a VideoFrame", "", "µs at 64x64", "µs at 4K", "limit")
    clips = {"64x64": (clip_single("64x64"),), "4K": (clip_single("3840x2160"),)}
    sizes = {"64x64": (64, 64), "4K": (3840, 2160)}
    for name, title, arguments in (
        ("create_decoded", "VideoFrame of a decoded AVFrame", clips),
        ("create_clone", "clone() of a decoded frame", clips),
        ("create_transfer", "VideoFrame(..., transfer=True)", sizes),
    ):
        for mode in MODES:
            commands = {
                size: case(name, *what, 20000, mode=mode) for size, what in arguments.items()
            }
            results = measure(commands, rounds)
            small, large = (per_frame(results, size) * 1e6 for size in commands)
            verdict = report.verdict(f"{title} ({mode})", max(small, large), "<= 10")
            report.row(f"{title} ({mode})", f"{small:.1f}", f"{large:.1f}", verdict)


def bench_pickles(report: Report, rounds: int) -> None:
    report.section("Pickle a frame and make it again", "", "µs at 1080p", "limit")
    for way, times, limit in (("beside", 2000, "<= 300"), ("in band", 200, "")):
        title = f"protocol 5, memory {'beside the pickle' if limit else way}"
        for mode in MODES:
            commands = {way: case("pickled", 1920, 1080, way, times, mode=mode)}
            taken = per_frame(measure(commands, rounds), way) * 1e6
            verdict = report.verdict(f"{title} ({mode})", taken, limit) if limit else ""
            report.row(f"{title} ({mode})", f"{taken:.0f}", verdict)


def bench_import(report: Report, rounds: int) -> None:
    commands = ours("import_time", "ffwebcodecs", label="import ffwebcodecs")
    commands |= ours("import_and_load", "ffwebcodecs", label="import and load FFmpeg")
    commands |= {"import numpy": case("import_time", "numpy")}
    commands |= others({"PyAV": case("import_time", "av"), "OpenCV": case("import_time", "cv2")})
    results = measure(commands, rounds * 2)
    report.section("Import", "", "ms", "modules", "limit")
    for name in commands:
        milliseconds = statistics.median(seconds for _, seconds, _ in results[name]) * 1e3
        modules = results[name][0][0]
        verdict = report.verdict(name, milliseconds, "<= 60") if "(" in name else ""
        report.row(name, f"{milliseconds:.1f}", str(modules), verdict)


def machine() -> str:
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    # Other programs' load blurs every figure, so the page says how much of it there was.
    load = f"load {os.getloadavg()[0]:.1f} at the start"
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {load}, {platform.system()}"


def versions() -> str:
    from importlib.metadata import PackageNotFoundError, version

    import ffwebcodecs

    parts = [f"FFmpeg {ffwebcodecs.ffmpeg_info().release}", f"Python {platform.python_version()}"]
    for name, package in (("PyAV", "av"), ("OpenCV", "opencv-python-headless")):
        try:
            parts.append(f"{name} {version(package)} (with its own FFmpeg)")
        except PackageNotFoundError:
            parts.append(f"{name} not installed")
    return ", ".join(parts)


BENCHES = (
    *("decode", "overhead", "convert", "transcode", "create", "pickles", "import"),
    *("access", "shared", "sound", "streams", "travel", "parts"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="folder of the C programs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=BENCHES)
    options = parser.parse_args()

    report, programs = Report(), options.programs
    lent = access.Bench(measure, make_clip, film_1080p, others, speed_ratio, cpu_ratio, per_frame)
    threads = len(os.sched_getaffinity(0))
    today = datetime.date.today().isoformat()
    report.lines += [f"{machine()}; {versions()}; {today}; `make bench`, {options.rounds} rounds."]
    benches = {
        "decode": lambda: bench_decode(report, options.programs, options.rounds, threads),
        "overhead": lambda: bench_overhead(report, options.programs, options.rounds),
        "convert": lambda: bench_convert(report, options.programs, options.rounds),
        "transcode": lambda: bench_transcode(report, options.rounds, threads),
        "create": lambda: bench_create(report, options.rounds),
        "pickles": lambda: bench_pickles(report, options.rounds),
        "import": lambda: bench_import(report, options.rounds),
        "access": lambda: access.bench_access(report, lent, programs, options.rounds, threads),
        "shared": lambda: shared.bench_shared(report, lent, options.rounds),
        "sound": lambda: sound.bench_sound(report, lent, programs, options.rounds),
        "streams": lambda: streams.bench_streams(report, lent, options.rounds),
        "travel": lambda: travel.bench_travel(report, lent, options.rounds, report.lines[0]),
        "parts": lambda: parts.bench_parts(report, lent, options.rounds),
    }
    for name, bench in benches.items():
        if options.only in (None, name):
            bench()
    if options.only is None:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        text = "\n".join([before + BEGIN, *report.lines, END + after])
        PAGE.write_text(text, encoding="utf-8")
        print(f"\nWritten: {PAGE.relative_to(ROOT)}")
    print("\nMissed: " + "; ".join(report.missed) if report.missed else "\nAll limits met.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
