"""The chunks of a file as plain values: the demuxer's and ffprobe's."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from clips import run_ffprobe, said_of

from ffwebcodecs import Demuxer, EncodedVideoChunk

NAME = "h264-bframes.mp4"


def packets(path: Path, stream: str = "v:0") -> list[tuple[bool, int, int]]:
    """Return key flag, timestamp in microseconds and size of each packet, as ffprobe has them."""
    options = ("-select_streams", stream, "-show_packets", "-show_streams")
    found = json.loads(said_of(path, run_ffprobe, *options, path))
    base = Fraction(found["streams"][0]["time_base"]) * 1_000_000
    return [("K" in p["flags"], rounded(p["pts"] * base), int(p["size"])) for p in found["packets"]]


def rounded(exact: Fraction) -> int:
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def described(chunk: EncodedVideoChunk) -> tuple[bool, int, int]:
    return chunk.type == "key", chunk.timestamp, chunk.byte_length


def chunks(source: Any) -> list[tuple[bool, int, int]]:
    with Demuxer(source) as demuxer:
        return list(map(described, demuxer.chunks()))
