"""AVIF and HEIF files that the ffmpeg program does not write: alpha tracks, alpha items, grids."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from convert_helpers import made

ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
DEPTH = b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth\0"
_PARENTS = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8}


def box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def full(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


# ---- image sequences ---------------------------------------------------------------------------


def sequence(
    source: bytes,
    handlers: dict[int, bytes],
    auxiliary: dict[int, int],
    brand: bytes = b"avis",
    urn: bytes = ALPHA,
    items: Sequence[Item] = (),
) -> bytes:
    """Return an MP4 file, whose `moov` comes last, as an image sequence.

    `handlers` are those of its tracks by their place from 0; `auxiliary` says which track's
    pictures belong to which other's, and are of kind `urn`. The `items` are its still pictures.
    """
    whole, shift = b"", 0
    for kind, content in children(source, 0, len(source)):
        new = content
        if kind == b"ftyp":
            new = brand + bytes(4) + b"avifavismsf1iso8mif1miaf"[: len(content) - 8]
        if kind == b"moov":
            new = _moov(content, handlers, auxiliary, urn, shift)
        whole += box(kind, new)
        if kind == b"ftyp" and items:
            stills = _body(items, 1, len(whole))
            whole, shift = whole + stills, len(stills)
    return whole


def children(data: bytes, at: int, end: int) -> list[tuple[bytes, bytes]]:
    found = []
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + size]))
        at += size
    return found


def _moov(
    data: bytes, handlers: dict[int, bytes], auxiliary: dict[int, int], urn: bytes, shift: int
) -> bytes:
    result, number = b"", 0
    for kind, content in children(data, 0, len(data)):
        new = content
        if kind == b"trak":
            handler = handlers.get(number, b"vide")
            new = _rewritten(content, handler, urn if number in auxiliary else b"", shift)
            if number in auxiliary:
                to = struct.pack(">I", 1 + auxiliary[number])  # FFmpeg counts tracks from 1
                new += box(b"tref", box(b"auxl", to))
            number += 1
        result += box(kind, new)
    return result


def _rewritten(data: bytes, handler: bytes, urn: bytes, shift: int) -> bytes:
    result = b""
    for kind, content in children(data, 0, len(data)):
        new = content
        if kind == b"hdlr":
            new = content[:8] + handler + content[12:]
        elif kind in _PARENTS:
            skip = _PARENTS[kind]
            new = content[:skip] + _rewritten(content[skip:], handler, urn, shift)
        elif kind == b"av01" and urn:
            new += full(b"auxi", urn)
        elif kind == b"stco":
            places = struct.unpack(f">{len(content) // 4 - 2}I", content[8:])
            new = content[:8] + b"".join(struct.pack(">I", at + shift) for at in places)
        result += box(kind, new)
    return result


# ---- stills ------------------------------------------------------------------------------------


class Item(NamedTuple):
    """An item of a still: its type, data, properties (boxes), references (kind, items)."""

    kind: bytes
    data: bytes
    properties: Sequence[bytes] = ()
    references: Sequence[tuple[bytes, Sequence[int]]] = ()
    hidden: bool = False


def still(items: Sequence[Item], primary: int = 1, brand: bytes = b"avif") -> bytes:
    """Return a file of these items, which are numbered from 1; the data lies in `mdat`."""
    head = box(b"ftyp", brand, bytes(4), brand, b"mif1miaf")
    return head + _body(items, primary, len(head))


def _body(items: Sequence[Item], primary: int, start: int) -> bytes:
    properties = list(dict.fromkeys(each for item in items for each in item.properties))
    meta = _meta(items, primary, properties, 0)
    meta = _meta(items, primary, properties, start + len(meta) + 8)
    return meta + box(b"mdat", *(item.data for item in items))


def _meta(items: Sequence[Item], primary: int, properties: list[bytes], at: int) -> bytes:
    places, entries, associations, references = b"", b"", b"", b""
    for number, item in enumerate(items, 1):
        places += struct.pack(">HHHII", number, 0, 1, at, len(item.data))
        entries += full(b"infe", struct.pack(">HH4sB", number, 0, item.kind, 0), version=2,
                        flags=int(item.hidden))  # fmt: skip
        numbers = bytes(1 + properties.index(each) for each in item.properties)
        associations += struct.pack(">HB", number, len(numbers)) + numbers
        for kind, to in item.references:
            references += box(kind, struct.pack(f">HH{len(to)}H", number, len(to), *to))
        at += len(item.data)
    return full(
        b"meta",
        full(b"hdlr", bytes(4), b"pict", bytes(13)),
        full(b"pitm", struct.pack(">H", primary)),
        full(b"iloc", b"\x44\x00", struct.pack(">H", len(items)), places),
        full(b"iinf", struct.pack(">H", len(items)), entries),
        *([full(b"iref", references)] if references else []),
        box(
            b"iprp",
            box(b"ipco", *properties),
            full(b"ipma", struct.pack(">I", len(items)), associations),
        ),
    )


def size_property(width: int, height: int) -> bytes:
    return full(b"ispe", struct.pack(">II", width, height))


def alpha_property(urn: bytes = ALPHA) -> bytes:
    return full(b"auxC", urn)


def av1_property(*, gray: bool = False) -> bytes:
    return box(b"av1C", bytes([0x81, 0, 0x1C if gray else 0x0C, 0]))


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """Return the data of a `grid` item."""
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def av1_picture(source: str, pixel_format: str = "yuv420p") -> bytes:
    """Return a lavfi source's first picture, coded, without its temporal delimiter."""
    words = "".join(letter if letter.isalnum() else "-" for letter in source)
    file = made(
        *(f"{words}-{pixel_format}.ivf", "-f", "lavfi", "-i", source, "-frames:v", "1"),
        *("-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "20", "-pix_fmt", pixel_format),
    )
    data = file.read_bytes()[44:]
    return data[2:] if data[:2] == b"\x12\0" else data
