"""Libraries that are wrong on purpose, made from this machine's own and a C compiler."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from ffwebcodecs import _ffi

CORE = ("avutil", "avcodec", "swscale")
LIBRARIES = (*CORE, "avformat")


def here() -> dict[str, Path]:
    """Return the real files of the FFmpeg this process uses."""
    return {name: Path(path).resolve() for name, (path, _) in _ffi.report().libraries.items()}


def soname(library: str, major: int | None = None) -> str:
    return f"lib{library}.so.{_ffi.version(library)[0] if major is None else major}"


def link(folder: Path, *libraries: str) -> Path:
    """Put this machine's libraries into a folder, by their sonames."""
    folder.mkdir(parents=True, exist_ok=True)
    for library in libraries or LIBRARIES:
        (folder / soname(library)).symlink_to(here()[library])
    return folder


def compiler() -> str:
    found = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not found:
        pytest.skip("there is no C compiler here to make a wrong library with")
    return found


def build(target: Path, code: str, *needs: Path, name: str | None = None) -> Path:
    """Compile a shared library with this soname, on top of other libraries."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = target.with_suffix(".c")
    source.write_text(code)
    command = [compiler(), "-shared", "-fPIC", "-o", str(target), str(source)]
    command += [f"-Wl,-soname,{name or target.name}", "-Wl,--no-as-needed", *map(str, needs)]
    command += [f"-Wl,-rpath,{need.parent}" for need in needs]
    subprocess.run(command, check=True, capture_output=True)
    source.unlink()
    return target


@functools.cache
def renamed(library: str) -> Path:
    """Return a copy of this machine's library that another can take the name of, and need."""
    folder = Path(tempfile.mkdtemp(prefix="ffwebcodecs-renamed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    name = soname(library)
    other = f"{name[:-2]}_{name[-1]}"
    path = folder / other
    data = here()[library].read_bytes()
    path.write_bytes(data.replace(f"{name}\0".encode(), f"{other}\0".encode()))
    return path


def stating(folder: Path, library: str, version: tuple[int, int, int], major: int) -> Path:
    """Make a library that is this machine's, but states another version, under another name."""
    number = version[0] << 16 | version[1] << 8 | version[2]
    code = f"unsigned {library}_version(void) {{ return {number}u; }}\n"
    return build(folder / soname(library, major), code, renamed(library))
