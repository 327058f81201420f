"""Pictures of 16 bits, and of all kinds of pixels, out of files: as arrays."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from clips import encoders, ffmpeg_program
from encode_helpers import need

from ffwebcodecs import Video, VideoFrame, create_image_bitmap, read_frames, write_frames

rng = np.random.default_rng(14)
SIZE = (48, 64)
DEEP = {"gray16le": ("GRAY16", 1), "rgb48le": ("RGB48", 3), "rgba64le": ("RGBA64", 4)}


def written(path: Path, pixels: bytes, pix_fmt: str, *options: str) -> Path:
    """Have the ffmpeg program write a picture."""
    raw = ["-f", "rawvideo", "-pix_fmt", pix_fmt, "-s", "64x48", "-r", "5", "-i", "-"]
    command = [ffmpeg_program(), "-loglevel", "error", "-y", *raw, *options, os.fspath(path)]
    subprocess.run(command, input=pixels, check=True)
    return path


@pytest.mark.divided
@pytest.mark.parametrize("pix_fmt", DEEP)
@pytest.mark.parametrize("name", ["a.png", "a.tiff", "a.mkv", "a.dpx", "a.nut"])
def test_16_bits_of_a_file_are_its_own(tmp_path: Path, pix_fmt: str, name: str) -> None:
    format, channels = DEEP[pix_fmt]
    shape = SIZE if channels == 1 else (*SIZE, channels)
    pixels = rng.integers(0, 65536, shape, np.uint16)
    codec = {"a.mkv": "ffv1", "a.nut": "rawvideo"}.get(name, name[2:])
    assert codec in encoders()
    path = written(tmp_path / name, pixels.tobytes(), pix_fmt, "-c:v", codec)
    with next(read_frames(path)) as frame:
        assert (frame.shape, frame.dtype) == (shape, np.uint16)
        assert np.array_equal(np.asarray(frame), pixels)
        target = np.zeros_like(pixels)
        frame.copy_to(target, format=format)
        assert np.array_equal(target, pixels)
        with create_image_bitmap(frame, format=format) as bitmap:
            assert np.array_equal(bitmap, pixels)
    with next(read_frames(path, pixel_format=format)) as frame:
        assert frame.format == format
        assert np.array_equal(np.asarray(frame.planes[0]), pixels)
    with Video(path) as video:
        assert np.array_equal(video.read([0], format=format)[0], pixels)
        first = video.read([0], format=format, layout="NCHW")[0]
    assert np.array_equal(first, np.moveaxis(pixels.reshape(*SIZE, channels), 2, 0))


@pytest.mark.divided
@pytest.mark.parametrize("pix_fmt", DEEP)
@pytest.mark.parametrize(
    ("name", "codec", "encoder"),
    [
        ("a.apng", None, "apng"),
        ("a.mkv", "ffmpeg:ffv1", "ffv1"),
        ("a.mov", "ffmpeg:png", "png"),
        ("a.webm", "vp9", "libvpx-vp9"),
        ("a.mp4", "hevc", "libx265"),
    ],
)
def test_16_bits_are_written_whole_or_with_the_12_that_a_codec_has(
    tmp_path: Path, pix_fmt: str, name: str, codec: str | None, encoder: str
) -> None:
    need(encoder, depth=12 if codec in ("vp9", "hevc") else 8)
    format, channels = DEEP[pix_fmt]
    y, x = np.mgrid[:48, :64]
    ramps = np.stack([x * 900, y * 1200, (x + y) * 500, np.full_like(x, 65535)], -1)
    pixels = ramps.astype(np.uint16)[..., :channels]
    options: dict[str, str] = {} if codec is None else {"codec": codec}
    if channels == 4 and codec in ("vp9", "hevc"):
        options["alpha"] = "discard"
    frame = VideoFrame.from_ndarray(pixels, timestamp=0, duration=40_000)
    write_frames([frame], tmp_path / name, **options)
    with next(read_frames(tmp_path / name)) as back:
        array = back.to_ndarray(format).reshape(pixels.shape)
        if codec in ("vp9", "hevc"):
            assert str(back.format).endswith("P12")
            assert np.abs(array.astype(int) - pixels).mean() < 1000
        else:
            assert np.array_equal(array, pixels)


# Blocks of colours, so that shared chroma is that of all its pixels.
COLORS = rng.integers(0, 256, (3, 4, 3), np.uint8)
BLOCKS = COLORS.repeat(16, 0).repeat(16, 1)
GRAY = "gray", "gray10le", "gray12le", "ya8", "ya16be", "monob"
KINDS = {
    # pix_fmt: what else the array is, and how far it may be from the colours.
    **dict.fromkeys(("nv12", "yuv420p", "yuv422p", "yuyv422", "uyvy422", "yuv411p"), ("u1", 3, 4)),
    **dict.fromkeys(("yuv422p10le", "yuv444p12le"), ("u1", 3, 4)),
    **dict.fromkeys(("yuva420p", "yuva444p10le"), ("u1", 4, 4)),
    **dict.fromkeys(("rgb24", "bgr24", "bgr0", "0rgb", "gbrp"), ("u1", 3, 1)),
    **dict.fromkeys(("bgra", "rgba", "argb", "gbrap"), ("u1", 4, 1)),
    **dict.fromkeys(("rgb565le", "rgb555le"), ("u1", 3, 16)),
    **dict.fromkeys(("gbrp10le", "rgb48be", "gbrp14le"), ("u2", 3, 2)),
    **dict.fromkeys(("gbrap12le", "rgba64be"), ("u2", 4, 2)),
    "gray": ("u1", 1, 1),
    "gray10le": ("u2", 1, 1),
    "gray12le": ("u2", 1, 1),
    "ya8": ("u1", 4, 1),
    "monob": ("u1", 1, 255),
}
_FFV1 = ("yuv422p10le", "yuv444p12le", "gbrp10le", "gbrp14le", "gray10le", "gray12le", "gbrap12le")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a picture of each kind, all written by one command."""
    folder = tmp_path_factory.mktemp("kinds")
    pictures = np.stack([BLOCKS, BLOCKS[..., :1].repeat(3, 2)])
    options: list[str] = []
    for pix_fmt in KINDS:
        codec = "ffv1" if pix_fmt in _FFV1 else "rawvideo"
        number = int(pix_fmt in GRAY)
        options += ["-vf", f"select=eq(n\\,{number}),scale=out_color_matrix=bt601"]
        options += ["-colorspace", "smpte170m", "-sws_flags", "accurate_rnd+full_chroma_int"]
        options += ["-pix_fmt", pix_fmt, "-c:v", codec, os.fspath(folder / f"{pix_fmt}.nut")]
    written(folder / "last.nut", pictures.tobytes(), "rgb24", *options, "-c:v", "rawvideo")
    return folder


