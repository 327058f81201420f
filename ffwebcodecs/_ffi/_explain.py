"""What to say when no FFmpeg could be loaded: what was found where, and what to do."""

from __future__ import annotations

import os

from ffwebcodecs._ffi import _places
from ffwebcodecs._ffi._find import RELEASES, Found
from ffwebcodecs._ffi._report import install_hint


def nothing_in(folder: str) -> str:
    """Say what is wrong with a folder in which no library of FFmpeg was found."""
    if os.path.isdir(folder):
        try:
            os.listdir(folder)
        except OSError as error:
            return f"{folder} cannot be read: {error.strerror}"
        return f"{folder} holds no FFmpeg libraries"
    if os.path.exists(folder):
        return f"{folder} is a file: name the folder that holds it, {os.path.dirname(folder)}"
    return f"{folder} is not a folder"


def failure(mode: str, folder: str, problems: list[str]) -> str:
    """Return the message: every problem once, and the next step."""
    if not folder:
        for place in _places.of_the_loader() + _places.after_the_system():
            found = Found(place)
            trouble = found.trouble()
            if trouble:
                problems.append(trouble)
            elif found.files and mode == "api":
                names = ", ".join(str(files) for files in found.sets())
                problems.append(f"{names} is here, usable with FFWEBCODECS_FFI=auto")
    where = f" in FFWEBCODECS_LIBRARY_PATH={folder}" if folder else ""
    wanted = "" if mode == "auto" else f" (FFWEBCODECS_FFI={mode})"
    lines = "".join(f"\n  - {problem}" for problem in dict.fromkeys(problems))
    if not lines:
        known = f"{RELEASES[-1].series} to {RELEASES[0].series}"
        lines = f"\n  - no libavutil, libavcodec and libswscale of FFmpeg {known} was found"
    advice = install_hint()
    if mode == "api":
        advice = (
            "To build the extension, install a C compiler and FFmpeg's -dev packages and reinstall "
            "with FFWEBCODECS_BUILD=api; or unset FFWEBCODECS_FFI."
        )
    if folder:
        advice = (
            "Nothing else is searched while FFWEBCODECS_LIBRARY_PATH is set: name the folder of a "
            f"complete FFmpeg there, or unset it.\n{advice}"
        )
    return f"FFmpeg's libraries could not be loaded{where}{wanted}:{lines}\n{advice}"
