"""Make a video of pictures: the other way round of 'ffwebcodecs frames'.

IN is a folder, a pattern, or files. They are sorted by name, with numbers by their value: frame2
comes before frame10. The first one decides the size. For example:
  ffwebcodecs images shots/ clip.mp4 --fps 25
  ffwebcodecs images "shots/frame*.png" clip.webm
"""

from __future__ import annotations

import argparse
import os
import re
from collections import deque
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING

import ffwebcodecs

from ._input import input_name
from ._jobs import end_pool, lacks, merged, plain_warnings
from ._lines import tell
from ._output import (
    CommandError,
    UsageError,
    add_force,
    add_fragments,
    add_quiet,
    check_output,
    exists,
    explain,
    fragment_arguments,
    is_standard_output,
    make_parent,
    output_name,
    refuse_existing,
)
from ._progress import Progress
from ._tags import add_metadata, changed_tags
from ._values import parse_rate
from .transcode import add_encoding, check_encoding, sides

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ._interrupt import Interrupt

HELP = "make a video of pictures"

_SUFFIXES = frozenset(
    (
        *(".avif", ".bmp", ".dpx", ".exr", ".gif", ".heic", ".jp2", ".jpeg", ".jpg", ".jxl"),
        *(".pam", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".qoi", ".tga", ".tif", ".tiff", ".webp"),
    )
)
_AHEAD = 4  # pictures that are decoded at once


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("inputs", metavar="IN", nargs="+", help="folder, pattern or pictures")
    parser.add_argument(
        "output", metavar="OUT", help="its suffix says the container; - is standard output"
    )
    parser.add_argument(
        "--fps", metavar="RATE", type=parse_rate, default=25.0, help="pictures per second: 25"
    )
    add_encoding(parser)
    add_metadata(parser, "which has none by itself")
    add_fragments(parser)
    add_force(parser)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    check_encoding(options)
    fragments = fragment_arguments(options)
    check_output(options.output)
    if options.output == "-" and options.format is None:
        raise UsageError("standard output needs --format: mkv, mpegts ...")
    paths = find_pictures(options.inputs)
    refuse_existing(options.output, options.force)
    if exists(options.output) and os.path.realpath(options.output) in map(os.path.realpath, paths):
        raise CommandError(f"{options.output} is one of the pictures")
    make_parent(options.output)
    width, height = sides(options.size)
    tags = changed_tags(options.metadata)

    with (
        plain_warnings(),
        Progress(len(paths), quiet=options.quiet) as progress,
        closing(_frames(paths, options.fps, options.interrupt)) as frames,
    ):

        def step(_: object) -> None:
            options.interrupt.check()
            progress.step()

        result = ffwebcodecs.write_frames(
            frames,
            output_name(options.output),
            codec=options.codec,
            bitrate=options.bitrate,
            quantizer=options.quantizer,
            width=width,
            height=height,
            crop=options.crop,
            format=options.format,
            alpha=options.alpha,
            background=options.background,
            hardware_acceleration="prefer-hardware" if options.hw else "no-preference",
            encoder_options=merged(options.preset, options.options),
            metadata=None if tags is None else tags({}),
            on_progress=step,
            **fragments,
        )
    if not options.quiet:
        count = result.frames_written
        less = ", incomplete" if lacks(result) else ""
        line = f"{options.output}: {count} frame{'s' * (count != 1)}, {result.codec}{less}"
        tell(line, aside=is_standard_output(options.output))
    return 0


def natural(path: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return what to sort by: digits count as numbers, capitals do not count."""
    parts = re.split(r"(\d+)", path)
    return [
        (0, int(part), "") if index % 2 else (1, 0, part.casefold())
        for index, part in enumerate(parts)
    ], path


def find_pictures(inputs: list[str]) -> list[str]:
    """Return the files that folders, patterns and names stand for, in natural order."""
    import glob

    found: list[str] = []
    for name in inputs:
        if os.path.isdir(name):
            some = [
                os.path.join(name, entry)
                for entry in os.listdir(name)
                if os.path.splitext(entry)[1].lower() in _SUFFIXES and not entry.startswith(".")
            ]
            if not some:
                raise CommandError(f"{name}: there is no picture in this folder")
        elif name == "-" or os.path.exists(name) or not glob.has_magic(name):
            some = [name]  # opening it will say what is wrong
        else:
            some = [path for path in glob.glob(name) if os.path.isfile(path)]
            if not some:
                raise CommandError(f"{name}: no file fits this pattern")
        found += some
    return sorted(dict.fromkeys(found), key=natural)


def _frames(
    paths: list[str], rate: float, interrupt: Interrupt
) -> Generator[ffwebcodecs.VideoFrame, None, None]:
    """Yield the pictures, decoded a few at once, on an even clock."""
    from concurrent.futures import ThreadPoolExecutor

    ahead = min(_AHEAD, os.cpu_count() or 1)
    waiting: deque[Future[ffwebcodecs.VideoFrame]] = deque()
    pool = ThreadPoolExecutor(ahead)
    try:
        for index, path in enumerate(paths):
            begin, end = (round(count * 1_000_000 / rate) for count in (index, index + 1))
            waiting.append(pool.submit(_open, path, begin, end - begin))
            if len(waiting) > ahead:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        end_pool(pool, waiting, interrupt)
        for future in waiting:
            if not future.cancelled() and future.exception() is None:
                future.result().close()


def _first(waiting: deque[Future[ffwebcodecs.VideoFrame]]) -> ffwebcodecs.VideoFrame:
    """Return the first result; what is waited for stays in the queue."""
    frame = waiting[0].result()
    waiting.popleft()
    return frame


def _open(path: str, timestamp: int, duration: int) -> ffwebcodecs.VideoFrame:
    """Return a picture's frame, upright."""
    try:
        source: str | bytes = input_name(
            path
        )  # of a pipe, for which that waits so that Ctrl-C ends it
        if os.path.isfile(path):
            # Its bytes, not its name: FFmpeg takes a name with a percent sign for a pattern.
            with open(path, "rb") as file:
                source = file.read()
        with ffwebcodecs.read_frames(source, threads=1, upright=True) as frames:
            frame = next(frames, None)
    except (ffwebcodecs.WebCodecsError, OSError) as error:
        raise CommandError(explain(path, error)) from None
    if frame is None:
        raise CommandError(f"{path}: there is no picture in it")
    with frame:
        return ffwebcodecs.VideoFrame(frame, timestamp=timestamp, duration=duration)
