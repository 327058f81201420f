"""A container's square pixels win over what the bitstream says, as in ffprobe."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import X264, Clip, run_ffmpeg
from mux_helpers import video_stream

from ffwebcodecs import Demuxer, read_frames, remux


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_square_pixels_of_a_container_win(suffix: str, tmp_path: Path) -> None:
    wide = Clip("wide-pixels.mp4", "libx264", *X264, "-vf", "setsar=64/45", frames=3).path()
    path = tmp_path / f"square.{suffix}"
    run_ffmpeg("-i", wide, "-c", "copy", "-aspect", "4:3", path)
    assert video_stream(path)["sample_aspect_ratio"] == "1:1"
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
        assert (config.display_aspect_width, config.display_aspect_height) == (4, 3)
    with next(read_frames(path)) as frame:
        assert (frame.display_width, frame.display_height) == (160, 120)
    remux(path, tmp_path / f"again.{suffix}")
    assert video_stream(tmp_path / f"again.{suffix}")["sample_aspect_ratio"] == "1:1"
    with next(read_frames(wide)) as frame:
        assert (frame.display_width, frame.display_height) == (228, 120)
