"""What a frame looks like, apart from its pixels and its time: computed once for a stream, shared
by its frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.frames import frame as native
from .._av.frames.pixel_format import pix_fmt_name
from .._spec.frames.color import ColorMembers, names_of
from .._spec.frames.color_space import VideoColorSpace
from .._spec.frames.formats import BY_FFMPEG, PixelFormat
from .._spec.frames.geometry import display_size_for_buffer
from .._spec.frames.rect import Rect

if TYPE_CHECKING:
    from .._ffi._types import AVFrame


class FrameShape:
    """Format, sizes, orientation and colour of a frame; immutable."""

    __slots__ = (
        "coded_height",
        "coded_width",
        "color_space",
        "destinations",
        "display_height",
        "display_width",
        "flip",
        "format",
        "pix_fmt",
        "rotation",
        "visible_rect",
    )

    def __init__(
        self,
        format: PixelFormat | None,
        pix_fmt: str | None,
        coded_size: tuple[int, int],
        visible_rect: Rect | None,
        display_size: tuple[int, int],
        rotation: int,
        flip: bool,
        color_space: VideoColorSpace,
    ) -> None:
        self.format = format
        self.pix_fmt = pix_fmt  # FFmpeg's name, known also where WebCodecs has none
        self.coded_width, self.coded_height = coded_size
        self.visible_rect = visible_rect
        self.display_width, self.display_height = display_size
        self.rotation = rotation
        self.flip = flip
        self.color_space = color_space
        # What copy_to worked out for this shape, by (format, color_space); a handful at most.
        self.destinations: dict[Any, Any] = {}


# What a closed frame reads as: spec 1.4.
CLOSED = FrameShape(None, None, (0, 0), None, (0, 0), 0, False, VideoColorSpace())


class ShapeCache:
    """The shapes of one stream's frames, by what FFmpeg says of each frame.

    Parameters
    ----------
    color_space : VideoColorSpace, optional
        Members that are not None override the bitstream's.
    display_aspect : (int, int), optional
        Display aspect ratio, width and height; default: the bitstream's sample aspect ratio.
    rotation, flip
        Of every frame.
    """

    __slots__ = ("_color_space", "_display_aspect", "_flip", "_key", "_rotation", "_shape")

    def __init__(
        self,
        color_space: VideoColorSpace | None = None,
        display_aspect: tuple[int, int] | None = None,
        rotation: int = 0,
        flip: bool = False,
    ) -> None:
        self._color_space = color_space
        self._display_aspect = display_aspect
        self._rotation = rotation
        self._flip = flip
        self._key: tuple[int, ...] | None = None
        self._shape = CLOSED

    def shape_of(self, ptr: AVFrame) -> FrameShape:
        """Return the shape of a decoded frame."""
        key = native.describe(ptr)
        if key != self._key:
            self._shape = self._make(key)
            self._key = key
        return self._shape

    def _make(self, key: tuple[int, ...]) -> FrameShape:
        number, width, height, left, top, right, bottom, sar_num, sar_den, *color = key
        pix_fmt = pix_fmt_name(number)
        visible = Rect(left, top, width - left - right, height - top - bottom)
        display = self._display_size(visible.width, visible.height, sar_num, sar_den)
        if self._rotation % 180:
            display = display[1], display[0]
        return FrameShape(
            BY_FFMPEG.get(pix_fmt),
            pix_fmt,
            (width, height),
            visible,
            display,
            self._rotation,
            self._flip,
            self._color(pix_fmt, *color),
        )

    def _display_size(self, width: int, height: int, sar_num: int, sar_den: int) -> tuple[int, int]:
        """Enlarge one axis so that the picture has its aspect ratio (spec 1.9, VideoDecoder)."""
        if self._display_aspect is not None:
            # The ratio of pixels is the display ratio over the ratio of the visible size.
            sar_num, sar_den = self._display_aspect[0] * height, self._display_aspect[1] * width
        if sar_num <= 0 or sar_den <= 0 or sar_num == sar_den:
            return display_size_for_buffer(width, height, 0, None, None)
        if sar_num > sar_den:
            return max(1, (2 * width * sar_num + sar_den) // (2 * sar_den)), height
        return width, max(1, (2 * height * sar_den + sar_num) // (2 * sar_num))

    def _color(
        self, pix_fmt: str, primaries: int, transfer: int, matrix: int, range_: int
    ) -> VideoColorSpace:
        full: bool | None = True if range_ == 2 else False if range_ == 1 else None
        if pix_fmt.startswith("yuvj"):  # FFmpeg's old way to say full range
            full = True
        found: ColorMembers = (*names_of(primaries, transfer, matrix), full)
        fmt = BY_FFMPEG.get(pix_fmt)
        if fmt is not None and fmt.is_rgb:
            # RGB has no other matrix, whatever the stream left unsaid.
            found = (found[0], found[1], "rgb", True if full is None else full)
        over = self._color_space
        if over is not None:
            given = (over.primaries, over.transfer, over.matrix, over.full_range)
            found = tuple(f if g is None else g for f, g in zip(found, given, strict=True))  # type: ignore[assignment]
        return VideoColorSpace(
            primaries=found[0], transfer=found[1], matrix=found[2], full_range=found[3]
        )
