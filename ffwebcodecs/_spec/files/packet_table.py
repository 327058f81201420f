"""The packets of a video stream as columns, and what follows from them: which frames there are,
when each is shown, where decoding has to begin for it.

Packets are numbered in decoding order, frames in the order in which they are shown. Everything
here is arithmetic over whole columns, which is why this module, alone on its floor, is made of
numpy: a film has 200,000 packets.

A stream may start anew: two recordings in one transport stream, a clock that is set back. Its
key packets tell, for nothing moves a picture across one that comes before it in both orders: at a
key packet that is shown before the one ahead of it, a new *part* begins. Frames are put in order
within their part, as a decoder does it.
"""

from __future__ import annotations

from functools import cached_property
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

    @cached_property
    def keys(self) -> Int64:
        """The numbers of the key packets, hidden ones too."""
        return np.flatnonzero(self.flags & KEY)

    @cached_property
    def parts(self) -> Int64:
        """The number of the first packet of each part: 0, and the keys at which time goes back."""
        times = self.presentation[self.keys]
        back = self.keys[1:][times[1:] < times[:-1]]
        return np.concatenate((np.zeros(1, np.int64), back))

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
    def _starts(self) -> Int64:
        """For each frame, the number of the key packet to begin with."""
        keys = self.keys
        if not len(keys):
            return np.zeros(len(self.shown), np.int64)
        shown, times = self.shown, self.presentation
        place = np.searchsorted(keys, shown, side="right") - 1
        while True:
            # A picture that is shown before the key packet ahead of it needs the one before.
            late = (place > 0) & (times[keys[place]] > times[shown])
            late[late] = keys[place[late]] > self._part_of(shown[late])
            if not late.any():
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
        return int(self._starts[frame])

    @cached_property
    def starts(self) -> Int64:
        """`start_of` each frame."""
        return self._starts

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _PLAIN}

    def __repr__(self) -> str:
        return f"<PacketTable of {len(self)} packets, {len(self.keys)} of them keys>"


def microseconds(ticks: Int64, time_base: tuple[int, int]) -> Int64:
    """Return times in microseconds, rounded as FFmpeg's ``av_rescale_q`` does: to the nearest, the
    middle away from zero.
    """
    number, size = time_base
    common = np.gcd(number * _MICROSECONDS, size)
    number, size = int(number * _MICROSECONDS // common), int(size // common)
    if size == 1 and number == 1:
        return ticks
    distance = np.abs(ticks)
    whole, rest = np.divmod(distance, size)
    if size * number + size < 2**63:
        part = (rest * number + size // 2) // size
    else:
        part = np.array([(int(each) * number + size // 2) // size for each in rest], np.int64)
    result: Int64 = np.sign(ticks) * (whole * number + part)
    return result
