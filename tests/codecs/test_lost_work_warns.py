"""What is lost without a word otherwise is a ResourceWarning: queues, and flushes of no one."""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from audio_encode_helpers import pieces, tones
from decode_helpers import TIMEOUT, Gate, Sink, feed, tiny, wait_until
from encode_helpers import frame_of, settings

from ffwebcodecs import (
    AbortError,
    AudioDecoder,
    AudioEncoder,
    EncodedAudioChunk,
    EncodingError,
    VideoDecoder,
    VideoEncoder,
)

PCM = {"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2}


@contextmanager
def warned() -> Iterator[list[str]]:
    """Collect what ResourceWarnings say."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        try:
            yield found
        finally:
            gc.collect()
            found += [str(each.message) for each in caught]


class Busy:
    """An output callback that keeps the worker until the end, so that a queue stays."""

    def __init__(self) -> None:
        self.inside, self.go = threading.Event(), threading.Event()

    def __call__(self, output: Any, *_: Any) -> None:
        self.inside.set()
        assert self.go.wait(TIMEOUT)
        if not isinstance(output, (bytes, tuple)) and hasattr(output, "close"):
            output.close()


def decoder_with_queue(busy: Busy) -> VideoDecoder:
    decoder = VideoDecoder(busy, pytest.fail)
    decoder.configure(tiny().config)
    feed(decoder, tiny().records)
    return decoder


def audio_decoder_with_queue(busy: Busy) -> AudioDecoder:
    decoder = AudioDecoder(busy, pytest.fail)
    decoder.configure(PCM)
    for at in range(4):
        decoder.decode(EncodedAudioChunk(type="key", timestamp=at, data=bytes(1920)))
    return decoder


def encoder_with_queue(busy: Busy) -> VideoEncoder:
    encoder = VideoEncoder(busy, pytest.fail)
    encoder.configure(settings("vp8"))
    for index in range(4):
        with frame_of(index) as frame:
            encoder.encode(frame)
    return encoder


def audio_encoder_with_queue(busy: Busy) -> AudioEncoder:
    encoder = AudioEncoder(busy, pytest.fail)
    encoder.configure(PCM)
    for data in pieces(tones(4000)):
        with data:
            encoder.encode(data)
    return encoder


MAKERS = [
    decoder_with_queue,
    audio_decoder_with_queue,
    encoder_with_queue,
    audio_encoder_with_queue,
]


def leave(codec: Any, busy: Busy, last: Callable[[Any], object] = lambda _: None) -> list[str]:
    """Leave ``with`` while things are queued; return what was said."""
    with warned() as found:
        with codec:
            assert busy.inside.wait(TIMEOUT)
            last(codec)
        busy.go.set()
        del codec
    return found


@pytest.mark.parametrize("make", MAKERS)
def test_leaving_with_a_queue_that_was_not_flushed_warns(make: Any) -> None:
    busy = Busy()
    codec = make(busy)
    (message,) = leave(codec, busy)
    assert type(codec).__name__ in message and "queued" in message
    assert "was not flushed" in message and "reset()" in message
    assert codec.closed


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("last", ["reset", "close"])
def test_saying_that_nobody_wants_it_does_not_warn(make: Any, last: str) -> None:
    busy = Busy()
    assert leave(make(busy), busy, lambda codec: getattr(codec, last)()) == []


@pytest.mark.parametrize("make", MAKERS)
def test_leaving_by_an_exception_does_not_warn(make: Any) -> None:
    busy = Busy()
    codec = make(busy)
    with warned() as found, pytest.raises(KeyError):
        with codec:
            assert busy.inside.wait(TIMEOUT)
            codec.flush()
            raise KeyError
        busy.go.set()
    busy.go.set()
    assert found == [] and codec.closed


@pytest.mark.parametrize("make", MAKERS)
def test_leaving_with_a_flush_that_nobody_waits_for_warns(make: Any) -> None:
    busy = Busy()
    (message,) = leave(make(busy), busy, lambda codec: codec.flush())
    assert "nobody has waited for its flush" in message


def test_a_warning_that_is_an_error_closes_all_the_same() -> None:
    busy = Busy()
    decoder = decoder_with_queue(busy)
    with pytest.raises(ResourceWarning, match="was not flushed"), decoder:
        assert busy.inside.wait(TIMEOUT)
    assert decoder.closed
    busy.go.set()


def test_a_loop_that_is_left_with_chunks_queued_does_not_warn() -> None:
    with warned() as found, VideoDecoder() as decoder:
        decoder.configure(tiny().config)
        frames = decoder.frames(tiny().chunks() * 9)
        next(frames).close()
    assert found == []
    with pytest.raises(AbortError):
        next(frames)


# ---- completions ---------------------------------------------------------------------------------


def broken_flush(sink: Sink, look: Callable[[Any], object] | None) -> list[str]:
    chunks = tiny().chunks()
    gate = Gate(sink)
    with warned() as found, VideoDecoder(gate.output, sink.error) as decoder:
        decoder.configure(tiny().config)
        decoder.decode(chunks[0])
        decoder.decode(tiny().records[1].chunk(data=b"\xff" * 40))
        done = decoder.flush()
        gate.open()
        if look is not None:
            look(done)
        assert sink.failed.wait(TIMEOUT)
        wait_until(done.done, "the flush is over")
        del done
    return found


def test_a_flush_that_failed_and_nobody_looked_at_warns() -> None:
    (message,) = broken_flush(Sink(), None)
    assert message.startswith("nobody looked at a flush of a VideoDecoder, which failed: Encoding")


def test_whoever_looks_is_not_told_again() -> None:
    def result(done: Any) -> None:
        with pytest.raises(EncodingError):
            done.result(TIMEOUT)

    def exception(done: Any) -> None:
        wait_until(done.done, "the flush is over")
        assert isinstance(done.exception(), EncodingError)

    for look in (result, exception):
        assert broken_flush(Sink(), look) == []


def test_a_flush_of_no_configuration_warns() -> None:
    with warned() as found, VideoDecoder() as decoder:
        decoder.flush()
    (message,) = found
    assert "InvalidStateError" in message


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_flush_that_the_program_has_called_off_does_not_warn(how: str) -> None:
    busy = Busy()

    def last(codec: VideoDecoder) -> None:
        codec.flush()
        getattr(codec, how)()

    assert leave(decoder_with_queue(busy), busy, last) == []


def test_a_flush_that_succeeds_needs_nobody() -> None:
    sink = Sink()
    with warned() as found, sink.decoder() as decoder:
        decoder.configure(tiny().config)
        feed(decoder, tiny().records)
        done = decoder.flush()
        wait_until(done.done, "the flush is over")
        del done
    assert found == [] and sink.frames == tiny().times()
