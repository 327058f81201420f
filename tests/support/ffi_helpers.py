"""Run a few lines of Python in a process of their own, with a chosen FFI environment."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ffwebcodecs import _ffi

ROOT = Path(__file__).resolve().parents[2]


def is_the_systems() -> bool:
    """Tell whether the FFmpeg under test is the one that the system's loader finds by itself."""
    from ffwebcodecs._ffi import _places

    folder = os.path.realpath(os.path.dirname(_ffi.report().libraries["avcodec"][0]))
    return folder in {os.path.realpath(each) for each in _places.of_the_loader()}


# These put other libraries where the system's loader looks, and tell them from the system's own.
needs_the_systems = pytest.mark.skipif(
    "not __import__('ffi_helpers').is_the_systems()",
    reason="the FFmpeg under test is not the system's",
)


def run_python(code: str, **env: str) -> str:
    """Run `code` and return what it prints; a crash or traceback fails the test.

    The FFmpeg is the one under test, unless `env` names another folder.
    """
    clean = {key: value for key, value in os.environ.items() if key != "FFWEBCODECS_FFI"}
    clean |= leading_to_it(env.get("FFWEBCODECS_FFI")) | env
    clean["PYTHONPATH"] = os.pathsep.join([str(ROOT), clean.get("PYTHONPATH", "")])
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean, timeout=60
    )
    assert result.returncode == 0, result.stderr + result.stdout
    assert result.stderr == ""
    return result.stdout.strip()


def leading_to_it(mode: str | None) -> dict[str, str]:
    """Return what makes a child find the FFmpeg under test where it is not the system's.

    In ABI mode it might not be the newest that the loader finds. A wheel's libraries look for each
    other by the names the wheel gave them, also when they are loaded under other names.
    """
    from ffwebcodecs._ffi import _find, _places

    folder = str(Path(_ffi.report().libraries["avcodec"][0]).resolve().parent)
    if _find.Found(folder).mangled:
        return {"LD_LIBRARY_PATH": folder}
    places = _places.of_the_loader() + _places.before_the_system() + _places.after_the_system()
    usual = {os.path.realpath(each) for each in places}
    return {"FFWEBCODECS_LIBRARY_PATH": folder} if mode == "abi" and folder not in usual else {}


def load_error(folder: Path, mode: str) -> str:
    """Return the message with which loading from this folder fails, twice alike."""
    return run_python(
        """
import ffwebcodecs._ffi as f
from ffwebcodecs.errors import FFmpegLoadError
messages = []
for attempt in (f.load, lambda: f.avutil.avutil_version, lambda: f.ffi.NULL):
    try:
        attempt()
    except FFmpegLoadError as error:
        messages.append(str(error))
assert len(messages) == 3 and len(set(messages)) == 1, messages
print(messages[0])
""",
        FFWEBCODECS_FFI=mode,
        FFWEBCODECS_LIBRARY_PATH=str(folder),
    )


def build_script(name: str, folder: str = ".") -> ModuleType:
    """Import one of the scripts of the repository's root, or of another folder there."""
    where = str(ROOT / folder)
    sys.path.insert(0, where)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(where)


def built_majors() -> list[int]:
    """Return the libavutil majors that an extension was built for."""
    from ffwebcodecs._ffi import _load

    return [major for major in _load._built() if major in _load.KNOWN]


def need_extension(mode: str = "api") -> None:
    """Skip the test if it is about API mode and there is no extension for this FFmpeg."""
    if mode == "api" and _ffi.version("avutil")[0] not in built_majors():
        pytest.skip("no extension was built for this FFmpeg")


def module(name: str) -> Any:
    """Import a generated module of the package."""
    return importlib.import_module(f"ffwebcodecs._ffi.{name}")
