"""AudioData: a piece of sound with a lifetime that you control.

Theory of operation: as a `VideoFrame`, it is a reference to a `Picture` (the AVFrame), what is the
same along a stream (`SoundPiece`), and a time. `clone` copies them all.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._av.frames.picture import Picture
from .._ffi import FREES_LATE
from .._public import public
from .._runtime import trace
from .._runtime.closing import only_once
from .._spec.numbers import to_flag, to_int64
from .._spec.types import ArrayLike, AudioSampleFormat, BytesLike, Integer, WritableBuffer
from ._hold import Timed
from ._sound_copy import copy_at_once, copy_part, copy_whole, is_index, parse_options, part_of
from ._sound_piece import CLOSED, SoundPiece, sound_of
from ._sound_source import picture_from_data

if TYPE_CHECKING:
    import numpy.typing as npt


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
        A value is missing, unknown or out of range, or there is too little data, or data of floats
        where `format` has others, or of big-endian numbers.
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
        format: AudioSampleFormat | None = None,
        sample_rate: float | None = None,
        number_of_frames: int | None = None,
        number_of_channels: int | None = None,
        timestamp: Integer | None = None,
        data: BytesLike | None = None,
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
    def from_ndarray(
        cls,
        array: ArrayLike,
        *,
        sample_rate: float,
        timestamp: Integer,
        format: AudioSampleFormat | None = None,
        channel_layout: str | None = None,
        transfer: bool = False,
    ) -> AudioData:
        """Make sound from an array of samples.

        Parameters
        ----------
        array : array of uint8, int16, int32 or float32, shape (frames,) or (frames, channels)
            Anything that ``numpy.asarray`` takes; float64 and float16 become float32. Of torch's
            (channels, frames), give the transposed one: that costs nothing.
        sample_rate : float
            In Hz.
        timestamp : int
            In microseconds.
        format : str, optional
            The samples become this one, as by `copy_to`. Default: the array's own type, planar if
            that is how its memory lies.
        channel_layout : str, optional
            As for `AudioData`.
        transfer : bool, optional
            Show the array's memory instead of copying it; do not write to it while the sound or a
            clone lives.

        Raises
        ------
        InvalidArgumentError
            Shape, dtype or format do not fit together, or `transfer` is asked for an array that has
            to be converted or is not contiguous.
        NotSupportedError, MemoryError
            As `AudioData` does.
        """
        from ._sound_arrays import from_array

        transfer = to_flag(transfer, "transfer")
        memory, fmt, frames, channels = from_array(array, format, transfer)
        return cls(
            format=fmt.name,
            sample_rate=sample_rate,
            number_of_frames=frames,
            number_of_channels=channels,
            timestamp=timestamp,
            data=memory,
            channel_layout=channel_layout,
            transfer=transfer,
        )

    @classmethod
    def _from_native(
        cls, picture: Picture, timestamp: int, warn: bool, sound: SoundPiece | None = None
    ) -> AudioData:
        """Make one of what FFmpeg gave; `warn`: whether dropping it unclosed is the user's mistake;
        `sound`: what it is, if that is known.
        """
        data = cls.__new__(cls)
        data._warn = warn
        data._place = None
        data._timestamp = timestamp
        data._sound = sound_of(picture.ptr) if sound is None else sound
        data._picture = picture  # last: an interrupted one has nothing to warn of
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
        if FREES_LATE:
            picture = self._picture
            self._picture = None
            if picture is not None:
                picture.let_go(self)
        else:
            self._picture = None
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

    # ---- its samples -----------------------------------------------------------------------------

    def allocation_size(
        self,
        *,
        plane_index: int | None = None,
        frame_offset: int = 0,
        frame_count: int | None = None,
        format: AudioSampleFormat | None = None,
    ) -> int:
        """Return how many bytes `copy_to` needs with the same options.

        Parameters
        ----------
        plane_index, frame_offset, frame_count, format
            As for `copy_to`.

        Returns
        -------
        int
            Bytes.

        Raises
        ------
        InvalidArgumentError, InvalidStateError, IndexError, NotSupportedError
            As `copy_to`.
        """
        options = parse_options(plane_index, frame_offset, frame_count, format)
        return part_of(self._opened()[0], options)[2]

    def copy_to(
        self,
        destination: WritableBuffer,
        *,
        plane_index: int | None = None,
        frame_offset: int = 0,
        frame_count: int | None = None,
        format: AudioSampleFormat | None = None,
    ) -> None:
        """Copy one plane's samples into a buffer you own, as another type if you ask for it.

        Blocks until the samples are there; the GIL is released meanwhile.

        Parameters
        ----------
        destination : writable buffer, C-contiguous
            At any address, of at least ``allocation_size(...)`` bytes, same options; bytes behind
            those are left alone. Borrowed for this call only.
        plane_index : int
            The plane, of `format` if that is given: 0 if it is interleaved, else the channel.
        frame_offset : int, optional
            The first sample of each channel.
        frame_count : int, optional
            Samples of each channel; default: all from `frame_offset` on. 0 copies nothing.
        format : str, optional
            One of the eight sample formats; default: its own. Samples of the same type are moved
            unchanged. Others go through float32, negative ones scaled by the type's minimum and
            positive ones by its maximum, so that silence stays silence and both ends are reached;
            what is out of range becomes the nearest end, fractions are cut off, NaN becomes 0 (of
            s32 the minimum).

        Raises
        ------
        InvalidArgumentError
            An option is missing or unknown, or `destination` is no writable, contiguous buffer, or
            one whose items are neither samples of the format nor bytes.
        InvalidStateError
            It is closed.
        IndexError
            There is no such plane, or not so many samples, or `destination` is too short. Nothing
            has been written.
        NotSupportedError
            Its own format has no WebCodecs name and no `format` is given.
        """
        begins = type(frame_offset) is int and not frame_offset
        if begins and frame_count is None and format is None and is_index(plane_index):
            picture = self._picture
            if picture is None or not copy_at_once(destination, plane_index, self._sound, picture):
                copy_whole(destination, plane_index, self._opened)
            return
        copy_part(
            destination,
            partial(parse_options, plane_index, frame_offset, frame_count, format),
            self._opened,
        )

    @property
    def planes(self) -> tuple[memoryview, ...]:
        """The planes without a copy: read-only views of samples, shape (frames,), or (frames,
        channels) where they are interleaved. They keep the memory, also after `close`, but no
        decoder's slot.

        Raises
        ------
        InvalidStateError
            It is closed.
        NotSupportedError
            Its format has no WebCodecs name.
        """
        from ._sound_arrays import planes_of

        sound, picture = self._opened()
        return planes_of(picture, sound)

    def to_ndarray(self, format: AudioSampleFormat | None = None) -> npt.NDArray[Any]:
        """Return the samples as a numpy array of shape (frames, channels).

        Parameters
        ----------
        format : str or dtype, optional
            A sample format, of which only the type counts, or one of the dtypes uint8, int16, int32
            and float32. Default: float32, from -1 to 1.

        Returns
        -------
        numpy.ndarray
            By default a new one. If the type that it has is asked for by name, a read-only one,
            over its own memory where that is possible: where the samples are interleaved, or there
            is one channel, or the planes are equally far apart. It stays valid after `close`.

        Raises
        ------
        InvalidStateError
            It is closed.
        InvalidArgumentError
            `format` is none of those.
        """
        from ._sound_arrays import to_array

        sound, picture = self._opened()
        return to_array(picture, sound, format)

    def _opened(self) -> tuple[SoundPiece, Picture]:
        """Return what it is and its picture, which keeps the memory."""
        sound = self._sound
        return sound, self._open_picture()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        sound, picture = self._sound, self._picture
        if picture is None:
            raise self._cannot_copy()
        from ._pickling import reduce_sound

        return reduce_sound(self, picture, sound, self._timestamp, protocol)

    def __setstate__(self, state: Any) -> None:
        only_once(self, "_picture")
        self._picture = None
        self._warn = True
        self._place = None
        self._sound = CLOSED
        from ._pickling import restored_sound

        picture, self._sound, self._timestamp = restored_sound(state)
        self._picture = picture
        if FREES_LATE:
            picture.hold(self)

    def __repr__(self) -> str:
        sound = self._sound
        if sound is CLOSED:
            return f"<AudioData closed, timestamp={self._timestamp}>"
        name = sound.shape.format.name if sound.shape.format else "no WebCodecs format"
        return (
            f"<AudioData {name} {sound.frames}x{sound.channels} {sound.sample_rate:g} Hz, "
            f"timestamp={self._timestamp}>"
        )
