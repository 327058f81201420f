"""libavfilter, opened when something is to be filtered, in both modes alike: by its functions.

Its structs are its own business, so it needs no layouts, and no headers at compile time: an
extension that was linked against it would need it for ever.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from ffwebcodecs._ffi import _elf
from ffwebcodecs._ffi._find import soname
from ffwebcodecs._ffi._open import KEEP, RejectedError, abi_module, open_dependencies
from ffwebcodecs._ffi._report import dotted, hint, split_version

if TYPE_CHECKING:
    from ffwebcodecs._ffi._find import LibrarySet
    from ffwebcodecs._ffi._report import LoadReport, Version

MAJORS = {56: 7, 57: 8, 58: 9, 59: 10, 60: 11, 61: 12}
"""The major version of libavfilter by that of libavutil."""

# Contexts, graphs and filters are opaque.
FUNCTIONS = {
    "avfilter_version": "unsigned(*)(void)",
    "avfilter_get_by_name": "void *(*)(const char *)",
    "avfilter_graph_alloc": "void *(*)(void)",
    "avfilter_graph_free": "void(*)(void **)",
    "avfilter_graph_create_filter": "int(*)(void **, void *, const char *, const char *, void *, "
    "void *)",
    "avfilter_link": "int(*)(void *, unsigned, void *, unsigned)",
    "avfilter_graph_config": "int(*)(void *, void *)",
    "av_buffersrc_add_frame_flags": "int(*)(void *, AVFrame *, int)",
    "av_buffersink_get_frame": "int(*)(void *, AVFrame *)",
}
_NOW = getattr(os, "RTLD_NOW", 0)
_VERSION = "unsigned(*)(void)"

_PACKAGES = (
    ("Debian, Ubuntu", ("debian", "ubuntu"), "apt install libavfilter{major}"),
    ("Fedora", ("fedora", "rhel"), "dnf install libavfilter-free"),
    ("Alpine", ("alpine",), "apk add ffmpeg-libavfilter"),
    ("Arch", ("arch",), "pacman -S ffmpeg"),
    ("macOS", ("darwin",), "brew install ffmpeg"),
    ("conda", (), "conda install -c conda-forge ffmpeg"),
    ("Windows", ("win32",), "winget install Gyan.FFmpeg.Shared"),
)

_opened: list[Any] = []  # for as long as the interpreter lives


class Filters:
    """libavfilter's functions, as C pointers."""

    def __init__(self, functions: dict[str, Any]) -> None:
        self.__dict__.update(functions)


def open_filters(
    ffi: Any, files: LibrarySet, report: LoadReport
) -> tuple[Filters, tuple[str, Version]]:
    """Open the libavfilter that belongs to a loaded set; return it, its file and its version.

    Raises
    ------
    RejectedError
        It is not there, or is another one's.
    """
    major = MAJORS[files.release.key]
    avutil = report.libraries["avutil"][0]
    folder = files.folder or os.path.dirname(avutil)
    path = _find(folder, major)
    if path is None:
        if files.folder is not None:
            raise RejectedError(f"{soname('avfilter', major)} is not in {folder}")
        path = soname("avfilter", major)
    library = _open(path, folder, files)
    try:
        found = {
            name: library.load_function(ffi.typeof(text), name) for name, text in FUNCTIONS.items()
        }
    except AttributeError as error:
        raise RejectedError(f"{path} is no libavfilter of FFmpeg: {error}") from None
    version = split_version(found["avfilter_version"]())
    if version[0] != major:
        raise RejectedError(
            f"{path} says it is libavfilter {dotted(version)}, FFmpeg {files.release.series} has "
            f"major {major}: different FFmpeg releases are mixed"
        )
    _require_same_avutil(ffi, library, path, avutil)
    return Filters(found), (path, version)


def _find(folder: str, major: int) -> str | None:
    """Return the file in a folder; the shortest name is the soname, others are what it leads to."""
    pattern = re.compile(
        rf"libavfilter(-[0-9a-f]+)?(\.so\.{major}[\d.]*|\.{major}[\d.]*\.dylib)$"
        rf"|avfilter-{major}(-[0-9a-f]+)?\.dll$"
    )
    plain = re.compile(r"libavfilter(-[0-9a-f]+)?\.so$")  # its soname tells
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


def install_filters_hint(key: int, here: set[str] | None = None) -> str:
    """Say how to install libavfilter beside the FFmpeg of this libavutil major."""
    packages = [
        (name, names, command.format(major=MAJORS[key])) for name, names, command in _PACKAGES
    ]
    return hint("Install it:", packages, here)
