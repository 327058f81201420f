"""Presentation times of the packets that FFmpeg leaves without.

AVI, GXF and raw streams store none; program streams leave some out. FFmpeg fills in those of
B pictures only, for the others it would have to look ahead. `Stamper` does, as far as it takes, and
gives all streams' packets in the order in which they came. A stream whose packets have their times,
or that is not reordered, is not held back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import avcodec, ffi
from ..._spec.files.reorder import Reorder, Stamp
from ...errors import EncodingError
from .. import averror
from ..codecs import packet
from ..codecs.bitstream_filter import Filter
from ..codecs.parameters import allocate as allocate_parameters
from ..codecs.picture_order import PictureOrder, counts_pictures, is_known, reorders, tells_types
from .guessed_times import GuessedTimes
from .packed_pictures import is_packed

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecParameters, AVPacket
    from .stream_info import StreamInfo

    ReadPacket = Callable[[AVPacket], int | None]
    Kept = deque[AVPacket | EncodingError]  # an error is the last one

NOPTS = packet.NOPTS
# They store presentation times, if not all of them, also where they begin in the middle.
_STORES = frozenset({"mpeg", "mpegts", "mpegtsraw", "vob", "dvd", "hls", "dash", "rtsp", "sdp"})
STORES_NONE = frozenset({"avi", "gxf", "mpegvideo", "h264", "hevc", "vvc", "vc1"})
_NUMBERS = "dirac"  # FFmpeg's parser gives its pictures' numbers as times
_HEADER = 13  # bytes of a Dirac parse unit without content
_MOST_HELD = 48  # pictures; damaged counts would hold a stream for ever
_MOST_BYTES = 64 << 20
_MOST_SEEN = 1024  # pictures to remember for whoever stamps the whole stream
_PROGRAM = frozenset({"mpeg", "vob", "dvd"})  # their packets may hold several pictures
_BEGINNING = 16  # pictures of H.264 and HEVC, to see whether each has a time there
_LOOK, _LIVE_LOOK = 64, 8  # packets, for the first one of the video
_BASELINE = 66  # H.264's profile without B pictures


class _Delayed:
    """A packet that waits, and its picture if it is one of the video."""

    __slots__ = ("index", "picture", "ptr")

    def __init__(self, ptr: AVPacket, index: int, picture: Stamp | None) -> None:
        self.ptr = ptr
        self.index = index
        self.picture = picture


class Unstamped(NamedTuple):
    """What it takes to stamp a whole stream at once, see `Stamper.hand_over`."""

    reorder: Reorder | None
    """For all pictures from the first one on; None: they stay as they are."""
    is_ordered: bool
    """Whether `PictureOrder` tells their order, else they are shown as they come."""
    pictures: list[Stamp]
    """The first of them, with the times that FFmpeg gave."""
    packets: Kept
    """What was read and not given, as FFmpeg gave it."""


class Stamper:
    """Gives the packets of all streams, those of the video with their presentation times, in ticks
    of its clock.

    Parameters
    ----------
    info : StreamInfo
        Of the video.
    parameters : AVCodecParameters *
        Of the video; borrowed for as long as packets are read.
    stored : bool
        The container stores presentation times.
    packed : bool
        Two pictures lie in one packet, as DivX wrote them.
    rises : bool
        As for `Reorder`.
    guesses : bool
        Some times may be `GuessedTimes`.

    Attributes
    ----------
    counts : bool
        The container gives no times at all, also none of decoding.
    denies : bool
        What it gives as presentation times are those of decoding.
    """

    __slots__ = (
        *("_ended", "_failure", "_filter", "_guessed", "_index", "_new_reorder", "_numbered"),
        *("_order", "_parameters", "_queue", "_raw", "_reorder", "_seen", "_size", "_step"),
        *("counts", "denies"),
    )

    def __init__(
        self,
        info: StreamInfo,
        parameters: AVCodecParameters,
        *,
        stored: bool,
        packed: bool = False,
        rises: bool = False,
        guesses: bool = False,
    ) -> None:
        self.counts = self.denies = False
        self._guessed = GuessedTimes() if guesses else None
        self._index = info.index
        self._raw: Kept = deque()
        self._queue: deque[_Delayed] = deque()
        self._size = 0
        self._failure: EncodingError | None = None
        self._ended = False
        self._filter: Filter | None = None
        self._parameters = parameters
        self._order: PictureOrder | None = None
        self._reorder: Reorder | None = None
        self._new_reorder: Callable[[], Reorder] | None = None
        self._seen: list[Stamp] | None = []
        codec, delay = info.codec, max(parameters.video_delay, guesses)
        numerator, denominator = info.time_base
        ticks, seconds = info.frame_rate if info.rate else (25, 1)
        self._step = max(1, round(seconds * denominator / (ticks * numerator)))
        self._numbered = info.format_name == _NUMBERS
        if packed:
            self._unpack(info)
        if is_known(codec):
            counted = counts_pictures(codec)
            if delay or (counted and parameters.profile & 0xFF != _BASELINE):
                self._order = PictureOrder(codec, parameters)
            if self._order is None or self._order.works:
                self._new_reorder = partial(
                    Reorder,
                    delay if counted else min(delay, 1),
                    stored=stored,
                    counts=stored and counted,
                    packed=packed,
                    step=self._step,
                    rises=rises,
                )
        elif not reorders(parameters.codec_id) or self._numbered:
            self._new_reorder = partial(Reorder, 0, stored=stored, step=self._step)
        if self._new_reorder is not None:
            self._reorder = self._new_reorder()

    def _unpack(self, info: StreamInfo) -> None:
        own = allocate_parameters()
        code = avcodec.avcodec_parameters_copy(own, self._parameters)
        averror.check(code, "cannot copy a stream's parameters")
        self._filter = Filter("mpeg4_unpack_bframes", own)
        if own.extradata_size:
            # Without the mark that tells decoders that it is packed.
            info.extradata = bytes(ffi.buffer(own.extradata, own.extradata_size))
            info.parameters = info.parameters._replace(extradata=info.extradata)

    @property
    def moved(self) -> int:
        """Ticks by which decoding times are earlier than FFmpeg's."""
        return 0 if self._reorder is None else self._reorder.shift

    def begin(self, packets: Kept, read: ReadPacket) -> None:
        """Look at the beginning of the stream, which its clock depends on: `packets`, which were
        read before, and what follows them.
        """
        self._raw.extend(packets)
        while self._reorder is not None and self._reorder.waits and not self._ended:
            self._hold(read)

    def origin(self, time: int) -> None:
        """Say when the first picture is shown if nothing else tells."""
        if self._reorder is not None:
            self._reorder.origin = time

    def restart(self, origin: int) -> None:
        """Forget all packets: reading goes on elsewhere, where `origin` is the time to count from
        if there are no times at all.
        """
        self._raw.clear()
        self._queue.clear()
        self._size = 0
        self._seen = None
        self._failure, self._ended = None, False
        if self._reorder is not None:
            self._reorder.restart(origin)
        if self._order is not None:
            self._order.restart()
        if self._filter is not None:
            own = allocate_parameters()
            avcodec.avcodec_parameters_copy(own, self._parameters)
            self._filter = Filter("mpeg4_unpack_bframes", own)

    def read(self, read: ReadPacket, ptr: AVPacket) -> int | None:
        """Read the next packet into `ptr`; return its stream's index, None at the end.

        `read` does so with packets as FFmpeg gives them; what it raises comes after the packets
        before.
        """
        queue = self._queue
        while True:
            if queue:
                held = queue[0]
                if held.picture is None or held.picture.time is not None:
                    return self._give(ptr)
                self._hold(read)
            elif self._failure is not None:
                failure, self._failure, self._ended = self._failure, None, False
                raise failure
            else:
                index = None if self._ended else self._read(read, ptr)
                if index is None or self.take(ptr, index):
                    return index

    def take(self, ptr: AVPacket, index: int) -> bool:
        """Take a packet that was read while none is waiting; return whether it is ready, else it
        has been moved away.
        """
        if index != self._index:
            return True
        picture = self._push(ptr)
        if picture is None:
            return True
        if picture.time is None:
            kept = packet.allocate()
            avcodec.av_packet_move_ref(kept, ptr)
            self._keep(_Delayed(kept, index, picture))
            return False
        _write(ptr, picture)
        return True

    def hand_over(self) -> Unstamped | None:
        """Stop stamping; return what it takes to do that for the whole stream at once. None if that
        cannot be: packets have to be changed, or were too many.
        """
        if self._filter is not None or self._numbered or self._seen is None:
            return None
        if self.denies or self._guessed:
            return None
        if self._reorder is not None and self._reorder.rises:
            return None
        reorder = None
        if self._reorder is not None and self._new_reorder is not None:
            reorder, origin = self._new_reorder(), self._reorder.origin
            reorder.origin = origin
        packets: Kept = deque(held.ptr for held in self._queue)
        packets.extend(self._raw)
        if self._failure is not None:
            packets.append(self._failure)
        found = Unstamped(reorder, self._order is not None, self._seen, packets)
        self.restart(0)
        return found

    def _give(self, ptr: AVPacket) -> int:
        held = self._queue.popleft()
        self._size -= held.ptr.size
        avcodec.av_packet_move_ref(ptr, held.ptr)
        if held.picture is not None:
            _write(ptr, held.picture)
        return held.index

    def _hold(self, read: ReadPacket) -> None:
        """Read one packet more, behind those that wait for it."""
        ptr = packet.allocate()
        try:
            index = self._read(read, ptr)
        except EncodingError as error:  # after what came before it
            self._failure, self._ended = error.with_traceback(None), True
            index = None
        if index is None:
            self._finish()
            return
        picture = self._push(ptr) if index == self._index else None
        self._keep(_Delayed(ptr, index, picture))
        if len(self._queue) > _MOST_HELD and self._pictures() > _MOST_HELD:
            self._finish()
        if self._size > _MOST_BYTES:
            self._finish()

    def _keep(self, held: _Delayed) -> None:
        self._queue.append(held)
        self._size += held.ptr.size

    def _pictures(self) -> int:
        return sum(held.picture is not None for held in self._queue)

    def _finish(self) -> None:
        if self._reorder is not None:
            self._reorder.finish()

    def _read(self, read: ReadPacket, ptr: AVPacket) -> int | None:
        if self._raw:
            return take_kept(self._raw, ptr)
        index = read(ptr)
        self._ended = index is None
        return index

    def _push(self, ptr: AVPacket) -> Stamp | None:
        """Return the picture of a packet, None if nothing is known of its place."""
        reorder = self._reorder
        if reorder is None:
            return None
        if self._filter is not None:
            self._filter.apply(ptr)
        key = 0 if self._order is None else self._order.key(ptr)
        if self._filter is not None and self._order is not None and not self._order.is_intra:
            ptr.flags &= ~avcodec.AV_PKT_FLAG_KEY  # the mark was its predecessor's
        pts, dts = packet.times(ptr)
        if self.denies:
            dts = pts
        if self._guessed and self._order and self._guessed.has(pts, dts, self._order):
            pts = None
        if self._numbered:
            # What is no longer than a header ends the stream.
            dts = None if pts is None or ptr.size <= _HEADER else pts * self._step
        picture = Stamp(key, pts, dts, ptr.duration)
        if self._seen is not None:
            self._seen.append(picture)
            if len(self._seen) > _MOST_SEEN:
                self._seen = None
        reorder.push(picture)
        if self._numbered:
            ptr.dts, picture.decoded = NOPTS, None
        return picture


