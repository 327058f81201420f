"""Edit lists of MP4 headers that are written out here, box by box (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct

import pytest

from ffwebcodecs._spec.files.edit_list import edits_of


def box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def scale(kind: bytes, units: int, version: int = 0) -> bytes:
    """Return an mvhd or mdhd with so many units in a second."""
    times = bytes(16 if version else 8)
    return box(kind, bytes([version, 0, 0, 0]), times, struct.pack(">I", units), bytes(80))


def track(*entries: tuple[int, int], units: int = 1000, version: int = 0) -> bytes:
    layout = ">QqI" if version else ">IiI"
    listed = b"".join(struct.pack(layout, length, begin, 1 << 16) for length, begin in entries)
    count = struct.pack(">BBBBI", version, 0, 0, 0, len(entries))
    edits = box(b"edts", box(b"elst", count, listed)) if entries else b""
    return box(b"trak", box(b"tkhd", bytes(84)), edits, box(b"mdia", scale(b"mdhd", units)))


def edits(*tracks: bytes, which: int = 0, units: int = 600, large: bool = False) -> object:
    header = scale(b"mvhd", units) + b"".join(tracks)
    moov = box(b"moov", header)
    if large:
        moov = struct.pack(">I4sQ", 1, b"moov", 16 + len(header)) + header
    data = box(b"ftyp", b"isom") + box(b"mdat", bytes(100)) + moov
    return edits_of(lambda offset, size: data[offset : offset + size], which)


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("large", [False, True])
def test_lengths_are_in_units_of_the_file_and_places_in_those_of_the_track(
    version: int, large: bool
) -> None:
    made = track((300, -1), (1200, 512), units=12_800, version=version)
    assert edits(made, large=large) == [(500_000, None), (2_000_000, 40_000)]


def test_each_track_has_its_own() -> None:
    tracks = track((600, 100)), track(), track((600, 0), (60, 900))
    assert edits(*tracks, which=0) == [(1_000_000, 100_000)]
    assert edits(*tracks, which=1) == []
    assert edits(*tracks, which=2) == [(1_000_000, 0), (100_000, 900_000)]
    assert edits(*tracks, which=3) == []


@pytest.mark.parametrize("units", [0, 600])
def test_what_makes_no_sense_is_no_edit_list(units: int) -> None:
    whole = box(b"moov", scale(b"mvhd", units), track((600, 100), units=0))
    assert edits_of(lambda offset, size: whole[offset : offset + size], 0) == []
    whole = box(b"moov", scale(b"mvhd", 600), track((600, 100)))
    for end in range(len(whole)):
        cut = whole[:end]
        found = edits_of(lambda offset, size, cut=cut: cut[offset : offset + size], 0)  # type: ignore[misc]
        assert found in ([], [(1_000_000, 100_000)])


def test_a_count_beyond_the_box_is_cut() -> None:
    made = bytearray(track((600, 100)))
    at = made.index(b"elst") + 8
    made[at : at + 4] = b"\xff\xff\xff\xff"
    assert edits(bytes(made)) == [(1_000_000, 100_000)]


def test_other_files_have_none() -> None:
    for data in (b"", b"\x1aE\xdf\xa3" + bytes(100), b"RIFF" + bytes(100)):
        assert edits_of(lambda offset, size, data=data: data[offset : offset + size], 0) == []  # type: ignore[misc]
