"""VideoDecoder, sentence by sentence of the specification, without an event loop."""

from __future__ import annotations

import hashlib
import threading
import warnings
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import interpreters
import pytest
from clips import B_FRAMES, X264, Clip, clip, framemd5
from decode_helpers import (
    DIRECT,
    TIMEOUT,
    Gate,
    Record,
    Sink,
    decode_all,
    feed,
    first_frame,
    stream,
    stream_of,
    tiny,
    wait_until,
)

import ffwebcodecs
from ffwebcodecs import (
    AbortError,
    DataError,
    EncodedVideoChunk,
    InvalidArgumentError,
    InvalidStateError,
    Rect,
    VideoColorSpace,
    VideoDecoder,
    VideoFrame,
)

INVALID_CONFIGS: list[Any] = [
    None,
    "vp8",
    {},
    {"codec": None},
    {"codec": ""},
    {"codec": "  "},
    {"codec": 8},
    {"codec": "vp8", "coded_width": 32},
    {"codec": "vp8", "coded_height": 32},
    {"codec": "vp8", "coded_width": 0, "coded_height": 32},
    {"codec": "vp8", "coded_width": 32, "coded_height": 0},
    {"codec": "vp8", "coded_width": -32, "coded_height": 32},
    {"codec": "vp8", "display_aspect_width": 1},
    {"codec": "vp8", "display_aspect_height": 1},
    {"codec": "vp8", "display_aspect_width": 0, "display_aspect_height": 1},
    {"codec": "vp8", "hardware_acceleration": "fast"},
    {"codec": "vp8", "description": "text"},
    {"codec": "vp8", "color_space": {"primaries": "no-such"}},
    {"codec": "vp8", "rotation": float("nan")},
    {"codec": "vp8", "threads": 0},
]


# ---- construction --------------------------------------------------------------------------------


def test_new_decoder_is_unconfigured_with_an_empty_queue() -> None:
    decoder = Sink().decoder()
    assert (decoder.state, decoder.decode_queue_size) == ("unconfigured", 0)


@pytest.mark.parametrize("callback", [None, 1, "print", object()])
def test_callbacks_must_be_callable(callback: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="output"):
        VideoDecoder(callback, print)
    with pytest.raises(InvalidArgumentError, match="error"):
        VideoDecoder(print, callback)


def test_both_callbacks_are_required() -> None:
    with pytest.raises(TypeError):
        VideoDecoder(print)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        VideoDecoder(output=print)  # type: ignore[call-arg]


@pytest.mark.parametrize("size", [0, -1, 1.5, "16", float("nan")])
def test_frame_pool_size_is_a_positive_integer_or_none(size: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="frame_pool_size"):
        VideoDecoder(print, print, frame_pool_size=size)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), "5", None])
def test_stall_timeout_is_positive(seconds: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="stall_timeout"):
        VideoDecoder(print, print, stall_timeout=seconds)


@pytest.mark.parametrize("seconds", [1e-3, 1e12, 1e300])
def test_any_positive_stall_timeout_works(seconds: float) -> None:
    # Longer than a lock can wait for is as good as for ever; the first one only warns.
    data, frames = tiny(), SimpleQueue[VideoFrame]()
    with (
        warnings.catch_warnings(),
        VideoDecoder(frames.put, print, frame_pool_size=1, stall_timeout=seconds) as decoder,
    ):
        warnings.simplefilter("ignore", ffwebcodecs.FramePoolWarning)
        decoder.configure(data.config)
        feed(decoder, data.records)
        decoder.flush()
        for expected in data.times():
            frame = frames.get(timeout=TIMEOUT)
            wait_until(lambda: decoder.decode_queue_size < 10, "the worker waits")
            assert frame.timestamp == expected
            frame.close()


# ---- configure -----------------------------------------------------------------------------------


def test_configure_makes_it_configured_at_once() -> None:
    with Sink().decoder() as decoder:
        decoder.configure(tiny().config)
        assert decoder.state == "configured"


@pytest.mark.parametrize("config", INVALID_CONFIGS, ids=repr)
def test_invalid_config_is_refused_and_changes_nothing(config: Any) -> None:
    decoder = Sink().decoder()
    with pytest.raises(InvalidArgumentError):
        decoder.configure(config)
    assert decoder.state == "unconfigured"


