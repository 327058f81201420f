"""Packets of a stream that is copied: whether a file can take them, and what they lack."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import avcodec, ffi
from ...errors import EncodingError
from ..codecs import packet
from .sound import ticks_of

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket
    from .streams import CopiedStream

NOPTS = packet.NOPTS
# Seconds by which a time may go back: clocks of sound are not exact. Such a packet is moved.
_JITTER = 0.1
_LONGEST_HELD = 2  # seconds of sound
_MOST_HELD = 64  # packets
_BEHIND = 2  # packets behind those that are marked


class RefusedPacketError(EncodingError):
    """Packets cannot be in the file because of what they are; the file can go on without them.

    Attributes
    ----------
    why : str
        Without the name of the file.
    index : int or None
        Of the stream, None: unknown, for packets of all streams are written by their times.
    count : int
        How many there are.
    """

    def __init__(self, message: str, why: str, index: int | None, count: int = 1) -> None:
        super().__init__(message)
        self.why = why
        self.index = index
        self.count = count


class Unmended(NamedTuple):
    """Which packets of a stream are plain, in ticks: those after `last`, by `most` or less, but for
    those of sound at two times; and that have an ADTS header, if each has one.
    """

    last: int | None
    most: int | None
    but: tuple[int, int]
    has_headers: bool


class PacketCheck:
    """Looks at the packets of one copied stream, in order.

    Sound that jumps on by more than a second is held until what follows tells whether it goes on
    there, or one time was wrong: all that comes after such a one would go back.

    Parameters
    ----------
    source : CopiedStream
    index : int
        In the output.
    """

    __slots__ = (
        *(
            "_conversion",
            "_gap",
            "_has_headers",
            "_held",
            "_index",
            "_is_described",
            "_jitter",
            "_last",
            "_last_packet",
        ),
        *("_lasting", "_missing", "_next", "_refused", "_reorders"),
    )

    def __init__(self, source: CopiedStream, index: int) -> None:
        self._index = index
        self._conversion = source.conversion
        self._last_packet = source.last
        second = source.time_base[1] / source.time_base[0]
        self._jitter = _JITTER * second
        self._lasting = partial(ticks_of, source.parameters, time_base=source.time_base)
        # Whatever else there is comes now and then.
        self._gap = second if source.kind == "audio" else None
        # Without a header of the stream each packet of AAC begins with one. A file's muxer looks
        # for it in the first packet only.
        self._is_described = bool(source.parameters.extradata_size)
        self._has_headers = source.codec == "aac" and not self._is_described
        self._reorders = source.kind == "video"
        self._missing = _MissingBytes(source.codec)
        self._last: int | None = None  # time of the last one that is not held
        self._next: int | None = None  # when the last one of all ends
        self._held: list[tuple[AVPacket, int]] = []
        self._refused: dict[str, int] = {}

    def ready(self, ptr: AVPacket) -> list[AVPacket]:
        """Return the packets that can be written now, a packet of ours among them or not; they get
        the time that they lack, if that is known. `tell` has to be called then.
        """
        if self._is_described and ptr.side_data_elems:
            # FLV says it again. FFmpeg 5.1 writes it over what comes behind it in Matroska.
            packet.forget_extradata(ptr)
        if self._last_packet is not None:
            self._last_packet.mend(ptr, packet.order_shown(ptr))
        found: list[AVPacket] = []
        for each in self._missing.pass_on(ptr):
            found += self._look_at(each)
        return self._converted(found)

    def end(self) -> list[AVPacket]:
        """Return the packets that are left at the end of the file."""
        found: list[AVPacket] = []
        for each in self._missing.end():
            found += self._look_at(each)
        return self._converted(found + self._let_go())

    def _converted(self, found: list[AVPacket]) -> list[AVPacket]:
        conversion = self._conversion
        if conversion is None:
            return found
        made: list[AVPacket] = []
        for ptr in found:
            try:
                made += conversion.convert(ptr)
            except EncodingError as error:  # noqa: PERF203 - there is none, as a rule
                self._refuse(f"it holds no {conversion.name}: {error}")
        return made

    @property
    def is_of_sound(self) -> bool:
        """Whether the stream is one of sound."""
        return self._gap is not None

    @property
    def is_timed(self) -> bool:
        """Whether it is one of sound or pictures, which are never shortened."""
        return self.is_of_sound or self._reorders

    def plain(self) -> Unmended | None:
        """Return which of the next packets are plain: they are written as they are. None: none is
        for now.
        """
        if self._conversion is not None or self._held or self._refused or self._missing.is_busy:
            return None
        last = self._last_packet
        return Unmended(
            self._last,
            None if self._gap is None else int(self._gap),
            (NOPTS, NOPTS) if last is None else (last.before, last.begin),
            self._has_headers,
        )

    def passed(self, last: int, lasting: int, size: int) -> None:
        """Note that plain packets were written, of the last one its time, its duration and its
        bytes.
        """
        lasting = lasting if lasting > 0 else self._lasting(size)
        self._last, self._next = last, last + lasting if lasting > 0 else None

    def tell(self) -> None:
        """Raise RefusedPacketError if some packets are not to be written at all."""
        count, self._missing.count = self._missing.count, 0
        if count:
            self._refuse("the container says that it is damaged", count)
        if self._refused:
            why, count = self._refused.popitem()
            raise RefusedPacketError(f"a packet is damaged: {why}", why, self._index, count)

    def _refuse(self, why: str, count: int = 1) -> None:
        self._refused[why] = self._refused.get(why, 0) + count

    def _look_at(self, ptr: AVPacket) -> list[AVPacket]:
        if self._has_headers and not _begins_with_adts(ptr):
            self._refuse("it has no ADTS header")
            return []
        if self._reorders and ptr.dts == NOPTS != ptr.pts:
            return [ptr]  # Matroska's first ones; when a picture is shown says nothing of its place
        when = ptr.dts if ptr.dts != NOPTS else ptr.pts
        if when == NOPTS:
            if self._next is None:
                self._refuse("it has no time")
                return []
            when = ptr.pts = ptr.dts = self._next
        last, held = self._last, self._held
        if last is not None and when < last - self._jitter:
            self._refuse("its time goes back")
            return []
        if held and when < held[-1][1] - self._jitter:
            self._refuse("its time is far from those of its neighbours", len(held))
            held.clear()
        lasting = ptr.duration if ptr.duration > 0 else self._lasting(ptr.size)
        self._next = when + lasting if lasting > 0 else None
        if self._waits(when):
            held.append((packet.clone(ptr), when))
            return []
        self._last = when
        return [*self._let_go(), ptr] if held else [ptr]

    def _waits(self, when: int) -> bool:
        if self._gap is None or self._last is None:
            return False
        if not self._held:
            return when > self._last + self._gap
        return when < self._held[0][1] + _LONGEST_HELD * self._gap and len(self._held) < _MOST_HELD

    def _let_go(self) -> list[AVPacket]:
        held, self._held = self._held, []
        return [ptr for ptr, _ in held]


class _MissingBytes:
    """Finds the damaged ones among packets of a container that says that some of it is missing.

    It says so of all packets that begin in a part of the file, and the damaged one may be that
    which ends behind it: a parser took too many bytes for it. It is right before one that does not
    begin as it has to. Of codecs whose packets begin in any way, those are damaged that the
    container says.

    Attributes
    ----------
    count : int
        How many were kept back, which are damaged.
    """

    __slots__ = ("_begins", "_found", "_left", "_waiting", "count")

    def __init__(self, codec: str) -> None:
        self._begins = _BEGINNINGS.get(codec)
        self._waiting: AVPacket | None = None
        self._left = 0
        self._found = False
        self.count = 0

    @property
    def is_busy(self) -> bool:
        """Whether it looks at packets that are not marked."""
        return bool(self._left or self.count) or self._waiting is not None

    def pass_on(self, ptr: AVPacket) -> list[AVPacket]:
        """Return what can go on, a packet of ours among it or not."""
        is_marked = ptr.flags & avcodec.AV_PKT_FLAG_CORRUPT
        if not is_marked and not self._left:
            return [ptr]
        begins = self._begins
        if begins is None:
            self.count += 1
            return []
        if is_marked:
            self._found = self._found and bool(self._left)
            self._left = _BEHIND
        else:
            self._left -= 1
        before, self._waiting = self._waiting, None
        if not begins(ptr):
            self.count += 1 if before is None else 2
            self._found = True
            return []
        found = [] if before is None else [before]
        if self._left:
            self._waiting = packet.clone(ptr)
            return found
        if found and not self._found:
            found.clear()
            self.count += 1
        return [*found, ptr]

    def end(self) -> list[AVPacket]:
        """Return what can go on at the end of the file."""
        before, self._waiting = self._waiting, None
        if before is None:
            return []
        if self._found:
            return [before]
        self.count += 1
        return []


def _word(ptr: AVPacket) -> int:
    return int.from_bytes(ffi.buffer(ptr.data, 4), "big") if ptr.size > 7 else 0


def _begins_with_adts(ptr: AVPacket) -> bool:
    return _word(ptr) >> 20 == 0xFFF


def _begins_with_mpeg(ptr: AVPacket) -> bool:
    return _word(ptr) >> 21 == 0x7FF


def _begins_with_ac3(ptr: AVPacket) -> bool:
    return _word(ptr) >> 16 == 0x0B77


def _begins_with_dts(ptr: AVPacket) -> bool:
    return _word(ptr) in (0x7FFE8001, 0xFE7F0180, 0x1FFFE800, 0xFF1F00E8, 0x64582025)


_BEGINNINGS = {
    "aac": _begins_with_adts,
    "mp1": _begins_with_mpeg,
    "mp2": _begins_with_mpeg,
    "mp3": _begins_with_mpeg,
    "ac3": _begins_with_ac3,
    "eac3": _begins_with_ac3,
    "dts": _begins_with_dts,
}
