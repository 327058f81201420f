"""Where frames go: the file and line that received or cloned a frame, noted while tracing is on.

Off, it costs one look at a module global for each frame. On, each holder of a frame keeps a
`Place`, and the pool knows the places of a lease through weak references: a holder that closes its
frame is gone from the report at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from .._public import public

enabled = os.environ.get("FFWEBCODECS_TRACE", "") not in ("", "0")


@public
def trace_frames(enabled: bool) -> None:
    """Switch on or off that frames remember where the program received or cloned them.

    A `FramePoolWarning` then names the file and line of held frames, and so does the
    `ResourceWarning` of a frame that was dropped unclosed. Off by default, unless the environment
    has ``FFWEBCODECS_TRACE=1``; frames made while it is off stay without.

    Parameters
    ----------
    enabled : bool
    """
    globals()["enabled"] = bool(enabled)


class Place:
    """One place in the program that holds a frame."""

    __slots__ = ("__weakref__", "text")

    def __init__(self, text: str) -> None:
        self.text = text


def caller(depth: int) -> Place:
    """Return the place `depth` calls above the caller of this function."""
    frame = sys._getframe(depth + 1)
    return Place(f"{frame.f_code.co_filename}:{frame.f_lineno}")


def callback(function: Callable[..., Any]) -> Place:
    """Return the place where `function` is defined, its repr if it is not written in Python."""
    inner = function
    while hasattr(inner, "func"):  # functools.partial
        inner = inner.func
    code = getattr(inner, "__code__", None)
    return Place(repr(function) if code is None else f"{code.co_filename}:{code.co_firstlineno}")
