"""How often an animation is played, and how long its last picture is shown: what FFmpeg's muxers
want to be told besides packets.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ..._spec.files.loop_count import MOST, LoopCount
from ..._spec.files.webp_numbers import loop_place
from ...errors import InvalidArgumentError
from ..codecs import packet

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket

_DELAY = "final_delay"
_OPTION = {"gif": "loop", "apng": "plays", "webp": "loop", "avif": "loop"}


class WrittenAnimation:
    """What the muxer of an animation is told besides its packets.

    Attributes
    ----------
    chosen : set of str
        The options that somebody has set.
    """

    __slots__ = ("_lasting", "_loop", "_name", "_time", "chosen")

    def __init__(self, container: str) -> None:
        self._name = container
        self._loop: LoopCount | None = None
        self.chosen: set[str] = set()
        self._time: int | None = None  # of the last packet, in ticks of the file
        self._lasting = 0

    @classmethod
    def of(cls, container: str) -> WrittenAnimation | None:
        """Return one for a container, None for those of films."""
        return cls(container) if container in _OPTION else None

    def set_loop_count(self, loop: LoopCount) -> tuple[str, str] | None:
        """Set how often it is played, before the header; return the option and its value, None if
        somebody has set it.
        """
        option = _OPTION[self._name]
        if option in self.chosen:
            return None
        self._loop = loop
        return option, str(loop.in_gif() if self._name == "gif" else loop.in_others())

    def packet(self, source: AVPacket) -> AVPacket:
        """Return a packet, or where it is a whole WebP animation one that is played as often as was
        set before: FFmpeg 4.3 does not write that.
        """
        if self._loop is None or self._name != "webp":
            return source
        data = packet.view(source)
        place = loop_place(data)
        if place is None:
            return source
        count = self._loop.in_others().to_bytes(2, "little")
        return packet.replace_data(source, bytes(data[:place]) + count + bytes(data[place + 2 :]))

    def note(self, time: int, duration: int) -> None:
        """Note time and duration of a packet, in ticks of the file; 0: unknown.

        Raises
        ------
        InvalidArgumentError
            FFmpeg would write a shorter delay.
        """
        gap = 0 if self._time is None else time - self._time
        if self._name == "gif" and max(gap, duration) > MOST:
            raise InvalidArgumentError(
                f"a picture is shown for {max(gap, duration) / 100:g} s, and GIF has delays of "
                "655.35 s at most; use .webp or .apng"
            )
        self._time, self._lasting = time, duration

    def last_delay(self, time_base: tuple[int, int]) -> tuple[str, str] | None:
        """Return the option that says how long the last picture is shown, and its value; None where
        that is not known, not wanted, or set.
        """
        ticks, name = self._lasting, self._name
        if ticks <= 0 or name not in ("gif", "apng") or _DELAY in self.chosen:
            return None
        seconds = Fraction(ticks * time_base[0], time_base[1])
        if name == "gif":
            return _DELAY, str(min(MOST, max(1, round(seconds * 100))))
        seconds = min(seconds, Fraction(MOST))
        finest = MOST if seconds < 1 else max(1, int(MOST / seconds))
        delay = seconds.limit_denominator(finest)
        return _DELAY, f"{delay.numerator}/{delay.denominator}"
