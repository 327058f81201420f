"""What becomes of several files, each failing alone: told of each, and counted at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import ffwebcodecs

from ._lines import OutputError, complain, tell
from ._output import CommandError, explain
from ._progress import Bars, Progress, Row

_KINDS = ("done", "failed", "incomplete", "skipped")


class Outcome(NamedTuple):
    """What became of a file, ``"done"``, ``"incomplete"`` or ``"skipped"``, and a line of it."""

    kind: str
    line: str


class Steps(Protocol):
    """What counts frames, or seconds of sound."""

    def step(self) -> None:
        """Count one frame."""

    def reach(self, count: int) -> None:
        """Have counted so many frames."""

    def hear(self, seconds: int, total: int | None) -> None:
        """Count seconds of sound, of which there are `total`."""


class FileTally:
    """Counts what becomes of files and says so; a context manager while they are worked on.

    Parameters
    ----------
    files : int
        How many there are. One alone is not counted.
    quiet : bool
        Say nothing but what fails.
    aside : bool
        Standard output is not for lines.
    """

    def __init__(self, files: int, quiet: bool, *, aside: bool = False) -> None:
        self._files = files
        self._quiet = quiet
        self._aside = aside
        self._counts = dict.fromkeys(_KINDS, 0)
        self._bars = Bars(files, quiet=quiet)

    @property
    def draws(self) -> bool:
        """Whether progress is shown."""
        return self._bars.active

    def progress(
        self, name: str, total: int | None
    ) -> AbstractContextManager[Progress] | AbstractContextManager[Row]:
        """Return what shows how far a file is."""
        if self._files == 1:
            return Progress(total, quiet=self._quiet)
        return self._bars.begin(name, total)

    def take(self, name: str, call: Callable[..., Outcome], *arguments: object) -> None:
        """Work on a file, or fetch what a thread did, and say what became of it."""
        try:
            kind, line = call(*arguments)
        except (ffwebcodecs.FFmpegLoadError, BrokenPipeError, OutputError):
            raise  # the next file would fail as well
        except (ffwebcodecs.WebCodecsError, CommandError, OSError, MemoryError) as error:
            self._count("failed")
            complain(explain(name, error))
            return
        self._count(kind)
        if not self._quiet:
            tell(f"{self._number()}{line}{', skipped' * (kind == 'skipped')}", aside=self._aside)

    def _count(self, kind: str) -> None:
        self._counts[kind] += 1
        self._bars.count()

    def _number(self) -> str:
        return f"[{sum(self._counts.values())}/{self._files}] " if self._files > 1 else ""

    def end(self) -> int:
        """Tell the counts, and return the exit status."""
        if self._files > 1 and not self._quiet:
            counts = self._counts.items()
            said = [f"{count} {kind}" for kind, count in counts if count or kind == "done"]
            tell(", ".join(said), aside=self._aside)
        return 1 if self._counts["failed"] else 0

    def __enter__(self) -> FileTally:
        self._bars.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bars.__exit__(*exc_info)
