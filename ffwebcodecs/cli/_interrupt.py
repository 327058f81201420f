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

_SIGNALS = [
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if (number := getattr(signal, name, None)) is not None
]
_MOMENT = 0.005  # seconds: long enough for a destructor to end


class Interrupt:
    """A context in which Ctrl-C is raised once, and not lost; `check` is for other threads.

    SIGTERM and SIGHUP, which ask for the same, are raised as the same: as KeyboardInterrupt.

    Attributes
    ----------
    status : int
        The exit status that tells which came: 130, 143 or 129.
    """

    def __init__(self) -> None:
        self.status = 128 + signal.SIGINT
        self._asked = False  # no Event: its lock may be held where a signal comes
        self._lost = False
        self._active = False
        self._number = signal.SIGINT
        self._sending = threading.RLock()  # `_handle` may come while it is held
        self._before: dict[signal.Signals, Any] = {}
        self._hook: Any = None

    def ask(self) -> None:
        """Make the next `check` raise, in whatever thread."""
        self._asked = True

    @property
    def asked(self) -> bool:
        """Whether the work is to stop."""
        return self._asked

    def check(self) -> None:
        """Raise KeyboardInterrupt if the work is to stop."""
        if self._asked:
            raise KeyboardInterrupt

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            # Where a signal means something else, as SIGHUP under nohup, it stays what it is.
            usual = {number: signal.getsignal(number) for number in _SIGNALS}
            self._before = {
                number: action
                for number, action in usual.items()
                if action in (signal.SIG_DFL, signal.default_int_handler)
            }
        if self._before:
            self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
            self._active = True
            for number in self._before:
                signal.signal(number, self._handle)
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._active or (self._asked and not self._lost):
            return  # once is enough: a second one would break off the tidying up
        if not self._lost:
            self._number, self.status = signal.Signals(number), 128 + number
        self._lost = False
        self._asked = True
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
                _interrupt_main(self._number)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._active:
            return
        self._active = False
        with self._sending:  # what is being sent arrives before Ctrl-C is again what it was
            for number, action in self._before.items():
                signal.signal(number, action)
        sys.unraisablehook, self._hook = self._hook, None


def _interrupt_main(number: signal.Signals) -> None:
    if hasattr(signal, "pthread_kill"):
        # A real signal, because that ends a read that waits as well.
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:  # Windows
        _thread.interrupt_main()
