"""The colour that transparent pictures are composed on: its names, and its samples."""

from __future__ import annotations

import re

from ...errors import InvalidArgumentError
from ..numbers import show
from .gamut import BT709, LUMA_WEIGHTS, matrix_name

WHITE = (255, 255, 255)
# The sixteen of HTML 4.
_NAMES = {
    "black": (0, 0, 0),
    "silver": (192, 192, 192),
    "gray": (128, 128, 128),
    "white": WHITE,
    "maroon": (128, 0, 0),
    "red": (255, 0, 0),
    "purple": (128, 0, 128),
    "fuchsia": (255, 0, 255),
    "green": (0, 128, 0),
    "lime": (0, 255, 0),
    "olive": (128, 128, 0),
    "yellow": (255, 255, 0),
    "navy": (0, 0, 128),
    "blue": (0, 0, 255),
    "teal": (0, 128, 128),
    "aqua": (0, 255, 255),
}
_HEX = re.compile(r"(?:#|0x)([0-9a-f]{6}|[0-9a-f]{3})")


def parse_background(value: object) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of a name or ``#RRGGBB``.

    Raises
    ------
    InvalidArgumentError
        It is neither.
    """
    text = value.strip().lower() if isinstance(value, str) else ""
    if text in _NAMES:
        return _NAMES[text]
    found = _HEX.fullmatch(text)
    if found is None:
        raise InvalidArgumentError(
            f"background must be '#RRGGBB' or one of {', '.join(_NAMES)}, got {show(value)}"
        )
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def samples(
    color: tuple[int, int, int], depth: int, *, rgb: bool, matrix: str | None, full_range: bool
) -> tuple[int, int, int]:
    """Return a colour's samples of `depth` bits: red, green and blue, or luma and chroma.

    Parameters
    ----------
    color : (int, int, int)
        Red, green and blue, 0 to 255.
    depth : int
    rgb : bool
        Whether samples are red, green and blue.
    matrix : str or None
        WebCodecs' name; None, and any unknown one: BT.709.
    full_range : bool
        Of luma and chroma.
    """
    most = (1 << depth) - 1
    red, green, blue = (value / 255 for value in color)
    if rgb:
        return round(red * most), round(green * most), round(blue * most)
    of_red, of_blue = LUMA_WEIGHTS.get(matrix_name(matrix), LUMA_WEIGHTS[BT709])
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    chroma = (blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)
    middle, scale = 1 << depth - 1, 1 << depth - 8
    if full_range:
        first, second = (min(most, round(middle + value * most)) for value in chroma)
        return round(luma * most), first, second
    first, second = (round(middle + 224 * scale * value) for value in chroma)
    return round(scale * (16 + 219 * luma)), first, second
