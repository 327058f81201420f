"""What memray saw: bytes that were allocated while it watched, and never freed, and by whom.

A record is *ours* if a function of FFmpeg or of cffi is on its native stack, or a module of
ffwebcodecs on its Python stack, or if it has no Python stack at all (FFmpeg's threads). The rest is
Python's own: the lists of the harness, asyncio, threading.

The arenas that pymalloc maps are left out: the objects in them are counted themselves, and an arena
stays mapped while one of them lives.
"""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import memray

# More than this left at the end of a run is a leak. One AVFrame lost in every hundred cycles of
# 10,000 makes 47 KB; the noise of a clean run is a few hundred bytes.
LIMIT = 16 * 1024
_NATIVE = re.compile(r"av|sws_|swscale|ff_|_cffi_|cffi|ffi_|cdata|ctypedesc|allocate_gcp|dav1d")
_ARENAS = {"_PyObject_Arena", "_PyObject_ArenaMmap", "new_arena"}
# memray's own tracing: line tables that CPython makes for each code object that is traced.
_TRACING = {"call_trace", "_PyCode_CreateLineArray"}
_PACKAGE = f"{os.sep}ffwebcodecs{os.sep}"


class Leak(NamedTuple):
    """Bytes that one place left.

    Attributes
    ----------
    size : int
        Bytes.
    count : int
        Allocations.
    place : str
        File and line of the innermost Python function outside ffwebcodecs.
    through : str
        How it got from there to the allocation.
    """

    size: int
    count: int
    place: str
    through: str


class Found(NamedTuple):
    """What one run left: bytes of ours, bytes of all, peak bytes, and the leaks, largest first."""

    ours: int
    all: int
    peak: int
    leaks: list[Leak]


def track(run: Callable[[], None], file: Path) -> None:
    """Call `run` under memray; the recording goes to `file`."""
    file.unlink(missing_ok=True)
    with memray.Tracker(
        destination=memray.FileDestination(file, overwrite=True),
        native_traces=True,
        trace_python_allocators=True,
        file_format=memray.FileFormat.AGGREGATED_ALLOCATIONS,
    ):
        run()
        gc.collect()


def read(file: Path) -> Found:
    """Return what a recording says."""
    reader = memray.FileReader(file)
    ours = everything = 0
    leaks: list[Leak] = []
    for record in reader.get_leaked_allocation_records(merge_threads=True):
        native = record.native_stack_trace()
        names = [name for name, _, _ in native]
        if not _ARENAS.isdisjoint(names) or not _TRACING.isdisjoint(names):
            continue
        python = _python_stack(record)
        everything += record.size
        if (
            not python
            or any(_NATIVE.match(name) for name in names)
            or any(_PACKAGE in path for _, path, _ in python)
        ):
            ours += record.size
            leaks.append(_leak(record, names, python))
    leaks.sort(reverse=True)
    return Found(ours, everything, reader.metadata.peak_memory, leaks)


def _python_stack(record: Any) -> list[tuple[str, str, int]]:
    """Return (function, file, line), innermost first."""
    try:
        return list(record.stack_trace())
    except NotImplementedError:  # a thread without Python
        return []


def _leak(record: Any, names: list[str], python: list[tuple[str, str, int]]) -> Leak:
    outside = [entry for entry in python if _PACKAGE not in entry[1]]
    place = f"{outside[0][1]}:{outside[0][2]}" if outside else "a thread without Python"
    inside = [
        f"{path.rsplit(_PACKAGE, 1)[1]}:{line}" for _, path, line in python if _PACKAGE in path
    ]
    native = [name for name in names if _NATIVE.match(name)]
    return Leak(
        record.size,
        record.n_allocations,
        place,
        " <- ".join([*native[:6], *inside[:4]]) or "Python",
    )


def report(file: Path, html: Path) -> None:
    """Write memray's flame graph of the leaks."""
    subprocess.run(
        [sys.executable, "-m", "memray", "flamegraph", "--leaks", "-f", "-o", html, file],
        check=True,
        stdout=subprocess.DEVNULL,
    )
