"""Frames made over: of another format and size, in memory of their own. Imported for the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.frames import frame as native
from .._av.frames.orientation import forget
from .._av.frames.picture import Picture
from .._av.frames.spares import Spares
from .._av.scale.sharing import at_most
from .._spec.frames.color import codes_of
from .._spec.frames.color_space import from_members, members_of
from .._spec.frames.fitting import FILTERS, whole_size
from .._spec.frames.formats import PixelFormat, get_format
from .._spec.frames.layout import compute_layout
from .._spec.frames.rect import Rect
from .._spec.numbers import UINT32_MAX, show, to_dimension, to_flag
from .._spec.texts import one_of
from ..errors import InvalidArgumentError, NotSupportedError
from ._copy import Source, convert_pixels, destination_layout
from ._shape import FrameShape
from ._upright import upright
from .video_frame import VideoFrame

if TYPE_CHECKING:
    from .._spec.frames.layout import ComputedLayout

    Made = tuple[Picture, FrameShape]

_ALIGN = 64  # bytes that rows are padded to, as `native.new` does
_LONGEST_ROW = 0x7FFFFFFF - 63  # FFmpeg's strides are C ints


class PixelConversion:
    """What is to become of the pixels of frames, checked.

    Parameters
    ----------
    pixel_format : str or None
        None: each frame's own.
    width, height : int or None
        Of the stored picture, unless it is turned; see `fitting.whole_size`.
    filter, exact
        As for `Image`.
    threads : int or None
        How many threads convert one, at most.
    turns : bool
        Whether frames become upright.

    Raises
    ------
    InvalidArgumentError
        A value is unknown or out of range.
    """

    __slots__ = (
        "_exact",
        "_filter",
        "_format",
        "_height",
        "_last",
        "_spares",
        "_threads",
        "_turns",
        "_width",
    )

    def __init__(
        self,
        pixel_format: Any,
        width: Any,
        height: Any,
        filter: Any,
        exact: Any,
        threads: int | None,
        turns: bool,
    ) -> None:
        if not isinstance(pixel_format, str | None):
            raise InvalidArgumentError(
                f"pixel_format must be a string such as 'RGB', got {show(pixel_format)}"
            )
        self._format = None if pixel_format is None else get_format(pixel_format)
        self._width = None if width is None else to_dimension(width, "width")
        self._height = None if height is None else to_dimension(height, "height")
        self._filter = one_of(filter, FILTERS, "filter")
        self._exact = to_flag(exact, "exact")
        self._threads = threads
        self._turns = turns
        self._spares = Spares()
        # The shape that came last, and what is done with frames of it.
        self._last: tuple[FrameShape | None, _OfOneShape | None] = None, None
        if self._format is not None and self._width and self._height:
            _padded(self._format, self._width, self._height)

    @property
    def is_any(self) -> bool:
        """Whether anything is asked for but to turn frames."""
        return any(each is not None for each in (self._format, self._width, self._height))

    def apply(self, frame: VideoFrame) -> VideoFrame:
        """Return the frame that is made of another one, which is closed."""
        timestamp, duration = frame.timestamp, frame.duration
        try:
            picture, shape = self._make(frame._open_picture(), frame._shape, timestamp)
        except BaseException as error:
            frame.close()
            averror.let_go(error)
            raise
        frame.close()
        return VideoFrame._from_native(picture, shape, timestamp, duration, False)

    def _make(self, picture: Picture, shape: FrameShape, timestamp: int) -> Made:
        # As `to_ndarray` does: packed pixels are turned when they are converted.
        format = self._format or shape.format
        turns = self._turns and bool(shape.rotation or shape.flip)
        stored = shape
        if turns and format is not None and len(format.planes) > 1:
            picture, shape = upright(picture, shape)
        last, how = self._last
        if how is None or last is not stored:
            how = _OfOneShape(shape, self._format, self._size(shape, turns), self._threads)
            self._last = stored, how
        picture, shape = how.make(picture, timestamp, self._filter, self._exact, self._spares)
        return upright(picture, shape) if turns else (picture, shape)

    def _size(self, shape: FrameShape, turns: bool) -> tuple[int, int] | None:
        """Return the size to make of a stored picture, None: its own."""
        if self._width is self._height is None:
            return None
        visible = shape.visible_rect
        assert visible is not None
        stored, shown = (visible.width, visible.height), (shape.display_width, shape.display_height)
        on_its_side = shape.rotation % 180 != 0
        if on_its_side and not turns:  # the display size is that of the turned picture
            shown = shown[::-1]
        wide, high = whole_size(stored, shown, self._width, self._height)
        return (high, wide) if on_its_side and turns else (wide, high)


class _OfOneShape:
    """How frames of one shape are converted."""

    __slots__ = (
        "_codes",
        "_is_kept",
        "_region",
        "_threads",
        "_to",
        "_where",
        "made",
        "source",
    )

    def __init__(
        self,
        shape: FrameShape,
        format: PixelFormat | None,
        size: tuple[int, int] | None,
        threads: int | None,
    ) -> None:
        if format is None and shape.format is None:
            raise NotSupportedError(
                f"the pixel format {shape.pix_fmt} of this frame has no WebCodecs name; "
                "pass pixel_format=..., 'RGBA' for instance"
            )
        name = None if format is None else format.name
        region, to, _ = destination_layout(shape, None, None, name, None)
        self.source = shape
        self._region, self._to = region, to
        own = region.width, region.height
        display = shape.display_width, shape.display_height
        if size is not None:
            display = size[::-1] if shape.rotation % 180 else size
        width, height = size or own
        self._is_kept = to.plain and (width, height) == own
        if self._is_kept:
            coded, visible, pix_fmt = (shape.coded_width, shape.coded_height), region, shape.pix_fmt
            colors = shape.color_space
        else:
            coded, visible, pix_fmt = (width, height), Rect(0, 0, width, height), to.format.ffmpeg
            colors = from_members(to.color)
        look = display, shape.rotation, shape.flip, colors
        self.made = FrameShape(to.format, pix_fmt, coded, visible, *look)
        self._where = _padded(to.format, width, height)
        self._codes = codes_of(*to.color[:3])
        self._threads = at_most(threads, width, height)

    def make(
        self, picture: Picture, timestamp: int, filter: str, exact: bool, spares: Spares
    ) -> Made:
        """Return what becomes of a picture: itself if it is as it should be."""
        if self._is_kept:
            return picture, self.made
        to, made = self._to, self.made
        if to.format.ffmpeg is None:
            raise NotSupportedError(
                f"libswscale has no {to.format.name}: it cannot make frames of it; 'RGBA' it can"
            )
        width, height = made.coded_width, made.coded_height
        rows = list(zip(self._where.row_bytes, self._where.rows, strict=True))
        ptr = native.new(to.format.ffmpeg, width, height, rows, spares)
        planes, _ = native.region(ptr, to.format.ffmpeg, 0, 0)
        source = Source(picture.ptr, self.source, self._region)
        is_other_size = (width, height) != (self._region.width, self._region.height)
        convert_pixels(
            source,
            to,
            self._where,
            planes[0],
            width,
            height,
            filter if is_other_size else None,
            exact,
            self._threads,
        )
        if to.color == members_of(self.source.color_space):
            # What stands beside it is still true, but for places.
            native.resemble(ptr, picture.ptr, is_on_its_side=False)
            forget(ptr)
            if height != self._region.height:
                native.set_first_field(ptr, 0)
        native.tag(ptr, timestamp, *self._codes, to.color[3])
        return Picture(ptr), made


def _padded(format: PixelFormat, width: int, height: int) -> ComputedLayout:
    """Return where planes lie whose rows are padded."""
    layout, offset = [], 0
    for plane in format.planes:
        row, count = plane.row_bytes(width), plane.rows(height)
        if row > _LONGEST_ROW:
            raise InvalidArgumentError(
                f"a row of {format.name} at width {width} takes {row} bytes, the limit is "
                f"{_LONGEST_ROW}"
            )
        stride = row + _ALIGN - 1 & -_ALIGN
        layout.append((offset, stride))
        offset += stride * count
    if offset > UINT32_MAX:
        raise InvalidArgumentError(
            f"{format.name} {width}x{height} takes {offset} bytes, the limit is {UINT32_MAX}"
        )
    return compute_layout(format, width, height, layout)
