"""What was loaded and why, and what to do when nothing could be."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterable

Version = tuple[int, int, int]

# system, its names in /etc/os-release (or of the platform), how to install the libraries there
INSTALL = (
    ("Debian, Ubuntu", ("debian", "ubuntu"), "apt install ffmpeg"),
    ("Fedora", ("fedora", "rhel"), "dnf install libavcodec-free libavformat-free libswscale-free"),
    ("Alpine", ("alpine",), "apk add ffmpeg"),
    ("Arch", ("arch",), "pacman -S ffmpeg"),
    ("macOS", ("darwin",), "brew install ffmpeg"),
    ("conda", (), "conda install -c conda-forge ffmpeg"),
    ("Windows", ("win32",), "winget install Gyan.FFmpeg.Shared   (its bin folder goes on PATH)"),
)


class LoadReport:
    """The FFmpeg in use: mode, why this mode, the files, and what was tried and rejected.

    Attributes
    ----------
    mode : {"api", "abi"}
        Compiled extension, or pre-parsed declarations with recorded layouts.
    reason : str
        Why this mode was chosen.
    libraries : dict of str to (str, (int, int, int))
        Library name to its file and version. libavformat is in it once it has been loaded.
    release : str
        FFmpeg release, like ``"5.1"``; `version_info` has the whole string of the build.
    listens : bool
        Whether FFmpeg's log is ours: nobody in the process had chosen a level.
    problems : list of str
        What was tried before and rejected, in order.
    avformat_problem : str or None
        Why libavformat cannot be used, if that is known.
    beside : dict of str to (str, (int, int, int))
        The same of libswresample and libavfilter, each once it was wanted.
    """

    __slots__ = (
        "avformat_problem",
        "beside",
        "libraries",
        "listens",
        "mode",
        "module",
        "problems",
        "reason",
        "release",
        "version_info",
    )

    def __init__(self, mode: str, module: str, reason: str) -> None:
        self.mode = mode
        self.module = module
        self.reason = reason
        self.libraries: dict[str, tuple[str, Version]] = {}
        self.listens = False
        self.release = ""
        self.version_info = ""
        self.problems: list[str] = []
        self.avformat_problem: str | None = None
        self.beside: dict[str, tuple[str, Version]] = {}

    def __repr__(self) -> str:
        return f"LoadReport(mode={self.mode!r}, release={self.release!r}, reason={self.reason!r})"


def split_version(number: int) -> Version:
    """Split the integer of a ``*_version()`` function."""
    return number >> 16, number >> 8 & 0xFF, number & 0xFF


def dotted(version: Version) -> str:
    """Write a version as FFmpeg does."""
    return ".".join(map(str, version))


def release_of(version_info: str, series: str) -> str:
    """Shorten a version string to its release; builds from git keep the series ("7.x")."""
    numbers = version_info.lstrip("n").split("-")[0].split("+")[0].split(".")
    if len(numbers) >= 2 and all(part.isdigit() for part in numbers[:2]):
        return ".".join(numbers[:2])
    return series


def _this_system() -> set[str]:
    """Return the names that this system goes by in INSTALL."""
    names = {sys.platform}
    try:
        with open("/etc/os-release", encoding="utf-8") as lines:
            for line in lines:
                key, _, value = line.strip().partition("=")
                if key in ("ID", "ID_LIKE"):
                    names.update(value.strip("\"'").split())
    except (OSError, UnicodeDecodeError):
        pass
    return names


def install_hint(here: set[str] | None = None) -> str:
    """Say how to install FFmpeg's libraries, first on the system of these names (this one's)."""
    return hint("Install FFmpeg's shared libraries:", INSTALL, here)


def hint(
    what: str, packages: Iterable[tuple[str, tuple[str, ...], str]], here: set[str] | None = None
) -> str:
    """Say how to install `packages`, rows as of INSTALL."""
    names = _this_system() if here is None else here
    rows = sorted(packages, key=lambda row: not names.intersection(row[1]))
    commands = "".join(f"    {name + ':':<16} {command}\n" for name, _, command in rows)
    return f"{what}\n{commands}or name the folder that holds them in FFWEBCODECS_LIBRARY_PATH."