def _write(ptr: AVPacket, picture: Stamp) -> None:
    assert picture.time is not None
    ptr.pts = picture.time
    ptr.duration = picture.duration
    if picture.decoded is not None:
        ptr.dts = picture.decoded


def take_kept(kept: Kept, ptr: AVPacket) -> int:
    """Move the first of the packets that were read before into `ptr`; return its stream's index."""
    first = kept.popleft()
    if isinstance(first, EncodingError):
        raise first
    avcodec.av_packet_move_ref(ptr, first)
    return ptr.stream_index


def find(
    info: StreamInfo,
    parameters: AVCodecParameters,
    read: ReadPacket,
    ahead: Kept,
    live: bool,
    once: bool,
) -> Stamper | None:
    """Return what stamps a stream from its beginning on, None if nobody need: its packets have
    their times, as far as the first one tells.

    Parameters
    ----------
    info, parameters
        As for `Stamper`.
    read
        As for `Stamper.read`.
    ahead
        Packets that were read here, for who reads on, if nothing is returned.
    live
        Look at few packets only, and believe containers that store the times.
    once
        It cannot be read again: FFmpeg gives the packets that it has guessed from.
    """
    name = info.format_name.split(",")[0]
    guesses = once and name in _PROGRAM and tells_types(info.codec)
    if not (parameters.video_delay or guesses) and info.format_name != _NUMBERS:
        return None
    found: Kept = deque()
    first: list[AVPacket] = []
    wanted = _BEGINNING if name in _PROGRAM and counts_pictures(info.codec) else 2
    while len(first) < wanted and _read_one(info, read, found, first):
        pass
    packed = info.codec == "mpeg4" and bool(first) and is_packed(first[0], parameters)
    look = _LOOK if not live else 0 if name in _STORES else _LIVE_LOOK
    denies = not packed and _denies(info, parameters, read, found, first, look)
    lacks = packed or denies or _lacks(info, first)
    rises = _repeats(info)
    if not (lacks or rises or guesses) and all(ptr.pts != NOPTS for ptr in first):
        ahead.extend(found)
        return None
    stamper = Stamper(
        info, parameters, stored=not lacks, packed=packed, rises=rises, guesses=guesses
    )
    stamper.denies = denies
    stamper.counts = lacks and bool(first) and first[0].dts == NOPTS
    stamper.begin(found, read)
    return stamper


