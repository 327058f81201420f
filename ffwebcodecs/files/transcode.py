"""transcode: whole files in, whole files out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .._public import public
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.frames.color_space import VideoColorSpace
from .._spec.frames.rect import Rect
from .._spec.types import (
    AlphaOption,
    DamageHandling,
    HardwareAcceleration,
    Integer,
    LatencyMode,
    MediaSource,
    MediaTarget,
    Playlists,
    VideoColorSpaceInit,
)
from ._conversion import Metadata
from ._sound_options import MapAudio

if TYPE_CHECKING:
    from concurrent.futures import Executor
else:
    Executor = object  # importing it takes milliseconds
from ._sound_run import SoundRun, is_for_sound
from ._transcoding import Transcoding
from ._work import MapFrame
from .segment_info import SegmentInfo
from .transcode_result import Progress, TranscodeResult, with_output


@public
def transcode(
    input: MediaSource,
    output: MediaTarget,
    *,
    codec: str | None = None,
    map_frame: MapFrame | None = None,
    bitrate: int | str | None = None,
    quantizer: int | None = None,
    width: int | None = None,
    height: int | None = None,
    crop: Rect | Sequence[int] | Mapping[str, int] | None = None,
    deinterlace: bool | None = None,
    framerate: float | None = None,
    start: Integer | None = None,
    stop: Integer | None = None,
    keep_start: bool = False,
    audio: bool | str = "auto",
    audio_bitrate: int | str | None = None,
    sample_rate: int | None = None,
    channels: int | None = None,
    audio_stream: int | None = None,
    map_audio: MapAudio | None = None,
    subtitles: bool = True,
    format: str | None = None,
    alpha: AlphaOption | None = None,
    background: str | None = None,
    latency_mode: LatencyMode = "quality",
    hardware_acceleration: HardwareAcceleration = "no-preference",
    encoder_options: Mapping[str, object] | None = None,
    threads: int | None = None,
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
    color_space: VideoColorSpace | VideoColorSpaceInit | None = None,
    require_all: bool = False,
    executor: Executor | int | None = None,
    part_seconds: float = 20.0,
    split_bitrate: bool = False,
) -> TranscodeResult:
    """Convert a video file into another one.

    Sound is copied where the output's container holds it, and encoded anew where not; subtitles too
    become what the container holds. What it cannot hold is left out with a warning. Rotation,
    colours, pixel aspect ratio and timestamps are kept; pixels are turned where the container
    cannot hold a rotation, or players pass over it. The output appears under its name when it is
    complete. An output for sound (.m4a, .mp3, .opus, .ogg, .flac, .wav, .mka ...) gets the sound
    and the cover, and no video. An input without video, or with a cover for one, gives the sound
    alone in containers for films too.

    Parameters
    ----------
    input : path, bytes-like or binary file object
    output : path or writable binary file object, or None
        None: `on_segment` takes all of it.
    codec : str, optional
        ``"h264"``, ``"hevc"``, ``"vp8"``, ``"vp9"``, ``"av1"``, a WebCodecs codec string, or
        ``"ffmpeg:NAME"``; default: what is usual for the output's suffix.
    map_frame : callable, optional
        Called with each VideoFrame, in the calling thread, or with an `executor` in its workers,
        which it is pickled for; returns it, another frame, or None to
        drop it. Frames are closed for you. The first frame returned decides the size. Their
        timestamps are on the clock of `start` and `stop`; each is shown at its own. One that
        repeats, or goes back by a tenth of a second at most, becomes a microsecond more than that
        of the frame before; one that goes back further is a DataError, as are frames that would
        all be shown in an instant.
    bitrate : int or str, optional
        Bits per second, as a number or as ``"2M"`` or ``"800k"``; default: the encoder's usual
        quality.
    quantizer : int, optional
        Constant quality instead of a bitrate, where the encoder has it; lower is better: 0 to 51
        for H.264 and HEVC, 0 to 63 for VP8, VP9 and AV1, 1 to 31 for MPEG-4 and its like.
    width, height : int, optional
        Scale the picture, as it is shown, to this size; one alone keeps the shape.
    crop : Rect or (x, y, width, height), optional
        The part of each picture that is converted, in pixels of the picture as it is turned when
        shown, before it is scaled. `map_frame` gets it. Nothing is copied for it, so x and y must
        be multiples of what the pixel format has chroma for: 2 for 4:2:0.
    deinterlace : bool, optional
        True: make whole pictures of interlaced ones, each at its own time, with libavfilter's bwdif
        (or yadif); others pass as they are. False: encode them as they are. Default: as False, and
        a UserWarning and an entry of `TranscodeResult.lost` tell of interlaced ones.
    framerate : float, optional
        Frames per second, evenly; default: every frame at its own time. Frames that all have the
        same timestamp, three of them or more, or two and no others, are shown one each step.
    start, stop : int, optional
        Microseconds from the film's beginning: frames with ``start <= time < stop``, and what else
        lies between; the output begins at 0 if `start` is given. The clocks of MPEG-TS, MPEG-PS,
        FLV, RTP and HLS began long before the film: it begins with the first of all streams there.
        In other containers it begins at 0 of their clock. `read_frames` gives the file's own
        timestamps.
    keep_start : bool, optional
        True: the output keeps the input's own timestamps where they began before the film, unless
        `start` is given, and `start` and `stop` are counted on them; default: the film begins at 0.
    audio : bool or str, optional
        What becomes of the sound. "auto", or True: each stream is copied where the container holds
        it and players expect it there, else encoded: AAC in MP4, MOV and MPEG-TS, Opus in WebM,
        MKV and Ogg, MP3 in AVI. "copy": what the container cannot hold is left out with a warning.
        A codec, which all streams are encoded to: "aac", "opus", "flac", "mp3", "vorbis", "alac",
        "ac3", "eac3", "mp2", "pcm", a WebCodecs codec string, or ``"ffmpeg:NAME"``. False: video
        only, neither sound nor subtitles nor anything else. Sound is cut to the sample; what is
        copied too, where the container hides what a decoder needs before the part (MP4, MOV and
        M4A; Opus in Matroska, WebM and Ogg; MP3; samples as they are). Elsewhere "auto" encodes it
        if that is exact then, and what is copied begins and ends with its packets, which a
        UserWarning says. In what is encoded gaps are silent, and sound that begins late has silence
        before it.
    audio_bitrate : int or str, optional
        Bits per second of each stream of sound, as `bitrate`; default: by codec and channels. This
        and the next two have all sound encoded.
    sample_rate : int, optional
        Hertz; default: the input's, or the next that the codec has.
    channels : int, optional
        1: mono, 2: stereo ...; more are mixed. Default: the input's. Where the codec has fewer, a
        warning and an entry of `TranscodeResult.lost` tell of it.
    audio_stream : int, optional
        Index of the one stream of sound that is wanted, as in `Demuxer.streams`; default: all.
    map_audio : callable, optional
        Called with each AudioData, decoded and cut, in the calling thread; returns it, another one,
        or None to drop it: there is silence then. They are closed for you. Their timestamps are on
        the clock of `start` and `stop`; each is heard at its own, to half a millisecond. One that
        goes back into what was heard before loses what overlaps; by more than a tenth of a second
        is a DataError. The first one returned decides about rate and channels, if `sample_rate`
        and `channels` do not; others are converted.
    subtitles : bool, optional
        False: without the subtitle streams; fonts that are attached for them stay.
    format : str, optional
        Of the container, as for `Muxer`; default: by suffix.
    alpha : {"keep", "discard"}, optional
        "keep": keep the alpha channel, or refuse where the codec has none. "discard": take the
        colours as they are, whatever their alpha. Default: GIF, APNG, WebP and codecs that pictures
        are kept in (FFV1, PNG, ProRes ...) keep it; others show transparent pictures on
        `background`, with a UserWarning and an entry of `TranscodeResult.lost`.
    background : str, optional
        What is seen through transparent pictures where alpha is not kept: ``"#RRGGBB"`` or the name
        of a colour. Default: white, as behind pictures on a page.
    latency_mode : {"quality", "realtime"}, optional
    hardware_acceleration : {"no-preference", "prefer-hardware", "prefer-software"}, optional
        For decoding and encoding.
    encoder_options : mapping, optional
        FFmpeg's options of the encoder, such as ``{"preset": "veryfast"}``.
    threads : int, optional
        FFmpeg's threads, for decoder and encoder each; default: one for each core, or one alone in
        each worker of an `executor`.
    metadata : mapping of str to str, or callable, optional
        All tags of the output; default: the input's. A function is called with the input's as a
        dictionary, and returns the output's: ``lambda tags: {**tags, "title": "Home"}``.
    on_progress : callable, optional
        Called with a TranscodeProgress after each frame.
    several_files : bool, optional
        As for `Muxer`.
    fragmented : bool, optional
        True: the output is made of fragments (MP4, MOV) or clusters (MKV, WebM), and a file object
        or a pipe gets each as soon as it is complete, as it gets the packets of MPEG-TS and raw
        streams. What is refused before the work begins gives no byte; if it fails later, they keep
        what they got. Default: they get the finished bytes at the end.
    fragment_duration : float, optional
        Seconds of a fragment. Video that is encoded gets a key frame at the beginning of each.
        Default: a fragment for each group of pictures, which encoders like to make 250 long.
    on_segment : callable, optional
        Called with the bytes of each fragment and its SegmentInfo, in the calling thread, as by
        `Muxer`; what it raises ends the conversion.
    atomic : bool, optional
        False: a path is written under its name from the beginning, and stays there if it fails.
        Default: it appears under its name when it is complete.
    errors : {"raise", "skip"}, optional
        What to do about damage of the input's video: "skip" goes on at the next key frame, as
        `read_frames` does. A UserWarning and the result say what was skipped, by the file's own
        timestamps.
    strict : bool, optional
        True: an input that ends before it should by what its own index or header says is an
        EncodingError, instead of a UserWarning; so is a damaged packet of a stream that is copied,
        which is left out otherwise, and damage that the decoder would conceal, unless `errors` is
        "skip".
    input_format, input_options, playlists, max_pixels, timeout
        Of the input, as `format`, `options` and so on of `Demuxer`.
    stream : int, optional
        Index of the video stream that is converted, as in `Demuxer.streams`; default: the best one,
        not the cover. The others are copied, or left out.
    color_space : VideoColorSpace or mapping, optional
        What the input's colours are, as for `Demuxer`.
    require_all : bool, optional
        True: whatever the output would lack of the input is a NotSupportedError, instead of a
        UserWarning and an entry of `TranscodeResult.lost`; there is no output then.
    executor : concurrent.futures.Executor or int, optional
        Who decodes and encodes the video, in parts that begin with key frames of the input: a pool
        of processes or threads, Dask's ``client.get_executor()``, or how many processes to start
        for it. The input is a path or URL that each worker opens itself. Frames, times and sound
        are the same as without it; each part begins with a key frame. What cannot be divided is
        done here: GIF, APNG and WebP, and an input with one key frame. See docs/scaling.md.
    part_seconds : float, optional
        About how long the parts are, in seconds of the film.
    split_bitrate : bool, optional
        True: each part gets the `bitrate`, whatever is in it. Else a bitrate is refused together
        with an `executor`: constant quality is the same in parts.

    Returns
    -------
    TranscodeResult

    Raises
    ------
    InvalidArgumentError
        A parameter is out of range, or `map_frame` or `map_audio` returned something else. Nothing
        is left.
    NotSupportedError
        This FFmpeg cannot decode or encode it, or the container cannot hold it.
    FFmpegLoadError
        `deinterlace` is True, and there is no libavfilter; says what to install.
    EncodingError
        The input is damaged, or gives no frame: none lies between `start` and `stop`, or
        `map_frame` has dropped all. There is no output then.
    DataError
        Timestamps go back. There is no output then.
    OSError
        A file cannot be read or written.
    TimeoutError
        A pipe or the network gave nothing for longer than `timeout`. There is no output then.

    Examples
    --------
    >>> transcode("clip.mov", "small.mp4", height=360, encoder_options={"preset": "fast"})
    """
    given = dict(locals())  # the signature is the list of options
    if is_for_sound(output, given):
        return with_output(SoundRun(input, output, given).run(), output)
    if executor is None:
        return with_output(Transcoding(input, output, given).run(), output)
    from ._parts_transcoding import PartsTranscoding  # here: most have one process

    return with_output(PartsTranscoding(input, output, given).run(), output)
