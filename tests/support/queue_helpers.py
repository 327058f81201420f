"""The four codecs, with a worker that stands still when asked: for tests of queues with a limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from decode_helpers import TIMEOUT, Stream, tiny, wait_until
from encode_helpers import frame_of, settings

from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    AudioEncoder,
    EncodedAudioChunk,
    VideoDecoder,
    VideoEncoder,
)

KINDS = {
    "VideoDecoder": VideoDecoder,
    "VideoEncoder": VideoEncoder,
    "AudioDecoder": AudioDecoder,
    "AudioEncoder": AudioEncoder,
}
_PCM = {"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2}


def direct() -> Stream:
    """Return a stream whose frames come as soon as their chunks are decoded."""
    return tiny().with_config(optimize_for_latency=True)


class Queued:
    """A codec whose output callback stops, in its first call, until `go` is called."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        self.count = 0
        self.largest = 0
        self.errors: list[BaseException] = []
        self.inside, self._go = threading.Event(), threading.Event()
        self._number = 0
        self.on_output: Callable[[], object] | None = None
        self.codec: Any = KINDS[kind](self._output, self.errors.append, **options)
        self.configure()

    def configure(self) -> None:
        if self.kind == "VideoDecoder":
            self.codec.configure(direct().config)
        elif self.kind == "VideoEncoder":
            self.codec.configure(settings("ffmpeg:mpeg4"))
        else:
            self.codec.configure(_PCM)

    def _output(self, *arguments: Any) -> None:
        self.count += 1
        if hasattr(arguments[0], "close"):
            arguments[0].close()
        self.largest = max(self.largest, self.size)
        if not self.inside.is_set():
            self.inside.set()
            assert self._go.wait(TIMEOUT)
        if self.on_output is not None:
            self.on_output()

    @property
    def size(self) -> int:
        codec = self.codec
        size: int = codec.decode_queue_size if "Decoder" in self.kind else codec.encode_queue_size
        return size

    def put(self) -> None:
        """Queue one more."""
        number, self._number = self._number, self._number + 1
        if self.kind == "VideoDecoder":
            self.codec.decode(direct().records[number % 10].chunk())
        elif self.kind == "VideoEncoder":
            with frame_of(number) as frame:
                self.codec.encode(frame)
        elif self.kind == "AudioDecoder":
            self.codec.decode(EncodedAudioChunk(type="key", timestamp=number, data=bytes(1920)))
        else:
            with AudioData(
                format="s16",
                sample_rate=48000,
                number_of_frames=480,
                number_of_channels=2,
                timestamp=10_000 * number,
                data=bytes(1920),
            ) as data:
                self.codec.encode(data)

    def restart(self, number: int = 0) -> None:
        """Go on with input `number`; the first one is a key chunk."""
        self._number = number

    def fill(self, count: int) -> None:
        """Stop the worker inside the callback for the first input, and queue `count` behind it."""
        self.put()
        assert self.inside.wait(TIMEOUT)
        for _ in range(count):
            self.put()
        assert self.size == count

    def go(self) -> None:
        self._go.set()

    def waiting(self) -> int:
        return len(self.codec._engine.epoch.rooms)

    def wait_for_line(self, length: int = 1) -> None:
        wait_until(lambda: self.waiting() == length, f"{length} wait for room")

    def in_thread(self) -> Caller:
        return Caller(self.put)


class Caller:
    """A thread that makes one call, and what came of it."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.error: BaseException | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as error:
            self.error = error.with_traceback(None)

    def over(self) -> bool:
        return not self._thread.is_alive()

    def outcome(self) -> BaseException | None:
        self._thread.join(TIMEOUT)
        assert self.over()
        return self.error
