"""NAL units, of which H.264 and HEVC are made: finding them, and what both say of pictures."""

from __future__ import annotations

from ...errors import DataError
from .bits import HEADER_LIMIT, Record, as_view

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A frame has a handful of NAL units before its first slice; junk can have any number.
_MOST_UNITS = 1000
START = b"\0\0\1"
CHROMA = ("400", "420", "422", "444")  # by chroma_format_idc


class SequenceParameters(Record):
    """What an H.264 or HEVC sequence parameter set says about its pictures."""

    __slots__ = ("bit_depth", "chroma", "constraints", "height", "level", "profile", "width")
    profile: int
    constraints: int
    level: int
    chroma: str
    bit_depth: int
    width: int
    height: int


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


def heads(view: memoryview, length_size: int | None) -> Iterator[memoryview]:
    """Yield each unit, or its first bytes: enough to find the first slice."""
    units = _annexb_heads(view) if length_size is None else _prefixed(view, length_size)
    for _, unit in zip(range(_MOST_UNITS), units, strict=False):
        yield unit


def first_unit(head: bytes) -> int:
    """Return where the first unit is if data begins with a start code, 0 if it does not."""
    return 4 if head[:4] == b"\0\0\0\1" else 3 if head[:3] == START else 0


def payload(unit: memoryview, header: int) -> bytes:
    """Return the first bytes of a unit after its header, without emulation prevention."""
    content = bytes(unit[header:HEADER_LIMIT])
    end = content.find(b"\0\0\1")  # there is none inside a unit
    return (content if end < 0 else content[:end]).replace(b"\0\0\3", b"\0\0")


def matching_units(view: memoryview, wanted: Callable[[int], bool]) -> Iterator[memoryview]:
    """Yield the units whose first byte is wanted: of Annex B data, or `view` if it is one."""
    if bytes(view[:3]) == b"\0\0\1" or bytes(view[:4]) == b"\0\0\0\1":
        for unit in _annexb_heads(view):
            if wanted(unit[0]):
                yield unit
    elif len(view) and wanted(view[0]):
        yield view


def parameters(
    profile: int, constraints: int, level: int, chroma: int, depth: int, width: int, height: int
) -> SequenceParameters:
    """Return what a sequence parameter set says, if it makes sense."""
    if depth > 16 or not (0 < width <= 65536 and 0 < height <= 65536):
        raise DataError(f"sequence parameter set: {width}x{height} at {depth} bits makes no sense")
    return SequenceParameters(
        profile=profile,
        constraints=constraints,
        level=level,
        chroma=CHROMA[chroma],
        bit_depth=depth,
        width=width,
        height=height,
    )


def counted(content: bytes, at: int, count: int, what: str) -> tuple[list[bytes], int]:
    """Return units that a record has with two bytes of length each, and where they end."""
    units = []
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(content[at:start], "big")
        if start > len(content) or at > len(content):
            raise DataError(f"{what} ends early, after {len(content)} bytes")
        units.append(content[start:at])
    return units, at


def start_of(content: bytes) -> str:
    """Describe data that is not what it should be."""
    return f"{len(content)} bytes starting {content[:8].hex(' ') or 'nowhere'}"


def split_headers(extradata: object) -> list[bytes]:
    """Return the NAL units of an encoder's extradata, with start codes or 4-byte lengths."""
    data = bytes(as_view(extradata))
    annexb = data[:3] == b"\0\0\1" or data[:4] == b"\0\0\0\1"
    return [bytes(unit) for unit in iter_nal_units(data, None if annexb else 4)]


def is_record(extradata: object) -> bool:
    """Tell a record, which libx264 gives since FFmpeg 8.1, from NAL units: none has a length of
    16 million bytes. It is made anew, as its last bytes are not right for every profile.
    """
    return bytes(as_view(extradata)[:1]) == b"\1"


def append(record: bytearray, units: list[bytes]) -> None:
    """Add units to a record, each with two bytes of length."""
    for unit in units:
        record += len(unit).to_bytes(2, "big")
        record += unit


def in_band_sets(data: object, wanted: Callable[[int], bool]) -> bytes:
    """Return the units of an Annex B chunk whose first byte is wanted, with start codes."""
    units = [bytes(unit) for unit in iter_nal_units(data) if wanted(unit[0])]
    return b"".join(b"\0" + START + unit for unit in units)


def with_lengths(data: object) -> bytes:
    """Return an access unit with 4-byte lengths in place of start codes."""
    parts: list[bytes | memoryview] = []
    for unit in iter_nal_units(data):
        parts.append(len(unit).to_bytes(4, "big"))
        parts.append(unit)
    return b"".join(parts)
