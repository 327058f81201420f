"""Keywords that several methods of frames take, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, TypeVar

from .._spec.types import ArrayLayout, Integer, ScaleFilter, VideoColorSpaceInit

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    import numpy.typing as npt

    from .._spec.frames.color_space import VideoColorSpace
    from .._spec.frames.layout import PlaneLayout
    from .._spec.frames.rect import Rect

    Rectangle: TypeAlias = Rect | Sequence[float] | Mapping[str, float]
    Layout: TypeAlias = Sequence[PlaneLayout | tuple[int, int] | Mapping[str, int]]
    ColorSpace: TypeAlias = VideoColorSpace | VideoColorSpaceInit
    OutArray = TypeVar("OutArray", bound=npt.NDArray[Any])


class ArrayKeywords(TypedDict, total=False):
    """Of `VideoFrame.to_ndarray`, but for `format` and `out`."""

    rect: Rectangle | None
    width: int | None
    height: int | None
    filter: ScaleFilter
    upright: bool
    layout: ArrayLayout
    exact: bool
    threads: int | None


class FrameKeywords(TypedDict, total=False):
    """Of a VideoFrame that is made of an array."""

    duration: Integer | None
    visible_rect: Rectangle | None
    display_width: int | None
    display_height: int | None
    rotation: float
    flip: bool
    color_space: ColorSpace | None
    metadata: Mapping[str, object] | None
