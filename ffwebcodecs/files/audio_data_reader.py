"""AudioDataReader: the sound of a file, piece by piece."""

from __future__ import annotations

from .._public import public
from ..frames.audio_data import AudioData
from ._file_iterator import FileIterator


@public
class AudioDataReader(FileIterator[AudioData]):
    """What `read_audio_data` gives: an iterator over AudioData, once through.

    ``with`` and `close` let go of decoder and file early; after the end, and after an error, they
    are closed already. One that is dropped, as after a loop that was left, frees all of it without
    a warning. What was given is yours, and outlives it.

    Examples
    --------
    >>> with read_audio_data("song.mp3") as sound:
    ...     for data in sound:
    ...         if data.to_ndarray().max() > 0.5:
    ...             break
    >>> sound.last_timestamp > 1_000_000
    True
    """

    __slots__ = ()

    _instead = "read the file there"

    def __init__(self) -> None:
        raise TypeError("use read_audio_data(source)")
