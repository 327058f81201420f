"""Interlaced clips, and libavfilter, which need not be there."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import FIELDS, INTERLACE, passthrough
from convert_helpers import digests, made

from ffwebcodecs import FFmpegLoadError
from ffwebcodecs._av.frames.deinterlace import require_filter

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-bf", "2", "-g", "8")
SOURCE = ("-f", "lavfi", "-i", "testsrc2=size=160x{height}:rate=50", "-frames:v", "16")


def need_filters() -> None:
    """Skip the test where there is no libavfilter beside the libraries under test."""
    try:
        require_filter()
    except FFmpegLoadError as error:
        pytest.skip(str(error).partition("\n")[0])


def film(name: str, *options: str, height: int = 120, filters: str = INTERLACE) -> Path:
    """Return 16 frames at most of two fields each."""
    source = [word.format(height=height) for word in SOURCE]
    return made(name, *source, "-vf", filters, *(options or (*X264, *FIELDS)))


def cropped() -> Path:
    """Return a film whose coded pictures are higher than what is shown of them."""
    return film("fields-cropped.mp4", height=100)


def mixed() -> Path:
    """Return 6 whole pictures, 8 of two fields, 3 whole ones."""
    coding = ("-c:v", "mpeg2video", "-q:v", "2", "-g", "4", "-bf", "0", "-muxdelay", "0")
    parts = []
    for number, (count, fields, offset) in enumerate(((6, (), 0), (8, FIELDS, 0.28), (3, (), 0.6))):
        source = f"testsrc2=size=160x120:rate={50 if fields else 25}"
        part = ("-frames:v", str(count), "-output_ts_offset", str(offset), *coding, *fields)
        filters = INTERLACE if fields else "null"
        name = f"fields-part{number}.ts"
        parts.append(made(name, "-f", "lavfi", "-i", source, "-vf", filters, *part))
    return made("fields-mixed.ts", "-i", "concat:" + "|".join(map(str, parts)), "-c", "copy")


def packed() -> Path:
    """Return a film in a pixel format that no deinterlacer takes as it is."""
    raw = ("-pix_fmt", "uyvy422", "-c:v", "rawvideo", *FIELDS, "-field_order", "tt")
    return film("fields-packed.mov", *raw)


def by_the_program(path: Path, *options: str) -> list[str]:
    """Return the MD5 of each frame as the ffmpeg program deinterlaces them."""
    filters = "bwdif=mode=send_frame:deint=interlaced"
    return digests(path, "-vf", filters, *passthrough(), *options)
