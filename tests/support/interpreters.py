"""What a test may ask of the Python that runs it, decided by trying."""

from __future__ import annotations

import sys
import weakref

import pytest


class _Object:
    pass


def _frees_at_once() -> bool:
    thing = _Object()
    ref = weakref.ref(thing)
    del thing
    return ref() is None


def _locks_buffers() -> bool:
    source = bytearray(1)
    view = memoryview(source)
    try:
        source.append(1)
    except BufferError:
        return True
    finally:
        view.release()
    return False


def _frees_for_others() -> bool:
    """Tell whether what another thread made is freed when this one drops it."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


frees_at_once = pytest.mark.skipif(
    not (_frees_at_once() and _frees_for_others()),
    reason="this Python frees later what a thread drops: no reference counts (PyPy), or no GIL",
)
locks_buffers = pytest.mark.skipif(
    not _locks_buffers(), reason="this Python lets a bytearray grow while it is lent (PyPy)"
)
