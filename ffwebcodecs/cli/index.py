"""Write the index of a file: every packet's time, place and size, so that it need not be read
through again to get at any of its frames.

The index belongs to the file as it is now: for another one, or after a change, it is refused.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import ffwebcodecs

from ._input import add_input, video_arguments
from ._lines import give_json, tell
from ._output import (
    CommandError,
    UsageError,
    add_force,
    add_quiet,
    check_output,
    is_standard_output,
    make_parent,
    output_name,
    refuse_existing,
)
from ._values import show_count, show_time

HELP = "write an index, with which any frame is found at once"

SUFFIX = ".ffindex"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("file", metavar="FILE", help="file, URL, or - for standard input")
    parser.add_argument(
        "-o", "--output", metavar="INDEX", help=f"default: the file's name and {SUFFIX}"
    )
    parser.add_argument("--json", action="store_true", help="write what is in it as JSON")
    add_force(parser)
    add_quiet(parser)
    add_input(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    output = options.output
    if output is None:
        if options.file == "-" or "://" in options.file:
            raise UsageError("say where the index goes: -o INDEX")
        output = options.file + SUFFIX
    aside = is_standard_output(output)
    if aside and options.json:
        raise UsageError("--json and the index cannot both go to standard output")
    check_output(output)
    refuse_existing(output, options.force)
    index = ffwebcodecs.VideoIndex(**video_arguments(options))
    make_parent(output)
    index.save(output_name(output))
    if options.json:
        give_json(_document(index, options.file, output))
    elif not options.quiet:
        tell(
            f"{show_count(len(index), 'frame')}, "
            f"{show_count(int(index.key_frames.sum()), 'key frame')}, "
            f"{show_time(index.duration)} in {output}",
            aside=aside,
        )
    if index.problem is not None:
        raise CommandError(f"the index ends where the file is damaged: {index.problem}")
    return 0


def _document(index: ffwebcodecs.VideoIndex, path: str, output: str) -> dict[str, Any]:
    times = index.timestamps
    return {
        "file": path,
        "index": output,
        "bytes": os.stat(output).st_size,
        "digest": index.digest,
        "frames": len(index),
        "key_frames": int(index.key_frames.sum()),
        "packets": index.packet_count,
        "first_us": int(times[0]) if len(times) else None,
        "last_us": int(times[-1]) if len(times) else None,
        "duration_us": index.duration,
        "problem": index.problem,
    }
