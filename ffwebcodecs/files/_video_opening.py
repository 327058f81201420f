"""How a `Video` gets its index, its packets and its decoder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from .._av.files.demux import DemuxerCore
from .._av.files.opening import Opening
from .._av.files.scan import scan
from .._runtime.helper import HelperThread
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.texts import is_path, to_path
from ..codecs._decoding import Core, Pictures, open_decoder
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ._clock import origin
from ._frame_store import FrameStore
from ._held_picture import hold_last
from ._open import open_for_decoding
from ._packet_source import ChunkPackets, Counters, FilePackets
from ._random_access import RandomAccess
from ._source_digest import digest_of_open
from ._video_core import VideoCore
from .video_index import VideoIndex

_USUAL_PIXELS = 1920 * 1080


def core_of_file(
    source: Any,
    config: VideoDecoderConfig | None,
    given: VideoIndex | None,
    opening: Opening,
    threads: int | None,
    cache_bytes: int,
) -> tuple[VideoCore, VideoIndex, VideoDecoderConfig]:
    """Open a file, and read its index if there is none; if that fails, nothing is left open."""
    file = open_for_decoding(source, config, opening, threads=threads)
    try:
        again = partial(_decoder, file.config, threads)
        demuxer, counters = file.demuxer, Counters()
        is_at_start = given is not None
        digest = digest_of_open(demuxer)
        if given is not None:
            given._require(digest, demuxer.shown)
        index = given or VideoIndex._of(hold_last(scan(demuxer), demuxer), digest)
        table = index._table
        packets = FilePackets(demuxer, table, counters, _reopener(source, opening, demuxer))
        packets.next = 0 if is_at_start else None
        engine = RandomAccess(packets, file.decoder, again, table, counters)
        store = FrameStore(cache_bytes, _picture_bytes(file.config))
        core = VideoCore(engine, file.shapes, store, demuxer.shown)
        core.origin, core.digest, core.threads = origin(demuxer), digest, threads
        return core, index, file.config
    except BaseException:
        file.close()
        raise


def core_of_chunks(
    chunks: Iterable[EncodedVideoChunk],
    config: VideoDecoderConfig,
    threads: int | None,
    cache_bytes: int,
) -> tuple[VideoCore, VideoIndex]:
    """Open a decoder for a program's chunks; raises as `core_of_file`."""
    kept = list(chunks) if isinstance(chunks, Iterable) else chunks
    index = VideoIndex.from_chunks(kept, config)
    pictures = Pictures(config)
    for chunk in kept:
        pictures.require(chunk)
    table, counters = index._table, Counters()
    decoder, shapes = open_decoder(config, threads=threads)
    try:
        again = partial(_decoder, config, threads)
        engine = RandomAccess(ChunkPackets(kept, counters), decoder, again, table, counters)
        store = FrameStore(cache_bytes, _picture_bytes(config))
        core = VideoCore(engine, shapes, store, f"{len(kept)} chunks")
        core.threads = threads
        return core, index
    except BaseException:
        decoder.close()
        raise


def _decoder(config: VideoDecoderConfig, threads: int | None) -> Core:
    return open_decoder(config, threads=threads)[0]


def _picture_bytes(config: VideoDecoderConfig) -> int:
    """Return how much memory a picture takes, about: measured as soon as there is one."""
    width, height = config.coded_width, config.coded_height
    pixels = _USUAL_PIXELS if width is None or height is None else width * height
    return pixels * 3 // 2


def _reopener(
    source: Any, opening: Opening, demuxer: DemuxerCore
) -> Callable[[], DemuxerCore] | None:
    """Return what opens the source of a demuxer once more, None if it can only be read once."""
    reader = demuxer.source.reader
    if reader is not None:
        if not reader.can_seek:
            return None
        source = reader
    elif is_path(source):
        name = to_path(source)
        if "://" not in name and not os.path.isfile(name):
            return None
    return partial(DemuxerCore, source, opening, helper=HelperThread)
