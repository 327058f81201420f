"""What a frame looks like, apart from its pixels and its time: computed once for a stream, shared
by its frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.frames import frame as native
from .._av.frames.orientation import reader_of_matrices
from .._av.frames.pixel_format import describe, pix_fmt_name
from .._spec.codecs.untagged import Untagged, complete
from .._spec.frames.color import (
    GRAY_DEFAULT,
    RGB_DEFAULT,
    YUV_DEFAULT,
    Said,
    believed,
    codes_of_members,
    first_said,
)
from .._spec.frames.color_space import VideoColorSpace, from_members
from .._spec.frames.formats import BY_FFMPEG, PixelFormat
from .._spec.frames.geometry import display_size_for_buffer, orientation_of
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
        The configuration's: it is what frames have, whatever else is said.
    display_aspect : (int, int), optional
        Display aspect ratio, width and height; default: the bitstream's sample aspect ratio.
    rotation, flip
        Of every frame.
    file_colors, string_colors : (codes, full range), optional
        What the file says of colours, which goes before the bitstream, and what the codec string
        says, which comes after it.
    codec : str, optional
        FFmpeg's name.
    asks_bitstream : bool, optional
        Whether what the bitstream says of colours counts.
    untagged : Untagged, optional
        Of a file, what its colours are guessed from where nobody says them; else they are BT.709
        (sRGB for RGB).

    Attributes
    ----------
    asks_pictures : bool
        Whether pictures may say themselves how they are turned, if `rotation` and `flip` say
        nothing.
    """

    __slots__ = (
        "_asks_bitstream",
        "_codec",
        "_color_space",
        "_display_aspect",
        "_file_colors",
        "_flip",
        "_key",
        "_matrix_of",
        "_rotation",
        "_shape",
        "_string_colors",
        "_untagged",
        "asks_pictures",
    )

    def __init__(
        self,
        color_space: VideoColorSpace | None = None,
        display_aspect: tuple[int, int] | None = None,
        rotation: int = 0,
        flip: bool = False,
        file_colors: Said = (None, None),
        string_colors: Said = (None, None),
        codec: str = "",
        asks_bitstream: bool = True,
        untagged: Untagged | None = None,
    ) -> None:
        self._codec = codec
        self._asks_bitstream = asks_bitstream
        self._untagged = untagged
        self.asks_pictures = not rotation and not flip
        self._matrix_of = reader_of_matrices()
        self._file_colors = file_colors
        self._string_colors = string_colors
        self._color_space = color_space
        self._display_aspect = display_aspect
        self._rotation = rotation
        self._flip = flip
        self._key: tuple[int, ...] | None = None
        self._shape = CLOSED

    def shape_of(self, ptr: AVFrame) -> FrameShape:
        """Return the shape of a decoded frame."""
        key = native.describe(ptr)
        if self.asks_pictures:
            key += self._matrix_of(ptr)
        if key != self._key:
            self._shape = self._make(key)
            self._key = key
        return self._shape

    def _make(self, key: tuple[int, ...]) -> FrameShape:
        number, width, height, left, top, right, bottom, sar_num, sar_den, *color = key[:13]
        rotation, flip = self._rotation, self._flip
        if len(key) > 13:
            rotation, flip = orientation_of(key[13:])
        pix_fmt = pix_fmt_name(number)
        visible = Rect(left, top, width - left - right, height - top - bottom)
        display = self._display_size(visible.width, visible.height, sar_num, sar_den)
        if rotation % 180:
            display = display[1], display[0]
        return FrameShape(
            BY_FFMPEG.get(pix_fmt),
            pix_fmt,
            (width, height),
            visible,
            display,
            rotation,
            flip,
            self._color(pix_fmt, visible.height, *color),
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
        self, pix_fmt: str, height: int, primaries: int, transfer: int, matrix: int, range_: int
    ) -> VideoColorSpace:
        if self._color_space is not None:
            return self._color_space
        full: bool | None = True if range_ == 2 else False if range_ == 1 else None
        if pix_fmt.startswith("yuvj"):  # FFmpeg's old way to say full range
            full = True
        bitstream: Said = believed(self._codec, (primaries, transfer, matrix)), full
        if not self._asks_bitstream:
            bitstream = None, None
        sources = [self._file_colors, bitstream, self._string_colors]
        fmt = describe(pix_fmt)
        is_rgb = fmt is not None and fmt.rgb
        if self._untagged is None:
            default = RGB_DEFAULT if is_rgb else YUV_DEFAULT
            if pix_fmt.startswith(("gray", "ya", "mono")):
                default = GRAY_DEFAULT
            sources.append(codes_of_members(default))
        found = first_said(sources)
        if is_rgb:
            # RGB has no other matrix, whatever the stream left unsaid.
            found = (found[0], found[1], "rgb", True if found[3] is None else found[3])
        if self._untagged is not None:
            untagged = self._untagged
            if untagged.height <= 0:  # the file does not say it
                untagged = Untagged(untagged.codec, height)
            found = complete(found, untagged, pix_fmt, is_rgb)
        return from_members(found)
