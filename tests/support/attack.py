"""Attacks: the same mischief many times over, at other moments each time.

The suite makes a few rounds of each, chosen by FFWEBCODECS_SEED; `make attack` makes many
(FFWEBCODECS_ATTACK=long). Tests that attack have the mark `attack`, and tell what came of it with
`report`: `make attack` collects the numbers for docs/robustness.md.
"""

from __future__ import annotations

import json
import os
import random

import suite

import ffwebcodecs

LONG = os.environ.get("FFWEBCODECS_ATTACK") == "long"
REPORT = os.environ.get("FFWEBCODECS_ATTACK_REPORT", "")


def rounds(short: int, long: int) -> int:
    """Return how many rounds are due: `short` in the suite, `long` in `make attack`."""
    return long if LONG else short


def dice(name: str) -> random.Random:
    """Return the source of chance of one attack, the same for the same seed."""
    return random.Random(f"{suite.SEED} {name}")


def report(attack: str, tries: int, failed: int, what: str) -> None:
    """Note that `failed` of `tries` tries of an attack did harm; `what` says which harm is meant.

    The caller asserts that there was none.
    """
    if REPORT:
        mode = ffwebcodecs.ffmpeg_info().mode
        line = {"attack": attack, "mode": mode, "tries": tries, "failed": failed, "what": what}
        with open(REPORT, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
