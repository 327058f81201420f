"""All packets of a video stream as columns, without a Python object for each.

Nothing is decoded. Where libavformat need not wait for anybody, the extension reads many packets in
one call, without the GIL; in ABI mode, and where something may have to be waited for, a few packets
are filled again and again, and copied as the structs that they are. Either way Python hears signals
often, and what came before an error is kept.

Presentation times that are missing are found for the whole stream at once, when it has been read.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import _ffi
from ..._ffi import avcodec, avformat, ffi
from ..._spec.codecs import unshown
from ..._spec.files import whole_stream
from ..._spec.files.packet_table import (
    CORRUPT,
    DISCARD,
    KEY,
    NO_PICTURE,
    NOPTS,
    PacketTable,
)
from ...errors import EncodingError, NotSupportedError
from .. import averror
from ..codecs import packet
from ..codecs.picture_order import B_TYPES, PictureOrder, counts_pictures, is_known
from .first_pictures import FirstPictures
from .packet_rows import (
    COLUMNS,
    HEAD,
    KEY_HEAD,
    ORDERS,
    Block,
    PacketRows,
    first_without_time,
    without_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ..._ffi._types import AVFormatContext, AVPacket
    from .demux import DemuxerCore
    from .packet_rows import Heads, Rows
    from .stamps import Stamper, Unstamped
    from .stream_info import StreamInfo

_BYTES = 1 << 24  # to read without the GIL, or to keep
_MANY = 2048  # packets to read without the GIL
_BLOCK = 4096  # packets to note before what is not needed of them is left out
_BATCH = 32  # packets to fill before they are copied
_FRAME = 3  # AVPictureStructure
# FFmpeg gives B pictures, which are shown at once, and no others, their decoding time as
# presentation time there.
_MARKS_B = frozenset({"avi", "gxf"})
_VP9_HIDDEN = bytes(first for first in range(256) if first & 0x0A == 0)


def scan(core: DemuxerCore) -> PacketTable:
    """Read all that is left of an input, which has to be at its beginning; return its packets.

    What is wrong with the file is `PacketTable.problem`, and the packets before it are there.

    Raises
    ------
    InvalidStateError, TimeoutError, NotSupportedError
        As `DemuxerCore.read_any` does; or the pictures are not taken apart.
    """
    info = core.info
    if info.codec == "webp" and info.loop is not None and info.loop.kind == "webp":
        raise NotSupportedError(
            f"{core.shown} is an animated WebP, which FFmpeg before 9.0 reads in one piece, and "
            f"this is {_ffi.report().release}: there is no index of its pictures; read_frames and "
            "ImageDecoder give them"
        )
    found = PacketRows(
        info.index,
        wants_heads=unshown.looks_at(info.codec),
        doubtful=_VP9_HIDDEN if info.codec == "vp9" else b"",
        is_gradual=_gradual(info),
    )
    first = FirstPictures.of_stream(info, core.max_pixels)
    reading = _Reading(core, found)
    try:
        problem = reading.read(first)
        missing = first.missing()
    except BaseException as error:
        averror.let_go(error)
        raise
    block = found.joined()
    rows = block.rows
    if len(rows):
        core.came.note_all(len(rows), int(rows[-1, 1]), int(rows[-1, 5]))
    reading.stamp(block)
    bits = _bits(rows[:, 5])
    bits[_nothing_in(info, rows[:, 4], block.heads)] |= NO_PICTURE
    if reading.has_fields:
        structure = block.orders[:, 3].astype(np.uint8)
        structure[structure == _FRAME] = 0
        second = unshown.second_fields(structure.tobytes())
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


def _gradual(info: StreamInfo) -> Callable[[bytes], bool] | None:
    """Return what tells of a key packet whether pictures get right only later after it: no place to
    begin at, for they never get exactly right (an intra refresh of libx264).
    """
    recovery = unshown.recovery_of(info.codec, info.extradata)
    return None if recovery is None else lambda data: recovery(data) > 0


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
            info.codec, head[: min(size, HEAD)], head[HEAD], size, info.extradata
        )
    return nothing


def _may_show_nothing(codec: str, sizes: Rows, heads: Heads) -> Any:
    """Return which packets have to be looked at: of most, one look at all of them is enough."""
    first = heads[:, 0]
    if codec == "vp8":
        return first & 0x10 == 0
    if codec == "vp9":
        return (first & 0x30 == 0x30) | (first & 0x0A == 0)
    if codec in ("mpeg4", "dirac"):
        return sizes <= HEAD
    # A frame, perhaps behind a temporal delimiter, with a size of one to three bytes, that is shown
    at = np.where((first == 0x12) & (heads[:, 1] == 0), 2, 0)
    rows = np.arange(len(heads))
    frame = heads[rows, at] & 0xFE == 0x32
    sized = [heads[rows, at + place] & 0x80 != 0 for place in (1, 2)]
    at += 2 + sized[0] + (sized[0] & sized[1])
    return ~(frame & (heads[rows, at] & 0x90 != 0))


class _Reading:
    """Reads the packets of one input into `found`; with `has_fields`, what a parser says of all."""

    def __init__(self, core: DemuxerCore, found: PacketRows) -> None:
        self._core = core
        self._found = found
        self._unstamped: Unstamped | None = None
        self._stamper: Stamper | None = None
        self._from = 0  # the number of the first packet that is stamped
        info = core.info
        self.has_fields = unshown.fields_of(info.codec, info.extradata) is not None
        if self.has_fields:
            found.begin_order(self._picture_order())
            self.has_fields = found.order is not None
        self._expect(core.stamper)

    def _picture_order(self) -> PictureOrder | None:
        core, codec = self._core, self._core.info.codec
        if not is_known(codec):
            return None
        stream = core.reader()[0].streams[core.info.index]
        order = PictureOrder(codec, stream.codecpar)
        return order if order.works else None

    def _follow(self) -> None:
        """Say what came last: the first packet without a time may be shown after it."""
        last = self._found.last()
        if last is not None and NOPTS not in last:
            self._core.follow(*last)

    def _expect(self, stamper: Stamper | None) -> None:
        """Note that packets are stamped from here on."""
        if stamper is None or self._stamper is not None:
            return
        found = self._found
        self._stamper, self._from = stamper, len(found)
        if found.order is None:
            found.begin_order(self._picture_order())

    def read(self, first: FirstPictures) -> Exception | None:
        """Read to the end; return what is wrong with the file."""
        core = self._core
        try:
            if not self._read_first(first):
                return None
            while core.has_ahead and core.stamper is None:
                self._follow()
                if not self._read_stamped(1):
                    return None
                self._expect(core.stamper)
            if core.stamper is not None and not self._take_over(core.stamper):
                while self._read_stamped(_BLOCK):
                    pass
                return None
            return self._read_all()
        except EncodingError as error:
            return error.with_traceback(None)

    def _read_first(self, first: FirstPictures) -> bool:
        """Read the first pictures; return whether there are others."""
        core, found = self._core, self._found
        number, wanted = 0, True
        stores_none = core.stamper is not None
        ptr = packet.allocate()
        while wanted:
            if core.stamper is None:
                self._follow()
            index = core.read_ticks(ptr)
            if index is None:
                return False
            if index == core.info.index:
                if self._stamper is None:
                    self._expect(core.stamper)
                flags = ptr.flags
                pts, dts = ptr.pts, ptr.dts
                wanted = first.take(
                    ptr,
                    number,
                    dts if pts == packet.NOPTS else pts,
                    key=bool(flags & avcodec.AV_PKT_FLAG_KEY),
                    hidden=bool(flags & avcodec.AV_PKT_FLAG_DISCARD),
                    guessed=self._stamper is not None and not stores_none,
                )
                found.note(ptr)
                number += 1
            packet.unref(ptr)
        return True

    def _read_stamped(self, count: int) -> bool:
        """Read some packets with times that do not come from libavformat; False at the end."""
        ptr = packet.allocate()
        for _ in range(count):
            if self._core.read_ticks(ptr) is None:
                return False
            self._found.note(ptr)
            packet.unref(ptr)
        self._found.settle()
        return True

    def _take_over(self, stamper: Stamper) -> bool:
        """Take what is needed for stamping the whole stream at once; return whether that can be."""
        unstamped = stamper.hand_over()
        if unstamped is None:
            return False
        self._unstamped = unstamped
        for ptr in unstamped.packets:
            if isinstance(ptr, EncodingError):
                raise ptr
            self._found.note(ptr)
        unstamped.packets.clear()
        ptr = packet.allocate()
        while self._core.has_ahead:
            self._core.read_ahead(ptr)
            self._found.note(ptr)
            packet.unref(ptr)
        if self._is_marked(unstamped):
            self._found.order = None
        return True

    def _is_marked(self, unstamped: Unstamped) -> bool:
        """Return whether the order can be told without a parser from here on: FFmpeg leaves out
        presentation times from where it knows that there are B pictures.
        """
        info, reorder = self._core.info, unstamped.reorder
        if info.format_name not in _MARKS_B or counts_pictures(info.codec) or info.codec == "vc1":
            return False
        knows = any(each.pts is None for each in unstamped.pictures)
        return reorder is not None and not reorder.stored and unstamped.is_ordered and knows

    def _begin_unstamped(self) -> None:
        """Go on with packets that have no presentation time."""
        self._follow()
        stamper = self._core.begin_stamper()
        self._expect(stamper)
        self._take_over(stamper)

    def _read_all(self) -> EncodingError | None:
        """Read packets as they are to the end; return what is wrong with the file."""
        context, read = self._core.reader()
        many = _many() if read == avformat.av_read_frame else None
        if many is None:
            return self._read_batches(context, read)
        return self._read_blocks(context, many)

    def _read_blocks(
        self, context: AVFormatContext, many: Callable[..., int]
    ) -> EncodingError | None:
        core, found = self._core, self._found
        ptr, code = packet.allocate(), ffi.new("int *")
        rows = np.empty((_MANY, len(COLUMNS)), np.int64)
        heads = np.empty((_MANY, HEAD + 1), np.uint8)
        keys = np.empty((_MANY, KEY_HEAD), np.uint8)
        orders = np.empty((_MANY, len(ORDERS)), np.int32)
        to_rows = ffi.from_buffer("int64_t[]", rows)
        to_heads = ffi.from_buffer("uint8_t[]", heads) if found.wants_heads else ffi.NULL
        to_keys = ffi.NULL if found.is_gradual is None else ffi.from_buffer("uint8_t[]", keys)
        to_orders = ffi.from_buffer("int32_t[]", orders)
        index = core.info.index
        while True:
            parser = (ffi.NULL, ffi.NULL) if found.order is None else found.order.native
            stops = self._stamper is None
            limits = index, stops, _MANY, _BYTES
            count = many(
                context, ptr, *limits, to_rows, to_heads, to_keys, *parser, to_orders, code
            )
            found.add(rows[:count], heads, keys, orders)
            if code[0] > 0:
                self._begin_unstamped()
                found.note(ptr)
                packet.unref(ptr)
            problem = core.confirm(code[0])
            if code[0] < 0:
                return problem

    def _read_batches(
        self, context: AVFormatContext, read: Callable[[Any, AVPacket], int]
    ) -> EncodingError | None:
        """Fill packets, copy what is known of them, empty them, as often as there are any."""
        core, found, unref = self._core, self._found, avcodec.av_packet_unref
        ptrs = [packet.allocate() for _ in range(_BATCH)]
        views = [ffi.buffer(ptr) for ptr in ptrs]
        while True:
            for _ in range(_BLOCK // _BATCH):
                filled, left = 0, _BYTES
                for code, ptr in zip(map(read, repeat(context), ptrs), ptrs, strict=False):
                    if code < 0:
                        break
                    filled += 1
                    left -= ptr.size
                    if left < 0:
                        break
                self._take(ptrs[:filled], b"".join(views[:filled]))
                any(map(unref, ptrs[:filled]))
                if code < 0:
                    break
            problem = core.confirm(code)
            found.settle()
            if code < 0:
                return problem

    def _take(self, batch: list[AVPacket], structs: bytes) -> None:
        found = self._found
        if self._stamper is None:
            at = first_without_time(batch, structs, self._core.info.index)
            if at is not None:
                place = at * len(structs) // len(batch)
                found.take(batch[:at], structs[:place])
                self._begin_unstamped()
                batch, structs = batch[at:], structs[place:]
        found.take(batch, structs)

    def stamp(self, block: Block) -> None:
        """Write presentation times where they were missing."""
        unstamped = self._unstamped
        if unstamped is None or unstamped.reorder is None:
            return
        rows = block.rows[self._from :]
        for number, each in enumerate(unstamped.pictures[: len(rows)]):
            rows[number, :2] = [NOPTS if time is None else time for time in (each.pts, each.dts)]
            rows[number, 2] = each.duration
        keys = np.zeros(len(rows), np.int64)
        if unstamped.is_ordered:
            keys = self._keys(block.orders[self._from - self._found.ordered_from :], rows)
        times = whole_stream.stamp(unstamped.reorder, keys, *(rows[:, i] for i in range(3)))
        for number, column in enumerate(times):
            rows[:, number] = column

    def _keys(self, orders: Any, rows: Rows) -> Any:
        """Return in which order pictures are shown."""
        if counts_pictures(self._core.info.codec):
            known = ~without_number(orders)
            return whole_stream.keys_by_count(orders[:, 1], known, orders[:, 2] == 1)
        is_b = rows[:, 0] == rows[:, 1]
        is_b &= rows[:, 1] != NOPTS
        # An empty packet repeats the picture before.
        full = np.where(rows[: len(orders), 4] > 0, np.arange(len(orders)), 0)
        is_b[: len(orders)] = np.isin(orders[:, 0], B_TYPES)[np.maximum.accumulate(full)]
        return whole_stream.keys_by_type(is_b)


def _many() -> Callable[..., int] | None:
    """Return the extension's function, None in ABI mode."""
    try:
        function: Callable[..., int] = avformat.ffwc_scan
    except NotSupportedError:
        return None
    return function
