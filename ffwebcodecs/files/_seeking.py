"""Frames from a time on: decoded from a key packet that is early enough."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._av.frames import frame as native
from ..errors import EncodingError
from ._damage import Damage
from ._frame_loop import decoded

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._av.files.frame_run import FrameRun
    from .._ffi._types import AVPacket
    from ..codecs._decoding import Core

    Packets = Generator[tuple[AVPacket, int], None, None]
    Decode = Callable[[Packets, Core, list[Any], Damage, DemuxerCore], Iterator[None]]


def decoded_from(
    start: int | None,
    packets: Packets,
    further_back: Callable[[], Packets | None],
    core: Core,
    box: list[Any],
    damage: Damage,
    demuxer: DemuxerCore,
    decode: Decode | None = None,
    run: FrameRun | None = None,
) -> Iterator[None]:
    """Decode as ``decode(packets, core, box, damage, demuxer)`` does, by default `decoded` with
    `run`, from the beginning of `packets` on if `start` is None.
    """
    if decode is None:
        decode = partial(decoded, run=run)
    if start is None:
        return decode(packets, core, box, damage, demuxer)

    def again(packets: Packets, core: Core, box: list[Any]) -> Iterator[None]:
        damage.forget()
        return decode(packets, core, box, damage, demuxer)

    return _verified(start, packets, further_back, again, core, box)


def _verified(
    start: int,
    packets: Packets,
    further_back: Callable[[], Packets | None],
    decode: Callable[[Packets, Core, list[Any]], Iterator[None]],
    core: Core,
    box: list[Any],
) -> Iterator[None]:
    """Decode as ``decode(packets, core, box)`` does, so that the first frame is not later than
    `start`, or the first of all.

    A key packet before `start` is not always enough: decoders drop pictures that refer to others
    before it, all of them until a gradual refresh is complete, or until headers come that stand
    only elsewhere. Each step back decodes to its first frame only.

    Parameters
    ----------
    start : int
        Microseconds.
    packets : generator of (AVPacket, int)
        Beginning with a key packet before `start`.
    further_back : callable
        Returns packets that begin with an earlier key packet, None if there is none.
    decode : callable
        Yields whenever it has put a frame into `box`.
    core : DecoderCore or HardwareDecoder
    box : list
        Empty.
    """
    while True:
        frames = decode(packets, core, box)
        failure: EncodingError | None = None
        try:
            next(frames, None)
        except EncodingError as error:
            failure = error.with_traceback(None)
        if box and native.timestamp(box[0]) <= start:
            break
        try:
            earlier = further_back()
        except BaseException:
            box.clear()
            raise
        if earlier is None:
            break
        box.clear()
        packets.close()
        core.restart()
        packets = earlier
    if failure is not None:
        try:
            raise failure
        finally:
            failure = None  # its traceback holds this frame, which must not hold it in turn
    if box:
        yield
        yield from frames
