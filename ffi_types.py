"""Write the structs of headers/ as Python types: _ffi/_types.pyi, for type checkers alone.

A stub has no module behind it, so it costs nothing where the program runs: it is imported under
TYPE_CHECKING. What C tells apart and Python does not is one type: a struct and a pointer to it have
the same fields in cffi, so both are its class, while a pointer to such a pointer is a `Pointer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)\} \1;", re.DOTALL)
OPAQUE = re.compile(r"^(?:typedef )?struct (\w+)(?: \1)?;$", re.MULTILINE)
FIELD = re.compile(r"(?P<type>[\w ]+?)(?P<stars>(?: ?\*(?:const )?)*) ?(?P<name>\w+)(?:\[\d+\])?")
INTEGER = re.compile(r"(?:un)?signed(?: int| char)?|int|u?int\d+_t|size_t|enum \w+")
PRIMITIVES = {"char": "bytes", "double": "float", "float": "float"}

HEAD = '''\
"""The structs of headers/ as types, for type checkers alone: written by ffi_types.py.

A struct's class stands for the struct and for a pointer to it. A field that not every release has
says which ones do, as headers/ does.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar, overload

from typing_extensions import Self

_T = TypeVar("_T")
_Fields = TypeVar("_Fields")

class _Address:
    def __bool__(self) -> bool: ...
    def __add__(self, count: int) -> Self: ...
    @overload
    def __sub__(self, count: int) -> Self: ...
    @overload
    def __sub__(self, start: Self) -> int: ...
    def __lt__(self, other: Self) -> bool: ...
    def __le__(self, other: Self) -> bool: ...
    def __gt__(self, other: Self) -> bool: ...
    def __ge__(self, other: Self) -> bool: ...

class Pointer(_Address, Generic[_T]):
    """A pointer to a number, or to another pointer."""

    def __getitem__(self, index: int) -> _T: ...
    def __setitem__(self, index: int, value: _T) -> None: ...

class Array(Generic[_T]):
    """An array within a struct."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[_T]: ...
    def __getitem__(self, index: int) -> _T: ...
    def __setitem__(self, index: int, value: _T) -> None: ...
    def __add__(self, count: int) -> Pointer[_T]: ...

Bytes = Pointer[int] | Array[int]

class Struct(_Address):
    """A struct, or a pointer to one or to the first of several."""

    def __getitem__(self, index: int) -> Self: ...

class Value(Generic[_T, _Fields]):
    """A struct within a struct, which a tuple of its fields may be assigned to."""

    def __get__(self, holder: object, owner: object = None) -> _T: ...
    def __set__(self, holder: object, value: _T | _Fields) -> None: ...
'''


class Header:
    """The structs of one or more headers: the declarations of their fields, with their gates."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.structs: dict[str, list[tuple[str, str]]] = {}
        for text in texts:
            code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
            self.structs.update((name, []) for name in OPAQUE.findall(code))
            for name, body in STRUCT.findall(code):
                self.structs[name] = [*fields(body)]

    def values_of(self, struct: str) -> str | None:
        """Return the type of a tuple of all the fields, None if not all are declared."""
        declared = [declaration for declaration, _ in self.structs[struct]]
        if not declared or "..." in declared:
            return None
        return f"tuple[{', '.join(self.field(each)[1] for each in declared)}]"

    def plain(self, c_type: str) -> str:
        """Return the Python type of a value that is no pointer."""
        name = c_type.removeprefix("struct ")
        if name in self.structs:
            return name
        if INTEGER.fullmatch(c_type):
            return "int"
        return PRIMITIVES[c_type]

    def field(self, declaration: str) -> tuple[str, str]:
        """Return a field's name and its Python type."""
        function = re.search(r"\(\*(\w+)\)\(", declaration)
        if function:
            return function[1], "Any"
        match = FIELD.fullmatch(declaration)
        if match is None:
            raise ValueError(f"cannot read the field {declaration!r}")
        c_type, depth = match["type"].removeprefix("const "), match["stars"].count("*")
        array = declaration.endswith("]")
        if c_type == "void":
            return match["name"], "Any"
        found = self.plain(c_type)
        if found in self.structs:
            depth -= 1  # the class is the pointer as well
        if depth < 0 and not array:
            values = self.values_of(found)
            found = f"Value[{found}, {values}]" if values else found
        found = "Pointer[" * depth + found + "]" * depth
        return match["name"], f"Array[{found}]" if array else found

    def lines(self, struct: str) -> list[str]:
        """Return the class of a struct."""
        gates: dict[tuple[str, str], list[str]] = {}
        for declaration, gate in self.structs[struct]:
            if declaration != "...":
                gates.setdefault(self.field(declaration), []).append(gate)
        if not gates:
            return [f"class {struct}(Struct): ..."]
        lines = [f"class {struct}(Struct):"]
        for (name, kind), found in gates.items():
            # two gates: the C type changed, and it is one in Python
            comment = f"  # {found[0]}" if len(found) == 1 and found[0] else ""
            lines.append(f"    {name}: {kind}{comment}")
        return lines


def fields(body: str) -> Iterable[tuple[str, str]]:
    """Yield the declarations within a struct, and under which gate each one stands."""
    for line in body.splitlines():
        code, _, gate = line.partition("//@")
        if "(*" in code:
            yield code.strip().rstrip(";"), gate.strip()
            continue
        for declaration in code.split(";"):
            if declaration.strip():
                yield declaration.strip(), gate.strip()


def stub(texts: Iterable[str]) -> str:
    """Return the text of _types.pyi for these headers."""
    header = Header(texts)
    text, after = HEAD, "\n"
    for struct in header.structs:
        lines = header.lines(struct)
        # as ruff formats it: what is written in one line stands together
        gap = "" if len(lines) == 1 and after == "" else "\n"
        text += gap + "\n".join(lines) + "\n"
        after = "" if len(lines) == 1 else "\n"
    return text
