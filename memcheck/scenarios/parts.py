"""Conversions in parts: in worker processes and in threads, to their end, given up, and failing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from ffwebcodecs import VideoFrame, transcode

from .. import media
from ..scenario import Step, scenario


@scenario("conversions in parts, whole, given up and failing", cycles=1000)
def parts() -> Iterator[Step]:
    path = media.clip("h264.mp4")
    given: dict[str, Any] = {"format": "mkv", "codec": "ffmpeg:mjpeg", "part_seconds": 0.2}

    def step(index: int) -> None:
        kind = index % 100
        if kind == 0:
            transcode(path, io.BytesIO(), executor=1, **given)
        elif kind < 68:
            transcode(path, io.BytesIO(), executor=pool, **given)
        else:
            failing = {"map_frame": _fail} if kind < 84 else {"on_progress": _fail}
            with suppress(ZeroDivisionError):
                transcode(path, io.BytesIO(), executor=pool, **failing, **given)

    with ThreadPoolExecutor(2) as pool:
        yield step


def _fail(frame: VideoFrame) -> VideoFrame:
    raise ZeroDivisionError
