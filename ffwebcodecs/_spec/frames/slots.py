"""Slots of shared memory: what lies where in one, and what a ticket says.

A slot is a header, which two processes write, what is said of its frame, and the pixels. Everything
in the header is read and written by whoever holds the slot's lock; without the lock it is a hint.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from .layout import ComputedLayout, compute_layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .formats import PixelFormat

ALIGN = 64  # of rows: the widest SIMD register
SAID_AT = 256  # of what is said of the frame, in bytes from the slot's start
TAKEN_AT = 128  # who has opened the slot last
BESIDE_ROOM = 1024  # of what a picture says besides its pixels; it may take other free room too
_SAID_OF_FRAME = 512  # bytes that everything but the metadata takes, at most
_MAGIC = b"ffwcslt1"

_HEADER = struct.Struct("<8s16sQdQIIIIQ")
_TAKEN = struct.Struct("<QIIQd")
_TICKET = struct.Struct("<BIIIIQ16sQQ")
_VERSION = 1


class SlotHeader(NamedTuple):
    """What the owner of a block writes."""

    token: bytes
    """Of the block: 16 random bytes, so that no other memory is taken for it."""
    generation: int
    """How many frames were put there."""
    deadline: float
    """By the machine's monotonic clock, after which nobody may open it any more. 0: the frame is
    not there yet.
    """
    size: int
    """Of the slot, in bytes."""
    pixels: int
    """Where they begin, in bytes from the slot's start."""
    said: int
    """How many bytes are said of the frame, at `SAID_AT`."""
    slot: int
    bell: int
    """Descriptor, of the owner, of the pipe into which a byte goes when a slot returns."""
    bell_inode: int

    def to_bytes(self) -> bytes:
        """Return what stands at the slot's start."""
        return _HEADER.pack(_MAGIC, *self)

    @classmethod
    def parse(cls, data: bytes) -> SlotHeader | None:
        """Return what stands at the slot's start, None if it is no slot."""
        if len(data) < _HEADER.size:
            return None
        magic, *members = _HEADER.unpack_from(data)
        return cls(*members) if magic == _MAGIC else None


class Taken(NamedTuple):
    """What the last process writes that has opened the slot."""

    generation: int
    pid: int
    started: int
    """When the process did, in the kernel's ticks: numbers of processes come again."""
    time: float
    """When it has opened it, by the machine's monotonic clock."""

    def to_bytes(self) -> bytes:
        """Return what stands at `TAKEN_AT`."""
        return _TAKEN.pack(self.generation, self.pid, 0, self.started, self.time)

    @classmethod
    def parse(cls, data: bytes, offset: int = 0) -> Taken:
        """Return what stands at `offset`."""
        generation, pid, _, started, time = _TAKEN.unpack_from(data, offset)
        return cls(generation, pid, started, time)


def signed(token: bytes, offset: int, generation: int) -> bytes:
    """Return what a ticket for a frame carries in place of the block's token, so that a damaged one
    does not open another slot.
    """
    from hashlib import blake2b

    return blake2b(b"%s%d %d" % (token, offset, generation), digest_size=16).digest()


def taken_of(header: bytes) -> Taken:
    """Return who has opened a slot, of its first `SAID_AT` bytes."""
    return Taken.parse(header, TAKEN_AT)


class TicketText(NamedTuple):
    """What a ticket says: where the block is, which slot, and which of its frames."""

    machine: int
    """A checksum of which boot of which machine it is for."""
    namespace: int
    """A checksum of the kernel's, within which numbers of processes and times hold."""
    pid: int
    """The owner of the block."""
    descriptor: int
    """The owner's, of the block."""
    inode: int
    token: bytes
    """Of the block and this frame: `signed`."""
    offset: int
    """Of the slot, in bytes."""
    generation: int

    def to_text(self) -> str:
        """Return it as letters, digits, ``-`` and ``_``."""
        return urlsafe_b64encode(_TICKET.pack(_VERSION, *self)).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> TicketText:
        """Return what a text says; ValueError if it is none that `to_text` makes."""
        try:
            data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            version, *members = _TICKET.unpack(data)
        except (ValueError, struct.error):
            raise ValueError("it is not whole, or something else") from None
        if version != _VERSION:
            raise ValueError(f"its version is {version}, this package knows version {_VERSION}")
        ticket = cls(*members)
        if ticket.to_text() != text:
            raise ValueError("there is something in it that is no part of a ticket")
        return ticket


class SlotSizes(NamedTuple):
    """How large the parts of each slot are, in bytes."""

    said: int
    """Room for what is said of a frame; `BESIDE_ROOM` follows."""
    pixels: int
    """Where pixels begin."""
    slot: int

    @classmethod
    def compute(
        cls, fmt: PixelFormat, width: int, height: int, metadata: int, page: int
    ) -> SlotSizes:
        """Return the sizes for frames up to `width` by `height` with `metadata` bytes of metadata.
        A slot is whole pages, for it is mapped alone.
        """
        said = _SAID_OF_FRAME + metadata
        pixels = _up(SAID_AT + said + BESIDE_ROOM, ALIGN)
        # SIMD may read up to a register beyond the last row.
        end = pixels + aligned_layout(fmt, width, height).size + ALIGN
        return cls(said, pixels, _up(end, page))


def aligned_layout(fmt: PixelFormat, width: int, height: int) -> ComputedLayout:
    """Return where planes lie whose rows all begin at multiples of `ALIGN`."""
    tight = compute_layout(fmt, width, height)
    if not any(row % ALIGN for row in tight.row_bytes):
        return tight
    planes, end = [], 0
    for row, rows in zip(tight.row_bytes, tight.rows, strict=True):
        stride = _up(row, ALIGN)
        planes.append((end, stride))
        end += stride * rows
    return compute_layout(fmt, width, height, planes)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step
