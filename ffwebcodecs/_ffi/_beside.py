"""The libraries beside the set, libswresample and libavfilter: opened when they are first needed,
in both modes alike, by their functions' addresses.

Their structs are their own business, so they need no layouts, and no headers at compile time: an
extension that was linked against them would need them for ever. ``headers/NAME.h`` has their
functions, which both modes know as the fields of the struct ``ffwc_NAME``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ffwebcodecs._ffi import _elf, _needed
from ffwebcodecs._ffi._find import soname
from ffwebcodecs._ffi._open import KEEP, RejectedError, abi_module, file_at, open_dependencies
from ffwebcodecs._ffi._report import dotted, hint, split_version

if TYPE_CHECKING:
    from ffwebcodecs._ffi._find import LibrarySet
    from ffwebcodecs._ffi._report import LoadReport, Version


class LateLibrary(NamedTuple):
    """A library beside the set."""

    purpose: str
    """What it is needed for."""
    majors: dict[int, int]
    """Its major version by that of libavutil."""


LIBRARIES = {
    "swresample": LateLibrary("convert samples", {56: 3, 57: 4, 58: 4, 59: 5, 60: 6, 61: 7}),
    "avfilter": LateLibrary("deinterlace", {56: 7, 57: 8, 58: 9, 59: 10, 60: 11, 61: 12}),
}
_NOW = getattr(os, "RTLD_NOW", 0)
_VERSION = "unsigned(*)(void)"

_PACKAGES = (
    ("Debian, Ubuntu", ("debian", "ubuntu"), "apt install lib{name}{major}"),
    ("Fedora", ("fedora", "rhel"), "dnf install lib{name}-free"),
    ("Alpine", ("alpine",), "apk add ffmpeg-lib{name}"),
    ("Arch", ("arch",), "pacman -S ffmpeg"),
    ("macOS", ("darwin",), "brew install ffmpeg"),
    ("conda", (), "conda install -c conda-forge ffmpeg"),
    ("Windows", ("win32",), "winget install Gyan.FFmpeg.Shared"),
)

_opened: list[Any] = []  # for as long as the interpreter lives


class Functions:
    """A library's functions, as C pointers; those that it does not have are not there."""

    def __init__(self, functions: dict[str, Any]) -> None:
        self.__dict__.update(functions)


def open_beside(
    name: str, ffi: Any, files: LibrarySet, report: LoadReport
) -> tuple[Functions, tuple[str, Version]]:
    """Open the library of this name that belongs to a loaded set; return its functions, its file
    and its version.

    Raises
    ------
    RejectedError
        It is not there, or is another one's.
    """
    major = LIBRARIES[name].majors[files.release.key]
    avutil = report.libraries["avutil"][0]
    folder = files.folder or os.path.dirname(avutil)
    path = _find(name, folder, major)
    if path is None and files.folder is not None:
        path = _brought(name, files, report)
        if path is None:
            raise RejectedError(f"{soname(name, major)} is not in {folder}")
    path = path or soname(name, major)
    library = _open(path, folder, files)
    fields = ffi.typeof(f"ffwc_{name}").fields
    found = {each: _function(library, field.type, each) for each, field in fields}
    lacks = [each for each in _needed.FUNCTIONS[name].split() if found.get(each) is None]
    if lacks:
        raise RejectedError(f"{path} is no lib{name} of FFmpeg: it lacks {', '.join(lacks)}")
    version = split_version(found[f"{name}_version"]())
    if version[0] != major:
        raise RejectedError(
            f"{path} says it is lib{name} {dotted(version)}, FFmpeg {files.release.series} has "
            f"major {major}: different FFmpeg releases are mixed"
        )
    _require_same_avutil(ffi, library, path, avutil)
    there = {each: function for each, function in found.items() if function is not None}
    return Functions(there), (path, version)


def _function(library: Any, kind: Any, name: str) -> Any:
    """Return a function of the library, None if it has none of this name."""
    try:
        return library.load_function(kind, name)
    except AttributeError:
        return None


def _brought(name: str, files: LibrarySet, report: LoadReport) -> str | None:
    """Return the file that libavcodec itself uses, wherever the loader has found it."""
    import _cffi_backend

    ffi = abi_module(files.release).ffi
    try:
        library = _cffi_backend.load_library(report.libraries["avcodec"][0], _NOW | KEEP)
    except OSError:
        return None
    _opened.append(library)
    function = _function(library, ffi.typeof(_VERSION), f"{name}_version")
    return None if function is None else file_at(ffi, function)


def _find(name: str, folder: str, major: int) -> str | None:
    """Return the file in a folder; the shortest name is the soname, others are what it leads to."""
    pattern = re.compile(
        rf"lib{name}(-[0-9a-f]+)?(\.so\.{major}[\d.]*|\.{major}[\d.]*\.dylib)$"
        rf"|{name}-{major}(-[0-9a-f]+)?\.dll$"
    )
    plain = re.compile(rf"lib{name}(-[0-9a-f]+)?\.so$")  # its soname tells
    try:
        names = sorted(os.listdir(folder), key=lambda name: (len(name), name))
    except OSError:
        return None
    numbered = [name for name in names if pattern.match(name)]
    others = [name for name in names if plain.match(name)]
    fit = numbered or [n for n in others if pattern.match(_soname(os.path.join(folder, n)))]
    return os.path.join(folder, fit[0]) if fit else None


def _soname(path: str) -> str:
    try:
        return _elf.read(path).soname
    except _elf.BadLibraryError:
        return ""


def _open(path: str, folder: str, files: LibrarySet) -> Any:
    import _cffi_backend

    whole = path if os.path.isabs(path) else _elf.search(path)
    try:
        if whole is not None:
            # Opening what was cut short would kill the process.
            _elf.check_tree(whole, [folder, os.path.dirname(whole)])
    except _elf.BadLibraryError as error:
        raise RejectedError(str(error)) from None
    reason = ""
    for attempt in range(2):
        try:
            library = _cffi_backend.load_library(path, _NOW | KEEP)
        except OSError as error:
            reason = str(error).removeprefix(f"cannot load library '{path}': ")
        else:
            _opened.append(library)
            return library
        if attempt or files.folder is None:
            break
        open_dependencies(abi_module(files.release).ffi, files)
    raise RejectedError(f"{path} does not load: {reason.partition('  Additionally, ')[0]}")


def _require_same_avutil(ffi: Any, library: Any, path: str, avutil: str) -> None:
    """Raise unless what it calls in libavutil is the libavutil that we call."""
    import _cffi_backend

    if os.name == "nt":
        return  # a library shows there what is its own only
    kind = ffi.typeof(_VERSION)
    try:
        ours = _cffi_backend.load_library(avutil, _NOW | KEEP)
        _opened.append(ours)
        used = library.load_function(kind, "avutil_version")
        same = used == ours.load_function(kind, "avutil_version")
    except (OSError, AttributeError):
        return  # the loader does not tell
    if not same:
        raise RejectedError(f"{path} uses another libavutil than {avutil}: builds are mixed")


def install_beside_hint(name: str, key: int, here: set[str] | None = None) -> str:
    """Say how to install a library beside the FFmpeg of this libavutil major."""
    major = LIBRARIES[name].majors[key]
    packages = [
        (system, names, command.format(name=name, major=major))
        for system, names, command in _PACKAGES
    ]
    return hint("Install it:", packages, here)