@pytest.mark.parametrize("config", INVALID_CONFIGS[:4], ids=repr)
def test_invalid_config_is_named_before_the_closed_state(config: Any) -> None:
    decoder = Sink().decoder()
    decoder.close()
    with pytest.raises(InvalidArgumentError):
        decoder.configure(config)


def test_failing_configure_leaves_the_running_configuration_alone() -> None:
    data, sink = stream("h264-bframes.mp4"), Sink()
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records[:5])
        for config in INVALID_CONFIGS:
            with pytest.raises(InvalidArgumentError):
                decoder.configure(config)
        assert decoder.state == "configured"
        feed(decoder, data.records[5:])  # delta chunks: no key chunk is due
        decoder.flush().result(TIMEOUT)
    assert sink.frames == data.times()


def test_mapping_and_camel_case_configure_too() -> None:
    data = tiny()
    assert decode_all({"codec": "vp8"}, data.records) == data.times()
    config = {"codec": "vp8", "codedWidth": 32, "codedHeight": 32, "unknown": object()}
    assert decode_all(config, data.records) == data.times()


def test_later_changes_of_the_description_do_not_reach_the_decoder() -> None:
    data = stream("h264-bframes.mp4")
    description = bytearray(data.config.description)  # type: ignore[arg-type]
    sink = Sink()
    with sink.decoder() as decoder:
        decoder.configure({"codec": data.config.codec, "description": description})
        description[:] = bytes(len(description))
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
    assert sink.frames == data.times()


def test_reconfigure_emits_the_older_outputs_first() -> None:
    first, second, sizes = stream("h264-bframes.mp4"), tiny(), []
    sink = Sink(lambda frame: sizes.append(frame.visible_rect.width))  # type: ignore[union-attr]
    with sink.decoder() as decoder:
        for _ in range(2):
            decoder.configure(first.config)
            feed(decoder, first.records)
            decoder.configure(second.config)
            feed(decoder, second.records)
        decoder.flush().result(TIMEOUT)
    assert sink.frames == (first.times() + second.times()) * 2
    assert sizes == ([160] * len(first.records) + [32] * len(second.records)) * 2
    assert not sink.errors


def test_configure_alone_and_many_times_is_fine() -> None:
    sink = Sink()
    with sink.decoder() as decoder:
        for _ in range(20):
            decoder.configure(tiny().config)
        decoder.flush().result(TIMEOUT)
    assert not sink.frames
    assert not sink.errors


# ---- decode and the key-frame rule ---------------------------------------------------------------


def test_decode_before_configure_is_an_invalid_state() -> None:
    decoder, record = Sink().decoder(), tiny().records[0]
    for kind in ("key", "delta"):
        with pytest.raises(InvalidStateError):
            decoder.decode(record.chunk(type=kind))
    assert decoder.decode_queue_size == 0


@pytest.mark.parametrize("chunk", [None, b"bytes", object(), 1])
def test_decode_takes_chunks_only(chunk: Any) -> None:
    with Sink().decoder() as decoder:
        decoder.configure(tiny().config)
        with pytest.raises(InvalidArgumentError, match="EncodedVideoChunk"):
            decoder.decode(chunk)


def test_delta_chunk_is_refused_after_configure_flush_and_reset_and_changes_nothing() -> None:
    data, sink = tiny(), Sink()
    key, delta = data.records[:2]
    with sink.decoder() as decoder:

        def refused() -> None:
            for _ in range(2):
                with pytest.raises(DataError, match="key"):
                    decoder.decode(delta.chunk())
            assert (decoder.state, decoder.decode_queue_size) == ("configured", 0)

        decoder.configure(data.config)
        refused()
        feed(decoder, [key, delta])
        decoder.flush().result(TIMEOUT)
        refused()
        feed(decoder, [key, delta])
        decoder.flush().result(TIMEOUT)
        decoder.reset()
        decoder.configure(data.config)
        refused()
        feed(decoder, [key, delta])
        decoder.configure(data.config)
        with pytest.raises(DataError):
            decoder.decode(delta.chunk())
        feed(decoder, [key, delta])
        decoder.flush().result(TIMEOUT)
    assert sink.frames == [key.timestamp, delta.timestamp] * 4
    assert not sink.errors


KEYED = ("vp8.webm", "vp9.webm", "av1.mp4", "h264-bframes.mp4", "h264-bframes.ts")
HEVC = ("hevc-bframes.mp4", "hevc-bframes.ts")


