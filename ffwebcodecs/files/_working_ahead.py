"""Decoding ahead of need, on a thread of its own, one picture at a time.

Whoever needs a frame that is not there calls it off and is served next: a step is one picture long.
The thread holds the core, not the Video, and looks before each step whether it was called off.
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from typing import TYPE_CHECKING

import numpy as np

from .._av import forked
from ._random_access import Run
from ._video_core import VideoCore

if TYPE_CHECKING:
    import numpy.typing as npt

_GRACE = 0.3  # seconds that the end of the interpreter waits for a picture

_working: weakref.WeakSet[WorkAhead] = weakref.WeakSet()


def prefetch(core: VideoCore, around: int, before: int, after: int) -> None:
    """Do what `Video.prefetch` says."""
    core.call_off()
    times = core.timestamps
    store = core.store
    near = np.flatnonzero((times >= around - before) & (times <= around + after))
    # The frame that is shown at a time is stamped before it.
    shown = np.flatnonzero((times <= around) & (times + core.durations > around))
    indices = np.union1d(near, shown)
    if not len(indices) or not store.room:
        return
    nearest = np.argsort(abs(times[indices] - around), kind="stable")
    ahead = WorkAhead(core, indices[nearest[: store.room]], store.most)
    core.ahead = ahead
    ahead.begin()


class WorkAhead:
    """Decodes frames into the store; made and begun by `begin`."""

    __slots__ = ("__weakref__", "_core", "_indices", "_is_off", "_room", "thread")

    def __init__(self, core: VideoCore, indices: npt.NDArray[np.int64], room: int) -> None:
        self._core: VideoCore | None = core
        self._indices = indices
        self._room = room
        self._is_off = False
        self.thread = threading.Thread(target=self._work, name="ffwebcodecs-ahead", daemon=True)
        _working.add(self)
        forked.watch(self)

    def _after_fork(self) -> None:
        self._is_off = True

    def begin(self) -> None:
        """Start the thread."""
        self.thread.start()

    def cancel(self) -> None:
        """Let it end after the picture that it is at, from any thread; what is there stays."""
        self._is_off = True

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended."""
        if self.thread.ident is not None and self.thread is not threading.current_thread():
            self.thread.join(seconds)

    def _work(self) -> None:
        core = self._core
        assert core is not None
        try:
            for start, group in _groups(core, self._indices):
                if self._is_off or not self._decode(core, start, group):
                    return
        except Exception:
            # It is a hint: whoever asks for the frame hears what is wrong with it.
            pass
        finally:
            self._core = None

    def _decode(self, core: VideoCore, key: int, group: list[int]) -> bool:
        """Decode the wanted frames of a group; return whether to go on."""
        engine, store = core.engine, core.store
        wanted = {index for index in group if index not in store}
        run: Run | None = None
        while wanted:
            with engine.lock:
                if self._is_off or (run is not None and engine.run is not run):
                    return False
                if run is None:
                    last = max(int(core.shown[one]) for one in wanted)
                    run = engine.begin(key, engine.last_for(last))
                found = engine.step(run)
                if found is None:
                    return True
                index, ptr = found
                if index in wanted:
                    wanted.discard(index)
                    picture, shape = core.look_at(index, ptr)
                    store.put(index, picture.ptr, shape)
                    self._room -= store.picture_bytes
                    del picture, shape
                del found, ptr
                if self._room < store.picture_bytes:
                    return False
        return True


def _groups(core: VideoCore, indices: npt.NDArray[np.int64]) -> list[tuple[int, list[int]]]:
    """Return the groups of some frames, in the order in which the first of each stands there."""
    groups: dict[int, list[int]] = {}
    for index in indices.tolist():
        groups.setdefault(int(core.starts[index]), []).append(index)
    return list(groups.items())


@atexit.register
def _end_all() -> None:
    """Leave FFmpeg before the libraries that it uses are taken apart."""
    working = list(_working)
    for each in working:
        each.cancel()
    until = time.monotonic() + _GRACE
    for each in working:
        each.wait(max(0.0, until - time.monotonic()))
