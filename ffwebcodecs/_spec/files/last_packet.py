"""Where the last packet of a track of MP4 begins and ends, exactly.

ISO/IEC 14496-12: the edit list (8.6.6) counts in units of the whole film, mostly milliseconds, so
the end of its last edit is rounded. The tables of the track (8.6.1.2, 8.8.8) count in the track's
own units, which are samples of sound. An edit that ends within a unit of the film's of where the
tables end is meant to end there.
"""

from __future__ import annotations

import struct

from .claims_mp4 import boxes
from .edit_list import find, header_of, time_scale

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .limits import Reader

_MOST_BOXES = 1 << 17
_BASE, _DESCRIPTION, _DURATION = 0x1, 0x2, 0x8  # of tfhd
_OFFSET, _FIRST_FLAGS, _DURATIONS, _FIELDS = 0x1, 0x4, 0x100, (0x100, 0x200, 0x400, 0x800)


def last_packet_of(read: Reader, track: int) -> tuple[int, int, int] | None:
    """Return when the last packet but one of a track begins, when the last one does, and when that
    ends, in ticks of the track from the beginning of the film; None if the file does not say it
    exactly, or this is no MP4.

    Parameters
    ----------
    read : callable
        Returns bytes of the file: ``read(offset, size)``.
    track : int
        The track's number in the file (track_ID).
    """
    try:
        header = header_of(read)
        if header is None:
            return None
        first, last = _track(header, track)
        fragment = _last_fragment(read, header, track)
        # What tables of a fragmented file say is what comes before the fragments.
        end, before, lasting = fragment or _whole(header, *find(header, _TABLES, first, last))
        zero = _begin_of_edit(header, first, last, None if fragment else end)
        if zero is None or lasting <= 0:
            return None
        begin = end - lasting - zero
        return begin - before, begin, end - zero
    except (struct.error, IndexError, ZeroDivisionError):
        return None


_TABLES = (b"mdia", b"minf", b"stbl", b"stts")


def _track(header: bytes, number: int) -> tuple[int, int]:
    for kind, first, last in boxes(header, 0, len(header)):
        if kind == b"trak":
            at, _ = find(header, (b"tkhd",), first, last)
            if struct.unpack_from(">I", header, at + (20 if header[at] == 1 else 12))[0] == number:
                return first, last
    raise IndexError


def _whole(header: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return where all packets end, and how long the last two last."""
    (count,) = struct.unpack_from(">I", header, at + 4)
    total = before = lasting = 0
    for index in range(min(count, (end - at - 8) // 8)):
        number, each = struct.unpack_from(">II", header, at + 8 + 8 * index)
        if number:
            before, lasting = each if number > 1 else lasting, each
        total += number * each
    return total, before, lasting


def _begin_of_edit(header: bytes, first: int, last: int, end: int | None) -> int | None:
    """Return which tick of the track is the 0 of the film; None if that, or where the track ends,
    is something else than its tables say.
    """
    film = time_scale(header, *find(header, (b"mvhd",)))
    media = time_scale(header, *find(header, (b"mdia", b"mdhd"), first, last))
    try:
        at, stop = find(header, (b"edts", b"elst"), first, last)
    except IndexError:
        return 0
    layout = ">QqI" if header[at] == 1 else ">IiI"
    size = struct.calcsize(layout)
    (count,) = struct.unpack_from(">I", header, at + 4)
    late, begin = 0, None
    for index in range(min(count, (stop - at - 8) // size)):
        lasting, from_where, rate = struct.unpack_from(layout, header, at + 8 + index * size)
        if begin is not None or rate != 1 << 16:
            return None
        if from_where == -1:
            late += lasting
            continue
        begin = from_where
        # Two ends that are rounded; fragments come after what an edit could know of.
        if end is not None and abs((end - begin) * film - lasting * media) >= media:
            return None
    return None if begin is None else begin - (2 * late * media + film) // (2 * film)


def _last_fragment(read: Reader, header: bytes, track: int) -> tuple[int, int, int] | None:
    """Return where a track ends by its last fragment, and how long its last two packets last; None
    if it has no fragments.
    """
    extends = [box for box in boxes(header, 0, len(header)) if box[0] == b"mvex"]
    if not extends:
        return None
    usual = 0
    for kind, first, _ in boxes(header, *extends[0][1:]):
        if kind == b"trex" and struct.unpack_from(">I", header, first + 4)[0] == track:
            usual = struct.unpack_from(">I", header, first + 12)[0]
    for at, size in reversed(list(_fragments(read))):
        content = read(at, size)
        found = None
        for kind, first, last in boxes(content, 0, len(content)):
            if kind == b"traf":
                found = _of_fragment(content, first, last, track, usual) or found
        if found is not None:
            return found
    return None


def _fragments(read: Reader) -> Iterator[tuple[int, int]]:
    """Yield where the content of each box ``moof`` begins, and its size."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = read(at, 16)
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        start = 8
        if size == 1:
            size, start = struct.unpack_from(">Q", head, 8)[0], 16
        if size < start:
            return
        if kind == b"moof":
            yield at + start, size - start
        at += size
    raise IndexError  # nobody knows what comes behind


def _of_fragment(
    data: bytes, first: int, last: int, track: int, usual: int
) -> tuple[int, int, int] | None:
    at, _ = find(data, (b"tfhd",), first, last)
    flags, number = struct.unpack_from(">II", data, at)
    if number != track:
        return None
    if flags & _DURATION:
        place = at + 8 + 8 * bool(flags & _BASE) + 4 * bool(flags & _DESCRIPTION)
        (usual,) = struct.unpack_from(">I", data, place)
    at, _ = find(data, (b"tfdt",), first, last)
    end = struct.unpack_from(">Q" if data[at] == 1 else ">I", data, at + 4)[0]
    before = lasting = 0
    for kind, at, _ in boxes(data, first, last):
        if kind != b"trun":
            continue
        flags, count = struct.unpack_from(">II", data, at)
        if not flags & _DURATIONS:
            end += count * usual
            if count:
                before, lasting = usual if count > 1 else lasting, usual
            continue
        place = at + 8 + 4 * bool(flags & _OFFSET) + 4 * bool(flags & _FIRST_FLAGS)
        step = 4 * sum(bool(flags & field) for field in _FIELDS)
        for index in range(count):
            before = lasting
            (lasting,) = struct.unpack_from(">I", data, place + index * step)
            end += lasting
    return end, before, lasting
