"""H.264 and HEVC: NAL units, and whether decoding can start at an access unit."""

from __future__ import annotations

from ...errors import DataError
from .bits import HEADER_LIMIT, BitReader, as_view

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A frame has a handful of NAL units before its first slice; junk can have any number.
_MOST_UNITS = 1000


def iter_nal_units(data: object, length_size: int | None = None) -> Iterator[memoryview]:
    """Yield the NAL units of an access unit, headers included, without copying them.

    Parameters
    ----------
    data : bytes-like
    length_size : int, optional
        Bytes in the length before each unit (1, 2 or 4); None: Annex B start codes.

    Notes
    -----
    Empty units are left out. A last unit whose length reaches beyond the data is cut there.
    """
    view = as_view(data)
    if length_size is not None:
        yield from _prefixed(view, length_size)
        return
    content = bytes(view)
    start = content.find(b"\0\0\1")
    while start >= 0:
        start += 3
        following = content.find(b"\0\0\1", start)
        end = len(content) if following < 0 else following
        # A unit never ends with a zero byte: these belong to the next start code.
        unit = len(content[start:end].rstrip(b"\0"))
        if unit:
            yield view[start : start + unit]
        start = following


def _prefixed(view: memoryview, length_size: int) -> Iterator[memoryview]:
    at, size, empty = 0, len(view), 0
    while at + length_size < size and empty < _MOST_UNITS:
        start = at + length_size
        at = start + int.from_bytes(view[at:start], "big")
        if at > start:
            yield view[start:at]
        else:
            empty += 1  # a buffer of zeros has nothing else


def _annexb_heads(view: memoryview) -> Iterator[memoryview]:
    """Yield each unit's first bytes; copies little if the caller stops at the first slice."""
    size, window = len(view), min(len(view), 4096)
    content, at = bytes(view[:window]), 0
    while True:
        at = content.find(b"\0\0\1", at)
        if at < 0:
            if window == size:
                return
            at, window = max(0, window - 2), min(size, window * 8)
            content = bytes(view[:window])
            continue
        at += 3
        if at < size:
            yield view[at : at + HEADER_LIMIT]


def _heads(view: memoryview, length_size: int | None) -> Iterator[memoryview]:
    units = _annexb_heads(view) if length_size is None else _prefixed(view, length_size)
    for _, unit in zip(range(_MOST_UNITS), units, strict=False):
        yield unit


def payload(unit: memoryview, header: int) -> bytes:
    """Return the first bytes of a unit after its header, without emulation prevention."""
    content = bytes(unit[header:HEADER_LIMIT])
    end = content.find(b"\0\0\1")  # there is none inside a unit
    return (content if end < 0 else content[:end]).replace(b"\0\0\3", b"\0\0")


def avc_is_key(view: memoryview, length_size: int | None) -> bool | None:
    """Say whether decoding can start at this H.264 access unit; None: cannot tell.

    An IDR picture, or one with a recovery point of 0 frames. An intra slice after a sequence
    parameter set, as broadcasters make them, is left open, and so is a chunk without a picture.
    """
    recovers = parameters = False
    seen = False
    for unit in _heads(view, length_size):
        kind = unit[0] & 0x1F
        if unit[0] & 0x80 or not kind:
            continue
        seen = True
        if kind == 5:
            return True
        if kind in (1, 2):
            if recovers:
                return True
            return None if parameters and _is_intra(unit) else False
        if kind == 6:
            recovers = recovers or _recovers_at_once(unit)
        elif kind == 7:
            parameters = True
    return None if seen else False


def _is_intra(unit: memoryview) -> bool:
    reader = BitReader(payload(unit[:64], 1), "slice")
    try:
        reader.ue()
        return reader.ue() in (2, 4, 7, 9)
    except DataError:
        return False


def _recovers_at_once(unit: memoryview) -> bool:
    content, at = payload(unit, 1), 0
    while at + 2 < len(content):
        values = []
        for _ in range(2):  # type, then size: each 255 times n, plus the last byte
            value = 0
            while at < len(content) and content[at] == 255:
                value, at = value + 255, at + 1
            if at >= len(content):
                return False
            values.append(value + content[at])
            at += 1
        if values[0] == 6:
            # recovery_frame_cnt 0 is the single bit 1.
            return at < len(content) and content[at] & 0x80 != 0
        at += values[1]
    return False


def hevc_is_key(view: memoryview, length_size: int | None) -> bool | None:
    """Say whether this HEVC access unit is BLA, IDR or CRA; None: it has no picture."""
    seen = False
    for unit in _heads(view, length_size):
        if unit[0] & 0x80:
            continue
        kind = unit[0] >> 1
        if kind < 32:
            return 16 <= kind <= 21
        seen = True
    return None if seen else False


def matching_units(view: memoryview, wanted: Callable[[int], bool]) -> Iterator[memoryview]:
    """Yield the units whose first byte is wanted: of Annex B data, or `view` if it is one."""
    if bytes(view[:3]) == b"\0\0\1" or bytes(view[:4]) == b"\0\0\0\1":
        for unit in _annexb_heads(view):
            if wanted(unit[0]):
                yield unit
    elif len(view) and wanted(view[0]):
        yield view
