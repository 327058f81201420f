"""Draw a half transparent bar and a mark into every frame with numpy; audio is copied.

Usage: python examples/watermark.py IN OUT
"""

from __future__ import annotations

import sys

import numpy as np

import ffwebcodecs

MARK = np.kron(
    np.array([[1, 0, 1, 0, 1], [1, 0, 1, 0, 1], [0, 1, 0, 1, 0]], np.uint8), np.ones((4, 4))
)


def stamp(frame: ffwebcodecs.VideoFrame) -> ffwebcodecs.VideoFrame:
    """Return a new frame; transcode closes both."""
    pixels = frame.to_ndarray("RGB")  # ours to change
    height, width = MARK.shape
    pixels[-height - 16 :] //= 2
    corner = pixels[-height - 8 : -8, -width - 8 : -8]
    corner[MARK[: corner.shape[0], : corner.shape[1]] > 0] = 255
    return ffwebcodecs.VideoFrame.from_ndarray(
        pixels,
        timestamp=frame.timestamp,
        duration=frame.duration,
        rotation=frame.rotation,
        flip=frame.flip,
    )


def main(source: str, output: str) -> None:
    result = ffwebcodecs.transcode(source, output, map_frame=stamp)
    print(f"{output}: {result.frames_written} frames")


if __name__ == "__main__":
    main(*sys.argv[1:3])
