"""What frames, bitmaps and sound all are: a hold on a `Picture`, open or closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._ffi import FREES_LATE
from .._runtime import trace
from .._runtime.closing import Closable
from ..errors import DataCloneError, InvalidStateError

if TYPE_CHECKING:
    from typing_extensions import Self


class Hold(Closable):
    """A hold on a `Picture`.

    `close` forgets the picture first and what is said of it second, and every method reads the
    picture last: a method on another thread sees either an open one, whose memory its own reference
    keeps until it returns, or a closed one.
    """

    __slots__ = ("__weakref__", "_picture", "_place", "_warn")

    _noun: ClassVar[str]
    """What it is called in messages."""

    _picture: Picture | None
    _place: trace.Place | None  # of what has a time: where it was received or cloned, if traced
    _warn: bool  # whether dropping it unclosed is the program's mistake

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._picture is None

    def _open_picture(self) -> Picture:
        """Return the picture; the caller's reference keeps its memory alive."""
        picture = self._picture
        if picture is None:
            raise self._is_closed()
        return picture

    def _is_closed(self) -> InvalidStateError:
        """Return the error for the use of it when it is closed."""
        return InvalidStateError(f"the {self._noun} is closed")

    def __del__(self) -> None:
        try:
            # What it is most often, so it is asked without a call: closed, or dropped where that
            # is nobody's mistake, and frees.
            if self._picture is None or not (self._warn or FREES_LATE):
                return
        except AttributeError:
            return
        super().__del__()

    def _left_open(self) -> str | None:
        return f"unclosed {self._noun} {self!r}" if self._warn else None

    def _require_open(self) -> None:
        self._open_picture()

    def __sizeof__(self) -> int:
        # With its pixels, as numpy has it: what moves work and memory about (Dask) asks for this.
        picture = self._picture
        return object.__sizeof__(self) + (0 if picture is None else native.byte_size(picture.ptr))

    def __dask_tokenize__(self) -> object:
        # Without it Dask pickles and unpickles twice to find a name, and closes nothing of that.
        import pickle
        from hashlib import blake2b

        buffers: list[pickle.PickleBuffer] = []
        said = pickle.dumps(self, protocol=5, buffer_callback=buffers.append)
        return type(self).__name__, said, [blake2b(each).hexdigest() for each in buffers]


class Timed(Hold):
    """A hold with a time, which may remember the place in the program that has it."""

    __slots__ = ()

    _timestamp: int  # in a slot of the subclasses

    @property
    def time(self) -> float:
        """`timestamp` in seconds: the float nearest to it; kept when it is closed."""
        return self._timestamp / 1_000_000

    def clone(self) -> Self:
        """Return another hold on the same memory, with a lifetime of its own."""
        raise NotImplementedError

    def _note(self, place: trace.Place) -> None:
        """Remember where it was received or cloned, for as long as it is open."""
        self._place = place
        picture = self._picture
        if picture is not None and picture.lease is not None:
            picture.lease.note(place)

    def _is_closed(self) -> InvalidStateError:
        return InvalidStateError(
            f"the {self._noun} at {self._timestamp} us is closed: use it before, or a clone() of it"
        )

    def _left_open(self) -> str | None:
        if not self._warn:
            return None
        place = "" if self._place is None else f", held since {self._place.text}"
        return f"unclosed {self._noun} {self!r}{place}"

    def _cannot_copy(self) -> DataCloneError:
        return DataCloneError(
            f"the {self._noun} at {self._timestamp} us is closed: it cannot be pickled or copied"
        )

    def __copy__(self) -> Self:
        try:
            return self.clone()
        except InvalidStateError:
            raise self._cannot_copy() from None
