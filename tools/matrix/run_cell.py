"""Run one cell: a copy of the tree, built and tested with one FFmpeg in one mode."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from cells import QUICK, QUICK_TESTS, Cell
from sources import (
    Libraries,
    SourceError,
    UnreachableError,
    build_tools,
    fetch,
    make_python,
)

ROOT = Path(__file__).resolve().parents[2]
# The tests run from a copy, so that no cell's extension ever lies in the checkout.
KEPT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".cache", "build", "dist", "*.egg-info", "__pycache__", "*.so", "_abi*.py"
)
TIME_LIMIT = 1800  # seconds; a hanging cell must not stop the others


class Result(NamedTuple):
    """What became of a cell; `passed` is None when its tests could not be run."""

    name: str
    version: str = ""
    source: str = ""
    mode: str = ""
    passed: int | None = None
    failed: list[str] = []  # noqa: RUF012
    skipped: dict[str, int] = {}  # noqa: RUF012
    lacking: str = ""
    trouble: str = ""
    unreachable: bool = False
    seconds: int = 0

    @property
    def ok(self) -> bool:
        return self.passed is not None and not self.failed and not self.trouble


def run(cell: Cell, cache: Path, quick: bool, arguments: list[str]) -> Result:
    """Fetch, build and test; whatever goes wrong is in the result."""
    folder = cache / "cells" / cell.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run of this cell would take its tree away
        return _run(cell, cache, folder, quick, arguments)


def _run(cell: Cell, cache: Path, folder: Path, quick: bool, arguments: list[str]) -> Result:
    start = time.monotonic()
    blank = Result(cell.name, cell.series, str(cell.source), cell.mode)
    try:
        libraries = fetch(cell.source, cache)
        environment = prepare(cell, libraries, folder)
        info = describe(folder, environment)
    except UnreachableError as error:
        return blank._replace(trouble=str(error), unreachable=True)
    except SourceError as error:
        return blank._replace(trouble=str(error))
    if not info["version"].startswith(cell.series):
        return blank._replace(trouble=f"this is FFmpeg {info['version']}")
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    tests = [*QUICK_TESTS] if quick and not arguments else []
    if tests:  # each takes half of the cases that differ in values only (tests/support/suite.py)
        environment["FFWEBCODECS_HALF"] = "1" if cell.name == QUICK[0] else "2"
    command = [str(python_of(folder)), "-m", "pytest", "-q", f"--junitxml={report}"]
    with (folder / "log").open("w", encoding="utf-8") as log:
        try:
            done = subprocess.run(
                [*command, *tests, *arguments],
                cwd=folder / "tree",
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=TIME_LIMIT,
            )
            trouble = "" if done.returncode in (0, 1) else f"pytest ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            trouble = f"no end after {TIME_LIMIT} seconds"
    passed, failed, skipped = read_report(report)
    if trouble and not report.exists():
        trouble += f", see {folder / 'log'}"
    return blank._replace(
        version=info["version"],
        passed=passed,
        failed=failed,
        skipped=skipped,
        lacking=info["lacking"],
        trouble=trouble,
        seconds=round(time.monotonic() - start),
    )


def python_of(folder: Path) -> Path:
    return folder / "python" / "bin" / "python"


def prepare(cell: Cell, libraries: Libraries, folder: Path) -> dict[str, str]:
    """Copy the tree, build the mode's part of it, and return the environment of the tests."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(ROOT, tree, ignore=KEPT_OUT)
    python = make_python(libraries, tree, folder / "python")
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("FFWEBCODECS_", "PYTHON")) and key != "LD_LIBRARY_PATH"
    }
    environment["FFWEBCODECS_CACHE"] = os.environ.get("FFWEBCODECS_CACHE", str(ROOT / ".cache"))
    if libraries.root is not None:
        programs = pkg_config_of(libraries, folder)
        environment["PATH"] = f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}"
    build = {**environment, "FFWEBCODECS_BUILD": cell.mode, **build_tools(folder.parents[1])}
    done = subprocess.run(
        [str(python), "ffi_build.py"], cwd=tree, env=build, capture_output=True, text=True
    )
    if done.returncode:
        (folder / "log").write_text(done.stdout + done.stderr, encoding="utf-8")
        raise SourceError(f"the build failed, see {folder / 'log'}")
    environment["FFWEBCODECS_FFI"] = cell.mode
    # The extension finds its own FFmpeg; without it the newest would be taken.
    if cell.mode == "abi" and libraries.folder is not None:
        environment["FFWEBCODECS_LIBRARY_PATH"] = str(libraries.folder)
    return environment


def pkg_config_of(libraries: Libraries, folder: Path) -> Path:
    """Make a pkg-config that knows the suite's FFmpeg; return its folder, for PATH.

    The suite's own .pc files lead to the system's folders.
    """
    assert libraries.root is not None
    include = next(libraries.root.glob("usr/include/*/libavutil")).parent
    script = folder / "programs" / "pkg-config"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(
        "#!/bin/sh\ncase $1 in\n"
        f"--cflags-only-I) echo '-I{include}' ;;\n--libs-only-L) echo '-L{libraries.folder}' ;;\n"
        "*) exit 1 ;;\nesac\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    return script.parent


def describe(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Ask the libraries under test what they are, as the tests will find them."""
    done = subprocess.run(
        [str(python_of(folder)), str(Path(__file__).with_name("describe.py"))],
        cwd=folder / "tree",
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        (folder / "log").write_text(done.stdout + done.stderr, encoding="utf-8")
        raise SourceError(f"FFmpeg could not be loaded, see {folder / 'log'}")
    version, _, lacking = done.stdout.strip().partition("\n")
    return {"version": version, "lacking": lacking}


def read_report(path: Path) -> tuple[int | None, list[str], dict[str, int]]:
    """Return how many tests passed, which failed, and why others were skipped."""
    if not path.exists():
        return None, [], {}
    passed, failed, skipped = 0, [], Counter[str]()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        outcome = {child.tag: child for child in case}
        if "failure" in outcome or "error" in outcome:
            failed.append(name)
        elif "skipped" in outcome:
            skipped[outcome["skipped"].get("message", "")] += 1
        else:
            passed += 1
    # A test that fails and leaves something open is there twice.
    return passed, list(dict.fromkeys(failed)), dict(skipped.most_common())


def show(result: Result) -> None:
    """Print one cell."""
    head = f"{result.name}: FFmpeg {result.version} ({result.source}), {result.mode.upper()} mode"
    if result.passed is None:
        print(f"{head}: {'not run' if result.unreachable else 'FAILED'}: {result.trouble}")
        return
    skipped = sum(result.skipped.values())
    counts = f"{result.passed} passed, {skipped} skipped, {len(result.failed)} failed"
    print(f"{head}: {counts} in {result.seconds} s")
    if result.lacking:
        print(f"    lacks {result.lacking}")
    for reason, count in result.skipped.items():
        print(f"    skipped {count}: {re.sub(r'^Skipped: ', '', reason)}")
    for name in result.failed:
        print(f"    FAILED {name}")
    if result.trouble:
        print(f"    FAILED: {result.trouble}")
    sys.stdout.flush()
