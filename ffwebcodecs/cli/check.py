"""Go through files and say what is wrong with them, and what is worth knowing.

Every packet is read and every picture decoded; of a file without video, all of its sound. An error
is a frame that is missing or damaged, or a time that cannot be trusted; notes are no fault of the
file: a variable rate, an edit list, open groups of pictures, colours that are not stated. Times are
the file's own timestamps.

Exit status: 0 all files are sound (notes do not count), 1 there are errors in one, 2 one cannot be
read. Of several files, the highest.
"""

from __future__ import annotations

import argparse
from typing import Any

import ffwebcodecs

from ._input import add_input, video_arguments
from ._lines import complain, give, give_json
from ._output import explain
from ._progress import Progress
from ._song import check_song, is_song

HELP = "what is wrong with a file, frame by frame"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="file, URL, or - for standard input"
    )
    parser.add_argument(
        "--json", action="store_true", help="write a JSON array with an object for each file"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="show no progress, and errors only"
    )
    add_input(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    documents = []
    for path in options.files:
        document = _check(path, options)
        documents.append(document)
        if not options.json:
            for line in _lines(document, options.quiet):
                give(line)
    if options.json:
        give_json(documents)
    elif len(documents) > 1 and not options.quiet:
        found = [document["status"] for document in documents]
        give(", ".join(f"{found.count(each)} {_WORDS[each]}" for each in _STATUS if each in found))
    return max((0, 1, 2)[_STATUS.index(document["status"])] for document in documents)


_STATUS = ("sound", "errors", "unreadable")
_WORDS = {"sound": "sound", "errors": "with errors", "unreadable": "unreadable"}


def _check(path: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return what there is to say of one file."""
    document: dict[str, Any] = {
        "file": path,
        "status": "unreadable",
        "frames": None,
        "duration_us": None,
        "error": None,
        "findings": [],
    }
    try:
        with ffwebcodecs.Video(**video_arguments(options, path)) as video:
            document["frames"], document["duration_us"] = len(video), video.duration
            with Progress(len(video), quiet=options.quiet) as progress:

                def step(_: int) -> None:
                    options.interrupt.check()
                    progress.step()

                found = video.check(on_progress=step)
    except ffwebcodecs.FFmpegLoadError:
        raise  # the next file would fail as well
    except (ffwebcodecs.WebCodecsError, OSError) as error:
        if isinstance(error, ffwebcodecs.NotSupportedError) and is_song(path, options):
            return _check_song(path, options, document)
        return _unreadable(path, error, document)
    document["status"] = "sound" if found.sound else "errors"
    document["findings"] = found.to_json()
    return document


def _check_song(path: str, options: argparse.Namespace, document: dict[str, Any]) -> dict[str, Any]:
    try:
        check_song(path, options, document)
    except (ffwebcodecs.WebCodecsError, OSError) as error:
        return _unreadable(path, error, document)
    return document


def _unreadable(path: str, error: Exception, document: dict[str, Any]) -> dict[str, Any]:
    document["error"] = explain(path, error)
    complain(document["error"])
    return document


def _lines(document: dict[str, Any], quiet: bool) -> list[str]:
    """Return a line for each finding, and one for the whole."""
    if document["status"] == "unreadable":
        return []  # the reason is on standard error
    path, findings = document["file"], document["findings"]
    lines = [
        f"{path}: {each['severity']}: {each['message']} [{each['kind']}]"
        for each in findings
        if each["severity"] == "error" or not quiet
    ]
    errors = sum(each["severity"] == "error" for each in findings)
    if quiet:
        return lines
    return [*lines, f"{path}: {f'{errors} error{chr(115) * (errors > 1)}' if errors else 'sound'}"]
