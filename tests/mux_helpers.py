"""Copying clips into containers, and what ffprobe and the ffmpeg program say of the result."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from clips import framemd5

from ffwebcodecs import Demuxer, Muxer


class Packet(NamedTuple):
    """A packet as ffprobe prints it; times in microseconds."""

    digest: str
    key: bool
    pts: int | None
    dts: int | None
    duration: int | None


def probe(path: Path, *options: str) -> Any:
    program = shutil.which("ffprobe")
    if program is None:
        pytest.skip("the ffprobe program is not on PATH")
    command = [program, "-loglevel", "error", "-of", "json", *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stderr
    return json.loads(done.stdout)


def _time(text: str | None) -> int | None:
    return None if text is None else round(Fraction(text) * 1_000_000)


def packets(path: Path, stream: str = "v:0") -> list[Packet]:
    options = ("-select_streams", stream, "-show_packets", "-show_data_hash", "md5")
    return [
        Packet(
            packet["data_hash"],
            packet["flags"].startswith("K"),
            _time(packet.get("pts_time")),
            _time(packet.get("dts_time")),
            _time(packet.get("duration_time")),
        )
        for packet in probe(path, *options)["packets"]
    ]


def video_stream(path: Path) -> Any:
    return probe(path, "-select_streams", "v:0", "-show_streams")["streams"][0]


def pictures(path: Path) -> list[str]:
    """What the ffmpeg program decodes, in the order of presentation."""
    return [frame.digest for frame in framemd5(path)]


def mux(destination: Any, config: Any, chunks: Iterable[Any], **options: Any) -> None:
    with Muxer(destination, **options) as muxer:
        for chunk in chunks:
            muxer.add_chunk(chunk, config)


def copy(source: Path, destination: Any, **options: Any) -> None:
    with Demuxer(source) as demuxer:
        mux(destination, demuxer.video_config, demuxer.chunks(), **options)
