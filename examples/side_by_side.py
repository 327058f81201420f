"""Show two clips beside each other, the second one scaled to the height of the first.

Usage: python examples/side_by_side.py LEFT RIGHT OUT
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

import ffwebcodecs


def pairs(left: str, right: str) -> Iterator[ffwebcodecs.VideoFrame]:
    """Yield frames of both pictures, until the shorter clip ends."""
    height = 0
    both = zip(ffwebcodecs.read_frames(left), ffwebcodecs.read_frames(right), strict=False)
    for one, other in both:
        with one, other:
            height = height or one.visible_rect.height
            width = round(other.visible_rect.width * height / other.visible_rect.height)
            with ffwebcodecs.create_image_bitmap(
                other, format="RGB", resize_width=width, resize_height=height
            ) as scaled:
                picture = np.hstack([one.to_ndarray("RGB"), scaled.to_ndarray()])
            yield ffwebcodecs.VideoFrame.from_ndarray(
                picture, timestamp=one.timestamp, duration=one.duration
            )


def main(left: str, right: str, output: str) -> None:
    result = ffwebcodecs.write_frames(pairs(left, right), output)
    print(f"{output}: {result.frames_written} frames")


if __name__ == "__main__":
    main(*sys.argv[1:4])
