"""What a picture says besides its pixels, as plain values for another process: all AVFrameSideData.

Some of it is structs of libavutil, which grow from release to release: what another release made
would be read beyond its end. So these stay with the very version, and the others are known by size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..._ffi import avutil, ffi
from .. import averror, releases

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame, AVFrameSideData

Entry = tuple[int, bytes]
"""Number of an AVFrameSideDataType as since FFmpeg 5.0, and what it says."""

# Texts of any size, and structs that have had one size for ever.
_TEXTS = frozenset((1, 15, 20, 23, 31))
_SIZES = {6: 36, 7: 1, 11: 88, 12: 8, 13: 36, 14: 8, 16: 16, 17: 11304, 26: 24}
_OF_LIGHT = frozenset((11, 14, 17, 23, 24, 25, 26))
_OF_STREAMS = (2, 11, 13, 14, 26)  # what all pictures of a stream say
_MOST_KIND = 1 << 16
_ROOM = 16  # bytes that an entry takes in a pickle beside its own
_NAMES = {
    1: "closed captions",
    2: "stereo mode",
    11: "mastering display",
    13: "spherical mapping",
    14: "content light level",
    15: "ICC profile",
    17: "HDR10+ metadata",
    20: "user data of the bitstream",
    23: "Dolby Vision metadata",
    24: "Dolby Vision metadata",
    25: "HDR Vivid metadata",
    26: "ambient viewing environment",
    31: "EXIF",
}


def entries_of(ptr: AVFrame) -> tuple[Entry, ...]:
    """Return all entries of a picture; what all pictures of its stream say comes first."""
    if not ptr.nb_side_data:
        return ()
    shift = releases.regions_of_interest() - 18
    found: list[Entry] = []
    for index in range(ptr.nb_side_data):
        entry = ptr.side_data[index]
        kind: int = entry.type
        if kind > 15 and shift:
            kind -= shift
            if kind < 16:  # quantizers of old decoders
                continue
        if entry.size:
            found.append((kind, bytes(ffi.buffer(entry.data, entry.size))))
    return tuple(sorted(found, key=_is_of_picture))


def _is_of_picture(entry: Entry) -> bool:
    return entry[0] not in _OF_STREAMS


def without_light(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return the entries that are true of pixels with another transfer curve as well."""
    return tuple(entry for entry in entries if entry[0] not in _OF_LIGHT)


def that_fit(entries: tuple[Entry, ...], most: int) -> tuple[Entry, ...]:
    """Return the first entries that take no more than so many bytes when they are pickled."""
    kept = []
    most -= 4 * _ROOM  # for `packed`
    for entry in entries:
        size = len(entry[1]) + _ROOM
        if size <= most:
            most -= size
            kept.append(entry)
    return tuple(kept)


def names(entries: Sequence[Entry]) -> str:
    """Return in words what entries are."""
    return ", ".join(dict.fromkeys(_NAMES.get(kind, f"side data {kind}") for kind, _ in entries))


def packed(entries: tuple[Entry, ...]) -> Any:
    """Return entries as a plain value; None for none."""
    if not entries:
        return None
    return releases.of_structs(), entries, _checksum(entries)


def unpacked(value: Any) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return the entries of what `packed` gave, and those that this FFmpeg would not understand.

    Raises
    ------
    ValueError
        It is not that.
    """
    if value is None:
        return (), ()
    version, entries, checksum = value
    if not isinstance(entries, tuple) or not all(map(_is_entry, entries)):
        raise ValueError
    if checksum != _checksum(entries):
        raise ValueError
    if version == releases.of_structs():
        return entries, ()
    understood = tuple(filter(_is_the_same_for_ever, entries))
    return understood, tuple(entry for entry in entries if entry not in understood)


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, tuple)
        and len(entry) == 2
        and type(entry[0]) is int
        and 0 <= entry[0] < _MOST_KIND
        and type(entry[1]) is bytes
        and len(entry[1]) > 0
    )


def _is_the_same_for_ever(entry: Entry) -> bool:
    kind, data = entry
    return kind in _TEXTS or _SIZES.get(kind) == len(data)


def _checksum(entries: tuple[Entry, ...]) -> int:
    from zlib import crc32

    found = 0
    for kind, data in entries:
        found = crc32(data, crc32(b"%d %d" % (kind, len(data)), found))
    return found


def give(ptr: AVFrame, entries: tuple[Entry, ...]) -> None:
    """Say that of a picture that nobody else has seen yet."""
    shift = releases.regions_of_interest() - 18
    for kind, data in entries:
        number = kind + shift if kind > 15 else kind
        side: AVFrameSideData = averror.check_pointer(
            avutil.av_frame_new_side_data(ptr, number, len(data)), "cannot say more of a picture"
        )
        ffi.memmove(side.data, data, len(data))
