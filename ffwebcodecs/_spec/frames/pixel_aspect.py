"""The shape of a pixel, from a size in pixels and the size it is shown at.

Apart from `geometry`, which every frame needs: decoding can do without importing fractions.
"""

from __future__ import annotations

from fractions import Fraction


def pixel_aspect(display_width: int, display_height: int, width: int, height: int) -> Fraction:
    """Return the width of a pixel in its heights.

    A display size is in whole pixels, one side of it is often rounded: 4:3 pixels make 213x120 of
    160x120. So it is the simplest ratio that gives this display size.
    """
    exact = Fraction(display_width * height, display_height * width)
    if display_height == height and display_width != width:
        return _simplest(
            Fraction(2 * display_width - 1, 2 * width), Fraction(2 * display_width + 1, 2 * width)
        )
    if display_width == width and display_height != height:
        return 1 / _simplest(
            Fraction(2 * display_height - 1, 2 * height),
            Fraction(2 * display_height + 1, 2 * height),
        )
    return exact


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """Return the fraction of the smallest terms that lies between two positive ones."""
    whole = low.numerator // low.denominator
    if whole + 1 < high:
        return Fraction(whole + 1)
    rest = low - whole
    if rest == 0:
        return whole + 1 / Fraction(int(1 / (high - whole)) + 1)
    return whole + 1 / _simplest(1 / (high - whole), 1 / rest)
