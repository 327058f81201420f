"""Ctrl-C that is never lost.

Python drops an exception that comes while a destructor runs, a KeyboardInterrupt as well, and
prints a traceback instead. Frames are destroyed all the time here. So an interrupt that was lost is
sent once more, a moment later, until it arrives; threads that are not the main one ask for it.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any

_MOMENT = 0.005  # seconds: long enough for a destructor to end


class Interrupt:
    """A context in which Ctrl-C is raised once, and not lost; `check` is for other threads."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lost = False
        self._active = False
        self._sending = threading.Lock()
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
            self._active = True
            signal.signal(signal.SIGINT, self._handle)
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._active or (self._asked.is_set() and not self._lost):
            return  # once is enough: a second one would break off the tidying up
        self._lost = False
        self._asked.set()
        raise KeyboardInterrupt

    def _unraisable(self, lost: Any) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            self._hook(lost)
        elif self._active:
            self._lost = True
            # Not a threading.Thread: that takes a lock, which the code that was just interrupted by
            # the garbage collector may hold.
            _thread.start_new_thread(self._send, ())

    def _send(self) -> None:
        time.sleep(_MOMENT)
        with self._sending:
            if self._active:
                _interrupt_main()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._hook is None:
            return
        self._active = False
        with self._sending:  # what is being sent arrives before Ctrl-C is again what it was
            signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook, self._hook = self._hook, None


def _interrupt_main() -> None:
    if hasattr(signal, "pthread_kill"):
        # A real signal, because that ends a read that waits as well.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:  # Windows
        _thread.interrupt_main()
