"""Slots come back from processes that are killed or fork; of those that race for one, one wins."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from interpreters import frees_at_once
from shared_children import (
    Child,
    child,
    four_slots,
    linux,
    mapped,
    names,
    pixels,
    plain,
    put,
    seen,
    serve,
)

import ffwebcodecs as w

pytestmark = [linux, frees_at_once]


@pytest.fixture
def shared() -> Iterator[w.SharedFrames]:
    with four_slots() as made:
        yield made


def test_a_killed_holder_returns_its_slots(shared: w.SharedFrames) -> None:
    other = Child()
    for time in range(3):
        other.ask("hold" if time else "view", put(shared, time))
    ticket = put(shared, 9)
    assert shared.free_slots == 0
    other.kill()
    assert shared.free_slots == 3
    assert seen(ticket) == 9


def test_a_put_that_waits_hears_that_a_holder_was_killed() -> None:
    with w.SharedFrames(1, 64, 48, "GRAY8") as shared:
        other = Child()
        other.ask("hold", put(shared))
        before = signal.signal(signal.SIGALRM, lambda *_: other.kill())
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        w.open_shared(put(shared, 5)).close()
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
@pytest.mark.once
def test_of_processes_that_race_for_a_ticket_one_wins() -> None:
    racers = [Child() for _ in range(3)]
    with w.SharedFrames(64, 64, 48, "GRAY8") as shared:
        for turn in range(4):
            times = range(64 * turn, 64 * turn + 64)
            tickets = [put(shared, time) for time in times]
            for racer in racers:
                racer.pipe.send(("timestamps", tickets))
            found = [racer.answer() for racer in racers]
            for time, answers in zip(times, zip(*found, strict=True), strict=True):
                assert sorted(each for each in answers if each is not None) == [time]
        assert shared.free_slots == 64
    for racer in racers:
        racer.end()


@pytest.mark.slow
@pytest.mark.once
def test_a_stale_ticket_never_costs_another_one_its_frame(shared: w.SharedFrames) -> None:
    old = []
    for time in range(4):
        old.append(put(shared, time))
        w.open_shared(old[-1]).close()
    with child() as other:
        other.pipe.send(("timestamps", old * 500))
        for time in range(200):
            assert seen(put(shared, time)) == time
        assert other.answer() == [None] * 2000


def test_a_fork_of_a_holder_holds_as_well(shared: w.SharedFrames) -> None:
    frame = w.open_shared(put(shared, 7))
    with child() as other:
        frame.close()
        assert shared.free_slots == 3
        later = put(shared, 8)
        assert (other.ask("timestamps", [later])) == [8]
    assert shared.free_slots == 4


def test_the_owner_holds_what_its_fork_lets_go(shared: w.SharedFrames) -> None:
    with w.open_shared(put(shared, 7)) as frame:
        pid = os.fork()
        if pid == 0:
            good = pixels(frame)[0] == 7
            frame.close()
            os._exit(0 if good else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert shared.free_slots == 3
        assert set(pixels(frame)) == {7}


def test_a_fork_of_the_owner_puts_nothing_and_closes_nothing(shared: w.SharedFrames) -> None:
    ticket = put(shared, 7)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            shared.put(plain(1))
        except w.InvalidStateError as error:
            status = 0 if "belongs to the process that made it" in str(error) else 2
        shared.close()
        os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert not shared.closed
    with w.open_shared(ticket) as frame:
        assert set(pixels(frame)) == {7}


def own(pipe: Any) -> None:
    """Put two frames, and do what is asked for."""
    shared = w.SharedFrames(2, 64, 48, "GRAY8")
    tickets = [put(shared, time) for time in (1, 2)]
    pipe.send((tickets, shared._table.block.descriptor))
    serve(pipe)


class Owner(Child):
    """A process that has put two frames."""

    def __init__(self) -> None:
        super().__init__(serve=own)
        self.tickets, self.descriptor = self.pipe.recv()

    def kill(self) -> None:
        super().kill()
        self.pipe.close()
        self.process.close()


def test_a_killed_owner_leaves_nothing() -> None:
    before = names()
    owner = Owner()
    frame = w.open_shared(owner.tickets[0])
    owner.kill()
    assert set(pixels(frame)) == {1}  # whoever has it open keeps it
    with pytest.raises(w.InvalidStateError, match=f"or its process, {owner.pid}, has ended"):
        w.open_shared(owner.tickets[1])
    assert mapped()
    frame.close()
    assert not mapped()
    assert names() == before


def owner_again(pid: int) -> Owner:
    """Start an owner whose process has the number `pid`."""
    for _ in range(20):
        try:
            with open("/proc/sys/kernel/ns_last_pid", "w") as file:
                file.write(str(pid - 1))
        except OSError as error:
            pytest.skip(f"this kernel or user may not choose the number of a process: {error}")
        owner = Owner()
        if owner.pid == pid:
            return owner
        owner.kill()
    pytest.skip("other processes take the number again and again")


def test_a_number_of_a_process_that_came_again_is_not_believed(shared: w.SharedFrames) -> None:
    first = Owner()
    first.ask("hold", put(shared))  # it holds a slot of this process as well
    assert shared.free_slots == 3
    first.kill()
    second = owner_again(first.pid)
    assert second.descriptor == first.descriptor
    assert shared.free_slots == 4
    with pytest.raises(w.InvalidStateError, match="is closed, or its process"):
        w.open_shared(first.tickets[0])
    assert list(map(seen, second.tickets)) == [1, 2]
    second.kill()
