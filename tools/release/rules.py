"""What a wheel of a release may hold, read from the wheel itself.

Two kinds may be published: one without a binary, and one whose only binary is the pump, which is
linked to libc alone. An extension of API mode is made for the one FFmpeg whose headers were there,
and would be installed where another is: such a wheel is refused, whatever its name says.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import zipfile
from pathlib import Path

PUMP = "ffwebcodecs/_ffi/_pump.abi3.so"
# ELF; PE; Mach-O of both byte orders, and the one that holds several
MAGIC = (b"\x7fELF", b"MZ", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe")
NATIVE = (".so", ".pyd", ".dll", ".dylib", ".a", ".o")
NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
RUNPATH = re.compile(r"\((?:RUNPATH|RPATH)\).*\[(.+)\]")
UNDEFINED = re.compile(r"^\s*\d+:.*\s(GLOBAL|WEAK)\s+\w+\s+UND\s+(\S+)", re.MULTILINE)


class RefusedError(Exception):
    """This file must not be published; the message says why."""


def binaries(wheel: Path) -> list[str]:
    """Return the names of what is native code, by name or by content."""
    with zipfile.ZipFile(wheel) as archive:
        return [
            name
            for name in archive.namelist()
            if name.endswith(NATIVE) or archive.read(name)[:4].startswith(MAGIC)
        ]


def kind(wheel: Path) -> str:
    """Return "pure" or "pump"; raises RefusedError for a wheel that is neither."""
    found = binaries(wheel)
    tag = wheel.name.split("-", 2)[2].removesuffix(".whl")
    with zipfile.ZipFile(wheel) as archive:
        if "ffwebcodecs/_ffi/_abi.py" not in archive.namelist():
            raise RefusedError(f"{wheel.name} lacks ffwebcodecs/_ffi/_abi.py, ABI mode's types")
    if not found:
        if tag != "py3-none-any":
            raise RefusedError(f"{wheel.name} holds no binary, so it may be py3-none-any alone")
        return "pure"
    if found != [PUMP]:
        others = ", ".join(name for name in found if name != PUMP)
        raise RefusedError(f"{wheel.name} holds {others}: only {PUMP} may be in a wheel")
    if not tag.startswith("cp310-abi3-"):
        raise RefusedError(f"{wheel.name} holds the pump, so it has to be cp310-abi3")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        check_pump(Path(archive.extract(PUMP, folder)), tag)
    return "pump"


def check_pump(library: Path, tag: str) -> None:
    """See that an ELF file needs libc and Python's limited API, no more than its tag says."""
    command = ["readelf", "--dynamic", "--dyn-syms", "--wide", str(library)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    needed = NEEDED.findall(text)
    if needed != ["libc.so.6"]:
        raise RefusedError(f"{library.name} is linked to {', '.join(needed)}; libc.so.6 may be")
    if RUNPATH.search(text):
        raise RefusedError(f"{library.name} looks for libraries in {RUNPATH.findall(text)[0]}")
    names = [name for binding, name in UNDEFINED.findall(text) if binding == "GLOBAL"]
    strangers = [name for name in names if not re.match(r"_?Py|\w+@+GLIBC_", name)]
    if strangers:
        raise RefusedError(f"{library.name} needs {', '.join(strangers)} of nobody knows whom")
    limit = re.search(r"manylinux_2_(\d+)_", tag)
    newest = newest_glibc(names)
    if limit and newest > int(limit[1]):
        raise RefusedError(f"{library.name} needs glibc 2.{newest}, its tag says 2.{limit[1]}")


def newest_glibc(names: list[str]) -> int:
    """Return the minor version of the newest glibc that one of these symbols needs."""
    versions = [re.search(r"@+GLIBC_2\.(\d+)", name) for name in names]
    return max((int(version[1]) for version in versions if version), default=0)
