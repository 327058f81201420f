"""The tables about sound."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from access import MODES, Bench
from sound_cases import BLOCK

HERE = Path(__file__).resolve().parent
RATE = 48000
MINUTES = 10
SOURCE = ["-f", "lavfi", "-i", f"anoisesrc=color=pink:amplitude=0.4:sample_rate={RATE}:seed=1"]
STEREO = ["-af", "aphaser,aformat=channel_layouts=stereo", "-t", "60"]
ENCODERS = {
    "AAC": ("m4a", ["-c:a", "aac", "-b:a", "128k"]),
    "Opus": ("ogg", ["-c:a", "libopus", "-b:a", "96k"]),
    "FLAC": ("flac", ["-c:a", "flac"]),
}
# FFmpeg's names of the formats, and WebCodecs' own
CONVERSIONS = (
    (("s16", "s16"), ("flt", "f32")),
    (("flt", "f32"), ("s16", "s16")),
    (("s32", "s32"), ("flt", "f32")),
    (("fltp", "f32-planar"), ("flt", "f32")),
    (("flt", "f32"), ("fltp", "f32-planar")),
    (("s16", "s16"), ("fltp", "f32-planar")),
    (("flt", "f32"), ("flt", "f32")),
)


def case(name: str, *arguments: object, **environment: str) -> Any:
    command = [sys.executable, str(HERE / "sound_cases.py"), name, *map(str, arguments)]
    return command, environment


def ours(name: str, *arguments: object, label: str = "") -> dict[str, Any]:
    return {
        f"{label or name} ({mode})": case(name, *arguments, FFWEBCODECS_FFI=mode) for mode in MODES
    }


def beside_pyav(name: str, *arguments: object, label: str) -> dict[str, Any]:
    """Return our command with the libraries that PyAV brings, and PyAV's own name for it."""
    found = importlib.util.find_spec("av")
    if found is None or found.origin is None:
        return {}
    folder = Path(found.origin).parents[1] / "av.libs"
    if not folder.is_dir():
        return {}
    environment = {"FFWEBCODECS_FFI": "abi", "FFWEBCODECS_LIBRARY_PATH": str(folder)}
    return {f"{label} (abi), PyAV's libraries": case(name, *arguments, **environment)}


def clip(bench: Bench, codec: str, minutes: int) -> Path:
    ending, encoder = ENCODERS[codec]
    minute = bench.make_clip(f"minute.{ending}", *SOURCE, *STEREO, *encoder)
    loop = ["-stream_loop", str(minutes - 1), "-i", str(minute)]
    again = encoder if codec == "FLAC" else ["-c", "copy"]  # its frames are numbered
    made: Path = bench.make_clip(f"{minutes}-minutes.{ending}", *loop, *again)
    return made


def bench_decode(report: Any, bench: Bench, programs: Path, rounds: int) -> None:
    for codec in ENCODERS:
        path = clip(bench, codec, MINUTES)
        commands = {"C": ([str(programs / "decode_sound"), str(path)], {})}
        commands |= ours("audio_decoder", path, label="AudioDecoder")
        commands |= ours("read_audio_data", path)
        commands |= bench.others({"PyAV": case("pyav_decode", path)})
        for name, label in (("audio_decoder", "AudioDecoder"), ("read_audio_data", "")):
            commands |= beside_pyav(name, path, label=label or name)
        results = bench.measure(commands, rounds)
        report.section(
            f"Decode {codec}, stereo at 48 kHz, {MINUTES} minutes", "", "times real time", *RATIOS
        )
        for name in commands:
            speed = 1 / bench.per_frame(results, name) / RATE
            ratios = _ratios(report, bench, results, name, f"decode {codec}", ">= 0.95")
            report.row(name, f"{speed:.0f}", *ratios)


RATIOS = ("speed against C", "CPU against C", "speed against PyAV", "limit")


def _ratios(
    report: Any, bench: Bench, results: Any, name: str, what: str, limit: str
) -> tuple[str, str, str, str]:
    """Return the columns of RATIOS; with PyAV's libraries it is PyAV that is to be reached."""
    against_c = bench.speed_ratio(results, name)
    against_pyav = bench.speed_ratio(results, name, "PyAV") if "PyAV" in results else 0.0
    cpu, verdict = bench.cpu_ratio(results, name), ""
    if name.endswith("libraries"):
        verdict = report.verdict(f"{what}, {name}", against_pyav, ">= 1")
    elif "(" in name:
        verdict = report.verdict(f"{what}, {name}", against_c, limit)
    shown = f"{against_pyav:.2f}" if against_pyav else ""
    return f"{against_c:.2f}", f"{cpu:.2f}", shown, verdict


def bench_read(report: Any, bench: Bench, programs: Path, rounds: int) -> None:
    path = clip(bench, "AAC", 60)
    commands = {"C": ([str(programs / "decode_sound"), str(path), "collect"], {})}
    commands |= ours("read_audio", path)
    commands |= bench.others({"PyAV": case("pyav_read", path)})
    commands |= beside_pyav("read_audio", path, label="read_audio")
    results = bench.measure(commands, rounds)
    report.section("An hour of AAC as one array of float32", "", "s", *RATIOS)
    for name in commands:
        seconds = bench.per_frame(results, name) * 60 * 60 * RATE
        ratios = _ratios(report, bench, results, name, "read_audio", ">= 1")
        report.row(name, f"{seconds:.2f}", *ratios)


def bench_convert(report: Any, bench: Bench, programs: Path, rounds: int) -> None:
    title = f"AudioData.copy_to of {BLOCK:,} samples of stereo, into a reused buffer"
    report.section(title, "", "µs", "C", "libswresample", "speed against C", "limit")
    for source, target in CONVERSIONS:
        repeats = 2000
        program = [str(programs / "convert_sound"), source[0], target[0], str(BLOCK), str(repeats)]
        commands = {"C": (program, {}), "libswresample": ([*program, "swr"], {})}
        commands |= ours("copy_to", source[1], target[1], repeats)
        results = bench.measure(commands, rounds)
        cost = {name: f"{bench.per_frame(results, name) * 1e6:.0f}" for name in commands}
        for name in list(commands)[2:]:
            what = f"{source[1]} to {target[1]} ({name[-4:-1]})"
            ratio = bench.speed_ratio(results, name)
            # ABI mode has numpy, which is no worse than itself.
            verdict = report.verdict(what, ratio, ">= 0.9") if name.endswith("(api)") else ""
            row = cost[name], cost["C"], cost["libswresample"], f"{ratio:.2f}", verdict
            report.row(what, *row)


def bench_sound(report: Any, bench: Bench, programs: Path, rounds: int) -> None:
    bench_decode(report, bench, programs, rounds)
    bench_read(report, bench, programs, rounds)
    bench_convert(report, bench, programs, rounds)
