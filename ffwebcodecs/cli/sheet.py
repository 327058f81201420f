"""Write a contact sheet: small pictures, evenly spaced over the clip, in rows on one picture."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import ffwebcodecs

from ._colors import add_color_space
from ._digits import HEIGHT, draw, label
from ._input import (
    add_index,
    add_input,
    input_arguments,
    input_name,
    is_regular,
    video_arguments,
)
from ._jobs import plain_warnings
from ._lines import tell
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
from ._pictures import picture_bytes, upright_pixels, write_file
from ._progress import Progress
from ._values import parse_count, show_count

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
    Picture = tuple[int, Pixels]  # when it is shown, in microseconds of the film

HELP = "write a contact sheet"

_BACKGROUND = 24
_GAP = 6
_LETTERS = 160  # of a picture's pixels, to one of its time's
_SPARE = 4  # pictures made for each one shown, so that those shown can be evenly spaced


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("file", metavar="FILE", help="file, URL, or - for standard input")
    parser.add_argument(
        "-o",
        "--output",
        metavar="SHEET",
        required=True,
        help="a .png, .jpg or .jpeg file; - is standard output, a PNG",
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
    parser.add_argument("--times", action="store_true", help="print when each picture is shown")
    add_index(parser)
    add_force(parser)
    add_quiet(parser)
    add_input(parser)
    add_color_space(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    aside = is_standard_output(options.output)
    if not (aside or options.output.lower().endswith((".png", ".jpg", ".jpeg"))):
        raise UsageError(f"the sheet must be a .png, .jpg or .jpeg file, not {options.output!r}")
    columns = min(options.columns, options.count)
    cell_width = (options.width - _GAP * (columns + 1)) // columns
    if cell_width < 16:
        raise UsageError(f"--width {options.width} is too small for {columns} columns")
    check_output(options.output)
    refuse_existing(options.output, options.force)
    pictures = _pictures(options, cell_width)
    if not pictures:
        raise CommandError(
            f"{options.file}: there is no frame in it (`ffwebcodecs check` says why)"
        )
    make_parent(options.output)
    with ffwebcodecs.VideoFrame.from_ndarray(
        _lay_out(pictures, columns, options.width, options.times), timestamp=0, transfer=True
    ) as sheet:
        if aside:
            write_file(output_name(options.output), picture_bytes(sheet, "png"))
        else:
            sheet.save(options.output)
    if not options.quiet:
        tell(f"{show_count(len(pictures), 'picture')} in {options.output}", aside=aside)
    return 0


def _pictures(options: argparse.Namespace, width: int) -> list[Picture]:
    """Return `count` evenly spaced pictures, fewer if the clip has fewer frames."""
    if is_regular(options.file) or options.index is not None:
        try:
            with ffwebcodecs.Video(**video_arguments(options)) as video:
                return _in_the_middle(video, options.count, width, options.quiet)
        except ffwebcodecs.EncodingError:
            pass  # a damaged place: going through from the start gets up to there
    with ffwebcodecs.Demuxer(input_name(options.file), **input_arguments(options)) as demuxer:
        duration, total = demuxer.duration, demuxer.frame_count
        if total is None and duration is not None and demuxer.frame_rate:
            total = round(duration / 1_000_000 * demuxer.frame_rate)
        with plain_warnings():
            return _by_decoding(demuxer, total, options.count, width, options.quiet)


def _in_the_middle(video: ffwebcodecs.Video, count: int, width: int, quiet: bool) -> list[Picture]:
    """Take what is shown in the middle of each of `count` equal parts of the clip."""
    if count >= len(video):
        wanted, count = list(range(len(video))), len(video)
    else:
        # Counted in time that is shown, for a clock may start anew on the way.
        ends = video.durations.cumsum()
        middles = [(2 * part + 1) * video.duration // (2 * count) for part in range(count)]
        wanted = ends.searchsorted(middles, side="right").tolist()
    pictures = []
    with Progress(count, quiet=quiet) as progress:
        for frame in video.frames(wanted):
            with frame:
                pictures.append((frame.timestamp - video.origin, _picture(frame, width)))
            progress.step()
    return pictures


def _by_decoding(
    demuxer: ffwebcodecs.Demuxer, total: int | None, count: int, width: int, quiet: bool
) -> list[Picture]:
    """Go through the whole clip, whose length may be unknown or stated wrongly.

    Each `stride`-th frame becomes a picture; whenever there are too many, every other one goes and
    the stride doubles. So the pictures are evenly spaced at any time.
    """
    stride = max(1, (total or 0) // (count * _SPARE))
    kept: list[Picture] = []
    with Progress(total, quiet=quiet) as progress, ffwebcodecs.read_frames(demuxer) as frames:
        for index, frame in enumerate(frames):
            with frame:
                if index % stride == 0:
                    kept.append((frame.timestamp - demuxer.origin, _picture(frame, width)))
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


def _lay_out(pictures: list[Picture], columns: int, width: int, times: bool) -> Pixels:
    """Return the sheet; pictures of another shape stand in the middle of their cell, their times
    below it.
    """
    import numpy as np

    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    cell_width = max(picture.shape[1] for _, picture in pictures)
    cell_height = max(picture.shape[0] for _, picture in pictures)
    scale = max(1, cell_width // _LETTERS)
    row_height = cell_height + _GAP + (HEIGHT * scale + _GAP if times else 0)
    used = columns * (cell_width + _GAP) + _GAP
    # Rounding leaves fewer pixels than there are columns: half of them on each side.
    spare = width - used if width - used < columns else 0
    margin = spare // 2
    sheet = np.full((rows * row_height + _GAP, used + spare, 3), _BACKGROUND, np.uint8)
    for index, (timestamp, picture) in enumerate(pictures):
        height, wide = picture.shape[:2]
        above, left = (
            _GAP + index // columns * row_height,
            margin + _GAP + index % columns * (cell_width + _GAP),
        )
        top, inner = above + (cell_height - height) // 2, left + (cell_width - wide) // 2
        sheet[top : top + height, inner : inner + wide] = picture
        if times:
            text = label(timestamp, cell_width // scale)
            draw(sheet, text, above + cell_height + _GAP, left, cell_width, scale)
    return sheet
