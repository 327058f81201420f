"""A part of the picture as it is shown, cut out without copying it."""

from __future__ import annotations

from .._av.frames.pixel_format import get_format
from .._spec.frames.geometry import shown_rect, stored_rect
from .._spec.frames.rect import Rect, parse_rect
from ..errors import DataError, InvalidArgumentError
from ._shape import CLOSED, FrameShape
from .video_frame import VideoFrame


def parse_crop(value: object) -> Rect:
    """Return what a caller gave as ``crop``; raises InvalidArgumentError."""
    rect = parse_rect(value, "crop")
    for name, side in (("width", rect.width), ("height", rect.height)):
        if side < 1:
            raise InvalidArgumentError(f"crop.{name} is {side}, it must be at least 1")
    return rect


class Crop:
    """Cuts the same part out of each frame of a stream.

    Parameters
    ----------
    rect : Rect
        In pixels of the first picture after rotation and flip, before any scaling. Of a picture of
        another size the same share is taken.
    """

    __slots__ = ("_part", "_rect", "_shape", "_size")

    def __init__(self, rect: Rect) -> None:
        self._rect = rect
        self._size: tuple[int, int] | None = None  # of the first picture
        self._shape: FrameShape = CLOSED  # that `_part` is for
        self._part = rect

    def apply(self, frame: VideoFrame) -> VideoFrame:
        """Return a new frame of the part, which shares the pixels; takes `frame` and closes it.

        Raises
        ------
        InvalidArgumentError
            The part leaves the picture, or begins where the pixel format cannot be cut.
        DataError
            A picture of another size than the first one has no such part.
        """
        with frame:
            if frame._shape is not self._shape:
                self._part = self._part_of(frame._shape, frame.timestamp)
                self._shape = frame._shape
            return VideoFrame(frame, visible_rect=self._part)

    def _part_of(self, shape: FrameShape, timestamp: int) -> Rect:
        visible = shape.visible_rect
        assert visible is not None
        sides = visible.width, visible.height
        look = *sides, shape.rotation, shape.flip
        width, height = sides[::-1] if shape.rotation % 180 else sides
        rect = self._rect
        if self._size is None:
            _require_inside(rect, width, height)
            self._size = width, height
        elif (width, height) != self._size:
            rect = _share(rect, self._size, (width, height), timestamp)
        x, y, *size = stored_rect(rect, *look)
        step_x, step_y = _steps(shape.pix_fmt)
        over_x, over_y = (visible.x + x) % step_x, (visible.y + y) % step_y
        if over_x or over_y:
            wider = Rect(x - over_x, y - over_y, size[0] + over_x, size[1] + over_y)
            inside = min(wider[:2]) >= 0
            better = f": {tuple(shown_rect(wider, *look))} does" if inside else ""
            turned = " as it is stored, before it is turned" if shape.rotation or shape.flip else ""
            raise InvalidArgumentError(
                f"crop {tuple(rect)} begins at ({x}, {y}) of the picture{turned}; for "
                f"{shape.pix_fmt} it must begin at multiples of ({step_x}, {step_y}){better}"
            )
        return Rect(visible.x + x, visible.y + y, *size)


def _steps(pix_fmt: str | None) -> tuple[int, int]:
    """Return the multiples of pixels at which a picture of this format can be cut."""
    if pix_fmt is None:
        return 1, 1
    if pix_fmt.startswith("bayer_"):
        return 2, 2
    fmt = get_format(pix_fmt)
    return fmt.sub_x, fmt.sub_y


def _require_inside(rect: Rect, width: int, height: int) -> None:
    for axis, side, start, size, limit in (
        ("x", "width", rect.x, rect.width, width),
        ("y", "height", rect.y, rect.height, height),
    ):
        if start + size > limit:
            raise InvalidArgumentError(
                f"crop {tuple(rect)} ends at {axis} + {side} = {start + size}, beyond the {side} "
                f"of the picture, which is {width}x{height} as it is shown"
            )


def _share(rect: Rect, first: tuple[int, int], now: tuple[int, int], timestamp: int) -> Rect:
    found = [divmod(value * now[index % 2], first[index % 2]) for index, value in enumerate(rect)]
    if any(rest for _, rest in found):
        raise DataError(
            f"the frame at {timestamp} us is {now[0]}x{now[1]}, the first one {first[0]}x{first[1]}"
            f": crop {tuple(rect)} is no whole part of it"
        )
    return Rect(*(value for value, _ in found))
