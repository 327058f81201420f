"""AudioData: a piece of sound with a lifetime that you control.

Theory of operation: as a `VideoFrame`, it is a reference to a `Picture` (the AVFrame), what is the
same along a stream (`SoundPiece`), and a time. `clone` copies them all.
"""

from __future__ import annotations

from typing import Any

from .._av.frames.picture import Picture
from .._ffi import FREES_LATE
from .._public import public
from .._runtime import trace
from .._runtime.closing import only_once
from .._spec.numbers import to_flag, to_int64
from ._hold import Timed
from ._sound_piece import CLOSED, SoundPiece, sound_of
from ._sound_source import picture_from_data


@public
class AudioData(Timed):
    """Some samples of sound in memory, with their time, rate and channels.

    Made from samples, or by a decoder. The samples are copied, unless `transfer` says that the
    buffer is given away. Close it when you are done (`close`, or ``with``): that frees the memory
    at once, and tells a decoder that the slot is free.

    Parameters
    ----------
    format : {"u8", "s16", "s32", "f32", "u8-planar", "s16-planar", "s32-planar", "f32-planar"}
        Type of the samples, in native byte order, and how they lie: interleaved in one plane, or
        each channel in a plane of its own. Of 24 bits, the upper three bytes of ``"s32"``.
    sample_rate : float
        In Hz, from 1 to 2^31 - 1; kept as it is given.
    number_of_frames : int
        Samples of each channel, at least 1.
    number_of_channels : int
        1 to 65535.
    timestamp : int
        Presentation time in microseconds, a signed 64-bit integer.
    data : buffer, or sequence of buffers
        C-contiguous, at any address, of at least ``number_of_frames * number_of_channels`` samples;
        planes follow each other without a gap, and what comes after them is left out. Of a list or
        tuple each element is one plane (an extension).
    channel_layout : str, optional
        FFmpeg's name of where the channels are, ``"5.1"`` for instance (an extension). Default:
        nobody says it, and an encoder takes FFmpeg's usual places for so many.
    transfer : bool, optional
        Give the buffer away: nothing is copied, the sound is the buffer itself and keeps it alive.
        Do not write to it while the sound or a clone lives. More than 8 planes are copied all the
        same.

    Raises
    ------
    InvalidArgumentError
        A value is missing, unknown or out of range, or there is too little data.
    NotSupportedError
        FFmpeg cannot hold it: the rate, the number of channels, or more than 2^31 - 1 bytes in a
        plane.
    MemoryError
        FFmpeg cannot allocate the samples.

    Notes
    -----
    The behaviour is that of AudioData in the W3C WebCodecs specification. Where that raises a
    RangeError, this raises IndexError.

    Examples
    --------
    >>> with AudioData(format="s16", sample_rate=48000, number_of_frames=480, number_of_channels=2,
    ...                timestamp=0, data=bytes(1920)) as data:
    ...     data.duration, data.allocation_size(plane_index=0, format="f32-planar")
    (10000, 1920)
    """

    __slots__ = ("_sound", "_timestamp")

    _noun = "audio data"

    _sound: SoundPiece

    def __init__(
        self,
        *,
        format: str | None = None,
        sample_rate: float | None = None,
        number_of_frames: int | None = None,
        number_of_channels: int | None = None,
        timestamp: int | None = None,
        data: Any = None,
        channel_layout: str | None = None,
        transfer: bool = False,
    ) -> None:
        only_once(self, "_picture")
        self._picture = None
        self._warn = True
        self._place = None
        self._sound = CLOSED
        self._timestamp = to_int64(timestamp, "timestamp")
        picture, sound = picture_from_data(
            data,
            format=format,
            sample_rate=sample_rate,
            number_of_frames=number_of_frames,
            number_of_channels=number_of_channels,
            channel_layout=channel_layout,
            transfer=to_flag(transfer, "transfer"),
        )
        self._sound = sound
        self._picture = picture
        if FREES_LATE:
            picture.hold(self)

    @classmethod
    def _from_native(
        cls, picture: Picture, timestamp: int, warn: bool, sound: SoundPiece | None = None
    ) -> AudioData:
        """Make one of what FFmpeg gave; `warn`: whether dropping it unclosed is the user's mistake;
        `sound`: what it is, if that is known.
        """
        data = cls.__new__(cls)
        data._picture = picture
        data._warn = warn
        data._place = None
        data._timestamp = timestamp
        data._sound = sound_of(picture.ptr) if sound is None else sound
        if FREES_LATE:
            picture.hold(data)
        return data

    def clone(self) -> AudioData:
        """Return another one of the same samples, with a lifetime of its own; nothing is copied.

        Raises
        ------
        InvalidStateError
            It is closed.
        """
        sound = self._sound
        clone = AudioData._from_native(self._open_picture(), self._timestamp, True, sound)
        if trace.enabled:
            clone._note(trace.caller(1))
        return clone

    def close(self) -> None:
        """Free its hold on the samples now; twice is fine.

        The memory goes with the last holder: clones, zero-copy views and calls that are still
        running each hold it.
        """
        # Forget the picture first: whoever reads the closed sound then also finds no picture.
        picture = self._picture
        self._picture = None
        if FREES_LATE and picture is not None:
            picture.let_go(self)
        self._sound = CLOSED
        self._place = None

    # ---- what it is ------------------------------------------------------------------------------

    @property
    def format(self) -> str | None:
        """Sample format; None if it is closed or its format has no WebCodecs name."""
        fmt = self._sound.shape.format
        return None if fmt is None else fmt.name

    @property
    def sample_rate(self) -> float:
        """Samples of each channel a second, in Hz; 0 if closed."""
        return self._sound.sample_rate

    @property
    def number_of_frames(self) -> int:
        """Samples of each channel; 0 if closed."""
        return self._sound.frames

    @property
    def number_of_channels(self) -> int:
        """Number of channels; 0 if closed."""
        return self._sound.channels

    @property
    def channel_layout(self) -> str | None:
        """FFmpeg's name of where the channels are, such as ``"5.1(side)"``; None if it is closed or
        nobody says (an extension).
        """
        return self._sound.shape.channels.layout

    @property
    def duration(self) -> int:
        """Duration in microseconds, without its fraction; 0 if closed."""
        return self._sound.duration

    @property
    def timestamp(self) -> int:
        """Presentation time in microseconds; kept when it is closed."""
        return self._timestamp

    def __repr__(self) -> str:
        sound = self._sound
        if sound is CLOSED:
            return f"<AudioData closed, timestamp={self._timestamp}>"
        name = sound.shape.format.name if sound.shape.format else "no WebCodecs format"
        return (
            f"<AudioData {name} {sound.frames}x{sound.channels} {sound.sample_rate:g} Hz, "
            f"timestamp={self._timestamp}>"
        )
