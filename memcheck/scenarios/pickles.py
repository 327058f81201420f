"""Pickles whose memory travels beside them."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from ffwebcodecs import DataError, EncodedVideoChunk, VideoFrame, create_image_bitmap, read_frames

from .. import media
from ..scenario import Step, scenario
from .frames import make
from .sound import make_sound


@scenario("pickles: buffers beside them dropped in every order", cycles=10_000, each=4)
def pickles() -> Iterator[Step]:
    order = random.Random(5)
    path = media.clip("h264.mp4")
    decoded = chain.from_iterable(iter(lambda: read_frames(path), None))
    chunk = EncodedVideoChunk(type="key", timestamp=0, data=bytes(1000))
    kept: list[Any] = []

    def step(index: int) -> None:
        frame = make(index, metadata={"a": [index]}) if index % 2 else next(decoded)
        with frame, create_image_bitmap(frame) as bitmap, make_sound(index) as sound:
            things = [frame, bitmap, sound, chunk]
            buffers: list[pickle.PickleBuffer] = []
            text = pickle.dumps(things, 5, buffer_callback=buffers.append)
            in_band = pickle.dumps(things, 4 + index % 2)
        with suppress(DataError):
            pickle.loads(text, buffers=[bytes(1)] * len(buffers))
        for other in pickle.loads(in_band)[:3]:
            other.close()
        own, shown, heard, _ = pickle.loads(text, buffers=buffers)
        heard.close()
        shown.close()
        assert isinstance(own, VideoFrame)
        kept.extend([*buffers, *own.planes])
        own.close()
        if len(kept) > 20:
            order.shuffle(kept)
            del kept[:15]

    yield step
