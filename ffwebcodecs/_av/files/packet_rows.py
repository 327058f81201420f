"""What an index holds of the packets of one stream, and how it is noted: block by block where C
reads, batch by batch where Python does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._ffi import ffi
from ..._spec.files.packet_table import NOPTS
from ..._spec.files.reorder import MOST_DELAY
from ..codecs.picture_order import NO_NUMBER, PictureOrder

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..._ffi._types import AVPacket

    Rows = npt.NDArray[np.int64]
    Heads = npt.NDArray[np.uint8]
    Orders = npt.NDArray[np.int32]

COLUMNS = ("pts", "dts", "duration", "pos", "size", "flags")
"""Of a block's rows."""
HEAD = 31
"""Bytes of a packet that its head has; the last one of the packet follows."""
KEY_HEAD = 256
"""Bytes of a key packet, in which it says whether it is one at once."""
ORDERS = ("pict_type", "output_picture_number", "key_frame", "picture_structure")
"""What a parser says of each packet."""
_KEY = 1  # AV_PKT_FLAG_KEY
_data_of: Callable[[Any], Any] = attrgetter("data")


class Block(NamedTuple):
    """(packets, 6) numbers; (packets, 32) bytes if heads are wanted; (packets, 4) numbers if there
    is a parser.
    """

    rows: Rows
    heads: Heads
    orders: Orders


