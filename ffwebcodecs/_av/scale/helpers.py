"""Threads that help with one piece of work at a time: what the cores do that are idle.

The caller works too, and waits for nobody who has not begun: parts are taken one by one, whoever
comes first. A helper that comes late finds nothing left, so a machine that is busy costs a message
and no more.

* When `Team.run` returns or raises, no helper touches the work any more, whatever interrupts the
  caller meanwhile: exceptions of signal handlers are kept until the parts that were begun are done.
* Messages, no locks: destructors and signal handlers may start work of their own in the middle.
* A forked child has none of the threads, and makes its own.
"""

from __future__ import annotations

import _thread
import atexit
import os
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from .arena import Arena

if TYPE_CHECKING:
    Slot = dict[str, Any]
    # Called with the number of the worker, that of the part, and the worker's scratch memory.
    Part = Callable[[int, int, Arena], object]

_SLICE = 0.1  # seconds: a signal that comes right before a wait begins is heard after that
_IDLE = 5.0  # seconds after which a helper ends
_LIMIT = 64  # helpers, whatever is asked for

_jobs: SimpleQueue[Slot | None] = SimpleQueue()
_alive: dict[object, bool] = {}  # by helper: whether it is at work
_arenas: deque[Arena] = deque()  # of helpers that are not at work


def idle(most: int) -> int:
    """Return how many of `most` helpers are not at work for another thread."""
    return most - sum(list(_alive.values()))


class Team:
    """The calling thread and its helpers at one piece of work.

    Parameters
    ----------
    work : callable
        Does one part. Two workers never have the same number, nor the same part; the caller is
        worker 0. Part by part, in any order.
    parts, helpers : int
    """

    __slots__ = ("_done", "_left", "_parts", "_process", "_slots", "_work", "answers")

    def __init__(self, work: Part, parts: int, helpers: int) -> None:
        self._work = work
        self._parts = range(parts)
        self._left = dict.fromkeys(self._parts, True)
        self._done: list[int] = []
        self.answers: SimpleQueue[None] = SimpleQueue()
        # "by" is said once: by the helper that begins, or by the caller who will not wait for it.
        self._slots: list[Slot] = [
            {"team": self, "worker": number} for number in range(1, 1 + helpers)
        ]
        self._process = os.getpid()

    def run(self, arena: Arena) -> bool:
        """Do all parts; what a part raises that the caller does is raised, and what a helper could
        not do is left to the caller. Return False in a child that was forked in the middle: parts
        that helpers had begun are not done.
        """
        try:
            try:
                _call(self._slots)
                self.take(0, arena)
            finally:
                self._end()
        finally:
            self._end()  # if something has broken that off
        if self._is_orphaned():
            return False
        for part in self._parts:
            if part not in self._done:
                self._work(0, part, arena)
        return True

    def take(self, worker: int, arena: Arena) -> None:
        """Do parts as long as there are any."""
        left, work, done = self._left, self._work, self._done
        for part in self._parts:
            if left.pop(part, False):  # taken by one alone
                work(worker, part, arena)
                done.append(part)

    def _is_orphaned(self) -> bool:
        return self._process != os.getpid() and any(map(_is_at_work, self._slots))

    def _end(self) -> None:
        """Have no more parts begun, and wait for those that are; twice is fine."""
        self._left.clear()
        for slot in self._slots:
            if slot.setdefault("by", "caller") == "caller":
                slot.pop("team", None)
        kept: BaseException | None = None
        while any(map(_is_at_work, self._slots)) and not self._is_orphaned():
            kept = self._wait() or kept
        if kept is not None:
            try:
                raise kept
            finally:
                del kept  # its traceback holds this frame

    def _wait(self) -> BaseException | None:
        """Wait for an answer, not long; return what the handler of a signal has raised."""
        try:
            self.answers.get(timeout=_SLICE)
        except Empty:
            pass
        except BaseException as error:
            return error
        return None


def _is_at_work(slot: Slot) -> bool:
    return slot.get("by") == "helper" and "done" not in slot


def _call(slots: list[Slot]) -> None:
    """Ask for a helper for each of the slots; there may be none."""
    has_some = len(_alive) > 0
    for _ in range(min(len(slots), _LIMIT) - len(_alive)):
        try:
            _thread.start_new_thread(_work, (_jobs, _alive, object()))
        except RuntimeError:  # the interpreter is ending, or has no threads, or there are too many
            break
        has_some = True
    if has_some:
        for slot in slots:
            _jobs.put(slot)


def _work(jobs: SimpleQueue[Slot | None], alive: dict[object, bool], me: object) -> None:
    alive[me] = False
    try:
        while (slot := jobs.get(timeout=_IDLE)) is not None:
            team: Team | None = slot.get("team")
            if team is None or slot.setdefault("by", "helper") != "helper":
                team = slot = None
                continue
            alive[me] = True
            answers = team.answers
            try:
                arena = _arenas.pop() if _arenas else Arena()
                team.take(slot["worker"], arena)
                arena.trim()
                _arenas.append(arena)
            except Exception:
                pass  # the caller tries what is not done, and hears why it cannot be
            finally:
                alive[me] = False
                slot.pop("team", None)
                team = None  # it is the caller's alone by the time of the answer
                slot["done"] = True
                answers.put(None)
                del answers, slot
    except Empty:
        pass
    finally:
        alive.pop(me, None)


def _in_child() -> None:
    global _jobs, _alive
    _jobs, _alive = SimpleQueue(), {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


@atexit.register
def _end_all() -> None:
    """Let the helpers end: they are idle, or finish what the caller waits for."""
    for _ in list(_alive):
        _jobs.put(None)
