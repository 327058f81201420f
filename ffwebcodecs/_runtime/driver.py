"""The two sides of an engine: the native codec below it, the public codec above it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Protocol


class Driver(Protocol):
    """What an engine runs: a native codec, one call at a time, under the engine's core lock.

    While it is not open, `send`, `drain`, `restart` and `close` do nothing, and `receive` gives
    None.
    """

    def open(self, config: Any) -> None:
        """Open the native codec for `config`, closing one that is open."""

    def send(self, item: Any) -> None:
        """Hand over one chunk or frame; the codec is never full when this is called."""

    def receive(self) -> Any:
        """Return the next raw output, or None if there is none."""

    def drain(self) -> None:
        """Say that no input follows; `receive` then gives the rest."""

    def restart(self) -> None:
        """Make the codec usable again after `drain`."""

    def close(self) -> None:
        """Free the native codec; twice is fine."""


class BatchDriver(Driver, Protocol):
    """A driver that can run several inputs in one step; worth it where each takes little time."""

    most: int
    """Inputs at once."""

    def run_batch(self, items: deque[Any], outputs: deque[Any]) -> None:
        """Do what `send` and `receive` would with these inputs, in turn: take from the left what is
        run, append to `outputs` what comes of it.

        It may come back early, and does so when there are as many outputs as there were inputs;
        then `receive` gives the rest. An error belongs to the last input that was taken, and the
        outputs are those of the ones before.
        """


class Owner(Protocol):
    """The public codec as the engine sees it: what becomes of outputs, errors and events."""

    on_dequeue: Callable[[], object] | None
    _action: ClassVar[str]
    """What queues an input, an event of the state table."""
    _queued: ClassVar[str]
    """What the queue holds."""

    @property
    def _output(self) -> Callable[..., object] | None:
        """The callback for outputs, None if they go to outlets only."""

    @property
    def _error(self) -> Callable[[BaseException], object] | None:
        """The callback for the error that closed the codec; None as above."""

    def _wrap(self, raw: Any) -> tuple[Any, ...]:
        """Return the arguments of the output callback for what `Driver.receive` gave, right before
        they are used; without an owner there is nobody to make them for.
        """
