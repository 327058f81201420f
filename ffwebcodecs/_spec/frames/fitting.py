"""How a picture is fitted into a size that may have another shape."""

from __future__ import annotations

from .rect import Rect

FITS = ("fill", "contain", "cover")
FILTERS = ("bilinear", "bicubic", "area", "lanczos")


def whole_size(
    natural: tuple[int, int], shown: tuple[int, int], width: int | None, height: int | None
) -> tuple[int, int]:
    """Return the size to make a picture of.

    Parameters
    ----------
    natural : (int, int)
        Width and height in pixels: taken where no size is wanted.
    shown : (int, int)
        The shape that it is to be seen in, with pixels that need not be square: a size that is not
        given follows from it.
    width, height : int or None
    """
    across, down = shown
    if width is None and height is None:
        return natural
    if width is None:
        assert height is not None
        return max(1, (2 * across * height + down) // (2 * down)), height
    if height is None:
        return width, max(1, (2 * down * width + across) // (2 * across))
    return width, height


def inside(shown: tuple[int, int], size: tuple[int, int]) -> Rect:
    """Return where in `size` all of the picture fits, in its own shape, in the middle."""
    (across, down), (width, height) = shown, size
    if across * height > down * width:  # wider than the size
        high = max(1, (2 * down * width + across) // (2 * across))
        return Rect(0, (height - high) // 2, width, high)
    wide = max(1, (2 * across * height + down) // (2 * down))
    return Rect((width - wide) // 2, 0, wide, height)


def covering(
    region: Rect, shown: tuple[int, int], size: tuple[int, int], align: tuple[int, int]
) -> Rect:
    """Return the middle part of `region` that fills `size` in its own shape.

    Its left and upper edge lie where `align` lets a part begin.
    """
    (across, down), (width, height) = shown, size
    x, y, wide, high = region
    if across * height > down * width:  # wider than the size: left and right go
        part = _share(wide, down * width, across * height)
        left = x + (wide - part) // 2
        left -= left % align[0] if left - left % align[0] >= x else 0
        return Rect(left, y, part, high)
    part = _share(high, across * height, down * width)
    top = y + (high - part) // 2
    top -= top % align[1] if top - top % align[1] >= y else 0
    return Rect(x, top, wide, part)


def _share(whole: int, part: int, parts: int) -> int:
    """Return ``whole * part / parts``, rounded, at least 1 and at most all of it."""
    return max(1, min(whole, (2 * whole * part + parts) // (2 * parts)))
