"""A frame's shape as plain values, and back: for pickles, and for whoever else sends one."""

from __future__ import annotations

from typing import Any

from .._av.frames.pixel_format import exists
from .._spec.frames.color import codes_of
from .._spec.frames.color_space import from_members, members_of
from .._spec.frames.formats import BY_FFMPEG, PixelFormat, get_format
from .._spec.frames.geometry import parse_rotation
from .._spec.frames.rect import Rect, check_rect
from .._spec.numbers import to_dimension, to_flag
from ._shape import FrameShape
from ._state import Said

# A stream's frames are all alike: made once, and checked once. Two threads that miss together make
# the same thing.
_known: dict[Any, FrameShape] = {}
_MOST_KEPT = 64
_KEYS = ("format", "pix_fmt", "coded", "visible", "display", "rotation", "flip", "color")


def state_of(shape: FrameShape) -> dict[str, Any]:
    """Return what is said of an open frame's shape: plain values by name."""
    visible = shape.visible_rect
    assert visible is not None
    return {
        "format": None if shape.format is None else shape.format.name,
        "pix_fmt": shape.pix_fmt,
        "coded": (shape.coded_width, shape.coded_height),
        "visible": tuple(visible),
        "display": (shape.display_width, shape.display_height),
        "rotation": shape.rotation,
        "flip": shape.flip,
        "color": members_of(shape.color_space),
    }


def shape_of(said: Said) -> FrameShape:
    """Return the shape of which that is said.

    Raises
    ------
    DataError, InvalidArgumentError
        It cannot be.
    """
    key = tuple(said[name] for name in _KEYS)
    try:
        known = _known.get(key)
    except Exception:  # what cannot be hashed is refused below
        known = None
    if known is None:
        known = _made(said)
        if len(_known) >= _MOST_KEPT:
            _known.clear()
        _known[key] = known
    return known


def _made(said: Said) -> FrameShape:
    coded, rect, display = (
        said.numbers(name, count) for name, count in (("coded", 2), ("visible", 4), ("display", 2))
    )
    width, height = (to_dimension(each, "a coded size") for each in coded)
    size = tuple(to_dimension(each, "a display size") for each in display)
    fmt, pix_fmt = _format(said)
    # Where chroma would lie is asked when somebody wants it: what a decoder crops is taken.
    visible = Rect(*rect)
    check_rect(visible, None, width, height, "visible_rect")
    color = said["color"]
    try:
        primaries, transfer, matrix, full_range = color
        codes_of(primaries, transfer, matrix)
    except (TypeError, ValueError, LookupError):
        raise said.wrong(f"its color cannot be {color!r:.80}") from None
    if full_range is not None:
        full_range = to_flag(full_range, "full_range")
    return FrameShape(
        fmt,
        pix_fmt,
        (width, height),
        visible,
        (size[0], size[1]),
        parse_rotation(said["rotation"]),
        to_flag(said["flip"], "flip"),
        from_members((primaries, transfer, matrix, full_range)),
    )


def _format(said: Said) -> tuple[PixelFormat | None, str | None]:
    """Return the format and FFmpeg's name of it, of which one may be missing."""
    name, pix_fmt = said["format"], said["pix_fmt"]
    if not isinstance(pix_fmt, str | None):
        raise said.wrong(f"its pix_fmt cannot be {pix_fmt!r:.80}")
    if name is None:
        if pix_fmt is None:
            raise said.wrong("it says no format")
        return BY_FFMPEG.get(pix_fmt), pix_fmt
    fmt = get_format(name)
    if pix_fmt != fmt.ffmpeg and (pix_fmt is None or BY_FFMPEG.get(pix_fmt) is not fmt):
        raise said.wrong(f"{pix_fmt!r:.80} is not {fmt.name}")
    # FFmpeg's old names for full range may be gone on this side.
    return fmt, pix_fmt if pix_fmt is None or exists(pix_fmt) else fmt.ffmpeg
