"""Where things are, and the commands: ours in each mode, and on which FFmpeg."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("FFWEBCODECS_CACHE", ROOT / ".cache"))
PROGRAMS = CACHE / "bench" / "programs"
PAGE = ROOT / "docs" / "benchmarks.md"
MODES = ("api", "abi")


class Command(NamedTuple):
    """A program, and what its environment has more."""

    arguments: list[str]
    environment: dict[str, str]


def case(where: str, *arguments: object, **environment: str) -> Command:
    """Return the command of a case: `where` is "module.function"."""
    module, name = where.rsplit(".", 1)
    command = [sys.executable, str(ROOT / "benchmarks" / "case.py"), module, name]
    return Command([*command, *map(str, arguments)], environment)


def program(name: str, *arguments: object) -> Command:
    """Return the command of a C program, which uses the system's FFmpeg."""
    return Command([str(PROGRAMS / name), *map(str, arguments)], {})


def pyav_libraries() -> str | None:
    """Return the folder of the FFmpeg that PyAV's wheel brings."""
    found = importlib.util.find_spec("av")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parents[1] / "av.libs"
    return str(folder) if folder.is_dir() else None


def has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def ours(way: str, where: str, *arguments: object) -> Command | None:
    """Return our command: "API", "ABI" on the system's FFmpeg; "beside" and "plain" in ABI mode on
    PyAV's, with the pump and without; None where it cannot be had.
    """
    if way in ("API", "ABI"):
        return case(where, *arguments, FFWEBCODECS_FFI=way.lower())
    folder = pyav_libraries()
    if folder is None:
        return None
    environment = {"FFWEBCODECS_FFI": "abi", "FFWEBCODECS_LIBRARY_PATH": folder}
    if way == "plain":
        environment["FFWEBCODECS_PUMP"] = "0"
    return case(where, *arguments, **environment)
