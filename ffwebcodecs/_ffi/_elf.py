"""Read the headers of a library file before the loader gets it.

The loader maps a file without asking whether all of it is there: opening one that was cut short
kills the process with SIGBUS, and no error can be caught. So what is about to be opened is read
here first: is it a file, a shared library for this processor, and as long as its headers say. Only
ELF is read (Linux and the BSDs); the loaders of macOS and Windows check the length themselves.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import sys

PT_LOAD, PT_DYNAMIC = 1, 2
DT_NEEDED, DT_STRTAB, DT_SONAME, DT_RPATH, DT_STRSZ, DT_RUNPATH = 1, 5, 14, 15, 10, 29
ET_DYN, SHT_NOBITS = 3, 8
MACHINES = {3: "32-bit x86", 20: "PowerPC", 21: "64-bit PowerPC", 22: "IBM Z", 40: "32-bit ARM"}
MACHINES |= {62: "x86-64", 183: "64-bit ARM", 243: "RISC-V", 258: "LoongArch"}
# FFmpeg's own libraries, under any name that a package may have given them
FAMILY = re.compile(r"lib(?:av(?:util|codec|format|filter|device|resample)|sw\w+|postproc)\b")


class BadLibraryError(Exception):
    """The file cannot be opened safely; the message says why, without the path."""


class OtherMachineError(BadLibraryError):
    """A sound library, for another processor: the loader passes over it when it searches."""


class Elf:
    """What the dynamic section of a shared library says: its name, its needs, where it looks."""

    __slots__ = ("needed", "runpath", "soname")

    def __init__(self) -> None:
        self.soname = ""
        self.needed: list[str] = []
        self.runpath: list[str] = []


_sound: dict[tuple[str, int, int], Elf] = {}  # what was read: several libraries need the same ones


def is_elf_platform() -> bool:
    """Tell whether libraries are ELF files here."""
    return os.name == "posix" and sys.platform not in ("darwin", "cygwin")


def read(path: str) -> Elf:
    """Return what a library says about itself; raises BadLibraryError if it must not be opened."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise BadLibraryError("is not a file")
        if status.st_size == 0:
            raise BadLibraryError("is empty")
        if not is_elf_platform():
            return Elf()
        key = path, status.st_size, status.st_mtime_ns
        if key not in _sound:
            with open(path, "rb") as file:
                _sound[key] = _parse(file, status.st_size)
        return _sound[key]
    except OSError as error:
        raise BadLibraryError(f"cannot be read: {error.strerror or error}") from None
    except (struct.error, OverflowError, ValueError):
        raise BadLibraryError("is damaged: its headers make no sense") from None


def _at(file: object, offset: int, size: int) -> bytes:
    file.seek(offset)  # type: ignore[attr-defined]
    data: bytes = file.read(size)  # type: ignore[attr-defined]
    if len(data) != size:
        raise BadLibraryError(f"is cut short: its headers go on after byte {offset + len(data)}")
    return data


def _parse(file: object, size: int) -> Elf:
    head = _at(file, 0, min(size, 64))
    if head[:4] != b"\x7fELF":
        raise BadLibraryError("is not a library: no ELF header")
    if size < 64:
        raise BadLibraryError(f"is cut short: {size} bytes")
    _check_machine(head)
    order = "<" if head[5] == 1 else ">"
    kind = struct.unpack_from(order + "H", head, 16)[0]
    if kind != ET_DYN:
        raise BadLibraryError("is not a shared library")
    segments_at, sections_at = struct.unpack_from(order + "QQ", head, 32)
    segment_size, segments, section_size, sections = struct.unpack_from(order + "4H", head, 54)
    if segment_size != 56 or segments == 0:
        raise BadLibraryError("is damaged: it has no program headers")
    end = _end_of_sections(file, order, sections_at, section_size, sections)
    table = _at(file, segments_at, segment_size * segments)
    loads: list[tuple[int, int, int]] = []
    dynamic = None
    for index in range(segments):
        where = index * segment_size
        type_, _, offset, address, _, in_file = struct.unpack_from(order + "IIQQQQ", table, where)
        end = max(end, offset + in_file)
        if type_ == PT_LOAD:
            loads.append((address, offset, in_file))
        elif type_ == PT_DYNAMIC:
            dynamic = (offset, in_file)
    if end > size:
        raise BadLibraryError(f"is cut short: {size} bytes of {end}")
    if dynamic is None or not loads:
        raise BadLibraryError("is damaged: it has nothing to load")
    return _dynamic(file, order, _at(file, *dynamic), loads)


