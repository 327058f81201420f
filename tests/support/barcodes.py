"""Pictures that say which frame they are: the number is a bar code in the pixels.

A decoder that gives another picture under the right time is found out by what is in it. The ffmpeg
program's linear decode of the same file says which numbers there are (`shown`).
"""

from __future__ import annotations

import functools
import subprocess
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from clips import ffmpeg_program, passthrough, said_of

BITS = 10
SIZE = (64, 64)

Gray = npt.NDArray[np.uint8]


class Seen(NamedTuple):
    """One frame as it came out of a reader."""

    code: int
    timestamp: int
    digest: int  # of all luma: a damaged picture may still have the right bars

    @property
    def picture(self) -> tuple[int, int]:
        return self.code, self.digest


def picture(number: int) -> Gray:
    """Draw one: ten bars above, a block that moves and the noise of its scene below."""
    width, height = SIZE
    gray = np.full((height, width), 128, np.uint8)
    for bit in range(BITS):
        gray[:32, bit * 6 : bit * 6 + 6] = 235 if number >> bit & 1 else 16
    left = number * 3 % (width - 16)
    gray[40:56, left : left + 16] = 200
    noise = np.random.default_rng(number // 40).integers(16, 120, (32, width))
    gray[32:] = np.maximum(gray[32:] // 2, noise.astype(np.uint8))
    return gray


def raw_video(frames: int) -> bytes:
    """Return so many pictures as yuv420p."""
    chroma = b"\x80" * (SIZE[0] * SIZE[1] // 2)
    return b"".join(picture(number).tobytes() + chroma for number in range(frames))


def code_of(gray: npt.NDArray[Any]) -> int:
    """Read the number; the picture may have been enlarged."""
    height, width = gray.shape
    rows = gray[height * 4 // 64 : height * 28 // 64]
    code = 0
    for bit in range(BITS):
        bar = rows[:, width * (bit * 6 + 2) // 64 : width * (bit * 6 + 4) // 64]
        code |= (bar.mean() > 126) << bit
    return int(code)


def gray_of(frame: Any) -> npt.NDArray[Any]:
    """Return the luma of a VideoFrame, or green where it is RGB."""
    pixels = frame.planes[0].to_ndarray()
    return pixels[..., 1] if pixels.ndim == 3 else pixels


def see(frame: Any) -> Seen:
    """Look at a frame, and close it."""
    with frame:
        gray = np.ascontiguousarray(gray_of(frame))
        return Seen(code_of(gray), frame.timestamp, zlib.crc32(gray))


def _gray_pictures(*arguments: str | Path) -> bytes:
    command = [ffmpeg_program(), "-hide_banner", "-nostdin", "-v", "error", *map(str, arguments)]
    # What is damaged on purpose is complained of on stderr; what came out counts.
    return subprocess.run(command, capture_output=True, check=False).stdout


@functools.cache
def shown(path: Path, size: tuple[int, int] = SIZE, options: tuple[str, ...] = ()) -> list[int]:
    """Return the numbers of the frames that the ffmpeg program decodes, in its order."""
    width, height = size
    pixels = said_of(
        *(path, _gray_pictures, *options, "-i", path, "-map", "0:v:0", *passthrough()),
        *("-pix_fmt", "gray", "-f", "rawvideo", "-"),
    )
    return [code_of(gray) for gray in np.frombuffer(pixels, np.uint8).reshape(-1, height, width)]
