"""FileIterator: what goes over the frames, or the sound, of a file: an iterator that can be closed.

It is a generator with a face. All that is native is held by what the generator holds, so a reader
that is dropped, as after a loop that was left, frees everything by that alone, and that is no
mistake. A generator that is at work is not closed by another thread: see `end_generator`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._runtime.closing import Closable, end_generator
from ..errors import InvalidStateError
from ..frames._hold import Timed

if TYPE_CHECKING:
    from types import FrameType

    from typing_extensions import Self

_PATIENCE = 0.5  # seconds that another thread has for leaving the file
_PAUSE = 0.005


T = TypeVar("T", bound=Timed)


class FileIterator(Closable, Generic[T]):
    """What a reader is, of frames or of sound."""

    __slots__ = ("__weakref__", "_end", "_frames", "_interrupt", "_last", "_shown")

    _frames: Any  # the generator
    _interrupt: Callable[[], object] | None
    _end: Callable[[], object] | None
    _last: int | None
    _shown: str

    @classmethod
    def _of(
        cls,
        frames: Iterator[T],
        shown: str,
        interrupt: Callable[[], object] | None = None,
        end: Callable[[], object] | None = None,
    ) -> Self:
        """Return one of a generator, or of what a subclass takes.

        `interrupt` ends what it waits for; `end` closes what it would close if it had begun.
        """
        self = cls.__new__(cls)
        self._last = None
        self._shown = shown
        self._interrupt = interrupt
        self._end = end
        self._frames = frames
        return self

    @property
    def last_timestamp(self) -> int | None:
        """When what was given last is shown or heard, in microseconds; None before the first."""
        return self._last

    @property
    def closed(self) -> bool:
        """Whether it is over: closed, or read to its end, or ended by an error."""
        is_over: bool = self._frames.gi_frame is None
        return is_over

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        item: T = next(self._frames)
        self._last = item._timestamp
        return item

    def close(self) -> None:
        """Close decoder and file; twice is fine.

        Where another thread waits for what comes next, that ends with InvalidStateError, and closes
        all at its end.

        Raises
        ------
        InvalidStateError
            It is called by what is being read, by a file object or an iterable of chunks; or
            another thread is in that, and does not come back.
        """
        until = time.monotonic() + _PATIENCE
        frames, end = self._frames, self._end
        is_new = _is_new(frames)
        while not end_generator(frames):
            if self._interrupt is not None:
                self._interrupt()
            is_within = _is_below(frames.gi_frame)
            if is_within or time.monotonic() >= until:
                if self._interrupt is not None:
                    return  # it ends by itself
                who = "this is called by" if is_within else "another thread is in"
                raise InvalidStateError(f"{self!r} cannot be closed: {who} what it reads")
            time.sleep(_PAUSE)
        self._interrupt = self._end = None
        if is_new and end is not None:
            end()

    def _left_open(self) -> None:
        return None  # as after a loop that was left

    def _abandon(self) -> None:
        if self._end is not None and _is_new(self._frames):
            self._end()  # all others end with what holds them

    def __repr__(self) -> str:
        over = "over" if self.closed else "open"
        last = "" if self._last is None else f", last at {self._last} us"
        return f"<{type(self).__name__} of {self._shown}, {over}{last}>"


def _is_new(generator: Any) -> bool:
    """Whether nothing of it has been executed, not even what its end would be."""
    if generator.gi_frame is None or generator.gi_running:
        return False
    if sys.version_info >= (3, 11):
        is_suspended: bool = generator.gi_suspended
        return not is_suspended
    is_at_begin: bool = generator.gi_frame.f_lasti == -1
    return is_at_begin


def _is_below(frame: FrameType | None) -> bool:
    """Whether a frame is one of those that called this: by the handler of a signal."""
    caller: FrameType | None = sys._getframe(1)
    while caller is not None and caller is not frame:
        caller = caller.f_back
    return caller is not None
