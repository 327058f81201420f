"""ReadOptions: the keywords of `read_frames` but `live`, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from .._spec.types import (
    DamageHandling,
    HardwareAcceleration,
    Integer,
    Playlists,
    ScaleFilter,
    VideoPixelFormat,
)
from ._input_options import ColorSpace


class ReadOptions(TypedDict, total=False):
    """See `read_frames`."""

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
