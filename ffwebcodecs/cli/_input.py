"""How the input is opened: the arguments that all commands have that read videos."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ..files._descriptors import descriptor_of
from ._colors import color_arguments
from ._output import CommandError
from ._values import parse_count, parse_option


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add the arguments about the input."""
    group = parser.add_argument_group("the input")
    group.add_argument(
        "--input-format", metavar="NAME", help="FFmpeg's name of its format; default: by content"
    )
    group.add_argument(
        "--input-option",
        dest="input_options",
        metavar="KEY=VALUE",
        type=parse_option,
        action="append",
        default=[],
        help="FFmpeg's option of its format or protocol; may be repeated",
    )
    group.add_argument(
        "--playlists",
        choices=("yes", "no", "same-host"),
        help="whether it may be a playlist, which names other files; default: only a URL may",
    )
    group.add_argument(
        "--max-pixels",
        metavar="N",
        type=_parse_limit,
        default=argparse.SUPPRESS,
        help="refuse larger pictures, width times height; none: no limit; default: 2 to the 27th",
    )
    group.add_argument(
        "--stream",
        metavar="N",
        type=int,
        help="index of the video stream that is read, as probe lists them; default: the best one",
    )
    group.add_argument(
        "--timeout", metavar="SECONDS", type=float, help="give up after waiting that long for data"
    )


def add_damage(parser: argparse.ArgumentParser) -> None:
    """Add the arguments about damage of the input."""
    group = parser.add_argument_group("damage of the input")
    group.add_argument(
        "--errors",
        choices=("raise", "skip"),
        default="raise",
        help="skip: go on behind damage, and say what is missing; default: raise, end there",
    )
    group.add_argument(
        "--strict",
        action="store_true",
        help="fail if the input ends early by what it says itself, instead of a warning",
    )


def add_require_all(parser: argparse.ArgumentParser) -> None:
    """Add ``--require-all``."""
    parser.add_argument(
        "--require-all",
        action="store_true",
        help="fail, without output, if it would lack anything that the input holds",
    )


def add_keep_start(parser: argparse.ArgumentParser) -> None:
    """Add ``--keep-start``."""
    parser.add_argument(
        "--keep-start",
        action="store_true",
        help="keep the clock of MPEG-TS, MPEG-PS, FLV ... as it is; default: begin at 0",
    )


def damage_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of damage as the parameters of `read_frames` and its like."""
    return {"errors": options.errors, "strict": options.strict}


def input_name(path: str) -> str:
    """Return what is opened for an input; ``-`` is standard input."""
    if path != "-":
        return path
    require_input()
    return "pipe:0"


def require_input() -> None:
    """Raise if there is no standard input."""
    if sys.stdin is None:
        raise CommandError("standard input is closed")


def add_index(parser: argparse.ArgumentParser) -> None:
    """Add ``--index``."""
    parser.add_argument(
        "--index",
        metavar="INDEX",
        help="what 'ffwebcodecs index FILE' has written, to begin at once",
    )


def video_arguments(options: argparse.Namespace, path: str | None = None) -> dict[str, Any]:
    """Return what was said as the parameters of `Video`, which keeps standard input in memory."""
    path = options.file if path is None else path
    if path == "-":
        require_input()
    said = {"source": sys.stdin.buffer if path == "-" else path, **input_arguments(options)}
    if getattr(options, "index", None) is not None:
        said["index"] = options.index
    return said


def is_regular(path: str) -> bool:
    """Whether an input is a file, which may be opened more than once, and read in any order. What
    is reached through a descriptor may have its place in common with it.
    """
    return path != "-" and descriptor_of(path) is None and os.path.isfile(path)


def input_arguments(options: argparse.Namespace, prefix: str = "") -> dict[str, Any]:
    """Return what was said as the parameters of `Demuxer`; `prefix` stands before ``format``."""
    playlists = {None: None, "yes": True, "no": False}.get(options.playlists, options.playlists)
    said = {
        f"{prefix}format": options.input_format,
        "playlists": playlists,
        "timeout": options.timeout,
        "stream": options.stream,
        **color_arguments(options),
    }
    if options.input_options:
        said[f"{prefix}options"] = dict(options.input_options)
    if hasattr(options, "max_pixels"):
        said["max_pixels"] = options.max_pixels
    return said


def _parse_limit(text: str) -> int | None:
    return None if text == "none" else parse_count(text)
