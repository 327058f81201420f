"""What was loaded and why, and what to do when nothing could be."""

from __future__ import annotations

import os
import sys

Version = tuple[int, int, int]

INSTALL = {
    "apt": "apt install libavcodec-extra libavformat-dev libswscale-dev",
    "dnf": "dnf install ffmpeg-free libavcodec-free libavformat-free libswscale-free",
    "pacman": "pacman -S ffmpeg",
    "brew": "brew install ffmpeg",
}


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
    problems : list of str
        What was tried before and rejected, in order.
    avformat_problem : str or None
        Why libavformat cannot be used, if that is known.
    """

    __slots__ = (
        "avformat_problem",
        "libraries",
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
        self.release = ""
        self.version_info = ""
        self.problems: list[str] = []
        self.avformat_problem: str | None = None

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


def install_hint() -> str:
    """Say how to install FFmpeg's libraries here: the package manager at hand first."""
    if sys.platform == "darwin":
        order = ["brew"]
    elif os.name == "nt":
        return (
            "Install a shared build of FFmpeg (for example `winget install Gyan.FFmpeg.Shared`) "
            "and put its bin folder on PATH, or name it in FFWEBCODECS_LIBRARY_PATH."
        )
    else:
        order = ["apt", "dnf", "pacman", "brew"]
    commands = "\n".join(f"    {INSTALL[name]}" for name in order)
    return (
        "Install FFmpeg's shared libraries, one of:\n"
        f"{commands}\nor name their folder in FFWEBCODECS_LIBRARY_PATH."
    )
