"""Whole files gone through: every packet is read, every picture decoded, damage passed over.

A picture is matched to its packet by the packet's number, which travels in place of its time. After
damage the decoder begins again at the next key packet: what is between them is built on what was
damaged, whatever a decoder makes of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.files.stated import Stated
from .._av.frames import frame as native
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.strings import parse_codec
from .._spec.files.packet_table import PacketTable
from .._spec.frames.color import first_said
from .._spec.frames.color_space import VideoColorSpace, members_of
from ..codecs._decoding import Core, open_decoder
from ..codecs._file_colors import file_parameters, said_of
from ..errors import EncodingError
from ..frames._shape import ShapeCache
from ._decoded import Decoded
from ._findings import findings
from ._kept_packets import kept_packets
from ._random_access import RandomAccess
from ._video_core import VideoCore
from .check_result import CheckResult

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._ffi._types import AVPacket
    from .._spec.frames.color import ColorMembers

# Packets that are kept so that decoding can begin again behind one that failed: more than any
# decoder holds when it tells.
_KEPT = 32
# Formats whose packets are read in the order in which they lie in the file, and whose readers look
# for the next packet behind damage without a word. What lies between packets is at most this long.
_RESYNC = ("matroska", "avi", "flv")
_OVERHEAD = 512
_FULL_RANGE = {1: False, 2: True}


def check_video(
    video: VideoCore, config: VideoDecoderConfig, on_progress: Callable[[int], object] | None
) -> CheckResult:
    """Go through all of a video with a decoder of its own; see `Video.check`.

    The file is opened anew, and other threads may use the video meanwhile. What cannot be opened
    twice is read again from its beginning, and they wait.
    """
    table = video.engine.table
    # One thread: of more, pictures come out before it is known whether they are damaged.
    core, shapes = open_decoder(config, threads=1)
    try:
        decoded = Decoded(len(table))
        decoding = _LinearDecode(core, shapes, table, decoded, on_progress)
        try:
            if video.engine.packets.reopen is None:
                _read_again(video.engine, decoding)
            else:
                _read_file(video.engine, decoding)
        except EncodingError as error:
            decoded.read_error = str(error)
        decoded.read_error = decoded.read_error or table.problem
        decoding.finish()
    finally:
        core.close()
    return findings(table, _said(config, decoded.stated), decoded)


def _said(config: VideoDecoderConfig, stated: Stated | None) -> ColorMembers:
    """Return what is said of colours, by the file or in its place."""
    file = file_parameters(config)
    if file is not None:
        return said_of(file, parse_codec(config.codec))
    if stated is None:
        color = VideoColorSpace.parse(config.color_space)
        return members_of(color)
    *codes, full = stated.color
    return first_said([((codes[0], codes[1], codes[2]), _FULL_RANGE.get(full))])


def _read_again(engine: RandomAccess, decoding: _LinearDecode) -> None:
    """Decode all packets of a source that is open already."""
    with engine.lock:
        engine.require_open()
        decoded = decoding.decoded
        stated = decoded.stated = engine.packets.stated()
        if stated is not None:
            decoded.stop = stated.stop  # the other streams are not read
        engine.run = None
        engine.packets.go_to(0)
        while True:
            ptr = packet.allocate()
            number = engine.packets.read(ptr)
            if number is None:
                return
            decoding.feed(number, ptr)


def _read_file(engine: RandomAccess, decoding: _LinearDecode) -> None:
    """Decode all packets of a file that is opened for it, and look at the other streams too."""
    assert engine.packets.reopen is not None
    demuxer = engine.packets.reopen(all_streams=True)
    try:
        decoding.decoded.stated = Stated(demuxer)
        _read_streams(demuxer, engine, decoding)
        decoding.decoded.shortfall = demuxer.shortfall()
    finally:
        demuxer.close()


def _read_streams(demuxer: DemuxerCore, engine: RandomAccess, decoding: _LinearDecode) -> None:
    decoded, sizes = decoding.decoded, engine.table.size
    index = demuxer.info.index
    bases = {each.index: each.time_base for each in demuxer.others if not each.is_cover}
    number, end = 0, -1
    is_in_order = demuxer.info.format_name.startswith(_RESYNC)
    for found, ptr in kept_packets(demuxer):
        engine.require_open()
        place, size, _ = packet.place(ptr)
        if found == index:
            if number >= len(sizes) or size != sizes[number]:
                raise EncodingError(
                    f"packet {number} is not the one that the index has there: the file has "
                    "changed; make the index again"
                )
            if is_in_order and end >= 0 and place - end > _OVERHEAD:
                decoded.holes[number] = place - end
            decoding.feed(number, ptr)
            number += 1
        elif found in bases:
            stop = packet.stop(ptr, bases[found])
            if stop is not None and (decoded.stop is None or stop > decoded.stop):
                decoded.stop = stop
        end = place + size if place >= 0 else -1


class _LinearDecode:
    """Decodes numbered packets, beginning again at the next key packet after each failure."""

    def __init__(
        self,
        core: Core,
        shapes: ShapeCache,
        table: PacketTable,
        decoded: Decoded,
        on_progress: Callable[[int], object] | None,
    ) -> None:
        self._core, self._shapes, self.decoded = core, shapes, decoded
        self._keys = frozenset(table.keys.tolist() or [0])  # SWF marks none
        self._kept: deque[tuple[int, AVPacket]] = deque(maxlen=_KEPT)
        self._waits = True  # for a key packet
        self._progress = on_progress
        self._count = 0

    def feed(self, number: int, ptr: AVPacket) -> None:
        """Decode the next packet; takes it."""
        packet.number(ptr, number)
        self._kept.append((number, ptr))
        self._go_on(deque([(number, ptr)]))

    def _go_on(self, packets: deque[tuple[int, AVPacket]]) -> None:
        while packets:
            number, ptr = packets.popleft()
            if self._waits and number not in self._keys:
                continue
            self._waits = False
            try:
                self._core.send(ptr, number)
                self._receive()
            except EncodingError as error:
                packets = self._fail(error, number)

    def _fail(self, error: EncodingError, newest: int) -> deque[tuple[int, AVPacket]]:
        """Return the packets to go on with, those behind the one that failed."""
        place = newest if error.timestamp is None else error.timestamp
        self.decoded.errors[place] = _reason(error)
        self._receive()  # what was decoded before it
        self._core.restart()
        self._waits = True
        return deque(each for each in self._kept if place < each[0] <= newest)

    def finish(self) -> None:
        """Decode what is left."""
        rest: deque[tuple[int, AVPacket]] = deque()
        newest = self._kept[-1][0] if self._kept else 0
        while True:
            try:
                self._core.drain()
                self._receive()
                return
            except EncodingError as error:
                rest = self._fail(error, newest)
            self._go_on(rest)

    def _receive(self) -> None:
        decoded = self.decoded
        while (ptr := self._core.receive()) is not None:
            number = native.timestamp(ptr)
            if not 0 <= number < len(decoded.came):
                continue
            decoded.came[number] = True
            decoded.patched[number] = native.is_damaged(ptr)
            shape = self._shapes.shape_of(ptr)
            if decoded.color is None:
                decoded.color = members_of(shape.color_space)
            seen, size = shape.visible_rect, (shape.coded_width, shape.coded_height)
            decoded.sizes.setdefault(size if seen is None else (seen.width, seen.height), number)
            self._count += 1
            if self._progress is not None:
                self._progress(self._count)


def _reason(error: EncodingError) -> str:
    """Return what FFmpeg says, without the packet's number, which the message takes for a time."""
    return str(error).rpartition(": ")[2]
