"""Where and when it was measured, in words."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path


def machine() -> str:
    model = platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text()
        model = next(
            line.split(":", 1)[1].strip()
            for line in text.splitlines()
            if line.startswith("model name")
        )
    except (OSError, StopIteration):
        pass
    # Other programs' load blurs every figure, so the page says how much of it there was.
    load = f"load {os.getloadavg()[0]:.1f} at the start"
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {load}, {platform.system()}"


def versions() -> str:
    from importlib.metadata import PackageNotFoundError, version

    import ffwebcodecs

    parts = [f"FFmpeg {ffwebcodecs.ffmpeg_info().release}", f"Python {platform.python_version()}"]
    for name, package in (("PyAV", "av"), ("OpenCV", "opencv-python-headless")):
        try:
            parts.append(f"{name} {version(package)} with its own FFmpeg")
        except PackageNotFoundError:
            parts.append(f"{name} not installed")
    return ", ".join(parts)


def headline(rounds: int) -> str:
    today = datetime.date.today().isoformat()
    return f"{machine()}; {versions()}; {today}; `make bench`, {rounds} rounds."
