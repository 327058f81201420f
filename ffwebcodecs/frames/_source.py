"""How a new frame gets its picture and its shape (spec 1.2 and 1.3). Everything is checked before
memory is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._av.frames import buffers
from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._spec.frames.color import codes_of
from .._spec.frames.color_space import VideoColorSpace, default_color_space, members_of
from .._spec.frames.formats import PixelFormat, get_format
from .._spec.frames.geometry import (
    combine_orientation,
    display_size_for_buffer,
    display_size_for_frame,
    parse_rotation,
)
from .._spec.frames.layout import ComputedLayout, compute_layout
from .._spec.frames.rect import Rect, check_rect, parse_rect
from .._spec.numbers import show, to_dimension, to_flag
from ..errors import DataCloneError, InvalidArgumentError, NotSupportedError
from ._shape import FrameShape

if TYPE_CHECKING:
    from .._ffi._types import Array, AVFrame

_LONGEST_ROW = 0x7FFFFFFF - 63  # FFmpeg's strides are C ints, and ours are rounded up to 64


class _Prepared:
    """What a frame made from a buffer is, apart from its bytes and its time."""

    __slots__ = ("codes", "fmt", "full_range", "shape", "stored", "visible", "where")

    def __init__(
        self,
        fmt: PixelFormat,
        where: ComputedLayout,
        shape: FrameShape,
        stored: FrameShape,
        visible: Rect,
        colors: VideoColorSpace,
    ) -> None:
        self.fmt = fmt
        self.where = where
        self.shape = shape  # if the buffer itself is shown
        self.stored = stored  # if the visible part is copied
        self.visible = visible
        self.codes = codes_of(*members_of(colors)[:3])
        self.full_range = colors.full_range


# Of buffers with nothing but format and size said of them, which is most: (format, width, height).
# One get or one store is atomic; two threads that miss together compute the same thing.
_prepared: dict[tuple[object, int, int], _Prepared] = {}
_MOST_KEPT = 256


def _prepare(
    format: object,
    coded_width: object,
    coded_height: object,
    layout: object,
    visible_rect: object,
    display_width: object,
    display_height: object,
    rotation: object,
    flip: object,
    color_space: Any,
) -> _Prepared:
    fmt = get_format(format)
    width = to_dimension(coded_width, "coded_width")
    height = to_dimension(coded_height, "coded_height")
    turn = parse_rotation(rotation)
    mirrored = to_flag(flip, "flip")
    if visible_rect is None:
        visible = Rect(0, 0, width, height)
    else:
        visible = parse_rect(visible_rect, "visible_rect")
        check_rect(visible, fmt, width, height, "visible_rect")
    display = display_size_for_buffer(
        visible.width, visible.height, turn, display_width, display_height
    )
    colors = default_color_space(fmt) if color_space is None else VideoColorSpace.parse(color_space)
    where = compute_layout(fmt, width, height, layout)
    look = display, turn, mirrored, colors
    shape = FrameShape(fmt, fmt.ffmpeg, (width, height), visible, *look)
    # Of a copy only the visible part is kept, moved to the origin (spec, decision 4).
    part = Rect(0, 0, visible.width, visible.height)
    stored = FrameShape(fmt, fmt.ffmpeg, (visible.width, visible.height), part, *look)
    return _Prepared(fmt, where, shape, stored, visible, colors)


def shape_of_buffer(
    format: object,
    coded_width: object,
    coded_height: object,
    visible_rect: object,
    display_width: object,
    display_height: object,
    rotation: object,
    flip: object,
    color_space: Any,
) -> FrameShape:
    """Return the shape of a frame that shows a buffer as it lies."""
    size = coded_width, coded_height
    display = display_width, display_height
    return _prepare(format, *size, None, visible_rect, *display, rotation, flip, color_space).shape


def picture_from_buffer(
    source: object,
    *,
    format: object,
    coded_width: object,
    coded_height: object,
    timestamp: int,
    layout: object,
    visible_rect: object,
    display_width: object,
    display_height: object,
    rotation: object,
    flip: object,
    color_space: Any,
    transfer: bool,
) -> tuple[Picture, FrameShape]:
    """Return the picture and shape of a frame made from a buffer; see `VideoFrame` for the
    parameters.
    """
    is_plain = (
        layout is visible_rect is display_width is display_height is color_space is None
        and flip is False
        and type(rotation) is int
        and not rotation
        and type(format) is str
        and type(coded_width) is int
        and type(coded_height) is int
    )
    key: Any = (format, coded_width, coded_height)
    prepared = _prepared.get(key) if is_plain else None
    if prepared is None:
        prepared = _prepare(
            format,
            coded_width,
            coded_height,
            layout,
            visible_rect,
            display_width,
            display_height,
            rotation,
            flip,
            color_space,
        )
        if is_plain:
            if len(_prepared) >= _MOST_KEPT:
                _prepared.clear()
            _prepared[key] = prepared
    fmt, where = prepared.fmt, prepared.where
    what = "the source of a VideoFrame"
    buffers.check_source(source, what, fmt.dtype, fmt.name)
    exported = buffers.export(source, what)
    lent = False
    try:
        size = len(exported)
        shape = prepared.shape
        if size < where.size:
            raise InvalidArgumentError(
                f"the buffer holds {size} bytes, {fmt.name} "
                f"{shape.coded_width}x{shape.coded_height} needs {where.size}"
            )
        if transfer:
            for index, (_, stride) in enumerate(where.planes):
                if stride > 0x7FFFFFFF:
                    raise InvalidArgumentError(
                        f"layout[{index}].stride is {stride}, the limit is 2147483647"
                    )
            ptr = native.wrap(
                exported, size, fmt.ffmpeg, shape.coded_width, shape.coded_height, where.planes
            )
            lent = True
        else:
            ptr = _stored_part(exported, fmt, where.planes, prepared.visible)
            shape = prepared.stored
    finally:
        if not lent:
            buffers.unexport(exported)
    native.tag(ptr, timestamp, *prepared.codes, prepared.full_range)
    return Picture(ptr), shape


def _stored_part(
    exported: Array[int], fmt: PixelFormat, planes: Sequence[tuple[int, int]], visible: Rect
) -> AVFrame:
    rows = [(p.row_bytes(visible.width), p.rows(visible.height)) for p in fmt.planes]
    longest = max(row for row, _ in rows)
    if longest > _LONGEST_ROW:
        raise InvalidArgumentError(
            f"a row of {fmt.name} at width {visible.width} takes {longest} bytes, "
            f"the limit is {_LONGEST_ROW}"
        )
    return native.copied(exported, fmt, planes, visible, rows)


def check_alpha(alpha: object) -> None:
    """Raise InvalidArgumentError if it is none of the two choices."""
    if not isinstance(alpha, str) or alpha not in ("keep", "discard"):
        raise InvalidArgumentError(f"alpha must be 'keep' or 'discard', got {show(alpha)}")


def copy_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a deep copy, None of None."""
    if metadata is None:
        return None
    from copy import deepcopy

    if not isinstance(metadata, Mapping):
        raise InvalidArgumentError(f"metadata must be a mapping, got {type(metadata).__name__}")
    try:
        return deepcopy(dict(metadata))
    except MemoryError:
        raise
    except Exception as error:
        raise DataCloneError(f"metadata cannot be copied: {show(error)}") from error


