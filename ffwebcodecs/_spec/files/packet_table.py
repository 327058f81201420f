"""The packets of a video stream as columns, and what follows from them: which frames there are,
when each is shown, where decoding has to begin for it.

Packets are numbered in decoding order, frames in the order in which they are shown. Everything
here is arithmetic over whole columns, which is why this module, unlike others on its floor, is made
of numpy: a film has 200,000 packets.

A stream may start anew: two recordings in one transport stream, a clock that is set back. At a key
packet that is shown before one ahead of it, and decoded before the packet ahead of it, a new *part*
begins. Frames are put in order within their part, as a decoder does it.
"""

from __future__ import annotations

from functools import cached_property
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]

NOPTS = -(2**63)
KEY = 1
DISCARD = 2
CORRUPT = 4
NO_PICTURE = 8
_PLAIN = ("pts", "dts", "duration", "position", "size", "flags", "time_base", "rate", "problem")
_DEFAULT_STEP = 40000  # microseconds, of a single picture that says nothing
_MICROSECONDS = 1000000
_LATEST = 1 << 60


class PacketTable:
    """The packets of one video stream, a column for each property.

    Parameters
    ----------
    pts, dts, duration, position : int64 array, (packets,)
        In decoding order: presentation time, decoding time (`NOPTS` where there is none) and
        duration in ticks (0: unknown), place in the file in bytes (-1: unknown). Kept, not copied.
    size : int32 array, (packets,)
        Bytes.
    flags : uint8 array, (packets,)
        `KEY`; `DISCARD`: an edit list hides the picture; `CORRUPT`: the file is damaged there;
        `NO_PICTURE`: no frame comes of it.
    time_base : (int, int)
        Seconds in a tick, as a fraction.
    rate : (int, int)
        Frames in a second as the file states them, (0, 1) if it does not.
    problem : str, optional
        Why the packets end before the file does.
    """

    def __init__(
        self,
        pts: Int64,
        dts: Int64,
        duration: Int64,
        position: Int64,
        size: npt.NDArray[np.int32],
        flags: npt.NDArray[np.uint8],
        time_base: tuple[int, int],
        rate: tuple[int, int] = (0, 1),
        problem: str | None = None,
    ) -> None:
        self.pts = pts
        self.dts = dts
        self.duration = duration
        self.position = position
        self.size = size
        self.flags = flags
        self.time_base = time_base
        self.rate = rate
        self.problem = problem

    def __len__(self) -> int:
        return len(self.pts)

    @cached_property
    def presentation(self) -> Int64:
        """When each packet's picture is shown, in ticks: its decoding time where the stream has no
        other, the last known one where it has none at all.
        """
        times = np.where(self.pts == NOPTS, self.dts, self.pts)
        unknown = times == NOPTS
        if unknown.any():
            known = np.where(unknown, -1, np.arange(len(times)))
            last = np.maximum.accumulate(known)
            times = np.where(last < 0, 0, times[last])
        return times

    @property
    def unstamped(self) -> npt.NDArray[np.bool_]:
        """Which packets have no time at all."""
        found: npt.NDArray[np.bool_] = (self.pts == NOPTS) & (self.dts == NOPTS)
        return found

    @cached_property
    def keys(self) -> Int64:
        """The numbers of the key packets, hidden ones too."""
        return np.flatnonzero(self.flags & KEY)

    @cached_property
    def parts(self) -> Int64:
        """The number of the first packet of each part: 0, and the keys at which time goes back."""
        keys, times = self.keys[1:], self.presentation
        latest = np.maximum.accumulate(times)
        is_behind_key = times[keys] < times[self.keys[:-1]]
        now, before = self.dts[keys], self.dts[keys - 1]
        is_unknown = (now == NOPTS) | (before == NOPTS)
        # Where two recordings overlap a little, the key is only before the last pictures.
        goes_back = np.where(
            is_unknown, is_behind_key, (times[keys] < latest[keys - 1]) & (now < before)
        )
        return np.concatenate((np.zeros(1, np.int64), keys[goes_back]))

    @cached_property
    def shown(self) -> Int64:
        """For each frame, the number of its packet."""
        numbers = np.flatnonzero(self.flags & (DISCARD | NO_PICTURE) == 0)
        times = self.presentation[numbers]
        if len(self.parts) == 1:
            return numbers[np.argsort(times, kind="stable")]
        part = np.searchsorted(self.parts, numbers, side="right")
        return numbers[np.lexsort((times, part))]

    @cached_property
    def timestamps(self) -> Int64:
        """When each frame is shown, in microseconds. They only fall where a new part begins."""
        return microseconds(self.presentation[self.shown], self.time_base)

    @cached_property
    def durations(self) -> Int64:
        """How long each frame is shown, in microseconds: until the next one.

        The last one, and the last of each part, is shown for as long as its packet says, or as the
        frames usually are.
        """
        starts = self.timestamps
        gaps = np.empty_like(starts)
        gaps[:-1] = starts[1:] - starts[:-1]
        gaps[-1:] = -1
        last = np.flatnonzero(gaps < 0)
        own = microseconds(self.duration[self.shown[last]], self.time_base)
        gaps[last] = np.where(own > 0, own, self.usual_step)
        return gaps

    @cached_property
    def usual_step(self) -> int:
        """From frame to frame, in microseconds: what most of them take."""
        gaps = np.diff(self.timestamps)
        gaps = gaps[gaps > 0]
        if len(gaps):
            return int(np.median(gaps))
        frames, seconds = self.rate
        if frames > 0 and seconds > 0:
            return _MICROSECONDS * seconds // frames
        return _DEFAULT_STEP

    @cached_property
    def key_frames(self) -> npt.NDArray[np.bool_]:
        """Whether each frame is that of a key packet."""
        result: npt.NDArray[np.bool_] = self.flags[self.shown] & KEY != 0
        return result

    @cached_property
    def starts(self) -> Int64:
        """`start_of` each frame."""
        keys = self.keys
        if not len(keys):
            return np.zeros(len(self.shown), np.int64)
        shown, times = self.shown, self.presentation
        place = np.searchsorted(keys, shown, side="right") - 1
        least = np.searchsorted(keys, self._part_of(shown))
        while True:
            # A picture that is shown before the key packet ahead of it needs the one before.
            late = np.flatnonzero((place > least) & (times[keys[place]] > times[shown]))
            if not len(late):
                return keys[np.maximum(place, 0)]
            place[late] -= 1

    def _part_of(self, numbers: Int64) -> Int64:
        """Return the first packet of the part that each of the packets is in."""
        return self.parts[np.searchsorted(self.parts, numbers, side="right") - 1]

    def start_of(self, frame: int) -> int:
        """Return the number of the key packet at which decoding begins for a frame.

        It is the last one that comes before the frame's packet and is shown no later; the first of
        all if there is none.
        """
        return int(self.starts[frame])

    def time_of(self, number: int) -> int:
        """Return when the picture of a packet is shown, in microseconds."""
        return int(microseconds(self.presentation[number : number + 1], self.time_base)[0])

    def edges(self, count: int) -> list[int]:
        """Return where frames can be divided into at most `count` about equal parts, each of which
        is decoded without the others: the first frame of each, and the number of all.
        """
        frames = len(self.shown)
        if not frames:
            return []
        # What begins a part is a key frame from which on nothing has to begin earlier.
        needed = np.minimum.accumulate(self.starts[::-1])[::-1]
        possible = np.flatnonzero(self.key_frames & (needed >= self.shown))
        possible = possible[possible > 0]
        if not len(possible):
            return [0, frames]
        wanted = (
            np.arange(1, min(count, len(possible) + 1)) * frames / min(count, len(possible) + 1)
        )
        after = np.searchsorted(possible, wanted).clip(0, len(possible) - 1)
        before = (after - 1).clip(0)
        nearer = wanted - possible[before] < possible[after] - wanted
        chosen = np.unique(possible[np.where(nearer, before, after)])
        return [0, *chosen.tolist(), frames]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PacketTable):
            return NotImplemented
        mine, others = self.__getstate__(), other.__getstate__()
        return all(np.array_equal(mine[name], others[name]) for name in _PLAIN)

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _PLAIN}

    def __repr__(self) -> str:
        return f"<PacketTable of {len(self)} packets, {len(self.keys)} of them keys>"


