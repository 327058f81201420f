"""What the commands share: messages, and the rule about files that exist."""

from __future__ import annotations

import argparse
import os
import sys


class CommandError(Exception):
    """The work failed; the message goes to standard error, exit status 1."""


class UsageError(Exception):
    """The command line is wrong in a way that only the command can see; exit status 2."""


def complain(message: str) -> None:
    """Write a message to standard error."""
    # In one piece, because jobs may speak at once.
    sys.stderr.write(f"ffwebcodecs: {message}\n")


def explain(path: str, error: BaseException) -> str:
    """Return one line that says what went wrong with a file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or path}: {error.strerror}"
    message = str(error) or ("out of memory" if isinstance(error, MemoryError) else repr(error))
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


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add ``--quiet``."""
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress, no summary")


def refuse_standard_output(path: str) -> None:
    """Raise if OUT is ``-``: most containers need a file to go back in."""
    if path == "-":
        raise UsageError("OUT must be a file, not standard output; ./- is a file of that name")


def refuse_existing(path: str, force: bool) -> None:
    """Raise if `path` is a file that may not be overwritten; pipes and devices are no files."""
    if not force and os.path.isfile(path):
        raise CommandError(f"{path} exists; --force overwrites it")


def make_parent(path: str) -> None:
    """Make the folder that `path` is to lie in."""
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
