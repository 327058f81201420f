"""Packets of video are read several at a time: chunks are those that come one by one, and whoever
reads on otherwise goes on behind the last one that was given.
"""

from __future__ import annotations

import io
import random
import warnings
from collections.abc import Callable
from itertools import islice
from typing import Any

import attack
import pytest
from clips import CLIPS, clip

import ffwebcodecs
from ffwebcodecs import Demuxer, EncodedVideoChunk, VideoFrame, open_handles, read_frames
from ffwebcodecs._av import pump
from ffwebcodecs._av.files.chunk_run import ChunkRun
from ffwebcodecs._av.files.demux import DemuxerCore

NAME = "h264-bframes.mp4"
NAMES = [each.name for each in CLIPS]

pytestmark = pytest.mark.skipif(pump.get() is None, reason="the pump was not built here")
Way = Callable[[Demuxer], list[Any]]


def said_of(chunk: EncodedVideoChunk) -> tuple[Any, ...]:
    return chunk.type, chunk.timestamp, chunk.duration, bytes(chunk.data)


def shown(frame: VideoFrame) -> tuple[Any, ...]:
    with frame:
        return frame.timestamp, frame.duration


def everything(demuxer: Demuxer) -> list[Any]:
    return [said_of(chunk) for chunk in demuxer.chunks()]


def chunks_then_frames(demuxer: Demuxer) -> list[Any]:
    found: list[Any] = [said_of(chunk) for chunk in islice(demuxer.chunks(), 11)]
    found += [shown(frame) for frame in islice(read_frames(demuxer), 5)]
    found += [said_of(chunk) for chunk in islice(demuxer.chunks(), 4)]
    found += [shown(frame) for frame in read_frames(demuxer)]
    return found


def with_seeks(demuxer: Demuxer) -> list[Any]:
    found: list[Any] = []
    for time in (700_000, 0, 400_000):
        found += [said_of(chunk) for chunk in islice(demuxer.chunks(), 9)]
        demuxer.seek(time)
        found += [said_of(chunk) for chunk in islice(demuxer.chunks(all=True), 7)]
    found += [said_of(chunk) for chunk in islice(demuxer.chunks(500_000), 7)]
    return found + everything(demuxer)


def other_streams(demuxer: Demuxer) -> list[Any]:
    found: list[Any] = [said_of(chunk) for chunk in islice(demuxer.chunks(), 10)]
    streams = [each.index for each in demuxer.streams]
    for index, chunk in islice(demuxer.chunks_of(streams), 20):
        found.append((index, chunk.timestamp, bytes(chunk.data)))
    return found + everything(demuxer)


def outcome(way: Way, source: Any) -> tuple[list[Any], list[str]]:
    found: list[Any] = []
    said: list[str] = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            with Demuxer(source) as demuxer:
                found = way(demuxer)
        except (ffwebcodecs.WebCodecsError, OSError) as error:
            said.append(repr(error))
    return found, [*said, *(str(each.message).partition(" is ")[2] for each in told)]


def until_an_error(demuxer: Demuxer) -> list[Any]:
    found: list[Any] = []
    try:
        found.extend(said_of(chunk) for chunk in demuxer.chunks())
    except ffwebcodecs.WebCodecsError as error:
        found.append(repr(error))
    return found


def one_by_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ChunkRun, "fill", lambda _: None)


@pytest.mark.divided
@pytest.mark.parametrize("name", NAMES)
def test_chunks_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    several = outcome(everything, clip(name))
    assert several[0]
    one_by_one(monkeypatch)
    assert several == outcome(everything, clip(name))


@pytest.mark.parametrize("way", [chunks_then_frames, with_seeks])
@pytest.mark.parametrize("name", [NAME, "h264-bframes.ts", "vp9.webm", "h264.avi"])
def test_so_is_what_is_read_on_otherwise(
    name: str, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = clip(name), clip(name).read_bytes()
    several = [outcome(way, source) for source in sources]
    several.append(outcome(way, io.BytesIO(sources[1])))
    one_by_one(monkeypatch)
    assert several == [outcome(way, clip(name))] * 3


def test_so_is_what_other_streams_give(monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip("h264-with-audio.mp4")
    several = outcome(other_streams, path)
    one_by_one(monkeypatch)
    assert several == outcome(other_streams, path)


def test_packets_that_were_read_ahead_go_with_the_demuxer() -> None:
    with Demuxer(clip(NAME)) as demuxer:
        chunks = list(islice(demuxer.chunks(), 12))
        assert open_handles()["packet"] > len(chunks)
    assert open_handles()["packet"] == len(chunks)


def test_an_interrupt_loses_no_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    has_read, count = DemuxerCore.has_read_video, 0

    def interrupted(self: DemuxerCore, *said: Any) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        has_read(self, *said)

    with Demuxer(clip(NAME)) as demuxer:
        whole = everything(demuxer)
    monkeypatch.setattr(DemuxerCore, "has_read_video", interrupted)
    found: list[Any] = []
    with Demuxer(clip(NAME)) as demuxer:
        with pytest.raises(KeyboardInterrupt):
            found.extend(said_of(chunk) for chunk in demuxer.chunks())
        assert found + everything(demuxer) == whole


def test_a_file_that_ends_early_gives_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    data = clip("h264-bframes.mkv").read_bytes()
    cuts = [data[: len(data) * part // 10] for part in (4, 7, 9)]
    several = [outcome(until_an_error, cut) for cut in cuts]
    one_by_one(monkeypatch)
    assert several == [outcome(until_an_error, cut) for cut in cuts]


@pytest.mark.attack
@pytest.mark.parametrize("name", [NAME, "h264-bframes.ts", "vp9.webm", "h264.avi", "av1.ivf"])
def test_so_it_is_with_damage(name: str) -> None:
    dice: random.Random = attack.dice(f"batches of chunks {name}")
    data = clip(name).read_bytes()
    for _ in range(attack.rounds(3, 200)):
        bad = bytearray(data)
        for _ in range(dice.randrange(1, 5)):
            place = dice.randrange(len(bad) // 20, len(bad))
            bad[place : place + dice.choice((1, 8, 300))] = dice.randbytes(dice.choice((1, 8, 300)))
        several = outcome(until_an_error, bytes(bad))
        with pytest.MonkeyPatch.context() as patch:
            one_by_one(patch)
            assert several == outcome(until_an_error, bytes(bad))
