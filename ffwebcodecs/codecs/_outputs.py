"""A loop over the output of a codec, which feeds it meanwhile: ``for`` and ``async for``.

A step gives what is there; else it waits for the worker, which puts output into an outlet. Input
goes in while there is room: in the step itself with ``for``; on a thread, or in a task if the input
is asynchronous, with ``async for``. So the loop's pace is that of all.

Whoever leaves the loop before its end resets the codec: then nothing of it is on its way.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .._runtime.closing import Closable
from .._runtime.feeding import Feeder, feed_in_task, feed_on_thread, feed_once
from .._runtime.outlet import DEPTH, Outlet
from .._runtime.parking import Spot, TaskSpot, ThreadSpot, turn
from .._spec.numbers import show
from .._spec.texts import attribute, is_path
from ..errors import InvalidArgumentError, InvalidStateError

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._codec import Codec

T = TypeVar("T")

_LOOK = 1.0  # seconds after which a waiting thread looks again


class Outputs(Generic[T]):
    """The loop, begun by its first step. Every step may be cancelled, which ends it.

    Parameters
    ----------
    codec : Codec
    source : iterable or asynchronous iterable
        What the codec is given.
    """

    __slots__ = (
        "__weakref__",
        "_codec",
        "_feeder",
        "_intake",
        "_is_busy",
        "_is_over",
        "_keyword",
        "_source",
    )

    def __init__(self, codec: Codec, source: Any) -> None:
        self._is_over = True  # also for what is refused here
        self._intake: CodecIntake | None = None
        self._feeder: Feeder | None = None
        self._keyword: str | None = None
        self._codec = codec
        codec._engine.require_free(codec._action)
        plain = isinstance(source, Iterable) and not _is_one_thing(source)
        if not plain and not isinstance(source, AsyncIterable):
            raise InvalidArgumentError(
                f"expected an iterable of {codec._queued}, or an asynchronous one, "
                f"got {show(source)}"
            )
        self._source: Any = source
        self._is_busy = False
        self._is_over = False

    # ---- for -------------------------------------------------------------------------------------

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        self._enter()
        try:
            if self._is_over:
                raise StopIteration
            return self._step()
        except BaseException:
            self.close()
            raise
        finally:
            self._is_busy = False

    def _step(self) -> T:
        intake = self._begin("for")
        out: list[Any] = []
        if self._codec._engine.is_worker_here():
            raise InvalidStateError(
                "a callback cannot wait for output: it runs on the thread that makes it"
            )
        outlet = intake.outlet
        while not self._take(intake, out):
            if self._source is not None and intake.has_room():
                if not feed_once(self._steps(), intake):
                    self._source = None
                continue
            spot = ThreadSpot()
            if outlet.read_at(spot) and (self._source is None or intake.wait_at(spot)):
                intake.look()
                spot.wait(_LOOK)
            outlet.leave()
        if not out:
            raise StopIteration
        return cast("T", out.pop())

    def _steps(self) -> Iterator[Any]:
        if not isinstance(self._source, Iterator):
            if not isinstance(self._source, Iterable):
                raise InvalidArgumentError(
                    f"{show(self._source)} is asynchronous: go over the output with 'async for'"
                )
            self._source = iter(self._source)
        return cast("Iterator[Any]", self._source)

    # ---- async for -------------------------------------------------------------------------------

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        self._enter()
        try:
            if self._is_over:
                raise StopAsyncIteration
            return await self._step_async()
        except (GeneratorExit, KeyboardInterrupt, SystemExit):
            self.close()
            raise
        except BaseException:
            await self._end()
            raise
        finally:
            self._is_busy = False

    async def _step_async(self) -> T:
        intake = self._begin("async for")
        out: list[Any] = []
        if self._feeder is None:
            self._feed(intake)
        outlet = intake.outlet
        has_waited = False  # each step lets other tasks run, also with output that is there
        while not (has_waited and self._take(intake, out)):
            has_waited = True
            if outlet.boxes or outlet.end:
                await turn()
                continue
            spot = TaskSpot()
            try:
                if outlet.read_at(spot):
                    intake.look()
                    await spot.wait()
            finally:
                outlet.leave()
        if not out:
            raise StopAsyncIteration
        return cast("T", out.pop())

    def _feed(self, intake: CodecIntake) -> None:
        TaskSpot()  # raises where no task runs
        source, self._source = self._source, None
        if isinstance(source, AsyncIterable):
            self._feeder = feed_in_task(source, intake)
        else:
            self._feeder = feed_on_thread(source, intake)

    # ---- both ------------------------------------------------------------------------------------

    def _enter(self) -> None:
        if self._is_busy:
            raise InvalidStateError("another step of this loop is waiting for output")
        self._is_busy = True

    def _begin(self, keyword: str) -> CodecIntake:
        if self._intake is None:
            codec = self._codec
            limit = codec._engine.max_queue
            self._keyword = keyword
            # Ours before output goes there: whatever comes between, `close` finds it.
            self._intake = CodecIntake(codec, Outlet(DEPTH if limit is None else min(DEPTH, limit)))
            self._intake.begin(codec._action)
        if keyword != self._keyword:
            raise InvalidStateError(f"this loop was begun with '{self._keyword}'")
        return self._intake

    def _take(self, intake: CodecIntake, out: list[Any]) -> bool:
        """Put the next output into `out`, if one is there; return whether it is, or none comes."""
        outlet = intake.outlet
        ended = bool(outlet.end)  # before the look at what waits: all of that is before the end
        if outlet.boxes:
            try:
                made = self._codec._wrap(outlet.boxes[0].pop())
                out.append(made if len(made) > 1 else made[0])
                del made
                outlet.boxes.popleft()
            except IndexError:  # a reset by another thread has emptied it
                intake.discard(out)
                return False
            intake.look()
            outlet.taken(intake.queued())
            return True
        if not ended:
            return False
        error = outlet.end[0] or intake.failure
        try:
            if error is not None:
                raise error
        finally:
            error = intake.failure = None  # its traceback holds this frame
        intake.detach()
        self._is_over = True
        return True

    def close(self) -> None:
        """End the loop; twice is fine. Before its end, that resets the codec."""
        self._source = None
        if self._is_over:
            return
        intake = self._intake
        if intake is not None:
            intake.leave()
        if self._feeder is not None:
            self._feeder.stop()
        self._is_over = True  # at the end: what an interrupt leaves, the next one does

    async def aclose(self) -> None:
        """End the loop as `close` does, and wait until nothing reads the source any more; for a
        source that does not come back, a moment only.
        """
        await self._end()

    async def _end(self) -> None:
        self.close()
        feeder = self._feeder
        if feeder is not None and not feeder.state.is_done:
            await feeder.settled()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._end()

    def __del__(self) -> None:
        try:
            self.close()
        except AttributeError:
            pass  # `__init__` did not get that far

    def __repr__(self) -> str:
        state = "over" if self._is_over else "not begun" if self._intake is None else "running"
        return f"<output of {self._codec!r}, {state}>"


class CodecIntake:
    """How a loop's input reaches the codec, which this does not hold."""

    __slots__ = ("__weakref__", "_codec", "_engine", "epoch", "failure", "is_finished", "outlet")

    def __init__(self, codec: Codec, outlet: Outlet) -> None:
        self._codec = weakref.ref(codec)
        self._engine = codec._engine
        self.outlet = outlet
        self.epoch = self._engine.epoch
        self.failure: BaseException | None = None  # the source's
        self.is_finished = False

    def begin(self, action: str) -> None:
        """Let output go to the outlet."""
        self.epoch = self._engine.lead_to(self.outlet, action)

    def queued(self) -> int:
        """Return how many inputs wait."""
        return len(self.epoch.queue)

    def is_over(self) -> bool:
        """See `feeding.Intake`."""
        return bool(self.outlet.end or self.epoch.followers)

    def has_room(self) -> bool:
        """See `feeding.Intake`."""
        return self.outlet.has_room(len(self.epoch.queue)) or bool(self.epoch.followers)

    def wait_at(self, spot: Spot) -> bool:
        """See `feeding.Intake`."""
        return self.outlet.write_at(spot, len(self.epoch.queue))

    def give(self, box: list[Any]) -> None:
        """See `feeding.Intake`."""
        codec = self._codec()
        if codec is not None:
            codec._take(box)

    def discard(self, box: list[Any]) -> None:
        """See `feeding.Intake`."""
        while box:
            item = box.pop()
            if isinstance(item, Closable):
                item.close()

    def stop(self) -> None:
        """See `feeding.Intake`."""
        self.outlet.abort(None)

    def finish(self, error: BaseException | None) -> None:
        """See `feeding.Intake`."""
        self.failure = error
        codec = self._codec()
        if codec is not None:
            codec._input_ends()
        self._engine.end_input(self.epoch, self.outlet)
        self.is_finished = True

    def look(self) -> None:
        """See `Engine`."""
        self._engine.look()

    def detach(self) -> None:
        """Let output go to the callbacks again."""
        if self.epoch.outlets[:1] == [self.outlet]:
            self.epoch.outlets.clear()

    def leave(self) -> None:
        """Reset, and let go of all that is there."""
        for epoch in (self.epoch, self._engine.epoch):
            if epoch.outlets[:1] == [self.outlet]:
                self._engine.leave(epoch)
        self.outlet.abort(None)
        self.outlet.dry()


def _is_one_thing(source: object) -> bool:
    """Whether it can be gone over, but nobody means that: a name, bytes, a file."""
    return (
        isinstance(source, (str, bytes, bytearray, memoryview))
        or is_path(source)
        or attribute(source, "read") is not None
    )
