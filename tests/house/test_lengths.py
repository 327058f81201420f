"""No file that is written by hand is long, and no function in it: a reader sees the whole."""

from __future__ import annotations

import ast
import io
import os
import tokenize
from collections.abc import Iterator
from pathlib import Path

from clips import ROOT

FILE = 500  # lines, with everything
FUNCTION = 60  # lines of code
GENERATED = ("_abi.py",)
# What stands beside the sources but is not ours: environments, caches, what a build leaves.
NOT_OURS = ("build", "dist", "__pycache__")
NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def sources(suffix: str = ".py") -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in NOT_OURS
            and not name.endswith(".egg-info")
            and not Path(folder, name, "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            if name.endswith(suffix) and name not in GENERATED:
                yield Path(folder, name)


def lines_of_code(text: str) -> set[int]:
    """Return the lines that hold more than a comment."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            found.update(range(token.start[0], token.end[0] + 1))
    return found


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement below, wherever a function may stand."""
    left = [node]
    while left:
        node = left.pop()
        yield node
        for where in ("body", "orelse", "finalbody", "handlers", "cases"):
            below = getattr(node, where, ())
            if isinstance(below, list):  # a lambda's body is an expression
                left += below


def long_functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and length of each function whose body is too long; its docstring is free."""
    code: set[int] = set()
    for node in statements(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if (node.end_lineno or 0) - node.lineno < FUNCTION:
            continue  # with everything it is short: most are
        code = code or lines_of_code(text)
        first = node.body[0]
        described = ast.get_docstring(node, clean=False) is not None
        start = (first.end_lineno or 0) + 1 if described else first.lineno
        length = len(code & set(range(start, (node.end_lineno or 0) + 1)))
        if length > FUNCTION:
            yield node.name, length


def test_no_file_is_longer_than_500_lines() -> None:
    paths = [*sources(), *sources(".c")]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert len(lengths) > 200
    found = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > FILE}
    assert not found


def test_no_function_has_more_than_60_lines_of_code() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name} has {length}"
        for path in sources()
        for name, length in long_functions(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_signature_docstring_blank_lines_and_comments_are_free() -> None:
    free = 'def f(\n    a,\n):\n    """Say\n\n    what."""\n\n    # why\n'
    assert list(long_functions(free + "    a += 1\n\n" * FUNCTION)) == []
    assert list(long_functions(free + "    a += 1\n" * (FUNCTION + 1))) == [("f", FUNCTION + 1)]
