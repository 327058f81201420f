"""Open library files, and find out which file a symbol really came from."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from ffwebcodecs._ffi import _elf, _needed
from ffwebcodecs._ffi._find import RELEASES, newer_release
from ffwebcodecs._ffi._report import Version, dotted, split_version

if TYPE_CHECKING:
    from ffwebcodecs._ffi._find import LibrarySet, Release

PRELOAD_PASSES = 6
# A library object closes its library when it goes away, at the end of the interpreter. FFmpeg's
# threads, and those of the program, may be running then: its code has to stay where it is.
KEEP: int = getattr(os, "RTLD_NODELETE", 0)
# what FFmpeg's own libraries need of each other, in the order they can be opened
FAMILY = ("swresample", "avresample", "postproc", "avfilter")

_opened: list[Any] = []  # for as long as the interpreter lives
opened_folders: set[str] = set()  # of sets that were opened from a folder


class RejectedError(Exception):
    """This candidate is not usable; the message says why."""


def abi_module(release: Release) -> Any:
    """Return the pre-parsed declarations of a release: its `ffi`."""
    try:
        tables = importlib.import_module("ffwebcodecs._ffi._tables")
    except ImportError as error:
        raise RejectedError(
            f"{error.name} is missing: reinstall ffwebcodecs, or run `python ffi_build.py` in a "
            "checkout"
        ) from None
    return tables.module(release.key)


def opener() -> Any:
    """Return an ffi that only opens libraries: declarations cost a millisecond."""
    import _cffi_backend

    return _cffi_backend.FFI()


def open_file(ffi: Any, path: str) -> Any:
    """Open one library, for as long as the process lives."""
    if os.path.isabs(path):
        try:
            _elf.read(path)
        except _elf.BadLibraryError as error:
            raise RejectedError(f"{path} {error}") from None
    try:
        lib = ffi.dlopen(path, KEEP)
    except OSError as error:
        reason = str(error).removeprefix(f"cannot load library '{path}': ")
        reason = reason.partition("  Additionally, ")[0]
        raise RejectedError(f"{path} does not load: {reason}") from None
    except UnicodeEncodeError as error:  # cffi takes text only, and only what can be encoded
        raise RejectedError(
            f"{path} cannot be opened: its name is not {error.encoding.upper()}, the encoding of "
            "this Python's file names. Link to its folder under another name"
        ) from None
    _opened.append(lib)
    return lib


def check_files(files: LibrarySet, libraries: tuple[str, ...]) -> None:
    """Refuse files that would kill the process if they were opened, and those they lead to."""
    for library in libraries:
        path: str | None = files.paths[library]
        folders = [files.folder] if files.folder is not None else _elf.search_folders()
        if files.folder is None:
            path = _elf.search(files.paths[library])
            if path is None:
                continue  # not here, or in a place that only the loader knows: it will say
            folders = [*folders, os.path.dirname(path)]
        try:
            _elf.check_tree(str(path), folders)
        except _elf.BadLibraryError as error:
            raise RejectedError(str(error)) from None


def open_set(ffi: Any, files: LibrarySet, libraries: tuple[str, ...]) -> dict[str, Any]:
    """Open these libraries of a set.

    With a folder, the libraries they depend on are opened from the same folder first: neither
    the loader's path nor an rpath leads there in general.
    """
    if files.folder is None:
        return {library: _open_library(ffi, files, library) for library in libraries}
    opened_folders.add(files.folder)
    if os.name == "nt":
        os.add_dll_directory(files.folder)  # type: ignore[attr-defined,unused-ignore]
    try:
        if files.mangled:  # most such wheels load as they are
            return {library: _open_library(ffi, files, library) for library in libraries}
    except RejectedError:
        pass
    open_dependencies(ffi, files)
    return {library: _open_library(ffi, files, library) for library in libraries}


def _open_library(ffi: Any, files: LibrarySet, library: str) -> Any:
    """Open one of FFmpeg's libraries, which must have all functions that are needed of it."""
    lib = open_file(ffi, files.paths[library])
    lacks = _needed.missing(library, lib, ffi.error)
    if lacks:
        more = f" and {len(lacks) - 3} more functions" if len(lacks) > 3 else ""
        raise RejectedError(
            f"{files.paths[library]} lacks {', '.join(lacks[:3])}{more}: it is no complete "
            f"lib{library} of FFmpeg {files.release.series}"
        )
    return lib


def dependencies(files: LibrarySet) -> list[str]:
    """Return the files that a set in a folder may need, by their names."""
    folder = files.folder or ""
    endings = (".dll",) if os.name == "nt" else (".dylib",) if sys.platform == "darwin" else ()
    found = []
    for name in sorted(os.listdir(folder)):
        if not (name.endswith(endings) if endings else ".so" in name):
            continue
        stem = name.removeprefix("lib").partition(".")[0].partition("-")[0]
        # a folder of renamed libraries is one package's own; any other holds strangers too
        if files.mangled or (stem in FAMILY and (endings or ".so." in name)):
            found.append(os.path.join(folder, name))
    return found


def open_dependencies(ffi: Any, files: LibrarySet) -> None:
    """Open what the set may need, pass after pass until nothing new opens."""
    waiting = dependencies(files)
    if not files.mangled:
        _open_library(ffi, files, "avutil")
    for _ in range(PRELOAD_PASSES):
        before = len(waiting)
        waiting = [path for path in waiting if not _opens(ffi, path)]
        if len(waiting) == before:
            break


def _opens(ffi: Any, path: str) -> bool:
    try:
        open_file(ffi, path)
    except RejectedError:
        return False
    return True


def library_of(ffi: Any, lib: Any, symbol: str) -> str | None:
    """Return the file that this symbol comes from, if the platform can tell."""
    try:
        return file_at(ffi, ffi.addressof(lib, symbol))
    except (ffi.error, AttributeError):
        return None


def file_at(ffi: Any, address: Any) -> str | None:
    """Return the file that has a function of C, if the platform can tell; `ffi` is of ABI mode."""
    if os.name == "nt":
        return None
    try:
        info = ffi.new("Dl_info *")
        if not ffi.dlopen(None).dladdr(ffi.cast("void *", address), info) or not info.dli_fname:
            return None
        return os.fsdecode(ffi.string(info.dli_fname))
    except (ffi.error, AttributeError, OSError):
        return None


def same_file(one: str, other: str) -> bool:
    """Tell whether two paths lead to one file."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.basename(one) == os.path.basename(other)


def check_version(library: str, lib: Any, release: Release, path: str) -> Version:
    """Return the version a library states; it must be of this release."""
    version = split_version(getattr(lib, f"{library}_version")())
    if version[0] > RELEASES[0].majors[library]:
        raise RejectedError(
            f"{path} says it is lib{library} {dotted(version)}, of an {newer_release()}"
        )
    if version[0] != release.majors[library]:
        raise RejectedError(
            f"{path} says it is lib{library} {dotted(version)}, FFmpeg {release.series} has "
            f"major {release.majors[library]}: different FFmpeg releases are mixed"
        )
    return version


def check_together(libraries: dict[str, tuple[str, Version]]) -> None:
    """Refuse libraries that were never built together."""
    mixed = _needed.mixed({name: version for name, (_, version) in libraries.items()})
    if mixed:
        files = ", ".join(path for path, _ in libraries.values())
        raise RejectedError(f"{mixed}: different FFmpeg releases are mixed ({files})")
