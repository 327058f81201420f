"""Numbers behind colour conversion: matrices, primaries, transfer curves (spec 1.6).

Pure arithmetic on Python floats; `_av` turns it into libswscale calls and tables.
"""

from __future__ import annotations

# Luma weights (red, blue) of each matrix; None and RGB count as BT.709.
BT709, BT601, BT2020 = "bt709", "smpte170m", "bt2020-ncl"
FCC, SMPTE240M = "fcc", "smpte240m"
LUMA_WEIGHTS: dict[str, tuple[float, float]] = {
    BT709: (0.2126, 0.0722),
    BT601: (0.299, 0.114),
    BT2020: (0.2627, 0.0593),
    FCC: (0.30, 0.11),
    SMPTE240M: (0.212, 0.087),
}

# CIE xy of red, green, blue; the white point is D65 for all of them.
_PRIMARIES: dict[str, tuple[float, float, float, float, float, float]] = {
    "bt709": (0.640, 0.330, 0.300, 0.600, 0.150, 0.060),
    "bt470bg": (0.640, 0.330, 0.290, 0.600, 0.150, 0.060),
    "bt2020": (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    "smpte432": (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
_D65 = (0.3127, 0.3290)

Matrix3 = tuple[tuple[float, float, float], ...]


def matrix_name(name: str | None) -> str:
    """Return the one of those in `LUMA_WEIGHTS` that stands for `name`, or `name` if there is no
    such one: YCgCo, ICtCp, constant luminance.
    """
    if name is None or name == "rgb":
        return BT709
    return BT601 if name == "bt470bg" else name


def primaries_name(name: str | None) -> str:
    """Return the primaries that browsers convert with: None and SMPTE 170M count as BT.709."""
    return name if name in _PRIMARIES else "bt709"


def yuv_to_rgb(y: float, u: float, v: float, matrix: str = BT709) -> tuple[float, float, float]:
    """Return clipped R'G'B' on 0..255, not rounded, of 8-bit limited-range Y'CbCr."""
    red, blue = LUMA_WEIGHTS[matrix]
    luma = (y - 16) / 219
    cb, cr = (u - 128) / 112 * (1 - blue), (v - 128) / 112 * (1 - red)
    green = luma - (blue * cb + red * cr) / (1 - red - blue)
    r, g, b = (min(max(255 * each, 0.0), 255.0) for each in (luma + cr, green, luma + cb))
    return r, g, b


def _multiply(a: Matrix3, b: Matrix3) -> Matrix3:
    rows = [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]
    return tuple((row[0], row[1], row[2]) for row in rows)


def _inverse(m: Matrix3) -> Matrix3:
    (a, b, c), (d, e, f), (g, h, i) = m
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / det, (c * h - b * i) / det, (b * f - c * e) / det),
        ((f * g - d * i) / det, (a * i - c * g) / det, (c * d - a * f) / det),
        ((d * h - e * g) / det, (b * g - a * h) / det, (a * e - b * d) / det),
    )


def _to_xyz(name: str) -> Matrix3:
    xy = _PRIMARIES[name]
    columns = [(xy[i] / xy[i + 1], 1.0, (1 - xy[i] - xy[i + 1]) / xy[i + 1]) for i in (0, 2, 4)]
    plain: Matrix3 = tuple((columns[0][i], columns[1][i], columns[2][i]) for i in range(3))
    x, y = _D65
    white = (x / y, 1.0, (1 - x - y) / y)
    s = [sum(row[k] * white[k] for k in range(3)) for row in _inverse(plain)]
    return tuple((row[0] * s[0], row[1] * s[1], row[2] * s[2]) for row in plain)


def gamut_matrix(source: str, target: str) -> Matrix3:
    """Return the matrix from linear RGB of some primaries to others (see `primaries_name`)."""
    if source == target:
        return ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return _multiply(_inverse(_to_xyz(target)), _to_xyz(source))
