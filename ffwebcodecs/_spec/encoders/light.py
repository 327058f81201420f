"""Mastering display and content light level (SMPTE ST 2086, CTA-861.3) as encoders are told it."""

from __future__ import annotations

from fractions import Fraction

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Sequence

_CHROMATICITY = 50000  # of HEVC's and H.264's units in one
_LUMINANCE = 10000  # in a candela for a square metre
_ORDER = (1, 2, 0)  # green, blue, red; libavutil counts red, green, blue


class Light:
    """What the pictures were mastered on, and how bright they get.

    Attributes
    ----------
    primaries : sequence of (Fraction, Fraction), or None
        x and y of red, green, blue and white.
    luminance : (Fraction, Fraction) or None
        The darkest and the brightest, in candela for a square metre.
    levels : (int, int) or None
        The brightest pixel, and the brightest picture on average, likewise.
    """

    __slots__ = ("levels", "luminance", "primaries")

    def __init__(
        self,
        primaries: Sequence[tuple[Fraction, Fraction]] | None = None,
        luminance: tuple[Fraction, Fraction] | None = None,
        levels: tuple[int, int] | None = None,
    ) -> None:
        self.primaries = primaries
        self.luminance = luminance
        self.levels = levels

    def in_units(self) -> list[str]:
        """Return parameters of x265; those of x264 only have other names."""
        found = []
        if self.primaries is not None and self.luminance is not None:
            points = [self.primaries[i] for i in (*_ORDER, 3)]
            numbers = [[round(value * _CHROMATICITY) for value in point] for point in points]
            places = zip(("G", "B", "R", "WP"), numbers, strict=True)
            text = "".join(f"{name}({x},{y})" for name, (x, y) in places)
            least, most = (round(value * _LUMINANCE) for value in self.luminance)
            found.append(f"master-display={text}L({most},{least})")
        if self.levels is not None:
            found.append("max-cll={},{}".format(*self.levels))
        return found

    def x264(self) -> list[str]:
        """Return parameters of x264."""
        names = {"master-display": "mastering-display", "max-cll": "cll"}
        parts = [each.partition("=") for each in self.in_units()]
        return [f"{names[name]}={value}" for name, _, value in parts]

    def svt(self) -> list[str]:
        """Return parameters of SVT-AV1, which counts in ones."""
        found = []
        if self.primaries is not None and self.luminance is not None:
            points = zip(("G", "B", "R", "WP"), (*_ORDER, 3), strict=True)
            text = "".join(
                "{}({:.5f},{:.5f})".format(name, *map(float, self.primaries[i]))
                for name, i in points
            )
            least, most = map(float, self.luminance)
            found.append(f"mastering-display={text}L({most:.4f},{least:.4f})")
        if self.levels is not None:
            found.append("content-light={},{}".format(*self.levels))
        return found
