"""Interrupts at any moment of a conversion in parts: no worker is left, and nobody waits."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import attack
import part_work
import pytest
from interrupting import Moments

from ffwebcodecs.files import _parts_running
from ffwebcodecs.files._parts_running import opened, run_in_order

pytestmark = [
    pytest.mark.attack,
    pytest.mark.once,
    pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc"),
]
FOLDERS = ("files/_parts_running", "_runtime/process_")


def children() -> set[int]:
    """Return the processes whose parent is this one, those included that nobody has buried."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(path.parent.name))
    return found


def in_processes() -> None:
    with (
        opened(1) as executor,
        closing(
            run_in_order(executor, part_work.count_to, [3, 2, 1], hear=lambda *_: None)
        ) as results,
    ):
        assert list(results) == [3, 2, 1]


def in_threads() -> None:
    with (
        ThreadPoolExecutor(2) as executor,
        closing(
            run_in_order(executor, part_work.count_to, [3, 2, 1], hear=lambda *_: None)
        ) as results,
    ):
        assert list(results) == [3, 2, 1]


@pytest.mark.parametrize("call", [in_processes, in_threads])
def test_nothing_is_left_after_an_interrupt(call: Callable[[], None]) -> None:
    before = children()
    whole = Moments(FOLDERS)
    assert not whole.during(call)
    dice = attack.dice(call.__name__)
    tries = min(whole.count, attack.rounds(4, 400))
    moments = sorted(dice.sample(range(whole.count), tries))
    failed = []
    for at in moments:
        moment = Moments(FOLDERS, at)
        moment.during(call)
        until = time.monotonic() + 5
        while (left := children() - before) and time.monotonic() < until:
            time.sleep(0.001)
        if left or len(_parts_running._running):
            failed.append((at, moment.where, left, list(_parts_running._running)))
    attack.report(call.__name__, tries, len(failed), "a worker or a conversion is left")
    assert not failed
