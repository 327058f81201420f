"""Convert raw pixels from one format to another: frames one after another, without padding.

IN and OUT may be - for standard input and output. With the ffmpeg program, for example:
  ffmpeg -i clip.mp4 -f rawvideo -pix_fmt yuv420p - | \\
    ffwebcodecs convert - out.rgba --from I420 --to RGBA --size 1280x720
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from io import FileIO, RawIOBase

import ffwebcodecs

from .._av.files.complete_file import CompleteFile, write_all
from ._colors import SPACES
from ._input import require_input
from ._output import (
    CommandError,
    UsageError,
    add_force,
    add_quiet,
    check_output,
    make_parent,
    output_name,
    refuse_existing,
)
from ._progress import Progress
from ._values import parse_format, parse_size

HELP = "convert raw pixels from one format to another"

_MOMENT = 0.2  # seconds
_MATRICES = ("bt709", "bt470bg", "smpte170m", "bt2020-ncl", "rgb")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("input", metavar="IN", help="file of raw pixels, frame after frame, or -")
    parser.add_argument("output", metavar="OUT", help="file that is written, or -")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FORMAT",
        type=parse_format,
        required=True,
        help="of the input: I420, NV12, RGBA, I420P10 ...",
    )
    parser.add_argument(
        "--to",
        dest="target",
        metavar="FORMAT",
        type=parse_format,
        required=True,
        help="of the output",
    )
    parser.add_argument(
        "--size", metavar="WxH", type=parse_size, required=True, help="of the frames, in pixels"
    )
    parser.add_argument(
        "--color-space",
        choices=list(SPACES),
        help="of the input; default: srgb for RGB formats, bt709 for others",
    )
    parser.add_argument(
        "--matrix", choices=_MATRICES, help="of the input, where it is not that of --color-space"
    )
    parser.add_argument(
        "--full-range",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="of the input; default: full for RGB and gray formats, limited for others",
    )
    add_force(parser)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    width, height = options.size
    # No format takes more than 4 planes of 2 bytes, with chroma rounded up.
    memory = bytearray((width + 1) * (height + 1) * 8)
    colors = _colors(options)

    def frame_of(buffer: bytearray | memoryview) -> ffwebcodecs.VideoFrame:
        return ffwebcodecs.VideoFrame(
            buffer,
            format=options.source,
            coded_width=width,
            coded_height=height,
            timestamp=0,
            color_space=colors,
            transfer=True,
        )

    target = None if options.target == options.source else options.target
    try:
        with frame_of(memory) as frame:
            size = frame.allocation_size()
            result = bytearray(frame.allocation_size(format=target))
            # Now, for an impossible conversion shall not cost the input.
            frame.copy_to(result, format=target)
    except ffwebcodecs.InvalidArgumentError as error:
        raise UsageError(str(error)) from None
    pixels = memoryview(memory)[:size]
    output = memoryview(result)
    check_output(options.output)
    refuse_existing(options.output, options.force)
    with ExitStack() as stack:
        source, total = _open_input(options.input, size, stack)
        count, rest = 0, _fill(source, pixels)
        if rest == 0:
            raise CommandError(f"{_name(options.input)}: there is nothing in it")
        write = _open_output(options.output, stack)
        progress = stack.enter_context(Progress(total, quiet=options.quiet))
        while rest == size:
            with frame_of(pixels) as frame:
                frame.copy_to(output, format=target)
            write(output)
            count += 1
            progress.step()
            rest = _fill(source, pixels)
        if count == 0:
            raise CommandError(_partial(options, rest, size, count))
    # The whole frames are worth having, and have their name by now.
    if rest:
        raise CommandError(_partial(options, rest, size, count))
    return 0


def _name(path: str) -> str:
    return "standard input" if path == "-" else path


def _partial(options: argparse.Namespace, rest: int, size: int, count: int) -> str:
    width, height = options.size
    return (
        f"{_name(options.input)}: the last frame is cut off: {rest} bytes of {size} "
        f"({options.source} {width}x{height}), after {count} whole frame{'s' * (count != 1)}"
    )


def _colors(options: argparse.Namespace) -> ffwebcodecs.VideoColorSpace | None:
    """Return the colours of the input, None for the format's own default."""
    if options.color_space is None and options.matrix is None and options.full_range is None:
        return None
    is_rgb = options.source.startswith(("RGB", "BGR"))
    space = options.color_space or ("srgb" if is_rgb else "bt709")
    primaries, transfer, matrix = SPACES[space]
    if matrix == "rgb" and not is_rgb:
        matrix = "bt709"  # the colours of sRGB or P3, in the usual YUV
    full = options.full_range
    if full is None:
        full = is_rgb or options.source.startswith("GRAY")
    return ffwebcodecs.VideoColorSpace(
        primaries=primaries,
        transfer=transfer,
        matrix=options.matrix or ("rgb" if is_rgb else matrix),
        full_range=full,
    )


def _open_input(path: str, size: int, stack: ExitStack) -> tuple[FileIO, int | None]:
    """Return the unbuffered input, and how many frames it has if that is known."""
    if path == "-":
        require_input()
        # Not to be closed by us.
        source = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
    else:
        source = open(path, "rb", buffering=0)  # noqa: SIM115
    stack.enter_context(source)
    length = os.fstat(source.fileno()).st_size
    return source, length // size or None


def _open_output(path: str, stack: ExitStack) -> Callable[[memoryview], object]:
    """Return the function that writes one frame."""
    target = output_name(path)
    if not isinstance(target, str):
        return lambda data: write_all(target.write, data, is_raw=isinstance(target, RawIOBase))
    make_parent(path)
    return stack.enter_context(CompleteFile(target)).write


def _fill(source: FileIO, pixels: memoryview) -> int:
    """Read until a frame is whole or the input ends; return how many bytes there are."""
    have = 0
    while have < len(pixels):
        got = source.readinto(pixels[have:])
        if got is None:  # it does not block, and has nothing yet
            import select

            select.select([source], [], [], _MOMENT)
            continue
        if not got:
            break
        have += got
    return have
