"""The package as a graph: modules, what each imports, what each names. Read, never run."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from clips import ROOT

PACKAGE = ROOT / "ffwebcodecs"
# Written by ffi_build.py.
GENERATED = frozenset(("_abi.py",))
# What imports nothing of ours, for everybody.
LEAVES = ("errors", "_public", "_record", "_later", "_pause")
FLOORS = ("_spec", "_ffi", "_av", "_runtime", "cli")
WINGS = ("frames", "scale", "codecs", "encoders", "files", "images")

Module = tuple[str, ...]
"""A module by its path below the package: ("_av", "frames", "picture"); () is the package."""


@functools.cache
def modules() -> dict[Module, Path]:
    """Return every module of the package that somebody wrote."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name in GENERATED:
            continue
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[parts[:-1] if parts[-1] == "__init__" else parts] = path
    return found


def shown(module: Module) -> str:
    return ".".join(("ffwebcodecs", *module))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of a file."""
    return tuple(ast.walk(tree(path)))


@functools.cache
def walk(node: ast.AST) -> tuple[ast.AST, ...]:
    """Return every node below, without what only a type checker reads."""
    found: list[ast.AST] = []
    left = [node]
    while left:
        found.append(left.pop())
        below: list[ast.AST] = []
        for child in ast.iter_child_nodes(found[-1]):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                below += child.orelse  # what is read instead is there when the program runs
            else:
                below.append(child)
        left += reversed(below)
    return tuple(found[1:])


@functools.cache
def names_imported(
    module: Module, *, types: bool = False
) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return (line, dotted name) for each name that a module imports, deferred imports too; with
    `types` also what only a type checker imports.
    """
    return tuple(sorted(_names_imported(module, types)))


def _names_imported(module: Module, types: bool) -> Iterator[tuple[int, tuple[str, ...]]]:
    path = modules()[module]
    is_package = path.name == "__init__.py"
    package = ("ffwebcodecs", *(module if is_package else module[:-1]))
    for node in ast.walk(tree(path)) if types else walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, tuple(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = (*base, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                yield node.lineno, (*start, alias.name)


@functools.cache
def modules_imported(module: Module, *, types: bool = False) -> dict[Module, int]:
    """Return the modules of ours that a module imports, and the line that first does."""
    found: dict[Module, int] = {}
    for line, name in names_imported(module, types=types):
        if name[0] != "ffwebcodecs":
            continue
        target = name[1:]
        while target not in modules():  # the last part may be a name in the module
            target = target[:-1]
        found.setdefault(target, line)
    return found


def floor_of(module: Module) -> str:
    """Return the floor that a module is on: what is on no other one promises."""
    if module and module[0] in LEAVES:
        return "leaf"
    if module and module[0] == "__main__":
        return "cli"
    return module[0] if module and module[0] in FLOORS else "public"


def wing_of(module: Module) -> str | None:
    """Return the wing that a module is in, None where its floor has none or it is for all."""
    rest = module if floor_of(module) == "public" else module[1:]
    return rest[0] if rest and rest[0] in WINGS and floor_of(module) != "cli" else None


def circles(graph: dict[Module, set[Module]]) -> list[list[Module]]:
    """Return the groups of modules that import each other, by whatever way (Tarjan)."""
    index: dict[Module, int] = {}
    low: dict[Module, int] = {}
    stack: list[Module] = []
    found: list[list[Module]] = []

    def visit(node: Module) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1 or node in graph[node]:
                found.append(group)

    for node in graph:
        if node not in index:
            visit(node)
    return found


@functools.cache
def struct_fields() -> frozenset[str]:
    """Return the names of all fields of FFmpeg's structs that headers/ declares."""
    names: set[str] = set()
    for path in sorted((ROOT / "headers").glob("*.h")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for body in re.findall(r"typedef struct \w+ \{(.*?)\} \w+;", text, re.DOTALL):
            for one in re.findall(r"\(\*(\w+)\)\(|(\w+)\s*(?:\[\w+\])?;", body):
                names.add(one[0] or one[1])
    return frozenset(names)
