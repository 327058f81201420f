"""All packets of a video stream as columns, without a Python object for each.

Nothing is decoded. Where libavformat need not wait for anybody, the extension reads many packets in
one call, without the GIL; in ABI mode, and where something may have to be waited for, one packet is
filled again and again, and copied as the struct that it is. Either way Python hears signals often,
and what came before an error is kept.
"""

from __future__ import annotations

import sys
from functools import cache, partial
from itertools import repeat
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

_COLUMNS = ("pts", "dts", "duration", "pos", "size", "flags")
_FIELDS = {*_COLUMNS, "stream_index"}
_HEAD = 31  # bytes of a packet, and its last one
_KEY_HEAD = 256  # bytes of a key packet, in which it says whether it is one at once
_KEY = 1  # AV_PKT_FLAG_KEY
_NONE = b"\0"  # of the flags
_BYTES = 1 << 24  # to read without the GIL
_MANY = 2048  # packets to read without the GIL
_BLOCK = 4096  # packets to note before what is not needed of them is left out


def scan(core: DemuxerCore) -> PacketTable:
    """Read all that is left of an input, which has to be at its beginning; return its packets.

    What is wrong with the file is `PacketTable.problem`, and the packets before it are there.

    Raises
    ------
    InvalidStateError, TimeoutError, NotSupportedError
        As `DemuxerCore.read_any` does.
    """
    info = core.info
    fields = unshown.fields_of(info.codec, info.extradata)
    wants_heads = unshown.looks_at(info.codec) or fields is not None
    found = _Scanned(info.index, wants_heads=wants_heads, fields=fields)
    if unshown.has_recovery(info.codec):
        found.is_gradual = partial(_is_gradual, info)
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
    if fields is not None:
        second = unshown.second_fields(heads[:, 0].tobytes())
        bits[second] = (bits[second] & ~np.uint8(KEY)) | NO_PICTURE
    bits[: first.first_key] |= NO_PICTURE
    bits[first.first_key : first.first_key + 1] |= KEY * first.has_key  # there is no other
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


