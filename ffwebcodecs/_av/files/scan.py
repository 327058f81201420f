"""All packets of a video stream as columns, without a Python object for each.

Nothing is decoded. Where libavformat need not wait for anybody, the extension reads many packets in
one call, without the GIL; in ABI mode, and where something may have to be waited for, a few dozen
packets are filled one after the other by iterators of C, and copied as the structs that they are.
Either way Python hears signals often, and what came before an error is kept.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from itertools import repeat
from operator import attrgetter, getitem
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._ffi import avcodec, avformat, ffi
from ..._spec.files.packet_table import CORRUPT, DISCARD, KEY, PacketTable
from ...errors import NotSupportedError
from .. import averror
from ..codecs import packet

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ..._ffi._types import AVFormatContext, AVPacket
    from .demux import DemuxerCore

    Rows = npt.NDArray[np.int64]
    Heads = npt.NDArray[np.uint8]
    Structs = npt.NDArray[np.void]

_COLUMNS = ("pts", "dts", "duration", "pos", "size", "flags")
_FIELDS = {*_COLUMNS, "stream_index"}
_HEAD = 31  # bytes of a packet, and its last one
_BYTES = 1 << 24  # to read between two signals
_HELD = 1 << 20  # bytes of packets to hold at once
_FEWEST, _MOST = 4, 128  # packets to hold at once
_MANY = 2048  # packets to read without the GIL
_BLOCKS = 32  # of structs, before they are made smaller


def scan(core: DemuxerCore) -> PacketTable:
    """Read all that is left of an input, which has to be at its beginning; return its packets.

    What is wrong with the file is `PacketTable.problem`, and the packets before it are there.

    Raises
    ------
    InvalidStateError, TimeoutError, NotSupportedError
        As `DemuxerCore.read_any` does.
    """
    found = _Found(core.info.index, wants_heads=False)
    try:
        problem = _read(core, found)
    except BaseException as error:
        averror.let_go(error)
        raise
    rows, _ = found.joined()
    columns = np.ascontiguousarray(rows[:, :4].T)
    return PacketTable(
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        rows[:, 4].astype(np.int32),
        _bits(rows[:, 5]),
        core.info.time_base,
        core.info.frame_rate,
        None if problem is None else str(problem),
    )


def _bits(flags: Rows) -> npt.NDArray[np.uint8]:
    """Return the table's flags for FFmpeg's."""
    bits = np.zeros(len(flags), np.uint8)
    for flag, bit in (
        (avcodec.AV_PKT_FLAG_KEY, KEY),
        (avcodec.AV_PKT_FLAG_DISCARD, DISCARD),
        (avcodec.AV_PKT_FLAG_CORRUPT, CORRUPT),
    ):
        bits[flags & flag != 0] |= bit
    return bits


class _Found:
    """What is known of the packets of one stream, block after block: (packets, 6) numbers, and
    (packets, 32) bytes if heads are wanted.
    """

    __slots__ = ("_blocks", "_index", "_structs", "wants_heads")

    def __init__(self, index: int, *, wants_heads: bool) -> None:
        self._index = index
        self.wants_heads = wants_heads
        self._blocks: list[tuple[Rows, Heads]] = []
        self._structs: list[tuple[Structs, Heads]] = []

    def add(self, rows: Rows, heads: Heads) -> None:
        """Copy a block."""
        self._blocks.append((rows.copy(), heads[: len(rows) * self.wants_heads].copy()))

    def note(self, packets: list[AVPacket]) -> int:
        """Copy what is known of some packets of any stream; return how many bytes they have."""
        structs = np.frombuffer(b"".join(map(ffi.buffer, packets)), _struct())
        heads = _heads_of(packets, structs["size"]) if self.wants_heads else _NO_HEADS
        self._structs.append((structs, heads))
        if len(self._structs) >= _BLOCKS:
            self._settle()
        return int(structs["size"].sum())

    def _settle(self) -> None:
        """Leave out what nobody asks for of the structs, and other streams."""
        if self._structs:
            structs = np.concatenate([each for each, _ in self._structs])
            heads = np.concatenate([each for _, each in self._structs])
            self._structs.clear()
            ours = structs["stream_index"] == self._index
            structs = structs[ours]
            rows = np.stack([structs[name].astype(np.int64) for name in _COLUMNS], axis=1)
            self._blocks.append((rows, heads[ours] if self.wants_heads else heads))

    def joined(self) -> tuple[Rows, Heads]:
        """Return all of it."""
        self._settle()
        rows = [np.empty((0, len(_COLUMNS)), np.int64), *(rows for rows, _ in self._blocks)]
        heads = [_NO_HEADS, *(heads for _, heads in self._blocks)]
        return np.concatenate(rows), np.concatenate(heads)


_NO_HEADS = np.empty((0, _HEAD + 1), np.uint8)


def _read(core: DemuxerCore, found: _Found) -> Exception | None:
    """Read to the end; return what is wrong with the file."""
    found.note(core.take_ahead())
    context, read = core.reader()
    many = _many() if read == avformat.av_read_frame else None
    if many is None:
        return _read_some(core, found, context, read)
    ptr, code = packet.allocate(), ffi.new("int *")
    rows = np.empty((_MANY, len(_COLUMNS)), np.int64)
    heads = np.empty((_MANY, _HEAD + 1), np.uint8)
    to_rows = ffi.from_buffer("int64_t[]", rows)
    to_heads = ffi.from_buffer("uint8_t[]", heads) if found.wants_heads else ffi.NULL
    index = core.info.index
    while True:
        count = many(context, ptr, index, _MANY, _BYTES, to_rows, to_heads, code)
        found.add(rows[:count], heads)
        problem = core.confirm(code[0])
        if code[0] < 0:
            return problem


def _many() -> Callable[..., int] | None:
    """Return the extension's function, None in ABI mode."""
    try:
        function: Callable[..., int] = avformat.ffwc_scan
    except NotSupportedError:
        return None
    return function


