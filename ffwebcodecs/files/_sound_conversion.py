"""Sound of a file at another rate, or with other channels: each part as it is in the whole.

Sample k of what comes out is the sound at k / rate seconds of the file's clock. So a part begins
earlier by as much as the filter reaches, at a sample of the file that lies on one of the output.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import TYPE_CHECKING, Any

from .._av.frames import samples
from .._av.frames.channel_layout import Channels, usual
from .._av.frames.resampler import Resampler
from .._spec.frames.sample_formats import BY_NAME
from ._silence import Gaps
from ._sound_file import SoundFile, ceil_position

if TYPE_CHECKING:
    from .._ffi._types import AVFrame

_REACH = 128  # samples of the lower of both rates: what the filter reaches, and more
_SILENCE = 1 << 14  # samples of silence that are made at once


class SoundConversion:
    """The frames of a file, converted to float.

    Parameters
    ----------
    file : SoundFile
    sample_rate, channels : int, optional
        Default: those of the file.

    Attributes
    ----------
    rate : int
        Of what comes out; known with the first frame.
    """

    def __init__(self, file: SoundFile, sample_rate: int | None, channels: int | None) -> None:
        self._file = file
        self._wanted = sample_rate
        self._channels = channels
        self._resampler: Resampler | None = None
        self._base = 0  # the position that the first sample made has
        self._end = 0  # where in the file the next frame is expected
        self._first = 0  # nothing comes out before
        self._last: int | None = None
        self._gaps = Gaps()
        self.rate = sample_rate or file.stream.sample_rate

    def frames(self, start: int | None, stop: int | None, box: list[Any]) -> Iterator[int]:
        """Yield positions of frames between two times in microseconds, each put into `box`."""
        wanted = self._wanted

        def span(rate: int) -> tuple[int | None, int | None]:
            self.rate = ours = wanted or rate
            reach = _REACH * max(1, -(-rate // ours))
            step = rate // gcd(rate, ours)
            first = last = None
            if start is not None:
                begin = ceil_position(start, ours) * rate // ours - reach
                first = begin // step * step
            if stop is not None:
                self._last = ceil_position(stop, ours)
                last = self._last * rate // ours + reach
            return first, last

        early = None
        if start is not None:
            rate = max(1, min(self.rate, self._file.stream.sample_rate))
            early = start - 2 * _REACH * 1_000_000 // rate
        inner: list[Any] = []
        for position in self._file.frames(early, span, inner):
            ptr = inner.pop()
            if self._resampler is None:
                self._begin(ptr, position, start)
            yield from self._given(self._silence(position), box)
            self._end = position + samples.count(ptr)
            assert self._resampler is not None
            made = self._resampler.convert(ptr)
            del ptr
            yield from self._given([] if made is None else [made], box)
            del made
        if self._resampler is not None:
            made = self._resampler.convert(None)
            yield from self._given([] if made is None else [made], box)

    def _begin(self, ptr: AVFrame, position: int, start: int | None) -> None:
        shape = samples.describe(ptr)
        rate, ours = shape.sample_rate, self.rate
        number = self._channels
        channels = shape.channels if number in (None, shape.channels.number) else usual(number)
        fmt = samples.number_of(BY_NAME["f32"])
        self._resampler = Resampler(shape, fmt, ours, Channels(*channels))
        step = rate // gcd(rate, ours)
        begin = position // step * step
        self._base, self._end = begin * ours // rate, begin
        self._first = -(-position * ours // rate)
        if start is not None:
            self._first = max(self._first, ceil_position(start, ours))

    def _silence(self, position: int) -> list[AVFrame]:
        """Return what comes of the silence before a position."""
        resampler, made = self._resampler, []
        assert resampler is not None
        if self._end < position:
            self._gaps.add(position - self._end, resampler.source.channels.number)
        while self._end < position:
            count = min(position - self._end, _SILENCE)
            frame = resampler.convert(samples.silent(resampler.source, count))
            if frame is not None:
                made.append(frame)
            self._end += count
        return made

    def _given(self, made: list[AVFrame], box: list[Any]) -> Iterator[int]:
        while made:
            ptr = made.pop(0)
            begin = self._base
            count = samples.count(ptr)
            self._base += count
            first = max(begin, self._first)
            end = begin + count if self._last is None else min(begin + count, self._last)
            if first >= end:
                continue
            if end - first < count:
                samples.trim(ptr, first - begin, end - first)
            box.append(ptr)
            del ptr
            yield first

    def close(self) -> None:
        """Free the resampler; twice is fine."""
        resampler, self._resampler = self._resampler, None
        if resampler is not None:
            resampler.close()