def _is_gradual(info: StreamInfo, data: bytes) -> bool:
    """Return whether pictures get right only later after a key packet: no place to begin at, for
    they never get exactly right (an intra refresh of libx264).
    """
    return unshown.recovery(info.codec, data, info.extradata) > 0


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
    if not unshown.looks_at(info.codec):
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
    (packets, 32) bytes if heads are wanted; with `fields`, what that says is the first of them.
    """

    __slots__ = ("_blocks", "_heads", "_index", "_structs", "fields", "is_gradual", "wants_heads")

    def __init__(
        self, index: int, *, wants_heads: bool, fields: Callable[[object], int] | None
    ) -> None:
        self._index = index
        self.wants_heads = wants_heads
        self.fields = fields
        self.is_gradual: Callable[[bytes], bool] | None = None
        self._blocks: list[tuple[Rows, Heads]] = []
        self._structs: list[bytes] = []
        self._heads: list[bytes] = []

    def add(self, rows: Rows, heads: Heads, keys: Heads) -> None:
        """Copy a block; `keys` has the first bytes of each key packet in it."""
        self.settle()
        rows = rows.copy()
        if self.is_gradual is not None:
            for number, head in zip(np.flatnonzero(rows[:, 5] & _KEY), keys, strict=False):
                if self.is_gradual(head.tobytes()):
                    rows[number, 5] &= ~_KEY
        self._blocks.append((rows, heads[: len(rows) * self.wants_heads].copy()))

    def noting(self, ptr: AVPacket) -> Callable[[bytes], None]:
        """Return what is called with a copy of the struct of each packet, of any stream, that is in
        `ptr`.
        """
        is_gradual, wants_heads = self.is_gradual, self.wants_heads
        if not wants_heads and is_gradual is None:
            return self._structs.append
        index, fields = self._index, self.fields
        at = _struct().fields["flags"][1]  # type: ignore[index]

        def note(struct: bytes) -> None:
            is_ours = ptr.size and ptr.stream_index == index
            may_be = is_gradual if is_ours and ptr.flags & _KEY else None
            if may_be is not None and may_be(ffi.buffer(ptr.data, min(ptr.size, _KEY_HEAD))[:]):
                flags = np.array([ptr.flags & ~_KEY], np.int32).tobytes()
                struct = struct[:at] + flags + struct[at + 4 :]
            self._structs.append(struct)
            if wants_heads:
                head = _head(ptr)
                if fields is not None and is_ours:
                    head = bytes([fields(ffi.buffer(ptr.data, ptr.size))]) + head[1:]
                self._heads.append(head)

        return note

    @property
    def plain(self) -> Callable[[bytes], None] | None:
        """What notes packets that are no keys, if that is less than `noting` gives."""
        return None if self.wants_heads else self._structs.append

    def settle(self) -> None:
        """Leave out of what was noted what nobody asks for, and other streams."""
        if not self._structs:
            return
        structs = np.frombuffer(b"".join(self._structs), _struct())
        heads = np.frombuffer(b"".join(self._heads), np.uint8).reshape(-1, _HEAD + 1)
        self._structs.clear()
        self._heads.clear()
        ours = structs["stream_index"] == self._index
        structs = structs[ours]
        rows = np.stack([structs[name].astype(np.int64) for name in _COLUMNS], axis=1)
        self._blocks.append((rows, heads[ours] if self.wants_heads else heads))

    def last(self) -> tuple[int, int] | None:
        """Return presentation time and duration of the last packet of the stream, if any."""
        self.settle()
        for rows, _ in reversed(self._blocks):
            if len(rows):
                return int(rows[-1, 0]), int(rows[-1, 2])
        return None

    def joined(self) -> tuple[Rows, Heads]:
        """Return all of it."""
        self.settle()
        rows = [np.empty((0, len(_COLUMNS)), np.int64), *(rows for rows, _ in self._blocks)]
        heads = [np.empty((0, _HEAD + 1), np.uint8), *(heads for _, heads in self._blocks)]
        return np.concatenate(rows), np.concatenate(heads)


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
            if left is None:
                return problem
            core.put_back(left, found.last())
        while _read_stamped(core, found, _BLOCK):
            pass
    except EncodingError as error:
        return error.with_traceback(None)
    return None


def _read_first(core: DemuxerCore, found: _Scanned, first: FirstPictures) -> bool:
    """Read the first pictures; return whether there are others."""
    number, wanted = 0, True
    stores_none = core.stamps
    ptr = packet.allocate()
    note, struct = found.noting(ptr), ffi.buffer(ptr)
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
            note(struct[:])
            number += 1
        packet.unref(ptr)
    return True


def _read_stamped(core: DemuxerCore, found: _Scanned, count: int) -> bool:
    """Read some packets with times that do not come from libavformat; False at the end."""
    ptr = packet.allocate()
    note, struct = found.noting(ptr), ffi.buffer(ptr)
    for _ in range(count):
        if core.read_ticks(ptr) is None:
            return False
        note(struct[:])
        packet.unref(ptr)
    found.settle()
    return True


def _read_unstamped(
    core: DemuxerCore, found: _Scanned
) -> tuple[AVPacket | None, EncodingError | None]:
    """Read packets as they are until one has no presentation time, which is returned; else to the
    end; return what is wrong with the file.
    """
    context, read = core.reader()
    many = _many() if read == avformat.av_read_frame and found.fields is None else None
    if many is None:
        return _read_some(core, found, context, read)
    ptr, code = packet.allocate(), ffi.new("int *")
    rows = np.empty((_MANY, len(_COLUMNS)), np.int64)
    heads = np.empty((_MANY, _HEAD + 1), np.uint8)
    to_rows = ffi.from_buffer("int64_t[]", rows)
    to_heads = ffi.from_buffer("uint8_t[]", heads) if found.wants_heads else ffi.NULL
    keys = np.empty((_MANY, _KEY_HEAD), np.uint8)
    to_keys = ffi.NULL if found.is_gradual is None else ffi.from_buffer("uint8_t[]", keys)
    index = core.info.index
    while True:
        count = many(context, ptr, index, _MANY, _BYTES, to_rows, to_heads, to_keys, code)
        found.add(rows[:count], heads, keys)
        if code[0] > 0:
            return ptr, None
        problem = core.confirm(code[0])
        if code[0] < 0:
            return None, problem


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
) -> tuple[AVPacket | None, EncodingError | None]:
    """Fill a packet, copy what is known of it, empty it, as often as there are packets."""
    ptr, index = packet.allocate(), core.info.index
    struct, place = ffi.buffer(ptr), _struct().fields["pts"][1]  # type: ignore[index]
    end, missing = place + 8, ffi.buffer(ffi.new("int64_t[]", [packet.NOPTS]))[:]
    note, unref = found.noting(ptr), avcodec.av_packet_unref
    # Of H.264 only key packets need more than a copy.
    flags = _struct().fields["flags"][1]  # type: ignore[index]
    flags, plain = flags + 3 * (sys.byteorder == "big"), found.plain or note
    code, problem = 0, None
    while code >= 0:
        for code in map(read, repeat(context, _BLOCK), repeat(ptr)):
            if code < 0:
                break
            if struct[place:end] == missing and ptr.stream_index == index:
                return ptr, None
            if struct[flags] != _NONE:
                note(struct[:])
            else:
                plain(struct[:])
            unref(ptr)
        problem = core.confirm(code)
        found.settle()
    return None, problem


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


def _head(ptr: AVPacket) -> bytes:
    """Return the first bytes of a packet and its last one."""
    size = ptr.size
    if not size:
        return bytes(_HEAD + 1)
    first: bytes = ffi.buffer(ptr.data, min(size, _HEAD))[:]
    last: bytes = ffi.buffer(ptr.data + (size - 1), 1)[:]
    return first.ljust(_HEAD, b"\0") + last
