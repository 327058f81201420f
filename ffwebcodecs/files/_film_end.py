"""How long the last picture of an output is shown: what the container needs to be told of it."""

from __future__ import annotations

from .._av.files.containers import Container
from .._spec.files.timeline import Entry
from ._losses import Losses


class FilmEnd:
    """Stands between the chunks and the file.

    MP4 and its relatives have durations of decoding only: the track ends with the one of the chunk
    that is decoded last, which is often another picture than that which is shown last.
    """

    __slots__ = ("_container", "_duration", "_pts", "_stretches")

    def __init__(self, container: Container, reorders: bool) -> None:
        self._container = container
        self._stretches = reorders and container.is_iso
        self._pts: int | None = None
        self._duration = 0

    def note(self, entry: Entry) -> None:
        """Take a chunk into account that is to be written now."""
        if self._pts is None or entry.pts > self._pts:
            self._pts, self._duration = entry.pts, entry.duration or 0

    @property
    def last(self) -> tuple[int, int] | None:
        """When the last picture so far is shown, and for how long."""
        return None if self._pts is None else (self._pts, self._duration)

    def follow(self, pts: int, duration: int) -> None:
        """Take others into account: the last one of all, and how long it is shown."""
        self._pts, self._duration = pts, duration

    def end(self, entry: Entry, step: int) -> None:
        """Stretch the chunk that is decoded last, noted before, if another one is shown last and
        held; `step` is the usual duration of a picture.
        """
        if self._stretches and self._is_held(step) and entry.pts != self._pts:
            entry.duration = (entry.duration or step) + self._duration - step

    def tell(self, step: int, losses: Losses, shown: str) -> None:
        """Tell it if the container cannot say that the last picture is held."""
        if self._is_held(step) and not self._container.holds_last_duration:
            name = self._container.name
            losses.add(
                "the duration of the last picture",
                f"{name} cannot hold it",
                f"{name} cannot say that the last picture of {shown} is shown for "
                f"{self._duration / 1e6:g} s (.mp4 and .mkv say it)",
            )

    def _is_held(self, step: int) -> bool:
        return self._duration > step * 3 // 2
