"""Build the sdist and the wheels once, and look into them."""

from __future__ import annotations

import re
import tarfile
import zipfile
from pathlib import Path

from places import CellError, Place, copy_source, run

PURE_LIMIT = 1_400_000  # as in tests/house/test_packaging.py
HOOK = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"
IN_SDIST = (
    "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "setup.py", "ffi_build.py",
    "ffi_c.py", "ffi_pump.c", "ffi_tables.py", "ffi_types.py", "pump/told.c", "headers/avcodec.h",
    "headers/layouts/ffmpeg-5.1.json", "ffwebcodecs/__init__.py", "ffwebcodecs/_ffi/_types.pyi",
)  # fmt: skip


def is_text(data: bytes) -> bool:
    """Tell whether this is text: UTF-8 without control characters."""
    try:
        return not re.search("[\0-\x08\x0e-\x1f]", data.decode())
    except UnicodeDecodeError:
        return False


class Built:
    """The sdist, its pure wheel and its API wheel, and what is in them."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.builder = Place(python, folder / "builder")
        self.builder.pip("install", "--quiet", "setuptools>=77", "cffi")
        self.source = copy_source(folder / "source")
        self.sdist = self.pure = self.api = Path()

    def build_sdist(self) -> str:
        """Build the sdist: all that a build needs, and nothing that a build makes."""
        name = run([self.builder.python, "-c", HOOK, str(self.folder)], cwd=self.source)
        self.sdist = self.folder / name.strip().splitlines()[-1]
        with tarfile.open(self.sdist) as archive:
            names = [member.name.partition("/")[2] for member in archive if member.isfile()]
        missing = [name for name in IN_SDIST if name not in names]
        made = [name for name in names if re.search(r"\.(so|pyd|c|o)$|/_abi[^/]*$", name)]
        made = [name for name in made if name not in IN_SDIST and not name.startswith("pump/")]
        tests = [name for name in names if name.startswith("tests/")]
        if missing or made or tests:
            raise CellError(f"missing in the sdist: {missing}; too much: {made + tests}")
        return (
            f"{self.sdist.stat().st_size:,} bytes, {len(names)} files, nothing that a build makes"
        )

    def wheel(self, what: Path, mode: str, name: str, around: list[str] | None = None) -> Path:
        """Build a wheel and return it."""
        out = self.folder / name
        arguments = ("wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(what))
        self.builder.pip(*arguments, around=around, FFWEBCODECS_BUILD=mode)
        (wheel,) = out.glob("*.whl")
        return wheel

    def build_pure(self) -> str:
        """Build the pure wheel from the sdist; one from the source tree has the same files."""
        self.pure = self.wheel(self.sdist, "abi", "pure")
        if not self.pure.name.endswith("-py3-none-any.whl"):
            raise CellError(f"the tag of {self.pure.name}")
        contents = read(self.pure)
        binary = [name for name, data in contents.items() if not is_text(data)]
        if binary:
            raise CellError(f"binary files in the pure wheel: {binary}")
        size = self.pure.stat().st_size
        if size > PURE_LIMIT:
            raise CellError(f"the pure wheel has {size:,} bytes")
        if contents != read(self.wheel(self.source, "abi", "pure-of-source")):
            raise CellError("the wheels of the sdist and of the source differ")
        return f"{size:,} bytes, {len(contents)} files, all text, the same from sdist and source"

    def build_api(self) -> str:
        """Build the API wheel from the sdist."""
        self.api = self.wheel(self.sdist, "api", "api")
        binary = [name for name, data in read(self.api).items() if not is_text(data)]
        if "-cp310-abi3-" not in self.api.name or len(binary) != 3:
            raise CellError(f"{self.api.name} holds {binary}")
        return f"{self.api.name.partition('-')[2]}, {self.api.stat().st_size:,} bytes"


def read(wheel: Path) -> dict[str, bytes]:
    """Return what is in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
