"""Sources for conversions, and what the ffmpeg program sees in them and in what became of them."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from clips import (
    CACHE,
    ffmpeg_version,
    framemd5,
    passthrough,
    pixels_of,
    run_ffmpeg,
    run_ffprobe,
    said_of,
)
from encode_helpers import psnr
from mux_helpers import probe

FAST = {"preset": "ultrafast"}
TITLES = "1\n00:00:00,200 --> 00:00:00,700\nfirst\n\n2\n00:00:00,800 --> 00:00:01,300\nsecond\n"


@functools.cache
def made(name: str, *command: str) -> Path:
    """Return a file that the ffmpeg program makes once; `SRT` in the command is a subtitle file."""
    version = "".join(map(str, ffmpeg_version()))
    path = CACHE / "clips" / f"{version}-{name}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        titles = path.with_suffix(".srt")
        titles.write_text(TITLES)
        temporary = path.with_name(f"making-{os.getpid()}-{path.name}")
        words = [str(titles) if word == "SRT" else word for word in command]
        run_ffmpeg("-y", *words, temporary)
        temporary.rename(path)
    return path


def movie() -> Path:
    """Return 1.5 s of H.264, AAC and subtitles, with a title."""
    return made(
        *("movie.mkv", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30"),
        *("-f", "lavfi", "-i", "sine=duration=1.5", "-i", "SRT", "-frames:v", "45"),
        *("-c:v", "libx264", "-preset", "veryfast", "-g", "15", "-bf", "3", "-threads", "1"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", "-c:s", "srt", "-metadata", "title=A film"),
    )


FILMS = {
    "recording.ts": ("-output_ts_offset", "40000"),
    # MPEG's clock of 33 bits begins anew after 95443.7 s.
    "wrap.ts": ("-output_ts_offset", "95441"),
    "camera.mts": ("-mpegts_m2ts_mode", "1", "-f", "mpegts"),
    "live.flv": ("-output_ts_offset", "40"),
    "tape.mpg": ("-c:v", "mpeg2video", "-c:a", "mp2", "-output_ts_offset", "4000"),
}


def film(name: str = "film.mp4") -> Path:
    """Return 3 s of a small film with sound, its key frames a second apart."""
    source = made(
        *("film.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=3"),
        *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=3", "-c:a", "aac"),
        *("-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2", "-threads", "1"),
        *("-pix_fmt", "yuv420p"),
    )
    return made(name, "-i", str(source), "-c", "copy", *FILMS[name]) if name in FILMS else source


def long_clip() -> Path:
    """Return 300 small frames."""
    return made(
        *("long.mp4", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30", "-frames:v", "300"),
        *("-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-pix_fmt", "yuv420p"),
    )


def hdr_clip() -> Path:
    """Return 10-bit HEVC in the colours of HDR10."""
    return made(
        *("hdr.mp4", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30", "-frames:v", "15"),
        *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"),
        *("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
        *("-x265-params", "log-level=error:pools=1"),
    )


def times(path: Path) -> list[int]:
    """Return the microseconds at which the ffmpeg program shows the frames."""
    return [frame.timestamp for frame in framemd5(path)]


def ends(path: Path) -> float:
    """Return ffprobe's duration of a file, in seconds."""
    return float(
        json.loads(run_ffprobe("-show_entries", "format=duration", path))["format"]["duration"]
    )


def digests(path: Path, *options: str) -> list[str]:
    """Return the MD5 of each frame that the ffmpeg program makes of a file with these options."""
    text = said_of(
        *(path, run_ffmpeg),
        *("-noautorotate", "-i", path, "-map", "0:v:0", *(options or passthrough())),
        *("-c:v", "rawvideo", "-f", "framemd5", "-"),
    ).decode()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line.split(",")[5].strip() for line in lines]


def pictures(path: Path, filters: str = "null") -> npt.NDArray[np.uint8]:
    """Return what the ffmpeg program shows, as (frames, height, width, 3)."""
    ppm = run_ffmpeg(
        *("-noautorotate", "-i", path, "-map", "0:v:0", "-vf", f"{filters},format=rgb24"),
        *(*passthrough(), "-c:v", "ppm", "-f", "image2pipe", "-"),
    )
    return pixels_of(ppm)


source_pictures = functools.lru_cache(20)(pictures)  # of a file that stays as it is


def likeness(output: Path, source: Path, filters: str = "null") -> float:
    """Return the PSNR of a file's frames against those of its source."""
    have, want = pictures(output), source_pictures(source, filters)
    assert have.shape == want.shape
    return psnr(have, want)


def streams(path: Path) -> list[str]:
    """Return kind and codec of each stream."""
    found: list[Any] = probe(path, "-show_streams")["streams"]
    return [f"{stream['codec_type']} {stream['codec_name']}" for stream in found]