@pytest.mark.parametrize("name", KEYED + HEVC)
def test_typed_key_without_a_key_frame_is_a_data_error_at_once(name: str) -> None:
    data, sink = stream(name), Sink()
    delta = next(record for record in data.records if record.type == "delta")
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        for junk in (b"", b"\0", b"\xff" * 16, delta.data):
            with pytest.raises(DataError):
                decoder.decode(EncodedVideoChunk(type="key", timestamp=0, data=junk))
        assert (decoder.state, decoder.decode_queue_size) == ("configured", 0)
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
    assert sink.frames == data.times()
    assert not sink.errors


def nal_types(record: Record) -> list[int]:
    found, at = [], 0
    while at + 4 < len(record.data):
        size = int.from_bytes(record.data[at : at + 4], "big")
        found.append(record.data[at + 4] & 31)
        at += 4 + size
    return found


OPEN_GOP = Clip(
    "h264-open-gop.mp4",
    *("libx264", *B_FRAMES, "-x264-params", "open-gop=1:keyint=15:min-keyint=15:scenecut=0"),
)


def test_recovery_point_counts_as_a_key_frame() -> None:
    data = stream_of(OPEN_GOP.path())
    # An I picture that is no IDR (5), with an SEI (6) before it.
    start = next(i for i, r in enumerate(data.records) if 5 not in nal_types(r) and r.type == "key")
    assert 6 in nal_types(data.records[start])
    sink = Sink()
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records[start:])
        decoder.flush().result(TIMEOUT)
    assert data.records[start].timestamp in sink.frames
    assert not sink.errors


# ---- the queue -----------------------------------------------------------------------------------


def test_queue_size_counts_chunks_that_the_decoder_has_not_taken() -> None:
    data, sink = stream_of(DIRECT["vp8"].path()), Sink()
    gate, sizes = Gate(sink), []
    with VideoDecoder(gate.output, sink.error) as decoder:
        decoder.configure(replace(data.config, optimize_for_latency=True))
        feed(decoder, data.records[:1])
        gate.wait()
        decoder.on_dequeue = lambda: sizes.append(decoder.decode_queue_size)
        assert decoder.decode_queue_size == 0
        for count, record in enumerate(data.records[1:9], 1):
            decoder.decode(record.chunk())
            assert decoder.decode_queue_size == count
        gate.open()
        decoder.flush().result(TIMEOUT)
        assert decoder.decode_queue_size == 0
    assert sizes == [7, 6, 5, 4, 3, 2, 1, 0]


def test_reset_announces_the_emptied_queue() -> None:
    data, sink = stream_of(DIRECT["vp8"].path()), Sink()
    gate, emptied = Gate(sink), threading.Event()
    with VideoDecoder(gate.output, sink.error) as decoder:
        decoder.configure(replace(data.config, optimize_for_latency=True))
        feed(decoder, data.records[:1])
        gate.wait()
        feed(decoder, data.records[1:5])
        decoder.on_dequeue = emptied.set
        decoder.reset()
        assert decoder.decode_queue_size == 0
        gate.open()
        assert emptied.wait(TIMEOUT)


# ---- flush ---------------------------------------------------------------------------------------


def test_flush_gives_none_after_every_output() -> None:
    data, sink = stream("h264-bframes.mp4"), Sink()
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        for _ in range(5):
            sink.frames.clear()
            feed(decoder, data.records)
            completion = decoder.flush()
            assert completion.result(TIMEOUT) is None
            assert sink.frames == data.times()
            assert completion.done()
            assert completion.exception() is None
            assert completion.result() is None


def test_flush_of_an_idle_decoder_is_over_soon() -> None:
    with Sink().decoder() as decoder:
        decoder.configure(tiny().config)
        for completion in [decoder.flush() for _ in range(10)]:
            completion.result(TIMEOUT)


def test_flush_when_not_configured_is_rejected() -> None:
    decoder = Sink().decoder()
    for _ in range(2):
        completion = decoder.flush()
        assert completion.done()
        with pytest.raises(InvalidStateError):
            completion.result()
        decoder.close()


def test_flush_result_times_out_and_can_be_asked_again() -> None:
    data, sink = tiny(), Sink()
    gate = Gate(sink)
    with VideoDecoder(gate.output, sink.error) as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        completion = decoder.flush()
        gate.wait()
        for timeout in (0, 0.001, -1):
            with pytest.raises(TimeoutError):
                completion.result(timeout)
        assert not completion.done()
        gate.open()
        completion.result(TIMEOUT)
    assert sink.frames == data.times()


