"""read_audio: the sound of a file, or a part of it, as an array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._av import averror
from .._public import public
from .._spec.types import DamageHandling, Integer, MediaSource, Playlists
from ..errors import NotSupportedError
from ._sample_array import SampleArray
from ._sound_decoding import NO_RATE
from ._sound_file import ceil_position
from ._sound_reading import SoundReading, parse_reading
from .audio_samples import AudioSamples


@public
def read_audio(
    source: MediaSource,
    start: Integer | None = None,
    stop: Integer | None = None,
    *,
    sample_rate: int | None = None,
    channels: int | None = None,
    stream: int | None = None,
    errors: DamageHandling = "raise",
    format: str | None = None,
    options: Mapping[str, object] | None = None,
    playlists: bool | Playlists | None = None,
    timeout: float | None = None,
) -> AudioSamples:
    """Return the sound of a file, or a part of it, exact to the sample.

    A part has the samples that the whole has at these times: it is not decoded from the beginning
    for that, unless nothing less tells which samples they are. What encoders have put in front and
    behind is left out, as far as the container says it. Where times leave a gap there is silence,
    so that every sample is at its place.

    Parameters
    ----------
    source : path, bytes-like or binary file object
        As for `Demuxer`; of a film, its video is passed over.
    start, stop : int, optional
        Microseconds on the file's clock, as the timestamps of `read_frames`: the samples at
        ``start <= time < stop``, that is from sample ``ceil(start * rate / 1e6)`` up to that of
        `stop`.
    sample_rate : int, optional
        In hertz, 1 to 768000: resample by libswresample. A part is that part of the resampled
        whole.
    channels : int, optional
        1 to 64: mix to so many, by FFmpeg's usual places and libswresample's matrix.
    stream : int, optional
        Index of the stream of sound, as in `Demuxer.streams`; default: the best one by FFmpeg's
        judgement.
    errors : {"raise", "skip"}, optional
        What to do about damage: "skip" goes on behind it, with silence in its place, and a
        UserWarning says how much it was and where.
    format, options, playlists, timeout
        As for `Demuxer`.

    Returns
    -------
    AudioSamples
        float32, shape (samples, channels). Empty where there is no sound at these times.

    Raises
    ------
    NotSupportedError
        There is no sound in the file, or this FFmpeg cannot decode it.
    EncodingError
        The data is damaged; ``timestamp`` of the error says where.
    InvalidArgumentError
        A parameter is out of range; there is no such `stream`, or it is no sound.
    OSError, TimeoutError
        As for `Demuxer`.
    FFmpegLoadError
        There is no libavformat; or no libswresample, and sound is to be converted.

    Examples
    --------
    >>> sound = read_audio("film.mp4", 1_000_000, 2_000_000, sample_rate=16000, channels=1)
    >>> sound.data.shape, sound.first_sample
    ((16000, 1), 16000)
    """
    damage, opening = parse_reading(errors, format, options, playlists, timeout)
    reading = SoundReading(source, start, stop, sample_rate, channels, stream, damage, opening)
    box: list[Any] = []
    try:
        array = SampleArray(reading.expected)
        for position in reading.frames(box, array):
            if array.first is None:
                array.first = reading.first
            array.add(box[-1], position)
            box.clear()
        rate, first, end = reading.rate, reading.first, reading.end
    except BaseException as error:
        box.clear()
        averror.let_go(error)
        raise
    finally:
        reading.close()
    if not rate:  # nothing could be decoded
        raise NotSupportedError(NO_RATE)
    if array.first is None:
        array.first = ceil_position(reading.start or 0, rate)
        end = None if first is None else end
    data = array.taken(reading.channels, end)
    return AudioSamples(data, rate, array.first * 1_000_000 // rate, array.first)
