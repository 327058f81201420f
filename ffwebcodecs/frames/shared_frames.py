"""SharedFrames: frames in memory that the processes of one machine share."""

from __future__ import annotations

import os
import warnings
from math import inf, isfinite
from typing import Any

from .._av import forked
from .._av.frames import frame as native
from .._av.frames import shared_memory as memory
from .._av.frames.picture import Picture
from .._public import public
from .._runtime import memory as memory_of_process
from .._runtime.closing import Closable, only_once
from .._spec.frames.formats import get_format
from .._spec.frames.rect import Rect
from .._spec.frames.slots import BESIDE_ROOM, SAID_AT, SlotSizes, TicketText, aligned_layout, signed
from .._spec.numbers import show, to_dimension, to_integer
from .._spec.types import VideoPixelFormat
from ..errors import (
    FramePoolWarning,
    InvalidArgumentError,
    NotSupportedError,
    QuotaExceededError,
)
from ._copy import Destination, Source, copy_pixels, destination_layout
from ._shape import FrameShape
from ._slot_contents import describe, describe_beside
from ._slot_table import Filling, SlotTable
from .frame_ticket import FrameTicket
from .video_frame import VideoFrame

_LOOK = 0.05  # seconds from look to look: who is killed rings no bell
_STALL = 5.0  # seconds after which it says that it waits
_MOST_METADATA = 1 << 30


