"""Fitting frames to an encoder: the same memory where that is possible, converted where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.codecs import encoder as native
from .._av.codecs import encoder_pictures
from .._av.codecs.encoder_pictures import InputFormat
from .._av.frames import frame as frames
from .._av.frames import palette, pixel_format
from .._av.frames.picture import Picture
from .._av.scale import cache
from .._av.scale.image import Image
from .._spec.frames.color import ColorMembers
from .._spec.frames.color_space import members_of
from .._spec.frames.gamut import matrix_name
from ..errors import NotSupportedError
from ..frames._copy import Source, source_image
from ..frames._shape import FrameShape

if TYPE_CHECKING:
    from .._ffi._types import AVFrame


class FrameLook:
    """How a frame looks to an encoder: its format, and its colours."""

    __slots__ = ("color", "format")

    def __init__(self, pix_fmt: str, color: ColorMembers) -> None:
        self.format = pix_fmt
        self.color = color

    @classmethod
    def of(cls, shape: FrameShape) -> FrameLook:
        if shape.pix_fmt is None:
            name = shape.format.name if shape.format is not None else "unknown"
            raise NotSupportedError(
                f"libswscale has no {name}: it cannot be encoded; give frames of another format"
            )
        return cls(shape.pix_fmt, members_of(shape.color_space))


def opaque(pix_fmt: str, keep_alpha: bool) -> str:
    """Return the format with which the same planes are seen without alpha."""
    if keep_alpha:
        return pix_fmt
    if pix_fmt.startswith("yuva"):
        return pix_fmt.replace("yuva", "yuv")
    return {"rgba": "rgb0", "bgra": "bgr0"}.get(pix_fmt, pix_fmt)


class Fit:
    """How frames are fitted to one open encoder.

    What follows from a frame's shape is settled when another shape comes. Only whether the encoder
    may read the very memory, at its address and of its size, is asked for every frame.
    """

    __slots__ = (
        *("_core", "_is_same", "_keep_alpha", "_key", "_origin", "_palette", "_pix_fmt", "_shape"),
    )

    def __init__(self, core: native.EncoderCore, keep_alpha: bool) -> None:
        self._core = core
        self._keep_alpha = keep_alpha
        self._key: tuple[Any, ...] | None = None  # what the rest was settled for
        self._shape: FrameShape | None = None  # the last one
        self._is_same = False
        self._pix_fmt = ""
        self._origin = 0, 0
        described = pixel_format.describe(core.input.pix_fmt)
        has_palette = described is not None and described.palette
        self._palette = palette.Palette() if has_palette else None

    def frame_of(self, picture: Picture, shape: FrameShape) -> AVFrame:
        """Return a frame of the picture's visible part as the encoder takes it."""
        self._look_at(shape)
        ptr = picture.ptr
        if self._is_same:
            planes, strides = frames.region(ptr, self._pix_fmt, *self._origin)
            spans = self._core.spans
            planes, strides = planes[: len(spans)], strides[: len(spans)]
            if self._core.accepts_memory(ptr, planes, strides, spans):
                return encoder_pictures.borrow(ptr, self._core.input, planes, strides)
        return self._converted(ptr, shape)

    def is_same(self, shape: FrameShape) -> bool:
        """Return whether frames of this shape are just what the encoder takes, if it may read them
        where they are.
        """
        self._look_at(shape)
        return self._is_same and self._origin == (0, 0)

    def _look_at(self, shape: FrameShape) -> None:
        if shape is self._shape:
            return
        key = shape.pix_fmt, shape.visible_rect, members_of(shape.color_space)
        if key != self._key:
            self._settle(shape)
            self._key = key
        self._shape = shape

    def _settle(self, shape: FrameShape) -> None:
        look, wanted, region = FrameLook.of(shape), self._core.input, shape.visible_rect
        assert region is not None
        seen = opaque(look.format, self._keep_alpha)
        self._pix_fmt = look.format
        self._origin = region.x, region.y
        self._is_same = (
            self._palette is None
            # What is called yuvj420p is yuv420p of full range, and the range is compared below.
            and wanted.pix_fmt in (look.format, seen, seen.replace("yuv", "yuvj"))
            and (region.width, region.height) == (wanted.width, wanted.height)
            and _same_colors(look.color, wanted.color)
        )

    def _converted(self, ptr: AVFrame, shape: FrameShape) -> AVFrame:
        wanted = self._core.input
        if self._palette is None:
            return self._in(wanted, ptr, shape)
        pixels = self._in(wanted._replace(pix_fmt="bgra"), ptr, shape)
        frame = encoder_pictures.blank(wanted)
        found = self._palette.index(palette.pixels_of(pixels), self._keep_alpha)
        palette.fill(frame, *found)
        return frame

    def _in(self, wanted: InputFormat, ptr: AVFrame, shape: FrameShape) -> AVFrame:
        region = shape.visible_rect
        assert region is not None
        frame = encoder_pictures.blank(wanted)
        primaries, transfer, matrix, full_range = wanted.color
        planes, strides = frames.region(frame, wanted.pix_fmt, 0, 0)
        cache.convert(
            source_image(Source(ptr, shape, region)),
            Image(
                planes,
                strides,
                wanted.pix_fmt,
                wanted.width,
                wanted.height,
                matrix=matrix,
                full_range=full_range,
                primaries=primaries,
                transfer=transfer,
            ),
        )
        return frame


def _same_colors(have: ColorMembers, want: ColorMembers) -> bool:
    """Tell whether samples need no conversion; what is not said is BT.709, limited range."""
    return matrix_name(have[2]) == matrix_name(want[2]) and bool(have[3]) == bool(want[3])
