"""Pictures of a file, several read and decoded in one call of the pump, without the GIL, or in few
steps of Python.

For as long as all is plain: packets with their times and nothing beside them, frames with a time of
their own that say nothing of how they are turned. What is not plain, and what goes wrong, is left
to Python at the point reached, with all noted that the loop of Python would have noted; a packet
that is not plain is put back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .. import forked, pump
from ..codecs.pumped_decoder import PumpedDecoder, pumped_decoder
from .foreseen import PumpedUpcoming
from .frame_loop import frame_loop

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket
    from .demux import DemuxerCore

    # Picture, time, length and whether it may look other than the one before, the last one first.
    Rows = list[tuple[Any, int, int, bool]]

# What a call has come to, as `pump/video.c` numbers it.
_READ_FAILED, _SEND_FAILED, _RECEIVE_FAILED, _GIVEN = 1, 3, 4, 5
_MOST = 8  # frames a call; more gain nothing
# In the frames of a call, about: of large ones, which take memory, each has a call of its own.
_PIXELS = 1 << 18
_FAR = 1 << 62


class Numbers(Protocol):
    """Packets that are known by number."""

    def tell(self) -> tuple[int, int, int, int] | None:
        """Return the number of the packet that comes next, where to stop before, the address of
        how many bytes each has, and that of when each is to be shown, 0: as its number; None if
        that is not known.
        """

    def note(self, count: int) -> None:
        """Say how many have been sent since."""


class FrameRun:
    """Reads and decodes plain pictures; the driver of a decoder asks it after the first frame.

    Parameters
    ----------
    demuxer : DemuxerCore
    core : Core
        The decoder of its video.
    divert : callable, optional
        Called with stream index and packet of every other stream that is read.
    start, stop : int, optional
        Frames before are not wanted, nor what comes behind the first one from `stop` on.
    numbers : Numbers, optional
        What is known of each packet by its number.
    """

    __slots__ = (
        *("_after", "_core", "_demuxer", "_decoder", "_divert", "_failure", "_is_plain", "_is_wet"),
        *("__weakref__", "_numbers", "_others", "_room", "_rows", "_run", "_span", "_taken"),
        "_out",
    )

    def __init__(
        self,
        demuxer: DemuxerCore,
        core: Any,
        divert: Callable[[int, AVPacket], object] | None = None,
        start: int | None = None,
        stop: int | None = None,
        numbers: Numbers | None = None,
    ) -> None:
        self._demuxer, self._core, self._divert = demuxer, core, divert
        self._numbers = numbers
        self._span = (-_FAR if start is None else start, _FAR if stop is None else stop)
        self._run: Any = None
        self._decoder: PumpedDecoder | None = None
        self.begin()
        forked.watch(self)

    def _after_fork(self) -> None:
        # What the parent has decoded ahead, the child has not asked for: it is told so at once.
        self._out.clear()
        self.begin()
        self._is_wet = True  # so the decoder is asked, which says whose it is

    def begin(self) -> None:
        """Begin with a decoder that has forgotten all."""
        self._rows: Rows = []
        self._out: Rows = []  # those that were given last, as far as nobody has taken them
        self._others: list[tuple[Any, int]] = []
        self._taken = 0  # of the rows, as many as came before a packet of another stream
        self._after: Any = None  # a frame that is not plain
        self._failure: int | None = None  # what the decoder said
        self._is_plain = False  # the loop of Python does it
        self._is_wet = False
        self._room = 1  # the next time; whoever wants one frame is not to wait for many
        self._decoder = None

    @property
    def is_pending(self) -> bool:
        """Whether `step` may give something without a further packet."""
        kept = self._rows or self._others or self._is_wet
        return bool(kept) or self._after is not None or self._failure is not None

    def step(self, box: list[Any]) -> bool:
        """Put what comes next into the box: rows of frames, or a frame that is not plain; return
        False if Python is to go on with the next packet.

        Raises
        ------
        EncodingError
            As `DecoderCore`.
        """
        while True:
            while self._others and self._others[0][1] == self._taken:
                self._give_away()
            if self._rows:
                self._out = rows = self._next_rows()
                box.append(rows)
                return True
            if self._after is not None or self._failure is not None:
                return self._what_is_not_plain(box)
            if not self._go():
                return self._received(box)

    def _give_away(self) -> None:
        found = self._others.pop(0)[0].ptr
        assert self._divert is not None
        self._divert(found.stream_index, found)

    def _next_rows(self) -> Rows:
        """Return the rows before which no packet of another stream came that was not given."""
        rows = self._rows
        if not self._others:
            self._rows = []
            return rows
        count = self._others[0][1] - self._taken
        self._taken += count
        found = rows[len(rows) - count :]
        del rows[len(rows) - count :]
        return found

    def _what_is_not_plain(self, box: list[Any]) -> bool:
        decoder = self._decoder
        assert decoder is not None
        code, self._failure = self._failure, None
        if code is not None:
            raise decoder.error(code)
        found, self._after = self._after, None
        box.append(decoder.accept(found.ptr))
        return True

    def _received(self, box: list[Any]) -> bool:
        """Receive as the loop of Python does, where the decoder may have frames of what the pump
        has sent.
        """
        if not self._is_wet:
            return False
        ptr = self._core.receive()
        self._is_wet = ptr is not None
        if self._run is not None:
            self._run.set_wet(self._is_wet)
        if ptr is not None:
            box.append(ptr)
        return self._is_wet

    def _go(self) -> bool:
        """Read and decode on; return False if that is not to be done in one call."""
        decoder = self._decoder
        if decoder is None and not self._is_possible():
            return False
        decoder, demuxer = self._decoder, self._demuxer
        assert decoder is not None
        context, codec = demuxer.video_context(), decoder.context()
        if context is None or codec is None:
            return False
        told = None
        if self._numbers is not None:
            told = None if self._is_plain else self._numbers.tell()
            if told is None:
                return False
        room = self._room
        self._room = min(2 * room, _MOST)
        upcoming: Any = demuxer._upcoming
        where: tuple[Any, Any] = context, codec
        if not self._is_plain:
            where = pump.number(context), pump.number(codec)
            upcoming = upcoming.times if isinstance(upcoming, PumpedUpcoming) else None
        reached, code, rows, sent, given, heads, others, rest, wet, came = self._run.go(
            *where, upcoming, room, decoder.latest, demuxer._latest, told
        )
        self._is_wet = bool(wet)
        self._rows, self._others, self._taken = rows, others, 0
        decoder.passed(sent, given, heads, came[6])
        is_packet = rest is not None and reached != _GIVEN
        demuxer.has_read_video(
            came[:3],
            came[3:6],
            code if reached == _READ_FAILED else 0,
            rest.ptr if is_packet else None,
        )
        if self._numbers is not None:
            self._numbers.note(came[0])
        if reached == _GIVEN:
            self._after = rest
        elif reached in (_SEND_FAILED, _RECEIVE_FAILED):
            self._failure = code
        return True

    def _is_possible(self) -> bool:
        self._decoder = decoder = pumped_decoder(self._core)
        if decoder is None:
            return False
        demuxer, (start, stop) = self._demuxer, self._span
        info = demuxer.info
        plan = (
            *(info.index, *info.time_base, demuxer._step, min(decoder.most, _FAR)),
            *(decoder.watched, start, stop, demuxer._hides, self._divert is not None),
            *(pump.TIME, _PIXELS),
        )
        self._run = pump.video_run(plan)
        self._is_plain = self._run is None
        if self._run is None:
            self._run = frame_loop(plan, decoder.gives_one)
        if self._run is None:
            self._decoder = None
        return self._run is not None
