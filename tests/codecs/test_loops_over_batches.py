"""A loop over the output of a decoder gets the pictures of a step together: it is woken for all of
them once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clips import clip

from ffwebcodecs import Demuxer, EncodedVideoChunk, VideoDecoder
from ffwebcodecs._av import pump
from ffwebcodecs._runtime.outlet import DEPTH, Outlet

pytestmark = pytest.mark.skipif(pump.get() is None, reason="the pump was not built here")


def test_a_loop_is_woken_once_for_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    waiting: list[int] = []
    hear = Outlet.hear

    def noting(self: Outlet) -> None:
        heard.append(len(self.boxes))
        hear(self)

    monkeypatch.setattr(Outlet, "hear", noting)
    monkeypatch.setattr(pump, "TIME", 60_000_000)
    with Demuxer(clip("vp8.webm")) as demuxer, VideoDecoder() as decoder:
        decoder.configure(demuxer.video_config)
        chunks = list(demuxer.chunks())
        core: Any = decoder._engine._core

        def source() -> Iterator[EncodedVideoChunk]:
            with core:  # the worker waits until there is no room for more
                yield from chunks[: DEPTH - 1]
            yield from chunks[DEPTH - 1 :]

        times = []
        for frame in decoder.frames(source()):
            with frame:
                times.append(frame.timestamp)
                waiting.append(decoder.decode_queue_size)
    assert times == [chunk.timestamp for chunk in chunks]
    assert max(heard) >= DEPTH // 2
    assert max(waiting) <= DEPTH
