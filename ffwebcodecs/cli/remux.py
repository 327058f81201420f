"""Put videos into another container without decoding: every packet stays as it is.

For example:
  ffwebcodecs remux clip.mkv clip.mp4
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
from ._output import add_force, add_quiet, add_several
from ._tags import add_metadata, changed_tags

HELP = "another container, without decoding"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_jobs(parser)
    parser.add_argument(
        "--format", metavar="NAME", help="container: mp4, mkv ...; default: by OUT's suffix"
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
    add_force(parser)
    add_quiet(parser)
    add_require_all(parser)
    add_damage(parser)
    add_input(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""

    def convert(
        source: str, target: str, threads: int | None, on_progress: Callable[[object], object]
    ) -> ffwebcodecs.TranscodeResult:
        return ffwebcodecs.remux(
            input_name(source),
            target,
            keep_start=options.keep_start,
            audio=not options.no_audio,
            subtitles=not options.no_subtitles,
            metadata=changed_tags(options.metadata),
            format=options.format,
            on_progress=on_progress,
            several_files=options.several_files,
            require_all=options.require_all,
            **damage_arguments(options),
            **input_arguments(options, "input_"),
        )

    return run_jobs(
        options,
        convert,
        lambda source: estimate_frames(source, None, None, None, **input_arguments(options)),
    )
