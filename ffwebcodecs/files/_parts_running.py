"""Runs the parts of a conversion on an executor, and gives what comes of them in order.

At most so many parts are on their way at once as there are workers, and two more: one that waits
for the worker that is free next, and one that is done and waits for its turn. So memory stays flat
however long the film is. The first part that fails ends all: what has not begun is cancelled, what
runs in this process ends at its next frame, and what runs elsewhere is left to the executor, which
cannot end it; a pool of our own ends it at once.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from .._runtime.process_pool import LostWorkerError, WorkerProcesses, cores
from .._runtime.telling import heard_by
from .._spec.numbers import show
from ..errors import AbortError, InvalidArgumentError, InvalidStateError, OperationError
from .transcode_result import Progress, TranscodeProgress

_SLICE = 0.2  # seconds: a signal that comes right before a wait begins is heard after that
_RARELY = 0.1  # seconds between two words about how far a part is
_MOST = 4096  # processes of our own
_AHEAD = 2  # parts on their way, besides those for which there are workers

Part = TypeVar("Part")
Result = TypeVar("Result")
# Which process this is, wherever in the world: a fork has the same bytes and another number.
_token = os.urandom(8).hex()
_counter = itertools.count()
_running: WeakValueDictionary[str, PartsRun] = WeakValueDictionary()


def parse_executor(given: object, name: str = "executor") -> Executor | int | None:
    """Return what is to run parts; raise InvalidArgumentError for what cannot."""
    if given is None or isinstance(given, Executor):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        if given < 1:
            raise InvalidArgumentError(f"{name} must be 1 process or more, got {show(given)}")
        if given > _MOST:
            raise InvalidArgumentError(
                f"{name} must be at most {_MOST} processes, got {show(given)}: one for each core "
                "is all that helps"
            )
        return given
    hint = ""
    if hasattr(given, "get_executor"):
        hint = f"; of this {type(given).__name__} it is what get_executor() returns"
    raise InvalidArgumentError(
        f"{name} must be a concurrent.futures.Executor, or how many processes to start, "
        f"got {show(given)}{hint}"
    )


@contextmanager
def opened(executor: Executor | int) -> Iterator[Executor]:
    """Give what runs parts: processes of our own, which end with this, for a number."""
    if isinstance(executor, int):
        with WorkerProcesses(executor) as pool:
            yield pool
    else:
        yield executor


def workers_of(executor: Executor) -> int:
    """Return how many parts an executor runs at once; if it does not say, how many cores there are
    here.
    """
    count: object = getattr(executor, "count", None)
    if not isinstance(executor, WorkerProcesses):
        count = getattr(executor, "_max_workers", None)
        client = getattr(executor, "_client", None)  # of Dask; a cluster may grow and shrink
        if client is not None and hasattr(client, "nthreads"):
            count = sum(client.nthreads().values())
    return count if isinstance(count, int) and count > 0 else cores()


class PartsProgress:
    """How far all parts are together: frames and times that only grow.

    Parameters
    ----------
    hear : callable or None
        Called with a TranscodeProgress.
    duration : int or None
        Microseconds of the whole.
    """

    def __init__(self, hear: Progress | None, duration: int | None) -> None:
        self._hear = hear
        self._duration = duration
        self._frames: dict[int, int] = {}  # of each part
        self._total = 0
        self._latest = 0

    def told(self, number: int, told: tuple[int, int]) -> None:
        """Hear how many frames of part `number` there are, and the time of the newest one."""
        frames, timestamp = told
        more = frames - self._frames.get(number, 0)
        if more <= 0:  # it was lost, and is made once more
            return
        self._frames[number] = frames
        self._total += more
        self._latest = max(self._latest, timestamp)
        if self._hear is not None:
            self._hear(TranscodeProgress(self._total, self._latest, self._duration))


class GrowingProgress:
    """Passes on what is more than was told before, also if a conversion is begun anew.

    Parameters
    ----------
    hear : callable
        Called with a TranscodeProgress.
    """

    def __init__(self, hear: Progress) -> None:
        self._hear = hear
        self._frames = self._latest = 0

    def __call__(self, progress: TranscodeProgress) -> None:
        if progress.frames <= self._frames:
            return
        self._frames = progress.frames
        self._latest = max(self._latest, progress.timestamp)
        self._hear(replace(progress, timestamp=self._latest))


def run_in_order(
    executor: Executor,
    function: Callable[[Part], Result],
    parts: Iterable[Part],
    *,
    in_flight: int | None = None,
    hear: Callable[[int, Any], object] | None = None,
) -> Generator[Result, None, None]:
    """Yield ``function(part)`` of each part, in order, while later ones run.

    Close it if it is not exhausted: `contextlib.closing`.

    Parameters
    ----------
    executor : Executor
        Borrowed. Other work may run there as well.
    function : callable
        As an attribute of a module, so that workers find it. It may `tell` how far it is.
    parts : iterable
        Taken as they are submitted; errors name them as `str` does.
    in_flight : int, optional
        At most so many are submitted and not yielded; default: what `workers_of` says, and two.
    hear : callable, optional
        Called in this thread with the number of a part and what it tells, some times a second at
        most; only parts in this process and in `WorkerProcesses` can be heard.

    Raises
    ------
    OperationError
        A worker has died, and the executor does not make up for it.
    AbortError
        Somebody else has cancelled a part.
    InvalidStateError
        The executor has been shut down.
    BaseException
        Whatever a part raises.
    """
    run = PartsRun(executor, function, hear)
    try:
        yield from run.results(iter(parts), in_flight or workers_of(executor) + _AHEAD)
    finally:
        run.end()


class PartsRun:
    """The parts of one conversion on their way."""

    def __init__(
        self,
        executor: Executor,
        function: Callable[[Any], Any],
        hear: Callable[[int, Any], object] | None,
    ) -> None:
        self._executor = executor
        self._function = function
        self._hear = hear
        self._key = f"{_token} {os.getpid()} {next(_counter)}"
        # Of each part what it tells, and None when something has become of it. Destructors and
        # handlers of signals may put into it.
        self._events: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self._window: deque[tuple[str, Future[Any]]] = deque()  # with what each part is called
        self._inside: dict[int, int] = {}  # parts that run in this process
        self._ended: list[bool] = []  # anything in it says so
        _running[self._key] = self

    def results(self, parts: Iterator[Any], in_flight: int) -> Iterator[Any]:
        """Yield what comes of the parts, in order."""
        window = self._window
        numbered = enumerate(parts)
        while True:
            for number, part in itertools.islice(numbered, in_flight - len(window)):
                self._submit(number, part)
                del part
            if not window:
                return
            self._hear_all()
            while not window[0][1].done():
                self._wait()
            yield window.popleft()[1].result()

    def _submit(self, number: int, part: Any) -> None:
        call, events = (self._function, self._key, number, part), self._events
        try:
            if isinstance(self._executor, WorkerProcesses):
                hear = partial(_note, events, number)
                future = self._executor.submit_heard(hear, call_part, *call)
            else:
                future = self._executor.submit(call_part, *call)
        except BrokenExecutor as error:
            raise self._lost(str(part), error) from error
        except RuntimeError as error:
            if isinstance(error, InvalidStateError | NotImplementedError):
                raise
            raise InvalidStateError(f"the executor takes no part: {error}") from error
        self._window.append((str(part), future))
        future.add_done_callback(lambda _: events.put((number, None)))

    def _wait(self) -> None:
        """Wait until something comes, and look at all that has."""
        with suppress(Empty):
            self._hear_one(self._events.get(timeout=_SLICE))
        self._hear_all()

    def _hear_all(self) -> None:
        with suppress(Empty):
            while True:
                self._hear_one(self._events.get_nowait())
        self._look()

    def _hear_one(self, event: tuple[int, Any]) -> None:
        number, told = event
        if told is not None and self._hear is not None:
            self._hear(number, told)

    def _look(self) -> None:
        """Raise what the first part raised that has failed."""
        for name, future in self._window:
            if not future.done():
                continue
            if future.cancelled():
                raise AbortError(f"{name} was cancelled by somebody else")
            error = future.exception()
            if error is None:
                continue
            try:
                if isinstance(error, BrokenExecutor | LostWorkerError) or _says_lost(error):
                    raise self._lost(name, error) from error
                if isinstance(error, CancelledError):
                    raise AbortError(f"{name} was given up by the executor") from error
                raise self._own(error)
            finally:
                del error, future  # its traceback holds this frame

    def _own(self, error: BaseException) -> BaseException:
        """Return an error that nobody else keeps: Dask keeps what its parts raised as long as it is
        connected, and with it would go the frames of all functions that it passes here.
        """
        if type(self._executor).__module__.startswith(("concurrent.", "ffwebcodecs.")):
            return error
        try:
            own = copy(error)
        except Exception:  # whatever its class makes of being copied
            return error
        own.__cause__ = error.__cause__
        return own.with_traceback(error.__traceback__)

    def _lost(self, name: str, error: BaseException) -> OperationError:
        if not isinstance(error, BrokenExecutor):
            return OperationError(f"{name} is lost: {error}")
        names = [each for each, _ in self._window] or [name]
        which = names[0]
        if len(names) > 1:
            which += f", or on another up to {names[-1]}"
        return OperationError(
            f"a worker of this {type(self._executor).__name__} has died on {which}, as if it was "
            f"killed or memory ran out ({error}); the executor is of no use any more: make "
            "another one, with fewer workers or shorter parts (part_seconds)"
        )

    def end(self) -> None:
        """Cancel what has not begun, and end what runs in this process."""
        self._ended.append(True)
        for _, future in self._window:
            future.cancel()
        while self._inside:
            with suppress(Empty):
                self._events.get(timeout=_SLICE)
        self._window.clear()

    def call(self, number: int, part: Any) -> Any:
        """Make a call in this process, on a thread of the executor's."""
        self._inside[number] = number
        try:
            hear = _Ear(number, self._events, self._ended)
            hear.check()
            with heard_by(hear):
                return self._function(part)
        finally:
            del part
            self._inside.pop(number, None)
            self._events.put((number, None))

    def __del__(self) -> None:
        try:
            self._ended.append(True)
        except AttributeError:  # `__init__` did not get that far
            pass


