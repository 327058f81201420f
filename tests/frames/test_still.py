"""VideoFrame.save and notebooks' PNG: what another program reads from the files."""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from clips import clip, run_ffmpeg

import ffwebcodecs
from ffwebcodecs import VideoFrame, read_frames

pytestmark = pytest.mark.divided


def picture(width: int, height: int, channels: int = 3) -> np.ndarray:
    """Return smooth colours with an edge: something that JPEG can hold."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    planes = [255 * x, 255 * y, 255 * (1 - x) * y, 64 + 191 * (x > 0.5)][:channels]
    return np.stack(planes, axis=-1).round().astype(np.uint8)


def decoded(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Return what the ffmpeg program sees in the file."""
    name = {2: "gray", 3: {3: "rgb24", 4: "rgba"}.get(shape[-1])}[len(shape)]
    raw = run_ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", str(name), "-")
    return np.frombuffer(raw, np.uint8).reshape(shape)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = ((a.astype(float) - b) ** 2).mean()
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


@pytest.mark.parametrize("size", [(64, 48), (33, 17), (1, 1), (5, 200)])
@pytest.mark.parametrize("channels", [3, 4])
def test_png_of_rgb_is_exact(tmp_path: Path, size: tuple[int, int], channels: int) -> None:
    pixels = picture(*size, channels)
    with VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        frame.save(tmp_path / "a.png")
    np.testing.assert_array_equal(decoded(tmp_path / "a.png", pixels.shape), pixels)


def test_png_of_gray_is_exact_and_gray(tmp_path: Path) -> None:
    pixels = picture(31, 20)[:, :, 0]
    with VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        frame.save(tmp_path / "a.png")
    np.testing.assert_array_equal(decoded(tmp_path / "a.png", pixels.shape), pixels)
    assert (tmp_path / "a.png").read_bytes()[25] == 0  # IHDR: colour type, grayscale


def test_png_of_a_decoded_frame_shows_what_to_ndarray_gives(tmp_path: Path) -> None:
    with next(read_frames(clip("h264-bframes.mp4"), start=500_000)) as frame:
        frame.save(tmp_path / "a.png")
        pixels = frame.to_ndarray("RGB")
    np.testing.assert_array_equal(decoded(tmp_path / "a.png", pixels.shape), pixels)


def test_png_keeps_the_alpha_of_planes(tmp_path: Path) -> None:
    planes = bytes([128] * 16 + [128] * 4 + [128] * 4 + list(range(0, 160, 10)))
    with VideoFrame(planes, format="I420A", coded_width=4, coded_height=4, timestamp=0) as frame:
        frame.save(tmp_path / "a.png")
    alpha = decoded(tmp_path / "a.png", (4, 4, 4))[:, :, 3]
    assert alpha.ravel().tolist() == list(range(0, 160, 10))


def test_png_of_ten_bits_is_right_in_colour(tmp_path: Path) -> None:
    with next(read_frames(clip("h264-high10.mp4"))) as frame:
        frame.save(tmp_path / "a.png")
    shape = (120, 160, 3)
    source = ["-i", clip("h264-high10.mp4"), "-frames:v", "1"]
    exact = ["-sws_flags", "accurate_rnd+full_chroma_int+neighbor"]
    matrix = ["-vf", "scale=in_color_matrix=bt601:in_range=tv"]
    raw = run_ffmpeg(*source, *exact, *matrix, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    expected = np.frombuffer(raw, np.uint8).reshape(shape)
    assert psnr(decoded(tmp_path / "a.png", shape), expected) > 40


def test_png_says_that_it_is_srgb(tmp_path: Path) -> None:
    with VideoFrame.from_ndarray(picture(8, 8), timestamp=0) as frame:
        frame.save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    assert b"sRGB" in data
    pixel_size = data.index(b"pHYs") + 4
    assert data[pixel_size : pixel_size + 8] == bytes([0, 0, 0, 1] * 2)  # square pixels


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.JPG"])
def test_jpeg_is_close_to_the_pixels(tmp_path: Path, name: str) -> None:
    pixels = picture(161, 121)
    with VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        frame.save(tmp_path / name)
    assert psnr(decoded(tmp_path / name, pixels.shape), pixels) > 38
    assert (tmp_path / name).read_bytes()[6:11] == b"JFIF\0"


@pytest.mark.parametrize(
    "color", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255), (200, 120, 40)]
)
def test_jpeg_keeps_flat_colours(tmp_path: Path, color: tuple[int, int, int]) -> None:
    pixels = np.full((32, 32, 3), color, np.uint8)
    with VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        frame.save(tmp_path / "a.jpg")
    seen = decoded(tmp_path / "a.jpg", pixels.shape)
    assert np.abs(seen.astype(int) - pixels).max() <= 3


