"""The sound that goes with frames of a program into a file: from a file, pieces, or an array."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from .._av.averror import let_go
from .._av.files.demux import DemuxerCore
from .._av.files.opening import Opening
from .._runtime.helper import HelperThread
from .._spec.numbers import show, to_integer
from .._spec.texts import attribute, is_path
from ..errors import InvalidArgumentError, NotSupportedError
from ..frames.audio_data import AudioData
from ._clock import FilmClock
from ._damage import Damage
from ._encoded_sound import EncodedPiece, EncodedSound
from ._kept_sound import KeptSound
from ._sound import best_sound
from ._sound_of_input import SoundOfInput
from ._sound_options import SoundOptions
from ._sound_target import SoundSource, open_sound
from ._tracks import AUDIO, VIDEO

if TYPE_CHECKING:
    from .muxer import Muxer

_MOST_CHANNELS = 64  # more are no channels, but samples
_PIECE = 1 << 15  # samples of an array at once
_AHEAD = Fraction(1, 2)  # seconds that sound is written before the picture of its time


class GivenSound:
    """Writes sound beside frames.

    Parameters
    ----------
    muxer : Muxer
        Borrowed; nothing has been added.
    audio : path, file object, bytes-like, iterable of AudioData, or (array, rate)
    options : SoundOptions
        How it is encoded.

    Attributes
    ----------
    copied, encoded : list of str
        As `TranscodeResult` has them.
    """

    __slots__ = ("_ended", "_muxer", "_owner", "_reached", "_steps", "copied", "encoded")

    def __init__(self, muxer: Muxer, audio: Any, options: SoundOptions) -> None:
        self.copied: list[str] = []
        self.encoded: list[str] = []
        self._muxer = muxer
        self._reached = Fraction(-1)
        self._ended = False
        if not muxer._container.holds_sound:
            raise NotSupportedError(f"{muxer.format_name} holds no sound: leave audio out")
        self._owner: _FromFile | _FromPieces
        if is_path(audio) or callable(attribute(audio, "read")) or _is_bytes(audio):
            self._owner = _FromFile(muxer, audio, options, self)
        else:
            self._owner = _FromPieces(muxer, _pieces(audio), options, self)
        self._steps = self._owner.write()

    def write(self, until: int) -> None:
        """Write all that is heard up to a time in microseconds, and a little more."""
        wanted = Fraction(until, 1_000_000) + _AHEAD
        while not self._ended and self._reached < wanted:
            self._next()

    def finish(self) -> None:
        """Write the rest."""
        while not self._ended:
            self._next()

    def _next(self) -> None:
        try:
            time = next(self._steps)
        except StopIteration:
            self._ended = True
        else:
            self._reached = self._reached if time is None else time

    def close(self) -> None:
        """Close all that was opened; twice is fine."""
        self._ended = True
        self._steps.close()
        self._owner.close()


def _is_bytes(audio: Any) -> bool:
    return isinstance(audio, (bytes, bytearray, memoryview))


class _FromFile:
    """The best stream of sound of a file, copied if the output holds it."""

    def __init__(self, muxer: Muxer, source: Any, options: SoundOptions, told: GivenSound) -> None:
        opening = Opening(needs_video=False)
        self._muxer = muxer
        self._kept: KeptSound | None = None
        self._demuxer = DemuxerCore(source, opening, all_streams=True, helper=HelperThread)
        try:
            self._file = self._begin(muxer, options, told)
        except BaseException as error:
            self.close()
            let_go(error)
            raise

    def _begin(self, muxer: Muxer, options: SoundOptions, told: GivenSound) -> SoundOfInput:
        demuxer = self._demuxer
        clock = FilmClock(demuxer, None, None, False)
        stream = best_sound(demuxer)
        kept = self._kept = KeptSound(options, demuxer, clock, muxer._losses)
        numbers: dict[int, int] = {}
        if not (kept.encodes(stream, muxer) and kept.add(stream, muxer)):
            if not muxer._can_hold(stream):
                why = kept.reasons.get(stream.index, f"{muxer.format_name} cannot hold it")
                raise NotSupportedError(f"audio {stream.codec} of {demuxer.shown}: {why}")
            numbers[stream.index] = muxer._add_copied_stream(stream)
            told.copied.append(f"audio {stream.codec}")
        told.encoded.extend(kept.encoded)
        damage = Damage("raise", False)
        damage.shown = demuxer.shown
        return SoundOfInput(demuxer, clock, kept, numbers, damage)

    def write(self) -> Generator[Fraction | None, None, None]:
        return self._file.write(self._muxer)

    def close(self) -> None:
        self._demuxer.close()
        if self._kept is not None:
            self._kept.close()


class _FromPieces:
    """AudioData of a program; the first one decides about rate and channels."""

    def __init__(
        self,
        muxer: Muxer,
        pieces: Iterator[AudioData],
        options: SoundOptions,
        told: GivenSound,
    ) -> None:
        self._pieces = pieces
        self._first: AudioData | None = None
        self._sound: EncodedSound | None = None
        self._muxer = muxer
        try:
            self._begin(muxer, options, told)
        except BaseException:
            self.close()
            raise

    def _begin(self, muxer: Muxer, options: SoundOptions, told: GivenSound) -> None:
        first = self._first = self._next()
        if first is None:
            raise InvalidArgumentError("audio gives no AudioData: leave it out for a silent film")
        shape = first._sound.shape
        opened = partial(
            open_sound, options=options, muxer=muxer, losses=muxer._losses, name="audio"
        )
        self._sound = EncodedSound(
            opened,
            SoundSource.of_shape(shape),
            "audio",
            has_no_delay=muxer._container.name == "avi",
        )
        muxer._announce(VIDEO, {})
        muxer._announce(AUDIO, {})
        told.encoded.append(f"audio as {self._sound.codec}")

    def _next(self) -> AudioData | None:
        data = next(self._pieces, None)
        if data is None or isinstance(data, AudioData):
            return data
        raise InvalidArgumentError(
            "audio must be a path, an iterable of AudioData or (array, sample rate), got one of "
            f"{show(data)}"
        )

    def write(self) -> Generator[Fraction | None, None, None]:
        sound = self._sound
        assert sound is not None
        while True:
            data, self._first = self._first, None
            if data is None:
                data = self._next()
            if data is None:
                break
            with data:
                ptr, when = data._open_picture().ptr, Fraction(data.timestamp, 1_000_000)
                self._add(sound.add(ptr, when, counted=False, shape=data._sound.shape))
                del ptr
            del data
            yield sound.end
        self._add(sound.finish())

    def _add(self, pieces: Iterable[EncodedPiece]) -> None:
        for chunk, config in pieces:
            self._muxer.add_chunk(chunk, config, track=AUDIO)

    def close(self) -> None:
        first, self._first = self._first, None
        if first is not None:
            first.close()
        if self._sound is not None:
            self._sound.close()


def _pieces(audio: Any) -> Iterator[AudioData]:
    """Return what was given as AudioData, one after another."""
    if isinstance(audio, AudioData):
        return iter((audio,))
    if isinstance(audio, tuple) and len(audio) == 2 and not isinstance(audio[0], AudioData):
        return _cut(*audio)
    if not isinstance(audio, Iterable) or hasattr(audio, "shape"):
        hint = ", the rate is missing" if hasattr(audio, "shape") else ""
        raise InvalidArgumentError(
            "audio must be a path, an iterable of AudioData or (array, sample rate), got "
            f"{show(audio)}{hint}"
        )
    return iter(audio)


def _cut(array: Any, rate: Any) -> Iterator[AudioData]:
    import numpy as np

    sample_rate = to_integer(rate, "the sample rate of audio")
    if sample_rate < 1:
        raise InvalidArgumentError(
            f"the sample rate of audio is {sample_rate}, it must be positive"
        )
    whole = np.asarray(array)
    if whole.ndim not in (1, 2) or not whole.size:
        raise InvalidArgumentError(
            f"audio must be an array of shape (n,) or (n, channels), got {whole.shape}"
        )
    if whole.ndim == 2 and whole.shape[1] > _MOST_CHANNELS >= whole.shape[0]:
        raise InvalidArgumentError(
            f"audio has the shape {whole.shape}, of (n, channels) that is {whole.shape[1]} "
            "channels: give array.T"
        )
    return (
        AudioData.from_ndarray(
            whole[begin : begin + _PIECE],
            sample_rate=sample_rate,
            timestamp=round(Fraction(begin * 1_000_000, sample_rate)),
        )
        for begin in range(0, len(whole), _PIECE)
    )
