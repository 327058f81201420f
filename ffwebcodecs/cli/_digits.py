"""Times as pixels: the glyphs that a sheet needs, and no font."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._values import show_time

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

HEIGHT = 7
_STEP = 6  # from glyph to glyph
_INK = 220

# Five columns and seven rows each, a letter a row: its five bits.
_GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    ":": (0, 12, 12, 0, 12, 12, 0),
    ".": (0, 0, 0, 0, 0, 12, 12),
    "-": (0, 0, 0, 31, 0, 0, 0),
}


def label(microseconds: int, width: int) -> str:
    """Return a time in as much detail as `width` pixels hold: ``00:01:02.500``, ``01:02.5``,
    ``01:02``; "" if not even that fits.
    """
    text = show_time(microseconds)
    sign, digits = text[: text.startswith("-")], text.removeprefix("-")
    short = digits[3:] if digits.startswith("00:") else digits
    for each in (text, sign + short, sign + short[:-2], sign + short[:-4]):
        if len(each) * _STEP <= width:
            return each
    return ""


def draw(
    pixels: npt.NDArray[np.uint8], text: str, top: int, left: int, width: int, scale: int
) -> None:
    """Write `text` into RGB pixels, in the middle of `width` pixels from `left` on."""
    at = left + (width - (len(text) * _STEP - 1) * scale) // 2
    for index, letter in enumerate(text):
        for row, bits in enumerate(_GLYPHS[letter]):
            for column in range(5):
                if bits >> (4 - column) & 1:
                    y, x = top + row * scale, at + (index * _STEP + column) * scale
                    pixels[y : y + scale, x : x + scale] = _INK
