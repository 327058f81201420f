"""Save the frame shown at a time as a PNG or JPEG.

Usage: python examples/grab_frame.py CLIP SECONDS OUT.png
"""

from __future__ import annotations

import sys

import ffwebcodecs


def main(path: str, seconds: str, output: str) -> None:
    for frame in ffwebcodecs.read_frames(path, start=round(float(seconds) * 1_000_000)):
        with frame:
            frame.save(output)
            print(f"{output}: the frame at {frame.timestamp / 1e6:.3f} s")
        return
    sys.exit(f"{path} ends before {seconds} s")


if __name__ == "__main__":
    main(*sys.argv[1:4])
