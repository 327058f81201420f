"""read_frames: frames for scripts, decoded on demand in the calling thread."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, overload

from .._av.files.frame_run import FrameRun
from .._public import public
from .._spec.codecs.config import HARDWARE_ACCELERATION, VideoDecoderConfig, VideoDecoderConfigInit
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.frames.formats import BY_FFMPEG, FORMATS
from .._spec.numbers import show, to_flag, to_int64, to_integer
from .._spec.texts import attribute, is_path
from .._spec.types import (
    DamageHandling,
    HardwareAcceleration,
    Integer,
    Playlists,
    ScaleFilter,
    VideoPixelFormat,
)
from ..codecs._decoding import Pictures, open_decoder
from ..errors import InvalidArgumentError
from ..frames.video_frame import VideoFrame
from ._damage import Damage
from ._frame_loop import decoded
from ._held_picture import held_picture
from ._input_options import ColorSpace, adapted, parse_opening
from ._onwards import Onwards
from ._open import open_for_decoding
from ._reading import (
    frames_of,
    packets_further_back,
    packets_of,
    packets_of_chunks,
)
from ._seeking import decoded_from
from .frame_reader import FrameReader

if TYPE_CHECKING:
    from typing import TypeAlias

    from typing_extensions import Unpack

    from .._spec.types import MediaSource
    from ..codecs.encoded_video_chunk import EncodedVideoChunk
    from ..frames._pixel_conversion import PixelConversion
    from ._keywords import ReadKeywords
    from ._open import DecodedFile
    from .demuxer import Demuxer
    from .live_frames import LiveFrames

    FrameSource: TypeAlias = MediaSource | Demuxer | Iterable[EncodedVideoChunk]
else:
    FrameSource = object  # nobody who reads annotations has a Demuxer imported


@overload
def read_frames(
    source: FrameSource,
    config: VideoDecoderConfig | VideoDecoderConfigInit | None = None,
    *,
    live: Literal[False] = False,
    **options: Unpack[ReadKeywords],
) -> FrameReader: ...
@overload
def read_frames(
    source: FrameSource,
    config: VideoDecoderConfig | VideoDecoderConfigInit | None = None,
    *,
    live: Literal[True],
    **options: Unpack[ReadKeywords],
) -> LiveFrames: ...
@overload
def read_frames(
    source: FrameSource,
    config: VideoDecoderConfig | VideoDecoderConfigInit | None = None,
    *,
    live: bool,
    **options: Unpack[ReadKeywords],
) -> FrameReader: ...
@public
def read_frames(
    source: FrameSource,
    config: VideoDecoderConfig | VideoDecoderConfigInit | None = None,
    *,
    start: Integer | None = None,
    stop: Integer | None = None,
    step: int = 1,
    hardware_acceleration: HardwareAcceleration = "no-preference",
    threads: int | None = None,
    errors: DamageHandling = "raise",
    strict: bool = False,
    format: str | None = None,
    options: Mapping[str, object] | None = None,
    playlists: bool | Playlists | None = None,
    max_pixels: int | None = MAX_PIXELS,
    timeout: float | None = None,
    stream: int | None = None,
    upright: bool = False,
    deinterlace: bool = False,
    color_space: ColorSpace | None = None,
    live: bool = False,
    pixel_format: VideoPixelFormat | None = None,
    width: int | None = None,
    height: int | None = None,
    filter: ScaleFilter = "bilinear",
    exact: bool = False,
) -> FrameReader:
    """Read the frames of a file, or of chunks, in presentation order.

    There is no worker and no pool: each step decodes what it takes to give one frame. A frame
    belongs to you; one that a ``for`` loop just drops is freed at once, without a warning.

    Parameters
    ----------
    source : path, bytes-like, binary file object, Demuxer, or iterable of EncodedVideoChunk
        A Demuxer is read on from where it is, and stays open: after a loop that was broken off, or
        that ended at `stop`, the next call gives the next frame, from the decoder that is kept for
        that, whatever its `threads` and hardware. Another `config` begins anew at that place, for
        which the input must be one that can seek. Chunks need a `config`.
    config : VideoDecoderConfig or mapping, optional
        Default: the file's own.
    start, stop : int, optional
        Microseconds: only frames with ``start <= timestamp < stop``, and all of them. Files are not
        decoded from the beginning for it, unless nothing less gives them.
    step : int, optional
        Give every `step`-th frame only.
    hardware_acceleration : {"no-preference", "prefer-hardware", "prefer-software"}, optional
        Overrides the configuration's, unless it is "no-preference". Where hardware was preferred
        and cannot be had, a line in the log of ``ffwebcodecs`` says why.
    threads : int, optional
        FFmpeg's decoding threads; default: the configuration's, else one for each core that this
        process may use. No more than that convert a large frame, and with 1 all is done in the
        calling thread.
    errors : {"raise", "skip"}, optional
        What to do about damage: "skip" goes on at the next key frame, and behind what of the file
        cannot be read. A UserWarning at the end says how much was skipped, where, and why.
        Damage that the decoder would conceal counts as well.
    strict : bool, optional
        True: it is an EncodingError, after the last frame, if a file ends before it should by what
        its own index or header says, which is a UserWarning otherwise; and at once if the decoder
        would conceal damage, unless `errors` is "skip".
    format, options, playlists, timeout, stream
        Of the file, as for `Demuxer`.
    deinterlace : bool, optional
        Make whole pictures of interlaced ones, as `transcode` does; not of a Demuxer's, which may
        be left in the middle.
    max_pixels : int, optional
        The largest picture that is read, width times height; None: no limit. It replaces that of
        the configuration or the Demuxer, unless it is the default.
    upright : bool, optional
        Turn pixels as the file, or the picture itself, says that they are to be shown; frames have
        no `rotation` then (`VideoFrame.upright`). Default: pixels as they are stored.
    color_space : VideoColorSpace or mapping, optional
        As for `Demuxer`; it replaces what `config` says, too.
    live : bool, optional
        For what comes as it is made, a camera or a broadcast, from a pipe or the network. The first
        frame comes as soon as there is enough of it; decoding goes on while the program is busy,
        and drops the oldest frames when that is late: what is returned is a `LiveFrames`, which
        counts them. No frame is held back by threads, unless `threads` says how many there are. See
        docs/streams.md.
    pixel_format : str, optional
        Convert frames to this VideoPixelFormat, or to ``"RGB"``, ``"BGR"``, ``"GRAY8"``, or
        ``"RGB48"``, ``"RGBA64"``, ``"GRAY16"``; RGB is sRGB. Default: the pixels that there are.
    width, height : int, optional
        Scale frames to this size in pixels, without regard to the shape that they are shown in; of
        one alone, the other follows from that. They are those of the stored picture, unless
        `upright` turns it. The display size is the same then.
    filter : {"bilinear", "bicubic", "area", "lanczos"}, optional
        How frames are scaled; all of them weigh every pixel when they make smaller.
    exact : bool, optional
        Of the conversion, as for `VideoFrame.copy_to`.

    Returns
    -------
    FrameReader
        An iterator over VideoFrame, with ``with`` and `close`; a loop that is left needs neither.
        What is converted has memory of its own, the time and the orientation of what was decoded,
        and nothing left to convert: `to_ndarray` copies it, and `planes` shows it. The next frame
        of a path or of bytes may be decoded meanwhile, where the decoder has no threads.

    Raises
    ------
    EncodingError
        The data is damaged. All frames of chunks before that have been yielded, none of a chunk
        after it; ``timestamp`` of the error is that of the chunk. Or there are chunks, and no frame
        came of them.
    NotSupportedError
        This FFmpeg cannot decode it, or there is no video in the file; or libswscale cannot do the
        conversion.
    InvalidArgumentError
        A parameter is out of range.
    OSError
        The file cannot be opened.
    TimeoutError
        A pipe or the network gave nothing for longer than `timeout`.
    InvalidStateError
        The frames, or the Demuxer, were closed by another thread meanwhile.

    Examples
    --------
    >>> for frame in read_frames("clip.mp4", start=1_000_000, step=25):
    ...     with frame:
    ...         print(frame.timestamp, frame.to_ndarray().mean())
    """
    first = None if start is None else to_int64(start, "start")
    last = None if stop is None else to_int64(stop, "stop")
    stride, count = _numbers(step, threads, hardware_acceleration)
    turns = to_flag(upright, "upright")
    how = _conversion(pixel_format, width, height, filter, exact, count, turns)
    _refuse_pixels(format)
    opening = parse_opening(
        format, options, playlists, max_pixels, timeout, stream=stream, color_space=color_space
    )
    parsed = None if config is None else VideoDecoderConfig.parse(config)
    whole = _whole_pictures(deinterlace, source)
    opening.live = _is_live(live, source)
    damage = Damage(errors, strict)
    span, turns = (first, last, stride), turns and how is None
    if _is_demuxer(source):
        _require_stream(opening.stream, source.stream)
        parsed = adapted(parsed or VideoDecoderConfig.parse(source.video_config), opening)
        damage.shown = source._core.shown
        onwards = _onwards(source, parsed, damage, count, hardware_acceleration, span, turns)
        return FrameReader._of(_made_over(onwards, how), damage.shown)
    if isinstance(source, Iterable) and not _is_file(source):
        parsed = _require_chunks(source, parsed)
        _require_stream(opening.stream, None)
        parsed = adapted(parsed, opening)
        given = _of_chunks(source, parsed, damage, count, hardware_acceleration, span, turns, whole)
        return FrameReader._of(_made_over(given, how), damage.shown)
    file = open_for_decoding(
        source,
        parsed,
        opening,
        threads=count,
        hardware_acceleration=hardware_acceleration,
        explode=damage.explode,
    )
    damage.shown = file.demuxer.shown
    box: list[Any] = []
    skipping = damage if damage.skips else None
    # The picture before the first one is a part of that, if its fields are joined.
    begin = first if whole is None or first is None else first - 1
    packets = packets_of(file.demuxer, begin, damage=skipping)
    further_back = partial(packets_further_back, file.demuxer, None, skipping)
    run = None
    if whole is None and not opening.live:
        run = FrameRun(file.demuxer, file.decoder, None, first, last)
    steps = decoded_from(
        begin, packets, further_back, file.decoder, box, damage, file.demuxer, run=run
    )
    steps = steps if whole is None else whole(steps, box)
    behind = how is not None and not opening.live and _is_worth_a_thread(source, file, count)
    # Warnings are the caller's thread's.
    close = partial(_close, file.close, None if behind else damage)
    lasting = file.demuxer.foresee(held_picture(file.demuxer))
    frames = frames_of(steps, box, file.shapes, close, *span, lasting, damage.careful, turns=turns)
    shown, interrupt, warn = file.demuxer.shown, file.demuxer.interrupt, damage.warn
    if opening.live:
        from .live_frames import LiveFrames

        reader = FrameReader._of(frames, shown, interrupt, file.close)
        return LiveFrames._live(reader, interrupt, how)
    frames = _made_over(frames, how, behind, interrupt, warn)
    return FrameReader._of(frames, shown, interrupt, file.close)


def _conversion(
    pixel_format: object,
    width: object,
    height: object,
    filter: object,
    exact: object,
    threads: int | None,
    turns: bool,
) -> PixelConversion | None:
    """Return what is to become of the pixels, checked; None if they stay as they are."""
    if pixel_format is width is height is None and filter == "bilinear" and exact is False:
        return None
    from ._converted_frames import parse_conversion

    return parse_conversion(pixel_format, width, height, filter, exact, threads, turns)


def _refuse_pixels(format: object) -> None:
    """Raise InvalidArgumentError for the name of pixels where that of a container is to be."""
    if not isinstance(format, str):
        return
    name = format.strip()
    found = FORMATS.get(name.upper()) or BY_FFMPEG.get(name.lower())
    if found is not None:
        raise InvalidArgumentError(
            f"format is the container's, and {show(format)} is one of pixels: "
            f'give pixel_format="{found.name}"'
        )


def _is_worth_a_thread(source: object, file: DecodedFile, threads: int | None) -> bool:
    """Whether frames are decoded on another thread than they are converted on: where that gains
    something, and nothing of the program's would be called there.
    """
    if attribute(source, "read") is not None:
        return False
    from ._overlap import gains_by_overlap

    return gains_by_overlap(file.decoder, file.config.threads if threads is None else threads)


def _made_over(
    frames: Generator[VideoFrame],
    how: PixelConversion | None,
    behind: bool = False,
    interrupt: Callable[[], object] | None = None,
    end: Callable[[], object] | None = None,
) -> Generator[VideoFrame]:
    """Return frames converted, if they are to be; `behind`, and then: see `converted_behind`."""
    if how is None:
        return frames
    from ._converted_frames import converted, converted_behind

    return converted_behind(frames, how, interrupt, end) if behind else converted(frames, how)


def _numbers(step: object, threads: object, preference: object) -> tuple[int, int | None]:
    """Return step and threads, all checked."""
    stride = to_integer(step, "step")
    if stride < 1:
        raise InvalidArgumentError(f"step is {stride}, it must be at least 1")
    if preference not in HARDWARE_ACCELERATION:
        raise InvalidArgumentError(
            f"hardware_acceleration must be one of {', '.join(HARDWARE_ACCELERATION)}, "
            f"got {show(preference)}"
        )
    count = None if threads is None else to_integer(threads, "threads")
    if count is not None and not 1 <= count <= 1024:
        raise InvalidArgumentError(f"threads is {count}, it must be from 1 to 1024")
    return stride, count


def _onwards(
    source: Demuxer,
    config: VideoDecoderConfig,
    damage: Damage,
    threads: int | None,
    preference: str,
    span: tuple[int | None, int | None, int],
    turns: bool,
) -> Generator[VideoFrame]:
    open_it = partial(
        open_decoder, config, threads=threads, preference=preference, explode=damage.explode
    )
    kept = source._decode(config, damage, open_it, span[0])
    damage = kept.damage
    onwards = Onwards(source, config, damage, open_it)
    close = partial(_close, onwards.close, damage)
    return frames_of(
        *(onwards, onwards.box, kept.shapes, close, *span, onwards.lasting, damage.careful),
        turns=turns,
    )


def _of_chunks(
    source: Iterable[Any],
    config: VideoDecoderConfig,
    damage: Damage,
    threads: int | None,
    preference: str,
    span: tuple[int | None, int | None, int],
    turns: bool,
    whole: Callable[[Iterator[None], list[Any]], Iterator[None]] | None,
) -> Generator[VideoFrame]:
    packets = packets_of_chunks(source, Pictures(config), damage)
    core, shapes = open_decoder(
        config, threads=threads, preference=preference, explode=damage.explode
    )
    damage.shown = "the stream"
    box: list[Any] = []
    steps = decoded(packets, core, box, damage)
    steps = steps if whole is None else whole(steps, box)
    close = partial(_close, core.close, damage)
    return frames_of(steps, box, shapes, close, *span, careful=damage.careful, turns=turns)


def _whole_pictures(
    deinterlace: object, source: object
) -> Callable[[Iterator[None], list[Any]], Iterator[None]] | None:
    """Return what is to be done with the steps that put native frames into a box, if anything."""
    if not to_flag(deinterlace, "deinterlace"):
        return None
    if _is_demuxer(source):
        raise InvalidArgumentError(
            "deinterlace looks ahead, and a Demuxer may be left in the middle: give the file itself"
        )
    from ._fields import parse_deinterlace, whole_pictures

    parse_deinterlace(deinterlace)
    return whole_pictures


def _is_live(live: object, source: object) -> bool:
    if not to_flag(live, "live"):
        return False
    if _is_demuxer(source) or (isinstance(source, Iterable) and not _is_file(source)):
        raise InvalidArgumentError(
            "live reads on while the program is busy, which a Demuxer or chunks do not: give the "
            "path, URL or file object itself"
        )
    return True


def _is_demuxer(source: object) -> TypeGuard[Demuxer]:
    """Tell whether it is one: where nobody has imported that class, nothing is."""
    module = sys.modules.get(f"{__package__}.demuxer")
    return module is not None and isinstance(source, module.Demuxer)


def _close(close: Callable[[], object], damage: Damage | None) -> None:
    try:
        close()
    finally:
        if damage is not None:
            damage.warn()


def _require_chunks(source: Iterable[Any], config: VideoDecoderConfig | None) -> VideoDecoderConfig:
    """Return the configuration, which chunks need."""
    if isinstance(source, (list, tuple)) and source and is_path(source[0]):
        raise InvalidArgumentError(
            f"read_frames reads one file, got {len(source)} names: call it for each, as in "
            "(frame for name in names for frame in read_frames(name))"
        )
    if config is None:
        raise InvalidArgumentError("chunks need a config: read_frames(chunks, config)")
    return config


def _require_stream(wanted: int | None, read: int | None) -> None:
    if wanted not in (None, read):
        have = "chunks are of one stream" if read is None else f"the Demuxer reads stream {read}"
        raise InvalidArgumentError(
            f"stream is {wanted}, but {have}: use Demuxer(..., stream={wanted})"
        )


def _is_file(source: object) -> bool:
    """Whether `source` is opened, not iterated: paths, bytes and file objects can be iterated as
    well.
    """
    if (
        isinstance(source, (str, bytes, bytearray, memoryview))
        or is_path(source)
        or attribute(source, "read") is not None
    ):
        return True
    try:
        memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        return False
    except Exception:
        return True  # a buffer that is closed: opening it says so
    return True
