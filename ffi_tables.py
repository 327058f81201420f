"""Merge the pre-parsed declarations of all FFmpeg majors into one module: _ffi/_abi.py.

cffi writes one module for each major, and nine tenths of it are the same in all of them; only the
numbers of the types differ, because each is counted on its own. Here every type of every major gets
one number, so that what is equal in C is equal in text and is written once, and a major is the
differences from it. `ffwebcodecs/_ffi/_tables.py` makes cffi's form of one major from that, when it
is needed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent

# cffi's opcodes (its cffi_opcode.py; part of the format, so they do not change)
PRIMITIVE, POINTER, ARRAY, OPEN_ARRAY, STRUCT, ENUM = 1, 3, 5, 7, 9, 11
FUNCTION, FUNCTION_END, NOOP, TYPENAME, CONSTANT, DLOPEN_FUNCTION = 13, 15, 17, 21, 31, 35
TABLES = ("functions", "numbers", "structs", "enums", "names")

Key = tuple[Any, ...]
"""A type by what it is, not by its number: ("struct", "AVFrame"), (POINTER, key), ..."""


def four(data: bytes, at: int = 0) -> int:
    """Read one of cffi's four-byte numbers."""
    return int.from_bytes(data[at : at + 4], "big")


def parsed(builder: Any) -> dict[str, Any]:
    """Return what cffi's own ABI module of this builder hands to its FFI type."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "module.py")
        with contextlib.redirect_stdout(None):  # it tells the name of the file
            builder.emit_python_code(str(path))
        spec = importlib.util.spec_from_file_location("module", path)
        if spec is None or spec.loader is None:
            raise ImportError(path)
        module = importlib.util.module_from_spec(spec)
        backend = SimpleNamespace(FFI=lambda name, **tables: tables)
        writing, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            with mock.patch.dict(sys.modules, {"_cffi_backend": backend}):
                spec.loader.exec_module(module)
        finally:
            sys.dont_write_bytecode = writing
    tables: dict[str, Any] = module.ffi
    return tables


class Major:
    """The tables of one FFmpeg major, with types by what they are."""

    def __init__(self, tables: dict[str, Any]) -> None:
        if tables["_version"] != 0x2601 or "_includes" in tables:
            raise ValueError("this cffi writes tables of another format")
        data = tables["_types"]
        self.codes = [four(data, at) for at in range(0, len(data), 4)]
        self.struct_names = [entry[0][8:].decode() for entry in tables["_struct_unions"]]
        self.enum_names = [entry[8:].split(b"\0")[0].decode() for entry in tables["_enums"]]
        self.tables = tables

    def key(self, index: int) -> Key:
        """Return what the type with this number is."""
        code, value = self.codes[index] & 0xFF, self.codes[index] >> 8
        if code == PRIMITIVE:
            return (PRIMITIVE, value)
        if code in (POINTER, OPEN_ARRAY):
            return (code, self.key(value))
        if code == ARRAY:
            return (ARRAY, self.key(value), self.codes[index + 1])
        if code == STRUCT:
            return (STRUCT, self.struct_names[value])
        if code == ENUM:
            return (ENUM, self.enum_names[value])
        if code == NOOP:
            return self.key(value)
        if code == FUNCTION:
            arguments = []
            while self.codes[index := index + 1] & 0xFF != FUNCTION_END:
                arguments.append(self.key(index))
            return (FUNCTION, self.key(value), *arguments, self.codes[index] >> 8)
        raise ValueError(f"cffi's type opcode {code} is not known here")


class Types:
    """One table of all types of all majors."""

    def __init__(self) -> None:
        self.keys: dict[Key, None] = {}

    def add(self, key: Key) -> None:
        """Take a type in, and what it is made of before it."""
        if key in self.keys:
            return
        for part in key[1:]:
            if isinstance(part, tuple):
                self.add(part)
        self.keys[key] = None

    def number(self, structs: list[str], enums: list[str]) -> list[int]:
        """Give every type its number in `self.at`, and return cffi's codes."""
        self.at: dict[Key, int] = {}
        end = 0
        for key in self.keys:
            self.at[key] = end
            end += {ARRAY: 2, FUNCTION: len(key) - 1}.get(key[0], 1)
        codes = []
        for key in self.keys:
            if key[0] == PRIMITIVE:
                codes.append(key[1] << 8 | PRIMITIVE)
            elif key[0] == STRUCT:
                codes.append(structs.index(key[1]) << 8 | STRUCT)
            elif key[0] == ENUM:
                codes.append(enums.index(key[1]) << 8 | ENUM)
            else:
                codes.append(self.at[key[1]] << 8 | key[0])
                if key[0] == ARRAY:
                    codes.append(key[2])
                if key[0] == FUNCTION:
                    codes += [self.at[argument] << 8 | NOOP for argument in key[2:-1]]
                    codes.append(key[-1] << 8 | FUNCTION_END)
        return codes


