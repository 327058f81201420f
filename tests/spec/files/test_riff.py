"""AVI: whether there is an index, from the headers of its chunks."""

from __future__ import annotations

import struct

import pytest

from ffwebcodecs._spec.files.riff import has_index


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + bytes(len(content) % 2)


def avi(*chunks: bytes) -> bytes:
    return chunk(b"RIFF", b"AVI " + b"".join(chunks))


def indx(entries: int) -> bytes:
    # wLongsPerEntry, bIndexSubType, bIndexType, nEntriesInUse (OpenDML 1.02, 3.0)
    return chunk(b"indx", struct.pack("<HBBI", 4, 0, 0, entries) + bytes(16))


HEADER = chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)))
MOVIE = chunk(b"LIST", b"movi" + chunk(b"00dc", b"picture"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (avi(HEADER, MOVIE, chunk(b"idx1", bytes(16))), True),
        (avi(HEADER, chunk(b"JUNK", b"odd"), MOVIE, chunk(b"idx1", bytes(16))), True),
        (avi(HEADER, MOVIE), False),
        (avi(HEADER, MOVIE, chunk(b"idx1", b"")), False),
        (avi(chunk(b"LIST", b"hdrl" + indx(1)), MOVIE), True),
        (avi(chunk(b"LIST", b"hdrl" + indx(0)), MOVIE), False),
        (avi(HEADER, MOVIE, chunk(b"idx1", bytes(16)))[:-30], False),
        # Written to a pipe: the size is not known.
        (avi(HEADER) + struct.pack("<4sI4s", b"LIST", 0xFFFFFFFF, b"movi") + bytes(99), False),
        (b"RIFF", False),
        (bytes(5000), False),
    ],
)
def test_an_index_is_found_by_its_chunk(data: bytes, expected: bool) -> None:
    assert has_index(lambda offset, size: data[offset : offset + size]) is expected
