"""remux: a file's streams in another container, without decoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .._public import public
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.numbers import show
from .._spec.types import DamageHandling, Integer, MediaSource, MediaTarget, Playlists
from ..errors import InvalidArgumentError
from ._conversion import Metadata
from ._remuxing import Remuxing
from .segment_info import SegmentInfo
from .transcode_result import Progress, TranscodeResult, with_output


@public
def remux(
    input: MediaSource,
    output: MediaTarget,
    *,
    start: Integer | None = None,
    stop: Integer | None = None,
    exact: bool = False,
    keep_start: bool = False,
    audio: bool = True,
    subtitles: bool = True,
    format: str | None = None,
    metadata: Metadata = None,
    on_progress: Progress | None = None,
    several_files: bool = False,
    fragmented: bool = False,
    fragment_duration: float | None = None,
    on_segment: Callable[[bytes, SegmentInfo], object] | None = None,
    atomic: bool = True,
    errors: DamageHandling = "raise",
    strict: bool = False,
    input_format: str | None = None,
    input_options: Mapping[str, object] | None = None,
    playlists: bool | Playlists | None = None,
    max_pixels: int | None = MAX_PIXELS,
    timeout: float | None = None,
    stream: int | None = None,
    require_all: bool = False,
) -> TranscodeResult:
    """Put a file's streams into another container, without decoding: every packet stays as it is,
    but subtitles of text that the output holds in another format only.

    An output for sound (.m4a, .mp3, .aac, .opus, .ogg, .flac, .wav, .ac3, .mka ...) gets the sound
    and the cover, and no video. The input needs no video either. One for
    subtitles (.srt, .vtt, .ass) gets these alone.

    Parameters
    ----------
    input : path, bytes-like or binary file object
    output : path or writable binary file object, or None
        None: `on_segment` takes all of it.
    start, stop : int, optional
        Microseconds from the film's beginning. The output, whose times begin at 0, begins with the
        last key frame at or before `start`, and all streams begin there with it. It ends with the
        last picture before `stop`, or one after it that others need. A UserWarning says by how
        much that differs, and so do `begins_earlier` and `ends_later` of the result. Sound without
        video begins at `start`.
    exact : bool, optional
        True: the video has the very frames from `start` to before `stop`. Whole groups are copied;
        the frames at the borders are encoded, by libx264 or libx265 and as the stream is, and
        `encoded_frames` of the result says how many. Without a group between the borders that is
        all of them. H.264 and HEVC in MP4, MOV, MKV and MPEG-TS; others only where the borders are
        at key frames. The input is read several times, so it is a
        file or bytes. `transcode` cuts anything exactly.
    keep_start, audio, subtitles, format, metadata, on_progress, several_files
    fragmented, fragment_duration, on_segment, atomic
    input_format, input_options, playlists, max_pixels, timeout, stream, require_all
        As for `transcode`.
    errors : {"raise", "skip"}, optional
        "skip" reads on behind what of the input cannot be read. Packets are not looked into.
    strict : bool, optional
        True: an input that ends before it should by what its own index or header says is an
        EncodingError, instead of a UserWarning; so is a packet that is damaged, or that the output
        cannot hold, which is left out otherwise.

    Returns
    -------
    TranscodeResult
        Its frames are packets of the video; 0 of a file for sound.

    Raises
    ------
    InvalidArgumentError, NotSupportedError, EncodingError, OSError, TimeoutError
        As `transcode`, and if nothing lies between `start` and `stop`; there is no output then.

    Examples
    --------
    >>> remux("clip.mp4", "sound.m4a")
    >>> remux("clip.mp4", "part.mp4", start=60_000_000, stop=90_000_000)
    """
    given = dict(locals())  # the signature is the list of options
    if isinstance(given["audio"], str):
        raise InvalidArgumentError(
            f"audio is True or False: remux encodes nothing, transcode(audio={show(audio)}) does"
        )
    return with_output(Remuxing(input, output, given).run(), output)
