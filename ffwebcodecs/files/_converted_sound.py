"""One stream of a film's sound: decoded, cut to the sample, mapped, and encoded again."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from .._av.frames import samples, sound_parts
from .._av.frames.picture import Picture
from .._spec.numbers import show
from ..errors import EncodingError, InvalidArgumentError

if TYPE_CHECKING:
    from .._ffi._types import AVFrame, AVPacket
    from ._clock import FilmClock
    from ._encoded_sound import EncodedPiece, EncodedSound
    from ._sound_decoding import SoundDecoding
    from ._sound_options import MapAudio

_MICROSECOND = 1_000_000
_LONG_SILENCE = 5  # seconds: packets of one time are not further apart in a file


class ConvertedSound:
    """Converts one stream of sound; packets in, chunks out.

    Parameters
    ----------
    decoding : SoundDecoding
    track : EncodedSound
        Both are taken.
    clock : FilmClock
        Which part is wanted, and what is 0 of the output; settled.
    name : str
        Of the track in the output.
    map_audio : callable or None
    """

    __slots__ = (*("_clock", "_decoding", "_map", "_track"), "damaged", "heard", "name", "why")

    def __init__(
        self,
        decoding: SoundDecoding,
        track: EncodedSound,
        clock: FilmClock,
        name: str,
        map_audio: MapAudio | None = None,
    ) -> None:
        self._decoding = decoding
        self._track = track
        self._clock = clock
        self._map = map_audio
        self.name = name
        """Of its track in the output."""
        self.damaged = 0
        self.why = ""
        """Packets that could not be decoded, and why the last one could not."""
        self.heard = 0
        """Frames of sound that lay in the part."""

    def feed(self, ptr: AVPacket) -> Iterator[EncodedPiece]:
        """Decode a packet of the file, borrowed; yield the chunks that are ready."""
        try:
            found = self._decoding.feed(ptr)
        except EncodingError as error:
            self.damaged += 1
            self.why = str(error).partition(": ")[2] or str(error)  # without a time
            return
        while found:  # each is let go before the next one
            yield from self._take(*found.pop(0))

    def finish(self, time: int | None = None) -> Iterator[EncodedPiece]:
        """Yield what is left; if there was nothing, silence up to `time`, microseconds of the
        output.
        """
        found = self._decoding.finish()
        while found:
            yield from self._take(*found.pop(0))
        if time is not None and not self._track.has_begun:
            until = Fraction(time, _MICROSECOND)
            self._begin(until)
            yield from self._track.fill(until)
        yield from self._track.finish()

    def close(self) -> None:
        """Free decoder and encoder; twice is fine."""
        self._decoding.close()
        self._track.close()

    @property
    def end(self) -> Fraction:
        """Seconds of the output up to which its sound has come."""
        return self._track.end

    def keep_up(self, time: int) -> Iterator[EncodedPiece]:
        """Yield silence if no sound has come long after that of a picture, `time` microseconds of
        the output: what is written waits for it.
        """
        until = Fraction(time, _MICROSECOND) - _LONG_SILENCE
        if self._track.has_begun or until * _MICROSECOND <= (self._clock.pictures or 0):
            return
        self._begin(until)
        yield from self._track.fill(until)

    def _take(self, ptr: AVFrame, first: int) -> Iterator[EncodedPiece]:
        """Encode what of a frame lies in the part; `first` counts samples of the file's clock."""
        clock, rate = self._clock, samples.describe(ptr).sample_rate
        # Without a start, what leads in before the output's beginning has no place there.
        begin = _sample(clock.zero if clock.start is None else clock.start, rate)
        last = first + samples.count(ptr)
        end = last if clock.stop is None else min(last, _sample(clock.stop, rate))
        if end <= max(first, begin):
            return
        if first < begin or end < last:
            skipped = max(0, begin - first)
            ptr = sound_parts.part(ptr, skipped, end - first - skipped)
            first += skipped
        self.heard += 1
        # The first sample of all lies at 0, and not a part of a sample later: that is no silence.
        when = Fraction(first - _sample(clock.zero, rate), rate)
        if self._map is None:
            yield from self._encode(ptr, when, counted=True)
            return
        yield from self._mapped(ptr, first, when)

    def _mapped(self, ptr: AVFrame, first: int, when: Fraction) -> Iterator[EncodedPiece]:
        from ..frames.audio_data import AudioData

        clock, rate = self._clock, samples.describe(ptr).sample_rate
        given = round(Fraction(first * _MICROSECOND, rate)) - clock.origin
        with AudioData._from_native(Picture(ptr), given, False) as data:
            assert self._map is not None
            mapped = self._map(data)
            if mapped is None:
                return
            if not isinstance(mapped, AudioData):
                raise InvalidArgumentError(
                    f"map_audio must return an AudioData or None, got {show(mapped)}"
                )
            with mapped:
                timestamp = mapped.timestamp
                frame = mapped._open_picture().ptr
                counted = timestamp == given
                if not counted:
                    moved = timestamp + clock.origin - clock.zero
                    when = Fraction(moved, _MICROSECOND)
                yield from self._encode(frame, when, counted=counted)

    def _encode(self, ptr: AVFrame, when: Fraction, *, counted: bool) -> Iterator[EncodedPiece]:
        self._begin(when)
        yield from self._track.add(ptr, when, counted=counted)

    def _begin(self, when: Fraction) -> None:
        """Let the track begin with the pictures, or before them if sound does."""
        if self._track.has_begun:
            return
        pictures = self._clock.pictures
        first = when if pictures is None else min(when, Fraction(pictures, _MICROSECOND))
        self._track.begin(max(first, Fraction(0)))


def _sample(time: int, rate: int) -> int:
    """Return the first sample that is not before a time, in microseconds."""
    return -(-time * rate // _MICROSECOND)
