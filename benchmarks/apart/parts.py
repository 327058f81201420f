"""The tables about one conversion in parts: how fast it is, and what it costs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .report import MODES, Report, case, film_1080p, make_clip, measure, per_frame, speed_ratio

WORKERS = 2
PART_SECONDS = 10
SECONDS = 64


def _film() -> Path:
    """Return a minute of 720p with a key frame each two seconds."""
    source = list(film_1080p())
    if "-vf" in source:
        source[source.index("-vf") + 1] = "scale=1280:720,noise=alls=4:allf=t"
    else:
        source[-1] = source[-1].replace("1920x1080", "1280x720")
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
    groups = ["-g", "48", "-t", str(SECONDS)]
    path: Path = make_clip("720p-minute.mp4", *source, "-an", *groups, *encoder)
    return path


def _noise(minutes: int) -> Path:
    """Return minutes of pictures that no encoder makes small."""
    source = ["-f", "lavfi", "-i", "nullsrc=s=160x120:r=5,geq=random(1)*255:128:128"]
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-g", "50"]
    length = ["-t", str(minutes * 60)]
    path: Path = make_clip(f"noise-{minutes}min.mkv", *source, *length, *encoder)
    return path


def psnr(path: Path, reference: Path) -> float:
    """Return what the ffmpeg program says of two films: dB, of all planes and frames."""
    graph = "[0:v]settb=1/1000,setpts=N[a];[1:v]settb=1/1000,setpts=N[b];[a][b]psnr"
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(path), "-i", str(reference)]
    done = subprocess.run(
        [*command, "-lavfi", graph, "-f", "null", "-"], capture_output=True, text=True, check=True
    )
    return float(re.findall(r"average:([0-9.]+)", done.stderr)[-1])


def bench_parts(report: Report, rounds: int) -> None:
    film = _film()
    folder = film.parent
    for codec, suffix in (("h264", "mp4"), ("vp9", "webm")):
        whole = folder / f"parts-serial-{codec}.{suffix}"
        commands = {"one core": case("apart.parts_cases.serial", film, whole, codec)}
        outputs = {mode: folder / f"parts-{mode}-{codec}.{suffix}" for mode in MODES}
        for mode, path in outputs.items():
            arguments = (film, path, codec, WORKERS, PART_SECONDS)
            commands[f"{WORKERS} workers ({mode})"] = case(
                "apart.parts_cases.parts", *arguments, FFWEBCODECS_FFI=mode
            )
        results = measure(commands, rounds)
        title = f"Parts: {SECONDS} s of 720p to {codec}, parts of {PART_SECONDS} s"
        report.section(title, "", "frames/s", "speed against one core", "limit")
        for name in commands:
            ratio = speed_ratio(results, name, "one core")
            verdict = report.verdict(f"{title}, {name}", ratio, ">= 1.7") if "(" in name else ""
            report.row(name, f"{1 / per_frame(results, name):.0f}", f"{ratio:.2f}", verdict)
        size, quality = whole.stat().st_size, psnr(whole, film)
        more = outputs["api"].stat().st_size / size - 1
        less = psnr(outputs["api"], film) - quality
        title += ": what it costs"
        report.section(title, "", "of one piece", "limit")
        limit = report.verdict(f"{title}, size", more * 100, "<= 3")
        report.row("size", f"{more:+.2%}", f"% {limit}")
        limit = report.verdict(f"{title}, PSNR", -less, "<= 0.1")
        report.row(f"PSNR ({quality:.2f} dB)", f"{less:+.3f} dB", f"dB {limit}")
    _bench_memory(report)


def _bench_memory(report: Report) -> None:
    title = "Parts: the most memory of the process that writes the file"
    report.section(title, "", "MiB", "limit")
    peaks: list[float] = []
    for minutes in (2, 10):
        film = _noise(minutes)
        target = film.parent / "parts-memory.mkv"
        arguments = (film, target, "ffv1", WORKERS, PART_SECONDS)
        results = measure({"parent": case("apart.parts_cases.memory", *arguments)}, 1)
        peaks += (each.seconds / 1024 for each in results["parent"])
        verdict = report.verdict(title, peaks[-1] - peaks[0], "<= 8") if len(peaks) > 1 else ""
        written = target.stat().st_size / (1 << 20)
        name = f"{minutes} minutes, {written:.0f} MiB written"
        report.row(name, f"{peaks[-1]:.0f}", f"MiB more: {verdict}" if verdict else "")


def main(rounds: int) -> None:
    bench_parts(Report(), rounds)
