"""Imports go downwards only: errors, _spec <- _ffi <- _av <- _runtime <- public modules <- cli."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from clips import ROOT

PACKAGE = ROOT / "ffwebcodecs"

# Which layers each layer may import. Public modules are everything that lies in the package root.
ALLOWED = {
    "errors": {"errors"},
    "_spec": {"_spec", "errors"},
    "_ffi": {"_ffi", "_spec", "errors"},
    "_av": {"_av", "_ffi", "_spec", "errors"},
    "_runtime": {"_runtime", "_av", "_ffi", "_spec", "errors"},
    "public": {"public", "_runtime", "_av", "_ffi", "_spec", "errors"},
    "cli": {"cli", "public", "errors"},
}
# The command line writes raw pixels itself, to files that appear when they are complete.
ALSO = {"cli": {"ffwebcodecs._av.files.complete_file.CompleteFile"}}
LAYERS = set(ALLOWED) - {"public"}


def layer_of(module: tuple[str, ...]) -> str:
    """Return the layer of a module given by its path below the package: ("_av", "frame")."""
    if module and module[0] == "__main__":
        return "cli"
    return module[0] if module and module[0] in LAYERS else "public"


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node, without what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if is_type_checking(child):
            continue
        yield child
        yield from walk(child)


def imported(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (line, module) for each import: absolute names, with ours below the package's name."""
    here = ("ffwebcodecs", *path.relative_to(PACKAGE).with_suffix("").parts)
    package = here[:-1]
    for node in walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                # Of `from ffwebcodecs import _av` only the last name tells the layer.
                yield node.lineno, (*module, alias.name)


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_downwards(path: Path) -> None:
    layer = layer_of(path.relative_to(PACKAGE).with_suffix("").parts)
    wrong = [
        f"line {line}: {'.'.join(module)} ({layer_of(module[1:])})"
        for line, module in imported(path)
        if module[0] == "ffwebcodecs"
        and layer_of(module[1:]) not in ALLOWED[layer]
        and ".".join(module) not in ALSO.get(layer, ())
    ]
    assert not wrong, f"{layer} may not import " + "; ".join(wrong)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_ffi_imports_cffi(path: Path) -> None:
    layer = layer_of(path.relative_to(PACKAGE).with_suffix("").parts)
    names = {module[0] for _, module in imported(path)}
    assert layer == "_ffi" or not names & {"cffi", "_cffi_backend"}


def test_spec_uses_neither_ffmpeg_nor_threads_nor_numpy() -> None:
    forbidden = {"threading", "queue", "asyncio", "numpy", "ctypes", "subprocess"}
    found = {
        f"{path.relative_to(PACKAGE)}:{line} {module[0]}"
        for path in (PACKAGE / "_spec").rglob("*.py")
        for line, module in imported(path)
        if module[0] in forbidden
    }
    assert not found


def test_only_av_calls_what_allocates_and_frees() -> None:
    endings = ("_alloc", "_alloc3", "_free", "_freep", "_unref", "_close", "_close_input")
    libraries = {"avutil", "avcodec", "swscale", "avformat"}
    found = []
    for path in SOURCES:
        layer = layer_of(path.relative_to(PACKAGE).with_suffix("").parts)
        if layer in ("_av", "_ffi"):
            continue
        found += [
            f"{path.relative_to(PACKAGE)}:{node.lineno} {node.attr}"
            for node in walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute)
            and node.attr.endswith(endings)
            and isinstance(node.value, ast.Name)
            and node.value.id in libraries
        ]
    assert not found
