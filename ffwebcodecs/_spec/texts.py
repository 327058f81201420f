"""Texts and other objects of the program's on their way to FFmpeg and the operating system.

Whatever is wrong with them, or goes wrong inside of them, becomes `InvalidArgumentError`.
"""

from __future__ import annotations

import os

from ..errors import InvalidArgumentError
from .numbers import show, to_int64, to_integer

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# The descriptors 0, 1 and 2, and where the others are.
_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr")
_FOLDERS = ("/dev/fd", "/proc/self/fd")


def to_text(value: str, what: str) -> str:
    """Return a plain str that can be given to C: UTF-8 without a null character."""
    text = str(value)
    if "\0" in text:
        raise InvalidArgumentError(f"{what} cannot hold a null character: {show(text)}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(
            f"{what} holds a lone surrogate, which no text can: {show(text)}"
        ) from error
    return text


def one_of(value: object, known: tuple[str, ...], what: str) -> str:
    """Return a text that is one of those that are known."""
    if not isinstance(value, str) or value not in known:
        raise InvalidArgumentError(f"{what} must be one of {', '.join(known)}, got {show(value)}")
    return value


def to_path(value: object, what: str = "a path") -> str:
    """Return a path as text, from str, bytes or a path object.

    Bytes that are no text in the file system's encoding come as Python's surrogates, as usual.
    """
    try:
        path = os.fspath(value)  # type: ignore[call-overload]
        path = os.fsdecode(path) if isinstance(path, bytes) else str(path)
    except Exception as error:
        raise InvalidArgumentError(f"{what} cannot be read from {show(value)}: {error}") from error
    if "\0" in path:
        raise InvalidArgumentError(f"{what} cannot hold a null character: {show(path)}")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(
            f"{what} holds what the file system's encoding has not: {show(path)}"
        ) from error
    return path


def descriptor_of(path: str) -> int | None:
    """Return the descriptor that a path stands for, as ``/dev/stdout`` does; None if it is none."""
    if os.name == "nt":
        return None
    name = os.path.normpath(path)
    if name in _STREAMS:
        return _STREAMS.index(name)
    folder, number = os.path.split(name)
    if folder not in _FOLDERS or not (number.isascii() and number.isdigit()):
        return None
    return int(number) if len(number) < 10 else None


def is_path(value: object) -> bool:
    """Tell whether a value is a path: not a file object, whose name does not count."""
    return isinstance(value, (str, os.PathLike))


def attribute(value: object, name: str, default: object = None) -> Any:
    """Return an attribute of a foreign object, or the default if it has none."""
    try:
        return getattr(value, name, default)
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidArgumentError(
            f"a {type(value).__name__} cannot be asked for its {name}: {show(error)}"
        ) from error


def buffer_of(value: object) -> memoryview | None:
    """Return the bytes of a buffer, None if it is none that can be read from end to end; raises
    InvalidArgumentError for one that is released or closed.
    """
    try:
        return memoryview(value).cast("B")  # type: ignore[arg-type]
    except TypeError:
        return None
    except Exception as error:
        raise InvalidArgumentError(
            f"the bytes of the {type(value).__name__} cannot be read: {error}"
        ) from error


def items_of(value: Mapping[Any, Any], what: str) -> list[tuple[Any, Any]]:
    """Return the keys and values of a foreign mapping."""
    try:
        return list(value.items())
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidArgumentError(f"{what} cannot be read: {show(error)}") from error


def number_text(value: int | float, what: str) -> str:
    """Return a number as FFmpeg reads it; True is 1."""
    if isinstance(value, float):
        return str(float(value))
    number = int(value) if isinstance(value, bool) else to_integer(value, what)
    # No option has more bits; the text of a very long int is an error by itself.
    return str(number if abs(number) < 2**64 else to_int64(number, what))
