"""The colour behind transparent pictures, in samples."""

from __future__ import annotations

import pytest

from ffwebcodecs import InvalidArgumentError
from ffwebcodecs._spec.frames.background import parse_background, samples


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("white", (255, 255, 255)),
        (" Navy ", (0, 0, 128)),
        ("#fE8000", (254, 128, 0)),
        ("#0f8", (0, 255, 136)),
        ("0x102030", (16, 32, 48)),
    ],
)
def test_names_and_numbers(text: str, color: tuple[int, int, int]) -> None:
    assert parse_background(text) == color


@pytest.mark.parametrize("value", ["", "#12345", "checkered", 7, (1, 2, 3), None])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="background must be '#RRGGBB' or one of black"):
        parse_background(value)


@pytest.mark.parametrize(
    ("color", "depth", "matrix", "full", "wanted"),
    [
        # H.273: 16 to 235 and 16 to 240 of 8 bits, four times that of 10.
        ((255, 255, 255), 8, "bt709", False, (235, 128, 128)),
        ((0, 0, 0), 10, "bt709", False, (64, 512, 512)),
        ((255, 0, 0), 8, "bt709", False, (63, 102, 240)),
        ((255, 0, 0), 8, "smpte170m", False, (81, 90, 240)),
        ((0, 0, 255), 8, "bt2020-ncl", False, (29, 240, 119)),
        ((255, 255, 255), 12, None, True, (4095, 2048, 2048)),
        ((255, 0, 0), 8, "smpte170m", True, (76, 85, 255)),
    ],
)
def test_luma_and_chroma(
    color: tuple[int, int, int], depth: int, matrix: str | None, full: bool, wanted: object
) -> None:
    assert samples(color, depth, rgb=False, matrix=matrix, full_range=full) == wanted


def test_red_green_and_blue_of_more_bits() -> None:
    made = samples((255, 0, 128), 16, rgb=True, matrix="rgb", full_range=True)
    assert made == (65535, 0, 128 * 257)
