"""The orientation in a file of one picture: EXIF of PNG and WebP, the tag of TIFF itself."""

from __future__ import annotations

from collections.abc import Callable

_TAG = 0x112
_SHORT = 3
_MOST_TAGS = 4096


def orientation_of_tiff(data: memoryview) -> int:
    """Return the number in the first directory (TIFF 6.0, section 2), 1 if there is none."""
    order = {b"II": "little", b"MM": "big"}.get(bytes(data[:2]))
    if order is None:
        return 1

    def number(place: int, size: int) -> int:
        return int.from_bytes(data[place : place + size], order)  # type: ignore[arg-type]

    if number(2, 2) != 42:
        return 1
    place = number(4, 4)
    for index in range(min(number(place, 2), _MOST_TAGS)):
        entry = place + 2 + 12 * index
        if number(entry, 2) == _TAG and number(entry + 2, 2) == _SHORT:
            return number(entry + 8, 2)
    return 1


def _of_png(data: memoryview) -> int:
    place = 8
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        if bytes(data[place + 4 : place + 8]) == b"eXIf":
            return orientation_of_tiff(data[place + 8 : place + 8 + size])
        place += 12 + size
    return 1


def _of_webp(data: memoryview) -> int:
    place = 12
    while place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        if bytes(data[place : place + 4]) == b"EXIF":
            found = data[place + 8 : place + 8 + size]
            return orientation_of_tiff(found[6:] if bytes(found[:6]) == b"Exif\0\0" else found)
        place += 8 + size + size % 2
    return 1


_OF: dict[str, Callable[[memoryview], int]] = {
    "png": _of_png,
    "webp": _of_webp,
    "tiff": orientation_of_tiff,
}


def has_exif(codec: str) -> bool:
    """Return whether `orientation` can be asked for files of this codec, by FFmpeg's name."""
    return codec in _OF


def orientation(codec: str, data: memoryview) -> int:
    """Return EXIF's number of a whole file, 1 if nothing is said."""
    return _OF[codec](data)
