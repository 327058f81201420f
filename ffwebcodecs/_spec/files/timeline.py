"""Times of a stream on its way into a file: decoding times, durations, and where zero is.

Chunks come in decoding order with a presentation time each. A file wants decoding times too: they
must increase, and none may be later than its picture's presentation. A demuxer or an encoder gives
them; for chunks made by hand they are computed here:

* codecs that show pictures in the order of decoding: both times are the same;
* others: the decoding times are the presentation times in order of size, delayed by the number of
  pictures that the stream is reordered by. That number is taken from the first `WINDOW` chunks. If
  it grows later, decoding times are moved down to what the next `WINDOW` chunks allow.

No picture may be presented before zero, for players do not show it then. If one would be,
everything is moved up by the same amount. Pictures that are hidden anyway (before the beginning
of an edit list) do not count. Where zero of the file is another time of the chunks' clock, all is
moved by that first.

The memory is bounded: `WINDOW` chunks at most wait here.
"""

from __future__ import annotations

import heapq
from itertools import pairwise

from ...errors import InvalidArgumentError

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterator

# H.264 and HEVC reorder by 16 pictures at most.
WINDOW = 32
_DEFAULT_STEP = 40000
_HINT = (
    "a VideoEncoder takes timestamps that repeat or go back, a file does not: give every frame a "
    "later one than the frame before"
)
_LONGEST_STEP = 10_000_000


class Entry:
    """One chunk: `item` is the caller's; times in microseconds."""

    __slots__ = ("dts", "duration", "hidden", "item", "pts")

    def __init__(
        self, item: object, pts: int, dts: int | None, duration: int | None, hidden: bool = False
    ) -> None:
        self.item = item
        self.pts = pts
        self.dts = dts
        self.duration = duration
        self.hidden = hidden


