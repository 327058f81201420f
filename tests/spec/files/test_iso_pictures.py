"""Boxes of AVIF and HEIF: ISO/IEC 14496-12 section 8.11 and ISO/IEC 23008-12, and damaged ones."""

from __future__ import annotations

import random
import struct

import pytest
from iso_pictures import (
    ALPHA,
    Item,
    alpha_property,
    av1_property,
    box,
    full,
    grid,
    size_property,
    still,
)

from ffwebcodecs._spec.files.iso_pictures import IsoPictures


def pictures(data: bytes) -> IsoPictures:
    return IsoPictures(lambda offset, size: data[offset : offset + size])


SIZE = size_property(64, 64)
PICTURE = Item(b"av01", b"picture", [SIZE, av1_property()])
ALPHA_OF_1 = Item(b"av01", b"alpha", [SIZE, alpha_property()], [(b"auxl", [1])], hidden=True)


def test_alpha_of_the_primary_item_is_found() -> None:
    found = pictures(still([PICTURE, ALPHA_OF_1]))
    assert (found.primary, found.alpha_item, found.derived) == (1, 2, None)
    assert (found.bytes_of(1), found.bytes_of(2)) == (b"picture", b"alpha")
    assert pictures(still([PICTURE, ALPHA_OF_1], primary=2)).alpha_item is None
    depth = ALPHA_OF_1._replace(properties=[alpha_property(b"urn:other\0")])
    assert pictures(still([PICTURE, depth])).alpha_item is None


def test_grid_is_made_of_others() -> None:
    whole = Item(b"grid", grid(1, 2, 128, 64), [SIZE], [(b"dimg", [1, 2])])
    found = pictures(still([PICTURE, PICTURE, whole], primary=3))
    assert found.derived == "a grid of 2 tiles"
    assert found.items[3].refers_to(b"dimg") == [1, 2]
    assert pictures(still([PICTURE, PICTURE, whole])).derived is None


def test_wide_numbers_and_data_in_the_boxes_themselves() -> None:
    # infe 3, pitm 1, iloc 2 (32-bit items), iref 1, ipma 1 with 15-bit places; data in idat
    first, second = 70_000, 70_001
    entries = b"".join(
        full(b"infe", struct.pack(">IH4sB", one, 0, b"av01", 0), version=3)
        for one in (first, second)
    )
    places = struct.pack(">IHHIHII", first, 1, 0, 0, 1, 0, 3)
    places += struct.pack(">IHHIHII", second, 1, 0, 1, 1, 2, 4)
    association = struct.pack(">IBH", second, 1, 1)
    meta = full(
        b"meta",
        full(b"hdlr", bytes(4), b"pict", bytes(13)),
        full(b"pitm", struct.pack(">I", first), version=1),
        full(b"iloc", b"\x44\x40", struct.pack(">I", 2), places, version=2),
        full(b"iinf", struct.pack(">I", 2), entries, version=1),
        full(b"iref", box(b"auxl", struct.pack(">IHI", second, 1, first)), version=1),
        box(
            b"iprp",
            box(b"ipco", full(b"auxC", ALPHA)),
            full(b"ipma", struct.pack(">I", 1), association, version=1, flags=1),
        ),
        box(b"idat", b"abcdefg"),
    )
    found = pictures(box(b"ftyp", b"avif") + meta)
    assert (found.primary, found.alpha_item) == (first, second)
    assert found.bytes_of(first) == b"abc"
    assert found.bytes_of(second) == b"defg"


def test_data_that_is_not_there_is_none() -> None:
    data = still([PICTURE, ALPHA_OF_1])
    assert pictures(data[:-1]).bytes_of(2) is None


@pytest.mark.parametrize("seed", range(3))
def test_damaged_boxes_are_no_error(seed: int) -> None:
    whole = Item(b"grid", grid(1, 2, 128, 64), [SIZE], [(b"dimg", [1, 2])])
    data = still([PICTURE, ALPHA_OF_1, whole])
    dice = random.Random(seed)
    for _ in range(300):
        bad = bytearray(data[: dice.randrange(len(data))])
        for _ in range(dice.randrange(1, 8)):
            if bad:
                bad[dice.randrange(len(bad))] = dice.choice([0, 1, 255, dice.randrange(256)])
        found = pictures(bytes(bad))
        _ = found.derived
        for number in found.items:
            found.bytes_of(number)
        assert found.alpha_item is None or found.alpha_item in found.items
