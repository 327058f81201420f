"""Files written as they are made, and the segments that were given on the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import sound_clips
from clips import clip

from ffwebcodecs import Demuxer, EncodedAudioChunk, Muxer, SegmentInfo

FILM = "h264-bframes.mp4"
"""Three groups of 15 pictures of 40 ms each, with B-frames."""


class Given(NamedTuple):
    """What somebody's file object got, and `on_segment`."""

    parts: list[bytes]
    segments: list[tuple[bytes, SegmentInfo]]

    @property
    def data(self) -> bytes:
        return b"".join(self.parts)

    @property
    def infos(self) -> list[SegmentInfo]:
        return [info for _, info in self.segments]


class Sink:
    """A file object that can do nothing but write, and keeps what it is given."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        assert type(data) is bytes
        self.parts.append(data)
        return len(data)


def film(name: str = FILM) -> tuple[Any, list[Any]]:
    """Return the configuration and chunks of a clip's video."""
    with Demuxer(clip(name)) as demuxer:
        return demuxer.video_config, list(demuxer.chunks())


def song(name: str) -> tuple[Any, list[Any]]:
    """Return the configuration and chunks of a clip's sound."""
    with Demuxer(sound_clips.sound(name)) as demuxer:
        return demuxer.audio_config, list(demuxer.audio_chunks())


def both(picture: str = FILM, sound: str = "aac.m4a") -> list[tuple[Any, Any]]:
    """Return chunks of both with their configurations, as a file has them; the sound is longer."""
    video, pictures = film(picture)
    audio, packets = song(sound)
    mixed = [*((chunk, video) for chunk in pictures), *((chunk, audio) for chunk in packets)]
    decoded = {id(chunk): 40_000 * i for i, chunk in enumerate(pictures)}
    return sorted(mixed, key=lambda each: decoded.get(id(each[0]), each[0].timestamp))


def live(chunks: Iterable[tuple[Any, Any]], format: str, **options: Any) -> Given:
    """Write chunks with their configurations, and return what was given away."""
    sink, segments = Sink(), []
    chunks = list(chunks)
    kinds = {"audio" if isinstance(chunk, EncodedAudioChunk) else "video" for chunk, _ in chunks}
    options = {"tracks": sorted(kinds, reverse=True), **options}

    def keep(data: bytes, info: SegmentInfo) -> None:
        assert type(data) is bytes
        segments.append((data, info))

    with Muxer(sink, format=format, fragmented=True, on_segment=keep, **options) as muxer:
        for chunk, config in chunks:
            muxer.add_chunk(chunk, config)
    return Given(sink.parts, segments)


def whole(chunks: Iterable[tuple[Any, Any]], path: Path, **options: Any) -> Path:
    """Write the same at once."""
    with Muxer(path, **options) as muxer:
        for chunk, config in chunks:
            muxer.add_chunk(chunk, config)
    return path


def boxes(data: bytes) -> list[tuple[str, bytes]]:
    """The boxes of MP4 side by side, by ISO/IEC 14496-12: their types, and what is in them."""
    found, place = [], 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        found.append(
            (data[place + 4 : place + 8].decode("latin-1"), data[place + 8 : place + size])
        )
        place += size
    assert place == len(data)
    return found


def decode_time(fragment: bytes, track: int = 1) -> int:
    """The baseMediaDecodeTime of a track in a fragment."""
    moof = dict(boxes(fragment))["moof"]
    for kind, content in boxes(moof):
        if kind == "traf":
            inside = dict(boxes(content))
            if int.from_bytes(inside["tfhd"][4:8], "big") == track:
                wide = inside["tfdt"][0]
                return int.from_bytes(inside["tfdt"][4 : 12 if wide else 8], "big")
    raise AssertionError(f"no track {track}")
