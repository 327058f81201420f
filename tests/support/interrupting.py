"""Interruptions at each moment at which Python looks for signals: deterministic, without signals.

CPython calls handlers where a Python function begins, after each call and at the end of a loop's
round. A trace function that is called before each opcode finds these places, and does there what a
handler would do.
"""

from __future__ import annotations

import opcode
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import ffwebcodecs

PACKAGE = Path(ffwebcodecs.__file__).parent
LOOKS = frozenset(
    number
    for name, number in opcode.opmap.items()
    if name.startswith(("CALL", "JUMP_BACKWARD", "JUMP_ABSOLUTE"))
)


class Interrupted(BaseException):
    """What stands here for KeyboardInterrupt, which would end pytest if it went astray."""


def interrupt() -> None:
    raise Interrupted


class Moments:
    """Counts the moments in functions of `folders`, and does something at number `at`."""

    def __init__(
        self,
        folders: tuple[str, ...] = ("_runtime", "codecs"),
        at: int = -1,
        act: Callable[[], object] = interrupt,
    ) -> None:
        self.count = 0
        self.where = ""
        self._files = tuple(str(PACKAGE / folder) for folder in folders)
        self._at = at
        self._act = act
        self._last: dict[int, int] = {}
        self._lock = threading.RLock()

    def trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        """Trace a call, for `sys.settrace` and `threading.settrace`."""
        if event != "call" or not frame.f_code.co_filename.startswith(self._files):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self._last.pop(id(frame), None)
        self._pass(frame)
        return self._step

    def _step(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "opcode":
            last = self._last.get(id(frame))
            self._last[id(frame)] = frame.f_lasti
            if last is not None and frame.f_code.co_code[last] in LOOKS:
                self._pass(frame)
        elif event == "exception":  # that call has not returned
            self._last.pop(id(frame), None)
        return self._step

    def _pass(self, frame: FrameType) -> None:
        outer: FrameType | None = frame
        while outer is not None:
            if outer.f_code.co_name == "__del__":
                return  # Python drops what a destructor raises: see test_interrupts
            outer = outer.f_back
        number, self.count = self.count, self.count + 1
        if number == self._at:
            self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
            self._act()

    def during(self, call: Callable[[], object]) -> bool:
        """Call it in this thread; return whether it was interrupted."""
        before = sys.gettrace()
        sys.settrace(self.trace)
        try:
            call()
        except Interrupted:
            return True
        finally:
            sys.settrace(before)
        return False