def _note(events: SimpleQueue[tuple[int, Any]], number: int, told: object) -> None:
    events.put((number, told))


class _Ear:
    """Hears a part that runs in this process."""

    __slots__ = ("_ended", "_events", "_last", "_number")

    def __init__(
        self, number: int, events: SimpleQueue[tuple[int, Any]], ended: list[bool]
    ) -> None:
        self._number = number
        self._events = events
        self._ended = ended
        self._last = 0.0

    def check(self) -> None:
        """Raise AbortError if nobody waits any more."""
        if self._ended:
            raise AbortError("the conversion that this is a part of has ended")

    def __call__(self, told: object) -> None:
        self.check()
        now = time.monotonic()
        if now - self._last >= _RARELY:
            self._last = now
            self._events.put((self._number, told))


def _says_lost(error: BaseException) -> bool:
    """Whether Dask says that workers died on this part, more often than it tries again."""
    return type(error).__name__ == "KilledWorker"


def call_part(function: Callable[[Any], Any], key: str, number: int, part: Any) -> Any:
    """Make the call for a part, where it is run."""
    run = _running.get(key)
    if key.startswith(f"{_token} {os.getpid()} "):
        if run is None:
            raise AbortError("the conversion that this is a part of has ended")
        return run.call(number, part)
    return function(part)  # elsewhere; whoever can hear it does