def test_jpeg_of_a_decoded_frame_has_its_colours(tmp_path: Path) -> None:
    # The frame is BT.709 in limited range, the file BT.601 in full range.
    with next(read_frames(clip("h264-bframes.mp4"))) as frame:
        frame.save(tmp_path / "a.jpg")
        pixels = frame.to_ndarray("RGB")
    seen = decoded(tmp_path / "a.jpg", pixels.shape)
    # Chroma of half the size costs more on a test picture than on a photograph.
    assert psnr(seen, pixels) > 25
    difference = seen.reshape(-1, 3).mean(0) - pixels.reshape(-1, 3).mean(0)
    assert np.abs(difference).max() < 2


def test_jpeg_puts_transparent_pixels_on_white(tmp_path: Path) -> None:
    pixels = picture(32, 32, 4)
    with VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        frame.save(tmp_path / "a.jpg")
        assert frame.to_ndarray().tolist() == pixels.tolist()
    alpha = pixels[:, :, 3:] / 255
    on_white = pixels[:, :, :3] * alpha + 255 * (1 - alpha)
    assert psnr(decoded(tmp_path / "a.jpg", (32, 32, 3)), on_white) > 35


def turned(pixels: np.ndarray, rotation: int, flip: bool) -> np.ndarray:
    """Turn clockwise, then mirror, pixel by pixel."""
    for _ in range(rotation // 90):
        height, width = pixels.shape[:2]
        new = np.empty((width, height, *pixels.shape[2:]), pixels.dtype)
        for y in range(width):
            for x in range(height):
                new[y, x] = pixels[height - 1 - x, y]
        pixels = new
    return pixels[:, ::-1] if flip else pixels


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_comes_first_then_flip(tmp_path: Path, rotation: int, flip: bool) -> None:
    pixels = picture(7, 4)
    with VideoFrame.from_ndarray(pixels, timestamp=0, rotation=rotation, flip=flip) as frame:
        frame.save(tmp_path / "a.png")
    expected = turned(pixels, rotation, flip)
    np.testing.assert_array_equal(decoded(tmp_path / "a.png", expected.shape), expected)


def test_rotated_clip_is_saved_as_players_show_it(tmp_path: Path) -> None:
    path = clip("h264-rotated.mp4")
    with next(read_frames(path)) as frame:
        assert frame.rotation % 180 == 90
        frame.save(tmp_path / "a.png")
    shape = (160, 120, 3)
    matrix = "scale=in_color_matrix=bt709"
    raw = run_ffmpeg(
        *("-i", path, "-frames:v", "1", "-vf", matrix, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    )
    shown = np.frombuffer(raw, np.uint8).reshape(shape)
    assert psnr(decoded(tmp_path / "a.png", shape), shown) > 25


def test_only_the_visible_part_is_saved(tmp_path: Path) -> None:
    pixels = picture(16, 12)
    with VideoFrame.from_ndarray(
        pixels, timestamp=0, transfer=True, visible_rect=(3, 2, 6, 5)
    ) as frame:
        frame.save(tmp_path / "a.png")
    expected = pixels[2:7, 3:9]
    np.testing.assert_array_equal(decoded(tmp_path / "a.png", expected.shape), expected)


@pytest.mark.parametrize("name", ["a.gif", "a", "png"])
def test_other_suffixes_are_refused_by_name(tmp_path: Path, name: str) -> None:
    with (
        VideoFrame.from_ndarray(picture(4, 4), timestamp=0) as frame,
        pytest.raises(ffwebcodecs.InvalidArgumentError, match=r"\.png, .* or \.webp.*" + name),
    ):
        frame.save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_closed_frame_is_not_saved_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    frame = VideoFrame.from_ndarray(picture(4, 4), timestamp=0)
    frame.close()
    with pytest.raises(ffwebcodecs.InvalidStateError):
        frame.save(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.parametrize("target", ["missing/a.png", "folder.png"])
def test_unwritable_path_is_an_oserror_that_names_it(tmp_path: Path, target: str) -> None:
    (tmp_path / "folder.png").mkdir()
    path = tmp_path / target
    with (
        VideoFrame.from_ndarray(picture(4, 4), timestamp=0) as frame,
        pytest.raises(OSError) as caught,
    ):
        frame.save(path)
    assert caught.value.filename == str(path)
    assert os.listdir(tmp_path) == ["folder.png"]


def test_saved_file_has_the_mode_that_open_would_give(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with VideoFrame.from_ndarray(picture(4, 4), timestamp=0) as frame:
        frame.save(tmp_path / "a.png")
    assert sorted(os.listdir(tmp_path)) == ["a.png", "plain"]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to("real.png")
    with VideoFrame.from_ndarray(picture(4, 4), timestamp=0) as frame:
        frame.save(tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").read_bytes().startswith(b"\x89PNG")


def test_pipe_is_written_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe.png"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with VideoFrame.from_ndarray(picture(4, 4), timestamp=0) as frame:
            frame.save(path)
        assert os.read(reader, 8) == b"\x89PNG\r\n\x1a\n"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_notebook_gets_the_saved_png(tmp_path: Path) -> None:
    frame = VideoFrame.from_ndarray(picture(9, 7), timestamp=0)
    frame.save(tmp_path / "a.png")
    assert frame._repr_png_() == (tmp_path / "a.png").read_bytes()
    frame.close()
    assert frame._repr_png_() is None
