"""Ctrl-C that is never lost.

Python drops an exception that comes while a destructor runs, a KeyboardInterrupt as well, and
prints a traceback instead. Frames are destroyed all the time here. So the interrupt is remembered,
and raised once more where the work asks for it.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupt:
    """A context in which Ctrl-C is remembered; `check` is for the work to call, in any thread."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._installed = False
        self._hook: Any = None

    def ask(self) -> None:
        """Make the next `check` raise, in whatever thread."""
        self._asked.set()

    def check(self) -> None:
        """Raise KeyboardInterrupt if the work is to stop."""
        if self._asked.is_set():
            raise KeyboardInterrupt

    def __enter__(self) -> Interrupt:
        # Where Ctrl-C means something else, as under nohup, it stays what it is.
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
            self._installed = True
            signal.signal(signal.SIGINT, self._handle)
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._asked.is_set():
            return  # once is enough: a second one would break off the tidying up
        self._asked.set()
        raise KeyboardInterrupt

    def _unraisable(self, lost: Any) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            self._hook(lost)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            sys.unraisablehook = self._hook
