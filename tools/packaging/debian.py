"""Pythons that this machine lacks, unpacked from other suites of its Debian archive (suite.sh)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from places import HERE, CellError, NotTriedError, Place, run

if TYPE_CHECKING:
    from wheels import Built

# wanted, its command, its packages, the suites that may have it
KNOWN: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "3.13": ("python3.13", ("python3.13", "python3.13-venv"), ("trixie",)),
    "3.14": ("python3.14", ("python3.14", "python3.14-venv"), ("forky", "sid")),
    "PyPy 3.11": ("pypy3", ("pypy3", "pypy3-venv"), ("trixie", "forky", "sid")),
}
ASK = """
import platform, sys
pypy = getattr(sys, "pypy_version_info", None)
print(platform.python_version() + (" in PyPy %d.%d.%d" % pypy[:3] if pypy else ""))
"""


class Root:
    """An unpacked system with one Python."""

    def __init__(self, name: str, cache: Path) -> None:
        self.program, packages, suites = KNOWN[name]
        problems = []
        for suite in suites:
            self.suite = suite
            self.folder = (cache / "packaging" / f"{suite}-{self.program}").resolve()
            stamp = self.folder / ".complete"
            if not stamp.exists():
                shutil.rmtree(self.folder, ignore_errors=True)
                try:
                    run([str(HERE / "suite.sh"), suite, str(self.folder), *packages])
                except CellError as error:
                    problems.append(f"{suite}: {str(error).splitlines()[-1]}")
                    continue
                stamp.touch()
            return
        raise NotTriedError("; ".join(problems))

    def inside(self, folder: Path) -> list[str]:
        """Return the command that runs others in it, with `folder` at the same place."""
        return [str(HERE / "inside.sh"), str(self.folder), str(folder)]


def tags(name: str) -> list[str]:
    """Return pip's arguments that ask for the wheels of a Python that is not this one."""
    if name.startswith("PyPy"):
        version = name.split()[1]
        tag = version.replace(".", "")
        kind = ["--implementation", "pp", "--abi", f"pypy{tag}_pp73"]
    else:
        version, kind = name, ["--implementation", "cp"]
    return ["--only-binary", ":all:", "--no-deps", "--python-version", version, *kind]


def try_wheel(session: Any, root: Root, name: str, built: Built, mode: str) -> str:
    """Install a wheel in the unpacked system and check it on this machine's FFmpeg."""
    wheels = session.folder / f"wheels-{name.replace(' ', '')}"
    pypy = name.startswith("PyPy")
    # PyPy brings cffi along, which a virtual environment sees, but not what cffi asks for.
    packages = ("pycparser", "numpy") if pypy else ("pycparser", "cffi", "numpy")
    for package in packages:
        try:
            built.builder.pip("download", "--quiet", *tags(name), "-d", str(wheels), package)
        except CellError as error:
            raise NotTriedError(f"{package} has no wheel: {str(error).splitlines()[-1]}") from None
    around = root.inside(session.folder)
    session.count += 1
    place = Place(root.program, session.folder / f"environment-{session.count}", around)
    offline = ("--no-index", "--find-links", str(wheels))
    place.pip("install", "--quiet", *offline, *packages)
    place.install(*offline, str(built.pure if mode == "abi" else built.api))
    text = place.check(session.clip, mode)
    if mode == "api":
        place.check(session.clip, "abi")
    version = run([*around, place.python, "-c", ASK]).strip()
    place.uninstall()
    return f"{version} of Debian {root.suite} on this machine's FFmpeg: {text}"


def cells(session: Any, name: str, built: Built, cache: Path | None) -> None:
    """Try the wheels with a Python that this machine lacks."""

    def root() -> Root:
        if name not in KNOWN:
            raise NotTriedError(
                "none on PATH, in pyenv or in PACKAGING_PYTHONS, and none in Debian"
            )
        if cache is None or os.geteuid() != 0 or not shutil.which("apt-get"):
            raise NotTriedError("none found; unpacking Debian's needs root, apt and --cache")
        return Root(name, cache)

    session.cell(
        f"Python {name}, pure wheel", lambda: try_wheel(session, root(), name, built, "abi")
    )
    if name in KNOWN and not name.startswith("PyPy"):
        session.cell(f"Python {name}, API", lambda: try_wheel(session, root(), name, built, "api"))
