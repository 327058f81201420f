"""Rows: frames decoded, made arrays, or fetched in any order."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from measuring import clips
from measuring.places import Command, case, ours, program
from measuring.ratios import Limit

from .table import Line, Row

THREADS = len(os.sched_getaffinity(0))
GROUP, WANTED, QUEUE = 48, 40, 64
# Where FFmpeg does nearly all of the work, both sides are the same program: so much is noise.
NOISE = 1.02


def own(
    what: str, where: str, *arguments: object, ways: str = "API beside"
) -> dict[str, Command | None]:
    return {f"{what} {way}": ours(way, where, *arguments) for way in ways.split()}


def _tiny() -> dict[str, Command | None]:
    clip = clips.clip_tiny(), 1
    return {
        "C": program("decode", *clip),
        "PyAV": case("cases.decoding.pyav_decode", *clip),
        "OpenCV": case("cases.decoding.opencv_decode", *clip),
        **own("read_frames", "cases.decoding.read_frames", *clip, ways="API ABI beside plain"),
        **own("VideoDecoder", "cases.decoding.video_decoder", *clip, ways="API ABI beside plain"),
        **own("bounded", "cases.decoding.video_decoder", *clip, QUEUE),
    }


def _native() -> dict[str, Command | None]:
    clip = clips.clip_1080p(150), THREADS
    return {
        "C": program("decode", *clip),
        "PyAV": case("cases.decoding.pyav_decode", *clip),
        "OpenCV": case("cases.decoding.opencv_decode", *clip),
        **own("read_frames", "cases.decoding.read_frames", *clip),
        **own("VideoDecoder", "cases.decoding.video_decoder", *clip),
    }


def _small_arrays(batch: int) -> dict[str, Command | None]:
    path, edge = clips.clip_1080p(150), 224
    what = path, edge, batch, THREADS
    return {
        "C": program("decode", path, THREADS, "rgb24", edge, edge, 2),
        "PyAV": case("cases.arrays.pyav_read", *what),
        "OpenCV": case("cases.arrays.opencv_read", *what),
        **own("read", "cases.arrays.video_read", *what),
    }


def _large_arrays() -> dict[str, Command | None]:
    clip = clips.clip_1080p(150), THREADS
    return {
        "C": program("decode", *clip, "rgb24", 1920, 1080, 2),
        "PyAV": case("cases.arrays.pyav_to_arrays", *clip),
        "OpenCV": case("cases.arrays.opencv_to_arrays", *clip),
        **own("to_ndarray", "cases.arrays.frames_to_arrays", *clip),
    }


def index_of(path: Path) -> Path:
    """Return a saved index of a clip."""
    target = path.with_name(path.name + ".index")
    command = case("apart.access_cases.save_index", path, target).arguments
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return target


def _random() -> dict[str, Command | None]:
    frames = 5 * GROUP
    path = clips.clip_groups(GROUP, frames)
    wanted = frames, WANTED, THREADS
    what = path, index_of(path), *wanted
    return {
        "PyAV": case("apart.access_cases.pyav_random", path, *wanted),
        "OpenCV": case("apart.access_cases.opencv_random", path, *wanted),
        **own("video", "apart.access_cases.video_random", *what),
        **own("uncached", "apart.access_cases.video_random", *what, 0, ways="beside"),
    }


ALL = (Limit("beside", "PyAV", NOISE), Limit("beside", "OpenCV", 1.0))
ROWS = (
    Row(
        "decode 64x64",
        _tiny,
        (
            Line(
                "read_frames, 64x64 H.264, 1 thread",
                "read_frames",
                (Limit("API", "C", 1.1), Limit("beside", "PyAV", 1), Limit("plain", "PyAV", 1.25)),
            ),
            Line(
                "VideoDecoder, 64x64 H.264, 1 thread",
                "VideoDecoder",
                (
                    Limit("API", "read_frames API", 1.15),
                    Limit("beside", "read_frames beside", 1.15),
                ),
            ),
            Line(f"VideoDecoder, max_queue={QUEUE}", "bounded"),
        ),
        unit=1e-6,
        called="µs",
    ),
    Row(
        "decode 1080p",
        _native,
        (
            Line("read_frames, 1080p, all cores", "read_frames", (Limit("API", "C", 1.05), *ALL)),
            Line("VideoDecoder, 1080p, all cores", "VideoDecoder", (Limit("API", "C", 1.05), *ALL)),
        ),
    ),
    Row(
        "arrays 224 whole",
        lambda: _small_arrays(150),
        (Line("150 frames of 1080p, one array of 224x224 RGB, `Video.read`", "read", ALL),),
    ),
    Row(
        "arrays 224 batches",
        lambda: _small_arrays(16),
        (Line("150 frames in batches of 16 to 224x224 RGB", "read", ALL),),
    ),
    Row("arrays 1080p", _large_arrays, (Line("1080p to arrays of RGB", "to_ndarray", ALL),)),
    Row(
        "random frames",
        _random,
        (
            Line(f"{WANTED} random frames of 1080p, keeping 256 MiB of others", "video", ALL),
            Line("40 random frames, cache_bytes=0", "uncached", ALL),
        ),
    ),
)
