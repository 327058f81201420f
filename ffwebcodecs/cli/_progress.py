"""Progress on standard error: only on a terminal, only after a second of work."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

_DELAY = 1.0  # seconds of work before anything is shown
_INTERVAL = 0.2


class Progress:
    """A line that says how far the work is; a context manager, so that it goes away at the end.

    Uses tqdm if that is installed.

    Parameters
    ----------
    total : int or None
        Frames to come, as far as is known.
    quiet : bool
        Show nothing.
    stream, clock, tqdm
        For tests.
    """

    def __init__(
        self,
        total: int | None,
        *,
        quiet: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        tqdm: bool = True,
    ) -> None:
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._active = not quiet and self._stream is not None and self._stream.isatty()
        self._count = 0
        self._start = self._next = clock()
        self._next += _DELAY
        self._drawn = False
        self._use_tqdm = tqdm
        self._bar: Any = None

    def step(self) -> None:
        """Count one frame."""
        self._count += 1
        if self._active:
            now = self._clock()
            if now >= self._next:
                self._next = now + _INTERVAL
                self._draw(now)

    def _draw(self, now: float) -> None:
        if self._use_tqdm and not self._drawn:
            try:
                from tqdm import tqdm
            except ImportError:
                self._use_tqdm = False
            else:
                self._bar = tqdm(
                    total=self._total,
                    unit=" frames",
                    file=self._stream,
                    leave=False,
                    dynamic_ncols=True,
                    smoothing=0,
                )
                self._bar.start_t = time.time() - (now - self._start)
        self._drawn = True
        if self._bar is not None:
            self._bar.update(self._count - self._bar.n)
            return
        self._stream.write(f"\r{self.line(now - self._start)}\x1b[K")
        self._stream.flush()

    def line(self, seconds: float) -> str:
        """Return the text after `seconds` of work."""
        rate = self._count / seconds if seconds > 0 else 0.0
        # An estimated total may be too low: then it is no longer worth showing.
        if self._total is None or self._count > self._total or not rate:
            return f"{self._count} frames, {rate:.1f} frames/s"
        left = round((self._total - self._count) / rate)
        minutes, secs = divmod(left, 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes:02}:{secs:02}"
        share = 100 * self._count // self._total
        return f"{self._count}/{self._total} frames ({share} %), {rate:.1f} frames/s, {clock} left"

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
