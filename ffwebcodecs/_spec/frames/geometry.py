"""Rotation, flip and display size (spec 1.2 and 1.3)."""

from __future__ import annotations

import math
from bisect import bisect_right

from ...errors import InvalidArgumentError
from ..numbers import INT32_MAX, show, to_optional_dimensions, to_real
from .rect import Rect

# From which angle on the next multiple of 90 is the nearest one; ties go up.
_THRESHOLDS = (-315, -225, -135, -45, 45, 135, 225, 315)


def parse_rotation(value: object) -> int:
    """Return the nearest multiple of 90 degrees, ties toward +infinity, as 0, 90, 180 or 270.

    None counts as 0. Anything that is not a finite number is InvalidArgumentError.
    """
    if value is None:
        return 0
    angle = to_real(value, "rotation")
    # Both remainders are exact, so an angle just below a tie stays below it.
    angle = angle % 360 if isinstance(angle, int) else math.fmod(angle, 360.0)
    return bisect_right(_THRESHOLDS, angle) * 90 % 360


def combine_orientation(
    base_rotation: int, base_flip: bool, rotation: int, flip: bool
) -> tuple[int, bool]:
    """Return (rotation, flip) of `rotation` and `flip` applied on top of the base's."""
    turned = base_rotation - rotation if base_flip else base_rotation + rotation
    return turned % 360, base_flip != flip


def display_size_for_buffer(
    visible_width: int,
    visible_height: int,
    rotation: int,
    display_width: object,
    display_height: object,
) -> tuple[int, int]:
    """Return the display size of a frame made from a buffer.

    Explicit values are taken as they are (both or neither); the default is the visible size,
    swapped if `rotation` is 90 or 270.
    """
    given = to_optional_dimensions(display_width, display_height, "display_width", "display_height")
    if given is not None:
        return given
    if rotation % 180:
        return visible_height, visible_width
    return visible_width, visible_height


def display_size_for_frame(
    visible_width: int,
    visible_height: int,
    rotation: int,
    *,
    source_visible_width: int,
    source_visible_height: int,
    source_display_width: int,
    source_display_height: int,
    source_rotation: int,
    display_width: object = None,
    display_height: object = None,
) -> tuple[int, int]:
    """Return the display size of a frame made from another frame.

    Parameters
    ----------
    visible_width, visible_height : int
        Of the new frame.
    rotation : int
        Of the new frame, already combined with the source's.
    source_visible_width, source_visible_height : int
    source_display_width, source_display_height : int
    source_rotation : int
        Of the frame it is made from.
    display_width, display_height : int, optional
        What the caller asked for: both or neither; taken as they are.

    Returns
    -------
    (width, height)
        By default the source's scale per axis is kept, rounded half up.

    Raises
    ------
    InvalidArgumentError
        One of the two is given without the other, or is not from 1 to 2^31 - 1; or the default
        rounds to 0.
    """
    given = to_optional_dimensions(display_width, display_height, "display_width", "display_height")
    if given is not None:
        return given
    if source_rotation % 180:
        source_display_width, source_display_height = source_display_height, source_display_width
    width = _scaled(visible_width, source_display_width, source_visible_width, "width")
    height = _scaled(visible_height, source_display_height, source_visible_height, "height")
    return (height, width) if rotation % 180 else (width, height)


def _scaled(visible: int, display: int, source_visible: int, axis: str) -> int:
    if display == source_visible:
        return visible
    size = (2 * visible * display + source_visible) // (2 * source_visible)
    if 0 < size <= INT32_MAX:
        return size
    raise InvalidArgumentError(
        f"visible {axis} {visible}, shown at the source's scale {display}/{source_visible}, "
        f"gives a display size of {show(size)}; give display_width and display_height"
    )


def shown_rect(rect: Rect, width: int, height: int, rotation: int, flip: bool) -> Rect:
    """Return where a part of a picture of `width` by `height` is when that is turned clockwise and
    mirrored then.
    """
    x, y, wide, high = _turned(rect, width, height, rotation)
    if flip:
        x = (height if rotation % 180 else width) - x - wide
    return Rect(x, y, wide, high)


def stored_rect(rect: Rect, width: int, height: int, rotation: int, flip: bool) -> Rect:
    """Return which part of a picture of `width` by `height` is at `rect` when that is turned
    clockwise and mirrored then.
    """
    x, y, wide, high = rect
    shown = (height, width) if rotation % 180 else (width, height)
    if flip:
        x = shown[0] - x - wide
    return _turned(Rect(x, y, wide, high), *shown, -rotation % 360)


def _turned(rect: Rect, width: int, height: int, rotation: int) -> Rect:
    x, y, wide, high = rect
    if rotation == 90:
        return Rect(height - y - high, x, high, wide)
    if rotation == 180:
        return Rect(width - x - wide, height - y - high, wide, high)
    if rotation == 270:
        return Rect(y, width - x - wide, high, wide)
    return rect


def display_matrix(rotation: int, flip: bool) -> tuple[int, ...]:
    """Return the matrix of a container (ISO/IEC 14496-12 section 6.2.2) that turns clockwise and
    mirrors then.
    """
    cosine = {0: 1, 90: 0, 180: -1, 270: 0}[rotation] << 16
    sine = {0: 0, 90: 1, 180: 0, 270: -1}[rotation] << 16
    a, b, c, d = cosine, sine, -sine, cosine
    if flip:
        a, c = -a, -c
    return (a, b, 0, c, d, 0, 0, 0, 1 << 30)


def orientation_of(matrix: tuple[int, ...] | None) -> tuple[int, bool]:
    """Return clockwise rotation and flip of a display matrix, that of a container or of a picture.

    The matrix takes (x, y) to (a x + c y, b x + d y), y pointing down, as ISO/IEC 14496-12 section
    6.2.2 has it. WebCodecs turns first and mirrors then, so a mirrored matrix is mirrored back
    before its angle is read.
    """
    if matrix is None:
        return 0, False
    angle, flip = angle_of(matrix)
    return round(angle / 90) * 90 % 360, flip


def angle_of(matrix: tuple[int, ...]) -> tuple[float, bool]:
    """Return clockwise degrees, from -180 to 180, and flip of a display matrix."""
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    flip = a * d - b * c < 0
    if flip:
        a, c = -a, -c
    # With a singular matrix there is nothing to read.
    if a == b == c == d == 0:
        return 0.0, False
    return math.degrees(math.atan2(b - c, a + d)), flip


# How EXIF numbers the ways to turn a picture clockwise and mirror it then; others mean nothing.
_EXIF = {
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (90, True),
    6: (90, False),
    7: (270, True),
    8: (270, False),
}


def exif_orientation(number: int) -> tuple[int, bool]:
    """Return clockwise rotation and flip of an EXIF orientation."""
    return _EXIF.get(number, (0, False))


def stored_orientation(rotation: int, flip: bool) -> tuple[int, bool]:
    """Return the rotation and flip that undo these when they are applied on top of them."""
    return (rotation if flip else -rotation % 360), flip
