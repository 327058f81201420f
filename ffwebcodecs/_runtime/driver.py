"""The two sides of an engine: the native codec below it, the public codec above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .pool import FramePool


class Driver(Protocol):
    """What an engine runs: a native codec. All but `wrap` and `stalled` run under the
    engine's core lock.
    """

    @property
    def is_open(self) -> bool:
        """Whether there is a native codec."""

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

    def wrap(self, raw: Any, pool: FramePool, output: Callable[..., object]) -> tuple[Any, ...]:
        """Return the arguments of the output callback `output` for a raw output."""

    def stalled(self, pool: FramePool, queued: int) -> Exception:
        """Return the error that says that the pool has run dry, for pending flushes."""


class Owner(Protocol):
    """The public codec as the engine sees it."""

    on_dequeue: Callable[[], object] | None

    def _output(self, *arguments: Any) -> object: ...
    def _error(self, error: BaseException) -> object: ...
