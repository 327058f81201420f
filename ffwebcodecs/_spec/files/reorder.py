"""When pictures are shown whose container does not say it.

Decoders take pictures in one order and show them in another. Containers that only count packets
(AVI, GXF, raw streams) have decoding times at most, and program streams leave out some of the
presentation times. What is missing follows from the order in which the pictures are shown:

* with a delay of `d` pictures, a decoder shows one picture each time it takes one, but for the
  first `d`; so the picture that is shown when a packet is decoded has that packet's decoding time;
* where the container stores no presentation times at all, its clock begins with the first picture
  that is shown: all of them are moved so that this gets the first decoding time;
* without decoding times each picture follows the end of the one before.

Times are ticks of any clock. None stands for a time that is not there.
"""

from __future__ import annotations

import heapq
from collections import deque
from math import gcd

MOST_DELAY = 16
"""Pictures that H.264 and HEVC reorder by at most."""
EPOCH = 1 << 12
"""Between two counts of pictures: none goes back as far."""


class Stamp:
    """The times of one picture. `time` is when it is shown, None until that is known; `decoded` its
    decoding time on the same clock.
    """

    __slots__ = ("decoded", "dts", "duration", "key", "pts", "time")

    def __init__(self, key: int, pts: int | None, dts: int | None, duration: int = 0) -> None:
        self.key = key
        self.pts = pts
        self.dts = dts
        self.duration = duration
        self.time: int | None = None
        self.decoded = dts


class Keys:
    """Numbers pictures so that sorting (stably) by the number gives the order they are shown in."""

    __slots__ = ("_base", "_last", "_references", "_top")

    def __init__(self) -> None:
        self._references = 0
        self._base = 0
        self._top: int | None = None  # of the numbers since the last one that began anew
        self._last = 0

    def by_type(self, is_b: bool) -> int:
        """Return the next picture's number in MPEG-1, MPEG-2, MPEG-4 and VC-1: a B picture is shown
        before the reference that was decoded last.
        """
        if is_b:
            return 2 * self._references
        self._references += 1
        return 2 * self._references + 1

    def by_count(self, count: int | None, is_key: bool) -> int:
        """Return the next picture's number in H.264, HEVC and VVC, which count pictures in the
        order of output, anew from some key pictures on; None: there is no picture.
        """
        if count is None:
            return self._last
        if self._top is not None and is_key and count <= self._top:
            self._base += self._top + EPOCH - count
            self._top = None
        self._top = count if self._top is None else max(self._top, count)
        self._last = self._base + count
        return self._last


