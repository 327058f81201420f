"""Reads what callgrind counted, and says which part of the program each instruction is in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

PARTS = ("FFmpeg", "Python", "extension", "libc", "other")
_FFMPEG = re.compile(r"lib(av|sw|postproc|x26|vpx|dav1d|opus|mp3lame|SvtAv1)")
_PYTHON = re.compile(r"^(libpython3|python3?)")
_LIBC = re.compile(r"^(libc|libm|libpthread|ld-linux.*|libdl|librt|vgpreload.*)[.-]")
_NAME = re.compile(r"(c?ob)=\((\d+)\)(?: (.*))?")


def part_of(path: str) -> str:
    """Return which of PARTS an object file belongs to."""
    name = path.rsplit("/", 1)[-1]
    if re.search(r"/(ffwebcodecs|av)/", path) or name.startswith("_cffi_backend"):
        return "extension"
    if _FFMPEG.match(name) or name in ("decode", "encode", "convert", "decode_sound"):
        return "FFmpeg"
    if _PYTHON.match(name):
        return "Python"
    return "libc" if _LIBC.match(name) else "other"


def counts(lines: Iterable[str]) -> Counter[str]:
    """Return how many instructions each part took itself, from a file of callgrind's."""
    names: dict[str, str] = {}
    found: Counter[str] = Counter()
    part, is_call = "other", False
    for line in lines:
        if line[:1].isdigit() or line[:1] in "+-*":
            if not is_call:  # what a call cost is counted where it was spent
                found[part] += int(line.split()[-1])
            is_call = False
        elif line.startswith("calls="):
            is_call = True
        elif match := _NAME.match(line):
            kind, number, name = match.groups()
            if name is not None:
                names[number] = name.strip()
            if kind == "ob":
                part = part_of(names[number])
    return found


def per_frame(
    few: Counter[str], many: Counter[str], frames_few: int, frames_many: int
) -> dict[str, float]:
    """Return instructions a frame: the difference of two runs, so that the start drops out."""
    more = frames_many - frames_few
    return {part: (many[part] - few[part]) / more for part in PARTS}
