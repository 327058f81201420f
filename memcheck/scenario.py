"""What a scenario is, and the list of all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

Step = Callable[[int], object]


class Scenario:
    """One thing to do again and again.

    Attributes
    ----------
    name : str
    text : str
        What it does, for the table.
    cycles : int
        How many times in a full run.
    each : int
        Cycles that one call of the step counts for.
    leaks : bool
        Whether it leaks on purpose, as a test of the checker.
    open : callable
        Returns a context manager that gives the step, called with 0, 1, 2 ...
    """

    def __init__(
        self,
        function: Callable[[], Iterator[Step]],
        text: str,
        cycles: int,
        each: int,
        leaks: bool,
    ) -> None:
        self.name = function.__name__
        self.text = text
        self.cycles = cycles
        self.each = each
        self.leaks = leaks
        self.open: Callable[[], AbstractContextManager[Step]] = contextmanager(function)


_scenarios: dict[str, Scenario] = {}


def scenario(
    text: str, *, cycles: int, each: int = 1, leaks: bool = False
) -> Callable[[Any], Scenario]:
    """Make a scenario of a generator function that sets up, yields the step, and cleans up."""

    def register(function: Callable[[], Iterator[Step]]) -> Scenario:
        made = Scenario(function, text, cycles, each, leaks)
        if made.name in _scenarios:
            raise ValueError(f"there are two scenarios called {made.name}")
        _scenarios[made.name] = made
        return made

    return register


def all_scenarios() -> dict[str, Scenario]:
    """Return the scenarios by name, in the order of the modules and of their text."""
    from . import scenarios

    for module in sorted(info.name for info in pkgutil.iter_modules(scenarios.__path__)):
        importlib.import_module(f"{scenarios.__name__}.{module}")
    return _scenarios
