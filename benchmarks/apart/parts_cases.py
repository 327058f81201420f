"""Cases of `parts.py`, one in a process: one conversion in parts, and the same in one piece."""

from __future__ import annotations

import os
from typing import Any

from cases.clock import Result, clock

OPTIONS: dict[str, dict[str, Any]] = {
    "h264": {"codec": "h264", "quantizer": 23, "encoder_options": {"preset": "veryfast"}},
    "vp9": {
        "codec": "vp9",
        "quantizer": 32,
        "encoder_options": {"deadline": "realtime", "cpu-used": "8"},
    },
    "ffv1": {"codec": "ffmpeg:ffv1"},
}


def _convert(path: str, target: str, codec: str, **more: Any) -> Result:
    import ffwebcodecs

    start = clock()
    result = ffwebcodecs.transcode(path, target, audio=False, **OPTIONS[codec], **more)
    return result.frames_written, clock() - start


def serial(path: str, target: str, codec: str) -> Result:
    """In one piece, on the first core alone."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return _convert(path, target, codec, threads=1)


def parts(path: str, target: str, codec: str, workers: str, seconds: str) -> Result:
    """In parts, in so many processes of one thread each."""
    own = {"executor": int(workers), "part_seconds": float(seconds), "threads": 1}
    return _convert(path, target, codec, **own)


def memory(path: str, target: str, codec: str, workers: str, seconds: str) -> Result:
    """The most memory that the parent of the workers had: KiB, in place of seconds."""
    frames, _ = parts(path, target, codec, workers, seconds)
    with open("/proc/self/status", encoding="ascii") as file:
        peak = next(line for line in file if line.startswith("VmHWM"))
    return frames, float(peak.split()[1])