class Reorder:
    """Takes pictures in decoding order and writes into each when it is shown, as soon as that is
    known.

    Parameters
    ----------
    delay : int
        By how many pictures the decoder is behind. It grows if the pictures show that it is more.
    stored : bool
        The container stores presentation times: those that there are stay.
    counts : bool
        Decoding times do not tell when another picture is shown.
    packed : bool
        The container shows a picture with each of its packets from the first one on, as AVI does
        with packed MPEG-4.
    step : int
        Ticks from picture to picture, for pictures without a duration.
    rises : bool
        A stored time that is not later than that of the picture shown before is wrong, unless it is
        much earlier.
    """

    __slots__ = (
        "_clock",
        "_count",
        "_first",
        "_heap",
        "_last",
        "_last_key",
        "_latest",
        "_packed",
        "_shift",
        "_unplaced",
        "counts",
        "delay",
        "origin",
        "rises",
        "shortest",
        "step",
        "stored",
    )

    def __init__(
        self,
        delay: int,
        *,
        stored: bool = False,
        counts: bool = False,
        packed: bool = False,
        step: int = 1,
        rises: bool = False,
    ) -> None:
        self.delay = delay
        self.origin: int | None = None if stored else 0
        """When the first picture is shown where nothing tells; None: the first time that is stored
        tells.
        """
        self.shortest = 0
        """The shortest time from a decoding to the next one, 0 as long as there is none."""
        self.stored = stored
        self.counts = counts
        self._packed = packed
        self.step = max(step, 1)
        self.rises = rises
        self._shift = 0 if stored or packed or not delay else None
        self._first: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._heap: list[tuple[int, int, Stamp]] = []
        self._clock: deque[int | None] = deque()  # decoding times that are not handed out yet
        self._count = 0
        self._last: Stamp | None = None
        self._last_key: int | None = None
        self._latest: int | None = None
        self._unplaced: list[Stamp] = []  # shown, and nothing has told when

    @property
    def waits(self) -> bool:
        """Whether it has not seen enough of the beginning to know the clock."""
        return self._shift is None

    @property
    def shift(self) -> int:
        """Ticks by which all times are earlier than the decoding times that were given."""
        return self._shift or 0

    def restart(self, origin: int) -> None:
        """Forget all pictures: others follow, from a key picture on."""
        self._clear()
        self.origin = None if self.stored else origin

    def push(self, picture: Stamp) -> None:
        """Take the next picture in decoding order."""
        dts = picture.dts
        if dts is not None:
            if self._latest is not None and dts > self._latest:
                gap = dts - self._latest
                self.shortest = min(self.shortest or gap, gap)
            self._latest = dts
        if self._shift is None:
            self._find_shift(dts)
        if self._packed:
            self._clock.append(dts)
        self._count += 1
        heapq.heappush(self._heap, (picture.key, self._count, picture))
        if len(self._heap) > self.delay:
            self._show(heapq.heappop(self._heap)[2], dts)

    def _find_shift(self, dts: int | None) -> None:
        if not self._count:
            self._first = dts
        if self._first is None or dts is None:
            self._shift = 0
        elif self._count == self.delay:
            self._shift = dts - self._first

    def finish(self) -> None:
        """Show what is left: nothing follows."""
        while self._heap:
            self._show(heapq.heappop(self._heap)[2], None)
        if self._unplaced:
            self._place(sum(one.duration or self.step for one in self._unplaced))

    def _show(self, picture: Stamp, decoding: int | None) -> None:
        is_late = self._last_key is not None and picture.key < self._last_key
        if is_late:
            self._wait_longer()
        else:
            self._last_key = picture.key
        if self._packed:
            decoding = self._clock.popleft()
        time: int | None
        if self.stored and picture.pts is not None:
            time = picture.pts
            if self.rises and not is_late and self._falls(time):
                time = self._following(picture)
        elif decoding is None or (self.counts and self.delay):
            time = self._following(picture)
        else:
            time = decoding - (self._shift or 0)
            last = self._last
            if last is not None and last.time is not None and time <= last.time:
                time = self._following(picture)
        picture.time = time
        if time is None:
            self._unplaced.append(picture)
        elif self._unplaced:
            self._place(time)
        if not self.stored and picture.dts is not None:
            # Nothing is shown before it is decoded.
            picture.decoded = picture.dts - (self._shift or self._behind())
            if self.shortest >= self.step > picture.duration > 0:
                picture.duration = self.step  # GXF says that of a field
        self._last = picture

    def _falls(self, time: int) -> bool:
        """Return whether a time is that of the last picture, or little before it."""
        last = None if self._last is None else self._last.time
        return last is not None and last - MOST_DELAY * self.step <= time <= last

    def _place(self, time: int) -> None:
        """Show what has waited for it right before `time`."""
        for picture in reversed(self._unplaced):
            time -= picture.duration or self.step
            picture.time = time
        self._unplaced.clear()

    def _behind(self) -> int:
        """Return how much later packed pictures are shown than decoded."""
        return self.delay * (self.shortest or self.step) if self._packed else 0

    def _wait_longer(self) -> None:
        """Be one picture more behind: this one comes after others that are shown later."""
        if self.delay < MOST_DELAY:
            self.delay += 1
            if not self.stored and not self._packed:
                self._shift = (self._shift or 0) + (self.shortest or self.step)

    def _following(self, picture: Stamp) -> int | None:
        """Return when a picture is shown whose place in the order is all that is known, None if
        that has to be seen.
        """
        last = self._last
        stamped = [one for _, _, one in self._heap if one.pts is not None] if self.stored else []
        upcoming = min(stamped, key=_key_of, default=None)
        if last is None or last.time is None:
            if upcoming is not None and upcoming.pts is not None:
                return upcoming.pts - self._between(picture, upcoming)
            return self._at_first(picture.dts)
        lasting = last.duration or self.step
        if not self.stored:
            lasting = max(lasting, self.shortest)
        time = last.time + lasting
        if upcoming is not None and upcoming.pts is not None and time >= upcoming.pts > last.time:
            time = (last.time + upcoming.pts) // 2
        return time

    def _at_first(self, decoding: int | None) -> int | None:
        """Return when a picture is shown of which the decoding time is known at most, and nothing
        of those before but when the last one of them ended.
        """
        origin = self.origin
        if decoding is None or not self.stored or origin is None:
            return origin if decoding is None else decoding
        is_near = decoding < origin <= decoding + MOST_DELAY * self.step
        return origin if is_near else decoding

    def _between(self, picture: Stamp, other: Stamp) -> int:
        """Return the usual time from a picture to one that is shown after it."""
        keys = [picture.key, other.key, *(key for key, _, _ in self._heap)]
        # Most count fields, so frames by two; not all pictures between them need be here.
        unit = min(2, gcd(*(key - picture.key for key in keys)) or 1)
        count = (other.key - picture.key) // unit
        if count > MOST_DELAY:
            count = 1
        return count * (picture.duration or self.step)


def _key_of(picture: Stamp) -> int:
    return picture.key
