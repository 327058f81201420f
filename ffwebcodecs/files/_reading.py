"""From an open file to its packets, from packets to frames, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.codecs import packet
from .._av.files.demux import DemuxerCore
from .._av.frames import frame as native
from .._av.frames.hardware import picture_of
from .._spec.numbers import show
from ..codecs._decoding import Pictures
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import EncodingError, InvalidArgumentError
from ..frames._shape import FrameShape, ShapeCache
from ..frames._upright import upright
from ..frames.video_frame import VideoFrame
from ._damage import Damage

# Chunks before the first key chunk: decoders make nothing of them, or pictures that are wrong.
# But not all streams say which chunks are key chunks.
_MOST_PASSED = 600

if TYPE_CHECKING:
    from .._ffi._types import AVFrame, AVPacket

    # A packet to decode, and the timestamp it gets if it has none of its own.
    Packets = Generator[tuple[AVPacket, int], None, None]


def packets_of(
    demuxer: DemuxerCore,
    start: int | None,
    divert: Callable[[int, AVPacket], object] | None = None,
    damage: Damage | None = None,
) -> Packets:
    """Yield the packets of a file's video; each is valid until the next one is asked for.

    `divert` is called with stream index and packet of every other stream that the demuxer reads.
    `damage` says whether to read on behind what cannot be read. The first packet of a file is a key
    packet, if there is one.
    """
    if start is not None:
        demuxer.seek(start, decodes=True)
    elif (passed := demuxer.begin()) and damage is not None and damage.skips:
        for timestamp in passed:
            damage.skip(timestamp)
        damage.resume(passed[-1])
    index = demuxer.info.index
    read = demuxer.read_any
    if damage is not None and damage.skips:
        read = partial(damage.read_on, demuxer)
    ptr = packet.allocate()
    try:
        while (found := read(ptr)) is not None:
            if found == index:
                yield ptr, demuxer.timestamp
            elif divert is not None:
                divert(found, ptr)
            packet.unref(ptr)
    except BaseException as error:
        del ptr  # nor does the error keep it
        averror.let_go(error)
        raise


def packets_further_back(
    demuxer: DemuxerCore,
    divert: Callable[[int, AVPacket], object] | None = None,
    damage: Damage | None = None,
) -> Packets | None:
    """Return the packets of a file's video from an earlier key packet on, None if none is."""
    return packets_of(demuxer, None, divert, damage) if demuxer.further_back() else None


def packets_of_chunks(
    chunks: Iterable[EncodedVideoChunk], pictures: Pictures, damage: Damage
) -> Packets:
    """Yield the packets of a program's chunks, from a key chunk on; raises InvalidArgumentError for
    anything else, and EncodingError for a chunk without a picture, if that is not to be skipped.
    """
    begun = False
    passed: list[tuple[AVPacket, int]] = []
    for chunk in chunks:
        if not isinstance(chunk, EncodedVideoChunk):
            raise InvalidArgumentError(f"read_frames takes EncodedVideoChunks, got {show(chunk)}")
        try:
            pictures.require(chunk)
        except EncodingError as error:
            if not damage.skips:
                raise
            damage.because(error)
            damage.skip(chunk.timestamp)
            damage.gap = begun = True  # what follows counts as skipped
            continue
        if begun:
            yield chunk._decodable(), chunk.timestamp
            continue
        begun = chunk.type == "key" or len(passed) == _MOST_PASSED
        if chunk.type == "key":
            passed.clear()
        passed.append((chunk._decodable(), chunk.timestamp))
        if begun:
            yield from passed
            passed.clear()
    yield from passed


def frames_of(
    steps: Iterator[None],
    box: list[Any],
    shapes: ShapeCache,
    close: Callable[[], object],
    start: int | None,
    stop: int | None,
    step: int,
    lasting: Callable[[int, int], int] | None = None,
    careful: Callable[[AVFrame], None] | None = None,
    origin: int = 0,
    *,
    turns: bool = False,
    ending: Callable[[int, int], int] | None = None,
) -> Generator[VideoFrame, None, None]:
    """Yield the frames between `start` and `stop`; calls `close` at the end.

    Each of `steps` puts a native frame into `box`; the one at `stop` is left there. `lasting`
    returns how long a frame is shown, from its time and its stated duration, 0: unknown. `careful`
    looks at each that is wanted. `origin` is 0 of their timestamps. With `turns` their pixels are
    turned as they say.

    Or a step puts the rows of a `FrameRun` there, none of which is before `start`. They say how
    long frames are shown, which `ending` is asked about.
    """
    make, shape_of = VideoFrame._from_native, shapes.shape_of
    time_of, duration = native.timestamp, native.duration
    position = -1
    known: FrameShape | None = None  # of the rows
    try:
        for _ in steps:
            given = box.pop()
            if type(given) is list:
                rows, given = given, None
                while rows:
                    picture, timestamp, length, is_other = rows.pop()
                    if is_other:
                        known = None
                    if stop is not None and timestamp >= stop:
                        return
                    position += 1
                    if step > 1 and position % step:
                        continue
                    if ending is not None:
                        length = ending(timestamp, length)
                    if known is None:
                        known = shape_of(picture.ptr)
                    shape = known
                    if turns:
                        picture, shape = upright(picture, shape)
                    box.append(make(picture, shape, timestamp - origin, length or None, False))
                    del picture
                    yield box.pop()
                continue
            ptr: AVFrame = given
            del given
            timestamp = time_of(ptr)
            if start is not None and timestamp < start:
                del ptr
                continue
            if stop is not None and timestamp >= stop:
                box.append(ptr)
                del ptr
                return
            length = duration(ptr)
            if lasting is not None:
                length = lasting(timestamp, length)
            position += 1
            if step > 1 and position % step:
                del ptr
                continue
            if careful is not None:
                careful(ptr)
            picture, shape = picture_of(ptr), shape_of(ptr)
            if turns:
                picture, shape = upright(picture, shape)
            box.append(make(picture, shape, timestamp - origin, length or None, False))
            del ptr, picture
            yield box.pop()
    finally:
        close()
