"""Make the pictures of the guides, with the code that the guides show.

Usage: python tools/docs/pictures.py FILM [FOLDER, default docs]

FILM is Blender's Big Buck Bunny as `make demo` fetches it (.cache/media/bigbuckbunny.mp4).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import ffwebcodecs

ROOT = Path(__file__).resolve().parents[2]
GAP = 6
SHADE = 24


def beside(pictures: list[np.ndarray]) -> np.ndarray:
    """Put pictures of one height beside each other, on a dark ground."""
    height = pictures[0].shape[0]
    bar = np.full((height, GAP, 3), SHADE, np.uint8)
    row = [bar, *(part for picture in pictures for part in (picture, bar))]
    edge = np.full((GAP, sum(part.shape[1] for part in row), 3), SHADE, np.uint8)
    return np.vstack([edge, np.hstack(row), edge])


def strip(video: ffwebcodecs.Video) -> np.ndarray:
    """A film strip: eight frames, evenly spread over the real length."""
    return beside(list(video.sample(count=8, width=144, filter="area").array))


def fits(video: ffwebcodecs.Video) -> np.ndarray:
    """One frame in a square, as each `fit` of `Video.read` has it."""
    number = len(video) // 3
    return beside(
        [
            video.read([number], width=200, height=200, fit=fit, filter="area")[0]
            for fit in ("fill", "contain", "cover")
        ]
    )


PICTURES = {"strip.jpg": strip, "fits.jpg": fits}


def main(film: str, folder: str = str(ROOT / "docs")) -> None:
    with ffwebcodecs.Video(film) as video:
        for name, make in PICTURES.items():
            with ffwebcodecs.VideoFrame.from_ndarray(make(video), timestamp=0) as picture:
                picture.save(Path(folder) / name)
                print(f"{name}: {picture.coded_width}x{picture.coded_height}")


if __name__ == "__main__":
    main(*sys.argv[1:])
