"""open_shared: the frame that a ticket stands for."""

from __future__ import annotations

import os
import time

from .._av import averror
from .._av.frames import carried
from .._av.frames import frame as native
from .._av.frames import shared_memory as memory
from .._av.frames.picture import Picture
from .._public import public
from .._spec.frames.color import codes_of
from .._spec.frames.color_space import members_of
from .._spec.frames.slots import (
    SAID_AT,
    TAKEN_AT,
    SlotHeader,
    Taken,
    TicketText,
    aligned_layout,
    signed,
    taken_of,
)
from .._spec.numbers import show
from ..errors import InvalidArgumentError, InvalidStateError
from ._slot_contents import understand
from ._state import warn_of_another_release
from .frame_ticket import FrameTicket
from .video_frame import VideoFrame

_PATIENCE = 10.0  # seconds, with somebody who holds the lock for microseconds if it runs at all


@public
def open_shared(ticket: FrameTicket) -> VideoFrame:
    """Open the frame that `SharedFrames.put` gave this ticket for, in any process of the machine.

    The frame lies over the shared memory: nothing is copied. Its slot is held until the last holder
    of the pixels is gone: the frame and its clones are closed, and views of them dropped; or the
    process has ended, however. A process that is forked meanwhile holds it as well.

    Parameters
    ----------
    ticket : FrameTicket
        Used up by this: it opens once.

    Returns
    -------
    VideoFrame
        Yours to close. Takes two descriptors while it is open.

    Raises
    ------
    InvalidStateError
        The ticket was opened already, or too late (`ticket_timeout`); or the SharedFrames is
        closed, its process has ended, is another user's, or ran on another machine. It is never
        another picture.
    InvalidArgumentError
        `ticket` is no FrameTicket.
    NotSupportedError
        This system is not Linux.
    OSError
        This process has no descriptors left. The ticket is still good.
    """
    if not isinstance(ticket, FrameTicket):
        raise InvalidArgumentError(f"open_shared takes a FrameTicket, got {show(ticket)}")
    memory.require()
    parts = ticket._parts
    if (parts.machine, parts.namespace) != memory.place():
        raise InvalidStateError(
            "the frame lies in another machine's memory, or another container's, or this machine "
            "was started again since; send the frame itself, or a reference"
        )
    try:
        return _open(parts)
    except BaseException as error:
        averror.let_go(error)  # its traceback would hold the slot
        raise


def _open(parts: TicketText) -> VideoFrame:
    opened = memory.OpenedSlot(parts.pid, parts.descriptor, parts.inode, parts.offset)
    header = _check(opened, parts)
    opened.map(header.size, header.bell, header.bell_inode)
    _take(opened, parts)
    said = opened.read(header.said, SAID_AT)
    exported = opened.export()
    timestamp, duration, shape, first_field, metadata, (beside, lost) = understand(said)
    if lost:
        warn_of_another_release(carried.names(lost), timestamp, 3)
    fmt = shape.format
    assert fmt is not None
    where = aligned_layout(fmt, shape.coded_width, shape.coded_height)
    ptr = native.wrap(
        exported,
        header.size,
        fmt.ffmpeg,
        shape.coded_width,
        shape.coded_height,
        [(header.pixels + offset, stride) for offset, stride in where.planes],
    )
    members = members_of(shape.color_space)
    native.tag(ptr, timestamp, *codes_of(*members[:3]), members[3])
    native.set_first_field(ptr, first_field)
    carried.give(ptr, beside)
    frame = VideoFrame._from_native(Picture(ptr), shape, timestamp, duration, True)
    frame._metadata = metadata
    return frame


def _take(opened: memory.OpenedSlot, parts: TicketText) -> None:
    """Lock the slot for good, and write who has taken it, if the ticket is still good then."""
    give_up = None
    while not opened.lock():
        _check(opened, parts)
        # It is good: somebody with an old ticket for this slot is finding that out, or with another
        # copy of this one is about to open it.
        now = time.monotonic()
        give_up = give_up or now + _PATIENCE
        if now > give_up:
            raise InvalidStateError("another process stands still while it opens this ticket")
        time.sleep(0.0005)
    _check(opened, parts)
    pid = os.getpid()
    taken = Taken(parts.generation, pid, memory.own_start(pid), memory.now())
    opened.write(taken.to_bytes(), TAKEN_AT)


def _check(opened: memory.OpenedSlot, parts: TicketText) -> SlotHeader:
    """Return the slot's header; raise InvalidStateError if the ticket does not open it."""
    data = opened.read(SAID_AT)
    header = SlotHeader.parse(data)
    if header is None or signed(header.token, parts.offset, parts.generation) != parts.token:
        raise memory.gone(parts.pid)
    if header.generation < parts.generation:
        raise InvalidStateError("the SharedFrames has not put the frame of this ticket anywhere")
    if header.generation > parts.generation:
        raise InvalidStateError(
            f"the ticket is too old: slot {header.slot} holds another frame since, for the ticket "
            "was opened before, or not in time (ticket_timeout)"
        )
    taken = taken_of(data)
    if taken.generation == parts.generation:
        by = "this process" if taken.pid == os.getpid() else f"process {taken.pid}"
        raise InvalidStateError(
            f"the ticket was opened before, by {by}: a ticket opens once; clone the frame, or put "
            "it again"
        )
    if memory.now() > header.deadline:
        late = memory.now() - header.deadline
        raise InvalidStateError(
            f"the ticket is opened {late:.1f} s too late (ticket_timeout of SharedFrames): its "
            "slot is free for another frame"
        )
    return header
