"""Clips of one colour, whose samples the ffmpeg program makes with a known matrix."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clips import CACHE, ffmpeg_version, run_ffmpeg

from ffwebcodecs import VideoColorSpace, read_frames

SD = {"primaries": "smpte170m", "transfer": "smpte170m", "matrix": "smpte170m"}
HD = {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709"}
STILL = {"primaries": "bt709", "transfer": "iec61966-2-1", "matrix": "smpte170m"}
WANTED = (200, 50, 80)
LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0")
BT709_TAGS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")

# Files that say nothing: name, size, the matrix they are read with, all of it, options of ffmpeg.
READ = [
    ("h264.mp4", "64x64", "bt601", SD, LOSSLESS),
    ("h264.mp4", "64x718", "bt601", SD, LOSSLESS),
    ("h264.mp4", "64x720", "bt709", HD, LOSSLESS),
    ("vp8.webm", "64x64", "bt601", SD, ("-c:v", "libvpx", "-frames:v", "1")),
    ("vp8.ivf", "64x720", "bt709", HD, ("-c:v", "libvpx", "-frames:v", "1")),
    ("vp9.webm", "64x720", "bt601", SD, ("-c:v", "libvpx-vp9", "-frames:v", "1")),
    ("mpeg2.mpg", "64x720", "bt709", HD, ("-c:v", "mpeg2video", "-q:v", "1")),
    ("mpeg4.avi", "64x720", "bt601", SD, ("-c:v", "mpeg4", "-q:v", "1")),
    ("flv1.flv", "64x720", "bt601", SD, ("-c:v", "flv", "-q:v", "1")),
    ("theora.ogv", "64x720", "bt601", SD, ("-c:v", "libtheora", "-q:v", "10")),
    ("dv.avi", "720x576", "bt601", SD, ("-c:v", "dvvideo", "-frames:v", "1")),
    ("raw.y4m", "64x720", "bt709", HD, ("-frames:v", "1")),
    ("still.tif", "64x720", "bt601", STILL, ("-frames:v", "1")),
    ("still.jp2", "64x720", "bt601", STILL, ("-frames:v", "1")),
]
# Files that we make: name, codec, encoder. The first five cannot say another matrix than BT.601.
WRITTEN = [
    ("a.webm", "vp8", "libvpx"),
    ("a.mkv", "ffmpeg:mpeg4", "mpeg4"),
    ("a.mp4", "ffmpeg:mpeg4", "mpeg4"),
    ("a.ogv", "ffmpeg:libtheora", "libtheora"),
    ("b.mkv", "ffmpeg:libtheora", "libtheora"),
    ("a.avi", "ffmpeg:mpeg4", "mpeg4"),
    ("a.flv", "ffmpeg:flv", "flv"),
    ("a.wmv", "ffmpeg:wmv2", "wmv2"),
    ("b.mpg", "ffmpeg:mpeg1video", "mpeg1video"),
    ("a.mpg", "ffmpeg:mpeg2video", "mpeg2video"),
    ("a.mov", "ffmpeg:prores_ks", "prores_ks"),
    ("b.avi", "ffmpeg:mjpeg", "mjpeg"),
    ("c.avi", "ffmpeg:utvideo", "utvideo"),
    ("v9.ivf", "vp9", "libvpx-vp9"),
]


def filmed(name: str, chain: str, *options: str) -> Path:
    """Return the clip that the ffmpeg program makes of a filter chain; it is made once."""
    key = repr((name, chain, options, ffmpeg_version())).encode()
    path = CACHE / "clips" / f"{hashlib.sha256(key).hexdigest()[:10]}-{name}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        making = path.with_name(f"making-{os.getpid()}-{path.name}")
        run_ffmpeg("-y", "-f", "lavfi", "-i", chain, *options, making)
        making.replace(path)
    return path


def colored(
    name: str, size: str, matrix: str, *options: str, pixel_format: str = "yuv420p"
) -> Path:
    """Return a clip of `WANTED`, limited range, which says only what the options say."""
    picture = f"color=c=0xC83250:s={size}:r=25:d=0.2,format=rgb24"
    scale = f"scale=out_color_matrix={matrix}:out_range=tv,format={pixel_format}"
    # What the filters know would be written down.
    untag = "setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown:range=unknown"
    return filmed(name, f"{picture},{scale},{untag}", *options)


def pixel(path: Path, **options: Any) -> tuple[tuple[int, ...], VideoColorSpace]:
    """Return the middle of the first frame, and its colour space."""
    with next(read_frames(path, **options)) as frame:
        pixels = frame.to_ndarray("RGB")
        height, width = pixels.shape[:2]
        red, green, blue = map(int, pixels[height // 2, width // 2])
        return (red, green, blue), frame.color_space


def their_pixel(path: Path, place: str = "100:100") -> tuple[int, ...]:
    """Return a pixel as the ffmpeg program shows it."""
    crop = ("-frames:v", "1", "-vf", f"crop=2:2:{place}")
    return tuple(run_ffmpeg("-i", path, *crop, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")[:3])


def near(found: Sequence[int], wanted: Sequence[int] = WANTED) -> bool:
    """Tell whether no channel is more than 3 off."""
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 3
