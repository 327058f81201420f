"""Frames in any order, each group of pictures decoded once where memory allows.

What is asked for next is known some way ahead: the *window*. Of the frames in it that lie in one
group, all are decoded when the first of them is needed, and those whose turn is later wait. So no
more wait than the window has. Frames that come out in the order in which they are wanted need not
wait, so the window may be longer where the order rises.

A run goes on with the next group, without draining the decoder, if that follows at once. So does
the next request, if it begins ahead of where this one has ended. One that begins inside the last
one, as overlapping windows do, keeps what the next one will have in common with it. Where order
falls and groups are short (intra-only codecs), some of them are decoded as one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

from ..frames.video_frame import VideoFrame
from ._random_access import Run
from ._video_core import Shown, VideoCore

LOOK_AHEAD = 64
"""How many items of an iterable are taken before their turn."""

_CHAIN = 48  # pictures that are decoded in one go where order falls
_MOST = 4096
_LEAST = 8  # pictures may wait always, fewer than a decoder holds


class FrameRequests(Iterator[VideoFrame]):
    """Gives the frames of some indices, in their order; not for several threads at a time.

    Parameters
    ----------
    core : VideoCore
    indices : iterable of int
        Of frames that there are.
    owner : object
        Held meanwhile: the Video.
    is_sized : bool
        Whether the indices may all be taken at once, for nobody makes them one by one.
    turns : bool, optional
        Whether pixels are turned as frames say; default: as the Video was opened.
    """

    def __init__(
        self,
        core: VideoCore,
        indices: Iterable[int],
        owner: object,
        is_sized: bool,
        turns: bool | None = None,
    ) -> None:
        self._turns = core.turns if turns is None else turns
        self._core = core
        self._owner = owner
        self._source = iter(indices)
        self._is_sized = is_sized
        self._ahead: deque[int] = deque()
        self._counts: dict[int, int] = {}  # how often each of them is there
        self._waiting: dict[int, Shown] = {}
        self._wanted: set[int] = set()  # those that the run is to give
        self._run: Run | None = None
        self._is_new = True
        self._shared: int | None = None  # from this index on, the next request will have it too
        self._has_begun = False
        self._is_forward: bool | None = None  # it came after what lies before it, the next may too
        self._failure: Exception | None = None  # what `indices` raised

    def __iter__(self) -> FrameRequests:
        return self

    def __next__(self) -> VideoFrame:
        ahead, core = self._ahead, self._core
        self._look_ahead()
        if not ahead:
            failure, self._failure = self._failure, None
            self.close()
            if failure is not None:
                raise failure
            raise StopIteration
        index = ahead[0]
        if self._is_new:
            self._is_new = False
            self._compare()
        shown = self._waiting.pop(index, None) or self._get(index)
        ahead.popleft()
        left = self._counts.pop(index, 1) - 1
        if left:
            self._counts[index] = left
            if index in islice(ahead, self._room):
                self._waiting[index] = shown
        if self._shared is not None and index >= self._shared and index not in core.store:
            core.store.put(index, shown[0].ptr, shown[1])
        return core.make(index, shown, self._turns)

    def _compare(self) -> None:
        """Learn from the request before this one what is kept for the next."""
        core, ahead = self._core, list(self._ahead)
        is_rising = len(ahead) <= LOOK_AHEAD and all(a < b for a, b in pairwise(ahead))
        before, core.window = core.window, (ahead[0], ahead[-1]) if is_rising else None
        if before is None or not is_rising or not before[0] < ahead[0] <= before[1] < ahead[-1]:
            return
        following = 2 * ahead[0] - before[0]
        if sum(index >= following for index in ahead) <= core.store.room // 2:
            self._shared = following

    def close(self) -> None:
        """Let go of what waits; twice is fine."""
        self._ahead.clear()
        self._counts.clear()
        self._source = iter(())
        self._waiting.clear()
        self._owner = None
        run = self._run
        if run is not None:
            run.more = None

    @property
    def _room(self) -> int:
        return max(_LEAST, min(self._core.store.room, _MOST))

    def _look_ahead(self) -> None:
        most = max(LOOK_AHEAD, self._room) if self._is_sized else LOOK_AHEAD
        missing = most - len(self._ahead)
        # Now and then rather than each time, which costs less; at once if they come one by one.
        if missing > most // 2 or not self._ahead:
            count = len(self._ahead)
            try:
                self._ahead.extend(islice(self._source, missing))
            except Exception as error:  # its turn is when the frames before it have been given
                self._failure, self._source = error, iter(())
            counts = self._counts
            for index in islice(self._ahead, count, None):
                counts[index] = counts.get(index, 0) + 1

    def _window(self) -> list[int]:
        """Return the indices ahead that may be decoded now."""
        room = self._room
        if not self._is_sized:
            room = min(room, LOOK_AHEAD)
        window: list[int] = []
        for index in islice(self._ahead, max(room, LOOK_AHEAD)):
            if len(window) >= room and index <= window[-1]:
                break
            window.append(index)
        return window

    def _get(self, index: int) -> Shown:
        """Return a picture that is not waiting."""
        core = self._core
        if index not in self._wanted:
            kept = core.kept(index)
            if kept is not None:
                return kept
        core.call_off()
        engine = core.engine
        with engine.lock:
            if engine.run is not self._run:
                self._wanted.clear()
            if index in self._wanted:
                run = self._run
                assert run is not None
            else:
                self._finish()
                run = self._begin(index)
            shown = self._go_on(run, index)
            if shown is None and run.went_ahead:
                self._wanted.clear()
                run = self._begin(index, False)
                shown = self._go_on(run, index)
            if shown is not None:
                return shown
            self._wanted.clear()
            self._run = None
            return core.rescue(index, run)

    def _go_on(self, run: Run, index: int) -> Shown | None:
        """Return the picture when it comes out; those before it wait. None at the end of the run,
        which is that of the last wanted picture at the latest.
        """
        core, wanted = self._core, self._wanted
        while wanted and (found := core.engine.step(run)) is not None:
            came, ptr = found
            del found
            if came in wanted:
                wanted.discard(came)
                shown = core.look_at(came, ptr)
                if came == index:
                    return shown
                self._waiting[came] = shown
            del ptr
        return None

    def _finish(self) -> None:
        """Let all come out that the run was to give."""
        run = self._run
        if run is not None and self._wanted:
            run.more = None
            run.is_forward = False
            self._go_on(run, -1)
            self._wanted.clear()  # the rest does not come, and is missed when its turn is there

    def _begin(self, index: int, may_go_on: bool = True) -> Run:
        """Begin the run that gives a frame, and others of the window in passing; one of its own
        that is drained at its end, if it may not go on with another.
        """
        core = self._core
        engine = core.engine
        key, wanted = self._group(index, self._window())
        last = self._last(wanted)
        places = [(key, int(core.shown[one]), one) for one in wanted]
        if not self._has_begun:
            # All from the first frame on, and not that one alone: the next will follow.
            begins = engine.is_untouched and 1 < len(wanted) == max(wanted) + 1
            follows = all(engine.leads_to(*place) for place in places)
            self._is_forward = begins or follows or self._shared is not None or None
            self._has_begun = True
        if may_go_on and all(engine.goes_on_to(*place) for place in places):
            run = engine.go_on(key, last)
        else:
            run = engine.begin(key, last)
        run.is_forward = self._is_forward if may_go_on else False
        run.more = self._more
        self._wanted = wanted
        self._run = run
        return run

    def _last(self, wanted: set[int]) -> int:
        core = self._core
        last = max(wanted, key=core.shown.__getitem__)
        return core.engine.last_for(int(core.shown[last]))

    def _group(self, index: int, window: list[int]) -> tuple[int, set[int]]:
        """Return the key packet of a frame's group, and the frames of the window that are decoded
        with it.
        """
        core = self._core
        starts = core.starts
        key = int(starts[index])
        groups: dict[int, set[int]] = {}
        for one in window:
            if one not in self._waiting and one not in self._wanted and one not in core.store:
                groups.setdefault(int(starts[one]), set()).add(one)
        wanted = groups.pop(key, set()) | {index}
        end = self._last(wanted)
        for earlier in sorted(groups, reverse=True):
            if earlier > key:
                continue
            if end - earlier > _CHAIN or self._last(groups[earlier]) + 1 < key:
                break
            key = earlier
            wanted |= groups[earlier]
        return key, wanted

    def _more(self) -> bool:
        """Let the run go on with what is wanted next, if that follows."""
        run, core = self._run, self._core
        self._look_ahead()
        window = self._window()
        nobody = (self._waiting, self._wanted, core.store)
        following = next((one for one in window if not any(one in each for each in nobody)), None)
        if run is None or following is None:
            return False
        key, wanted = self._group(following, window)
        engine = core.engine
        if not all(engine.goes_on_to(key, int(core.shown[one]), one) for one in wanted):
            run.is_forward = False  # what comes next is elsewhere
            return False
        self._wanted |= wanted
        run.wasted += max(0, key - run.fed)
        last = self._last(wanted)
        run.last = last if run.last is None else max(run.last, last)
        return True
