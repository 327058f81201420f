"""Whether a file has the bytes that it says: an AVI in one part and in several."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.files.stated_size import is_whole, missing, stated_size


def riff(kind: bytes, size: int) -> bytes:
    return b"RIFF" + (size + 4).to_bytes(4, "little") + kind + bytes(size)


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_a_riff_file_ends_with_its_last_part(parts: int) -> None:
    data = riff(b"AVI ", 1000) + riff(b"AVIX", 501) * (parts - 1)
    if parts > 1:  # what is odd is padded
        data = data.replace(riff(b"AVIX", 501), riff(b"AVIX", 501) + b"\0")
    ends = {0: None, 300: (len(data), len(data) - 300)}
    for less, said in ends.items():
        held = data[: len(data) - less]

        def read(offset: int, size: int, held: bytes = held) -> bytes:
            return held[offset : offset + size]

        assert stated_size(read) == len(data)
        assert (missing(read), is_whole(read)) == (said, said is None)


def test_a_part_that_says_nothing_is_not_known_to_be_whole() -> None:
    data = riff(b"AVI ", 1000) + b"RIFF" + bytes(500)

    def read(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    assert (stated_size(read), missing(read), is_whole(read)) == (None, None, False)