def refuse_description(
    format: object, coded_width: object, coded_height: object, layout: object, color_space: object
) -> None:
    """Raise InvalidArgumentError if anything is said of pixels that are described already."""
    for name, value in (
        ("format", format),
        ("coded_width", coded_width),
        ("coded_height", coded_height),
        ("layout", layout),
        ("color_space", color_space),
    ):
        if value is not None:
            raise InvalidArgumentError(
                f"{name} cannot be given for a frame made from a frame: it has the source's"
            )


def shape_of_derived(
    base: FrameShape,
    alpha: str,
    visible_rect: object,
    rotation: object,
    flip: object,
    display_width: object,
    display_height: object,
) -> FrameShape:
    """Return the shape of a frame made from a frame of shape `base` (spec 1.3)."""
    check_alpha(alpha)
    fmt = base.format
    if fmt is not None and alpha == "discard":
        if fmt.has_alpha and fmt.opaque == fmt.name:
            raise NotSupportedError(
                f"{fmt.name} has no opaque twin: convert it, to_ndarray('RGB48') for instance"
            )
        fmt = get_format(fmt.opaque)
    assert base.visible_rect is not None  # the source is open
    if visible_rect is None:
        visible = base.visible_rect
    else:
        visible = parse_rect(visible_rect, "visible_rect")
        check_rect(visible, fmt, base.coded_width, base.coded_height, "visible_rect")
    turn, mirrored = combine_orientation(
        base.rotation, base.flip, parse_rotation(rotation), to_flag(flip, "flip")
    )
    display = display_size_for_frame(
        visible.width,
        visible.height,
        turn,
        source_visible_width=base.visible_rect.width,
        source_visible_height=base.visible_rect.height,
        source_display_width=base.display_width,
        source_display_height=base.display_height,
        source_rotation=base.rotation,
        display_width=display_width,
        display_height=display_height,
    )
    # The opaque twin lies in memory as its source does, so FFmpeg's name changes with the format.
    pix_fmt = base.pix_fmt if fmt is base.format or fmt is None else fmt.ffmpeg
    return FrameShape(
        fmt,
        pix_fmt,
        (base.coded_width, base.coded_height),
        visible,
        display,
        turn,
        mirrored,
        base.color_space,
    )
