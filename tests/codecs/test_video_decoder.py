"""VideoDecoder, sentence by sentence of the specification, without an event loop."""

from __future__ import annotations

import hashlib
import threading
import warnings
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import pytest
from clips import B_FRAMES, Clip, clip, framemd5
from decode_helpers import (
    DIRECT,
    TIMEOUT,
    Gate,
    Record,
    Sink,
    decode_all,
    feed,
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
        done = decoder.flush()
        for expected in data.times():
            frame = frames.get(timeout=TIMEOUT)
            wait_until(lambda: decoder.decode_queue_size < 10, "the worker waits")
            assert frame.timestamp == expected
            frame.close()
        try:
            done.result(TIMEOUT)
        except ffwebcodecs.FramePoolExhaustedError:
            assert seconds < 1


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
    config = {"codec": "vp8", "codedWidth": 32, "codedHeight": 32}
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
