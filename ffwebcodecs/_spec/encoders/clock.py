"""The encoder's time against the program's: ticks in, microseconds out, exactly.

Encoders want a time base like a frame rate: some take no other, others judge the bit rate by it.
So a frame gets a tick, about its time in frames, and this table remembers what the tick stands for.
Ticks only go up. They follow the timestamps while these go up, which keeps the rate control of
variable rates right; where a timestamp repeats or goes back, the next frame comes one tick later. A
decoding time, which may lie between the ticks, has its place between their timestamps.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction

_FIRST = 1 - 2**63  # the one below means "unknown" to FFmpeg
_MOST = 4096  # no encoder keeps this many frames
_LONGEST_GAP = 2_000_000  # microseconds that an encoder gets to see between two frames


# What they get is what the file says, in milliseconds.
_WRITES_TIMES = ("libwebp_anim",)
_MILLISECONDS = Fraction(1000)


class EncoderClock:
    """Ticks of one encoder.

    Parameters
    ----------
    rate : Fraction
        Ticks per second.
    encoder : str, optional
        FFmpeg's name: some write the times themselves.
    """

    __slots__ = (
        "_durations",
        "_elapsed",
        "_last_dts",
        "_last_duration",
        "_longest",
        "_rate",
        "_step",
        "_tick",
        "_ticks",
        "_timestamps",
    )

    def __init__(self, rate: Fraction, encoder: str = "") -> None:
        self._rate = rate
        self._ticks: list[int] = []
        self._timestamps: list[int] = []
        self._durations: list[int | None] = []
        # Whole numbers of one unit, of which so many are a microsecond and a tick: no fractions for
        # each frame.
        self._step, self._tick = rate.numerator, rate.denominator * 1_000_000
        self._longest = None if encoder in _WRITES_TIMES else _LONGEST_GAP * self._step
        self._elapsed = 0  # the encoder's time since the first frame
        self._last_dts: int | None = None
        self._last_duration = 0, 1  # and how many ticks that is

    def stamp(self, timestamp: int, duration: int | None) -> int:
        """Return the tick of the next frame, later than the one before, whatever its timestamp."""
        tick = 0
        if self._ticks:
            step = (timestamp - self._timestamps[-1]) * self._step
            tick = self._ticks[-1] + 1
            if step > 0:
                longest = self._longest
                self._elapsed += step if longest is None or step < longest else longest
                there = _rounded(self._elapsed, self._tick)
                tick = there if there > tick else tick
            else:
                # What follows is counted from this tick on.
                self._elapsed = max(self._elapsed, tick * self._tick)
        self._ticks.append(tick)
        self._timestamps.append(timestamp)
        self._durations.append(duration)
        if len(self._ticks) > _MOST:
            half = _MOST // 2
            del self._ticks[:half], self._timestamps[:half], self._durations[:half]
        return tick

    def ticks_of(self, duration: int | None) -> int:
        """Return a frame's duration in ticks, at least one."""
        if duration is None:
            return 1
        known, ticks = self._last_duration
        if duration != known:
            ticks = max(1, _rounded(min(duration, _LONGEST_GAP) * self._step, self._tick))
            self._last_duration = duration, ticks
        return ticks

    def times(self, tick: int, decoded: int) -> tuple[int, int | None, int]:
        """Return what `presentation` and `decoding` do of a packet's two ticks."""
        ticks = self._ticks
        at = bisect_right(ticks, tick) - 1
        if at < 0 or ticks[at] != tick or decoded != tick:
            timestamp, duration = self.presentation(tick)
            return timestamp, duration, self.decoding(decoded, timestamp)
        timestamp = dts = self._timestamps[at]
        last = self._last_dts
        if dts < _FIRST:
            dts = _FIRST
        elif last is not None and dts <= last:
            dts = max(min(last + 1, timestamp), _FIRST)
        self._last_dts = dts
        return timestamp, self._durations[at], dts

    def presentation(self, tick: int) -> tuple[int, int | None]:
        """Return timestamp and duration of the frame that got `tick`."""
        at = bisect_right(self._ticks, tick) - 1
        if at >= 0 and self._ticks[at] == tick:
            return self._timestamps[at], self._durations[at]
        return self._between(tick), None

    def decoding(self, tick: int, timestamp: int) -> int:
        """Return a decoding time in microseconds: not after `timestamp`, and after the last one
        unless the timestamps go back.
        """
        if self._ticks and tick < self._ticks[0] - _MOST:
            # x265 gives what it finds in memory for streams shorter than its delay.
            tick = self._ticks[0] - 2
        dts = min(self._between(tick), timestamp)
        if self._last_dts is not None and dts <= self._last_dts:
            dts = min(self._last_dts + 1, timestamp)
        dts = max(dts, _FIRST)
        self._last_dts = dts
        return dts

    def _between(self, tick: int) -> int:
        ticks, timestamps = self._ticks, self._timestamps
        if not ticks:
            return 0
        at = bisect_right(ticks, tick) - 1
        if at < 0:
            return timestamps[0] - _rounded((ticks[0] - tick) * self._tick, self._step)
        if ticks[at] == tick or at + 1 == len(ticks):
            return timestamps[at]
        gap = timestamps[at + 1] - timestamps[at]
        part, whole = (tick - ticks[at]) * gap, ticks[at + 1] - ticks[at]
        # Towards zero, also where timestamps go back.
        return timestamps[at] + (part // whole if part >= 0 else -(-part // whole))


def _rounded(number: int, unit: int) -> int:
    """Return how many units a number is, the even one of two that are equally near."""
    whole, rest = divmod(number, unit)
    rest += rest
    if rest > unit or (rest == unit and whole & 1):
        return whole + 1
    return whole


_MPEG_RATES = (
    *(Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)),
    *(Fraction(50), Fraction(60000, 1001), Fraction(60)),
)
_SVT_LIMIT = Fraction(240)  # SVT-AV1 2 and later refuse more
_FREE = ("libx264", "libx265", "libvpx", "libsvtav1", "libaom", "librav1e")


def allowed_rate(encoder: str, rate: Fraction) -> Fraction:
    """Return the nearest rate that an encoder's stream can express; the times do not depend on
    it.
    """
    if encoder.startswith(("mpeg1", "mpeg2")):
        return min(_MPEG_RATES, key=lambda known: abs(known - rate))
    if encoder in _WRITES_TIMES:
        return _MILLISECONDS
    if encoder == "libsvtav1":
        return min(rate, _SVT_LIMIT)
    if not encoder.startswith(_FREE) and max(rate.numerator, rate.denominator) > 65535:
        return max(Fraction(1), min(Fraction(round(rate)), Fraction(65535)))
    return rate


def frame_rate(framerate: float | None, duration: int | None) -> Fraction:
    """Return the rate that the encoder is told: the configured one, else that of the first frame's
    duration, else 30.
    """
    if framerate is not None:
        return Fraction(framerate).limit_denominator(1001) or Fraction(framerate).limit_denominator(
            1_000_000
        )
    if duration is not None and 1000 <= duration <= 10_000_000:
        return Fraction(1_000_000, duration).limit_denominator(1001) or Fraction(30)
    return Fraction(30)