def place(struct: str, field: bytes, at: int) -> str:
    """Write one field: its name and type; padding is its length alone."""
    name = field[4:].decode()
    if field[3] != NOOP:
        raise ValueError(f"{struct}.{name} is a bit field")
    return f"{name}:{at}"


def texts(major: Major, types: Types) -> dict[str, dict[str, str]]:
    """Return the tables of one major as texts by name, types by their common number."""
    tables = major.tables

    def at(index: int) -> int:
        return types.at[major.key(index)]

    result: dict[str, dict[str, str]] = {table: {} for table in TABLES}
    for entry, value in zip(tables["_globals"][::2], tables["_globals"][1::2], strict=True):
        name, code = entry[4:].decode(), four(entry)
        if code & 0xFF == DLOPEN_FUNCTION:
            result["functions"][name] = str(at(code >> 8))
        elif code in (0xFFFFFF00 | CONSTANT, 0xFFFFFF00 | ENUM):
            result["numbers"][name] = f"{value}{'e' if code & 0xFF == ENUM else ''}"
        else:
            raise ValueError(f"{name} is neither a function nor a number")
    for head, *fields in tables["_struct_unions"]:
        name = head[8:].decode()
        places = " ".join(place(name, field, at(four(field) >> 8)) for field in fields)
        result["structs"][name] = f"{four(head, 4)} {places}".strip()
    for entry in tables["_enums"]:
        name, members = entry[8:].decode().split("\0")
        result["enums"][name] = f"{four(entry, 4)} {members}"
    for entry in tables["_typenames"]:
        result["names"][entry[4:].decode()] = str(at(four(entry)))
    return result


def differences(
    majors: dict[int, dict[str, dict[str, str]]],
) -> tuple[dict[str, dict[str, str]], dict[int, dict[str, dict[str, str]]]]:
    """Return what most majors have, and for each major where it differs ("-": lacks it)."""
    common: dict[str, dict[str, str]] = {}
    for table in TABLES:
        names = sorted({name for major in majors.values() for name in major[table]})
        most = {
            name: Counter(major[table].get(name) for major in majors.values()).most_common(1)[0][0]
            for name in names
        }
        common[table] = {name: text for name, text in most.items() if text is not None}
    apart = {
        number: {
            table: {
                name: major[table].get(name, "-")
                for name in sorted(common[table] | major[table])
                if major[table].get(name) != common[table].get(name)
            }
            for table in TABLES
        }
        for number, major in majors.items()
    }
    return common, apart


def take_in(types: Types, majors: Iterable[Major]) -> None:
    """Take in all types of these majors."""
    for major in majors:
        functions = (code for code, entry in enumerate(major.codes) if entry & 0xFF == FUNCTION)
        for index in functions:
            types.add(major.key(index))
        for head, *fields in major.tables["_struct_unions"]:
            for entry in (head, *fields):
                types.add(major.key(four(entry) >> (8 if entry is not head else 0)))
        for entry in (*major.tables["_enums"], *major.tables["_typenames"]):
            types.add(major.key(four(entry)))


def write_module(majors: dict[int, Major], narrow: dict[int, Major]) -> str:
    """Return the text of _abi.py; `narrow` has the types where a long has 32 bits."""
    types = Types()
    everywhere = [*majors.values(), *narrow.values()]
    structs = sorted({name for major in everywhere for name in major.struct_names})
    enums = sorted({name for major in everywhere for name in major.enum_names})
    for key in [(STRUCT, name) for name in structs] + [(ENUM, name) for name in enums]:
        types.add(key)  # first, so that their types have the numbers of their places here
    take_in(types, everywhere)
    codes = types.number(structs, enums)
    plain = {number: texts(major, types) for number, major in sorted(majors.items())}
    common, apart = differences(plain)
    llp64 = {
        number: sorted(texts(major, types)["structs"].items() - plain[number]["structs"].items())
        for number, major in sorted(narrow.items())
    }
    lines = [
        '"""FFmpeg\'s declarations for ABI mode, of all majors: written by ffi_build.py.',
        "",
        "`_tables.py` says how to read it, and makes cffi's form of one major from it.",
        '"""',
        "",
        'TYPES = """',
        *textwrap.wrap(" ".join(f"{code:08x}" for code in codes), 98),
        '"""',
        f"STRUCTS = {' '.join(structs)!r}",
        f"ENUMS = {' '.join(enums)!r}",
        f"COMMON = {literal(common)}",
        "APART = {",
        *(f"{number}: {literal(major)}," for number, major in apart.items()),
        "}",
        "LLP64 = {",
        *(
            f'{number}: """\n' + "".join(f"{name} {text}\n" for name, text in rows) + '""",'
            for number, rows in llp64.items()
        ),
        "}",
    ]
    return "\n".join(lines) + "\n"


def literal(tables: dict[str, dict[str, str]]) -> str:
    """Write the tables of one major, a line for each name."""
    parts = (
        f'"{table}": """\n' + "".join(f"{name} {text}\n" for name, text in entries.items()) + '""",'
        for table, entries in tables.items()
    )
    return "\n".join(["{", *parts, "}"])