class Timeline:
    """Takes entries in decoding order, gives them back with all their times.

    Parameters
    ----------
    reorders : bool
        Whether the codec can show pictures in another order than that of decoding.
    from_zero : bool
        Decoding begins at 0, always: for files that only count frames.
    zero : int
        Microseconds of the chunks that are 0 of the file.
    """

    def __init__(self, reorders: bool, *, from_zero: bool = False, zero: int = 0) -> None:
        self._reorders = reorders
        self._zero = zero
        self._from_zero = from_zero
        self._waiting: list[Entry] = []
        self._last_pushed: Entry | None = None
        self._last_dts: int | None = None
        self._upcoming: list[int] | None = None  # a heap, only where decoding times are computed
        self.started = False
        self.offset = 0
        """Microseconds that are added to everything; fixed once `started`."""
        self.step = _DEFAULT_STEP
        """Microseconds from picture to picture, as far as the first chunks tell."""

    def push(self, entry: Entry) -> Iterator[Entry]:
        """Take an entry; return those that are ready, times complete.

        Raises
        ------
        InvalidArgumentError
            The entry cannot come here; it was not taken.
        """
        self._check(entry)
        self._waiting.append(entry)
        self._last_pushed = entry
        if self._upcoming is not None:
            heapq.heappush(self._upcoming, entry.pts)
        if not self.started and len(self._waiting) >= WINDOW:
            self._start()
        return self._ready(WINDOW if self._upcoming is not None else 1)

    def begin(self) -> None:
        """Settle the offset by what has come: what follows lies behind all of it."""
        if not self.started and self._waiting:
            self._start()

    @property
    def last(self) -> Entry | None:
        """The one entry that waits for the next one, None if it is not the only one that waits."""
        alone = self.started and self._upcoming is None and len(self._waiting) == 1
        return self._waiting[0] if alone else None

    @property
    def alone(self) -> Entry | None:
        """The one entry that waits, where all have decoding times, and those before it are done."""
        waits = self.started and self._upcoming is None and self._last_dts is not None
        if not waits or len(self._waiting) != 1 or self._waiting[0].dts is None:
            return None
        return self._waiting[0]

    @property
    def last_dts(self) -> int | None:
        """When the last one was decoded that was given back."""
        return self._last_dts

    @property
    def reorders(self) -> bool:
        """Whether entries may be shown in another order."""
        return self._reorders

    def follow(self, entry: Entry, last_dts: int) -> None:
        """Let an entry wait in place of `alone`, after others that have gone past; the last one of
        these was decoded at `last_dts`.
        """
        self._waiting = [entry]
        self._last_pushed = entry
        self._last_dts = last_dts

    def begin_empty(self) -> None:
        """Settle the offset: no entry will come."""
        self.offset = -self._zero
        self.started = True

    def finish(self) -> Iterator[Entry]:
        """Return all that is left; the times are complete even if there was little to see."""
        self.begin()
        return self._ready(0)

    def _check(self, entry: Entry) -> None:
        last = self._last_pushed
        if last is None:
            return
        if entry.dts is not None and last.dts is not None:
            if entry.dts <= last.dts:
                direct = entry.dts == entry.pts and last.dts == last.pts
                raise InvalidArgumentError(
                    f"the chunk at {entry.pts} us has the decoding time {entry.dts} us, which is "
                    f"not after its predecessor's, {last.dts} us" + f" ({_HINT})" * direct
                )
        elif not self._reorders and entry.pts <= last.pts:
            raise InvalidArgumentError(
                f"the chunk at {entry.pts} us comes after one at {last.pts} us: timestamps of this "
                f"codec must increase ({_HINT})"
            )
        if self._upcoming is not None:
            allowed = self._last_dts
            if allowed is not None and entry.pts <= allowed + len(self._waiting):
                raise InvalidArgumentError(
                    f"the chunk at {entry.pts} us comes too late: pictures after {allowed} us are "
                    f"being written, and chunks can be reordered by {WINDOW} at most"
                )
            if any(other.pts == entry.pts for other in self._waiting):
                raise InvalidArgumentError(f"two chunks have the timestamp {entry.pts} us")

    def intervals(self) -> list[int]:
        """Return the gaps between the waiting pictures, in presentation order.

        The last pictures do not count where others may still come between them.
        """
        shown = sorted(entry.pts for entry in self._waiting)
        shown = shown[: max(len(shown) - self._delay(shown), 2)]
        return [b - a for a, b in pairwise(shown)]

    def longest_wait(self) -> int:
        """Return the longest time that a file has to write as a difference: from decoding to
        presentation, from picture to picture, or a duration.
        """
        waits = [entry.pts - entry.dts for entry in self._waiting if entry.dts is not None]
        lasting = [entry.duration for entry in self._waiting if entry.duration is not None]
        return max([*waits, *lasting, *self.intervals(), 0])

    def _delay(self, shown: list[int]) -> int:
        """Return by how many pictures the waiting ones are reordered."""
        if not self._reorders:
            return 0
        rank = {pts: i for i, pts in enumerate(shown)}
        return max(i - rank[entry.pts] for i, entry in enumerate(self._waiting))

    def first_duration(self) -> int | None:
        """Return the duration of the first waiting chunk."""
        return self._waiting[0].duration if self._waiting else None

    def _start(self) -> None:
        waiting = self._waiting
        gaps = sorted(gap for gap in self.intervals() if gap > 0)
        step = (gaps[len(gaps) // 2] if gaps else waiting[0].duration) or _DEFAULT_STEP
        self.step = min(step, _LONGEST_STEP)
        if not self._reorders or any(entry.dts is not None for entry in waiting):
            self._complete()
        else:
            self._compute()
        shown = [entry.pts for entry in waiting if not entry.hidden]
        self.offset = max(-self._zero, -min(shown)) if shown else -self._zero
        if self._from_zero:
            second = waiting[1].dts if len(waiting) > 1 else None
            if waiting[0].dts is not None and second is not None:
                # FFmpeg's guess of a first decoding time may lie before all.
                waiting[0].dts = max(waiting[0].dts, min(waiting[0].pts, second - self.step))
            self.offset = -(waiting[0].dts if waiting[0].dts is not None else self._first_dts())
        self.started = True

    def _complete(self) -> None:
        """Fill in the decoding times that a demuxer did not know, which are the first ones."""
        known = next((i for i, entry in enumerate(self._waiting) if entry.dts is not None), None)
        if known is None or not self._reorders:
            for entry in self._waiting:
                if entry.dts is None:
                    entry.dts = entry.pts
            return
        following = self._waiting[known].dts or 0
        for entry in reversed(self._waiting[:known]):
            following = entry.dts = min(following - self.step, entry.pts)

    def _first_dts(self) -> int:
        return self._upcoming[0] if self._upcoming else self._waiting[0].pts

    def _compute(self) -> None:
        times = sorted(entry.pts for entry in self._waiting)
        for first, second in pairwise(times):
            if first == second:
                raise InvalidArgumentError(f"two chunks have the timestamp {first} us")
        delay = self._delay(times)
        # The pictures that the first ones wait for came before the first one, as it were.
        self._upcoming = [times[0] - (delay - i) * self.step for i in range(delay)] + times

    def _ready(self, keep: int) -> Iterator[Entry]:
        while self.started and len(self._waiting) > keep:
            entry = self._waiting.pop(0)
            if self._upcoming is not None:
                entry.dts = self._computed(entry)
            elif entry.dts is None:
                following = self._last_dts + self.step if self._last_dts is not None else entry.pts
                entry.dts = min(following, entry.pts) if self._reorders else entry.pts
            dts = entry.dts = min(entry.dts, entry.pts)
            if self._last_dts is not None and dts <= self._last_dts:
                raise InvalidArgumentError(
                    f"the chunk at {entry.pts} us would be decoded at {dts} us, which is not after "
                    f"its predecessor at {self._last_dts} us"
                )
            if entry.duration is None:
                entry.duration = self._gap(entry)
            self._last_dts = dts
            yield entry

    def _computed(self, entry: Entry) -> int:
        assert self._upcoming is not None
        dts = heapq.heappop(self._upcoming)
        if dts > entry.pts or self._waiting:
            # What follows must find room too, a microsecond each at least.
            limits = (other.pts - i for i, other in enumerate(self._waiting, 1))
            dts = min(dts, entry.pts, *limits)
        return dts

    def _gap(self, entry: Entry) -> int:
        """Return how long a picture without a duration is shown."""
        later = [other.pts for other in self._waiting if other.pts > entry.pts]
        if not self._reorders and later:
            return later[0] - entry.pts
        return self.step
