"""Packets of which no picture comes, seen by their first bytes: those that only store a reference
(VP8, VP9, AV1), those that say "nothing is coded" (MPEG-4), and those that end a sequence (Dirac).

What cannot be told is taken for a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...errors import DataError
from . import avc
from .bits import BitReader

_VOL = range(0x20, 0x30)  # start codes of MPEG-4's video object layers
_LEB128 = 0x80


def looks_at(codec: str) -> bool:
    """Tell whether packets of FFmpeg's `codec` have to be looked at."""
    return codec in _SHOWS


def shows_nothing(codec: str, head: bytes, last: int, size: int, extradata: bytes = b"") -> bool:
    """Tell whether no picture comes of a packet.

    Parameters
    ----------
    codec : str
        FFmpeg's name.
    head : bytes
        The first bytes of the packet, 31 of them if it has so many.
    last, size : int
        Its last byte, and how many it has.
    extradata : bytes
        The headers of the stream.
    """
    shows = _SHOWS.get(codec)
    if not size:
        return True  # decoders take this for the end
    return shows is not None and not shows(head, last, size, extradata)


def _vp8(head: bytes, last: int, size: int, extradata: bytes) -> bool:
    return bool(head[0] & 0x10)


def _vp9(head: bytes, last: int, size: int, extradata: bytes) -> bool:
    if last & 0xE0 == 0xC0:  # a superframe, the last frame of which is shown
        return True
    # marker, profile, a reserved bit in profile 3; show_existing_frame, frame_type, show_frame
    bits = head[0] << 1 if head[0] & 0x30 == 0x30 else head[0]
    return head[0] & 0xC0 != 0x80 or bits & 0x0A != 0


def _av1(head: bytes, last: int, size: int, extradata: bytes) -> bool:
    at = 0
    reduced = False
    while at < len(head):
        kind = head[at] >> 3 & 15
        sized = head[at] & 2
        at += 2 if head[at] & 4 else 1
        length = size - at
        if sized:
            length = shift = 0
            while at < len(head):
                byte = head[at]
                length |= (byte & 0x7F) << shift
                at, shift = at + 1, shift + 7
                if not byte & _LEB128:
                    break
        if at >= len(head):
            return True
        if kind in (3, 6):  # a frame's header, a frame
            # show_existing_frame, two bits of frame_type, show_frame
            return reduced or head[at] & 0x90 != 0 or at + length < size
        if kind == 1:
            reduced = head[at] & 0x08 != 0
        at += length
    return True


def _mpeg4(head: bytes, last: int, size: int, extradata: bytes) -> bool:
    if size > 31 or head[:4] != b"\0\0\1\xb6":
        return True
    try:
        reader = BitReader(head[4:], "MPEG-4 picture")
        reader.bits(2)
        while reader.flag():
            pass
        reader.bits(2 + _time_bits(extradata))
        return reader.flag()
    except DataError:
        return True


def _time_bits(extradata: bytes) -> int:
    """Return how many bits a picture's time has."""
    at = extradata.find(b"\0\0\1")
    while at >= 0 and extradata[at + 3 : at + 4] and extradata[at + 3] not in _VOL:
        at = extradata.find(b"\0\0\1", at + 3)
    if at < 0:
        raise DataError("MPEG-4 headers without a video object layer")
    reader = BitReader(extradata[at + 4 : at + 68], "MPEG-4 header")
    reader.bits(9)
    version = 1
    if reader.flag():
        version = reader.bits(4)
        reader.bits(3)
    if reader.bits(4) == 15:
        reader.bits(16)
    if reader.flag():  # vol_control_parameters
        reader.bits(3)
        if reader.flag():
            reader.bits(79)
    if reader.bits(2) == 3 and version != 1:
        reader.bits(4)
    reader.bits(1)
    return max(1, (reader.bits(16) - 1).bit_length())


def _dirac(head: bytes, last: int, size: int, extradata: bytes) -> bool:
    at = 0
    while head[at : at + 4] == b"BBCD" and at + 9 <= len(head):
        code, length = head[at + 4], int.from_bytes(head[at + 5 : at + 9], "big")
        if code & 8:
            return True
        if code == 0x10 and at + 13 >= size:  # the end of a sequence, and nothing behind it
            return False
        at += max(length, 13)
    return True


_Shows = Callable[[bytes, int, int, bytes], bool]
_SHOWS: dict[str, _Shows] = {
    "vp8": _vp8,
    "vp9": _vp9,
    "av1": _av1,
    "mpeg4": _mpeg4,
    "dirac": _dirac,
}


def recovery(codec: str, data: object, extradata: bytes) -> int:
    """Return how many frames after this key packet a decoder that begins with it has right
    pictures. It shows none before.
    """
    found = recovery_of(codec, extradata)
    return 0 if found is None else found(data)


def recovery_of(codec: str, extradata: bytes) -> Callable[[object], int] | None:
    """Return `recovery` for the packets of one stream, None if they are right at once."""
    if codec != avc.CODEC:
        return None
    return partial(avc.recovery, length_size=_length_size(extradata))


def _length_size(extradata: bytes) -> int | None:
    """Return the bytes of a NAL unit's length, also where the rest of the headers is damaged."""
    return (extradata[4] & 3) + 1 if avc.is_description(extradata) else None


def fields_of(codec: str, extradata: bytes) -> Callable[[object], int] | None:
    """Return what says of a packet whether it begins with a frame (0), a top field (1) or a bottom
    field (2); None if the stream has no pictures in two packets.
    """
    if codec != avc.CODEC:
        return None
    try:
        place = avc.field_place(extradata)
    except DataError:
        return None
    length_size = _length_size(extradata)
    return (lambda data: avc.field_of(data, length_size, place)) if place else None


def second_fields(fields: bytes) -> list[int]:
    """Return which packets hold only the second field of a frame, whose first one is in the packet
    before, given what `fields_of` says of each.
    """
    second, at = [], 1
    while at < len(fields):
        if fields[at - 1] and fields[at] == 3 - fields[at - 1]:
            second.append(at)
            at += 1
        at += 1
    return second