def _read_some(
    core: DemuxerCore, found: _Found, context: AVFormatContext, read: Callable[[Any, AVPacket], int]
) -> Exception | None:
    """Fill a few packets, copy what is known of them, empty them, until the end."""
    packets = [packet.allocate() for _ in range(_MOST)]
    count, code, problem = _FEWEST, 0, None
    while code >= 0:
        filled = 0
        for code in map(read, repeat(context), packets[:count]):
            if code < 0:
                break
            filled += 1
        size = found.note(packets[:filled])
        deque(map(avcodec.av_packet_unref, packets[:filled]), 0)
        problem = core.confirm(code)
        count = max(_FEWEST, min(_MOST, _HELD * filled // (size + 1)))
    return problem


@cache
def _struct() -> np.dtype[np.void]:
    """Return AVPacket, as far as it is declared, as numpy reads it."""
    ctype = ffi.typeof("AVPacket **").item.item
    kinds = {name: f"i{ffi.sizeof(field.type)}" for name, field in ctype.fields if name in _FIELDS}
    return np.dtype(
        {
            "names": list(kinds),
            "formats": list(kinds.values()),
            "offsets": [ffi.offsetof(ctype, name) for name in kinds],
            "itemsize": ffi.sizeof(ctype),
        }
    )


def _heads_of(packets: list[AVPacket], sizes: npt.NDArray[np.int32]) -> Heads:
    """Return the first bytes of packets, and their last one. FFmpeg pads what it reads, so there is
    something behind the end.
    """
    heads = np.zeros((len(packets), _HEAD + 1), np.uint8)
    some = np.flatnonzero(sizes > 0)
    data = list(map(attrgetter("data"), map(packets.__getitem__, some.tolist())))
    text = b"".join(map(ffi.buffer, data, repeat(_HEAD)))
    first = np.frombuffer(text, np.uint8).reshape(-1, _HEAD)
    known = np.arange(_HEAD) < sizes[some, np.newaxis]
    heads[some, :_HEAD] = np.where(known, first, 0)
    heads[some, _HEAD] = list(map(getitem, data, (sizes[some] - 1).tolist()))
    return heads