def _read_one(info: StreamInfo, read: ReadPacket, found: Kept, first: list[AVPacket]) -> bool:
    """Read until there is one more packet of the video in `first`, if there is; all packets go to
    `found`.
    """
    most = len(found) + _LOOK
    while len(found) < most and not (found and isinstance(found[-1], EncodingError)):
        ptr = packet.allocate()
        try:
            index = read(ptr)
        except EncodingError as error:
            found.append(error.with_traceback(None))
            break
        if index is None:
            break
        found.append(ptr)
        if index == info.index:
            first.append(ptr)
            return True
    return False


def _denies(
    info: StreamInfo,
    parameters: AVCodecParameters,
    read: ReadPacket,
    found: Kept,
    first: list[AVPacket],
    look: int,
) -> bool:
    """Return whether the container shows pictures in the order in which they are decoded, though
    the codec shows them in another.
    """
    if not is_known(info.codec) or not _rise(first):
        return False
    # Fewer than three packets cannot deny it, and a parser costs more than the third one.
    asked = look > 2 and len(first) < 3
    if asked and not (_read_one(info, read, found, first) and _rise(first)):
        return False
    order = PictureOrder(info.codec, parameters)
    if not order.works:
        return False
    last, falls = 0, 0
    for number in range(look):
        if number == len(first) and not _read_one(info, read, found, first):
            break
        if not _rise(first[max(number - 1, 0) : number + 1]):
            break
        key = order.key(first[number])
        falls += key < last  # H.264 may count anew without saying so: once
        if falls > 1:
            return True
        last = key
    return False


