"""Find whole sets of FFmpeg libraries: one release together, never library by library.

Mixing the libavcodec of one release with the libavutil of another crashes, and a search that takes
each library on its own can do just that. So the unit here is a set: the sonames of one FFmpeg
major, from one place.
"""

from __future__ import annotations

import os
import re
import sys

from ffwebcodecs._ffi import _releases

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
            if match is None:
                continue
            library = match["posix"] or match["windows"]
            major = int(match["so"] or match["dylib"] or match["dll"])
            # the shortest name first: it is the soname, the others are what it points to
            self.files.setdefault(library, {}).setdefault(major, os.path.join(folder, name))
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
        if unknown:
            problem = (
                f"{', '.join(unknown)} is of an FFmpeg this version does not know "
                f"(it knows FFmpeg {RELEASES[-1].series} to {RELEASES[0].series})"
            )
        elif missing:
            problem = f"{' and '.join(missing)} missing"
        else:
            problem = "libraries of different FFmpeg releases are mixed"
        return f"{self.folder}: {problem}; found {there}"


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


def extra_folders() -> list[str]:
    """Return folders outside the loader's path where FFmpeg is usually put."""
    folders = []
    if sys.platform == "darwin":
        folders += ["/opt/homebrew/lib", "/usr/local/lib", "/opt/homebrew/opt/ffmpeg/lib"]
        folders += [f"/opt/homebrew/opt/ffmpeg@{number}/lib" for number in range(9, 3, -1)]
    prefixes = [os.environ.get("CONDA_PREFIX", "")]
    if os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
        prefixes.append(sys.prefix)
    inner = os.path.join("Library", "bin") if os.name == "nt" else "lib"
    folders += [os.path.join(prefix, inner) for prefix in prefixes if prefix]
    if os.name == "nt":
        folders += [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    elif sys.platform != "darwin" and os.path.isdir("/home/linuxbrew/.linuxbrew/lib"):
        folders.append("/home/linuxbrew/.linuxbrew/lib")
    return list(dict.fromkeys(folders))


def usual_folders() -> list[str]:
    """Return where the loader looks, as far as it can be known: only to explain a failure."""
    folders = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    machine = os.uname().machine if hasattr(os, "uname") else ""
    folders += ["/usr/local/lib", f"/usr/lib/{machine}-linux-gnu", "/usr/lib64", "/usr/lib"]
    return list(dict.fromkeys(folder for folder in folders if folder))
