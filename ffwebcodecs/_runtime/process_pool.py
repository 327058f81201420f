"""A pool of worker processes that loses no call with a worker, and leaves no worker behind.

`concurrent.futures.ProcessPoolExecutor` starts workers by importing the program once more or as
forks, which are not safe beside threads; it is broken for ever if one worker dies, and cannot end
what runs. Here each worker is a new Python with a thread in the parent that speaks with it. A
worker that dies is replaced, and its call made once more; `shut` ends workers in the midst of a
call.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from queue import SimpleQueue
from typing import Any

from ..errors import InvalidArgumentError, InvalidStateError, OperationError
from . import process_worker

_GRACE = 5.0  # seconds that a worker has for its end, when its work is done
_TRIES = 2

Hear = Callable[[object], object]


class LostWorkerError(OperationError):
    """The worker that made a call has died, and the one that made it again as well."""

    # As the user sees it: what lies beneath is no concern of theirs.
    __module__ = OperationError.__module__


class FarTracebackError(Exception):
    """The traceback of what was raised in another process, as text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class WorkerProcesses(Executor):
    """Runs calls in processes of its own; a context manager that ends them when it is left, at once
    if by an exception.

    Functions and arguments are pickled; what is defined in ``__main__`` is refused, for workers do
    not have it.

    Parameters
    ----------
    count : int
        At most so many processes, which begin when they are needed.
    """

    def __init__(self, count: int) -> None:
        if not sys.executable:
            raise OperationError(
                "this Python does not know its own program (sys.executable), which worker "
                "processes are started with; give a concurrent.futures.Executor instead"
            )
        self.count = count
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._shut: list[bool] = []  # anything in it says so
        self._desks: list[_Desk] = []

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a call made; what it tells goes nowhere."""
        return self.submit_heard(_ignore, function, *args, **kwargs)

    def submit_heard(
        self, hear: Hear, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        """Have a call made; `hear` is called with what it tells, on a thread of the pool."""
        if kwargs:
            raise InvalidArgumentError("arguments are given by their places here")
        if self._shut:
            raise InvalidStateError("the pool of worker processes has been shut down")
        task = _Task(_packed((function, args)), hear)
        future = task.future
        if len(self._desks) < self.count:
            desk = _Desk(self._tasks, self._shut)
            self._desks.append(desk)
            desk.thread.start()
        self._tasks.put(task)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers when they have done their work; with `cancel_futures` what has begun."""
        if cancel_futures:
            self._cancel()
        for _ in self._desks:
            self._tasks.put(None)
        if wait:
            self._join()
        self._shut.append(True)

    def shut(self) -> None:
        """End the workers at once, whatever they do; their calls are cancelled, or fail."""
        self._shut.append(True)
        for desk in self._desks:
            desk.kill()
        self._cancel()
        for _ in self._desks:
            self._tasks.put(None)
        self._join()

    def _cancel(self) -> None:
        while not self._tasks.empty():
            task = self._tasks.get()
            if task is not None:
                task.future.cancel()

    def _join(self) -> None:
        for desk in self._desks:
            # One that an interrupt kept from starting has nothing, and does nothing any more.
            if desk.thread.is_alive() and desk.thread is not threading.current_thread():
                desk.thread.join()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.shut()

    def __del__(self) -> None:
        try:
            self._shut.append(True)
            for desk in self._desks:
                desk.kill()
                self._tasks.put(None)
        except AttributeError:  # `__init__` did not get that far
            pass


class _Task:
    """A call that is to be made."""

    __slots__ = ("blocks", "future", "hear")

    def __init__(self, blocks: list[Any], hear: Hear) -> None:
        self.blocks = blocks
        self.hear = hear
        self.future: Future[Any] = Future()


class _Desk:
    """A thread, and the worker process that it has calls made by."""

    def __init__(self, tasks: SimpleQueue[_Task | None], shut: list[bool]) -> None:
        self._tasks = tasks
        self._shut = shut
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self.thread = threading.Thread(
            target=self._serve, name="ffwebcodecs-worker-process", daemon=True
        )

    def kill(self) -> None:
        """End the process, from any thread, and the waiting for its answer: who was born of it may
        have its end of the socket.
        """
        process, end = self._process, self._end
        if process is not None:
            process.kill()
        if end is not None:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has hung up
                pass

    def _serve(self) -> None:
        # Workers are born with it blocked: Ctrl-C reaches them too, before they can say what of it.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            while True:
                task = self._tasks.get()
                if task is None:
                    return
                if not self._shut and task.future.set_running_or_notify_cancel():
                    self._do(task)
                elif self._shut:
                    task.future.cancel()
                del task
        finally:
            self._leave()

    def _do(self, task: _Task) -> None:
        why = ""
        for _ in range(_TRIES):
            try:
                if self._process is None:
                    self._start()
            except BaseException as error:  # there is no room for another process
                task.future.set_exception(error)
                return
            end = self._end
            assert end is not None
            try:
                process_worker.send(end, task.blocks)
                kind, *outcome = self._listen(end, task)
            except (EOFError, OSError):
                why = self._bury()
                if self._shut:
                    task.future.set_exception(CancelledError())
                    return
                continue
            except BaseException as error:  # what came cannot be unpickled, or heard
                self.kill()
                self._bury()
                task.future.set_exception(error)
                return
            if kind == "done":
                task.future.set_result(*outcome)
            else:
                raised, text = outcome
                raised.__cause__ = FarTracebackError(text)
                task.future.set_exception(raised)
            return
        task.future.set_exception(
            LostWorkerError(f"its worker process {why}, and the next one as well")
        )

    def _listen(self, end: socket.socket, task: _Task) -> Any:
        while True:
            message = process_worker.unpack(process_worker.receive(end))
            if message[0] != "told":
                return message
            task.hear(message[1])

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    process_worker.command(theirs.fileno()),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
            except BaseException:
                ours.close()
                raise
        self._end = ours
        if self._shut:  # it may have been too late for `kill`
            self._process.kill()

    def _bury(self) -> str:
        """Let go of a worker that has hung up; return how it ended."""
        process, self._process = self._process, None
        end, self._end = self._end, None
        assert process is not None
        if end is not None:
            end.close()
        try:
            status = process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if status >= 0:
            return f"ended with exit status {status}"
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"was killed by {name}" + ", as if memory ran out" * (name == "SIGKILL")

    def _leave(self) -> None:
        """Let the worker end."""
        if self._process is not None and self._end is not None:
            try:
                process_worker.send(self._end, ())
                self._process.wait(_GRACE)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
            self._bury()


def _ignore(value: object) -> None:
    pass


class _Pickler(pickle.Pickler):
    """Refuses what workers do not have."""

    def reducer_override(self, thing: Any) -> Any:
        named = isinstance(thing, type) or callable(thing)
        if named and getattr(thing, "__module__", None) == "__main__":
            raise InvalidArgumentError(
                f"{getattr(thing, '__qualname__', thing)} is defined in the program that runs "
                "(__main__), which worker processes do not import: move it to a module of its "
                "own, or give a ProcessPoolExecutor"
            )
        return NotImplemented


def require_sendable(thing: object) -> None:
    """Raise what pickling it raises, and InvalidArgumentError if worker processes would not have
    what it names.
    """
    _Pickler(io.BytesIO(), protocol=5, buffer_callback=_ignore).dump(thing)


def _packed(thing: object) -> list[Any]:
    buffers: list[pickle.PickleBuffer] = []
    head = io.BytesIO()
    _Pickler(head, protocol=5, buffer_callback=buffers.append).dump(thing)
    return [head.getvalue(), *(buffer.raw() for buffer in buffers)]


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