@public
class SharedFrames(Closable):
    """Slots for frames in one block of memory that the processes of this machine share.

    `put` copies a frame into a free slot and gives a small ticket, which you send as you like;
    `open_shared` makes a frame of the ticket in another process, over the same memory. The slot
    comes back when the last holder of that frame's pixels is gone: closed, collected, or killed.
    Only the process that makes it puts frames; any thread of it may.

    Parameters
    ----------
    slots : int
        How many frames may be on their way or open at once.
    width, height : int
        The largest frame, in pixels of its visible part.
    format : str
        What is stored: a VideoPixelFormat, or ``"RGB"``, ``"BGR"``, ``"GRAY8"``, ``"RGB48"``,
        ``"RGBA64"``, ``"GRAY16"``. Frames of another format are converted, as by
        `VideoFrame.copy_to`.
    ticket_timeout : float or None, optional
        Seconds after which a ticket that nobody has opened ends, and its slot comes back. None:
        never.
    metadata_size : int, optional
        Most bytes that the metadata of a frame may take, pickled.

    Raises
    ------
    InvalidArgumentError
        A number is out of range, or the format is unknown.
    NotSupportedError
        The system is not Linux, has no /proc, or libswscale has no such format.
    MemoryError
        The block does not fit into memory; all of it is taken at once.

    Examples
    --------
    >>> with SharedFrames(4, 1920, 1080, "I420") as shared:
    ...     ticket = shared.put(frame)              # to a worker, through any queue
    ...     with open_shared(ticket) as shown:      # there
    ...         array = shown.planes[0].to_ndarray()
    ...         shown.timestamp == frame.timestamp
    True
    """

    __slots__ = (
        "__weakref__",
        "_format",
        "_has_told",
        "_height",
        "_pid",
        "_place",
        "_sizes",
        "_slots",
        "_table",
        "_ticket_timeout",
        "_width",
    )

    _instead = "send the tickets that put() gives; another process opens them with open_shared()"

    def __init__(
        self,
        slots: int,
        width: int,
        height: int,
        format: VideoPixelFormat,
        *,
        ticket_timeout: float | None = 60.0,
        metadata_size: int = 4096,
    ) -> None:
        only_once(self, "_slots")
        fmt = get_format(format)
        width, height = to_dimension(width, "width"), to_dimension(height, "height")
        metadata = _from_to(metadata_size, "metadata_size", 0, _MOST_METADATA)
        count = _from_to(slots, "slots", 1, 1 << 20)
        self._ticket_timeout = _seconds(ticket_timeout, "ticket_timeout")
        self._format, self._width, self._height = fmt, width, height
        memory.require()
        self._sizes = SlotSizes.compute(fmt, width, height, metadata, memory.page_size())
        self._place = memory.place()
        self._pid = os.getpid()
        self._table = SlotTable(count, self._sizes.slot)
        self._slots = count
        self._has_told = False
        forked.watch(self)
        memory_of_process.watch(self)

    def _after_fork(self) -> None:
        self._table.after_fork()

    # ---- for `memory_report`: a `MemoryHolder` that drops nothing --------------------------------

    _memory_kind = "shared frames"
    _memory_is_cache = False

    def _memory_held(self) -> int:
        return 0 if self.closed else self._slots * self._sizes.slot

    def _memory_oldest(self) -> None:
        return None

    def _memory_drop(self) -> bool:
        return False

    # ---- putting ---------------------------------------------------------------------------------

    def put(self, frame: VideoFrame, timeout: float | None = None) -> FrameTicket:
        """Copy a frame into a free slot, and return the ticket for it.

        Waits while there is none, and says so with a `FramePoolWarning` after five seconds. The
        visible part is stored, with time, duration, display size, rotation, flip, colours, metadata
        and what a decoder says beside the pixels (HDR metadata, captions); a UserWarning names what
        of that has no room. The GIL is released while it is copied.

        Parameters
        ----------
        frame : VideoFrame
            Borrowed; it stays open, and yours to close.
        timeout : float, optional
            Most seconds to wait for a free slot, 0: do not wait; default: for as long as it takes.

        Returns
        -------
        FrameTicket
            Opens once, with `open_shared`, in any process of the machine.

        Raises
        ------
        InvalidStateError
            The frame, or this, is closed; or this belongs to the process that it was forked from.
        QuotaExceededError
            No slot came back in time; it says who holds them. Or the metadata is too large.
        InvalidArgumentError
            `frame` is no VideoFrame, or larger than a slot.
        NotSupportedError
            libswscale cannot convert it to the format of the slots.
        DataCloneError
            The frame's metadata cannot be pickled.
        """
        if not isinstance(frame, VideoFrame):
            raise InvalidArgumentError(f"put takes a VideoFrame, got {show(frame)}")
        limit = _seconds(timeout, "timeout")
        self._require_own()
        shape, metadata = frame._shape, frame._metadata
        picture = frame._open_picture()
        region, wanted, _ = destination_layout(shape, None, None, self._format.name, None)
        if region.width > self._width or region.height > self._height:
            raise InvalidArgumentError(
                f"the frame at {frame.timestamp} us is {region.width}x{region.height}, a slot "
                f"holds up to {self._width}x{self._height}"
            )
        if not wanted.plain and wanted.format.ffmpeg is None:
            raise NotSupportedError(f"libswscale has no {wanted.format.name}: put such frames only")
        said = self._describe(frame, picture, shape, region, wanted, metadata)
        where = aligned_layout(wanted.format, region.width, region.height)
        filling = self._wait_for_slot(limit)
        table, pixels = self._table, self._sizes.pixels
        try:
            target = table.block.pixels + (filling.offset + pixels)
            copy_pixels(Source(picture.ptr, shape, region), wanted, where, target)
            table.block.write(said, filling.offset + SAID_AT)
            ticket = self._ticket(filling)
            table.offer(filling, pixels, len(said), self._ticket_timeout)
        finally:
            table.leave(filling)
        return ticket

    def _describe(
        self,
        frame: VideoFrame,
        picture: Picture,
        shape: FrameShape,
        region: Rect,
        wanted: Destination,
        metadata: dict[str, Any] | None,
    ) -> bytes:
        first, room = native.first_field(picture.ptr), self._sizes.said
        time, duration = frame.timestamp, frame.duration
        said, extra = describe(shape, region, wanted, time, duration, first, metadata)
        if len(said) > room:
            raise QuotaExceededError(
                f"the metadata of the frame at {time} us takes {extra} bytes, a slot "
                f"has room for {room - len(said) + extra}: raise metadata_size"
            )
        room += BESIDE_ROOM - len(said)
        beside, left_out = describe_beside(picture.ptr, shape, wanted, room)
        if left_out and not self._has_told:
            self._has_told = True
            warnings.warn(
                f"the frame at {time} us says more besides its pixels than a slot has room for, "
                f"and leaves behind: {left_out}; raise metadata_size (this is said once)",
                UserWarning,
                stacklevel=3,
            )
        return said + beside

    def _ticket(self, filling: Filling) -> FrameTicket:
        block = self._table.block
        parts = TicketText(
            *self._place,
            self._pid,
            block.descriptor,
            block.inode,
            signed(self._table.token, filling.offset, filling.generation),
            filling.offset,
            filling.generation,
        )
        return FrameTicket(parts.to_text())

    def _wait_for_slot(self, limit: float | None) -> Filling:
        table = self._table
        filling = table.take()
        if filling is not None:
            return filling
        begun = memory.now()
        end = inf if limit is None else begun + limit
        warn_at = begun + _STALL
        while filling is None:
            now = memory.now()
            if now >= end:
                raise QuotaExceededError(self._stalled(now - begun))
            if now >= warn_at:
                warn_at = inf
                warnings.warn(self._stalled(now - begun), FramePoolWarning, stacklevel=3)
            table.sleep(min(_LOOK, end - now))
            filling = table.take()
        return filling

    def _stalled(self, seconds: float) -> str:
        return (
            f"no slot of {self._slots} came back in {seconds:.1f} s: {self._table.holders()}. "
            "Close frames sooner, or make more slots"
        )

    def wait(self, timeout: float | None = None) -> None:
        """Wait until all slots are free: each ticket was opened, or is too old, and each frame is
        closed.

        Call it before `close`, for tickets that are not opened by then cannot be opened any more.

        Parameters
        ----------
        timeout : float, optional
            Most seconds; default: for as long as it takes.

        Raises
        ------
        InvalidStateError
            This is closed, or belongs to the process that it was forked from.
        QuotaExceededError
            They are not free in time; it says who holds them.
        """
        limit = _seconds(timeout, "timeout")
        begun = memory.now()
        end = inf if limit is None else begun + limit
        while self.free_slots < self._slots:
            now = memory.now()
            if now >= end:
                raise QuotaExceededError(self._stalled(now - begun))
            self._table.sleep(min(_LOOK, end - now))

    # ---- what it is ------------------------------------------------------------------------------

    @property
    def slots(self) -> int:
        """How many frames may be on their way or open at once."""
        return self._slots

    @property
    def free_slots(self) -> int:
        """How many slots a frame could be put into now without waiting.

        Raises
        ------
        InvalidStateError
            This is closed, or belongs to the process that it was forked from.
        """
        self._require_own()
        return self._table.count_free()

    @property
    def width(self) -> int:
        """Most pixels in a row."""
        return self._width

    @property
    def height(self) -> int:
        """Most rows of pixels."""
        return self._height

    @property
    def format(self) -> str:
        """Pixel format of what is stored."""
        return self._format.name

    @property
    def ticket_timeout(self) -> float | None:
        """Seconds after which a ticket that nobody has opened ends; None: never."""
        return self._ticket_timeout

    # ---- lifetime --------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._table.closed

    def _require_own(self) -> None:
        if os.getpid() != self._pid:
            raise forked.inherited("the SharedFrames")
        self._table.require_open()

    def close(self) -> None:
        """End it: nothing is put any more, and no ticket opens. Twice is fine.

        Frames that are open stay as they are, in whatever process. Memory that nobody holds goes
        back to the system at once, the rest with its holders. In a fork of the process that made
        it, it is closed from the start, and this does nothing.
        """
        self._table.close()

    def __repr__(self) -> str:
        if self.closed:
            return "<SharedFrames closed>"
        return f"<SharedFrames {self._slots} x {self.format} {self._width}x{self._height}>"


def _from_to(value: Any, what: str, low: int, high: int) -> int:
    number = to_integer(value, what)
    if not low <= number <= high:
        raise InvalidArgumentError(f"{what} is {show(number)}, it must be from {low} to {high}")
    return number


def _seconds(value: Any, what: str) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if isinstance(value, (str, bytes)) or not isfinite(number) or number < 0:
        raise InvalidArgumentError(
            f"{what} is {show(value)}, it must be seconds from 0 on, or None"
        )
    return number
