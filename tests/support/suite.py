"""Which part of the suite runs. Three marks say what need not run every time, in both FFI modes:

once
    It does not depend on the mode, and runs in one of them: the folder ``house``, marked so as
    well but for what builds wheels, beside ABI mode, all else beside API mode.
divided
    Its cases differ in values, not in what they do to native memory: FFWEBCODECS_HALF=1 and 2 take
    one half of them each, so that every case runs in one mode, and every such test in both. Of
    ``divided(file=True)`` the cases are all tests of the file: they differ in what is asked of the
    same few calls.
sweep
    It looks at a part of very many cases, chosen by a seed (`part`).

`tools/test.sh` does that, and the short matrix divides between two FFmpegs. `make sweep` runs all
cases of the last two in both modes. Run by hand, or by `make matrix`, only a sweep leaves anything
out. FFWEBCODECS_SEED=n chooses other parts and halves.
"""

from __future__ import annotations

import math
import os
import random
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

HALF = os.environ.get("FFWEBCODECS_HALF", "")
FULL = os.environ.get("FFWEBCODECS_SWEEP") == "full"
SEED = int(os.environ.get("FFWEBCODECS_SEED", "1"))
# Plain Python, and what is true of the sources whoever loads FFmpeg.
ONCE = tuple(Path(__file__).resolve().parents[1] / name for name in ("spec", "house"))

T = TypeVar("T")


def part(cases: Iterable[T], share: float, salt: object = "") -> list[T]:
    """Return a share of the cases in their order, at least one; all of them in a full sweep."""
    whole = list(cases)
    if FULL:
        return whole
    dice = random.Random(f"{SEED} {HALF} {salt}")
    chosen = dice.sample(range(len(whole)), math.ceil(len(whole) * share))
    return [whole[index] for index in sorted(chosen)]


def count(whole: int, share: float) -> int:
    """Return how many of so many rounds are due."""
    return whole if FULL else math.ceil(whole * share)


def is_of_house(path: Path) -> bool:
    """Tell whether a file looks at the sources; wheels are built beside API mode, for balance."""
    return path.is_relative_to(ONCE[1]) and path.name != "test_packaging.py"


def is_once(path: Path) -> bool:
    """Tell whether all tests of a file are `once`, because of its folder."""
    return any(path.is_relative_to(folder) for folder in ONCE)


def other_half(items: Iterable[Any]) -> set[Any]:
    """Return the collected cases that the run with the other half takes."""
    left: set[Any] = set()
    groups: dict[str, list[Any]] = defaultdict(list)
    for item in items:
        mark = item.get_closest_marker("divided")
        if HALF and mark:
            name = item.nodeid.partition("::" if mark.kwargs.get("file") else "[")[0]
            groups[name].append(item)
    for name, group in groups.items():
        if len(group) > 1:
            random.Random(f"{SEED} {name}").shuffle(group)
            left.update(group[1::2] if HALF == "1" else group[0::2])
    return left


def description() -> str:
    """Say what is left out, for the header of a run and for what fails in a sweep."""
    cases = f"half {HALF} of the divided cases" if HALF else "all cases"
    return f"{cases}, sweeps in {'full' if FULL else 'part'}, FFWEBCODECS_SEED={SEED}"
