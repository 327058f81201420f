"""What a `Video` and those who work for it share: engine, kept frames, and how a frame is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.frames import frame as native
from .._av.frames.hardware import picture_of
from .._av.frames.picture import Picture
from .._spec.files.packet_table import PacketTable, microseconds
from ..errors import EncodingError
from ..frames._shape import FrameShape, ShapeCache
from ..frames.video_frame import VideoFrame
from ._frame_store import FrameStore
from ._random_access import RandomAccess, Run

if TYPE_CHECKING:
    from .._ffi._types import AVFrame

_NEAR = 16  # so many frames on or back is a step, after which another one is likely
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
    """

    def __init__(
        self, engine: RandomAccess, shapes: ShapeCache, store: FrameStore, name: str
    ) -> None:
        table: PacketTable = engine.table
        self.engine = engine
        self.store = store
        self.name = name
        self.shown = table.shown
        self.starts = table.starts
        self.timestamps = table.timestamps
        self.durations = table.durations
        self._shapes = shapes
        self._position = -2  # the frame that was asked for last
        self._lost: dict[int, tuple[str, int | None]] = {}
        self._is_measured = False
        self.ahead: Any = None  # what works ahead, to be called off

    def make(self, index: int, shown: Shown) -> VideoFrame:
        """Return a new frame of a picture; it is the caller's."""
        picture, shape = shown
        self.engine.counters.frames_given += 1
        return VideoFrame._from_native(
            picture, shape, int(self.timestamps[index]), int(self.durations[index]), False
        )

    def look_at(self, index: int, ptr: AVFrame) -> Shown:
        """Return what `make` takes of a decoded frame; takes it."""
        native.stamp(ptr, int(self.timestamps[index]))
        if not self._is_measured:
            self._is_measured = True
            self.store.picture_bytes = max(1, native.byte_size(ptr))
        return picture_of(ptr), self._shapes.shape_of(ptr)

    def kept(self, index: int) -> Shown | None:
        """Return a picture that is kept, None if it is not."""
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
        return self.make(index, found)

    def call_off(self) -> None:
        """End what works ahead: somebody waits."""
        ahead = self.ahead
        if ahead is not None:
            ahead.cancel()

    def _decode(self, index: int) -> Shown:
        engine = self.engine
        number, key = int(self.shown[index]), int(self.starts[index])
        step = index - self._position
        limit = None if 0 < step <= _NEAR else self._last(index, 0 > step >= -_NEAR)
        if engine.goes_on_to(key, number, index):
            run = engine.go_on(limit)
        else:
            run = engine.begin(key, limit)
        shown = self._pull(run, index)
        return self.rescue(index, run.error) if shown is None else shown

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

    def _pull(self, run: Run, index: int) -> Shown | None:
        """Go on until a frame comes out, and keep it and those around it."""
        around = self.store.room // 2
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

    def rescue(self, index: int, cause: EncodingError | None) -> Shown:
        """Return a picture that did not come out of its own group of pictures, with a decoder that
        begins further back; raises EncodingError if that does not help either.
        """
        engine = self.engine
        with engine.lock:
            if index not in self._lost:
                number, key = int(self.shown[index]), int(self.starts[index])
                for earlier in engine.keys_before(key):
                    engine.counters.seek_misses += 1
                    run = engine.begin(earlier, engine.last_for(number))
                    shown = self._pull(run, index)
                    if shown is not None:
                        return shown
                    cause = cause or run.error
                if len(self._lost) < _MOST_LOST:
                    self._lost[index] = self._reason(cause), getattr(cause, "code", None)
            text, code = self._lost[index]
            time = int(self.timestamps[index])
            raise EncodingError(
                f"frame {index} at {time} us of {self.name} does not come out of the decoder: "
                f"{text}",
                code=code,
                timestamp=time,
            )

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
