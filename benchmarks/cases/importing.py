"""Importing, and what comes before the first frame."""

from __future__ import annotations

import sys

from .clock import Result, clock


def import_time(module: str) -> Result:
    """Return how many modules the import brought, and how long it took."""
    before = len(sys.modules)
    start = clock()
    __import__(module)
    seconds = clock() - start
    return len(sys.modules) - before, seconds


def import_and_load(module: str) -> Result:
    """Import, then load FFmpeg, which the import itself does not do."""
    before = len(sys.modules)
    start = clock()
    __import__(module)
    sys.modules[module].ffmpeg_info()
    seconds = clock() - start
    return len(sys.modules) - before, seconds
