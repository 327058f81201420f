"""Where the reading of a Demuxer stands, for whoever goes on: with chunks, or with frames.

A decoder reads ahead. So `read_frames` leaves it with the Demuxer, with the frames that it still
holds, for the next `read_frames`; and keeps the chunks of those frames, for `chunks`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.codecs import packet
from .._av.files.chunk_run import ChunkRun
from .._av.frames import frame as native
from ..codecs._decoding import Core
from ..errors import EncodingError
from ..frames._shape import ShapeCache
from ._damage import DAMAGE, Damage
from ._frame_loop import Decoding
from ._held_picture import held_picture
from ._reading import packets_further_back, packets_of
from ._seeking import decoded_from

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._ffi._types import AVFrame, AVPacket
    from .._spec.codecs.config import VideoDecoderConfig
    from ._reading import Packets


class KeptDecoder:
    """A decoder in the middle of a stream, with what it still holds.

    Parameters
    ----------
    position : Position
        Where it begins.
    opened : (Core, ShapeCache)
        Taken: closed by `drop`.
    config : VideoDecoderConfig
        What it was opened for.
    damage : Damage

    Attributes
    ----------
    shapes : ShapeCache
    last : int or None
        Time of the last frame that was taken.
    lasting : callable or None
        Tells how long a frame is shown, see `Upcoming.lasting`.
    """

    __slots__ = (
        "_after",
        "_box",
        "_busy",
        "_core",
        "_decoding",
        "_dropped",
        "_held",
        "_steps",
        "_taken",
        "_waits",
        "config",
        "damage",
        "last",
        "lasting",
        "shapes",
    )

    def __init__(
        self,
        position: Position,
        opened: tuple[Core, ShapeCache],
        config: VideoDecoderConfig,
        damage: Damage,
        start: int | None,
    ) -> None:
        self._core, self.shapes = opened
        self.config = config
        self.damage = damage
        # What was read before is not foreseen.
        demuxer = position.demuxer
        self.lasting = None if position.back else demuxer.foresee(held_picture(demuxer))
        self.last = self._after = position.after
        self._taken: int | None = None  # time of the last frame, unless it was put back
        self._box: list[Any] = []
        self._held: list[AVFrame] = []
        self._busy = self._dropped = False
        self._waits = position.broken
        self._decoding: Decoding | None = None
        self._steps: Any = decoded_from(
            start,
            _packets(position.back, demuxer, damage),
            partial(packets_further_back, demuxer, None, damage),
            self._core,
            self._box,
            damage,
            demuxer,
            self._decode,
        )

    def _decode(
        self,
        packets: Packets,
        core: Core,
        box: list[Any],
        damage: Damage,
        demuxer: DemuxerCore,
    ) -> Iterator[None]:
        self._decoding = Decoding(packets, core, box, damage, demuxer, self._waits)
        return self._decoding.steps()

    def take(self) -> AVFrame | None:
        """Return the next frame, None at the end; raises what `Decoding` does."""
        if self._held:
            self.last = self._taken = native.timestamp(self._held[-1])
            return self._held.pop()
        self._busy = True
        try:
            for _ in self._steps:
                timestamp = native.timestamp(self._box[0])
                if self._after is not None and timestamp <= self._after:
                    self._box.clear()
                    continue
                self.last = self._taken = timestamp
                self._after = None
                return self._box.pop()  # type: ignore[no-any-return]
            return None
        finally:
            self._busy = False
            if self._dropped:
                self._close()

    def put_back(self, ptr: AVFrame) -> None:
        """Give the last frame back, which `take` returns next."""
        self._held.append(ptr)
        self.last, self._taken = native.timestamp(ptr) - 1, None

    def chunks(self) -> list[tuple[AVPacket, int]]:
        """Return what of the input has given no frame that was taken, in decoding order."""
        if self._decoding is None:
            return []
        if self._taken is not None:
            self._decoding.sent.came(self._taken)
        return self._decoding.rest()

    def drop(self) -> None:
        """Close the decoder: now, or as soon as nobody is in it."""
        self._dropped = True
        if not self._busy:
            self._close()

    def _close(self) -> None:
        self._held.clear()
        self._box.clear()
        self._steps.close()
        self._core.close()


def _packets(back: deque[tuple[AVPacket, int]], demuxer: DemuxerCore, damage: Damage) -> Packets:
    while back:
        yield back.popleft()
    yield from packets_of(demuxer, None, damage=damage)


class Position:
    """Where reading goes on; its owner locks.

    Attributes
    ----------
    demuxer : DemuxerCore
    back : deque of (AVPacket, int)
        Packets that were read ahead and come again, with their times.
    after : int or None
        Frames up to this time were taken already, from a decoder that is gone.
    broken : bool
        A chunk that the next ones may refer to was damaged.
    kept : KeptDecoder or None
    """

    __slots__ = ("_fresh", "_run", "after", "back", "broken", "demuxer", "kept")

    def __init__(self, demuxer: DemuxerCore) -> None:
        self.demuxer = demuxer
        self.back: deque[tuple[AVPacket, int]] = deque()
        self.after: int | None = None
        self.broken = False
        self.kept: KeptDecoder | None = None
        self._fresh = True  # nothing was read since the beginning, or a seek
        self._run = ChunkRun(demuxer)

    def moved(self) -> None:
        """Forget all that was read ahead: the demuxer is elsewhere."""
        self.drop()
        self.back.clear()
        self._fresh, self.broken, self.after = True, False, None

    def drop(self) -> None:
        """Close the decoder that is kept."""
        kept, self.kept = self.kept, None
        if kept is not None:
            kept.drop()
            self.demuxer.look_back()

    def decode(
        self,
        config: VideoDecoderConfig,
        damage: Damage,
        open_it: Callable[[], tuple[Core, ShapeCache]],
        start: int | None = None,
    ) -> KeptDecoder:
        """Return the decoder that is kept, or another one if that was for something else, or is not
        at `start`.
        """
        if start is not None:
            self.demuxer.seek(start, decodes=True)
            self.moved()
        kept = self.kept
        if kept is not None and kept.config != config:
            self._begin_again()
            kept = None
        if kept is None:
            opened = open_it()
            try:
                if self.after is not None:
                    start = self.after
                    self.back.clear()
                    self.demuxer.seek(start, decodes=True)
                kept = self.kept = KeptDecoder(self, opened, config, damage, start)
            except BaseException:
                opened[0].close()
                raise
            self.broken, self.after = False, None
        elif kept.damage is not damage:
            kept.damage.follow(damage)
        return kept

    def take(self) -> AVFrame | None:
        """Return the next frame of the decoder that is kept, None at the end.

        Damage lets go of the decoder: what comes after the damaged chunk is read next.
        """
        kept = self.kept
        if kept is None:
            return None
        self._fresh = False
        try:
            ptr = kept.take()
        except DAMAGE:
            if self.kept is kept:  # no other thread has closed it
                self.broken = True
                self._give_back()
            raise
        except BaseException:
            if self.kept is kept:
                self._begin_again()  # an interrupt, which may have lost something
            raise
        if ptr is None:
            self.drop()
        return ptr

    def put_back(self, ptr: AVFrame) -> None:
        """Give back the last frame that was taken."""
        if self.kept is not None:
            self.kept.put_back(ptr)

    def _give_back(self) -> None:
        kept = self.kept
        if kept is not None:
            self.back.extendleft(reversed(kept.chunks()))
            self.drop()

    def _begin_again(self) -> None:
        """Let go of the decoder so that another one goes on behind the last frame."""
        kept = self.kept
        if kept is None:
            return
        self.after = kept.last
        self._give_back()

    def read_ahead(self) -> None:
        """Read several of the next packets, once it is clear that they follow each other."""
        if self.kept is None and not self.back and not self._fresh:
            self._run.fill()

    def next_plain(self) -> tuple[Any, int] | None:
        """Return the next packet, of the pump's, if `next` has nothing else to do for it; of any
        thread.
        """
        if self.kept is not None or self.back or self.after is not None or not self.broken:
            return None
        return self._run.take()

    def next(self) -> tuple[AVPacket, int] | None:
        """Return the next packet, which is the caller's, and its time; None at the end.

        The packets of frames that were read ahead come again.
        """
        self._fresh, self.after = False, None
        self.broken = True  # a decoder that begins behind it waits for a key packet
        self._give_back()
        if self.back:
            return self.back.popleft()
        ptr = packet.allocate()
        try:
            if not self.demuxer.read(ptr):
                return None
        except BaseException as error:
            del ptr  # nor does the error keep it
            averror.let_go(error)
            raise
        return ptr, self.demuxer.timestamp

    def next_from_key(self) -> tuple[AVPacket, int] | None:
        """Return the next packet as `next` does; the first one is a key packet.

        Raises
        ------
        EncodingError
            There are others only.
        """
        if not self._fresh:
            return self.next()
        passed = 0
        while (found := self.next()) is not None:
            if packet.is_key(found[0]):
                return found
            passed += 1
        if not passed:
            return None
        raise EncodingError(
            f"none of the {passed} chunks of {self.demuxer.shown} is a key chunk, where decoding "
            "could begin; chunks(all=True) gives them"
        )
