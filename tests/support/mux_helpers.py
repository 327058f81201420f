"""Copying clips into containers, and what ffprobe and the ffmpeg program say of the result."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from clips import framemd5, run_ffprobe, said_of

from ffwebcodecs import Demuxer, Muxer, NotSupportedError
from ffwebcodecs._av.files import containers
from ffwebcodecs._av.files.mux import MuxerCore


class Packet(NamedTuple):
    """A packet as ffprobe prints it; times in microseconds."""

    digest: str
    key: bool
    pts: int | None
    dts: int | None
    duration: int | None


def probe(path: Path, *options: str) -> Any:
    return json.loads(said_of(path, run_ffprobe, *options, path))


def _time(text: str | None) -> int | None:
    return None if text is None else round(Fraction(text) * 1_000_000)


def packets(path: Path, stream: str = "v:0") -> list[Packet]:
    options = ("-select_streams", stream, "-show_packets", "-show_data_hash", "md5")
    return [packet_of(packet) for packet in probe(path, *options)["packets"]]


def all_packets(path: Path) -> dict[str, list[Packet]]:
    """Return the packets of pictures and of sound, by one look of ffprobe's."""
    found: dict[str, list[Packet]] = {"video": [], "audio": []}
    for packet in probe(path, "-show_packets", "-show_data_hash", "md5")["packets"]:
        found[packet["codec_type"]].append(packet_of(packet))
    return found


def packet_of(packet: Any) -> Packet:
    """Return a packet of ffprobe's, which was asked for hashes."""
    return Packet(
        packet["data_hash"],
        packet["flags"].startswith("K"),
        _time(packet.get("pts_time")),
        _time(packet.get("dts_time")),
        _time(packet.get("duration_time")),
    )


def video_stream(path: Path) -> Any:
    return probe(path, "-select_streams", "v:0", "-show_streams")["streams"][0]


def pictures(path: Path) -> list[str]:
    """What the ffmpeg program decodes, in the order of presentation."""
    return [frame.digest for frame in framemd5(path)]


def need_container(suffix: str) -> None:
    """Skip the test where this FFmpeg does not write such files."""
    try:
        containers.find(f"a.{suffix}", None)
    except NotSupportedError as error:
        pytest.skip(str(error))


@functools.cache
def start_step() -> int:
    """Return to how many microseconds MP4 and MOV round the time at which a file starts.

    Edit lists count in ticks of the movie, which are milliseconds where FFmpeg does not let them
    be chosen (until 4.4).
    """
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        core = MuxerCore(file.name, containers.find(file.name, None), "a file")
        chosen = core.has_option("movie_timescale")
        core.close()
    return 1 if chosen else 1000


def mux(destination: Any, config: Any, chunks: Iterable[Any], **options: Any) -> None:
    with Muxer(destination, **options) as muxer:
        for chunk in chunks:
            muxer.add_chunk(chunk, config)


def copy(source: Path, destination: Any, **options: Any) -> None:
    with Demuxer(source) as demuxer:
        mux(destination, demuxer.video_config, demuxer.chunks(), **options)
