"""Chunks: copied, given away, shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ffwebcodecs import Demuxer, EncodedVideoChunk

from .. import media
from ..scenario import Step, scenario

DATA = bytes(1000)


@scenario("chunks copied and transferred, views outlive them", cycles=10_000)
def chunks() -> Iterator[Step]:
    kept: list[memoryview] = []

    def step(index: int) -> None:
        source = bytearray(DATA)
        copied = EncodedVideoChunk(type="key", timestamp=index, data=source)
        given = EncodedVideoChunk(type="delta", timestamp=index, data=source, transfer=True)
        given.copy_to(np.empty(1000, np.uint8))
        given._decodable()  # the padded copy that a decoder asks for
        kept.extend([copied.data[5:10], given.data])
        if len(kept) > 40:
            del kept[:20]

    yield step


@scenario("demuxed chunks, their data outlives demuxer and chunk", cycles=10_000, each=50)
def demuxed_chunks() -> Iterator[Step]:
    path = media.clip("h264.mp4")
    kept: list[memoryview] = []

    def step(_: int) -> None:
        kept.clear()
        with Demuxer(path) as demuxer:
            kept.extend(chunk.data for chunk in demuxer.chunks())
        assert sum(view[0] for view in kept) >= 0

    yield step


@scenario("demuxers opened (path, bytes, file), sought, closed or dropped", cycles=1_000)
def demuxers() -> Iterator[Step]:
    path = media.clip("h264.mp4")
    content = path.read_bytes()

    def step(index: int) -> None:
        kind = index % 3
        if kind == 0:
            demuxer = Demuxer(path)
        elif kind == 1:
            demuxer = Demuxer(content)
        else:
            with path.open("rb") as file:
                demuxer = Demuxer(file)
        reader = demuxer.chunks(start=1_000_000)
        next(reader)
        demuxer.seek(300_000)
        next(reader)
        assert demuxer.video_config.codec
        if index % 2:
            demuxer.close()

    yield step
