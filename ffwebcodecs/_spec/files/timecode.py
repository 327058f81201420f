"""SMPTE timecodes (ST 12-1): the label of a film's first frame, moved and counted anew."""

from __future__ import annotations

import re
from fractions import Fraction

_TEXT = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})")
_HOURS = 24


def _counted(rate: Fraction) -> int:
    """Return how many frames a second of the label counts: 30 of 30000/1001."""
    return max(1, round(rate))


def _left_out(nominal: int) -> int:
    """Return how many labels are left out at the beginning of a minute."""
    return nominal // 15


def parse(text: str, rate: Fraction) -> tuple[int, bool] | None:
    """Return the number of frames since 00:00:00:00, and whether labels are left out so that the
    clock keeps up with 30000/1001 frames a second; None if it is no timecode of this rate.

    Parameters
    ----------
    text : str
        ``"01:00:00:00"``; before the frames stands a semicolon, or a dot, if labels are left out.
    rate : Fraction
        Frames per second.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
    nominal = _counted(rate)
    if hours >= _HOURS or minutes >= 60 or seconds >= 60 or frames >= nominal:
        return None
    drops = match[4] != ":" and nominal % 30 == 0
    count = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
    if drops:
        whole = hours * 60 + minutes
        count -= _left_out(nominal) * (whole - whole // 10)
    return count, drops


def text_of(count: int, rate: Fraction, drops: bool) -> str:
    """Return the label of a frame, as FFmpeg writes it; after a day it begins anew."""
    nominal = _counted(rate)
    less = _left_out(nominal) if drops else 0
    minute = nominal * 60 - less
    tenth = minute * 10 + less  # each tenth minute leaves none out
    count %= tenth * 6 * _HOURS
    if drops:
        tens, rest = divmod(count, tenth)
        count += less * 9 * tens
        if rest >= nominal * 60:
            count += less * (1 + (rest - nominal * 60) // minute)
    seconds, frames = divmod(count, nominal)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    digits = 3 if nominal > 100 else 2
    return f"{hours:02}:{minutes:02}:{seconds:02}{';' if drops else ':'}{frames:0{digits}}"


def moved(text: str, rate: Fraction, microseconds: int) -> str | None:
    """Return the label of the frame that comes so much later; None if `text` is no timecode."""
    parsed = parse(text, rate)
    if parsed is None:
        return None
    count, drops = parsed
    return text_of(count + max(0, round(microseconds * rate / 1000000)), rate, drops)


def counted_anew(text: str, rate: Fraction, other: Fraction) -> str | None:
    """Return the label of the same moment where frames come at another rate; None if `text` is no
    timecode.
    """
    parsed = parse(text, rate)
    if parsed is None:
        return None
    before, after = _counted(rate), _counted(other)
    if before == after:
        return text_of(*parsed[:1], rate, parsed[1])
    label = text_of(parsed[0], rate, parsed[1])
    head, frames = label[:8], int(label[9:])
    drops = parsed[1] and after % 30 == 0
    again = parse(f"{head}{';' if drops else ':'}{frames * after // before:02}", other)
    return None if again is None else text_of(again[0], other, drops)
