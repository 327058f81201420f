"""What the commands share about outputs: standard output, and the rule about files that exist."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ..files._descriptors import descriptor_of
from ._spelling import as_typed
from ._values import parse_seconds


class CommandError(Exception):
    """The work failed; the message goes to standard error, exit status 1."""


class UsageError(Exception):
    """The command line is wrong in a way that only the command can see; exit status 2."""


def explain(path: str, error: BaseException) -> str:
    """Return one line that says what went wrong with a file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or path}: {error.strerror}"
    message = as_typed(str(error)) or (
        "out of memory" if isinstance(error, MemoryError) else repr(error)
    )
    return message if path in message else f"{path}: {message}"


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add ``--force``."""
    parser.add_argument("-f", "--force", action="store_true", help="overwrite files that exist")


def add_several(parser: argparse.ArgumentParser) -> None:
    """Add ``--several-files``."""
    parser.add_argument(
        "--several-files",
        action="store_true",
        help="allow hls (.m3u8), dash (.mpd) and segment, which write other files too",
    )


def add_fragments(parser: argparse.ArgumentParser) -> None:
    """Add ``--fragmented`` and ``--fragment-duration``."""
    parser.add_argument(
        "--fragmented",
        action="store_true",
        help="write OUT piece by piece, so that it can be played while it is made; to standard "
        "output or a FIFO each piece goes at once",
    )
    parser.add_argument(
        "--fragment-duration",
        metavar="S",
        type=parse_seconds,
        help="of such pieces: 2, 0.5; default: one for each group of pictures",
    )


def fragment_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the functions that write films take of it; raise UsageError for one alone."""
    if options.fragment_duration is not None and not options.fragmented:
        raise UsageError("--fragment-duration needs --fragmented")
    return {"fragmented": options.fragmented, "fragment_duration": options.fragment_duration}


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add ``--quiet``."""
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress, no summary")


def add_skip_existing(parser: argparse.ArgumentParser) -> None:
    """Add ``--skip-existing``."""
    parser.add_argument(
        "--skip-existing", action="store_true", help="leave out what has an output already"
    )


def is_standard_output(path: str) -> bool:
    """Whether OUT is standard output, whose place no summary may take then."""
    return path == "-" or descriptor_of(path) == 1


def output_name(path: str) -> Any:
    """Return what is written for an output; ``-`` is standard output."""
    if path != "-":
        return path
    return "/dev/stdout" if os.path.exists("/dev/stdout") else sys.stdout.buffer


def check_output(path: str) -> None:
    """Raise if OUT is standard output, and that is closed, or a terminal, which shows no bytes."""
    if not is_standard_output(path):
        return
    if sys.stdout is None:
        raise CommandError("standard output is closed")
    if sys.stdout.isatty():
        raise UsageError(
            "standard output is a terminal; send it to a file or a program, or name a file "
            "(./- is a file of that name)"
        )


def exists(path: str) -> bool:
    """Whether an output is there already as a file; pipes, devices and what descriptors stand for
    are none.
    """
    return path != "-" and descriptor_of(path) is None and os.path.isfile(path)


def refuse_existing(path: str, force: bool) -> None:
    """Raise if `path` is a file that may not be overwritten."""
    if not force and exists(path):
        raise CommandError(f"{path} exists; --force overwrites it")


def make_parent(path: str) -> None:
    """Make the folder that `path` is to lie in."""
    folder = os.path.dirname(path)
    if folder and path != "-":
        os.makedirs(folder, exist_ok=True)
