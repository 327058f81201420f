"""read_audio_data_async: the sound of a file for tasks, decoded on a thread."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from .._av.files.interrupt import Waits
from .._public import public
from .._runtime.async_reading import AsyncReading
from .._spec.types import DamageHandling, Integer, MediaSource, Playlists
from ..frames.audio_data import AudioData
from .read_audio_data import read_audio_data

_AHEAD = 16  # a third of a second of most codecs


@public
def read_audio_data_async(
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
) -> AsyncReading[AudioData]:
    """Give the sound of a file, or a part of it, to ``async for``: that of `read_audio_data`.

    A thread of its own opens, decodes and closes, at most 16 AudioData ahead of the loop. It begins
    with the first step. Each AudioData belongs to you; one that the loop just drops is freed at
    once, without a warning.

    Parameters
    ----------
    source, start, stop, sample_rate, channels, stream
        As for `read_audio`. A file object is called on the thread.
    errors, format, options, playlists, timeout
        As for `read_audio`.

    Returns
    -------
    asynchronous iterator of AudioData
        As that of `read_frames_async`.

    Raises
    ------
    NotSupportedError, EncodingError, InvalidArgumentError, OSError, TimeoutError, FFmpegLoadError
        In the loop: as `read_audio_data`, and in the first step what that raises when it is called.

    Examples
    --------
    >>> async with read_audio_data_async("song.mp3") as sound:
    ...     async for data in sound:
    ...         with data:
    ...             await send(data.to_ndarray())
    """
    read, waits = partial(read_audio_data, **locals()), Waits()
    make = partial(waits.run, read)
    return AsyncReading("read_audio_data_async", make, _AHEAD, AudioData.close, waits.stop)