@pytest.mark.parametrize("action", ["reset", "close"])
def test_reset_and_close_reject_pending_flushes_with_abort(action: str) -> None:
    data, sink = stream("h264-bframes.mp4"), Sink()
    gate = Gate(sink)
    with VideoDecoder(gate.output, sink.error) as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        flushes = [decoder.flush(), decoder.flush()]
        gate.wait()
        getattr(decoder, action)()
        gate.open()
        for flush in flushes:
            with pytest.raises(AbortError):
                flush.result(TIMEOUT)
    # One was on its way; none came afterwards, and an abort is no error.
    assert sink.frames == data.times()[:1]
    assert not sink.errors


# ---- reset and close -----------------------------------------------------------------------------


def test_reset_of_an_unconfigured_decoder_does_nothing() -> None:
    decoder = Sink().decoder()
    decoder.reset()
    assert decoder.state == "unconfigured"


def test_reset_forgets_the_configuration_and_pending_outputs_then_works_again() -> None:
    data, sink = stream("h264-bframes.mp4"), Sink()
    with sink.decoder() as decoder:
        for _ in range(5):
            decoder.configure(data.config)
            feed(decoder, data.records)
            decoder.reset()
            assert (decoder.state, decoder.decode_queue_size) == ("unconfigured", 0)
            with pytest.raises(InvalidStateError):
                decoder.decode(data.records[0].chunk())
            with pytest.raises(InvalidStateError):
                decoder.flush().result()
        before = len(sink.frames)
        decoder.configure(data.config)
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
    assert sink.frames[before:][-len(data.records) :] == data.times()
    assert not sink.errors


def test_everything_after_close_is_an_invalid_state_but_close() -> None:
    data = tiny()
    decoder = Sink().decoder()
    decoder.configure(data.config)
    decoder.close()
    decoder.close()
    assert (decoder.state, decoder.decode_queue_size) == ("closed", 0)
    with pytest.raises(InvalidStateError):
        decoder.configure(data.config)
    with pytest.raises(InvalidStateError):
        decoder.decode(data.records[0].chunk())
    with pytest.raises(InvalidStateError):
        decoder.reset()
    with pytest.raises(InvalidStateError):
        decoder.flush().result()
    assert "closed" in repr(decoder)


def test_close_of_an_unconfigured_decoder() -> None:
    decoder = Sink().decoder()
    decoder.close()
    assert decoder.state == "closed"


def test_frames_stay_valid_after_close() -> None:
    path = clip("h264-bframes.mp4")
    data, kept = stream_of(path), list[VideoFrame]()
    decoder = VideoDecoder(kept.append, print, frame_pool_size=None)
    decoder.configure(data.config)
    feed(decoder, data.records)
    decoder.flush().result(TIMEOUT)
    decoder.close()
    digests = []
    for frame in kept:
        pixels = bytearray(frame.allocation_size())
        frame.copy_to(pixels)
        frame.close()
        digests.append(hashlib.md5(pixels, usedforsecurity=False).hexdigest())
    assert digests == [frame.digest for frame in framemd5(path)]


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


TAGGED = Clip(
    "h264-smpte170m.mp4",
    *("libx264", *X264, "-color_primaries", "smpte170m", "-color_trc", "smpte170m"),
    *("-colorspace", "smpte170m", "-color_range", "tv"),
    frames=3,
)
STREAM_COLORS = {
    "primaries": "smpte170m",
    "transfer": "smpte170m",
    "matrix": "smpte170m",
    "full_range": False,
}


@pytest.mark.parametrize(
    "override",
    [
        None,
        {},
        {"primaries": "bt2020"},
        {"transfer": "pq"},
        {"matrix": "bt709"},
        {"full_range": True},
        {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "full_range": True},
    ],
    ids=repr,
)
def test_color_space_members_of_the_configuration_override_the_streams(
    override: dict[str, Any] | None,
) -> None:
    data = stream_of(TAGGED.path())
    config = replace(data.config, color_space=override)
    expected = VideoColorSpace(**{**STREAM_COLORS, **(override or {})})
    assert first_frame(config, data.records, lambda frame: frame.color_space) == expected


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
