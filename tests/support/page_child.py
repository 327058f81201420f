"""Runs the blocks of one page in the working folder; see pages.py. Prints what went wrong."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import doctest
import gc
import importlib.util
import inspect
import io
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
import types
import warnings
from pathlib import Path
from typing import Any

import ffwebcodecs

Piece = dict[str, Any]


def main() -> None:
    said = json.load(sys.stdin)
    warnings.simplefilter("error")
    _command_on_path()
    wrong: list[str] = []
    sys.unraisablehook = lambda what: wrong.append(f"unraisable: {what.exc_value!r}")
    for number, program in enumerate(said["programs"]):
        pieces = program["pieces"]
        if any(importlib.util.find_spec(name) is None for each in pieces for name in each["needs"]):
            continue
        before = len(wrong)
        for name, source in (pair for each in pieces for pair in each["files"].items()):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, name)
        if program["process"]:
            failed = _as_process(pieces, number)
        else:
            failed = _here(said["page"], pieces, number)
        if failed:
            wrong.append(failed)
        where = program.get("name") or f"line {pieces[0]['line']}"
        wrong[before:] = [f"{where}: {text}" for text in wrong[before:]]
    print(f"\n{wrong!r}")


def _command_on_path() -> None:
    """Make ``ffwebcodecs`` and ``python`` on PATH those under test."""
    folder = Path("../page-bin").resolve()
    folder.mkdir()
    for name, words in (("ffwebcodecs", ' -m ffwebcodecs "$@"'), ("python", ' "$@"')):
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}"{words}\n')
        command.chmod(0o755)
    os.environ["PATH"] = os.pathsep.join((str(folder), os.environ["PATH"]))


def _here(page: str, pieces: list[Piece], number: int) -> str:
    """Run pieces one after another in this process, with their names in common."""
    module = types.ModuleType("__main__")
    module.__file__ = page
    names = vars(module)
    sys.modules["__main__"] = module
    try:
        for piece in pieces:
            failed = _piece(page, piece, names)
            if failed:
                return failed
    finally:
        names.clear()
        del module
        gc.collect()
    return _left()


def _piece(page: str, piece: Piece, names: dict[str, Any]) -> str:
    """Run one piece; return what went wrong."""
    if piece["language"] == "bash":
        command = ["bash", "-euo", "pipefail", "-c", f"{piece['first']}\n{piece['code']}"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            return f"exit status {done.returncode}: {done.stderr[-2000:]}"
        printed = done.stdout
    else:
        shown = io.StringIO()
        try:
            with contextlib.redirect_stdout(shown):
                if piece["language"] == "doctest":
                    _run("from ffwebcodecs import *", page, 0, names)
                _run(piece["first"], page, 0, names)
                if piece["language"] == "doctest":
                    return _examples(piece["code"], names)
                _run(piece["code"], page, piece["line"], names)
        except BaseException as error:
            if type(error).__name__ == piece["raises"]:
                traceback.clear_frames(error.__traceback__)
            else:
                return "".join(traceback.format_exception(error))
        else:
            if piece["raises"]:
                return f"{piece['raises']} was not raised"
        printed = shown.getvalue()
    if piece["then"]:
        try:
            names["printed"] = printed
            _run("import ffwebcodecs, numpy as np", page, 0, names)
            _run(piece["then"], page, 0, names)
        except BaseException as error:
            text = "".join(traceback.format_exception(error))
            return f"{piece['then']}\n{text}\nprinted: {printed}"
    return ""


def _examples(text: str, names: dict[str, Any]) -> str:
    """Run the examples of a docstring; one that shows what it prints must print that."""
    for example in doctest.DocTestParser().get_examples(text):
        if example.options.get(doctest.SKIP):
            continue
        shown = io.StringIO()
        code = compile(example.source, "<docstring>", "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with contextlib.redirect_stdout(shown):
            made = eval(code, names)
            if inspect.iscoroutine(made):
                asyncio.run(made)
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        got = shown.getvalue()
        if example.want and not doctest.OutputChecker().check_output(example.want, got, flags):
            return f"{example.source}printed {got!r}, not {example.want!r}"
    for each in list(names.values()):
        if not isinstance(each, type) and callable(getattr(each, "close", None)):
            each.close()
    names.pop("_", None)
    vars(builtins).pop("_", None)
    return ""


def _run(code: str, page: str, line: int, names: dict[str, Any]) -> None:
    """Run code whose first line stands below this line of the page."""
    exec(compile("\n" * line + code, page if line else "<comment>", "exec"), names)


def _left() -> str:
    """Say which native objects a program has left open."""
    deadline = time.monotonic() + 10  # a worker that ends may wait for a core
    while left := {kind: count for kind, count in ffwebcodecs.open_handles().items() if count}:
        if time.monotonic() > deadline:
            return f"native objects left open: {left}"
        time.sleep(0.001)
        gc.collect()
    return ""


def _as_process(pieces: list[Piece], number: int) -> str:
    """Run pieces as one program of their own."""
    program = Path(f"program{number}.py")
    program.write_text("\n".join(each["first"] + "\n" + each["code"] for each in pieces))
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name], capture_output=True, text=True
    )
    if done.returncode or done.stderr:
        return f"exit status {done.returncode}: {done.stderr}"
    names: dict[str, Any] = {"printed": done.stdout}
    exec("\n".join(each["then"] for each in pieces), names)
    return ""


if __name__ == "__main__":
    main()
