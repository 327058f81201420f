"""Run an iterator ahead on a thread of its own, a few items and no more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from .._av import atomic, forked

T = TypeVar("T")
_SLICE = 0.2  # seconds


class Prefetch(Generic[T]):
    """An iterator whose items are made on another thread, at most `depth` of them in advance.

    Use it as a context manager: leaving it stops the thread, and waits for it, so what the iterator
    holds is closed by the time the block is left. If an interrupt breaks that off, the thread ends
    when this goes, which it does not hold.

    Parameters
    ----------
    source : iterator
        Used, and closed if it is a generator, on the thread alone.
    depth : int
        How many items may wait.
    discard : callable
        Called with each item that nobody took.
    interrupt : callable, optional
        Ends what the iterator waits for; it is not asked for more after that.
    patience : float, optional
        How many seconds to wait for the thread, which ends by itself after that; default: for ever.
    """

    def __init__(
        self,
        source: Iterator[T],
        depth: int,
        discard: Callable[[T], object],
        interrupt: Callable[[], object] | None = None,
        patience: float | None = None,
    ) -> None:
        self._discard = discard
        self._interrupt = interrupt
        self._patience = patience
        self._items: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        # One entry for each item that may be made: a semaphore has a lock, and what waits here may
        # be stopped by a destructor that runs in the very thread that waits.
        self._slots: SimpleQueue[None] = SimpleQueue()
        for _ in range(depth):
            self._slots.put(None)
        self._stopped: list[bool] = []  # anything in it says so
        self._end = atomic.when_gone(
            partial(self._stopped.append, True), partial(self._slots.put, None)
        )
        self._begun = threading.Lock()  # released when the thread has begun
        self._begun.acquire()
        forked.watch(self)
        self._thread = threading.Thread(
            target=_run,
            args=(source, self._items, self._slots, self._stopped, self._begun),
            name="ffwebcodecs-prefetch",
            daemon=True,
        )

    def _after_fork(self) -> None:
        self._items = SimpleQueue()
        self._items.put(("error", forked.inherited("this conversion")))
        self._slots = SimpleQueue()

    def __iter__(self) -> Iterator[T]:
        while True:
            try:
                # Now and then: a signal that comes right before the wait begins does not end it.
                kind, value = self._items.get(timeout=_SLICE)
            except Empty:
                continue
            if kind == "end":
                return
            if kind == "error":
                try:
                    raise value
                finally:
                    del value  # its traceback holds this frame
            self._slots.put(None)
            yield value
            del value

    def __enter__(self) -> Prefetch[T]:
        try:
            self._thread.start()
        except BaseException:
            # Ctrl-C while the thread starts: it may be running all the same. One that has not begun
            # by then finds that there is nothing to do.
            if self._begun.acquire(timeout=1):
                self._stop()
            self._stopped.append(True)
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()

    def _stop(self) -> None:
        self._stopped.append(True)
        self._slots.put(None)
        if self._interrupt is not None:
            self._interrupt()
        if self._thread is not threading.current_thread():
            self._thread.join(self._patience)
        while not self._items.empty():
            kind, value = self._items.get()
            if kind == "item":
                self._discard(value)


def _run(
    source: Iterator[Any],
    items: SimpleQueue[tuple[str, Any]],
    slots: SimpleQueue[None],
    stopped: list[bool],
    begun: Any,
) -> None:
    begun.release()
    try:
        for item in () if stopped else source:
            items.put(("item", item))
            del item
            slots.get()
            if stopped:
                break
        items.put(("end", None))
    except BaseException as error:
        items.put(("error", error))
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()
