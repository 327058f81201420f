"""How far a call is that somebody has made elsewhere: on another thread, or in another process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_here = threading.local()


def tell(value: object) -> None:
    """Tell whoever has this thread's work done how far it is; they may raise to end it."""
    hear = getattr(_here, "hear", None)
    if hear is not None:
        hear(value)


@contextmanager
def heard_by(hear: Callable[[object], object]) -> Iterator[None]:
    """Let `hear` be called with what this thread tells meanwhile."""
    before = getattr(_here, "hear", None)
    _here.hear = hear
    try:
        yield
    finally:
        _here.hear = before
