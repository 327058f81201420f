"""Which frames come out of a VideoDecoder, when, and what each of them says."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import interpreters
import pytest
from clips import X264, Clip
from decode_helpers import (
    DIRECT,
    TIMEOUT,
    Sink,
    decode_all,
    feed,
    first_frame,
    stream,
    stream_of,
    tiny,
)

import ffwebcodecs
from ffwebcodecs import (
    Rect,
    VideoDecoder,
    VideoFrame,
)

# ---- latency -------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", DIRECT)
def test_low_latency_gives_each_frame_before_the_next_chunk(codec: str) -> None:
    data, arrived = stream_of(DIRECT[codec].path()), threading.Semaphore(0)
    sink = Sink(lambda frame: arrived.release())
    with sink.decoder() as decoder:
        decoder.configure(replace(data.config, optimize_for_latency=True))
        for record in data.records:
            decoder.decode(record.chunk())
            assert arrived.acquire(timeout=TIMEOUT), f"no frame for {record.timestamp} us"
    assert sink.frames == [record.timestamp for record in data.records]


@pytest.mark.parametrize("name", ["h264-bframes.mp4", "h264-bframes.ts", "hevc-bframes.mp4"])
def test_low_latency_loses_and_swaps_no_frame_of_a_stream_with_b_frames(name: str) -> None:
    data = stream(name)
    config = replace(data.config, optimize_for_latency=True)
    assert decode_all(config, data.records) == data.times()


# ---- what a frame is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first", [-1_000_000, -(2**62), 2**62, -(2**63), 2**63 - 45 * 33_333], ids=str
)
@pytest.mark.parametrize("name", ["vp8.webm", "h264-bframes.mp4", "h264-bframes.ts", "av1.mp4"])
@pytest.mark.parametrize("threads", [1, 4])
def test_timestamps_are_the_chunks_own(name: str, first: int, threads: int) -> None:
    data = stream(name)
    start = data.times()[0]
    moved = [r._replace(timestamp=r.timestamp - start + first) for r in data.records]
    expected = sorted(record.timestamp for record in moved)
    assert decode_all(replace(data.config, threads=threads), moved) == expected


@pytest.mark.parametrize("name", ["vp8", "h264", "av1"])
@pytest.mark.parametrize("threads", [1, 4])
def test_the_time_that_ffmpeg_takes_for_none_comes_back_among_others(
    name: str, threads: int
) -> None:
    data = stream_of(DIRECT[name].path())
    times = [5, -(2**63), 2**63 - 1, -(2**63), 0, 7, -(2**63), -(2**63) + 1]
    moved = [r._replace(timestamp=t) for r, t in zip(data.records, times, strict=False)]
    assert decode_all(replace(data.config, threads=threads), moved) == times


@pytest.mark.parametrize("name", ["vp8.webm", "h264-bframes.mp4", "av1.mp4"])
@pytest.mark.parametrize("duration", [None, 1, 12_345, 2**62])
def test_duration_is_the_chunks_own(name: str, duration: int | None) -> None:
    data, found = stream(name), []
    sink = Sink(lambda frame: found.append(frame.duration))
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        feed(decoder, [record._replace(duration=duration) for record in data.records])
        decoder.flush().result(TIMEOUT)
    assert found == [duration] * len(data.records)


def test_coded_size_of_1080p_h264_has_whole_macroblocks() -> None:
    data = stream_of(Clip("h264-1080p.mp4", "libx264", *X264, size="1920x1080", frames=2).path())

    def look(frame: VideoFrame) -> Any:
        display = frame.display_width, frame.display_height
        return (frame.coded_width, frame.coded_height), frame.visible_rect, display

    coded, visible, display = first_frame(data.config, data.records, look)
    assert coded == (1920, 1088)
    assert visible == Rect(0, 0, 1920, 1080)
    assert display == (1920, 1080)


@pytest.mark.parametrize(
    ("aspect", "rotation", "display"),
    [
        (None, 0, (32, 32)),
        ((1, 1), 0, (32, 32)),
        ((2, 1), 0, (64, 32)),
        ((1, 2), 0, (32, 64)),
        ((2, 1), 90, (32, 64)),
        ((2, 1), 180, (64, 32)),
        ((1, 2), 270, (64, 32)),
        ((4, 3), 0, (43, 32)),
        ((1920, 1080), 0, (57, 32)),
        (None, 90, (32, 32)),
    ],
)
def test_display_size_follows_aspect_and_rotation(
    aspect: tuple[int, int] | None, rotation: int, display: tuple[int, int]
) -> None:
    config = {"codec": "vp8", "rotation": rotation}
    if aspect:
        config |= {"display_aspect_width": aspect[0], "display_aspect_height": aspect[1]}
    found = first_frame(
        config, tiny().records, lambda f: (f.display_width, f.display_height, f.rotation)
    )
    assert found == (*display, rotation)


@pytest.mark.parametrize(("sar", "display"), [("3/2", (240, 120)), ("2/3", (160, 180))])
def test_sample_aspect_ratio_of_the_bitstream(sar: str, display: tuple[int, int]) -> None:
    name = f"h264-sar-{sar.replace('/', '-')}.mp4"
    path = Clip(name, "libx264", *X264, filters=f"setsar={sar}", frames=3).path()
    data = stream_of(path)

    def size(frame: VideoFrame) -> tuple[int, int]:
        return frame.display_width, frame.display_height

    bare = replace(data.config, display_aspect_width=None, display_aspect_height=None)
    assert first_frame(bare, data.records, size) == display
    assert first_frame(data.config, data.records, size) == display
    # The configuration's ratio is stronger than the bitstream's.
    square = replace(data.config, display_aspect_width=4, display_aspect_height=3)
    assert first_frame(square, data.records, size) == (160, 120)


@pytest.mark.parametrize(
    ("rotation", "flip"), [(0, False), (90, True), (180, False), (270, True), (-90, False), (44, 1)]
)
def test_rotation_and_flip_come_from_the_configuration(rotation: float, flip: bool) -> None:
    config = {"codec": "vp8", "rotation": rotation, "flip": bool(flip)}
    found = first_frame(config, tiny().records, lambda f: (f.rotation, f.flip))
    assert found == ({-90: 270, 44: 0}.get(rotation, rotation), bool(flip))


def test_formats_are_named_or_none() -> None:
    for name, expected in (
        ("h264-bframes.mp4", "I420"),
        ("h264-422.mp4", "I422"),
        ("h264-444.mp4", "I444"),
        ("h264-high10.mp4", "I420P10"),
        ("vp9-profile2.webm", "I420P10"),
    ):
        data = stream(name)
        assert first_frame(data.config, data.records[:3], lambda frame: frame.format) == expected


def test_same_chunk_may_be_decoded_again_and_by_two_decoders() -> None:
    data = tiny()
    chunks, first, second = data.chunks(), Sink(), Sink()
    with first.decoder() as one, second.decoder() as other:
        for decoder in (one, other):
            decoder.configure(data.config)
        for _ in range(2):
            for chunk in chunks:
                one.decode(chunk)
                other.decode(chunk)
            one.flush().result(TIMEOUT)
            other.flush().result(TIMEOUT)
    assert first.frames == second.frames == data.times() * 2


def test_transferred_chunks_decode_too() -> None:
    data, sink = stream("h264-bframes.mp4"), Sink()
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        for record in data.records:
            decoder.decode(record.chunk(transfer=True))
        decoder.flush().result(TIMEOUT)
    assert sink.frames == data.times()


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_threads_change_nothing_but_the_time(threads: int) -> None:
    data = stream("hevc-bframes.mp4")
    assert decode_all(replace(data.config, threads=threads), data.records) == data.times()


@interpreters.frees_at_once
def test_pool_counts_frames_that_are_out() -> None:
    data, kept = tiny(), list[VideoFrame]()
    with VideoDecoder(kept.append, print, frame_pool_size=10) as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
        stats = decoder.pool
        assert (stats.capacity, stats.in_use, stats.peak) == (10, 10, 10)
        assert stats.oldest_timestamp == kept[0].timestamp
        for frame in kept:
            frame.close()
        assert (decoder.pool.in_use, decoder.pool.oldest_timestamp) == (0, None)
    assert not any(ffwebcodecs.open_handles().values())