def problem_of(table: PacketTable) -> str | None:
    """Return what cannot be so in columns that somebody else has made, None if nothing is wrong."""
    for name in ("pts", "dts"):
        times = getattr(table, name)
        if not ((times == NOPTS) | (np.abs(times // 2) < _LATEST // 2)).all():
            return f"a {name} is out of range"
    if not ((table.duration >= 0) & (table.duration < _LATEST)).all():
        return "a duration is out of range"
    if not (table.position >= -1).all() or not (table.size >= 0).all():
        return "a size is out of range"
    if (table.flags > KEY | DISCARD | CORRUPT | NO_PICTURE).any():
        return "a flag is unknown"
    return None


def microseconds(ticks: Int64, time_base: tuple[int, int]) -> Int64:
    """Return times in microseconds, rounded as FFmpeg's ``av_rescale_q`` does: to the nearest, the
    middle away from zero. Nothing is further than 36,000 years away.
    """
    number, size = time_base[0] * _MICROSECONDS, time_base[1]
    common = gcd(number, size)
    number, size = number // common, size // common
    if not len(ticks) or size == number == 1:
        return ticks.clip(-_LATEST, _LATEST)
    longest = max(abs(int(ticks.max())), abs(int(ticks.min())))
    if longest // size * number + number >= _LATEST or size * number + size >= _LATEST:
        exact = [_rounded(each, number, size) for each in ticks.tolist()]
        return np.array(exact, np.int64)
    whole, rest = np.divmod(np.abs(ticks), size)
    result: Int64 = np.sign(ticks) * (whole * number + (rest * number + size // 2) // size)
    return result


def _rounded(ticks: int, number: int, size: int) -> int:
    distance = (abs(ticks) * number + size // 2) // size
    return max(-_LATEST, min(-distance if ticks < 0 else distance, _LATEST))
