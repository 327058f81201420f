"""The one module of all majors gives the declarations that cffi itself makes of each."""

from __future__ import annotations

from typing import Any

import ffi_helpers
import pytest

from ffwebcodecs import _ffi
from ffwebcodecs._ffi import _open, _tables

pytestmark = pytest.mark.once

ffi_build: Any = ffi_helpers.build_script("ffi_build")
ffi_tables: Any = ffi_helpers.build_script("ffi_tables")
MAJORS = sorted(ffi_build.load_layouts())


@pytest.fixture(scope="module", params=MAJORS)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Give the FFI object that cffi makes of one major's declarations, and ours."""
    import _cffi_backend

    builder = ffi_build.abi_builder(request.param, ffi_build.load_layouts()[request.param])
    tables = ffi_tables.parsed(builder)
    return _cffi_backend.FFI("cffi", **tables), _tables.module(request.param).ffi


def complete(ffi: Any, kind: Any) -> bool:
    """Tell whether a struct has fields; cffi aborts when one that has none is asked for them."""
    try:
        return bool(ffi.sizeof(kind))
    except ffi.error:
        return False


def describe(ffi: Any, kind: Any, seen: dict[str, object]) -> dict[str, object]:
    """Write down everything that makes a type, and the types it is made of."""
    if kind.cname in seen:
        return seen
    entry: dict[str, object] = {"kind": kind.kind}
    seen[kind.cname] = entry
    parts: list[Any] = []
    if kind.kind in ("pointer", "array"):
        parts.append(kind.item)
    if kind.kind == "function":
        parts += [kind.result, *kind.args]
        entry["function"] = [part.cname for part in parts], kind.ellipsis
    if kind.kind == "enum":
        entry["members"] = kind.elements
    if kind.kind == "struct" and complete(ffi, kind):
        parts += [field.type for _, field in kind.fields]
        entry["size"] = ffi.sizeof(kind), ffi.alignof(kind)
        entry["fields"] = [(name, at.offset, at.type.cname) for name, at in kind.fields]
    for part in parts:
        describe(ffi, part, seen)
    return seen


def test_every_type_is_what_cffi_makes_of_it(pair: tuple[Any, Any]) -> None:
    theirs, ours = pair
    names = theirs.list_types()[0]
    assert ours.list_types()[0] == names
    descriptions: list[dict[str, object]] = [{}, {}]
    for name in names:
        for ffi, seen in zip(pair, descriptions, strict=True):
            describe(ffi, ffi.typeof(name), seen)
    assert len(names) > 30
    assert descriptions[0] == descriptions[1]


def test_every_number_and_function_is_what_cffi_makes_of_it(pair: tuple[Any, Any]) -> None:
    theirs, ours = pair
    libraries = ffi_build.LIBRARIES
    paths = [_ffi.report().libraries[library][0] for library in libraries]
    functions = 0
    for path in paths:
        one, other = (_open.open_file(ffi, path) for ffi in pair)
        assert dir(one) == dir(other)
        for name in dir(one):
            try:
                value = getattr(one, name)
            except theirs.error:
                continue  # a function of another release or another library
            if isinstance(value, int):
                assert getattr(other, name) == value, name
                continue
            functions += 1
            kinds = theirs.typeof(value), ours.typeof(getattr(other, name))
            found = [describe(ffi, kind, {}) for ffi, kind in zip(pair, kinds, strict=True)]
            assert found[0] == found[1], name
    assert functions > 100


def test_the_module_in_use_is_what_the_build_writes() -> None:
    path = ffi_build.PACKAGE / "_abi.py"
    assert path.read_text(encoding="utf-8") == ffi_build.abi_text()