def _end_of_sections(file: object, order: str, start: int, size: int, count: int) -> int:
    """Return where the last section, or the table of them, ends; 0 in a file without any."""
    if not start or not count or size != 64:
        return 0
    end = start + size * count
    table = _at(file, start, size * count)
    for index in range(count):
        type_, _, _, offset, length = struct.unpack_from(order + "IQQQQ", table, index * size + 4)
        if type_ != SHT_NOBITS:
            end = max(end, offset + length)
    return end


def _dynamic(file: object, order: str, data: bytes, loads: list[tuple[int, int, int]]) -> Elf:
    values: dict[int, list[int]] = {}
    for tag, value in struct.iter_unpack(order + "qQ", data[: len(data) // 16 * 16]):
        if tag == 0:
            break
        values.setdefault(tag, []).append(value)
    elf = Elf()
    if DT_STRTAB not in values or DT_STRSZ not in values:
        return elf
    address, length = values[DT_STRTAB][0], values[DT_STRSZ][0]
    for start, offset, in_file in loads:
        if start <= address and address + length <= start + in_file:
            strings = _at(file, offset + address - start, length)
            break
    else:
        raise BadLibraryError("is damaged: its names lie outside of it")

    def text(at: int) -> str:
        return strings[at : strings.index(b"\0", at)].decode(errors="surrogateescape")

    elf.needed = [text(value) for value in values.get(DT_NEEDED, ())]
    elf.soname = text(values[DT_SONAME][0]) if DT_SONAME in values else ""
    for value in values.get(DT_RUNPATH) or values.get(DT_RPATH) or ():
        elf.runpath += text(value).split(":")
    return elf


def _check_machine(head: bytes) -> None:
    """Compare with what this process runs on."""
    if _machine.ours is None:
        _machine.ours = b""
        for program in ("/proc/self/exe", sys.executable):  # which may be a script that starts one
            try:
                with open(program, "rb") as file:
                    head_of_ours = file.read(20)
            except (OSError, TypeError, ValueError):
                continue
            if head_of_ours[:4] == b"\x7fELF":
                _machine.ours = head_of_ours
                break
    ours = _machine.ours
    if not ours or (ours[4:6] == head[4:6] and ours[18:20] == head[18:20]):
        return
    order = "little" if head[5] == 1 else "big"
    number = int.from_bytes(head[18:20], order)  # type: ignore[arg-type]
    bits = {1: "32-bit", 2: "64-bit"}.get(head[4], "unknown")
    name = MACHINES.get(number, f"machine {number}")
    raise OtherMachineError(f"is for another processor: {name} ({bits})")


class _Machine:
    ours: bytes | None = None


_machine = _Machine()


def check_tree(path: str, folders: list[str]) -> None:
    """Check a library and those of FFmpeg's family that it needs and that lie in `folders`, where
    the loader would find them; raises BadLibraryError with the path in its message.
    """
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        try:
            elf = read(path)
        except BadLibraryError as error:
            raise BadLibraryError(f"{path} {error}") from None
        for name in filter(FAMILY.match, elf.needed):
            for folder in folders:
                candidate = os.path.join(folder, name)
                if os.path.lexists(candidate):
                    waiting.append(candidate)
                    break


def search(soname: str) -> str | None:
    """Return the file that the loader finds for a name, as far as that can be known without it."""
    if not is_elf_platform():
        return None
    for folder in search_folders():
        path = os.path.join(folder, soname)
        if os.path.lexists(path):
            try:
                read(path)
            except OtherMachineError:
                continue
            except BadLibraryError:
                pass  # the loader would take it: whoever asked reads it again, and says why not
            return path
    return _cached(soname)


def search_folders() -> list[str]:
    """Return the folders of the loader's search that the environment names."""
    path = os.environ.get("LD_LIBRARY_PATH", "")
    return [folder or "." for folder in re.split("[:;]", path)] if path else []


def _cached(soname: str) -> str | None:
    """Look a name up in the loader's cache: its strings are ``/folder/soname``, zero-terminated."""
    try:
        with open("/etc/ld.so.cache", "rb") as file:
            data = file.read()
    except OSError:
        return None
    wanted = f"/{soname}".encode() + b"\0"
    at = data.find(wanted)
    while at >= 0:
        path = os.fsdecode(data[data.rfind(b"\0", 0, at) + 1 : at + len(wanted) - 1])
        try:
            read(path)
        except OtherMachineError:
            pass
        except BadLibraryError:
            return path
        else:
            return path
        at = data.find(wanted, at + 1)
    return None