def _rise(packets: list[AVPacket]) -> bool:
    """Return whether packets have presentation times, each a later one."""
    times = [ptr.pts for ptr in packets]
    return NOPTS not in times and all(a < b for a, b in pairwise(times))


def begin(info: StreamInfo, parameters: AVCodecParameters, origin: int) -> Stamper:
    """Return what stamps a stream from its first packet without a presentation time on, which is
    shown at `origin` if nothing else tells.
    """
    stored = info.format_name.split(",")[0] not in STORES_NONE
    stamper = Stamper(info, parameters, stored=stored)
    stamper.origin(origin)
    return stamper


def leaves_out(info: StreamInfo) -> bool:
    """Return whether the container may leave out presentation times."""
    return info.format_name.split(",")[0] in STORES_NONE | _STORES


def _lacks(info: StreamInfo, first: list[AVPacket]) -> bool:
    """Return whether the container stores no presentation times, as far as the first packets
    tell.
    """
    name = info.format_name.split(",")[0]
    if name in STORES_NONE or name == _NUMBERS:
        return True
    if name == "mxf" and counts_pictures(info.codec):
        # Without an index that tells, FFmpeg shows pictures when they are decoded.
        return bool(first) and first[0].pts == first[0].dts
    # The very first packet is stamped before FFmpeg knows that there are B pictures.
    missing = any(ptr.pts == NOPTS for ptr in first)
    return missing and name not in _STORES and all(ptr.pts in (NOPTS, ptr.dts) for ptr in first)


def _repeats(info: StreamInfo) -> bool:
    """Return whether fragments may give a key picture of an open group the time of a leading one:
    FFmpeg writes them so if a segment begins with more of them than the first one did.
    """
    is_list = info.format_name.startswith(("hls", "dash"))
    # A tag of four letters is MP4's, MPEG-TS has a byte.
    return is_list and info.codec_tag >= 1 << 24 and counts_pictures(info.codec)
