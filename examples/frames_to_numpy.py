"""Print the mean brightness of every tenth frame of a clip.

Usage: python examples/frames_to_numpy.py CLIP
"""

from __future__ import annotations

import sys

import ffwebcodecs


def main(path: str) -> None:
    for frame in ffwebcodecs.read_frames(path, step=10):
        with frame:
            # The first plane of a YUV frame is its luma: a view of the decoder's memory, no copy.
            luma = frame.planes[0].to_ndarray()
            print(f"{frame.timestamp / 1e6:8.3f} s  {luma.mean():6.1f}")


if __name__ == "__main__":
    main(sys.argv[1])
