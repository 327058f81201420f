"""What whole-file conversions share: their results, their options, what of a file goes along."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._av.files.demux import DemuxerCore
from .._spec.codecs.config import HARDWARE_ACCELERATION
from .._spec.encoders.strings import codec_for_suffix
from .._spec.numbers import show, to_dimension, to_integer, to_real
from ..errors import InvalidArgumentError
from ._frame_writer import EncodingOptions
from .muxer import Muxer

Progress = Callable[["TranscodeProgress"], object]


@dataclass(frozen=True)
class TranscodeProgress:
    """How far a conversion is.

    Attributes
    ----------
    frames : int
        Frames written.
    timestamp : int
        Microseconds into the output of the newest one.
    duration : int or None
        Microseconds of the whole, if the input says.
    """

    frames: int
    timestamp: int
    duration: int | None


@dataclass(frozen=True)
class TranscodeResult:
    """What a conversion did.

    Attributes
    ----------
    frames_read, frames_written : int
    codec : str or None
        The codec string of the output; None if no frame was written.
    encoder : str or None
        FFmpeg's name of the encoder.
    copied_streams : list of str
        Streams that were copied unchanged: ``"audio aac"``.
    dropped_streams : list of str
        Streams that were left out, and why.
    seconds : float
        Time it took.
    """

    frames_read: int
    frames_written: int
    codec: str | None
    encoder: str | None
    copied_streams: list[str]
    dropped_streams: list[str]
    seconds: float


def encoding_options(
    output: Any,
    *,
    codec: str | None,
    bitrate: int | None,
    quantizer: int | None,
    width: int | None,
    height: int | None,
    framerate: float | None,
    alpha: str,
    latency_mode: str,
    hardware_acceleration: str,
    encoder_options: Mapping[str, Any] | None,
    threads: int | None,
    format: str | None,
) -> EncodingOptions:
    """Check what can be checked before anything is opened."""
    if codec is not None and (not isinstance(codec, str) or not codec.strip()):
        raise InvalidArgumentError(f"codec must be a name or a codec string, got {show(codec)}")
    if bitrate is not None and quantizer is not None:
        raise InvalidArgumentError("give bitrate or quantizer, not both")
    if hardware_acceleration not in HARDWARE_ACCELERATION:
        raise InvalidArgumentError(
            f"hardware_acceleration must be one of {', '.join(HARDWARE_ACCELERATION)}, "
            f"got {show(hardware_acceleration)}"
        )
    rate = None if framerate is None else float(to_real(framerate, "framerate"))
    if rate is not None and not 0 < rate <= 1000:
        raise InvalidArgumentError(
            f"framerate is {rate:g}, it must be more than 0 and at most 1000"
        )
    number = None if threads is None else to_integer(threads, "threads")
    if number is not None and not 1 <= number <= 1024:
        raise InvalidArgumentError(f"threads is {number}, it must be from 1 to 1024")
    size = None
    if width is not None or height is not None:
        size = (
            None if width is None else to_dimension(width, "width"),
            None if height is None else to_dimension(height, "height"),
        )
    if codec is None:
        named = isinstance(output, (str, os.PathLike))
        suffix = os.path.splitext(os.fsdecode(os.fspath(output)))[1] if named else ""
        codec = codec_for_suffix(suffix if format is None else f".{format}")
    bits = None if bitrate is None else to_integer(bitrate, "bitrate")
    if bits is not None and bits < 1:
        raise InvalidArgumentError(f"bitrate is {bits}, it must be at least 1 bit per second")
    quality = None if quantizer is None else to_integer(quantizer, "quantizer")
    if quality is not None and quality < 0:
        raise InvalidArgumentError(f"quantizer is {quality}, it must be at least 0")
    return EncodingOptions(
        codec=codec,
        bitrate=bits,
        quantizer=quality,
        size=size,
        framerate=rate,
        alpha=alpha,
        latency_mode=latency_mode,
        hardware_acceleration=hardware_acceleration,
        encoder_options=encoder_options,
        threads=number,
    )


def refuse_same_file(input: Any, output: Any) -> None:
    """Raise InvalidArgumentError if both are the same file: it would be gone before it is read."""
    paths = (str, os.PathLike)
    if isinstance(input, paths) and isinstance(output, paths):
        try:
            same = os.path.samefile(input, output)
        except OSError:
            return
        if same:
            raise InvalidArgumentError(f"input and output are the same file: {os.fspath(output)!r}")


def copy_streams(demuxer: DemuxerCore, muxer: Muxer) -> tuple[list[str], list[str], dict[int, int]]:
    """Add the streams that are copied to a muxer; return those, the ones left out, and the number
    in the output of each.
    """
    copied: list[str] = []
    dropped: list[str] = []
    numbers: dict[int, int] = {}
    has_chapters = bool(demuxer.chapters)
    for stream in demuxer.others:
        if has_chapters and stream.names_chapters:
            continue  # the chapters are copied, and make it again
        name = f"{stream.kind} {stream.codec}"
        if muxer._can_hold(stream):
            numbers[stream.index] = muxer._add_copied_stream(stream)
            copied.append(name)
            continue
        dropped.append(name)
        warnings.warn(
            f"{muxer.format_name} cannot hold the {name} stream of {demuxer.shown}: it is left "
            "out (.mkv and .mp4 hold most; audio=False leaves it out without this warning)",
            UserWarning,
            stacklevel=3,
        )
    return copied, dropped, numbers


def copy_chapters(
    demuxer: DemuxerCore, muxer: Muxer, start: int | None = None, stop: int | None = None
) -> None:
    """Give the input's chapters between `start` and `stop` to a muxer, or warn."""
    first = start or 0
    chapters = [
        one._replace(
            start=max(one.start, first) - first,
            stop=(one.stop if stop is None else min(one.stop, stop)) - first,
        )
        for one in demuxer.chapters
        if (one.stop > first or one.start >= first) and (stop is None or one.start < stop)
    ]
    if chapters and not muxer._set_chapters(chapters):
        warnings.warn(
            f"{muxer.format_name} cannot hold the {len(chapters)} chapters of {demuxer.shown}: "
            "they are left out (.mkv, .webm, .mp4 and .mov hold them)",
            UserWarning,
            stacklevel=3,
        )


def content_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that belong to the content, not to the file that it came in."""
    about_file = ("major_brand", "minor_version", "compatible_brands", "encoder")
    return {key: value for key, value in tags.items() if key.lower() not in about_file}


def span(demuxer: DemuxerCore, start: int | None, stop: int | None) -> int | None:
    """Return how long the part between `start` and `stop` is, None if the file does not say."""
    whole = demuxer.info.duration
    if whole is None:
        return None if stop is None else stop - (start or 0)
    end = whole if stop is None else min(stop, whole)
    return max(0, end - (start or 0))
