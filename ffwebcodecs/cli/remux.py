"""Put videos into another container without decoding: every packet stays as it is.

An output for sound (.m4a, .mp3, .aac, .opus, .flac, .wav, .mka ...) gets the sound alone, one for
subtitles (.srt, .vtt, .ass) these. A part begins at the key frame before --start, and a line says
by how much that differs. For example:
  ffwebcodecs remux clip.mkv clip.mp4
  ffwebcodecs remux clip.mp4 clip.m4a
  ffwebcodecs remux clip.mp4 part.mp4 --start 00:01:00 --stop 00:01:30
  ffwebcodecs remux clip.mp4 part.mp4 --start 61.48 --stop 89.2 --exact
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import ffwebcodecs

from ._input import (
    add_damage,
    add_input,
    add_keep_start,
    add_require_all,
    damage_arguments,
    input_arguments,
    input_name,
)
from ._jobs import add_jobs, estimate_frames, run_jobs
from ._output import (
    UsageError,
    add_force,
    add_fragments,
    add_quiet,
    add_several,
    fragment_arguments,
)
from ._tags import add_metadata, changed_tags
from ._values import parse_time

HELP = "another container, without decoding"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_jobs(parser)
    parser.add_argument(
        "--format", metavar="NAME", help="container: mp4, mkv ...; default: by OUT's suffix"
    )
    parser.add_argument(
        "--start",
        metavar="TIME",
        type=parse_time,
        help="begin with the key frame at or before that: 1.5, or 00:01:02.5",
    )
    parser.add_argument("--stop", metavar="TIME", type=parse_time, help="end before that time")
    parser.add_argument(
        "--exact",
        action="store_true",
        help="begin and end with the very frames: those at the borders are encoded (H.264, HEVC)",
    )
    add_keep_start(parser)
    parser.add_argument(
        "--no-audio", action="store_true", help="video only, neither audio nor subtitles"
    )
    parser.add_argument(
        "--no-subtitles", action="store_true", help="leave the subtitle streams out"
    )
    add_metadata(parser)
    add_several(parser)
    add_fragments(parser)
    add_force(parser)
    add_quiet(parser)
    add_require_all(parser)
    add_damage(parser)
    add_input(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    fragments = fragment_arguments(options)
    start, stop = options.start, options.stop
    if stop is not None and stop <= (start or 0):
        raise UsageError("--stop must be after --start")

    def convert(
        source: str, target: str, threads: int | None, on_progress: Callable[[object], object]
    ) -> ffwebcodecs.TranscodeResult:
        return ffwebcodecs.remux(
            input_name(source),
            target,
            start=start,
            stop=stop,
            exact=options.exact,
            keep_start=options.keep_start,
            audio=not options.no_audio,
            subtitles=not options.no_subtitles,
            metadata=changed_tags(options.metadata),
            format=options.format,
            on_progress=on_progress,
            several_files=options.several_files,
            require_all=options.require_all,
            **fragments,
            **damage_arguments(options),
            **input_arguments(options, "input_"),
        )

    return run_jobs(
        options,
        convert,
        lambda source: estimate_frames(source, start, stop, None, **input_arguments(options)),
    )
