"""Rows: pictures converted to another format, and to another size."""

from __future__ import annotations

import os

from measuring.places import Command, case, has, ours, program
from measuring.ratios import Limit

from .table import Line, Row

NAMES = {
    "I420": "yuv420p",
    "I420A": "yuva420p",
    "I422": "yuv422p",
    "I444": "yuv444p",
    "NV12": "nv12",
    "I420P10": "yuv420p10le",
    "I422P10": "yuv422p10le",
    "I444P10": "yuv444p10le",
    "I420P12": "yuv420p12le",
    "GRAY8": "gray",
    "RGB": "rgb24",
    "RGBA": "rgba",
    "BGRA": "bgra",
}
BILINEAR, POINT, AREA = 2, 16, 32
EXACT = 0x40000 | 0x2000 | 0x4000  # ACCURATE_RND, FULL_CHR_H_INT, FULL_CHR_H_INP
OPENCV = {
    *(("I420", "RGBA"), ("I420", "RGB"), ("NV12", "RGBA"), ("NV12", "RGB")),
    *(("I444", "RGB"), ("GRAY8", "RGBA"), ("GRAY8", "RGB"), ("RGBA", "I420"), ("RGB", "I420")),
    *(("BGRA", "I420"), ("RGBA", "RGB"), ("RGB", "GRAY8")),
}
YUV = ("I420", "I420A", "I422", "I444", "NV12", "I420P10", "I422P10", "I444P10", "I420P12")
PAIRS = (
    *((name, target, full) for name in YUV for full in (0, 1) for target in ("RGBA", "RGB")),
    *(("GRAY8", "RGBA", 1), ("GRAY8", "RGB", 1), ("I420", "GRAY8", 0)),
    *((source, "I420", 0) for source in ("RGBA", "BGRA", "RGB")),
    *(("RGBA", "NV12", 0), ("RGB", "NV12", 0), ("RGBA", "I422", 0), ("RGBA", "I444", 0)),
    *(("RGBA", "RGB", 1), ("RGB", "GRAY8", 1)),
)
LIMITS = (Limit("API", "C", 1.05), Limit("beside", "PyAV", 1), Limit("beside", "OpenCV", 1))
CORE = max(os.sched_getaffinity(0))


def fastest_flags(source: str, target: str) -> tuple[object, ...]:
    """Return libswscale's flags that give the same pixels; the C program takes the fastest."""
    if source in ("I420", "I420A", "I422"):
        return (BILINEAR,)  # a converter of its own, which ACCURATE_RND would switch off
    if source.endswith(("P10", "P12")) and "444" not in source:
        return POINT, POINT | EXACT, f"{POINT}x"
    if source[0] in "IN":
        return POINT, POINT | EXACT  # BILINEAR would blend the chroma of rows
    return (AREA, AREA | EXACT) if target[0] in "IN" else (BILINEAR,)


def _repeats(source: str) -> int:
    return 40 if source in ("I420", "I420A", "I422", "GRAY8") else 12


def _commands(
    source: str, target: str, full: int, width: int, height: int
) -> dict[str, Command | None]:
    name, to, times = NAMES[source], NAMES[target], _repeats(source)
    what = name, width, height, full, times
    flags = fastest_flags(source, target)
    own = (source, target, *what)
    found = {
        "C": program("convert", name, to, *(width, height) * 2, full, times, *flags),
        "PyAV": case("cases.converting.pyav_reformat", to, *what),
        "copy_to API": ours("API", "cases.converting.copy_to", *own),
        "copy_to beside": ours("beside", "cases.converting.copy_to", *own),
    }
    # OpenCV takes subsampled pictures for limited range, and others for full range.
    is_same = source[0] not in "IN" or bool(full) == (source == "I444")
    if (source, target) in OPENCV and is_same and has("cv2"):
        size = width, height
        found["OpenCV"] = case("cases.converting.opencv_convert", to, name, *size, times)
    return found


def _row(source: str, target: str, full: int, width: int = 1920, height: int = 1080) -> Row:
    kind = f" {'full' if full else 'limited'}" if source[0] in "IN" else ""
    title = f"{source}{kind} to {target}"
    return Row(
        f"conversion {title}",
        lambda: _commands(source, target, full, width, height),
        (Line(title, "copy_to", LIMITS),),
        pinned=True,
    )


def _shrink() -> dict[str, Command | None]:
    size, times = (1920, 1080), 20
    own = "I420", "yuv420p", *size, 0, 224, times
    return {
        "C": program("convert", "yuv420p", "rgb24", *size, 224, 224, 0, times, BILINEAR, AREA),
        "PyAV": case("cases.converting.pyav_shrink", *own[1:]),
        "OpenCV": case("cases.converting.opencv_shrink", *size, 224, times),
        "shrink API": ours("API", "cases.converting.shrink", *own),
        "shrink beside": ours("beside", "cases.converting.shrink", *own),
    }


def _on_one_core(command: Command | None) -> Command | None:
    return command and Command(
        ["taskset", "-c", str(CORE), *command.arguments], command.environment
    )


def _large() -> dict[str, Command | None]:
    """4K with all cores that there are, and with one."""
    found = _commands("I420", "RGBA", 0, 3840, 2160)
    one = {f"one core {way}": _on_one_core(found[f"copy_to {way}"]) for way in ("API", "beside")}
    return {**found, **one}


def _copy() -> dict[str, Command | None]:
    return {"C": program("convert", "copy", "-", 1920, 1080, 0, 0, "-", 40)}


ROWS = (
    Row("conversion: memory copy", _copy, (Line("a memory copy of 8 MB", "copy"),), pinned=True),
    *(_row(*pair) for pair in PAIRS),
    Row(
        "resize 224",
        _shrink,
        (
            Line(
                "1080p I420 to 224x224 RGB",
                "shrink",
                (Limit("beside", "PyAV", 0.5), Limit("beside", "OpenCV", 0.5)),
            ),
        ),
        pinned=True,
    ),
    Row(
        "conversion 4K",
        _large,
        (
            Line(
                "4K I420 limited to RGBA, all cores",
                "copy_to",
                # 1.6 times as fast with two
                (Limit("API", "one core API", 0.63), Limit("beside", "PyAV", 1)),
            ),
        ),
    ),
)
