"""Importing, and what comes before the first frame."""

from __future__ import annotations

import sys

from .clock import Result, clock


def import_time(module: str) -> Result:
    """Import a module, by its name."""
    start = clock()
    __import__(module)
    seconds = clock() - start
    return 1, seconds


def import_and_load(module: str) -> Result:
    """Import, then load FFmpeg, which the import itself does not do."""
    start = clock()
    __import__(module)
    sys.modules[module].ffmpeg_info()
    seconds = clock() - start
    return 1, seconds
