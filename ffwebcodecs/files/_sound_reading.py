"""What read_audio and read_audio_data have in common: what is asked for, and its frames."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.numbers import to_int64, to_integer
from ..errors import InvalidArgumentError
from ._damage import Damage
from ._input_options import parse_opening
from ._sound_conversion import SoundConversion
from ._sound_file import SoundFile, ceil_position, span_of

if TYPE_CHECKING:
    from collections import deque

    from .._av.files.opening import Opening
    from .._av.frames.samples import SoundShape
    from ._sample_array import SampleArray
    from ._sound_file import Piece

_MOST_RATE = 768_000  # hertz
_MOST_CHANNELS = 64


class SoundReading:
    """A part of a file's sound that is read; `close` ends it.

    Attributes
    ----------
    start, stop : int or None
        Microseconds.
    channels : int
        Of what comes out.
    """

    __slots__ = ("_convert", "_damage", "_file", "channels", "start", "stop")

    def __init__(
        self,
        source: Any,
        start: object,
        stop: object,
        sample_rate: object,
        channels: object,
        stream: object,
        damage: Damage,
        opening: Opening,
    ) -> None:
        self.start = None if start is None else to_int64(start, "start")
        self.stop = None if stop is None else to_int64(stop, "stop")
        rate = _within(sample_rate, "sample_rate", _MOST_RATE)
        number = _within(channels, "channels", _MOST_CHANNELS)
        wanted = None if stream is None else to_integer(stream, "stream")
        self._damage = damage
        self._file = file = SoundFile(source, opening, wanted, damage)
        parameters = file.stream.parameters
        self.channels = number or parameters.sound.number
        # What HE-AAC gives is known when the first packet is decoded.
        as_it_is = rate in (None, file.stream.sample_rate) and self.channels == (
            parameters.sound.number
        )
        if parameters.codec in ("aac", "aac_latm"):
            as_it_is = rate is None and number is None
        self._convert = None if as_it_is else SoundConversion(file, rate, number)

    @property
    def rate(self) -> int:
        """Samples a second of what comes out; with HE-AAC it is known when something has come."""
        return self._file.decoding.rate if self._convert is None else self._convert.rate

    @property
    def shape(self) -> SoundShape | None:
        """What the frame is that came last, if that is known without looking at it."""
        return self._file.shape if self._convert is None else None

    @property
    def expected(self) -> int:
        """About how many samples will come."""
        info = self._file.demuxer.info
        begin = self.start if self.start is not None else 0
        end = (info.duration or 0) + 100_000 + max(0, info.start_time or 0)
        if self.stop is not None:
            end = min(end, self.stop)
        return min(max(0, end - begin) * self.rate // 1_000_000 + 1, 1 << 34)

    @property
    def first(self) -> int | None:
        """The first sample that is wanted, None if nobody says it, or no sound comes before."""
        if self.start is None or not self._file.before:
            return None
        return ceil_position(self.start, self.rate)

    @property
    def end(self) -> int | None:
        """Up to where there is silence at least, as sound comes later."""
        if self.stop is None or not self._file.more:
            return None
        return ceil_position(self.stop, self.rate)

    @property
    def interrupt(self) -> Callable[[], None]:
        """What ends a wait for the input, for good."""
        return self._file.demuxer.interrupt

    def frames(
        self,
        box: list[Any],
        array: SampleArray | None = None,
        pieces: deque[Piece] | None = None,
    ) -> Iterator[int]:
        """Yield positions of frames, each put into `box` before, those that are not in `array`
        already, to which all go; or that of the first in `pieces`, see `SoundFile.frames`.
        """
        if self.start is not None and self.stop is not None and self.start >= self.stop:
            return iter(())
        if self._convert is not None:
            return self._convert.frames(self.start, self.stop, box)
        span = partial(span_of, self.start, self.stop)
        return self._file.frames(self.start, span, box, array, pieces)

    def close(self) -> None:
        """Close all of it, and say what was left out; twice is fine."""
        try:
            if self._convert is not None:
                self._convert.close()
            self._file.close()
        finally:
            self._damage.warn()
            self._say()

    def _say(self) -> None:
        """Warn of what is missing, and of what was cut."""
        file = self._file
        short, cut = file.shortfall, file.decoding.overlapped
        file.shortfall, file.decoding.overlapped = None, 0
        if short is not None:
            warnings.warn(short, UserWarning, stacklevel=4)
        if cut:
            warnings.warn(
                f"{cut} samples of {file.demuxer.shown} are left out: by their times they lie "
                "before the end of others",
                UserWarning,
                stacklevel=4,
            )


def parse_reading(
    errors: str,
    format: str | None,
    options: Mapping[str, Any] | None,
    playlists: bool | str | None,
    timeout: float | None,
) -> tuple[Damage, Opening]:
    """Return what is to be done about damage, and how the file is opened."""
    return Damage(errors), parse_opening(format, options, playlists, MAX_PIXELS, timeout)


def _within(value: object, what: str, most: int) -> int | None:
    if value is None:
        return None
    number = to_integer(value, what)
    if not 1 <= number <= most:
        raise InvalidArgumentError(f"{what} is {number}, it must be from 1 to {most}")
    return number
