"""Calls of the command line, in this process and in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from clips import ROOT, pixels_of, run_ffmpeg

from ffwebcodecs.cli import main

NAME = "h264-bframes.mp4"


def environment(**extra: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, **extra}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "ffwebcodecs", *map(str, arguments)]


def run(*arguments: object, stdin: bytes = b"", **extra: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*arguments), input=stdin, capture_output=True, env=environment(**extra), timeout=60
    )


def call(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def png(path: Path) -> np.ndarray:
    """Return the pixels of a PNG or JPEG as the ffmpeg program reads it."""
    ppm = run_ffmpeg("-i", path, "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "-")
    [pixels] = pixels_of(ppm)
    return pixels


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))
