"""The examples run, and print what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bar_clips import bar_clip
from barcodes import shown
from clips import FRAMES, ROOT, clip, run_ffmpeg
from convert_helpers import long_clip, pictures, streams, times
from encode_helpers import psnr

pytestmark = pytest.mark.slow


def run(name: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name), *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def test_demo_writes_a_sheet_and_leaves_nothing_open(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    text = run("demo.py", clip("h264-bframes.mp4"), "-o", sheet)
    table = dict(line.strip().split("  ", 1) for line in text.splitlines())
    assert table["frames"] == str(FRAMES)
    assert table["open handles"] == "0"
    assert png_size(sheet) == (4 * 166 + 6, 4 * 126 + 6)


def test_frames_to_numpy_prints_every_tenth_frame() -> None:
    lines = run("frames_to_numpy.py", clip("h264-bframes.mp4")).splitlines()
    assert [line.split()[0] for line in lines] == ["0.000", "0.333", "0.667", "1.000", "1.333"]


def test_decoder_asyncio_counts_the_frames() -> None:
    assert run("decoder_asyncio.py", clip("vp9.webm")) == f"{FRAMES} frames\n"


@pytest.mark.parametrize(("seconds", "number"), [("0.99", 24), ("1.0", 25), ("9", 74)])
def test_grab_frame_saves_the_frame_that_is_shown_then(
    seconds: str, number: int, tmp_path: Path
) -> None:
    path = tmp_path / "frame.png"
    start = 1.48  # of the transport stream
    run("grab_frame.py", bar_clip("open.ts").path(), start + float(seconds), path)
    assert shown(path) == [number]


def test_watermark_darkens_the_bottom_and_keeps_the_audio(tmp_path: Path) -> None:
    source, out = clip("h264-with-audio.mp4"), tmp_path / "out.mp4"
    assert run("watermark.py", source, out) == f"{out}: {FRAMES} frames\n"
    assert streams(out) == ["video h264", "audio aac"]
    have, want = (pictures(path).astype(int) for path in (out, source))
    assert psnr(have[:, :-32], want[:, :-32]) > 20
    assert abs(have[:, -26:-4, :100] - want[:, -26:-4, :100] // 2).mean() < 12


def test_thumbnails_are_ten_seconds_apart(tmp_path: Path) -> None:
    text = run("thumbnails.py", long_clip(), tmp_path / "a")
    run("thumbnails.py", clip("vp9.webm"), tmp_path / "b")
    assert text == f"{tmp_path / 'a' / '00000.jpg'}\n"
    assert pictures(tmp_path / "b" / "00000.jpg").shape == (1, 240, 320, 3)


def test_side_by_side_shows_both(tmp_path: Path) -> None:
    sources = clip("h264-bframes.mp4"), clip("h264-cropped.mp4")
    run("side_by_side.py", *sources, tmp_path / "out.mp4")
    found = pictures(tmp_path / "out.mp4")
    assert found.shape == (FRAMES, 120, 160 + 164, 3)
    assert psnr(found[:, :, :160], pictures(sources[0])) > 20


def test_change_speed_halves_the_times(tmp_path: Path) -> None:
    source, out = clip("h264-with-audio.mp4"), tmp_path / "out.mp4"
    assert run("change_speed.py", source, out).endswith("at 2 times the speed\n")
    assert max(abs(a - b / 2) for a, b in zip(times(out), times(source), strict=True)) <= 1
    assert streams(out) == ["video h264"]


def test_dask_frames_finds_the_cut_at_a_key_frame(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="tools/install.sh fetches it")
    film = tmp_path / "cut.mp4"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "color=black:size=64x48:rate=30:duration=1"),
        *("-f", "lavfi", "-i", "color=white:size=64x48:rate=30:duration=1"),
        *("-filter_complex", "concat", "-c:v", "libx264", "-pix_fmt", "yuv420p"),
        *("-x264-params", "keyint=10:min-keyint=10:scenecut=0", film),
    )
    time, unit, difference = run("dask_frames.py", film, "--cuts", 1, "--workers", 2).split()
    assert (time, unit) == ("1.000", "s")
    assert float(difference) > 200


def test_segments_can_be_played_from_their_playlist(tmp_path: Path) -> None:
    text = run("segments.py", clip("h264-with-audio.mp4"), tmp_path)
    index = tmp_path / "index.m3u8"
    assert text == f"{index}: {FRAMES} frames\n"
    assert streams(index) == ["video h264", "audio aac"]
    assert psnr(pictures(index), pictures(clip("h264-with-audio.mp4"))) > 25
