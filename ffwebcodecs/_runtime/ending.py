"""The end of the interpreter, as a daemon thread sees it.

Codecs are stopped and unfinished files removed while daemon threads still run. A moment later
Python stops those without a word. Until then what they call must neither begin a file nor raise an
error, which would be printed: they end here, as quietly.
"""

from __future__ import annotations

import threading

_near = False


def announce() -> None:
    """Say that codecs are stopped and files removed from now on."""
    global _near
    _near = True


def end_daemon() -> None:
    """Raise SystemExit, which ends a thread quietly, in a thread that Python is about to stop."""
    if _near and threading.current_thread().daemon:
        raise SystemExit
