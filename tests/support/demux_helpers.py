"""The chunks of a file as plain values: the demuxer's and ffprobe's."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
)

NAME = "h264-bframes.mp4"


def packets(path: Path, stream: str = "v:0") -> list[tuple[bool, int, int]]:
    """Return key flag, timestamp in microseconds and size of each packet, as ffprobe has them."""
    program = shutil.which("ffprobe")
    if program is None:
        pytest.skip("the ffprobe program is not on PATH")
    command = [program, "-loglevel", "error", "-select_streams", stream, "-of", "json"]
    found = json.loads(
        subprocess.run(
            [*command, "-show_packets", "-show_streams", path], capture_output=True, check=True
        ).stdout
    )
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
