"""Reading in a task: an iterator is run on a thread of its own, a few items ahead, or none.

The thread makes the iterator, asks it for the next item while there is room, and closes it: nobody
else touches it, so nothing is closed while it works. Who leaves early ends what the thread waits
for, if that can be ended, and waits a moment for the thread.
"""

from __future__ import annotations

import atexit
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from .._av import forked
from .._public import public
from ..errors import AbortError, InvalidStateError
from .feeding import Feeder, FeederState
from .outlet import Outlet
from .parking import TaskSpot, ThreadSpot, turn

if TYPE_CHECKING:
    from typing_extensions import Self


class _Stamped(Protocol):
    _timestamp: int


T = TypeVar("T", bound=_Stamped)

_LOOK = 1.0  # seconds after which a waiting thread looks again
_GRACE = 0.3  # seconds that the end of the interpreter waits for a step

_readings: weakref.WeakSet[AsyncReading[Any]] = weakref.WeakSet()


@public
class AsyncReading(Generic[T]):
    """What `read_frames_async` and its like give: an asynchronous iterator, for one loop.

    Its first step begins the reading, on a thread of its own. Every step may be cancelled, which
    ends it; ``async with`` and `aclose` end it early.
    """

    __slots__ = (
        "__weakref__",
        "_box",
        "_discard",
        "_end",
        "_feeder",
        "_is_busy",
        "_is_over",
        "_last",
        "_outlet",
        "_thread",
        "_what",
    )

    def __init__(
        self,
        what: str,
        make: Callable[[], Iterator[T]],
        depth: int,
        discard: Callable[[T], object] | None = None,
        end: Callable[[], object] | None = None,
    ) -> None:
        """Make one of `what`, its name for people.

        `make` opens what is read, and returns the iterator. At most `depth` items wait; 0: an item
        is made when somebody waits for it. `discard` is called with an item that nobody took. `end`
        ends what the thread waits for.
        """
        self._is_over = self._is_busy = False
        self._last: int | None = None
        self._feeder: Feeder | None = None
        self._thread: threading.Thread | None = None
        self._what = what
        self._box: list[Any] = [make]
        self._outlet = Outlet(depth)
        self._discard = discard
        self._end = end
        forked.watch(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._is_busy:
            raise InvalidStateError(f"another step of {self._what} is waiting")
        self._is_busy = True
        try:
            item = await self._step()
            self._last = item._timestamp
            return item
        except (GeneratorExit, KeyboardInterrupt, SystemExit):
            self._stop()
            raise
        except BaseException:
            await self.aclose()
            raise
        finally:
            self._is_busy = False

    async def _step(self) -> T:
        outlet, out = self._outlet, cast("list[T]", [])
        if self._is_over:
            raise StopAsyncIteration
        if self._feeder is None:
            self._begin()
        has_waited = False  # each step lets other tasks run, also with output that is there
        while not (has_waited and self._take(out)):
            has_waited = True
            if outlet.boxes or outlet.end:
                await turn()
                continue
            spot = TaskSpot()
            try:
                if outlet.read_at(spot):
                    outlet.wake_writer()
                    await spot.wait()
            finally:
                outlet.leave()
        return out.pop()

    def _begin(self) -> None:
        import contextvars

        TaskSpot()  # raises where no task runs
        state = FeederState()
        thread = threading.Thread(
            target=contextvars.copy_context().run,
            args=(_read, self._box, self._outlet, self._discard, state),
            name="ffwebcodecs-reading",
            daemon=True,
        )
        _readings.add(self)
        self._thread = thread
        self._feeder = Feeder(state, self._end or _nothing)
        thread.start()

    def _take(self, out: list[T]) -> bool:
        outlet = self._outlet
        ended = bool(outlet.end)  # before the look at what waits: all of that is before the end
        if outlet.boxes:
            try:
                out += outlet.boxes.popleft()
            except IndexError:  # another thread has closed this
                return False
            outlet.taken(0)
            return True
        if not ended:
            return False
        self._is_over = True
        error = outlet.end[0]
        try:
            raise error or StopAsyncIteration
        finally:
            del error  # its traceback holds this frame

    def _stop(self) -> None:
        if self._is_over and self._outlet.end:
            return
        self._is_over = True
        outlet = self._outlet
        outlet.end.append(AbortError(f"{self._what} was closed"))
        _throw_away(outlet, self._discard)
        outlet.abort(None)
        feeder = self._feeder
        if feeder is not None and not feeder.state.is_done:
            feeder.stop()

    async def aclose(self) -> None:
        """Close decoder and file; twice is fine. Waits for the step that is at work, a moment if
        that is in an object that cannot be interrupted.
        """
        self._stop()
        feeder = self._feeder
        if feeder is not None and not feeder.state.is_done:
            await feeder.settled()

    @property
    def last_timestamp(self) -> int | None:
        """When what was given last is shown or heard, in microseconds; None before the first."""
        return self._last

    @property
    def closed(self) -> bool:
        """Whether it is over: closed, cancelled, or read to its end."""
        return self._is_over

    @property
    def dropped(self) -> int:
        """How many items an input that is read ``live`` has dropped, because the loop was late."""
        source = self._box[0]
        return source if isinstance(source, int) else getattr(source, "dropped", 0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def _after_fork(self) -> None:
        self._outlet.after_fork(forked.inherited(self._what))
        if self._feeder is not None:
            self._feeder.state.is_done = True

    def __del__(self) -> None:
        try:
            begun = self._feeder is not None and not self._is_over
        except AttributeError:  # `__init__` did not get that far
            return
        try:
            if begun and warnings is not None:
                message = f"unclosed {self!r}: 'async with' or aclose() closes what is left early"
                warnings.warn(message, ResourceWarning, stacklevel=2, source=self)
        finally:
            self._stop()

    def __reduce__(self) -> Any:
        raise TypeError(f"{self!r} cannot be pickled or sent to another process: read it there")

    def __repr__(self) -> str:
        begun = "not begun" if self._feeder is None else "running"
        last = "" if self._last is None else f", last at {self._last} us"
        return f"<{self._what}, {'over' if self._is_over else begun}{last}>"


def _nothing() -> None: ...


def _read(
    made: list[Any],
    outlet: Outlet,
    discard: Callable[[Any], object] | None,
    state: FeederState,
) -> None:
    try:
        made[0] = made[0]()
        steps = iter(made[0])
        while _wait_for_room(outlet):
            box: list[Any] = []
            box += islice(steps, 1)
            if not box:
                break
            outlet.put(box)
            if outlet.end:
                _throw_away(outlet, discard)
        steps = iter(())
        _close(made)
        outlet.finish()
    except BaseException as error:
        steps = iter(())
        trace = error.__traceback__
        outlet.finish(error.with_traceback(trace and trace.tb_next))
        _close(made)
    finally:
        state.done()


def _close(made: list[Any]) -> None:
    source = made[0]
    close = getattr(source, "close", None)
    if close is not None:
        close()
    made[0] = getattr(source, "dropped", 0)


def _wait_for_room(outlet: Outlet) -> bool:
    while not outlet.has_room(0):
        spot = ThreadSpot()
        if outlet.write_at(spot, 0):
            spot.wait(_LOOK)
    return not outlet.end


def _throw_away(outlet: Outlet, discard: Callable[[Any], object] | None) -> None:
    while outlet.boxes:
        try:
            (item,) = outlet.boxes.popleft()
        except IndexError:
            return
        if discard is not None:
            discard(item)


@atexit.register
def _end_all() -> None:
    """Leave FFmpeg before the libraries that it uses are taken apart."""
    readings = list(_readings)
    for reading in readings:
        reading._stop()
    until = time.monotonic() + _GRACE
    for reading in readings:
        if reading._thread is not None:
            reading._thread.join(max(0.0, until - time.monotonic()))
