"""How often an animation is played, and WebP's delays, out of bytes that are made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ffwebcodecs._spec.files.loop_count import LoopCount, find_loop_count
from ffwebcodecs._spec.files.webp_numbers import last_delay_place, loop_place


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, size: data[offset : offset + size]


def stated(data: bytes) -> tuple[str, int | None] | None:
    found = find_loop_count(reader(data))
    return None if found is None else (found.kind, found.stated)


def blocks(data: bytes) -> bytes:
    parts = [data[i : i + 255] for i in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


SCREEN = b"GIF89a\1\0\1\0\x80\0\0" + 6 * b"\0"  # with a palette of two colours
COMMENT = b"!\xfe" + blocks(b"made by hand")
XMP = b"!\xff\x0bXMP DataXMP" + blocks(bytes(range(256)) * 20)
PICTURE = b",\0\0\0\0\1\0\1\0\x81" + 12 * b"\0" + b"\2" + blocks(b"\x4c\1")


def netscape(count: int, name: bytes = b"NETSCAPE2.0") -> bytes:
    return b"!\xff\x0b" + name + b"\3\1" + count.to_bytes(2, "little") + b"\0"


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + b"\0\0\0\0"


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
        for name, data in parts
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13))
ACTL = chunk(b"acTL", (2).to_bytes(4, "big") + (7).to_bytes(4, "big"))
ANIM = (b"ANIM", bytes(4) + (7).to_bytes(2, "little"))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (SCREEN + netscape(0) + PICTURE, ("gif", 0)),
        (SCREEN + netscape(513) + PICTURE, ("gif", 513)),
        (SCREEN + COMMENT + XMP + netscape(2, b"ANIMEXTS1.0") + PICTURE, ("gif", 2)),
        (SCREEN + PICTURE + PICTURE + netscape(4) + PICTURE + b";", ("gif", 4)),
        (SCREEN + COMMENT + PICTURE + b";", ("gif", None)),
        (SCREEN + netscape(3)[:-3], ("gif", None)),
        (SCREEN + b"!\xff\x0bNETSCAPE2.0\2\1\0\0", ("gif", None)),
        (b"GIF87a", ("gif", None)),
        (PNG + ACTL + chunk(b"IDAT", b""), ("apng", 7)),
        (PNG + chunk(b"iCCP", bytes(70_000)) + ACTL, ("apng", 7)),
        (PNG + chunk(b"IDAT", b"") + ACTL, None),
        (PNG + ACTL[:10], None),
        (riff((b"VP8X", bytes(10)), ANIM), ("webp", 7)),
        (riff((b"VP8X", bytes(10)), (b"ICCP", bytes(7001)), ANIM), ("webp", 7)),
        (riff((b"VP8 ", bytes(10)), ANIM), None),
        (riff((b"VP8X", bytes(10))), None),
        (b"", None),
        (b"\xff\xd8\xff", None),
    ],
)
def test_what_stands_in_the_file(data: bytes, wanted: tuple[str, int | None] | None) -> None:
    assert stated(data) == wanted


@pytest.mark.parametrize(
    ("kind", "count", "gif", "others"),
    [
        ("gif", None, -1, 1),
        ("gif", 0, 0, 0),
        ("gif", 1, 1, 1),
        ("gif", 3, 3, 3),
        ("apng", 1, -1, 1),  # once: what a GIF says by saying nothing
        ("webp", 5, 5, 5),
        ("apng", 1 << 31, 65535, 65535),
    ],
)
def test_what_is_written(kind: str, count: int | None, gif: int, others: int) -> None:
    loop = LoopCount(kind, count)
    assert (loop.in_gif(), loop.in_others()) == (gif, others)


def test_no_bytes_are_read_beyond_what_chunks_need() -> None:
    asked = 0
    data = SCREEN + b"!\xfe\1\0\1" * 100_000

    def read(offset: int, size: int) -> bytes:
        nonlocal asked
        asked += 1
        return data[offset : offset + size]

    find_loop_count(read)
    assert asked < 10_000


def test_the_loop_count_of_webp_has_a_place() -> None:
    data = riff((b"VP8X", bytes(10)), (b"ICCP", bytes(7)), ANIM, picture(100))
    place = loop_place(data)
    assert place is not None and data[place : place + 2] == b"\7\0"
    assert loop_place(riff((b"VP8X", bytes(10)), picture(100), ANIM)) is None
    assert loop_place(riff((b"VP8 ", bytes(10)))) is None
    assert loop_place(b"GIF89a") is None


def picture(delay: int) -> tuple[bytes, bytes]:
    return b"ANMF", bytes(12) + delay.to_bytes(3, "little") + b"\0" + b"VP8 " + bytes(9)


def test_the_last_delay_is_what_the_others_leave() -> None:
    data = bytearray(riff((b"VP8X", bytes(10)), ANIM, *map(picture, (100, 300, 150))))
    found = last_delay_place(data, 1450)
    assert found is not None
    place, delay = found
    assert data[place : place + 3] == (150).to_bytes(3, "little")
    assert int.from_bytes(delay, "little") == 1050
    assert last_delay_place(data, 400) is None
    assert last_delay_place(riff((b"VP8 ", bytes(10))), 400) is None
    assert last_delay_place(b"RIFF", 400) is None
