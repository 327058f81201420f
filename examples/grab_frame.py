"""Save the frame shown at a time as a PNG or JPEG.

Usage: python examples/grab_frame.py CLIP SECONDS OUT.png
"""

from __future__ import annotations

import sys

import ffwebcodecs


def main(path: str, seconds: str, output: str) -> None:
    with ffwebcodecs.Video(path) as video, video.at(round(float(seconds) * 1_000_000)) as frame:
        frame.save(output)
        print(f"{output}: the frame at {frame.timestamp / 1e6:.3f} s")


if __name__ == "__main__":
    main(*sys.argv[1:4])
