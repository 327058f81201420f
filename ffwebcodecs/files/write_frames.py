"""write_frames: frames from anywhere become a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .._public import public
from .._spec.frames.rect import Rect
from .._spec.types import (
    AlphaOption,
    ArrayLike,
    HardwareAcceleration,
    LatencyMode,
    MediaSource,
    MediaTarget,
)
from ..frames.audio_data import AudioData
from ..frames.video_frame import VideoFrame
from ._encoding_options import EncodingOptions
from ._fields import Fields
from ._output_options import OutputOptions
from ._sound_options import SoundOptions
from ._work import Work
from .segment_info import SegmentInfo
from .transcode_result import Progress, TranscodeResult, with_output

if TYPE_CHECKING:
    from ._given_sound import GivenSound


@public
def write_frames(
    frames: Iterable[VideoFrame],
    output: MediaTarget,
    *,
    audio: MediaSource | Iterable[AudioData] | tuple[ArrayLike, float] | None = None,
    audio_codec: str | None = None,
    audio_bitrate: int | str | None = None,
    codec: str | None = None,
    bitrate: int | str | None = None,
    quantizer: int | None = None,
    width: int | None = None,
    height: int | None = None,
    crop: Rect | Sequence[int] | Mapping[str, int] | None = None,
    framerate: float | None = None,
    format: str | None = None,
    alpha: AlphaOption | None = None,
    background: str | None = None,
    latency_mode: LatencyMode = "quality",
    hardware_acceleration: HardwareAcceleration = "no-preference",
    encoder_options: Mapping[str, object] | None = None,
    threads: int | None = None,
    metadata: Mapping[str, str] | None = None,
    on_progress: Progress | None = None,
    several_files: bool = False,
    fragmented: bool = False,
    fragment_duration: float | None = None,
    on_segment: Callable[[bytes, SegmentInfo], object] | None = None,
    atomic: bool = True,
) -> TranscodeResult:
    """Encode frames into a file: the other half of `read_frames`.

    Parameters
    ----------
    frames : iterable of VideoFrame
        In presentation order. Each is taken: it is closed when it has been encoded. A timestamp
        that repeats, or goes back by a tenth of a second at most, becomes one microsecond more than
        that of the frame before; one that goes back further is an error. So is it if three or more
        would be shown in an instant, less than 100 us each: then nobody counted, or in another
        unit. With `framerate`, frames that all have the same timestamp are numbered.
    output : path or writable binary file object, or None
        None: `on_segment` takes all of it.
    audio : path, iterable of AudioData, or (array, sample rate), optional
        The sound. Of a file, or a file object or bytes, the sound from its beginning, copied if the
        output's container holds it, else encoded. AudioData are taken as frames are: each is closed
        when it has been encoded, and is heard at its own timestamp, on the clock of the frames; the
        first one decides about rate and channels. An array has the shape (n,) or (n, channels),
        uint8, int16, int32 or floating point, and begins at 0. It ends where it ends, be that
        before the video or after it; without it the film is silent.
    audio_codec, audio_bitrate : optional
        As `audio` and `audio_bitrate` of `transcode`; default: by the output's suffix.
    codec, bitrate, quantizer, width, height, crop, framerate, format, alpha, background
        As for `transcode`.
    latency_mode, hardware_acceleration, encoder_options, threads, metadata, on_progress
        As for `transcode`.
    several_files, fragmented, fragment_duration, on_segment, atomic
        As for `transcode`.

    Returns
    -------
    TranscodeResult

    Raises
    ------
    InvalidArgumentError, NotSupportedError, EncodingError, DataError, OSError
        As `transcode`; there is no output then, and none of no frames. What was given out before,
        with `fragmented` or ``atomic=False``, is.

    Examples
    --------
    >>> write_frames(read_frames("clip.mp4", step=2), "fast.mp4")
    >>> write_frames(read_frames("clip.mp4"), "loud.mp4", audio="clip.mp4")
    """
    given = dict(locals())  # the signature is the list of options
    options = EncodingOptions.parse(output, given)
    heard = SoundOptions.parse(
        {"audio": "auto" if audio_codec is None else audio_codec, "audio_bitrate": audio_bitrate}
    )
    began = time.monotonic()
    with OutputOptions.of(given).open(output, metadata) as muxer:
        work = Work(muxer, options)
        work.on_progress = on_progress
        work.fields = Fields(muxer._losses, "what is written", None, of_frames=True)
        sound: GivenSound | None = None
        try:
            if audio is not None:
                from ._given_sound import GivenSound  # only here: it loads all of sound

                sound = GivenSound(muxer, audio, heard)
                work.before_frame = sound.write
            for frame in frames:
                work.take(frame)
            if sound is not None:
                sound.finish()
            work.finish()
        finally:
            work.writer.close()
            if sound is not None:
                sound.close()
    copied = () if sound is None else sound.copied
    told = {} if sound is None else {"encoded_streams": sound.encoded}
    return with_output(work.result(time.monotonic() - began, copied, told=told), output)
