"""Rows: from the start of a process to its first frame, and what importing takes of it."""

from __future__ import annotations

import sys

from measuring import clips
from measuring.places import ROOT, Command, case, has, ours, program
from measuring.ratios import Limit

from .decoding import own
from .table import Line, Row


def _first(library: str) -> Command:
    script = str(ROOT / "benchmarks" / "first_frame.py")
    return Command([sys.executable, script, library, str(clips.clip_single("64x64"))], {})


def _frame() -> dict[str, Command | None]:
    found: dict[str, Command | None] = {
        "C": program("decode", clips.clip_single("64x64"), 1, "first"),
        "PyAV": _first("av"),
        "OpenCV": _first("cv2"),
    }
    command = _first("ffwebcodecs")
    for way in ("API", "ABI", "beside", "plain"):
        like = ours(way, "cases.importing.import_time")
        found[f"first {way}"] = like and Command(command.arguments, like.environment)
    return found


def _importing() -> dict[str, Command | None]:
    return {
        "PyAV": case("cases.importing.import_time", "av") if has("av") else None,
        "OpenCV": case("cases.importing.import_time", "cv2") if has("cv2") else None,
        **own("load", "cases.importing.import_and_load", "ffwebcodecs", ways="API ABI beside"),
    }


def _many() -> dict[str, Command | None]:
    """Many files in one process."""
    what = clips.clip_single("64x64"), 50
    return {
        "PyAV": case("cases.decoding.pyav_first_frames", *what),
        "OpenCV": case("cases.decoding.opencv_first_frames", *what),
        **own("many", "cases.decoding.first_frames", *what),
    }


LIMITS = Limit("beside", "PyAV", 1), Limit("beside", "OpenCV", 1)
ROWS = (
    Row(
        "start to first frame",
        _frame,
        (Line("process start to first frame", "first", LIMITS),),
        fresh=True,
        more_rounds=3,
    ),
    Row("many small files", _many, (Line("many small files, a file", "many", LIMITS),)),
    Row(
        "import",
        _importing,
        (Line("import, and load FFmpeg", "load", ()),),
        fresh=True,
        more_rounds=3,
    ),
)
