"""Rectangles in luma pixels of the coded frame, and the checks they must pass (spec 1.2.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..._public import public
from ...errors import InvalidArgumentError
from ..numbers import show, to_truncated

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .formats import PixelFormat

_new_tuple = tuple.__new__


@public
class Rect(tuple[int, int, int, int]):
    """A rectangle of pixels: x, y, width, height; immutable, and a tuple of the four.

    Parameters
    ----------
    x, y : int, optional
        Left and top edge, in pixels. A float must be finite and loses its fraction.
    width, height : int, optional
        Size, in pixels. The default 0 is an empty rectangle, which no frame accepts.

    Raises
    ------
    InvalidArgumentError
        A member is not a finite number.

    Examples
    --------
    >>> x, y, width, height = Rect(0, 0, 4, 2)
    """

    __slots__ = ()
    __match_args__ = ("x", "y", "width", "height")

    def __new__(cls, x: object = 0, y: object = 0, width: object = 0, height: object = 0) -> Rect:
        return _new_tuple(
            cls,
            (
                to_truncated(x, "x"),
                to_truncated(y, "y"),
                to_truncated(width, "width"),
                to_truncated(height, "height"),
            ),
        )

    @property
    def x(self) -> int:
        """Left edge, in pixels."""
        return self[0]

    @property
    def y(self) -> int:
        """Top edge, in pixels."""
        return self[1]

    @property
    def width(self) -> int:
        """Width, in pixels."""
        return self[2]

    @property
    def height(self) -> int:
        """Height, in pixels."""
        return self[3]

    def to_json(self) -> dict[str, int]:
        """Return the four members as a dictionary."""
        return {"x": self[0], "y": self[1], "width": self[2], "height": self[3]}

    def __repr__(self) -> str:
        return f"Rect(x={self[0]}, y={self[1]}, width={self[2]}, height={self[3]})"

    def __getnewargs__(self) -> tuple[int, int, int, int]:
        return self[0], self[1], self[2], self[3]


def parse_rect(value: object, what: str) -> Rect:
    """Return `value` as a Rect without negative members.

    Parameters
    ----------
    value : Rect, sequence of four numbers, or mapping
        Of a mapping, x, y, width and height are read; an absent one is 0.
    what : str
        What to call it in an error.

    Raises
    ------
    InvalidArgumentError
        Not a rectangle, a member is not finite, or is negative after truncation.
    """
    rect = value if type(value) is Rect else _convert(value, what)
    if rect[0] < 0 or rect[1] < 0 or rect[2] < 0 or rect[3] < 0:
        for name, member in zip(Rect.__match_args__, rect, strict=True):
            if member < 0:
                raise InvalidArgumentError(
                    f"{what}.{name} is {show(member)}, it must not be negative"
                )
    return rect


def _convert(value: object, what: str) -> Rect:
    names = Rect.__match_args__
    try:
        if isinstance(value, Mapping):
            absent = 0
            members = [value.get(name, absent) for name in names]
            # None is an absent member, not a bad one.
            members = [absent if member is None else member for member in members]
        elif isinstance(value, Collection):
            if isinstance(value, (str, bytes, bytearray, memoryview)) or len(value) != 4:
                raise InvalidArgumentError(
                    f"{what} needs four numbers (x, y, width, height), got {show(value)}"
                )
            members = list(value)
        else:
            raise InvalidArgumentError(
                f"{what} must be a Rect, four numbers or a mapping, got {show(value)}"
            )
    except InvalidArgumentError:
        raise
    except Exception as error:
        raise InvalidArgumentError(f"{what} cannot be read: {show(error)}") from error
    return _new_tuple(
        Rect,
        [to_truncated(m, f"{what}.{n}") for m, n in zip(members, names, strict=True)],
    )


def check_rect(
    rect: Rect, fmt: PixelFormat | None, coded_width: int, coded_height: int, what: str
) -> None:
    """Raise InvalidArgumentError unless `rect` is a usable part of the coded frame.

    It must not be empty, must lie within the coded size, and its x and y must fall on a chroma
    sample of `fmt` (not checked if `fmt` is None). Its width and height are free.
    """
    x, y, width, height = rect
    if (
        x >= 0
        and y >= 0
        and 0 < width <= coded_width - x
        and 0 < height <= coded_height - y
        and (fmt is None or not (x % fmt.align_x or y % fmt.align_y))
    ):
        return
    for name, value in (("x", x), ("y", y)):
        if value < 0:
            raise InvalidArgumentError(f"{what}.{name} is {show(value)}, it must not be negative")
    for name, value in (("width", width), ("height", height)):
        if value <= 0:
            raise InvalidArgumentError(f"{what}.{name} is {show(value)}, it must be at least 1")
    for start, size, limit, axis, name in (
        (x, width, coded_width, "x", "width"),
        (y, height, coded_height, "y", "height"),
    ):
        if start + size > limit:
            raise InvalidArgumentError(
                f"{what} ends at {axis} + {name} = {show(start + size)}, "
                f"beyond the coded {name} {limit}"
            )
    assert fmt is not None
    for name, value, step in (("x", x, fmt.align_x), ("y", y, fmt.align_y)):
        if value % step:
            raise InvalidArgumentError(
                f"{what}.{name} is {value}, it must be a multiple of {step} for {fmt.name}"
            )
