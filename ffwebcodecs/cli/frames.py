"""Write the frames of a clip as files: PNG, JPEG, raw pixels or numpy arrays.

All of them are upright; --stored leaves raw and npy as they are stored. PNG and JPEG are in sRGB.
raw holds the frame's own planes one after another without padding, or what --pixels says (of 4:2:2
that is turned by a quarter, 4:4:4); npy an array (height, width, channels) of RGB, or of what
--pixels says.
"""

from __future__ import annotations

import argparse
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import ffwebcodecs

from ._colors import add_color_space
from ._input import (
    add_damage,
    add_index,
    add_input,
    damage_arguments,
    input_arguments,
    input_name,
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
    output_name,
)
from ._pictures import as_shown, as_stored, fit, picture_bytes, picture_format, scaled, write_file
from ._progress import Progress
from ._values import (
    parse_count,
    parse_format,
    parse_indices,
    parse_scale,
    parse_time,
    parse_times,
    show_exact_time,
)
from .transcode import add_crop, add_deinterlace

if TYPE_CHECKING:
    from concurrent.futures import Future

HELP = "write frames as PNG, JPEG, raw pixels or numpy arrays"

_SUFFIXES = {"png": ".png", "jpeg": ".jpg", "raw": ".raw", "npy": ".npy"}
_SAVERS = 4  # threads that write; each holds a frame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("file", metavar="FILE", help="file, URL, or - for standard input")
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        required=True,
        help="folder, made if it is not there; - is standard output, frames one after another",
    )
    parser.add_argument("--format", choices=list(_SUFFIXES), default="png", help="default: png")
    parser.add_argument(
        "--pixels", metavar="FORMAT", type=parse_format, help="of raw and npy: RGBA, I420 ..."
    )
    parser.add_argument("--stored", action="store_true", help="raw and npy: do not turn the pixels")
    parser.add_argument(
        "--at",
        metavar="TIMES",
        type=parse_times,
        default=[],
        help="the frames shown at these times, in this order: 1.5,00:01:02.5",
    )
    parser.add_argument(
        "--indices",
        metavar="NUMBERS",
        type=parse_indices,
        default=[],
        help="the frames with these indices, after those of --at: 0,10,-1",
    )
    add_index(parser)
    parser.add_argument("--every", metavar="N", type=parse_count, help="only each N-th frame")
    parser.add_argument(
        "--start", metavar="TIME", type=parse_time, help="first frame: 1.5, or 00:01:02.5"
    )
    parser.add_argument(
        "--stop", metavar="TIME", type=parse_time, help="the frame at this time is not written"
    )
    parser.add_argument(
        "--size", metavar="WxH", type=parse_scale, help="scale; -1 keeps the shape: 640x-1"
    )
    add_crop(parser)
    add_deinterlace(parser)
    add_force(parser)
    add_quiet(parser)
    add_damage(parser)
    add_input(parser)
    add_color_space(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    if options.pixels is not None and options.format in ("png", "jpeg"):
        raise UsageError(f"--pixels is for raw and npy, not for {options.format}")
    if options.stored and options.format in ("png", "jpeg"):
        raise UsageError(f"--stored is for raw and npy, not for {options.format}")
    if options.pixels is not None:
        _check_format(options.pixels)
    check_output(options.output)
    if options.at or options.indices:
        _refuse_range(options)
        count = _chosen(options)
    elif options.index is not None:
        raise UsageError("--index is for --at and --indices")
    else:
        count = _whole_pictures(options) if options.deinterlace else _range(options)
    if not options.quiet:
        line = f"{count} frame{'s' if count > 1 else ''} in {options.output}"
        tell(line, aside=is_standard_output(options.output))
    return 0


def _refuse_range(options: argparse.Namespace) -> None:
    for name in ("start", "stop", "every"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} chooses a range; --at and --indices choose single frames")
    if options.errors == "skip" or options.strict:
        raise UsageError(
            "--errors and --strict are for ranges; a frame that was named must be there"
        )
    if options.deinterlace:
        raise UsageError("--deinterlace is for ranges: it needs the frames before and behind")


def _range(options: argparse.Namespace) -> int:
    """Write the frames between two times, and return their number."""
    with ffwebcodecs.Demuxer(input_name(options.file), **input_arguments(options)) as demuxer:
        total = _expected(demuxer, options)
        start, stop = (
            None if time is None else demuxer.origin + time
            for time in (options.start, options.stop)
        )
        frames = ffwebcodecs.read_frames(
            demuxer,
            start=start,
            stop=stop,
            step=options.every or 1,
            **damage_arguments(options),
        )
        return _write_all(frames, options, total)


def _write_all(
    frames: Iterator[ffwebcodecs.VideoFrame], options: argparse.Namespace, total: int | None
) -> int:
    made = _make_folder(options)
    with plain_warnings():
        count = _write(frames, options, total)
    if not count:
        if made:
            os.rmdir(options.output)
        raise CommandError(f"{options.file}: no frame in this range")
    return count


def _whole_pictures(options: argparse.Namespace) -> int:
    """Write deinterlaced frames between two times, and return their number."""
    frames = ffwebcodecs.read_frames(
        input_name(options.file),
        start=options.start,
        stop=options.stop,
        step=options.every or 1,
        deinterlace=True,
        **damage_arguments(options),
        **input_arguments(options),
    )
    return _write_all(frames, options, None)


def _chosen(options: argparse.Namespace) -> int:
    """Write the frames that were named one by one, and return their number."""
    with ffwebcodecs.Video(**video_arguments(options)) as video:
        _refuse_others(video, options)
        # The film may begin before its picture.
        begin = int(video.timestamps.min())
        times = [max(begin, video.origin + time) for time in options.at]
        frames = chain(video.frames_at(times), video.frames(options.indices))
        _make_folder(options)
        return _write(frames, options, len(options.at) + len(options.indices))


def _refuse_others(video: ffwebcodecs.Video, options: argparse.Namespace) -> None:
    """Raise CommandError if a frame was named that is not there."""
    count, path = len(video), options.file
    if not count:
        raise CommandError(f"{path}: there is no frame in it (`ffwebcodecs check` says why)")
    begin = int(video.timestamps.min()) - video.origin
    end = int((video.timestamps + video.durations).max()) - video.origin
    for time in options.at:
        if not min(begin, 0 if video.origin else begin) <= time < end:
            raise CommandError(
                f"{path}: nothing is shown at {show_exact_time(time)}; its frames are from "
                f"{show_exact_time(begin)} to {show_exact_time(end)}"
            )
    for index in options.indices:
        if not -count <= index < count:
            raise CommandError(
                f"{path}: there is no frame {index}; it has {count}, 0 to {count - 1} "
                f"(or -{count} to -1)"
            )


def _make_folder(options: argparse.Namespace) -> bool:
    """Make the folder, unless frames in it would be overwritten; return whether it is new. Standard
    output takes the frames one after another.
    """
    if is_standard_output(options.output):
        return False
    made = not os.path.isdir(options.output)
    os.makedirs(options.output, exist_ok=True)
    if not options.force:
        _refuse_existing(options.output, _SUFFIXES[options.format])
    return made


def _check_format(name: Any) -> None:
    try:
        ffwebcodecs.VideoFrame(
            bytes(64), format=name, coded_width=2, coded_height=2, timestamp=0
        ).close()
    except ffwebcodecs.InvalidArgumentError as error:
        raise UsageError(str(error)) from None


def _expected(demuxer: ffwebcodecs.Demuxer, options: argparse.Namespace) -> int | None:
    """Return about how many frames there will be, None if the file does not say."""
    rate, duration = demuxer.frame_rate, demuxer.duration
    every: int = options.every or 1
    if options.start is None and options.stop is None and demuxer.frame_count:
        return -(-demuxer.frame_count // every)
    if not rate or duration is None:
        return None
    start: int = options.start or 0
    stop: int = duration if options.stop is None else min(options.stop, duration)
    return max(1, round((stop - start) / 1_000_000 * rate / every))


def _refuse_existing(folder: str, suffix: str) -> None:
    pattern = re.compile(r"frame-\d{6,}" + re.escape(suffix))
    for name in sorted(os.listdir(folder)):
        if pattern.fullmatch(name):
            raise CommandError(
                f"{os.path.join(folder, name)} exists; --force overwrites frames in this folder"
            )


def _write(
    frames: Iterator[ffwebcodecs.VideoFrame],
    options: argparse.Namespace,
    total: int | None,
) -> int:
    """Write the frames and return their number.

    Compressing costs more than decoding, and runs without the GIL: a few threads do it.
    """
    from concurrent.futures import ThreadPoolExecutor

    from ..frames._crop import Crop

    suffix = _SUFFIXES[options.format]
    tell_of_fields = _teller(options)
    crop = None if options.crop is None else Crop(ffwebcodecs.Rect(*options.crop))
    count = 0
    pending: deque[Future[bytearray | bytes]] = deque()
    pool = ThreadPoolExecutor(min(_SAVERS, os.cpu_count() or 1))
    is_stream = is_standard_output(options.output)
    target = None if is_stream else options.output

    def take() -> None:
        data = pending.popleft().result()
        if is_stream:
            write_file(output_name(options.output), data)

    try:
        with Progress(total, quiet=options.quiet) as progress:
            for frame in frames:
                count += 1
                path = target and os.path.join(target, f"frame-{count:06}{suffix}")
                tell_of_fields(frame)
                part = frame if crop is None else crop.apply(frame)
                pending.append(pool.submit(_save, part, path, options))
                del frame, part
                while len(pending) > _SAVERS:
                    take()
                    progress.step()
            while pending:
                take()
                progress.step()
    except ffwebcodecs.WebCodecsError:
        # Of a damaged file, what was decoded before the damage is still written.
        while pending:
            take()
        raise
    except KeyboardInterrupt:
        for future in pending:
            future.cancel()
        raise
    finally:
        pool.shutdown()
        close = getattr(frames, "close", None)
        if close is not None:
            close()
    return count


def _teller(options: argparse.Namespace) -> Callable[[ffwebcodecs.VideoFrame], None]:
    """Return what warns once of interlaced frames that are scaled."""
    from ..files._fields import has_fields
    from ..files._losses import warn

    told = options.deinterlace is not None or options.size is None

    def look_at(frame: ffwebcodecs.VideoFrame) -> None:
        nonlocal told
        if not told and has_fields(frame):
            told = True
            warn(
                f"{options.file} is interlaced, and scaled: the lines of two moments are mixed "
                "(deinterlace=True makes whole pictures of them, deinterlace=False ends this "
                "warning)"
            )

    return look_at


def _save(
    frame: ffwebcodecs.VideoFrame, path: str | None, options: argparse.Namespace
) -> bytes | bytearray:
    """Write a frame to a file, or return the file's bytes; closes `frame`."""
    data = _file_of(frame, options)
    if path is None:
        return data
    write_file(path, data)
    return b""


def _file_of(frame: ffwebcodecs.VideoFrame, options: argparse.Namespace) -> bytes | bytearray:
    kind, pixels = options.format, options.pixels
    if kind in ("raw", "npy"):
        frame = as_stored(frame) if options.stored else as_shown(frame)
    if options.size is not None:
        format = pixels
        if kind != "raw" and format is None:
            format = picture_format(frame)
        frame = scaled(frame, fit(frame, options.size), format)
    with frame:
        if kind in ("png", "jpeg"):
            return picture_bytes(frame, kind)
        if kind == "npy":
            return _npy(frame.to_ndarray(pixels))
        data = bytearray(frame.allocation_size(format=pixels))
        frame.copy_to(data, format=pixels)
        return data


def _npy(array: Any) -> bytearray:
    import io

    import numpy as np

    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return bytearray(file.getbuffer())
