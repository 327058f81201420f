"""read_audio_data: the sound of a file as AudioData, decoded on demand in the calling thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.frames.picture import Picture
from .._public import public
from .._spec.types import DamageHandling, Integer, MediaSource, Playlists
from ..frames._sound_piece import CLOSED, SoundPiece, sound_of
from ..frames.audio_data import AudioData
from ._sound_reading import SoundReading, parse_reading
from .audio_data_reader import AudioDataReader

if TYPE_CHECKING:
    from ._sound_file import Piece


@public
def read_audio_data(
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
) -> AudioDataReader:
    """Read the sound of a file, or a part of it, as the decoder gives it.

    The samples are those of `read_audio`: exact to the sample, without what encoders have put in
    front and behind. Where times leave a gap, the timestamps do. Each AudioData belongs to you; one
    that a ``for`` loop just drops is freed at once, without a warning.

    Parameters
    ----------
    source, start, stop, sample_rate, channels, stream
        As for `read_audio`. What is resampled or mixed comes as ``"f32"``.
    errors, format, options, playlists, timeout
        As for `read_audio`; with errors="skip" what is skipped is a gap.

    Returns
    -------
    AudioDataReader
        An iterator over AudioData, with ``with`` and `close`; a loop that is left needs neither.

    Raises
    ------
    NotSupportedError, EncodingError, InvalidArgumentError, OSError, TimeoutError, FFmpegLoadError
        As for `read_audio`. What comes before damage has been yielded.

    Examples
    --------
    >>> for data in read_audio_data("song.mp3", stop=10_000_000):
    ...     with data:
    ...         print(data.timestamp, data.number_of_frames, data.to_ndarray().max())
    """
    damage, opening = parse_reading(errors, format, options, playlists, timeout)
    reading = SoundReading(source, start, stop, sample_rate, channels, stream, damage, opening)
    return AudioDataReader._of(_pieces(reading), damage.shown, reading.interrupt)


def _pieces(reading: SoundReading) -> Generator[AudioData]:
    box: list[Any] = []
    pieces: deque[Piece] = deque()
    made, rate = AudioData._from_native, 0
    sound = CLOSED
    try:
        for position in reading.frames(box, pieces=pieces):
            shape, rate = reading.shape, reading.rate
            if not pieces:
                timestamp = position * 1_000_000 // rate
                sound = sound_of(box[0], shape)
                box[0] = made(Picture(box[0]), timestamp, False, sound)
                yield box.pop()
                continue
            assert shape is not None
            hertz, length = float(shape.sample_rate), -1
            for picture, begin, count in pieces:
                if count != length:
                    sound, length = SoundPiece(shape, hertz, count), count
                box.append(made(picture, begin * 1_000_000 // rate, False, sound))
            # The program's alone while it is away, and in order.
            del picture
            pieces.clear()
            box.reverse()
            while box:
                yield box.pop()
    except BaseException as error:
        box.clear()
        averror.let_go(error)
        raise
    finally:
        box.clear()
        pieces.clear()
        reading.close()
