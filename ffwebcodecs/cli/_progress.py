"""Progress on standard error: only on a terminal, only after a second of work."""

from __future__ import annotations

import os
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

from ._lines import forget_drawing, show_drawing, shown

_DELAY = 1.0  # seconds of work before anything is shown
_INTERVAL = 0.2
_USUAL = (80, 24)


def _draws(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal on which lines can be drawn anew."""
    if os.environ.get("TERM") == "dumb" and stream is sys.stderr:
        return False
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def _size(stream: TextIO) -> tuple[int, int]:
    """Return columns and rows of a terminal."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return _USUAL
    return columns or _USUAL[0], rows or _USUAL[1]


def cut(text: str, columns: int) -> str:
    """Return as much of a text as fits into so many columns."""
    used = 0
    for at, letter in enumerate(text):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > columns:
            return text[:at]
    return text


def line(count: int, total: int | None, seconds: float, unit: str = "frames") -> str:
    """Return what there is to say after `seconds` of work; `unit` is "frames" or "s" of sound."""
    rate = count / seconds if seconds > 0 else 0.0
    speed = f"{rate:.1f} frames/s" if unit == "frames" else f"{rate:.1f}x"
    # An estimated total may be too low: then it is no longer worth showing.
    if total is None or count > total or not rate:
        return f"{count} {unit}, {speed}"
    left = round((total - count) / rate)
    minutes, secs = divmod(left, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes:02}:{secs:02}"
    share = 100 * count // total
    return f"{count}/{total} {unit} ({share} %), {speed}, {clock} left"


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
        self._unit = "frames"
        self._stream: Any = sys.stderr if stream is None else stream
        self._clock = clock
        self._active = not quiet and _draws(self._stream)
        self._count = 0
        self._start = self._next = clock()
        self._next += _DELAY
        self._drawn = False
        self._use_tqdm = tqdm
        self._bar: Any = None

    def step(self) -> None:
        """Count one frame."""
        self.reach(self._count + 1)

    def reach(self, count: int) -> None:
        """Have counted so many frames."""
        self._count = count
        self._show()

    def hear(self, seconds: int, total: int | None) -> None:
        """Count seconds of sound, of which there are `total`, instead of frames."""
        self._count, self._total, self._unit = seconds, total, "s"
        self._show()

    def _show(self) -> None:
        if self._active:
            now = self._clock()
            if now >= self._next:
                self._next = now + _INTERVAL
                try:
                    self._draw(now)
                except (OSError, ValueError):  # the terminal has gone; the work goes on
                    self._active = False

    def _draw(self, now: float) -> None:
        if self._use_tqdm and not self._drawn:
            self._bar = self._tqdm(now)
        if not self._drawn:
            self._drawn = True
            show_drawing(self)
        if self._bar is not None:
            self._bar.update(self._count - self._bar.n)
            return
        text = line(self._count, self._total, now - self._start, self._unit)
        self._stream.write(f"\r{cut(text, _size(self._stream)[0] - 1)}\x1b[K")
        self._stream.flush()

    def _tqdm(self, now: float) -> Any:
        try:
            from tqdm import tqdm
        except ImportError:
            return None
        bar = tqdm(
            total=self._total,
            unit=f" {self._unit}",
            file=self._stream,
            leave=False,
            dynamic_ncols=True,
            smoothing=0,
        )
        bar.start_t = time.time() - (now - self._start)
        return bar

    def hide(self) -> None:
        """Take it away for a line, after which it is drawn again."""
        if not self._active:
            return
        try:
            if self._bar is not None:
                self._bar.clear()
            else:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
        except (OSError, ValueError):
            self._active = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        forget_drawing(self)
        try:
            if self._bar is not None:
                self._bar.close()
            elif self._drawn and self._active:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
        except (OSError, ValueError):
            pass


class Bars:
    """A line for each file that is worked on, and one that counts those that are done; a context
    manager. Any thread may begin, step and end a line.

    Parameters
    ----------
    files : int
        How many there will be.
    quiet : bool
        Show nothing.
    stream, clock
        For tests.
    """

    def __init__(
        self,
        files: int,
        *,
        quiet: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._stream: Any = sys.stderr if stream is None else stream
        self._clock = clock
        self.active = not quiet and _draws(self._stream)
        self._lock = threading.RLock()
        self._rows: list[Row] = []
        self._done = 0
        self._next = clock() + _DELAY
        self._drawn = 0  # lines that are on the terminal

    def begin(self, name: str, total: int | None) -> Row:
        """Return the line of a file, at first without any frame."""
        row = Row(self, name, total, self._clock())
        with self._lock:
            self._rows.append(row)
        return row

    def end(self, row: Row) -> None:
        """Take a line away: its file is done, or has failed."""
        with self._lock:
            self._rows.remove(row)

    def count(self) -> None:
        """Count a file that is done, has failed or was left out."""
        self._done += 1

    def draw(self) -> None:
        """Draw all lines, unless that was done a moment ago."""
        now = self._clock()
        if now < self._next:
            return
        with self._lock:
            self._next = now + _INTERVAL
            columns, rows = _size(self._stream)
            lines = [each.line(now) for each in self._rows][: rows - 2]
            lines.append(f"{self._done} of {self._files} done")
            text = "\n".join(cut(shown(each, self._stream), columns - 1) for each in lines)
            try:
                self._clear()
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):  # the terminal has gone; the work goes on
                self.active = False
            self._drawn = len(lines)

    def hide(self) -> None:
        """Take all lines away, until they are drawn again."""
        with self._lock:
            if not self._drawn or not self.active:
                return
            try:
                self._clear()
                self._stream.flush()
            except (OSError, ValueError):
                self.active = False
            self._next = self._clock()

    def _clear(self) -> None:
        if self._drawn:
            up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
            self._stream.write(f"\r{up}\x1b[J")
            self._drawn = 0

    def __enter__(self) -> Bars:
        if self.active:
            show_drawing(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        forget_drawing(self)
        self.hide()


class Row:
    """One line of `Bars`."""

    def __init__(self, bars: Bars, name: str, total: int | None, start: float) -> None:
        self._bars = bars
        self._name = name
        self._total = total
        self._unit = "frames"
        self._start = start
        self._count = 0

    def step(self) -> None:
        """Count one frame."""
        self.reach(self._count + 1)

    def reach(self, count: int) -> None:
        """Have counted so many frames."""
        self._count = count
        if self._bars.active:
            self._bars.draw()

    def hear(self, seconds: int, total: int | None) -> None:
        """Count seconds of sound, of which there are `total`, instead of frames."""
        self._count, self._total, self._unit = seconds, total, "s"
        if self._bars.active:
            self._bars.draw()

    def line(self, now: float) -> str:
        """Return what is drawn."""
        name = "".join(each if each.isprintable() else "?" for each in self._name)
        return f"{name}: {line(self._count, self._total, now - self._start, self._unit)}"

    def __enter__(self) -> Row:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bars.end(self)
