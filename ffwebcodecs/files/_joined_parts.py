"""The chunks of parts, one after the other as if one encoder had made them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._av.codecs import packet
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..codecs.encoded_video_chunk_metadata import EncodedVideoChunkMetadata
from ..errors import NotSupportedError
from ._even_times import EvenTimes
from ._given_times import GivenTimes
from ._part import PartResult

if TYPE_CHECKING:
    from .._spec.codecs.config import VideoDecoderConfig

_MOST_DELAY = 64  # pictures: more than codecs reorder by


class JoinedChunk:
    """A chunk on its way into the file, with what goes along."""

    __slots__ = ("chunk", "metadata")

    def __init__(
        self, chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | None
    ) -> None:
        self.chunk = chunk
        self.metadata = metadata


class JoinedParts:
    """Takes what became of parts, in their order, and gives chunks.

    Decoding times of all parts are those that one encoder would have given: the presentation times
    in order, later by as many pictures as are reordered. The last picture of a part is shown until
    the first one of the next part, and waits for that.

    Parameters
    ----------
    even : bool
        Whether the output shows pictures at an even rate whatever their times are.
    """

    def __init__(self, even: bool) -> None:
        self.first: PartResult | None = None
        self.even: EvenTimes | None = None
        self._counts = even
        self._given = GivenTimes()
        self._latest: int | None = None  # when the last picture is shown
        self._latest_decoded: int | None = None
        self._recent: list[int] = []  # the last presentation times, in order
        self._delay = 0
        self._config: VideoDecoderConfig | None = None
        self._waiting: deque[JoinedChunk] = deque()

    def push(self, result: PartResult, name: str) -> Iterator[JoinedChunk]:
        """Take the next part, as people call it; yield the chunks that can go on.

        Raises
        ------
        DataError
            The times of frames go back.
        NotSupportedError
            Its chunks do not fit those of the parts before.
        """
        if result.frames_written:
            self._check(result, name)
        for timestamp in result.times:
            self._given.take(timestamp)
        if not result.sizes:
            return
        times = self._shown_at(result)
        first = min(times)
        self._look_at(sorted(times), result)
        if self._waiting:
            last = self._waiting[0]
            last.chunk = last.chunk._lasting(first - last.chunk.timestamp)
        yield from self._rest()
        yield from self._chunks(result, times, self._decoded_at(result, times))

    def finish(self) -> Iterator[JoinedChunk]:
        """Yield what is left."""
        self._given.check()
        yield from self._rest()

    def _rest(self) -> Iterator[JoinedChunk]:
        while self._waiting:
            yield self._waiting.popleft()

    def _chunks(
        self, result: PartResult, times: list[int], decoded: list[int]
    ) -> Iterator[JoinedChunk]:
        view, at = memoryview(result.data), 0
        last = times.index(max(times))
        for place, size in enumerate(result.sizes):
            data = bytes(view[at : at + size])
            at += size
            duration = result.durations[place]
            chunk = EncodedVideoChunk._from_native(
                packet.of_bytes(data),
                bool(result.keys[place]),
                times[place],
                None if duration < 0 else duration,
            )
            packet.tag(chunk._ptr, times[place], max(duration, 0), bool(result.keys[place]))
            packet.place_in_time(chunk._ptr, times[place], decoded[place], max(duration, 0))
            config, self._config = self._config, None
            alpha = result.alpha.get(place)
            metadata = None
            if config is not None or alpha is not None:
                metadata = EncodedVideoChunkMetadata(config, None, alpha)
            joined = JoinedChunk(chunk, metadata)
            if place < last:
                yield joined
            else:
                self._waiting.append(joined)

    def _shown_at(self, result: PartResult) -> list[int]:
        """Return when the pictures are shown: one that goes back a little, right after the one
        before.
        """
        times = list(result.timestamps)
        latest = self._latest
        if latest is not None and min(times) <= latest:
            moved = {}
            for time in sorted(times):
                latest = moved[time] = max(time, latest + 1)
            times = [moved[time] for time in times]
        self._latest = max(times)
        return times

    def _decoded_at(self, result: PartResult, times: list[int]) -> list[int]:
        before, shown = self._recent, sorted(times)
        self._recent = (before + shown)[-_MOST_DELAY:]
        if self._latest_decoded is None:
            decoded = list(result.decoding_times)
            self._delay = sum(time < shown[0] for time in decoded)
            if len(decoded) <= result.delay:  # too few to see it
                self._delay = max(self._delay, result.delay)
            self._latest_decoded = decoded[-1]
            return decoded
        delay = self._delay
        limits, limit = times.copy(), max(times) + len(times)
        for place in reversed(range(len(times))):
            # What follows must find room too, a microsecond each at least.
            limits[place] = limit = min(times[place], limit - 1)
        decoded = []
        for place, limit in enumerate(limits):
            at = place - delay
            latest = self._latest_decoded
            wanted = shown[at] if at >= 0 else latest
            if -len(before) <= at < 0:
                wanted = before[at]
            latest = self._latest_decoded = max(latest + 1, min(wanted, limit))
            decoded.append(latest)
        return decoded

    def _look_at(self, shown: list[int], result: PartResult) -> None:
        if self._counts and self.even is None:
            self.even = EvenTimes(result.encoded_rate)
        if self.even is not None:
            for time in shown:
                self.even.take(time)

    def _check(self, result: PartResult, name: str) -> None:
        first = self.first
        if first is None:
            self.first = result._replace(data=b"")
            self._config = result.config
            return
        for what, value in result.setup.items():
            if value != first.setup.get(what):
                raise NotSupportedError(
                    f"{name} cannot be joined to the first one: its {what} is {_plain(value)}, and "
                    f"that of the first one {_plain(first.setup.get(what))} (without an executor, "
                    "all is encoded as the first picture is)"
                )
        if _without_words(result.config) != _without_words(first.config):
            raise NotSupportedError(
                f"{name} cannot be joined to the first one: its configuration is {result.config}, "
                f"and that of the first one {first.config}"
            )
        if result.sets != first.sets:
            raise NotSupportedError(
                f"{name} cannot be joined to the first one: {result.encoder} has written other "
                "parameter sets; all workers need the same release of the encoder (without an "
                "executor, one encoder does all)"
            )


def _without_words(config: VideoDecoderConfig | None) -> VideoDecoderConfig | None:
    return None if config is None else replace(config, description=None)


def _plain(value: Any) -> str:
    """Return what is told of a setup, for people."""
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(n, int) for n in value):
        return f"{value[0]}x{value[1]}"
    return str(value)
