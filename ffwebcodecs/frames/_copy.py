"""copy_to: where bytes go, and whether they are copied or converted (spec 1.5 and 1.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.frames import buffers
from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._av.scale.cache import convert
from .._av.scale.image import Image
from .._spec.frames.color import RGB_DEFAULT, YUV_DEFAULT, ColorMembers, predefined_members
from .._spec.frames.color_space import members_of
from .._spec.frames.formats import PixelFormat, get_format
from .._spec.frames.layout import ComputedLayout, PlaneLayout, compute_layout
from .._spec.frames.rect import Rect, check_rect, parse_rect
from .._spec.numbers import INT32_MAX
from ..errors import InvalidArgumentError, NotSupportedError
from ._shape import FrameShape

if TYPE_CHECKING:
    from .._ffi._types import AVFrame, Bytes

# Names that mean the same colours here: spec 1.6, rules b and c.
_SRGB_PRIMARIES = (None, "bt709", "smpte170m")
_SRGB_TRANSFERS = (None, "bt709", "smpte170m", "iec61966-2-1")


class Source:
    """Pixels to read: an AVFrame owner, its shape, and the region wanted in luma pixels of the
    coded frame.
    """

    __slots__ = ("ptr", "region", "shape")

    def __init__(self, ptr: AVFrame, shape: FrameShape, region: Rect) -> None:
        self.ptr = ptr
        self.shape = shape
        self.region = region


class Destination:
    """What to write: a format, its colours, and whether the frame's own bytes are what is
    wanted.
    """

    __slots__ = ("color", "format", "plain")

    def __init__(self, format: PixelFormat, plain: bool, color: ColorMembers) -> None:
        self.format = format
        self.plain = plain
        self.color = color


def destination_layout(
    shape: FrameShape, rect: Any, layout: Any, format: Any, color_space: Any
) -> tuple[Rect, Destination, ComputedLayout]:
    """Check the options of `copy_to`; return region, destination and where the planes lie."""
    if rect is None and layout is None:
        key = format, color_space
        try:
            known = shape.destinations.get(key)
        except Exception:  # unhashable, so not a string: let the checks say it
            known = None
        if known is None:
            known = _destination(shape, None, None, format, color_space)
            shape.destinations[key] = known
        return known
    return _destination(shape, rect, layout, format, color_space)


def _destination(
    shape: FrameShape, rect: Any, layout: Any, format: Any, color_space: Any
) -> tuple[Rect, Destination, ComputedLayout]:
    if shape.format is None and format is None:
        raise NotSupportedError(no_name(shape))
    assert shape.visible_rect is not None
    region = shape.visible_rect if rect is None else parse_rect(rect, "rect")
    check_rect(region, shape.format, shape.coded_width, shape.coded_height, "rect")
    destination = _pixels_of(shape, format, color_space)
    where = compute_layout(destination.format, region.width, region.height, layout)
    return region, destination, where


def _pixels_of(shape: FrameShape, format: Any, color_space: Any) -> Destination:
    space = predefined_members(color_space)
    own = shape.format
    colors = shape.color_space
    members = members_of(colors)
    if format is None:
        assert own is not None
        return Destination(own, True, members)
    fmt = get_format(format)
    if fmt.is_rgb:
        same = (
            colors.transfer in _SRGB_TRANSFERS
            and (
                colors.primaries in _SRGB_PRIMARIES
                if space is RGB_DEFAULT
                else colors.primaries == space[0]
            )
            and colors.full_range is not False
        )
        return Destination(fmt, fmt is own and same, space)
    if own is not None and own.is_rgb:
        members = YUV_DEFAULT
    if fmt.is_gray:
        members = (
            members[0],
            members[1],
            members[2],
            True,
        )  # luma over the full range, as FFmpeg's gray
    plain = fmt is own and (not fmt.is_gray or colors.full_range is not False)
    return Destination(fmt, plain, members)


def own_colors(shape: FrameShape, fmt: PixelFormat) -> Destination:
    """Return the destination that holds the values of a frame as they are, as `fmt`."""
    return Destination(fmt, fmt is shape.format, members_of(shape.color_space))


def copy_into(
    buffer: Any,
    picture: Picture,
    shape: FrameShape,
    rect: Any = None,
    layout: Any = None,
    format: Any = None,
    color_space: Any = None,
    exact: bool = False,
    threads: int | None = None,
) -> list[PlaneLayout]:
    """Do what `VideoFrame.copy_to` says, for whoever holds an open picture."""
    region, destination, where = destination_layout(shape, rect, layout, format, color_space)
    fmt = destination.format
    buffers.check_items(buffer, "destination", fmt.dtype, fmt.name)
    exported = buffers.export(buffer, "destination", writable=True)
    try:
        size = len(exported)
        if size < where.size:
            raise InvalidArgumentError(
                f"destination holds {size} bytes, the layout needs {where.size}"
            )
        copy_pixels(
            Source(picture.ptr, shape, region), destination, where, exported, exact, threads
        )
    finally:
        buffers.unexport(exported)
    return list(where.planes)


def copy_pixels(
    source: Source,
    destination: Destination,
    where: ComputedLayout,
    exported: Bytes,
    exact: bool = False,
    threads: int | None = None,
) -> None:
    """Write the region of `source` into `exported`, a writable ``uint8_t[]`` of at least
    ``where.size`` bytes.
    """
    if destination.plain:
        x, y, _, _ = source.region
        native.copy_region(source.ptr, destination.format, x, y, where, exported)
        return
    fmt = destination.format
    if fmt.ffmpeg is None:
        raise NotSupportedError(
            f"libswscale has no {fmt.name}: it cannot convert {_name(source.shape)} to it"
        )
    _, _, width, height = source.region
    convert_pixels(source, destination, where, exported, width, height, None, exact, threads)


def convert_pixels(
    source: Source,
    destination: Destination,
    where: ComputedLayout,
    exported: Bytes,
    width: int,
    height: int,
    filter: str | None = None,
    exact: bool = False,
    threads: int | None = None,
) -> None:
    """Convert the region of `source`, and scale it to this size, into `exported`."""
    pix_fmt = destination.format.ffmpeg
    assert pix_fmt is not None
    primaries, transfer, matrix, full_range = destination.color
    convert(
        source_image(source),
        Image(
            [exported + plane[0] for plane in where.planes],
            # FFmpeg's strides are ints. Longer ones are of single rows: 2^32 bytes hold no two.
            [min(plane[1], INT32_MAX) for plane in where.planes],
            pix_fmt,
            width,
            height,
            matrix=matrix,
            full_range=full_range,
            primaries=primaries,
            transfer=transfer,
            filter=filter,
            exact=exact,
            threads=threads,
        ),
    )


def source_image(source: Source) -> Image:
    """Return the region of `source` as libswscale gets to see it."""
    shape, ptr = source.shape, source.ptr
    x, y, width, height = source.region
    if shape.pix_fmt is None:
        raise NotSupportedError(f"libswscale has no {_name(shape)}: it cannot convert from it")
    primaries, transfer, matrix, full_range = members_of(shape.color_space)
    if full_range is None and shape.pix_fmt.startswith("gray"):
        full_range = True
    planes, strides = native.region(ptr, shape.pix_fmt, x, y)
    return Image(
        planes,
        strides,
        shape.pix_fmt,
        width,
        height,
        matrix=matrix,
        full_range=full_range,
        primaries=primaries,
        transfer=transfer,
        frame=ptr,
    )


def no_name(shape: FrameShape) -> str:
    """Return the message for a frame whose format WebCodecs has no name for."""
    return (
        f"the pixel format {shape.pix_fmt} of this frame has no WebCodecs name; "
        "pass format=..., 'RGBA' for instance"
    )


def _name(shape: FrameShape) -> str:
    return shape.format.name if shape.format is not None else str(shape.pix_fmt)
