"""Fetch the libraries of a cell, once, and make a Python that loads them."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import zipfile
from pathlib import Path

from cells import Suite, Wheel

HERE = Path(__file__).resolve().parent
FETCHING = threading.Lock()  # two cells want the same build tools


class UnreachableError(Exception):
    """The mirror or the registry did not answer: nothing is known about this cell."""


class SourceError(Exception):
    """It answered, and what the cell needs could still not be had."""


class Libraries:
    """Where the FFmpeg of a cell lies, and how a program is made to use it."""

    def __init__(self, folder: Path | None, loader: list[str], root: Path | None = None) -> None:
        self.folder = folder  # FFWEBCODECS_LIBRARY_PATH; None for the system's own
        self.loader = loader  # what comes before the Python program on the command line
        self.root = root  # of the unpacked suite


def fetch(source: Suite | Wheel, cache: Path) -> Libraries:
    """Return the libraries of a source, fetched into the cache if they are not there."""
    if isinstance(source, Wheel):
        return Libraries(_fetch_wheel(source, cache / "wheels" / f"av-{source.release}"), [])
    if platform.system() == "Linux" and _system_suite() == source.name:
        return Libraries(None, [])
    root = cache / "suites" / source.name
    if not root.is_dir():
        root.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [str(HERE / "suite.sh"), source.name, str(root)], capture_output=True, text=True
        )
        if done.returncode == 3:
            raise UnreachableError(_last_line(done.stderr))
        if done.returncode:
            raise SourceError(f"{source} could not be unpacked: {_last_line(done.stderr)}")
    return _suite_libraries(root)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _system_suite() -> str:
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


# --- PyAV's wheels --------------------------------------------------------------------------


def _fetch_wheel(source: Wheel, folder: Path) -> Path:
    """Unpack only the libraries of the wheel; nothing of it is installed or imported."""
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory() as download:
        options = ["--quiet", "--disable-pip-version-check", "--retries=2", "--no-deps"]
        options += ["--only-binary=:all:", "--implementation=cp", f"--dest={download}"]
        options += [f"--python-version={source.python}", f"av=={source.release}"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *options],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            # It lists the versions that it saw: without any it has not seen the registry.
            versions = re.search(r"\(from versions: (.*?)\)", done.stderr)
            message = f"{source} could not be fetched: {_last_line(done.stderr)}"
            unanswered = "Retrying (" in done.stderr or "Could not fetch URL" in done.stderr
            if unanswered or versions is None or versions[1] in ("", "none"):
                raise UnreachableError(message)
            raise SourceError(message)
        made = folder.with_name(f"{folder.name}.making-{os.getpid()}")
        made.mkdir(parents=True)
        with zipfile.ZipFile(next(Path(download).glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                inside = Path(name)
                if inside.parts[0] in ("av.libs", ".dylibs") and not name.endswith("/"):
                    (made / inside.name).write_bytes(wheel.read(name))
        if not any(made.iterdir()):
            raise SourceError(f"{source} holds no libraries")
        made.rename(folder)
    return folder


def build_tools(cache: Path) -> dict[str, str]:
    """Return what makes setup.py find its setuptools, which a new environment may lack."""
    folder = cache / "build-tools"
    check = "from setuptools.command import bdist_wheel"
    if subprocess.run([sys.executable, "-c", check], capture_output=True).returncode == 0:
        return {}
    with FETCHING:
        if not folder.is_dir():
            _fetch_build_tools(folder)
    return {"PYTHONPATH": str(folder)}


def _fetch_build_tools(folder: Path) -> None:
    made = folder.with_name(f"{folder.name}.making-{os.getpid()}")
    options = ["--quiet", "--disable-pip-version-check", "--retries=2", f"--target={made}"]
    command = [sys.executable, "-m", "pip", "install", *options, "setuptools>=77"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise UnreachableError(f"setuptools could not be fetched: {_last_line(done.stderr)}")
    made.rename(folder)


# --- Debian's suites ------------------------------------------------------------------------


def _suite_libraries(root: Path) -> Libraries:
    """Work out how to run with an unpacked suite's libraries.

    A suite with a newer C library needs its own dynamic loader, and then its libraries come
    first. An older one runs on the system's C library and loader, which are compatible
    downwards, and the system's libraries come first. Neither needs LD_LIBRARY_PATH, so the
    programs that a test starts, ffmpeg and the compiler, are the system's own throughout.
    """
    places = [f for f in (root / "usr" / "lib", root / "lib") if f.is_dir()]
    found = {path.parent for place in places for path in place.rglob("lib*.so.*")}
    folder = next(path.parent for path in root.glob("usr/lib/*/libavcodec.so"))
    own = [str(path) for path in sorted(found, key=lambda path: (path != folder, str(path)))]
    theirs = _glibc((root / "packages").read_text(encoding="utf-8"))
    ours = _glibc(f"libc6 {(os.confstr('CS_GNU_LIBC_VERSION') or '').partition(' ')[2]}")
    loader = next(path for path in root.rglob("ld-linux*.so.*") if path.is_file())
    multiarch = sysconfig.get_config_var("MULTIARCH") or folder.name
    usual = (f"/usr/lib/{multiarch}", f"/lib/{multiarch}", "/usr/lib")
    system = [folder for folder in usual if Path(folder).is_dir()]
    if theirs > ours:
        program, order = str(loader), [*own, *system]
    else:
        program, order = _system_loader(loader.name), [*system, *own]
    python = sysconfig.get_config_var("LIBDIR")  # its libpython, if it is not the system's Python
    if python and python not in usual:
        order.insert(0, python)
    return Libraries(folder, [program, "--library-path", ":".join(order)], root)


def _glibc(text: str) -> tuple[int, int]:
    match = re.search(r"^libc6 (\d+)\.(\d+)", text, re.MULTILINE)
    if match is None:
        raise SourceError("this system's C library is not glibc, or the suite has none")
    return int(match[1]), int(match[2])


def _system_loader(name: str) -> str:
    for folder in ("/lib64", "/lib"):
        if Path(folder, name).exists():
            return f"{folder}/{name}"
    raise SourceError(f"{name} is neither in /lib64 nor in /lib")


# --- a Python for the cell ------------------------------------------------------------------


def make_python(libraries: Libraries, tree: Path, folder: Path) -> Path:
    """Make an environment whose Python sees the cell's tree and loads the cell's libraries.

    Its program may be a script that runs Python under the suite's loader. As the script is also
    `sys.executable`, a test that starts another Python gets the same.
    """
    shutil.rmtree(folder, ignore_errors=True)
    program = folder / "bin" / "python"
    program.parent.mkdir(parents=True)
    real = Path(sys.executable).resolve()
    (folder / "pyvenv.cfg").write_text(
        f"home = {real.parent}\ninclude-system-site-packages = false\n", encoding="utf-8"
    )
    site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    site.mkdir(parents=True)
    # Folders named in a .pth file are searched, but their own .pth files are not read: an
    # editable install of the checkout stays out.
    lines = [str(tree), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (site / "cell.pth").write_text("\n".join(dict.fromkeys(lines)) + "\n", encoding="utf-8")
    if libraries.loader:
        words = [libraries.loader[0], "--argv0", str(program), *libraries.loader[1:], str(real)]
        quoted = " ".join(f"'{word}'" for word in words)
        program.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    else:
        program.symlink_to(real)
    return program
