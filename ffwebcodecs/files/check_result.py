"""What `Video.check` found out about a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._public import public


@public
@dataclass(frozen=True)
class Finding:
    """One thing that is known of a file, good or bad.

    Attributes
    ----------
    kind : str
        What it is about, such as ``"undecodable"``; docs/time.md lists all of them. These names
        stay.
    severity : {"error", "note"}
        An error: a frame is missing or damaged, or its time is not to be trusted. A note: worth
        knowing, and nothing is lost.
    message : str
        The same in a sentence.
    start, stop : int or None
        The frames it is about, as a range of indices: ``video[start:stop]``. None if it is about
        the whole file, or about what is no frame.
    start_time, stop_time : int or None
        When these frames are shown, in microseconds; the last one ends at `stop_time`.
    details : dict
        The numbers in `message`, by name; what there is depends on `kind`. JSON can hold it.
    """

    kind: str
    severity: str
    message: str
    start: int | None = None
    stop: int | None = None
    start_time: int | None = None
    stop_time: int | None = None
    details: dict[str, Any] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Return all attributes as a dictionary that ``json.dumps`` takes."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@public
class CheckResult(tuple[Finding, ...]):
    """The findings of `Video.check`, errors first; a tuple of `Finding`.

    It is never empty: how many frames there are is a finding too. `sound` says whether all is well.

    Examples
    --------
    >>> found = video.check()
    >>> found.sound
    False
    >>> [(each.kind, each.start, each.stop) for each in found.errors]
    [('undecodable', 30, 45)]
    """

    __slots__ = ()

    @property
    def sound(self) -> bool:
        """Whether no finding is an error: every frame that the file holds comes out, undamaged, at
        a time of its own.
        """
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are errors."""
        return tuple(each for each in self if each.severity == "error")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The findings that are none."""
        return tuple(each for each in self if each.severity == "note")

    def of(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(each for each in self if each.kind == kind)

    def to_json(self) -> list[dict[str, Any]]:
        """Return a list of dictionaries that ``json.dumps`` takes."""
        return [each.to_json() for each in self]
