"""What of a conversion's input its output will lack: warned about at once, told in the result."""

from __future__ import annotations

import os
import sys
import warnings
from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager

from .._spec.numbers import to_flag
from ..errors import NotSupportedError

PROBE_MORE = "options={'probesize': 500_000_000, 'analyzeduration': 3_600_000_000} looks further"
BEGINS_LATE = "begins late: nothing is known of it"
_collected: dict[int, list[str]] = {}  # by the thread, what is said elsewhere
_said: dict[int, set[str]] = {}  # by the thread, what is not said again
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Losses:
    """Collects what is lost.

    Parameters
    ----------
    require_all : bool
        Whether anything that is lost is an error.

    Attributes
    ----------
    lost : list of str
        What is lost, and why: ``"audio aac: webm cannot hold it"``.
    """

    __slots__ = ("_require_all", "lost")

    def __init__(self, require_all: bool = False) -> None:
        self._require_all = to_flag(require_all, "require_all")
        self.lost: list[str] = []

    def add(self, what: str, why: str, message: str) -> None:
        """Note that `what` is lost; warn with the whole `message`, unless that will be an error.

        Parameters
        ----------
        what : str
            A noun: ``"audio aac"``, ``"the rotation"``.
        why : str
            ``"webm cannot hold it"``.
        message : str
            The sentence for people, with the file, the reason and what to do about it.
        """
        if self.note(what, why) and not self._require_all:
            warn(message)

    def note(self, what: str, why: str) -> bool:
        """Note that `what` is lost, which has been warned about; return whether it is new."""
        told = f"{what}: {why}"
        if told in self.lost:
            return False
        self.lost.append(told)
        return True

    def check(self) -> None:
        """Raise NotSupportedError if anything is lost that is required; called before the work
        begins, and before the output gets its name.
        """
        if self._require_all and self.lost:
            raise NotSupportedError(
                f"the output would lack {'; '.join(self.lost)} (require_all=True)"
            )


def warn(message: str) -> None:
    """Warn with the line of the program that called the package."""
    collected = _collected.get(get_ident())
    if collected is not None:
        collected.append(message)
        return
    said = _said.get(get_ident())
    if said is not None:
        if message in said:
            return
        said.add(message)
    level, frame = 1, sys._getframe(0)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, caller = level + 1, frame.f_back
        if caller is None:
            break
        frame = caller
    warnings.warn(message, UserWarning, stacklevel=level)


@contextmanager
def collecting(messages: list[str]) -> Iterator[None]:
    """Let this thread's warnings go into a list meanwhile."""
    thread = get_ident()
    _collected[thread] = messages
    try:
        yield
    finally:
        _collected.pop(thread, None)


@contextmanager
def saying_once() -> Iterator[None]:
    """Let this thread warn of nothing twice meanwhile: what is begun anew sees all again."""
    thread = get_ident()
    before = _said.get(thread)
    _said[thread] = set() if before is None else before
    try:
        yield
    finally:
        if before is None:
            _said.pop(thread, None)