@pytest.mark.parametrize("pix_fmt", KINDS)
def test_every_kind_of_pixels_is_rgb_rgba_or_gray(kinds: Path, pix_fmt: str) -> None:
    item, channels, error = KINDS[pix_fmt]
    colors = BLOCKS[..., :1].repeat(3, 2) if pix_fmt in GRAY else BLOCKS
    path = kinds / f"{pix_fmt}.nut"
    with next(read_frames(path)) as frame:
        array = np.asarray(frame)
        assert (array.shape, array.dtype) == (frame.shape, frame.dtype)
        assert np.array_equal(array, frame.to_ndarray())
    assert array.shape == (SIZE if channels == 1 else (*SIZE, channels))
    assert array.dtype == np.dtype(item)
    values = array.astype(float) / (257 if item == "u2" else 1)
    if channels == 4:
        assert (values[..., 3] == 255).all()
    values = values[..., :3] if channels > 1 else values[..., None]
    far = np.abs(values - colors[..., : values.shape[2]]).reshape(3, 16, 4, 16, -1)
    # At the edges ffmpeg mixes the chroma of neighbours.
    assert far[:, 5:11, :, 5:11].max() <= error


@pytest.mark.parametrize("alpha", [255, 128], ids=["opaque", "clear"])
def test_a_palette_has_alpha_if_a_pixel_shows_it(tmp_path: Path, alpha: int) -> None:
    """PNG by its specification: PLTE and tRNS; what no pixel has does not count."""
    image = pytest.importorskip("PIL.Image")
    numbers = rng.integers(0, 4, SIZE, np.uint8)
    palette = rng.integers(0, 256, (5, 3), np.uint8)
    picture = image.fromarray(numbers)
    picture.putpalette(palette.tobytes())
    path = tmp_path / "a.png"
    picture.save(path, transparency=bytes([255, 255, alpha, 255, 0]))
    with next(read_frames(path)) as frame:
        array = np.asarray(frame)
        assert array.shape == frame.shape == (*SIZE, 3 if alpha == 255 else 4)
    assert np.array_equal(array[..., :3], palette[numbers])
    if alpha < 255:
        assert np.array_equal(array[..., 3], np.where(numbers == 2, alpha, 255))
