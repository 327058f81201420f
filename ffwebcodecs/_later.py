"""Regular expressions that are compiled when they are first used, as most never are: a process
that wants one picture would compile some twenty.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr


class _Later:
    """Stands for a pattern until it is used."""

    __slots__ = ("_arguments", "_pattern")

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def __getattr__(self, name: str) -> Any:
        if name == "_pattern":
            self._pattern = re.compile(*self._arguments)
            return self._pattern
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._pattern, name)


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return ``re.compile(text, flags)``, made later."""
    return _Later(text, flags)  # type: ignore[return-value]
