"""Keywords that several functions and methods of files take, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from .._spec.types import (
    BatchLayout,
    DamageHandling,
    HardwareAcceleration,
    ImageFit,
    Integer,
    Playlists,
    ScaleFilter,
    VideoPixelFormat,
)
from ._input_options import ColorSpace

if TYPE_CHECKING:
    import numpy.typing as npt


class ReadKeywords(TypedDict, total=False):
    """Of `read_frames`, but for `live`."""

    start: Integer | None
    stop: Integer | None
    step: int
    hardware_acceleration: HardwareAcceleration
    threads: int | None
    errors: DamageHandling
    strict: bool
    format: str | None
    options: Mapping[str, object] | None
    playlists: bool | Playlists | None
    max_pixels: int | None
    timeout: float | None
    stream: int | None
    upright: bool
    deinterlace: bool
    color_space: ColorSpace | None
    pixel_format: VideoPixelFormat | None
    width: int | None
    height: int | None
    filter: ScaleFilter
    exact: bool


class BatchKeywords(TypedDict, total=False):
    """Of `Video.read`, but for `format` and `out`."""

    width: int | None
    height: int | None
    fit: ImageFit
    filter: ScaleFilter
    layout: BatchLayout
    exact: bool
    threads: int | None


class SampleKeywords(BatchKeywords, total=False):
    """Of `Video.sample`: those of the array."""

    format: VideoPixelFormat
    out: npt.NDArray[Any] | None


class FramesKeywords(TypedDict, total=False):
    """Of `Video.frames`."""

    pixel_format: VideoPixelFormat | None
    width: int | None
    height: int | None
    filter: ScaleFilter
    exact: bool
    threads: int | None
