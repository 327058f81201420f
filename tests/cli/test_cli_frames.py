"""The command line's frames and sheet: which pictures they write, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_helpers import NAME, call, names, png
from clips import FRAMES, clip, framemd5, run_ffmpeg

import ffwebcodecs
from ffwebcodecs.cli._values import parse_time

pytestmark = pytest.mark.once

# ---- frames


def test_frames_png_are_numbered_and_exact(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    assert call("frames", clip(NAME), "-o", out, "--every", 10) == 0
    assert names(out) == [f"frame-{number:06}.png" for number in range(1, 6)]
    for number, frame in enumerate(ffwebcodecs.read_frames(clip(NAME), step=10), 1):
        with frame:
            pixels = frame.to_ndarray("RGB")
        np.testing.assert_array_equal(png(out / f"frame-{number:06}.png"), pixels)


def test_frames_raw_are_the_decoders_bytes(tmp_path: Path) -> None:
    assert call("frames", clip(NAME), "-o", tmp_path / "o", "--format", "raw") == 0
    import hashlib

    digests = [
        hashlib.md5((tmp_path / "o" / name).read_bytes()).hexdigest()
        for name in names(tmp_path / "o")
    ]
    assert digests == [frame.digest for frame in framemd5(clip(NAME))]


@pytest.mark.parametrize(("pixels", "shape"), [(None, (120, 160, 3)), ("rgba", (120, 160, 4))])
def test_frames_npy_load_as_arrays(
    tmp_path: Path, pixels: str | None, shape: tuple[int, ...]
) -> None:
    chosen = ["--pixels", pixels] if pixels else []
    out = tmp_path / "o"
    arguments = ["-o", out, "--format", "npy", "--stop", "0.1", *chosen]
    assert call("frames", clip(NAME), *arguments) == 0
    arrays = [np.load(out / name) for name in names(out)]
    assert [array.shape for array in arrays] == [shape] * 3


def test_frames_start_and_stop_choose_by_time(tmp_path: Path) -> None:
    arguments = ["--start", "0.5", "--stop", "00:00:01", "--format", "jpeg"]
    assert call("frames", clip(NAME), "-o", tmp_path / "o", *arguments) == 0
    expected = [f for f in framemd5(clip(NAME)) if 500_000 <= f.timestamp < 1_000_000]
    assert names(tmp_path / "o") == [f"frame-{n:06}.jpg" for n in range(1, len(expected) + 1)]


@pytest.mark.parametrize(
    ("size", "shape"), [("80x-1", (60, 80)), ("-1x60", (60, 80)), ("50x70", (70, 50))]
)
def test_frames_size_scales(tmp_path: Path, size: str, shape: tuple[int, int]) -> None:
    arguments = [f"--size={size}", "--stop", "0.01"]
    assert call("frames", clip(NAME), "-o", tmp_path / "o", *arguments) == 0
    assert png(tmp_path / "o" / "frame-000001.png").shape[:2] == shape


def test_frames_size_of_a_rotated_clip_is_that_of_the_picture(tmp_path: Path) -> None:
    path = clip("h264-rotated.mp4")
    assert call("frames", path, "-o", tmp_path / "p", "--size=60x-1", "--stop", "0.01") == 0
    assert png(tmp_path / "p" / "frame-000001.png").shape[:2] == (80, 60)
    # Raw pixels are not turned.
    arguments = ["--size=80x-1", "--stop", "0.01", "--format", "npy"]
    assert call("frames", path, "-o", tmp_path / "n", *arguments) == 0
    assert np.load(tmp_path / "n" / "frame-000001.npy").shape == (60, 80, 3)


def test_frames_does_not_overwrite_unless_forced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "frame-000002.png"
    old.write_bytes(b"old")
    arguments = ["frames", clip(NAME), "-o", tmp_path, "--every", 20]
    assert call(*arguments) == 1
    assert f"{old} exists" in capsys.readouterr().err
    assert names(tmp_path) == [old.name]
    assert old.read_bytes() == b"old"
    assert call(*arguments, "--force") == 0
    assert old.read_bytes().startswith(b"\x89PNG")


def test_frames_of_nothing_fail_and_leave_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("frames", clip(NAME), "-o", tmp_path / "o", "--start", "1:00") == 1
    assert "no frame in this range" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_frames_of_a_damaged_file_writes_what_was_decoded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(clip("h264-bframes.mkv").read_bytes())
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    status = call("frames", tmp_path / "cut.mkv", "-o", tmp_path / "o", "--format", "raw")
    written = names(tmp_path / "o")
    assert 0 < len(written) < FRAMES
    assert {path.stat().st_size for path in (tmp_path / "o").iterdir()} == {160 * 120 * 3 // 2}
    # The container says how long it is, so that its end is missing is known, and said.
    assert status == 0
    assert "ends early" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--size", "80"],
        ["--size", "0x10"],
        ["--size=-1x-1"],
        ["--start", "abc"],
        ["--every", "0"],
        ["--format", "gif"],
        ["--pixels", "RGBA"],  # of a PNG
        ["--format", "raw", "--pixels", "I42"],
    ],
)
def test_frames_wrong_values_are_usage_errors(tmp_path: Path, wrong: list[str]) -> None:
    assert call("frames", clip(NAME), "-o", tmp_path / "o", *wrong) == 2
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1.5", 1_500_000),
        ("0", 0),
        ("90", 90_000_000),
        ("1:02", 62_000_000),
        ("00:01:02.5", 62_500_000),
        ("10:00:00.000001", 36_000_000_001),
    ],
)
def test_times(text: str, microseconds: int) -> None:
    assert parse_time(text) == microseconds


# ---- sheet


def test_sheet_has_the_size_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "new" / "s.png"
    arguments = ["--columns", 3, "--count", 7, "--width", 640]
    assert call("sheet", clip(NAME), "-o", path, *arguments) == 0
    pixels = png(path)
    cell = (640 - 4 * 6) // 3
    assert pixels.shape[:2] == (3 * (round(cell * 3 / 4) + 6) + 6, 640)
    assert (pixels[:6] == 24).all()
    # The last row has one picture, the rest is background.
    assert (pixels[-60:, 250:] == 24).all()


def shown_frames(sheet: Path, source: Path, count: int) -> list[int]:
    """Return which frames of the source a sheet with one row and four to three shows."""
    pixels = png(sheet).astype(float)
    cell = (1280 - (count + 1) * 6) // count
    rows = round(cell * 3 / 4)
    left = (1280 - count * (cell + 6) - 6) // 2 + 6
    frames = []
    for frame in ffwebcodecs.read_frames(source):
        with (
            frame,
            ffwebcodecs.create_image_bitmap(
                frame, format="RGB", resize_width=cell, resize_height=rows
            ) as bitmap,
        ):
            frames.append(bitmap.to_ndarray().astype(float))
    shown = []
    for index in range(count):
        start = left + index * (cell + 6)
        one = pixels[6 : 6 + rows, start : start + cell]
        shown.append(min(range(len(frames)), key=lambda n: float(np.abs(frames[n] - one).mean())))
    return shown


def test_sheet_pictures_are_evenly_spaced(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    assert call("sheet", clip(NAME), "-o", out, "--count", 5, "--columns", 5) == 0
    positions = shown_frames(out, clip(NAME), 5)
    middles = [(2 * n + 1) * FRAMES / 10 for n in range(5)]
    assert all(abs(at - middle) <= 2 for at, middle in zip(positions, middles, strict=True))


def test_sheet_of_a_long_clip_shows_the_middle_of_each_part(tmp_path: Path) -> None:
    path = tmp_path / "long.mkv"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=1:duration=120"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p", path),
    )
    out = tmp_path / "s.png"
    assert call("sheet", path, "-o", out, "--count", 4, "--columns", 4) == 0
    assert shown_frames(out, path, 4) == [15, 45, 75, 105]


def test_sheet_of_a_rotated_clip_is_upright(tmp_path: Path) -> None:
    arguments = ["--columns", 1, "--count", 1, "--width", 132]
    out = tmp_path / "s.png"
    assert call("sheet", clip("h264-rotated.mp4"), "-o", out, *arguments) == 0
    assert png(out).shape[:2] == (160 + 12, 132)


def test_sheet_of_a_stream_that_does_not_know_its_length(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    assert call("sheet", clip("h264-bframes.h264"), "-o", out, "--count", 2, "--columns", 2) == 0
    assert png(out).shape[1] == 1280


def test_sheet_with_fewer_frames_than_pictures_shows_each_once(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    arguments = ["--count", 100, "--columns", 10]
    assert call("sheet", clip(NAME), "-o", out, *arguments) == 0
    cell = (1280 - 11 * 6) // 10
    assert png(out).shape[0] == 5 * (round(cell * 3 / 4) + 6) + 6


def test_sheet_is_not_overwritten_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    out.write_bytes(b"old")
    assert call("sheet", clip(NAME), "-o", out) == 1
    assert out.read_bytes() == b"old"
    assert call("sheet", clip(NAME), "-o", out, "-f") == 0
    assert names(tmp_path) == ["s.png"]


@pytest.mark.parametrize("wrong", [["-o", "s.gif"], ["-o", "s.png", "--width", "40"]])
def test_sheet_wrong_values_are_usage_errors(wrong: list[str]) -> None:
    assert call("sheet", clip(NAME), *wrong) == 2
