"""What the caller of a conversion says besides the encoder: listed once, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .._spec.numbers import to_flag, to_int64
from ..errors import InvalidArgumentError
from ._conversion import Metadata
from ._damage import Damage
from ._losses import Losses, warn
from ._refused_packets import RefusedPackets

_TINY = 10_000  # microseconds: who gives less has probably meant seconds


@dataclass(frozen=True)
class ConversionOptions:
    """The options of `transcode` and `remux` that say the same for both.

    One that a function does not have keeps its default here.
    """

    start: int | None = None
    stop: int | None = None
    exact: bool = False
    keep_start: bool = False
    audio: bool = True
    subtitles: bool = True
    metadata: Metadata = None
    errors: str = "raise"
    strict: bool = False
    require_all: bool = False

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> ConversionOptions:
        """Check what can be checked before anything is opened.

        Parameters
        ----------
        given : mapping
            The options by name, as `locals()` has them; whatever else is in it does not count.

        Raises
        ------
        InvalidArgumentError
            An option is out of range.
        """
        options = {each.name: given[each.name] for each in fields(cls) if each.name in given}
        for name in ("start", "stop"):
            if options.get(name) is not None:
                options[name] = to_int64(options[name], name)
        for name in ("exact", "keep_start", "audio", "subtitles", "strict", "require_all"):
            if name in options:
                options[name] = to_flag(options[name], name)
        parsed = cls(**options)
        start, stop = parsed.start, parsed.stop
        if start is not None and stop is not None and stop <= start:
            raise InvalidArgumentError(f"stop is {stop}, it must be after start, which is {start}")
        parsed.damage()
        return parsed

    @property
    def takes_part(self) -> bool:
        """Whether a part of the input is wanted only."""
        return self.start is not None or self.stop is not None

    def tell_unit(self) -> None:
        """Warn if a conversion of next to nothing, or of all but that, was hardly meant."""
        given = {"start": self.start, "stop": self.stop}
        tiny = [f"{name}={time}" for name, time in given.items() if time and 0 < time < _TINY]
        if tiny:
            warn(
                f"{' and '.join(tiny)} {'is' if len(tiny) == 1 else 'are'} less than a frame: "
                "times are microseconds, a second is 1_000_000"
            )

    def damage(self) -> Damage:
        """Return what is to be done about damage of the input."""
        return Damage(self.errors, self.strict)

    def refused_packets(self, losses: Losses, shown: str) -> RefusedPackets:
        """Return what counts the packets of the input `shown` that cannot be copied."""
        return RefusedPackets(losses, self.strict, shown)

    def losses(self) -> Losses:
        """Return what collects what the output lacks."""
        return Losses(self.require_all)
