"""remux: a file's streams in another container, without decoding."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._public import public
from .._spec.codecs.picture_limit import MAX_PIXELS
from ._clock import FilmClock
from ._conversion import (
    Metadata,
    copy_chapters,
    copy_streams,
    late_streams,
    output_tags,
    refuse_same_file,
)
from ._conversion_options import ConversionOptions
from ._input_options import parse_opening
from ._labels import lost_tags, original_of
from ._open import open_file
from ._reading import chunk_of, kept_packets
from .muxer import Muxer
from .transcode_result import Progress, TranscodeProgress, TranscodeResult


@public
def remux(
    input: Any,
    output: Any,
    *,
    keep_start: bool = False,
    audio: bool = True,
    subtitles: bool = True,
    format: str | None = None,
    metadata: Metadata = None,
    on_progress: Progress | None = None,
    several_files: bool = False,
    errors: str = "raise",
    strict: bool = False,
    input_format: str | None = None,
    input_options: Mapping[str, Any] | None = None,
    playlists: bool | str | None = None,
    max_pixels: int | None = MAX_PIXELS,
    timeout: float | None = None,
    stream: int | None = None,
    require_all: bool = False,
) -> TranscodeResult:
    """Put a file's streams into another container, without decoding: every packet stays as it is.

    Parameters
    ----------
    input : path, bytes-like or binary file object
    output : path or writable binary file object
    keep_start, audio, subtitles, format, metadata, on_progress, several_files
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
        Its frames are packets of the video.

    Raises
    ------
    InvalidArgumentError, NotSupportedError, EncodingError, OSError, TimeoutError
        As `transcode`; there is no output then.
    """
    began = time.monotonic()
    options = ConversionOptions.parse(locals())  # the signature is their list
    opening = parse_opening(
        input_format,
        input_options,
        playlists,
        max_pixels,
        timeout,
        prefix="input_",
        stream=stream,
    )
    damage, losses = options.damage(), options.losses()
    refuse_same_file(input, output)
    file = open_file(input, opening=opening, all_streams=options.audio)
    demuxer, config = file.demuxer, file.config
    damage.shown = demuxer.shown
    count = 0
    try:
        tags = output_tags(demuxer.tags, metadata)
        with Muxer(output, format=format, metadata=tags, several_files=several_files) as muxer:
            muxer._losses = losses
            muxer._refused = refused = options.refused_packets(losses, demuxer.shown)
            refused.names[0] = f"video {demuxer.info.codec}"
            lost_tags(tags, muxer._container, demuxer.shown, losses)
            muxer._original = original_of(demuxer)
            copied, dropped, numbers = copy_streams(
                demuxer, muxer, losses, options.subtitles, demuxer.info.codec
            )
            copy_chapters(demuxer, muxer, losses)
            losses.check()
            clock = FilmClock(demuxer, None, None, options.keep_start)
            clock.settle(numbers)
            muxer._zero = zero = clock.zero
            for index, ptr in kept_packets(demuxer, damage):
                if index in numbers:
                    muxer._add_copied_packet(numbers[index], ptr)
                elif index == demuxer.info.index:
                    chunk = chunk_of(demuxer, ptr)
                    muxer.add_chunk(chunk, config)
                    count += 1
                    if on_progress is not None:
                        on_progress(TranscodeProgress(count, chunk.timestamp - zero, clock.end))
            dropped += late_streams(demuxer, losses, options.subtitles)
            damage.end(demuxer)
            muxer._complete()
            refused_packets = refused.report()
            losses.check()
    finally:
        file.close()
    outcome = damage.outcome()
    damage.warn()
    return TranscodeResult(
        frames_read=count,
        frames_written=count - refused.of(0),
        codec=config.codec,
        encoder=None,
        copied_streams=copied,
        dropped_streams=dropped,
        seconds=time.monotonic() - began,
        lost=list(losses.lost),
        dropped_packets=refused_packets,
        **outcome,
    )
