"""Find whole sets of FFmpeg libraries: one release together, never library by library.

Mixing the libavcodec of one release with the libavutil of another crashes, and a search that takes
each library on its own can do just that. So the unit here is a set: the sonames of one FFmpeg
major, from one place.
"""

from __future__ import annotations

import os
import re
import sys

from ffwebcodecs._ffi import _elf, _releases

CORE = ("avutil", "avcodec", "swscale")
LIBRARIES = (*CORE, "avformat")


class Release:
    """One FFmpeg major and the major versions of its libraries."""

    __slots__ = ("majors", "series")

    def __init__(self, series: str, *majors: int) -> None:
        self.series = series
        self.majors = dict(zip(LIBRARIES, majors, strict=True))

    @property
    def key(self) -> int:
        """The libavutil major: it names our modules."""
        return self.majors["avutil"]


RELEASES = tuple(Release(*row) for row in _releases.RELEASES)
KNOWN = {release.key: release for release in RELEASES}

# libavcodec.so.59.37.100, libavcodec-abcdef12.so.59.37.100 (auditwheel), libavcodec.59.dylib,
# avcodec-59.dll, avcodec-59-abcdef12.dll (delvewheel)
# and libavcodec.so, libavcodec-abcdef12.so, where nothing else is there: their soname tells
UNNUMBERED = re.compile(r"lib(avutil|avcodec|swscale|avformat)(?:-[0-9a-f]+)?\.so$")
FILE_NAME = re.compile(
    r"lib(?P<posix>avutil|avcodec|swscale|avformat)(?P<mangled>-[0-9a-f]+)?"
    r"(?:\.so\.(?P<so>\d+)[\d.]*|\.(?P<dylib>\d+)[\d.]*\.dylib)$"
    r"|(?P<windows>avutil|avcodec|swscale|avformat)-(?P<dll>\d+)(?P<delved>-[0-9a-f]+)?\.dll$"
)


class LibrarySet:
    """The libraries of one release in one place; `folder` is None for the loader's own path."""

    __slots__ = ("folder", "mangled", "paths", "release")

    def __init__(
        self, release: Release, paths: dict[str, str], folder: str | None, mangled: bool = False
    ) -> None:
        self.release = release
        self.paths = paths
        self.folder = folder
        self.mangled = mangled

    def __str__(self) -> str:
        return f"FFmpeg {self.release.series} in {self.folder or 'the library search path'}"


class Found:
    """FFmpeg's library files in one folder: name to major to file, and which are renamed."""

    __slots__ = ("files", "folder", "mangled")

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.files: dict[str, dict[int, str]] = {}
        self.mangled = False
        try:
            names = sorted(os.listdir(folder), key=lambda name: (len(name), name))
        except OSError:
            names = []
        for name in names:
            match = FILE_NAME.match(name)
            if match is not None:
                self._add(match, name)
        for name in names:
            plain = UNNUMBERED.match(name)
            if plain is None or plain[1] in self.files:
                continue
            try:
                match = FILE_NAME.match(_elf.read(os.path.join(folder, name)).soname)
            except _elf.BadLibraryError:
                continue
            if match is not None:
                self._add(match, name)

    def _add(self, match: re.Match[str], name: str) -> None:
        library = match["posix"] or match["windows"]
        major = int(match["so"] or match["dylib"] or match["dll"])
        # the shortest name first: it is the soname, the others are what it points to
        self.files.setdefault(library, {}).setdefault(major, os.path.join(self.folder, name))
        if match["mangled"] or match["delved"]:
            self.mangled = True

    def sets(self) -> list[LibrarySet]:
        """Return the complete sets here, newest first."""
        result = []
        for release in RELEASES:
            paths = {
                library: self.files[library][major]
                for library, major in release.majors.items()
                if major in self.files.get(library, {})
            }
            if all(library in paths for library in CORE):
                result.append(LibrarySet(release, paths, self.folder, self.mangled))
        return result

    def trouble(self) -> str | None:
        """Say what is wrong with this folder if there is something but no complete set."""
        if not self.files or self.sets():
            return None
        there = ", ".join(
            os.path.basename(path) for files in self.files.values() for path in files.values()
        )
        missing = [f"lib{library}" for library in CORE if library not in self.files]
        known = {
            library: {release.majors[library] for release in RELEASES} for library in LIBRARIES
        }
        unknown = [
            os.path.basename(path)
            for library, files in self.files.items()
            for major, path in files.items()
            if major not in known[library]
        ]
        newest = RELEASES[0].majors
        newer = [
            os.path.basename(path)
            for library, files in self.files.items()
            for major, path in files.items()
            if major > newest[library]
        ]
        if newer:
            problem = f"{', '.join(newer)} is of an {newer_release()}"
        elif unknown:
            problem = (
                f"{', '.join(unknown)} is of an FFmpeg this version does not know "
                f"(it knows FFmpeg {RELEASES[-1].series} to {RELEASES[0].series})"
            )
        elif missing:
            problem = f"{' and '.join(missing)} missing"
        else:
            problem = "libraries of different FFmpeg releases are mixed"
        return f"{self.folder}: {problem}; found {there}"


def newer_release() -> str:
    """Say what to do about a release that is newer than all layouts."""
    return (
        f"FFmpeg that this version does not know: newer than {RELEASES[0].series}, the newest of "
        "the recorded layouts. Update ffwebcodecs; or, in a checkout, record the layouts from "
        "that FFmpeg's headers: make layouts INCLUDE=/path/to/include"
    )


def soname(library: str, major: int) -> str:
    """Return the name that the loader of this platform looks for."""
    if os.name == "nt":
        return f"{library}-{major}.dll"
    if sys.platform == "darwin":
        return f"lib{library}.{major}.dylib"
    return f"lib{library}.so.{major}"


def system_set(release: Release) -> LibrarySet:
    """Return the set that the loader finds by name; nothing says yet that it is there."""
    paths = {library: soname(library, major) for library, major in release.majors.items()}
    return LibrarySet(release, paths, None)
