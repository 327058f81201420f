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
from ..._spec.codecs import unshown
from ..._spec.files.packet_table import CORRUPT, DISCARD, KEY, NO_PICTURE, PacketTable
from ...errors import EncodingError, NotSupportedError
from .. import averror
from ..codecs import packet
from .first_pictures import FirstPictures

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ..._ffi._types import AVFormatContext, AVPacket
    from .demux import DemuxerCore
    from .stream_info import StreamInfo

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
    info = core.info
    found = _Scanned(info.index, wants_heads=unshown.looks_at(info.codec))
    first = FirstPictures.of_stream(info, core.max_pixels)
    try:
        problem = _read(core, found, first)
        missing = first.missing()
    except BaseException as error:
        averror.let_go(error)
        raise
    rows, heads = found.joined()
    bits = _bits(rows[:, 5])
    bits[_nothing_in(info, rows[:, 4], heads)] |= NO_PICTURE
    bits[: first.first_key] |= NO_PICTURE
    bits[missing] |= NO_PICTURE
    columns = np.ascontiguousarray(rows[:, :4].T)
    return PacketTable(
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        rows[:, 4].astype(np.int32),
        bits,
        info.time_base,
        info.frame_rate,
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


def _nothing_in(info: StreamInfo, sizes: Rows, heads: Heads) -> Any:
    """Return of which packets no picture comes, as far as their first bytes tell."""
    nothing = sizes == 0
    if len(heads) != len(sizes):
        return nothing
    for number in np.flatnonzero(_may_show_nothing(info.codec, sizes, heads)).tolist():
        head, size = heads[number].tobytes(), int(sizes[number])
        nothing[number] = unshown.shows_nothing(
            info.codec, head[: min(size, _HEAD)], head[_HEAD], size, info.extradata
        )
    return nothing


def _may_show_nothing(codec: str, sizes: Rows, heads: Heads) -> Any:
    """Return which packets have to be looked at: of most, one look at all of them is enough."""
    first = heads[:, 0]
    if codec == "vp8":
        return first & 0x10 == 0
    if codec == "vp9":
        return (first & 0x30 == 0x30) | (first & 0x0A == 0)
    if codec == "mpeg4":
        return sizes <= _HEAD
    # A frame, perhaps behind a temporal delimiter, with a size of one to three bytes, that is shown
    at = np.where((first == 0x12) & (heads[:, 1] == 0), 2, 0)
    rows = np.arange(len(heads))
    frame = heads[rows, at] & 0xFE == 0x32
    sized = [heads[rows, at + place] & 0x80 != 0 for place in (1, 2)]
    at += 2 + sized[0] + (sized[0] & sized[1])
    return ~(frame & (heads[rows, at] & 0x90 != 0))


class _Scanned:
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
        self._settle()
        self._blocks.append((rows.copy(), heads[: len(rows) * self.wants_heads].copy()))

    def note(self, packets: list[AVPacket]) -> int:
        """Copy what is known of some packets of any stream; return how many bytes they have."""
        if len(self._structs) >= _BLOCKS:
            self._settle()
        structs = np.frombuffer(b"".join(map(ffi.buffer, packets)), _struct())
        heads = _heads_of(packets, structs["size"]) if self.wants_heads else _NO_HEADS
        self._structs.append((structs, heads))
        return int(structs["size"].sum())

    def drop_unstamped(self) -> int | None:
        """Forget the packets of the last block from the first one on that has no presentation time,
        and return the place of that one; None if all have one.
        """
        structs, heads = self._structs[-1]
        without = (structs["pts"] == packet.NOPTS) & (structs["stream_index"] == self._index)
        place = int(without.argmax()) if len(without) else 0
        if not len(without) or not without[place]:
            return None
        self._structs[-1] = structs[:place], heads[:place]
        return place

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


def _read(core: DemuxerCore, found: _Scanned, first: FirstPictures) -> Exception | None:
    """Read to the end; return what is wrong with the file."""
    try:
        is_left = _read_first(core, found, first)
        while is_left and core.has_ahead and not core.stamps:
            is_left = _read_stamped(core, found, 1)
        if not is_left:
            return None
        if not core.stamps:
            left, problem = _read_unstamped(core, found)
            if not left:
                return problem
            core.put_back(left)
        while _read_stamped(core, found, _MOST):
            pass
    except EncodingError as error:
        return error.with_traceback(None)
    return None


def _read_first(core: DemuxerCore, found: _Scanned, first: FirstPictures) -> bool:
    """Read the first pictures; return whether there are others."""
    number, wanted = 0, True
    stores_none = core.stamps
    ptr = packet.allocate()
    while wanted:
        index = core.read_ticks(ptr)
        if index is None:
            return False
        if index == core.info.index:
            flags = ptr.flags
            pts, dts = ptr.pts, ptr.dts
            wanted = first.take(
                ptr,
                number,
                dts if pts == packet.NOPTS else pts,
                key=bool(flags & avcodec.AV_PKT_FLAG_KEY),
                hidden=bool(flags & avcodec.AV_PKT_FLAG_DISCARD),
                guessed=core.stamps and not stores_none,
            )
            found.note([ptr])
            number += 1
        packet.unref(ptr)
    return True


def _read_stamped(core: DemuxerCore, found: _Scanned, count: int) -> bool:
    """Read some packets with times that do not come from libavformat; False at the end."""
    packets: list[AVPacket] = []
    try:
        while len(packets) < count:
            ptr = packet.allocate()
            if core.read_ticks(ptr) is None:
                return False
            packets.append(ptr)
    finally:
        found.note(packets)
    return True


def _read_unstamped(core: DemuxerCore, found: _Scanned) -> tuple[list[AVPacket], Exception | None]:
    """Read packets as they are until one has no presentation time, which is returned with those
    that have been read after it; else to the end; return what is wrong with the file.
    """
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
        if code[0] > 0:
            return [ptr], None
        problem = core.confirm(code[0])
        if code[0] < 0:
            return [], problem


def _many() -> Callable[..., int] | None:
    """Return the extension's function, None in ABI mode."""
    try:
        function: Callable[..., int] = avformat.ffwc_scan
    except NotSupportedError:
        return None
    return function


def _read_some(
    core: DemuxerCore,
    found: _Scanned,
    context: AVFormatContext,
    read: Callable[[Any, AVPacket], int],
) -> tuple[list[AVPacket], Exception | None]:
    """Fill a few packets, copy what is known of them, empty them, and again."""
    packets = [packet.allocate() for _ in range(_MOST)]
    count, code, problem = _FEWEST, 0, None
    while code >= 0:
        filled = 0
        for code in map(read, repeat(context), packets[:count]):
            if code < 0:
                break
            filled += 1
        size = found.note(packets[:filled])
        problem = core.confirm(code)
        kept = found.drop_unstamped()
        if kept is not None and problem is None:
            return packets[kept:filled], None
        deque(map(avcodec.av_packet_unref, packets[:filled]), 0)
        count = max(_FEWEST, min(_MOST, _HELD * filled // (size + 1)))
    return [], problem


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
