"""What a VideoFrame and an ImageBitmap both are: a picture with a shape, open or closed."""

from __future__ import annotations

from typing import ClassVar

from .._av.frames.picture import Picture
from .._runtime.closing import Closable
from ..errors import InvalidStateError
from ._shape import CLOSED, FrameShape


class Surface(Closable):
    """A hold on a `Picture`, and the shape that it is seen with.

    `close` forgets the picture first and the shape second, and every method reads the picture last:
    a method on another thread sees either an open surface, whose pixels its own reference keeps
    alive until it returns, or a closed one.
    """

    __slots__ = ("__weakref__", "_picture", "_shape", "_warn")

    _noun: ClassVar[str]
    """What it is called in messages."""

    _picture: Picture | None
    _shape: FrameShape
    _warn: bool  # whether dropping it unclosed is the program's mistake

    @property
    def format(self) -> str | None:
        """Pixel format; None if it is closed or its format has no WebCodecs name."""
        fmt = self._shape.format
        return None if fmt is None else fmt.name

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._picture is None

    def close(self) -> None:
        """Free its hold on the pixels now; twice is fine.

        The memory goes with the last holder: arrays, clones, frames of a bitmap and calls that are
        still running each hold it.
        """
        self._picture = None
        self._shape = CLOSED

    def _open_picture(self) -> Picture:
        """Return the picture; the caller's reference keeps the pixels alive."""
        picture = self._picture
        if picture is None:
            raise self._is_closed()
        return picture

    def _is_closed(self) -> InvalidStateError:
        """Return the error for the use of it when it is closed."""
        return InvalidStateError(f"the {self._noun} is closed")

    def _left_open(self) -> str | None:
        return f"unclosed {self._noun} {self!r}" if self._warn else None

    def _require_open(self) -> None:
        self._open_picture()
