"""What a `Video` and those who work for it share: engine, kept frames, and how a frame is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.frames import frame as native
from .._av.frames.hardware import picture_of
from .._av.frames.picture import Picture
from .._spec.files.packet_table import PacketTable, microseconds
from .._spec.frames.layout import compute_layout
from ..errors import EncodingError
from ..frames._shape import FrameShape, ShapeCache
from ..frames._upright import upright
from ..frames.video_frame import VideoFrame
from ._frame_store import FrameStore
from ._random_access import RandomAccess, Run
from ._source_digest import SourceDigest

if TYPE_CHECKING:
    from .._ffi._types import AVFrame

_NEAR = 16  # so many frames on or back is a step, after which another one is likely
_FEW = 8
_MOST_LOST = 1000

Shown = tuple[Picture, FrameShape]


class VideoCore:
    """Gives frames by index, one at a time.

    Attributes
    ----------
    timestamps, durations : int64 array
        Of each frame, in microseconds.
    shown, starts : int64 array
        The packet of each frame, and the key packet at which decoding begins for it.
    origin : int
        When the film begins on the clock of these times.
    digest : SourceDigest
        What was known of the source when it was opened.
    """

    def __init__(
        self, engine: RandomAccess, shapes: ShapeCache, store: FrameStore, name: str
    ) -> None:
        table: PacketTable = engine.table
        self.engine = engine
        self.store = store
        self.name = name
        self.origin = 0
        self.digest = SourceDigest()
        self.shown = table.shown
        self.starts = table.starts.copy()  # corrected where keys turn out to be none
        self.timestamps = table.timestamps
        self.durations = table.durations
        self._shapes = shapes
        self.window: tuple[int, int] | None = None  # first and last of the last request in a row
        self._position = -2  # the frame that was asked for last
        self._lost: dict[int, tuple[str, int | None]] = {}
        self._measured: FrameShape | None = None
        self.turns = False  # whether the pixels of frames are turned as these say
        self.threads: int | None = None  # of the decoder, if that was asked for
        self.ahead: Any = None  # what works ahead, to be called off

    def make(self, index: int, shown: Shown, turns: bool = False) -> VideoFrame:
        """Return a new frame of a picture, turned as it says if `turns`; it is the caller's."""
        picture, shape = upright(*shown) if turns else shown
        self.engine.counters.frames_given += 1
        return VideoFrame._from_native(
            picture, shape, int(self.timestamps[index]), int(self.durations[index]), False
        )

    def look_at(self, index: int, ptr: AVFrame) -> Shown:
        """Return what `make` takes of a decoded frame; takes it."""
        native.stamp(ptr, int(self.timestamps[index]))
        shape = self._shapes.shape_of(ptr)
        if shape is not self._measured:
            self._measured = shape
            size = shape.coded_width, shape.coded_height
            if shape.format is None:
                self.store.picture_bytes = 4 * size[0] * size[1]
            else:
                self.store.picture_bytes = compute_layout(shape.format, *size).size
        return picture_of(ptr), shape

    def kept(self, index: int) -> Shown | None:
        """Return a picture that is kept, None if it is not."""
        self.engine.require_open()
        found = self.store.get(index)
        if found is not None:
            self.engine.counters.cache_hits += 1
        return found

    def frame(self, index: int) -> VideoFrame:
        """Return one frame; those decoded around it are kept."""
        found = self.kept(index)
        if found is None:
            self.call_off()
            with self.engine.lock:
                found = self.kept(index) if index in self.store else None
                if found is None:
                    found = self._decode(index)
        self._position = index
        return self.make(index, found, self.turns)

    def call_off(self) -> None:
        """End what works ahead: somebody waits."""
        ahead = self.ahead
        if ahead is not None:
            ahead.cancel()

    def _decode(self, index: int) -> Shown:
        engine = self.engine
        number, key = int(self.shown[index]), int(self.starts[index])
        step = index - self._position
        goes_back = 0 > step >= -_NEAR
        limit = None if 0 < step <= _NEAR else self._last(index, goes_back)
        is_forward = engine.leads_to(key, number, index)
        if engine.goes_on_to(key, number, index):
            run = engine.go_on(key, limit)
        else:
            run = engine.begin(key, limit)
        run.is_forward = False if goes_back else (is_forward or None)
        # Behind a leap only a few: whoever goes on from there in steps gets more with the next.
        around = self.store.room // 2
        around = around if abs(step) <= _NEAR else min(around, _FEW)
        shown = self._pull(run, index, around)
        if shown is None and run.went_ahead:
            run = engine.begin(key, limit)
            shown = self._pull(run, index, around)
        return self.rescue(index, run) if shown is None else shown

    def _last(self, index: int, goes_back: bool) -> int:
        """Return the last packet to decode for a frame, and for those before it if they are next:
        some of them are decoded after it.
        """
        number = int(self.shown[index])
        if goes_back:
            first = max(0, index - _NEAR)
            same = self.starts[first : index + 1] == self.starts[index]
            number = int(self.shown[first : index + 1][same].max())
        return self.engine.last_for(number)

    def _pull(self, run: Run, index: int, around: int = 0) -> Shown | None:
        """Go on until a frame comes out, and keep it and as many around it."""
        box: list[AVFrame] = []
        while (found := self.engine.step(run)) is not None:
            came = found[0]
            box.append(found[1])
            del found
            is_near = abs(came - index) <= around
            shown = self.look_at(came, box.pop())
            if (is_near or came == index) and came not in self.store:
                self.store.put(came, shown[0].ptr, shown[1])
            if came == index:
                return shown
            del shown
        return None

    def rescue(self, index: int, run: Run) -> Shown:
        """Return a picture that did not come out of its own group of pictures, with a decoder that
        begins further back; raises EncodingError if that does not help either.
        """
        engine = self.engine
        with engine.lock:
            if index not in self._lost:
                cause, steps = run.error, 1
                last = engine.last_for(int(self.shown[index]))
                for begin in self._ways_back(index, run):
                    engine.counters.seek_misses += 1
                    run = begin(last)
                    shown = self._pull(run, index)
                    if shown is not None:
                        return shown
                    if run.has_false_key:
                        self._forget_key(run.key, steps)
                        steps += (steps + 1) // 2
                    cause = cause or run.error
                if len(self._lost) >= _MOST_LOST:
                    self._lost.clear()
                self._lost[index] = self._reason(cause), getattr(cause, "code", None)
            text, code = self._lost[index]
            time = int(self.timestamps[index])
            raise EncodingError(
                f"frame {index} at {time} us of {self.name} cannot be given: {text}",
                code=code,
                timestamp=time,
            )

    def _ways_back(self, index: int, run: Run) -> Iterator[Callable[[int], Run]]:
        """Yield what begins a run further back each time, up to the packet that is given to it."""
        begin = self.engine.begin
        if run.has_false_key:
            self._forget_key(run.key)
        tried = run.key
        while self.starts[index] != tried:  # keys that are none are forgotten meanwhile
            tried = int(self.starts[index])
            yield partial(begin, tried)
        for earlier in self.engine.keys_before(tried):
            yield partial(begin, earlier)
        yield self.engine.begin_anew

    def _forget_key(self, key: int, steps: int = 1) -> None:
        """Begin so many key packets earlier for the frames of a group; they are not looked at each,
        for where one is none, often all are none.
        """
        keys = self.engine.table.keys
        place = int(keys.searchsorted(key))
        if place:
            earlier = keys[max(0, place - steps)]
            self.starts[(self.starts <= key) & (self.starts > earlier)] = earlier

    def _reason(self, cause: EncodingError | None) -> str:
        if cause is None:
            return "it gives no picture for this packet, wherever decoding begins"
        code = getattr(cause, "code", None)
        why = str(cause) if code is None else averror.reason(code)
        number = getattr(cause, "timestamp", None)
        table = self.engine.table
        if number is None or not 0 <= number < len(table):
            return why
        time = int(microseconds(table.presentation[number : number + 1], table.time_base)[0])
        return f"the chunk at {time} us cannot be decoded ({why})"

    def close(self, wait: bool = True) -> None:
        """Close it all; twice is fine."""
        self.call_off()
        self.engine.close(wait)
        self.store.close()
