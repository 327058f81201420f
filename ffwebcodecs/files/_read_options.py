"""ReadOptions: the keywords of `read_frames` but `live`, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from ._input_options import ColorSpace


class ReadOptions(TypedDict, total=False):
    """See `read_frames`."""

    start: int | None
    stop: int | None
    step: int
    hardware_acceleration: str
    threads: int | None
    errors: str
    strict: bool
    format: str | None
    options: Mapping[str, Any] | None
    playlists: bool | str | None
    max_pixels: int | None
    timeout: float | None
    stream: int | None
    upright: bool
    deinterlace: bool
    color_space: ColorSpace | None
    pixel_format: str | None
    width: int | None
    height: int | None
    filter: str
    exact: bool
