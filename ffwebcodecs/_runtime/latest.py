"""Run an iterator on a thread of its own, and give the newest of its items."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from .._av import atomic, averror, forked
from ..errors import InvalidStateError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_SLICE = 0.2  # seconds
_GRACE = 0.5  # seconds that a thread which was told to end has for it

_running: weakref.WeakSet[Latest[Any]] = weakref.WeakSet()


class Feed(Protocol[T_co]):
    """What is run."""

    def __iter__(self) -> Iterator[T_co]: ...

    def close(self) -> object:
        """End it, also while it waits for something; from any thread, twice is fine."""


class _Store(Generic[T]):
    """What the thread shares with who takes the items, and holds nothing of that one.

    There is no lock: what waits here may be ended by a destructor or the handler of a signal, in
    the very thread that waits.
    """

    __slots__ = ("discard", "dropped", "ended", "error", "items", "notify", "room", "signals")

    def __init__(
        self, room: int, discard: Callable[[T], object], notify: Callable[[], object] | None
    ) -> None:
        self.items: deque[T] = deque()
        # One that stands for any number of items, so that it does not grow.
        self.signals: SimpleQueue[None] = SimpleQueue()
        self.dropped = 0  # by the thread alone
        self.ended = False
        self.error: BaseException | None = None
        self.room = room
        self.discard = discard
        self.notify = notify

    def add(self, item: T) -> None:
        """Add one; the oldest ones go if there is no room."""
        self.items.append(item)
        del item
        while len(self.items) > self.room and self.drop():
            self.dropped += 1
        self.tell()

    def drop(self) -> bool:
        """Discard the oldest item; return whether there was one."""
        try:
            item = self.items.popleft()
        except IndexError:
            return False
        self.discard(item)
        return True

    def tell(self) -> None:
        """Wake who waits."""
        if self.signals.empty():
            self.signals.put(None)
        if self.notify is not None:
            self.notify()


class Latest(Generic[T]):
    """The items of an iterator that goes on while nobody takes them: at most `room` wait, and the
    oldest are discarded, and counted, for new ones.

    Parameters
    ----------
    source : Feed
        Used, and closed at its end, on the thread.
    room : int
        How many items may wait.
    discard : callable
        Called with each item that nobody takes.
    interrupt : callable
        Ends what the source waits for; it is not asked for more after that. Must not wait.
    notify : callable, optional
        Called on the thread after each item and at the end: `take` has something then.
    """

    __slots__ = (
        *("__weakref__", "_end", "_interrupt", "_source", "_stopped", "_store", "_thread"),
    )

    def __init__(
        self,
        source: Feed[T],
        room: int,
        discard: Callable[[T], object],
        interrupt: Callable[[], object],
        notify: Callable[[], object] | None = None,
    ) -> None:
        self._source = source
        self._interrupt = interrupt
        self._store: _Store[T] = _Store(room, discard, notify)
        self._stopped: list[bool] = []  # anything in it says so
        # Whatever becomes of `__del__`, the thread ends after the item that it is at.
        self._end = atomic.when_gone(partial(self._stopped.append, True))
        self._thread = threading.Thread(
            target=_run,
            args=(source, self._store, self._stopped),
            name="ffwebcodecs-live",
            daemon=True,
        )
        forked.watch(self)
        _running.add(self)
        try:
            self._thread.start()
        except BaseException:  # Ctrl-C: it may be running all the same
            self.close()
            raise

    def _after_fork(self) -> None:
        store = self._store
        store.signals = SimpleQueue()
        store.error = forked.inherited("this input")
        store.ended = True

    @property
    def dropped(self) -> int:
        """How many items were discarded because nobody took them in time."""
        return self._store.dropped

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return bool(self._stopped)

    def __iter__(self) -> Latest[T]:
        return self

    def __next__(self) -> T:
        store = self._store
        waits = False
        while True:
            has_ended = store.ended
            try:
                return store.items.popleft()
            except IndexError:
                pass
            if self._stopped:
                if waits:
                    raise InvalidStateError("it was closed while this waited for it")
                raise StopIteration
            if has_ended:
                self._raise_error()
                raise StopIteration
            waits = True
            try:
                # Now and then: a signal that comes right before the wait begins does not end it.
                store.signals.get(timeout=_SLICE)
            except Empty:
                pass

    def take(self, default: T | None = None) -> T | None:
        """Return the next item without waiting, `default` if there is none yet.

        Raises
        ------
        StopIteration
            There will be no more.
        BaseException
            What the source has raised, once, after the items before it.
        """
        has_ended = self._store.ended
        try:
            return self._store.items.popleft()
        except IndexError:
            pass
        if self._stopped:
            raise StopIteration
        if has_ended:
            self._raise_error()
            raise StopIteration
        return default

    def _raise_error(self) -> None:
        error, self._store.error = self._store.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame

    def close(self) -> None:
        """End the source, and discard what is there; from any thread, twice is fine."""
        self._stopped.append(True)
        try:
            self._source.close()
            thread = self._thread
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(_GRACE)
        finally:
            store = self._store
            while store.drop():
                pass
            store.tell()

    def __del__(self) -> None:
        try:
            self._interrupt()
        except AttributeError:  # `__init__` did not get that far, and this runs all the same
            pass

    def shut(self, until: float) -> None:
        """Tell the thread to end, and wait for that, but not for long."""
        self._stopped.append(True)
        self._interrupt()
        self._thread.join(max(0.0, until - time.monotonic()))


def _run(source: Feed[Any], store: _Store[Any], stopped: list[bool]) -> None:
    try:
        for item in () if stopped else source:
            store.add(item)
            del item
            if stopped:
                break
    except BaseException as error:  # the taker's to raise
        averror.let_go(error)
        trace = error.__traceback__
        store.error = error.with_traceback(trace and trace.tb_next)  # without this function
        del trace
    try:
        source.close()
    except BaseException as error:
        store.error = store.error or error
    store.ended = True
    while stopped and store.drop():
        pass
    store.tell()


@atexit.register
def _end_all() -> None:
    """Leave FFmpeg before the libraries that it uses are taken apart."""
    until = time.monotonic() + _GRACE
    for each in list(_running):
        each.shut(until)
