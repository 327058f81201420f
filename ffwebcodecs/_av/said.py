"""What FFmpeg wrote to its log while a call failed: the reason, which its codes do not tell.

API mode: the extension keeps the last lines, in C, of every thread (`ffwc_log`). ABI mode has
nothing that C could call but Python, which FFmpeg's own threads shall not: there an open that
failed, of what can be opened again, is made once more while a Python function listens
(`_ffi._listening`). A program that has chosen a level of FFmpeg's log keeps the log for itself,
and gets the codes alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from .. import _ffi
from .._ffi import avutil, ffi
from .._later import pattern
from .._spec.discreet import discreet

_QUIET = -8  # AV_LOG_QUIET: what the loader has set
_MOST = 3  # lines
_LONGEST = 400  # characters of all together
_CUT = 1023  # bytes of a line, of which the rest is not kept, nor its end
_BUFFER = 1 << 17
# What FFmpeg says of cookies that it does not understand, with all of them.
_COOKIES = pattern(r"(?<=^Unable to parse ')[^']*")
_PREFIX = pattern(r"\[[^][]* @ (?:0x)?[0-9a-fA-F]+\] ")
# Warnings, which say nothing about a failure.
_IDLE = ("detected only with low score", "consider increasing", "deprecated", "Estimating duration")


def keeps_lines() -> bool:
    """Whether the last lines are kept as they come: in API mode, unless the program listens."""
    return _ffi.load().mode == "api" and _ffi.load().listens


def can_listen() -> bool:
    """Whether a call can be made again for its lines: in ABI mode, unless the program listens."""
    return _ffi.load().mode == "abi" and _ffi.load().listens


def mark() -> int:
    """Return a place in the log, for `since`."""
    return avutil.ffwc_log_count() if keeps_lines() else 0


def since(place: int, thread: int | None = None) -> str:
    """Return what FFmpeg said since a `mark`, in this thread or another one; "" if nothing is
    known of it.
    """
    if not keeps_lines():
        return ""
    thread = threading.get_ident() if thread is None else thread
    buffer = ffi.new("char[]", _BUFFER)
    size = avutil.ffwc_log_since(place, thread & 0xFFFFFFFFFFFFFFFF, buffer, _BUFFER)
    lines = bytes(ffi.buffer(buffer, size)).split(b"\0")
    return _told((line[:1] == b"E", line[1:]) for line in lines if line)


def again(call: Callable[[], object]) -> str:
    """Make a call that has failed once more, and return what FFmpeg says meanwhile in this thread;
    "" without a call if another part of the program has begun to listen since the libraries were
    loaded.
    """
    from .._ffi import _listening, _pyav

    path = _ffi.load().libraries["avutil"][0]
    if avutil.av_log_get_level() != _QUIET or _pyav.has(path):
        return ""
    return _told(_listening.overhear(path, call))


def with_words(message: str, words: str) -> str:
    """Return an error's message with what FFmpeg said."""
    if not words or words in message:
        return message
    return f"{message.removesuffix(': FFmpeg gives no reason')} (FFmpeg: {words})"


def _told(lines: Iterable[tuple[bool, bytes]]) -> str:
    """Return the last errors, or without any the last warnings, in one line."""
    whole: list[tuple[bool, str]] = []
    is_open = False
    for is_error, raw in lines:
        plain = _PREFIX.sub("", raw.decode("utf-8", "replace"))
        plain = _COOKIES.sub("***", plain)
        ends = plain.endswith("\n") or len(raw) >= _CUT
        plain = " ".join(plain.split())
        # A file chooses what is said of it, and may mean the terminal.
        plain = "".join(char if char.isprintable() else "?" for char in plain)
        if is_open:
            first, begun = whole.pop()
            whole.append((first, f"{begun} {plain}".strip()))
        else:
            whole.append((is_error, plain))
        is_open = not ends
    errors = [text for is_error, text in whole if is_error and text]
    others = [text for _, text in whole if text and not any(word in text for word in _IDLE)]
    chosen = list(dict.fromkeys(map(discreet, (errors or others)[-_MOST:])))
    return "; ".join(_shortened(text.rstrip("."), _LONGEST // len(chosen) - 2) for text in chosen)


def _shortened(text: str, most: int) -> str:
    """Leave out the middle of what is long: mostly a name, and what is wrong with it comes last."""
    return text if len(text) <= most else f"{text[: most // 2 - 3]}...{text[-(most // 2) :]}"
