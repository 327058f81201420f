"""Pictures of another shape than the first one are shown whole, with black bars: none is
stretched. Arithmetic says where the bars are, the ffmpeg program decodes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from clips import pixels_of, run_ffmpeg
from convert_helpers import FAST

from ffwebcodecs import VideoFrame, transcode, write_frames

GREEN = (0, 128, 0)


def plain(number: int, width: int, height: int, rotation: int = 0) -> VideoFrame:
    pixels = np.full((height, width, 3), GREEN, np.uint8)
    with VideoFrame.from_ndarray(pixels, timestamp=number * 100_000) as frame:
        return VideoFrame(frame, rotation=rotation)


def shown(path: Path) -> npt.NDArray[np.uint8]:
    made = run_ffmpeg(*("-i", path, "-pix_fmt", "rgb24"), *("-c:v", "ppm", "-f", "image2pipe", "-"))
    return pixels_of(made)


def lit(picture: npt.NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what is not black."""
    rows, columns = (np.flatnonzero((picture[..., 1] > 64).any(axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), len(columns), len(rows)


@pytest.mark.parametrize("suffix", ["mp4", "webm"])  # of which one holds a rotation
def test_bars_are_where_the_shape_is_another(suffix: str, tmp_path: Path) -> None:
    frames = [
        plain(0, 64, 48),
        plain(1, 64, 48, 90),  # 48x64 upright: 36 columns of 48 rows
        plain(2, 32, 24),
        plain(3, 128, 48),  # 64 columns of 24 rows
        plain(4, 65, 48),  # as good as the first one
    ]
    write_frames(frames, tmp_path / f"a.{suffix}", encoder_options=None)
    found = [lit(picture) for picture in shown(tmp_path / f"a.{suffix}")]
    assert found == [
        *((0, 0, 64, 48), (14, 0, 36, 48), (0, 0, 64, 48), (0, 12, 64, 24), (0, 0, 64, 48))
    ]


def test_bars_lie_in_the_turned_picture(tmp_path: Path) -> None:
    write_frames([plain(0, 64, 48, 90), plain(1, 64, 48)], tmp_path / "a.mp4", height=128)
    first, second = shown(tmp_path / "a.mp4")
    assert first.shape == (128, 96, 3)
    assert (lit(first), lit(second)) == ((0, 0, 96, 128), (0, 28, 96, 72))


def test_a_film_goes_from_4_3_to_16_9(tmp_path: Path) -> None:
    """Television: the same samples, pixels of another shape."""
    made = [tmp_path / "narrow.ts", tmp_path / "wide.ts"]
    for number, (path, aspect) in enumerate(zip(made, ("4/3", "16/9"), strict=True)):
        run_ffmpeg(
            *("-f", "lavfi", "-i", f"color=green:s=96x72:r=10,setdar={aspect}", "-frames:v", "3"),
            *("-c:v", "mpeg2video", "-output_ts_offset", str(number * 0.3), path),
        )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(path.read_bytes() for path in made))
    transcode(joined, tmp_path / "a.mp4", encoder_options=FAST)
    pictures = shown(tmp_path / "a.mp4")
    assert lit(pictures[0]) == (0, 0, 96, 72)
    left, top, width, height = lit(pictures[-1])
    assert (left, top in (8, 9), width, height) == (0, True, 96, 54)
