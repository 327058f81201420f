"""What the tests of transcode share: the source, a fast encoder, options of each codec."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from clips import clip, run_ffprobe
from convert_helpers import (
    FAST,
)

from ffwebcodecs import (
    transcode,
)

SOURCE = "h264-bframes.mp4"
ENCODERS = {
    "h264": ("libx264",),
    "hevc": ("libx265",),
    "vp8": ("libvpx",),
    "vp9": ("libvpx-vp9",),
    "av1": ("libsvtav1", "libaom-av1", "librav1e"),
}
OPTIONS: dict[str, dict[str, str]] = {
    "h264": FAST,
    "hevc": {**FAST, "x265-params": "log-level=error"},
    "vp8": {"cpu-used": "8"},
    "vp9": {"cpu-used": "8"},
    "av1": {},
}


def damaged(folder: Path) -> Path:
    """Return a copy of a clip whose packet 20 is junk."""
    source, path = clip(SOURCE), folder / "damaged.mp4"
    told = run_ffprobe("-show_entries", "packet=pos,size", "-of", "csv=p=0", source).decode()
    size, place = map(int, told.split()[20].strip(",").split(",")[:2])
    data = bytearray(source.read_bytes())
    data[place + 8 : place + size] = b"\xff" * (size - 8)
    path.write_bytes(data)
    return path


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def fast(output: Any, source: Any = None, **options: Any) -> Any:
    """Transcode to H.264 quickly."""
    source = clip(SOURCE) if source is None else source
    return transcode(source, output, **{"encoder_options": FAST, **options})
