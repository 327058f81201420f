"""What the package says when it refuses or warns, taken out of its sources, and the page of it.

A message is what stands in the sources, with ``…`` for what is put in when it is raised. A row of
docs/errors.md begins with such a text, or with a part of one.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from clips import ROOT

PAGE = ROOT / "docs" / "errors.md"
GAP = "…"
# Errors that do not reach a program under their own name, and where what they say is described.
WITHIN = {
    "BadLibraryError": "FFmpegLoadError",
    "OtherMachineError": "FFmpegLoadError",
    "RejectedError": "FFmpegLoadError",
    "CommandError": "The command line",
    "UsageError": "The command line",
    "ArgumentTypeError": "The command line",
    "OutputError": "The command line",
    "LostWorkerError": "OperationError",
}
BUILTIN = ("BlockingIOError", "BufferError", "IndexError", "MemoryError", "OSError", "TimeoutError")
OTHERS = "Python's own"
WARNINGS = "Warnings"


def messages() -> dict[str, dict[str, str]]:
    """Return, by the section that describes them, each message and where it is raised."""
    from ffwebcodecs import errors

    home = {name: name for name in errors.__all__} | WITHIN
    home |= dict.fromkeys(BUILTIN, OTHERS) | {"warn": WARNINGS, "FramePoolWarning": WARNINGS}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted((ROOT / "ffwebcodecs").rglob("*.py")):
        for name, text, line in _raised(path):
            if name in home and _says_something(text):
                where = f"{path.relative_to(ROOT).as_posix()}:{line}"
                found[home[name]].setdefault(text, where)
    return found


def rows() -> dict[str, list[str]]:
    """Return the first cells of the page's tables, by section."""
    found: dict[str, list[str]] = defaultdict(list)
    title = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ")
            found[title] = []
        elif match := re.match(r"\| `(.+?)` \|", line):
            found[title].append(match[1].replace(r"\|", "|"))
    return found


def fits(row: str, message: str) -> bool:
    """Tell whether a row of the page is about a message."""
    pattern = ".*".join(map(re.escape, row.split(GAP)))
    return re.search(pattern, message, re.DOTALL) is not None


def _raised(path: Path) -> Iterator[tuple[str, str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func)
            name, last = called.rpartition(".")[2], node.args[-1]
            if name in BUILTIN:  # OSError(errno, text)
                yield name, _text(last), node.lineno
            elif name.endswith(("Error", "Warning")) or name == "warn":
                yield name, _text(node.args[0]), node.lineno
            elif called == "said.append" or called.endswith("osses.add"):
                yield "warn", _text(last), node.lineno  # of damage and losses


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body)}{GAP}{_text(node.orelse)}"
    return GAP


def _says_something(text: str) -> bool:
    return " " in text.strip() and len(re.findall(r"[A-Za-z]{2,}", text)) > 1
