"""What a frame is as an array: which pixels, of which shape. Without numpy, which only the array
itself needs.
"""

from __future__ import annotations

from .._av.frames.picture import Picture
from .._av.frames.pixel_format import describe
from .._spec.frames.formats import PixelFormat, get_format
from .._spec.frames.layout import compute_layout
from .._spec.frames.rect import Rect
from ..errors import NotSupportedError
from ._shape import FrameShape

# What `to_ndarray` is given besides a format if nothing is said.
NOTHING = None, None, None, "bilinear", False, "HWC", None, False, None
# By what a picture has: gray alone, alpha, more than 8 bits.
_NAMES = {
    (True, False, False): "GRAY8",
    (True, False, True): "GRAY16",
    (False, False, False): "RGB",
    (False, False, True): "RGB48",
    (False, True, False): "RGBA",
    (False, True, True): "RGBA64",
}
PALETTE = "pal8"


def usual_format(picture: Picture, shape: FrameShape) -> PixelFormat:
    """Return what a picture is as an array if nobody says it: RGB, RGBA or gray.

    Gray and RGB keep their depth, with 16 bits for all that has more than 8. YUV becomes 8-bit RGB,
    whatever it has. There is alpha if the picture has it; a palette has it where a pixel of the
    visible part is not opaque.
    """
    fmt, pix_fmt = shape.format, shape.pix_fmt
    if fmt is not None:
        is_gray, is_deep = fmt.is_gray, fmt.depth > 8 and (fmt.is_gray or fmt.is_rgb)
        return get_format(_NAMES[is_gray, fmt.has_alpha, is_deep])
    found = None if pix_fmt is None else describe(pix_fmt)
    if found is None:
        return get_format("RGB")
    has_alpha = found.alpha
    if pix_fmt == PALETTE:
        has_alpha = _is_transparent(picture, shape.visible_rect)
    is_gray = found.chroma == "400" and not has_alpha
    is_deep = found.depth > 8 and (found.rgb or found.chroma == "400")
    return get_format(_NAMES[is_gray, has_alpha, is_deep])


def _is_transparent(picture: Picture, visible: Rect | None) -> bool:
    from .._av.frames import compose

    assert visible is not None  # it is open
    return compose.transparency(picture.ptr, PALETTE, visible) != compose.OPAQUE


def array_shape(fmt: PixelFormat, width: int, height: int) -> tuple[int, ...]:
    """Return the shape of an array that holds the planes of a picture without padding;
    NotSupportedError if none does.
    """
    if len(fmt.planes) == 1:
        return (height, width) if fmt.channels == 1 else (height, width, fmt.channels)
    rows = compute_layout(fmt, width, height).row_bytes
    if is_stacked(fmt):
        return len(rows), height, width
    # Half-sized chroma fills whole rows under the luma if both sizes are even.
    if not fmt.has_alpha and fmt.align_x == fmt.align_y == 2 and width % 2 == height % 2 == 0:
        return height * 3 // 2, width
    raise NotSupportedError(
        f"{fmt.name} {width}x{height} does not fit into one array; "
        "use frame.planes, or format='RGB'"
    )


def is_stacked(fmt: PixelFormat) -> bool:
    """Return whether a format is planes of one size, one behind the other."""
    planes = fmt.planes
    return len(planes) > 1 and all(plane.sub_x == plane.sub_y == 1 for plane in planes)
