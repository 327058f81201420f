"""Lines on standard output and standard error that go out whatever is there: what it cannot show is
escaped, and a summary that nobody takes stops no work.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, Protocol, TextIO

from ..files._discreet import discreet

# Characters that do something to a terminal instead of being shown; lines end at their end only.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) != "\t"}
_BUT_LINES = {code: text for code, text in _CONTROLS.items() if chr(code) != "\n"}


class Drawing(Protocol):
    """What is drawn on a terminal and drawn anew: a bar, or several."""

    def hide(self) -> None:
        """Take it away for a line, after which it is drawn again."""


_drawn: list[Drawing] = []


class OutputError(Exception):
    """Standard output, which is what the command is for, cannot be written; exit status 1."""


def show_drawing(drawing: Drawing) -> None:
    """Say that a drawing is on the terminal from now on: lines go above it."""
    _drawn.append(drawing)


def forget_drawing(drawing: Drawing) -> None:
    """Say that a drawing has gone; twice is fine."""
    if drawing in _drawn:
        _drawn.remove(drawing)


def complain(message: str) -> None:
    """Write a message to standard error."""
    # In one piece, because jobs may speak at once.
    _try(sys.stderr, f"ffwebcodecs: {discreet(message).translate(_BUT_LINES)}\n")


def tell(line: str, *, aside: bool = False) -> None:
    """Write a line of what was done to standard output; `aside`: to standard error, where output
    is something else.
    """
    shown = discreet(line).translate(_CONTROLS)
    _try(sys.stderr if aside else sys.stdout, f"{shown}\n")


def give_json(document: object) -> None:
    """Write JSON that the command was called for, as `give` does, without what URLs hold of
    secrets.
    """
    import json  # for these commands only

    _give(json.dumps(_discreet(document), indent=2))


def _discreet(document: object) -> object:
    if isinstance(document, str):
        return discreet(document)
    if isinstance(document, dict):
        return {name: _discreet(value) for name, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [*map(_discreet, document)]
    return document


def give(text: str) -> None:
    """Write lines that the command was called for to standard output.

    Raises
    ------
    BrokenPipeError
        Its reader has left.
    OutputError
        It cannot be written.
    """
    _give(discreet(text))


def _give(text: str) -> None:
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise OutputError("standard output is closed")
    try:
        _write(stream, f"{text.translate(_BUT_LINES)}\n")
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise _failed(stream, error) from None


def finish() -> None:
    """Send on what standard output still has, here, where a reader that has left is expected;
    raises as `give` does.
    """
    stream: TextIO | None = sys.stdout
    if stream is None:
        return
    try:
        stream.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise _failed(stream, error) from None


def _failed(stream: TextIO, error: Exception) -> OutputError:
    silence(stream)
    return OutputError(f"standard output: {getattr(error, 'strerror', None) or error}")


def shown(text: str, stream: TextIO) -> str:
    """Return a text as a stream can show it: what its encoding has not is escaped."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _try(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return  # it was closed when the program began
    try:
        _write(stream, text)
    except (OSError, ValueError):
        silence(stream)


def _write(stream: TextIO, text: str) -> None:
    for drawing in _drawn:
        drawing.hide()
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(shown(text, stream))
    stream.flush()


def silence(stream: Any) -> None:
    """Let what a stream still has, and is given, go nowhere: it would fail once more at exit."""
    try:
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, number)
        finally:
            os.close(nowhere)
    except (OSError, ValueError):  # it has no descriptor
        pass


def open_missing() -> None:
    """Open what is closed of the standard streams, so that no file gets their number: what is
    written to standard output would be written into it.
    """
    with suppress(OSError):
        while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest number that is free
            pass
        os.close(opened)