class PacketRows:
    """What is known of the packets of one stream.

    Parameters
    ----------
    index : int
        The stream's.
    wants_heads : bool
        The first bytes of its packets are wanted.
    ends_matter : bool
        Their last one too, where the first byte of the packet is one of `doubtful`.
    is_gradual : callable, optional
        Told the first bytes of a key packet, returns whether it is none.
    """

    __slots__ = (
        "_blocks",
        "_doubtful",
        "_heads",
        "_index",
        "_orders",
        "_singles",
        "_structs",
        "is_gradual",
        "order",
        "ordered_from",
        "wants_heads",
    )

    def __init__(
        self,
        index: int,
        *,
        wants_heads: bool,
        doubtful: bytes = b"",
        is_gradual: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._index = index
        self.wants_heads = wants_heads
        self._doubtful = doubtful
        self.is_gradual = is_gradual
        self.order: PictureOrder | None = None
        self.ordered_from = 0
        """The number of the first packet that `order` has seen."""
        self._blocks: list[Block] = []
        self._structs: list[bytes] = []
        self._singles: list[tuple[int, ...]] = []
        self._heads: list[bytes] = []
        self._orders: list[bytes] = []

    def begin_order(self, order: PictureOrder | None) -> None:
        """Have a parser look at all packets from now on."""
        self.settle()
        self.order, self.ordered_from = order, len(self)

    def __len__(self) -> int:
        self.settle()
        return sum(len(block.rows) for block in self._blocks)

    def add(self, rows: Rows, heads: Heads, keys: Heads, orders: Orders) -> None:
        """Copy a block; `keys` has the first bytes of each key packet in it."""
        self.settle()
        count, rows = len(rows), rows.copy()
        if self.is_gradual is not None:
            for number, head in zip(np.flatnonzero(rows[:, 5] & _KEY), keys, strict=False):
                if self.is_gradual(head.tobytes()):
                    rows[number, 5] &= ~_KEY
        has_order = self.order is not None
        self._blocks.append(
            Block(
                rows, heads[: count * self.wants_heads].copy(), orders[: count * has_order].copy()
            )
        )

    def note(self, ptr: AVPacket) -> None:
        """Note one packet, if it is of the stream."""
        if ptr.stream_index != self._index:
            return
        if self._structs:
            self.settle()
        flags = ptr.flags
        if flags & _KEY and self._is_gradual(ptr):
            flags &= ~_KEY
        self._singles.append((ptr.pts, ptr.dts, ptr.duration, ptr.pos, ptr.size, flags))
        if self.wants_heads:
            self._heads.append(_head(ptr))
        if self.order is not None:
            self.order.parse(ptr)
            self._orders.append(ffi.buffer(self.order.native[0])[:])

    def take(self, batch: Sequence[AVPacket], structs: bytes) -> None:
        """Note packets of any streams, given copies of their structs in one piece."""
        if self._singles:
            self.settle()
        kind = packet_struct()
        if self.is_gradual is not None and any(column(structs, "flags")):
            structs = self._without_gradual(batch, structs)
        self._structs.append(structs)
        if self.wants_heads:
            self._heads.append(self._heads_of(batch, structs))
        if self.order is not None:
            parse, view = self.order.parse, ffi.buffer(self.order.native[0])
            ours = np.frombuffer(structs, kind)["stream_index"] == self._index
            for ptr, is_ours in zip(batch, ours.tolist(), strict=True):
                if is_ours:
                    parse(ptr)
                self._orders.append(view[:])

    def _is_gradual(self, ptr: AVPacket) -> bool:
        if self.is_gradual is None or not ptr.size:
            return False
        return self.is_gradual(ffi.buffer(ptr.data, min(ptr.size, KEY_HEAD))[:])

    def _without_gradual(self, batch: Sequence[AVPacket], structs: bytes) -> bytes:
        """Take the mark of key packets that are none."""
        found = np.frombuffer(bytearray(structs), packet_struct())
        for number in np.flatnonzero(found["flags"] & _KEY).tolist():
            ptr = batch[number]
            if ptr.stream_index == self._index and self._is_gradual(ptr):
                found["flags"][number] &= ~_KEY
        return found.tobytes()

    def _heads_of(self, batch: Sequence[AVPacket], structs: bytes) -> bytes:
        """Return the first bytes of each packet, and its last one where it matters."""
        if not np.frombuffer(structs, packet_struct())["size"].all():  # one is nowhere
            return b"".join(map(_head, batch))
        # There are 64 bytes behind each packet that can be read too.
        heads = b"".join(map(ffi.buffer, map(_data_of, batch), repeat(HEAD + 1)))
        doubtful = self._doubtful
        if not doubtful:
            return heads
        patched = bytearray(heads)
        for number, first in enumerate(heads[:: HEAD + 1]):
            if first in doubtful:
                begin = number * (HEAD + 1)
                patched[begin : begin + HEAD + 1] = _head(batch[number])
        return bytes(patched)

    def settle(self) -> None:
        """Leave out of what was noted what nobody asks for, and other streams."""
        if not self._structs and not self._singles:
            return
        ours: Any = slice(None)
        if self._structs:
            structs = np.frombuffer(b"".join(self._structs), packet_struct())
            ours = structs["stream_index"] == self._index
            structs = structs[ours]
            rows = np.stack([structs[name].astype(np.int64) for name in COLUMNS], axis=1)
        else:
            rows = np.array(self._singles, np.int64)
        heads = np.frombuffer(b"".join(self._heads), np.uint8).reshape(-1, HEAD + 1)
        orders = np.empty((0, len(ORDERS)), np.int32)
        if self._orders:
            parsed = np.frombuffer(b"".join(self._orders), _parser_struct())
            orders = np.stack([parsed[name] for name in ORDERS], axis=1)
        for each in (self._structs, self._singles, self._heads, self._orders):
            each.clear()
        block = Block(rows, heads[ours] if len(heads) else heads, orders)
        self._blocks.append(block._replace(orders=orders[ours] if len(orders) else orders))

    def last(self) -> tuple[int, int] | None:
        """Return presentation time and duration of the last picture of the stream that is shown, of
        those that came, if any.
        """
        self.settle()
        for block in reversed(self._blocks):
            if len(block.rows):
                rows = block.rows[-MOST_DELAY - 1 :]
                row = rows[int(rows[:, 0].argmax())]
                return int(row[0]), int(row[2])
        return None

    def joined(self) -> Block:
        """Return all of it."""
        self.settle()
        blocks = [
            Block(
                np.empty((0, len(COLUMNS)), np.int64),
                np.empty((0, HEAD + 1), np.uint8),
                np.empty((0, len(ORDERS)), np.int32),
            ),
            *self._blocks,
        ]
        rows, heads, orders = zip(*blocks, strict=True)
        return Block(np.concatenate(rows), np.concatenate(heads), np.concatenate(orders))


def first_without_time(batch: Sequence[AVPacket], structs: bytes, index: int) -> int | None:
    """Return the number of the first packet of a stream that has no presentation time."""
    place = 7 if sys.byteorder == "little" else 0
    if 0x80 in column(structs, "pts", place):
        for number, ptr in enumerate(batch):
            if ptr.pts == NOPTS and ptr.stream_index == index:
                return number
    return None


def column(structs: bytes, name: str, place: int | None = None) -> bytes:
    """Return one byte of a field of each struct: the lowest one, or that at `place`."""
    kind = packet_struct()
    size, begin = kind.fields[name][:2]  # type: ignore[index]
    if place is None:
        place = 0 if sys.byteorder == "little" else size.itemsize - 1
    return structs[begin + place :: kind.itemsize]


@cache
def packet_struct() -> np.dtype[np.void]:
    """Return AVPacket, as far as it is declared, as numpy reads it."""
    return _struct("AVPacket **", (*COLUMNS, "stream_index"))


@cache
def _parser_struct() -> np.dtype[np.void]:
    return _struct("AVCodecParserContext **", ORDERS)


def _struct(pointer: str, names: Sequence[str]) -> np.dtype[np.void]:
    ctype = ffi.typeof(pointer).item.item
    fields = dict(ctype.fields)
    return np.dtype(
        {
            "names": list(names),
            "formats": [f"i{ffi.sizeof(fields[name].type)}" for name in names],
            "offsets": [ffi.offsetof(ctype, name) for name in names],
            "itemsize": ffi.sizeof(ctype),
        }
    )


def _head(ptr: AVPacket) -> bytes:
    """Return the first bytes of a packet and its last one."""
    size = ptr.size
    if not size:
        return bytes(HEAD + 1)
    first: bytes = ffi.buffer(ptr.data, min(size, HEAD))[:]
    last: bytes = ffi.buffer(ptr.data + (size - 1), 1)[:]
    return first.ljust(HEAD, b"\0") + last


def without_number(orders: Orders) -> Any:
    """Return of which packets a parser gave no number."""
    return orders[:, 1] == NO_NUMBER
