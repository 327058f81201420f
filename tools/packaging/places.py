"""Environments to install into, and what an installation left in them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEPENDENCIES = ("cffi", "numpy")
KEPT_OUT = shutil.ignore_patterns(
    ".*", "build", "dist", "*.egg-info", "__pycache__", "*.so", "*.pyd", "_abi*.py"
)


class CellError(Exception):
    """This cell failed; the message says at what."""


class NotTriedError(Exception):
    """This cell cannot be tried here; the message says why."""


def run(command: list[str], cwd: Path | str = "/", **env: str) -> str:
    """Run a command away from the source tree and return what it prints."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("FFWEBCODECS_", "PYTHON")) and key != "VIRTUAL_ENV"
    }
    done = subprocess.run(
        command, cwd=cwd, env=clean | env, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        output = (done.stderr.strip() + "\n" + done.stdout.strip()).strip()
        raise CellError(f"{output[-3000:]}\n({shlex.join(command)})")
    return done.stdout


class Place:
    """A fresh virtual environment; `around` runs its commands somewhere else than right here."""

    def __init__(self, python: str, folder: Path, around: list[str] | None = None) -> None:
        self.folder = folder
        self.around = around or []
        self.python = str(folder / "bin" / "python")
        run([*self.around, python, "-m", "venv", str(folder)])

    def pip(self, *arguments: str, around: list[str] | None = None, **env: str) -> str:
        """Run pip in it."""
        pip = [self.python, "-m", "pip", "--disable-pip-version-check"]
        return run([*(self.around if around is None else around), *pip, *arguments], **env)

    def files(self) -> set[str]:
        """Return every file in it but pip's and Python's own droppings."""
        names = {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if not path.is_dir() and "__pycache__" not in path.parts
        }
        return {name for name in names if "lib64/" not in name}

    def install(self, *what: str, around: list[str] | None = None, **env: str) -> None:
        """Install ffwebcodecs, and see that it put files where they belong and nowhere else."""
        before = self.files()
        self.pip("install", "--quiet", "--no-deps", *what, around=around, **env)
        allowed = re.compile(
            r"bin/ffwebcodecs$|lib/[^/]+/site-packages/"
            r"(ffwebcodecs/|ffwebcodecs-[^/]+\.dist-info/|__editable__[^/]*ffwebcodecs[^/]*$)"
        )
        strangers = sorted(name for name in self.files() - before if not allowed.match(name))
        if strangers or before - self.files():
            raise CellError(f"files outside the package: {strangers}")
        self.pip("check")

    def check(self, clip: list[str], mode: str, around: list[str] | None = None) -> str:
        """Run check.py in it, in this mode."""
        command = [self.python, str(self.folder.parent / "check.py"), *clip, mode]
        where = self.around if around is None else around
        wanted = {} if mode == "without" else {"FFWEBCODECS_FFI": mode}
        return run([*where, *command], **wanted).strip()

    def uninstall(self) -> None:
        """Remove ffwebcodecs; nothing of it may stay."""
        self.pip("uninstall", "--quiet", "--yes", "ffwebcodecs")
        left = [name for name in self.files() if "ffwebcodecs" in name]
        if left:
            raise CellError(f"left behind by pip uninstall: {left}")


def copy_source(folder: Path) -> Path:
    """Give a clean copy of the project: what git knows, or would if it were there."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        for name in filter(None, run(listing, cwd=ROOT).split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
    else:
        shutil.copytree(ROOT, folder, ignore=KEPT_OUT)
    return folder
