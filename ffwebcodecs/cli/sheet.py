"""Write a contact sheet: small pictures, evenly spaced over the clip, in rows on one picture."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import ffwebcodecs

from ._input import add_input, input_arguments, input_name, is_regular
from ._output import CommandError, UsageError, add_force, add_quiet, make_parent, refuse_existing
from ._pictures import upright_pixels
from ._progress import Progress
from ._values import parse_count

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

HELP = "write a contact sheet"

_BACKGROUND = 24
_GAP = 6
# Above this many seconds for each picture, seeking costs less than decoding all that is between.
_SEEK_SPACING = 5.0
_SPARE = 4  # pictures made for each one shown, so that those shown can be evenly spaced


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("file", metavar="FILE", help="file, URL, or - for standard input")
    parser.add_argument(
        "-o", "--output", metavar="SHEET", required=True, help="a .png, .jpg or .jpeg file"
    )
    parser.add_argument(
        "--columns", metavar="N", type=parse_count, default=4, help="pictures in a row, default 4"
    )
    parser.add_argument(
        "--count", metavar="N", type=parse_count, default=16, help="pictures in all, default 16"
    )
    parser.add_argument(
        "--width",
        metavar="PIXELS",
        type=parse_count,
        default=1280,
        help="of the whole sheet, default 1280",
    )
    add_force(parser)
    add_quiet(parser)
    add_input(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    if not options.output.lower().endswith((".png", ".jpg", ".jpeg")):
        raise UsageError(f"the sheet must be a .png, .jpg or .jpeg file, not {options.output!r}")
    columns = min(options.columns, options.count)
    cell_width = (options.width - _GAP * (columns + 1)) // columns
    if cell_width < 16:
        raise UsageError(f"--width {options.width} is too small for {columns} columns")
    refuse_existing(options.output, options.force)
    pictures = _pictures(options, cell_width)
    if not pictures:
        raise CommandError(f"{options.file}: there is no frame in it")
    make_parent(options.output)
    with ffwebcodecs.VideoFrame.from_ndarray(
        _lay_out(pictures, columns, options.width), timestamp=0, transfer=True
    ) as sheet:
        sheet.save(options.output)
    if not options.quiet:
        print(f"{len(pictures)} pictures in {options.output}")
    return 0


def _pictures(options: argparse.Namespace, width: int) -> list[Pixels]:
    """Return `count` evenly spaced pictures, fewer if the clip has fewer frames."""
    count = options.count
    with ffwebcodecs.Demuxer(input_name(options.file), **input_arguments(options)) as demuxer:
        duration = demuxer.duration
        total = demuxer.frame_count
        if total is None and duration is not None and demuxer.frame_rate:
            total = round(duration / 1_000_000 * demuxer.frame_rate)
        is_long = duration is not None and duration > count * _SEEK_SPACING * 1_000_000
        if duration is None or not is_long or not is_regular(options.file):
            return _by_decoding(demuxer, total, count, width, options.quiet)
        try:
            return _by_seeking(demuxer, duration, count, width, options.quiet)
        except ffwebcodecs.EncodingError:
            pass  # no index, or a damaged place: going through from the start gets further
    with ffwebcodecs.Demuxer(input_name(options.file), **input_arguments(options)) as demuxer:
        return _by_decoding(demuxer, total, count, width, options.quiet)


def _frames(demuxer: ffwebcodecs.Demuxer, start: int | None = None) -> closing[Any]:
    """Return read_frames as a context that frees its decoder at the end."""
    frames: Iterator[ffwebcodecs.VideoFrame] = ffwebcodecs.read_frames(demuxer, start=start)
    return closing(cast("Generator[ffwebcodecs.VideoFrame]", frames))


def _by_seeking(
    demuxer: ffwebcodecs.Demuxer, duration: int, count: int, width: int, quiet: bool
) -> list[Pixels]:
    """Take the frame in the middle of each of `count` equal parts of the clip."""
    with _frames(demuxer) as frames:
        first = next(frames, None)
        begin = 0 if first is None else first.timestamp
    pictures: list[Pixels] = []
    with Progress(count, quiet=quiet) as progress:
        for index in range(count):
            at = begin + (2 * index + 1) * duration // (2 * count)
            with _frames(demuxer, at) as frames:
                for frame in frames:
                    with frame:
                        pictures.append(_picture(frame, width))
                    break
            progress.step()
    return pictures


def _by_decoding(
    demuxer: ffwebcodecs.Demuxer, total: int | None, count: int, width: int, quiet: bool
) -> list[Pixels]:
    """Go through the whole clip, whose length may be unknown or stated wrongly.

    Each `stride`-th frame becomes a picture; whenever there are too many, every other one goes and
    the stride doubles. So the pictures are evenly spaced at any time.
    """
    stride = max(1, (total or 0) // (count * _SPARE))
    kept: list[Pixels] = []
    with Progress(total, quiet=quiet) as progress, _frames(demuxer) as frames:
        for index, frame in enumerate(frames):
            with frame:
                if index % stride == 0:
                    kept.append(_picture(frame, width))
            if len(kept) > 2 * count * _SPARE:
                del kept[1::2]
                stride *= 2
            progress.step()
    shown = min(count, len(kept))
    return [kept[(2 * index + 1) * len(kept) // (2 * shown)] for index in range(shown)]


def _picture(frame: ffwebcodecs.VideoFrame, width: int) -> Pixels:
    height = max(1, round(width * frame.display_height / frame.display_width))
    # A clip that is much higher than wide would make a sheet that nobody can look at.
    if height > 4 * width:
        width, height = max(1, round(4 * width * width / height)), 4 * width
    return upright_pixels(frame, (width, height))


def _lay_out(pictures: list[Pixels], columns: int, width: int) -> Pixels:
    """Return the sheet; pictures of another shape stand in the middle of their cell."""
    import numpy as np

    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    cell_width = max(picture.shape[1] for picture in pictures)
    cell_height = max(picture.shape[0] for picture in pictures)
    used = columns * (cell_width + _GAP) + _GAP
    # Rounding leaves fewer pixels than there are columns: half of them on each side.
    spare = width - used if width - used < columns else 0
    margin = spare // 2
    shape = rows * (cell_height + _GAP) + _GAP, used + spare, 3
    sheet = np.full(shape, _BACKGROUND, np.uint8)
    for index, picture in enumerate(pictures):
        height, wide = picture.shape[:2]
        top = _GAP + index // columns * (cell_height + _GAP) + (cell_height - height) // 2
        left = margin + _GAP + index % columns * (cell_width + _GAP) + (cell_width - wide) // 2
        sheet[top : top + height, left : left + wide] = picture
    return sheet
