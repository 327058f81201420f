"""Find the Pythons of this machine: on PATH, pyenv's, and what PACKAGING_PYTHONS names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

WANTED = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.14t", "PyPy 3.11")
PROBE = """
import ensurepip, json, os, platform, sys, sysconfig, venv
free = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
name = "%d.%d%s" % (*sys.version_info[:2], free)
pypy = platform.python_implementation() == "PyPy"
header = os.path.join(sysconfig.get_path("include"), "Python.h")
name = ("PyPy " if pypy else "") + name
print(json.dumps([name, platform.python_version(), os.path.exists(header)]))
"""


class Python(NamedTuple):
    """An interpreter: ``3.13``, ``3.13t`` (free-threaded) or ``PyPy 3.11``."""

    name: str
    version: str
    path: str
    headers: bool


def candidates() -> list[str]:
    """Return the paths where a Python may be, best first."""
    names = [f"python3.{minor}{free}" for minor in range(10, 16) for free in ("", "t")]
    names += ["pypy3", "python3"]
    paths = os.environ.get("PACKAGING_PYTHONS", "").split(os.pathsep)
    roots = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    for root in roots:
        for folder in sorted(root.glob("*/bin")):
            paths += [str(folder / name) for name in names]
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/bin", "/usr/local/bin"]
    for folder in folders:
        paths += [os.path.join(folder, name) for name in names]
    return [path for path in paths if path and shutil.which(path)]


def find() -> list[Python]:
    """Return one interpreter of each kind, oldest first: those that start and can make venvs."""
    found: dict[str, Python] = {}
    for path in candidates():
        result = subprocess.run(
            [path, "-c", PROBE], capture_output=True, text=True, cwd="/", check=False
        )
        if result.returncode:
            continue
        name, version, headers = json.loads(result.stdout)
        if name not in found and tuple(map(int, version.split(".")[:2])) >= (3, 10):
            found[name] = Python(name, version, path, headers)
    return sorted(found.values(), key=lambda python: (python.name.startswith("PyPy"), python.name))


if __name__ == "__main__":
    for python in find():
        print(python.name, python.version, python.path)
