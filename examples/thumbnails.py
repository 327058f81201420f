"""Save a picture of every 10 seconds; what lies between is skipped, not decoded.

Usage: python examples/thumbnails.py IN FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import ffwebcodecs

STEP = 10_000_000  # microseconds
WIDTH = 320


def main(source: str, folder: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    with ffwebcodecs.Demuxer(source) as demuxer:
        end = demuxer.duration or 1
    for time in range(0, end, STEP):
        # The first frame from there on; dropping the rest of the iterator closes its decoder.
        frame = next(ffwebcodecs.read_frames(source, start=time), None)
        if frame is None:
            break
        with frame:
            height = max(1, round(WIDTH * frame.visible_rect.height / frame.visible_rect.width))
            small = ffwebcodecs.create_image_bitmap(frame, resize_width=WIDTH, resize_height=height)
            with small, ffwebcodecs.VideoFrame(small, timestamp=0) as picture:
                path = Path(folder) / f"{time // 1_000_000:05}.jpg"
                picture.save(path)
                print(path)


if __name__ == "__main__":
    main(*sys.argv[1:3])
