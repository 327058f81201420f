"""The command line's frames and sheet: which pictures they write, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_helpers import NAME, call, names, png, run
from clips import FRAMES, clip, framemd5, run_ffmpeg

import ffwebcodecs
from ffwebcodecs.cli._digits import _GLYPHS as GLYPHS
from ffwebcodecs.cli._digits import label
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
    arguments = ["--size=60x-1", "--stop", "0.01", "--format"]
    assert call("frames", path, "-o", tmp_path / "n", *arguments, "npy") == 0
    assert np.load(tmp_path / "n" / "frame-000001.npy").shape == (80, 60, 3)
    assert call("frames", path, "-o", tmp_path / "s", *arguments, "npy", "--stored") == 0
    assert np.load(tmp_path / "s" / "frame-000001.npy").shape == (45, 60, 3)
    assert call("frames", path, "-o", tmp_path / "r", *arguments, "raw", "--pixels", "GRAY8") == 0
    assert (tmp_path / "r" / "frame-000001.raw").stat().st_size == 80 * 60
    assert call("frames", path, "-o", tmp_path / "x", "--stored") == 2


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


# ---- single frames


def saved(folder: Path) -> list[np.ndarray]:
    return [np.load(folder / name) for name in names(folder)]


def decoded(path: Path) -> list[np.ndarray]:
    """Return what the ffmpeg program decodes, as this package shows it: all frames as RGB."""
    frames = []
    for frame in ffwebcodecs.read_frames(path):
        with frame:
            frames.append(frame.to_ndarray("RGB"))
    return frames


@pytest.mark.parametrize("name", [NAME, "h264-bframes.ts", "mpeg2-interlaced.ts"])
def test_frames_at_times_and_indices_are_those_shown_then(tmp_path: Path, name: str) -> None:
    path = clip(name)
    with ffwebcodecs.Demuxer(path) as demuxer:
        times = [frame.timestamp - demuxer.origin for frame in framemd5(path)]
    # In the middle of a frame, at its very beginning, and one microsecond before that.
    at = [(times[20] + times[21]) // 2, times[8], times[8] - 1]
    arguments = ["--at", ",".join(f"{each / 1e6:.6f}" for each in at), "--indices", "-1,0,20,20"]
    out = tmp_path / "o"
    assert call("frames", path, "-o", out, "--format", "npy", *arguments) == 0
    expected = decoded(path)
    assert len(expected) == len(times)
    for have, want in zip(saved(out), [20, 8, 7, -1, 0, 20, 20], strict=True):
        np.testing.assert_array_equal(have, expected[want])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--at", "0.5,1.6"], "nothing is shown at 00:00:01.600"),
        (["--at", "1.500001"], "nothing is shown at 00:00:01.500001; its"),
        (["--at", "1.5"], "its frames are from 00:00:00.000 to 00:00:01.500"),
        (["--indices", "0,45"], "there is no frame 45; it has 45, 0 to 44"),
        (["--indices=-46"], "there is no frame -46"),
    ],
)
def test_frames_that_are_not_there_are_an_error_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert call("frames", clip(NAME), "-o", tmp_path / "o", *arguments) == 1
    assert message in capsys.readouterr().err
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "wrong",
    [
        ["--at", "1", "--start", "0"],
        ["--at", "1", "--stop", "2"],
        ["--indices", "1", "--every", "2"],
        ["--indices", "1", "--errors", "skip"],
        ["--at", "1", "--strict"],
        ["--indices", "a"],
        ["--indices", ""],
        ["--at", "1,,2"],
    ],
)
def test_frames_single_ones_and_a_range_exclude_each_other(
    tmp_path: Path, wrong: list[str]
) -> None:
    assert call("frames", clip(NAME), "-o", tmp_path / "o", *wrong) == 2
    assert names(tmp_path) == []


def test_frames_at_times_of_standard_input(tmp_path: Path) -> None:
    arguments = ["-o", tmp_path / "o", "--format", "npy", "--at", "0.7", "--indices", "3"]
    done = run("frames", "-", *arguments, stdin=clip(NAME).read_bytes())
    assert done.returncode == 0, done.stderr
    expected = decoded(clip(NAME))
    for have, want in zip(saved(tmp_path / "o"), [21, 3], strict=True):
        np.testing.assert_array_equal(have, expected[want])


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
    assert positions == [int(middle) for middle in middles]


def test_sheet_of_a_long_clip_shows_the_middle_of_each_part(tmp_path: Path) -> None:
    path = tmp_path / "long.mkv"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=1:duration=120"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p", path),
    )
    out = tmp_path / "s.png"
    assert call("sheet", path, "-o", out, "--count", 4, "--columns", 4) == 0
    assert shown_frames(out, path, 4) == [15, 45, 75, 105]


def test_sheet_shows_the_middle_of_equal_parts_of_the_real_length(tmp_path: Path) -> None:
    # Its clock begins at twelve seconds, and the header states fourteen.
    out, path = tmp_path / "s.png", clip("h264-offset.mkv")
    assert call("sheet", path, "-o", out, "--count", 4, "--columns", 4) == 0
    times = [frame.timestamp for frame in framemd5(path)]
    length = times[-1] - times[0] + (times[1] - times[0])
    wanted = [times[0] + (2 * part + 1) * length // 8 for part in range(4)]
    shown = [max(n for n, time in enumerate(times) if time <= each) for each in wanted]
    assert shown_frames(out, path, 4) == shown


def test_sheet_of_standard_input_decodes_it_through(tmp_path: Path) -> None:
    out = tmp_path / "s.png"
    arguments = ["-o", out, "--count", 5, "--columns", 5]
    done = run("sheet", "-", *arguments, stdin=clip("h264-bframes.ts").read_bytes())
    assert done.returncode == 0, done.stderr
    middles = [(2 * n + 1) * FRAMES / 10 for n in range(5)]
    positions = shown_frames(out, clip("h264-bframes.ts"), 5)
    assert all(abs(at - middle) <= 2 for at, middle in zip(positions, middles, strict=True))


def test_sheet_prints_times_below_its_pictures(tmp_path: Path) -> None:
    plain, timed = tmp_path / "plain.png", tmp_path / "timed.png"
    arguments = ["--count", 2, "--columns", 2, "--width", 400]
    assert call("sheet", clip(NAME), "-o", plain, *arguments) == 0
    assert call("sheet", clip(NAME), "-o", timed, *arguments, "--times") == 0
    without, pixels = png(plain), png(timed)
    cell = (400 - 3 * 6) // 2
    high = round(cell * 3 / 4)
    assert pixels.shape == (without.shape[0] + 7 + 6, *without.shape[1:])
    np.testing.assert_array_equal(pixels[: 6 + high], without[: 6 + high])
    # Half a second into each half of 1.5 seconds, at 30 frames a second: frames 11 and 33.
    for part, text in enumerate(("00:00:00.367", "00:00:01.100")):
        left = 6 + part * (cell + 6)
        ink = pixels[6 + high + 6 : 6 + high + 13, left : left + cell, 0] > 128
        assert read_glyphs(ink) == text


def read_glyphs(ink: np.ndarray) -> str:
    """Read letters of five by seven pixels, each a column apart."""
    columns = np.flatnonzero(ink.any(axis=0))
    start = columns[0]
    letters = {
        np.array([[bits >> (4 - n) & 1 for n in range(5)] for bits in rows]).tobytes(): letter
        for letter, rows in GLYPHS.items()
    }
    found = ""
    for at in range(start, columns[-1] + 1, 6):
        found += letters[ink[:, at : at + 5].astype(int).tobytes()]
    return found


@pytest.mark.parametrize(
    ("microseconds", "width", "text"),
    [
        (3_723_456_000, 72, "01:02:03.456"),
        (3_723_456_000, 71, "01:02:03.4"),
        (3_723_456_000, 50, "01:02:03"),
        (62_500_000, 72, "00:01:02.500"),
        (62_500_000, 71, "01:02.500"),
        (62_500_000, 53, "01:02.5"),
        (62_500_000, 41, "01:02"),
        (62_500_000, 29, ""),
        (-500_000, 78, "-00:00:00.500"),
        (-500_000, 77, "-00:00.500"),
    ],
)
def test_label_says_as_much_as_there_is_room_for(microseconds: int, width: int, text: str) -> None:
    assert label(microseconds, width) == text


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


def test_pictures_of_16_bits_stay_so_at_every_size(tmp_path: Path) -> None:
    pixels = (np.arange(48 * 64 * 3, dtype=np.uint16) * 7).reshape(48, 64, 3)
    path = tmp_path / "deep.png"
    with ffwebcodecs.VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        frame.save(path)
    for size in ("", "64x48", "32x24"):
        out = tmp_path / f"o{size}"
        for kind in ("png", "npy"):
            more = ["--size", size] if size else []
            assert call("frames", path, "-o", out, "--format", kind, *more) == 0
        saved, written = (out / name for name in names(out))
        with next(ffwebcodecs.read_frames(written)) as back:
            array = back.to_ndarray()
        assert np.array_equal(array, np.load(saved))
        assert (array.dtype, array.ndim) == (np.uint16, 3)
        assert len(array) == 24 or np.array_equal(array, pixels)
