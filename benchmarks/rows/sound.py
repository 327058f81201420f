"""Rows: sound decoded, as one array, and its samples converted."""

from __future__ import annotations

from pathlib import Path

from cases.sound import BLOCK
from measuring.clips import make_clip
from measuring.places import Command, case, ours, program
from measuring.ratios import Limit

from .decoding import QUEUE, own
from .table import Line, Row

RATE, MINUTES = 48000, 5
SOURCE = ["-f", "lavfi", "-i", f"anoisesrc=color=pink:amplitude=0.4:sample_rate={RATE}:seed=1"]
STEREO = ["-af", "aphaser,aformat=channel_layouts=stereo", "-t", "60"]
ENCODERS = {
    "AAC": ("m4a", ["-c:a", "aac", "-b:a", "128k"]),
    "Opus": ("ogg", ["-c:a", "libopus", "-b:a", "96k"]),
    "FLAC": ("flac", ["-c:a", "flac"]),
}
PACKET = {"AAC": 1024, "Opus": 960, "FLAC": 4608}
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


def clip(codec: str, minutes: int) -> Path:
    ending, encoder = ENCODERS[codec]
    minute = make_clip(f"minute.{ending}", *SOURCE, *STEREO, *encoder)
    loop = ["-stream_loop", str(minutes - 1), "-i", str(minute)]
    again = encoder if codec == "FLAC" else ["-c", "copy"]  # its frames are numbered
    return make_clip(f"{minutes}-minutes.{ending}", *loop, *again)


def _decoding(codec: str) -> dict[str, Command | None]:
    path = clip(codec, MINUTES)
    return {
        "C": program("decode_sound", path),
        "PyAV": case("cases.sound.pyav_decode", path),
        **own("AudioDecoder", "cases.sound.audio_decoder", path, ways="API ABI beside plain"),
        **own("bounded", "cases.sound.audio_decoder", path, QUEUE),
        **own("read", "cases.sound.read_audio_data", path, ways="API ABI beside plain"),
    }


def _array() -> dict[str, Command | None]:
    path = clip("AAC", 10)
    return {
        "C": program("decode_sound", path, "collect"),
        "PyAV": case("cases.sound.pyav_read", path),
        **own("read_audio", "cases.sound.read_audio", path, ways="API ABI beside"),
    }


def _converting(source: tuple[str, str], target: tuple[str, str]) -> dict[str, Command | None]:
    what = source[1], target[1], 300
    return {
        "C": program("convert_sound", source[0], target[0], BLOCK, 300),
        "copy_to API": ours("API", "cases.sound.copy_to", *what),
        "copy_to ABI": ours("ABI", "cases.sound.copy_to", *what),
    }


def _decode_row(codec: str) -> Row:
    limits = Limit("API", "C", 1.05), Limit("beside", "PyAV", 1)
    lines = (
        Line(f"{codec}: AudioDecoder", "AudioDecoder", limits),
        Line(f"{codec}: read_audio_data", "read", limits),
    )
    # "Frames" are samples: the time shown is that of a packet.
    return Row(
        f"sound {codec}", lambda: _decoding(codec), lines, unit=1e-6 / PACKET[codec], called="µs"
    )


def _convert_row(source: tuple[str, str], target: tuple[str, str]) -> Row:
    title = f"{source[1]} to {target[1]}"
    line = Line(f"{BLOCK:,} samples of stereo, {title}", "copy_to", (Limit("API", "C", 1.11),))
    return Row(
        f"sound copy_to {title}",
        lambda: _converting(source, target),
        (line,),
        unit=1e-6,
        called="µs",
    )


ROWS = (
    *(_decode_row(codec) for codec in ENCODERS),
    Row(
        "sound array",
        _array,
        (
            Line(
                "10 minutes of AAC as one array",
                "read_audio",
                (Limit("API", "C", 1), Limit("beside", "PyAV", 1)),
            ),
        ),
        unit=1 / (600 * RATE),
        called="s",
    ),
    *(_convert_row(*pair) for pair in CONVERSIONS),
)
