"""What a codec does when Python itself fails it: no thread, no standard error, an exception out of
nowhere. A flush ends all the same, and the program is told.
"""

from __future__ import annotations

import ctypes
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clips import clip
from decode_helpers import TIMEOUT, Sink, feed, stream, tiny

from ffwebcodecs import FramePoolExhaustedError, VideoDecoder, VideoEncoder

NO_THREAD = """
import resource, sys, threading
import ffwebcodecs as w
with w.Demuxer(sys.argv[1]) as demuxer:
    config, chunks = demuxer.video_config, list(demuxer.chunks())
times = []
def output(frame):
    times.append(frame.timestamp)
    frame.close()
decoder = w.VideoDecoder(output, print)
threading.stack_size(1 << 30)  # more than there is
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
try:
    decoder.configure(config)
except RuntimeError as error:
    print(decoder.state, error)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
threading.stack_size(0)
decoder.configure(config)
for chunk in chunks:
    decoder.decode(chunk)
decoder.flush().result(10)
decoder.close()
print(len(times) == len(chunks))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_without_a_thread_configure_fails_and_works_when_there_is_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_THREAD, str(clip("h264-bframes.mp4"))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("unconfigured can't start new thread\nTrue\n", "")


def fail_with(error: BaseException) -> Callable[..., None]:
    def show(*_: Any, **__: Any) -> None:
        raise error

    return show


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    lost: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: lost.append(args.exc_type))
    monkeypatch.setattr(threading, "excepthook", lambda args: lost.append("a dead thread"))
    return lost


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, MemoryError])
def test_a_stall_that_cannot_be_shown_is_reported_to_the_flush_all_the_same(
    kind: type[BaseException], lost: list[Any]
) -> None:
    data, held = stream("h264-bframes.mp4"), []
    failed: list[BaseException] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = fail_with(kind())
        with VideoDecoder(
            held.append, failed.append, frame_pool_size=2, stall_timeout=0.01
        ) as decoder:
            decoder.configure(data.config)
            feed(decoder, data.records)
            for _ in range(2):
                with pytest.raises(FramePoolExhaustedError):
                    decoder.flush().result(TIMEOUT)
                assert decoder.state == "configured"
            for frame in held:
                frame.close()
    for frame in held:
        frame.close()
    assert set(lost) == {kind}
    assert not failed


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, MemoryError])
def test_an_exception_sent_to_the_worker_closes_the_codec(
    kind: type[BaseException], lost: list[Any]
) -> None:
    data, sink = stream("h264-bframes.mp4"), Sink()
    decoder = sink.decoder()
    decoder.configure(data.config)
    decoder.flush().result(TIMEOUT)
    thread = decoder._engine._thread
    sent = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(kind)
    )
    assert sent == 1
    flush = decoder.flush()
    with pytest.raises((RuntimeError, MemoryError)):
        flush.result(TIMEOUT)
    assert decoder.state == "closed"
    assert sink.errors == [flush.exception()]
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    assert not lost


class Ending(logging.Handler):
    """A handler that ends the program."""

    def emit(self, record: logging.LogRecord) -> None:
        raise SystemExit("logged")


@pytest.fixture
def ending_log() -> Iterator[None]:
    handler, logger = Ending(), logging.getLogger("ffwebcodecs")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


def test_a_log_handler_that_ends_the_program_does_not_end_the_worker_in_silence(
    ending_log: None, lost: list[Any]
) -> None:
    errors: list[BaseException] = []
    with VideoEncoder(lambda chunk, metadata: None, errors.append) as encoder:
        encoder.configure(
            {
                "codec": "ffmpeg:png",  # no device encodes it
                "width": 64,
                "height": 48,
                "hardware_acceleration": "prefer-hardware",
            }
        )
        flush = encoder.flush()
        with pytest.raises(RuntimeError, match="SystemExit"):
            flush.result(TIMEOUT)
        assert errors == [flush.exception()]
        assert encoder.state == "closed"
    assert not lost


def test_a_codec_that_failed_of_it_leaves_the_next_one_alone(lost: list[Any]) -> None:
    data = tiny()
    for failure in (SystemExit(1), KeyboardInterrupt(), MemoryError()):
        sink = Sink()
        decoder = sink.decoder()
        decoder._engine._driver.drain = fail_with(failure)  # type: ignore[method-assign]
        decoder.configure(data.config)
        assert sink.failed.wait(TIMEOUT)
        assert decoder.state == "closed"
        with Sink().decoder() as other:
            other.configure(data.config)
            feed(other, data.records)
            other.flush().result(TIMEOUT)
    assert not lost
