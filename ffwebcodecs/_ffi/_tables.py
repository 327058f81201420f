"""Make cffi's parsed declarations of one FFmpeg major from `_abi`, which holds those of all.

`_abi` is text that ffi_build.py writes: the types, which all majors number alike; what most majors
have (COMMON), and where a major differs (APART), a line for each name. "-" stands for a name that
the major lacks. Windows, where a long has 32 bits, has some structs of its own (LLP64).

========= ==========================================================================
functions the number of the function's type
numbers   the value; "e" behind it: a member of an enum
structs   cffi's flags, then each field as name:type (``_pad8:57`` is padding)
enums     cffi's type of the values, then the members
names     the number of the type that the typedef stands for
========= ==========================================================================
"""

from __future__ import annotations

import os
import threading
from typing import Any

import _cffi_backend

from ffwebcodecs._ffi import _abi

VERSION = 0x2601  # of cffi's format; its oldest reader that has all we use
NOOP, CONSTANT, ENUM, FUNCTION = 17, 0xFFFFFF1F, 0xFFFFFF0B, 35  # cffi's opcodes

_lock = threading.RLock()
if hasattr(os, "register_at_fork"):  # a thread that held it at a fork is not in the child
    os.register_at_fork(after_in_child=lambda: globals().update(_lock=threading.RLock()))
_made: dict[int, AbiModule] = {}
IS_LLP64 = os.name == "nt"


class AbiModule:
    """The declarations of one libavutil major, like the module that cffi would have written."""

    def __init__(self, major: int) -> None:
        self.__name__ = f"{_abi.__name__}{major}"
        self.ffi = _make(self.__name__, major)


def module(major: int) -> AbiModule:
    """Return the declarations of this libavutil major, made once for the process."""
    with _lock:
        if major not in _made:
            _made[major] = AbiModule(major)
        return _made[major]


def _four(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _entries(table: str, major: int) -> dict[str, str]:
    """Return one table of a major: name to text."""
    lines = _abi.COMMON[table].splitlines() + _abi.APART[major][table].splitlines()
    entries = dict([line.split(" ", 1) for line in lines if line])
    for name in [name for name, text in entries.items() if text == "-"]:
        del entries[name]
    return entries


def _struct(number: int, name: str, text: str) -> tuple[bytes, ...]:
    flags, *fields = text.split()
    entry = [_four(number) + _four(int(flags)) + name.encode()]
    for field in fields:
        label, _, kind = field.partition(":")
        entry.append(_four(int(kind) << 8 | NOOP) + label.encode())
    return tuple(entry)


def _make(title: str, major: int, llp64: bool = IS_LLP64) -> Any:
    values: dict[str, tuple[int, int]] = {}
    for name, text in _entries("functions", major).items():
        values[name] = int(text) << 8 | FUNCTION, 0
    for name, text in _entries("numbers", major).items():
        member = text[-1] == "e"
        values[name] = (ENUM, int(text[:-1])) if member else (CONSTANT, int(text))
    known: list[Any] = []
    for name, (code, value) in sorted(values.items()):  # cffi searches by halves
        known += (_four(code) + name.encode(), value)
    structs = _entries("structs", major)
    if llp64:
        structs |= dict([line.split(" ", 1) for line in _abi.LLP64[major].splitlines() if line])
    enums = _entries("enums", major)
    members = []
    for number, name in enumerate(_abi.ENUMS.split(), len(_abi.STRUCTS.split())):
        kind, names = enums[name].split(" ", 1)
        members.append(_four(number) + _four(int(kind)) + f"{name}\0{names}".encode())
    typedefs = sorted(_entries("names", major).items())
    return _cffi_backend.FFI(
        title,
        _version=VERSION,
        _types=bytes.fromhex(_abi.TYPES),
        _globals=tuple(known),
        _struct_unions=tuple(
            _struct(number, name, structs.get(name, "16"))
            for number, name in enumerate(_abi.STRUCTS.split())
        ),
        _enums=tuple(members),
        _typenames=tuple(_four(int(number)) + name.encode() for name, number in typedefs),
    )
