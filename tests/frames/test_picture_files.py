"""Frames and bitmaps as PNG, JPEG and WebP, in memory and in files: what Pillow sees of them."""

from __future__ import annotations

import codecs
import io
import math
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import clip, run_ffmpeg
from PIL import Image

import ffwebcodecs
from ffwebcodecs import ImageBitmap, VideoFrame, create_image_bitmap, read_frames

pytestmark = pytest.mark.divided


def photograph(width: int = 320, height: int = 240, channels: int = 3) -> np.ndarray:
    """Return noise as photographs have it: much of what is large, little of what is small."""
    random = np.random.default_rng(17)
    x, y = np.fft.rfftfreq(width)[None, :], np.fft.fftfreq(height)[:, None]
    falling = 1 / np.sqrt(x**2 + y**2 + 1e-6)
    noise = [
        np.fft.irfft2(
            np.fft.rfft2(random.normal(size=(height, width))) * falling, s=(height, width)
        )
        for _ in range(channels)
    ]
    planes = [128 + 40 * (0.8 * noise[0] + 0.2 * each) / (noise[0].std() or 1) for each in noise]
    return np.stack(planes, axis=-1).clip(0, 255).round().astype(np.uint8)


def framed(pixels: np.ndarray, **options: Any) -> VideoFrame:
    return VideoFrame.from_ndarray(pixels, timestamp=0, **options)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def by_pillow(pixels: np.ndarray, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format, **options)
    return file.getvalue()


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = ((a.astype(float) - b) ** 2).mean()
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


def need_webp() -> None:
    with framed(np.zeros((2, 2, 3), np.uint8)) as frame:
        try:
            frame.encode("webp")
        except ffwebcodecs.NotSupportedError as error:
            assert "libwebp" in str(error) and "another format" in str(error)
            pytest.skip(str(error))


@pytest.mark.parametrize("quality", [10, 30, 50, 75, 85, 92, 95, 100])
def test_jpeg_is_about_as_large_as_pillows_and_no_worse(quality: int) -> None:
    pixels = photograph()
    theirs = by_pillow(pixels, "jpeg", quality=quality)
    with framed(pixels) as frame:
        ours = frame.encode("jpeg", quality=quality)
    assert 0.7 < len(ours) / len(theirs) < 1.1
    seen = [np.asarray(opened(data)) for data in (ours, theirs)]
    assert psnr(seen[0], pixels) > psnr(seen[1], pixels) - 0.1


def test_jpeg_is_jfif_of_half_sized_chroma_and_92_by_default() -> None:
    with framed(photograph()) as frame:
        data = frame.encode("jpeg")
        assert data == frame.encode("JPG", quality=92) == frame.encode("jpeg", quality=92.0)  # type: ignore[arg-type]
    image = opened(data)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (320, 240))
    assert image.info["jfif_density"] == (1, 1)
    layers = image.layer  # type: ignore[attr-defined]
    assert [each[1:3] for each in layers] == [(2, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (200, 5)])
def test_odd_sizes_are_kept_in_every_format(size: tuple[int, int]) -> None:
    need_webp()
    with framed(photograph(*size)) as frame:
        assert {opened(frame.encode(kind)).size for kind in ("png", "jpeg", "webp")} == {size}


@pytest.mark.parametrize("quality", [1, 50, 80, 100])
def test_webp_is_libwebps_own_of_that_quality(quality: int) -> None:
    need_webp()
    pixels = photograph()
    theirs = np.asarray(opened(by_pillow(pixels, "webp", quality=quality)))
    with framed(pixels) as frame:
        ours = opened(frame.encode("webp", quality=quality))
        assert quality != 80 or frame.encode("webp") == frame.encode("webp", quality=80)
    assert (ours.format, ours.mode) == ("WEBP", "RGB")
    # Bit for bit with one libwebp; releases of it differ a little.
    assert abs(psnr(np.asarray(ours), pixels) - psnr(theirs, pixels)) < 0.3


def test_webp_without_loss_is_exact_and_keeps_alpha() -> None:
    need_webp()
    pixels = photograph(channels=4)
    pixels[:, :, 3] |= 1  # the colours of what is fully transparent may change
    with framed(pixels) as frame:
        image = opened(frame.encode("webp", lossless=True))
        lossy = opened(frame.encode("webp", quality=90))
    assert image.mode == lossy.mode == "RGBA"
    assert np.array_equal(np.asarray(image), pixels)
    assert np.array_equal(np.asarray(lossy)[:, :, 3], pixels[:, :, 3])


@pytest.mark.parametrize("background", ["#ff8000", "white", "black", None])
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_transparent_pixels_lie_on_the_background(kind: str, background: str | None) -> None:
    need_webp()
    pixels = np.full((32, 32, 4), (200, 40, 90, 64), np.uint8)
    with framed(pixels) as frame:
        image = opened(frame.encode(kind, background=background))
    if background is None and kind != "jpeg":
        off = np.abs(np.asarray(image)[9, 9].astype(int) - (200, 40, 90, 64))
        assert image.mode == "RGBA" and off.max() <= (0 if kind == "png" else 4) and off[3] == 0
        return
    color = {"#ff8000": (255, 128, 0), "black": (0, 0, 0)}.get(background or "", (255, 255, 255))
    expected = np.array((200, 40, 90)) * (64 / 255) + np.array(color) * (191 / 255)
    seen = np.asarray(image.convert("RGB"))[9, 9]
    assert np.abs(seen - expected).max() <= (0.5 if kind == "png" else 4)


def test_alpha_of_formats_without_a_name_is_kept() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 250, 60, 10])
    image.putpixel((3, 3), 0)
    file = io.BytesIO()
    image.save(file, "gif", transparency=0)
    with next(read_frames(file.getvalue())) as frame:
        seen = opened(frame.encode("png")).convert("RGBA")
    assert (seen.getpixel((3, 3))[3], seen.getpixel((0, 0))) == (0, (250, 60, 10, 255))  # type: ignore[index]


def test_colours_of_a_wide_gamut_become_srgb() -> None:
    pixels = np.full((16, 16, 3), (120, 200, 90), np.uint8)
    # Linear light, CSS Color 4's matrix from Display P3, and back.
    linear = ((np.array((120, 200, 90)) / 255 + 0.055) / 1.055) ** 2.4
    matrix = ((1.2249, -0.2249, 0), (-0.0421, 1.0421, 0), (-0.0196, -0.0786, 1.0983))
    expected = 255 * (1.055 * (np.array(matrix) @ linear) ** (1 / 2.4) - 0.055)
    p3 = {"primaries": "smpte432", "transfer": "iec61966-2-1", "matrix": "rgb", "full_range": True}
    with framed(pixels, color_space=p3) as frame:
        for kind in ("png", "jpeg"):
            seen = np.asarray(opened(frame.encode(kind)))[8, 8]
            assert np.abs(seen - expected).max() <= 3, kind


def test_a_bitmap_is_encoded_and_saved_as_its_frame(tmp_path: Path) -> None:
    with next(read_frames(clip("h264-bframes.mp4"))) as frame, create_image_bitmap(frame) as bitmap:
        assert opened(bitmap.encode("png")).mode == "RGBA"
        pixels = np.asarray(bitmap)
        bitmap.save(tmp_path / "a.png")
        bitmap.save(tmp_path / "a.jpg", quality=95)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels)
    assert psnr(np.asarray(Image.open(tmp_path / "a.jpg")), pixels[:, :, :3]) > 25


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_every_format_of_frames_can_be_encoded(kind: str) -> None:
    from ffwebcodecs._spec.frames.formats import FORMATS

    with framed(photograph(64, 48, 4)) as source:
        for name in FORMATS:
            try:
                bitmap = create_image_bitmap(source, format=name)
            except ffwebcodecs.NotSupportedError:
                continue  # libswscale has none such
            with bitmap:
                image = opened(bitmap.encode(kind))
                assert image.size == (64, 48), name
                gray = {"GRAY8": "L", "GRAY16": "I;16"}
                wanted = gray.get(name) or ("RGBA" if FORMATS[name].has_alpha else "RGB")
                assert image.mode == (wanted if kind == "png" else "RGB"), name


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("name", ["gray16le", "rgb48le", "rgba64le"])
def test_png_of_16_bits_is_exact(name: str, rotation: int, tmp_path: Path) -> None:
    channels = {"gray16le": 1, "rgb48le": 3, "rgba64le": 4}[name]
    shape = (21, 33, channels)[: 2 if channels == 1 else 3]
    pixels = np.random.default_rng(3).integers(0, 65536, shape, np.uint16)
    with framed(pixels, rotation=rotation) as frame:
        frame.save(tmp_path / "a.png")
        assert opened(frame._repr_png_() or b"").mode in ("L", "RGB", "RGBA")
    raw = run_ffmpeg("-i", tmp_path / "a.png", "-f", "rawvideo", "-pix_fmt", name, "-")
    upright = np.rot90(pixels, -rotation // 90)
    assert np.array_equal(np.frombuffer(raw, "<u2").reshape(upright.shape), upright)
    assert (tmp_path / "a.png").read_bytes()[24] == 16  # IHDR: bits a sample


def test_png_of_16_bits_lies_on_the_background(tmp_path: Path) -> None:
    pixels = np.full((5, 7, 4), (60_000, 1000, 30_000, 20_000), np.uint16)
    with framed(pixels) as frame:
        frame.save(tmp_path / "a.png", background="red")
    raw = run_ffmpeg("-i", tmp_path / "a.png", "-f", "rawvideo", "-pix_fmt", "rgba64le", "-")
    seen = np.frombuffer(raw, "<u2").reshape(5, 7, 4)[2, 3]
    share = 20_000 / 65_535
    expected = [60_000 * share + 65_535 * (1 - share), 1000 * share, 30_000 * share, 65_535]
    assert np.abs(seen - np.array(expected)).max() <= 1


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_formats_of_8_bits_take_the_upper_ones(kind: str) -> None:
    need_webp()
    pixels = photograph().astype(np.uint16) * 257
    with framed(pixels) as frame:
        seen = np.asarray(opened(frame.encode(kind, quality=95)).convert("RGB"))
    assert psnr(seen, pixels / 257) > 34


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    ("gif", {}, "'png', 'jpeg' or 'webp', got 'gif'"),
    (None, {}, "got None"),
    (b"png", {}, "got b'png'"),
    ("jpeg", {"quality": 0}, "quality is 0, it must be from 1"),
    ("jpeg", {"quality": 101}, "quality is 101, it must be from 1"),
    ("webp", {"quality": -(10**400)}, "it must be from 1"),
    ("jpeg", {"quality": 0.92}, "quality must be an integer, got 0.92"),
    ("jpeg", {"quality": True}, "quality must be an integer"),
    ("jpeg", {"quality": "90"}, "quality must be an integer"),
    ("png", {"quality": 90}, "nothing is lost in this png"),
    ("webp", {"quality": 90, "lossless": True}, "leave lossless=True out"),
    ("jpeg", {"lossless": True}, "jpeg cannot be lossless"),
    ("webp", {"lossless": "yes"}, "lossless must be True or False"),
    ("jpeg", {"background": "reddish"}, "background must be"),
]


@pytest.mark.parametrize(("format", "options", "message"), WRONG)
def test_wrong_options_are_named_and_write_nothing(
    format: Any, options: dict[str, Any], message: str
) -> None:
    file = io.BytesIO()
    with framed(photograph(8, 8)) as frame:
        with pytest.raises(ffwebcodecs.InvalidArgumentError, match=message):
            frame.encode(format, **options)
        if format is not None:
            with pytest.raises(ffwebcodecs.InvalidArgumentError, match=message):
                frame.save(file, format=format, **options)
    assert file.getvalue() == b""


@pytest.mark.parametrize(("kind", "width"), [("webp", 16_384), ("jpeg", 65_501)])
def test_a_picture_too_large_for_the_format_is_refused(kind: str, width: int) -> None:
    with (
        framed(np.zeros((1, width, 3), np.uint8)) as frame,
        pytest.raises(ffwebcodecs.InvalidArgumentError, match=f"holds {width - 1} .* {width}x1"),
    ):
        frame.encode(kind)


def test_a_file_object_gets_the_file_where_it_stands_and_stays_open(tmp_path: Path) -> None:
    file = io.BytesIO(b"before")
    file.seek(6)
    with framed(photograph(20, 10)) as frame:
        frame.save(file, format="png")
        data = frame.encode("png")
        assert file.getvalue() == b"before" + data
        with open(tmp_path / "named.jpg", "wb") as named:  # its name says the format
            frame.save(named)
        assert (tmp_path / "named.jpg").read_bytes() == frame.encode("jpeg")
        frame.save(tmp_path / "really.png", format="jpeg")
        assert (tmp_path / "really.png").read_bytes()[:2] == b"\xff\xd8"
        frame.save(os.fsencode(tmp_path / "bytes.png"))  # type: ignore[arg-type]
        assert (tmp_path / "bytes.png").read_bytes() == data
        with tempfile.TemporaryFile() as nameless:
            with pytest.raises(ffwebcodecs.InvalidArgumentError, match="format='png'"):
                frame.save(nameless)
            assert nameless.tell() == 0


class Slow(io.RawIOBase):
    """A raw file that takes a few bytes at a time."""

    def __init__(self, most: int, until: int) -> None:
        self.taken, self._most, self._until = b"", most, until

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        if len(self.taken) >= self._until:
            return None
        piece = bytes(data)[: self._most]
        self.taken += piece
        return len(piece)


def test_a_file_object_that_takes_a_part_gets_the_rest_too() -> None:
    file = Slow(100, 10**9)
    with framed(photograph(40, 40)) as frame:
        frame.save(file, format="png")
        assert file.taken == frame.encode("png")


def test_a_file_object_that_takes_no_more_is_an_error() -> None:
    with framed(photograph(40, 40)) as frame, pytest.raises(BlockingIOError) as caught:
        frame.save(Slow(100, 300), format="png")
    assert caught.value.characters_written == 300


class Failing(io.BytesIO):
    def write(self, data: Any) -> int:
        raise RuntimeError("the disk is on fire")


class Readable(io.RawIOBase):
    def readable(self) -> bool:
        return True


class Async:
    async def write(self, data: Any) -> int:
        return len(data)


class Liar:
    def write(self, data: Any) -> str:
        return "all"


def closed_file() -> io.BytesIO:
    file = io.BytesIO()
    file.close()
    return file


REFUSED: dict[str, tuple[Any, type[BaseException], str]] = {
    "text": (io.StringIO(), ffwebcodecs.InvalidArgumentError, "takes text"),
    "codec": (codecs.getwriter("utf-8")(io.BytesIO()), ffwebcodecs.InvalidArgumentError, "text"),
    "closed": (closed_file(), ffwebcodecs.InvalidArgumentError, "closed or not open for writing"),
    "reader": (io.BufferedReader(Readable()), ffwebcodecs.InvalidArgumentError, "writing"),
    "async": (Async(), ffwebcodecs.InvalidArgumentError, "async write"),
    "none": (None, ffwebcodecs.InvalidArgumentError, "a path or a writable binary file object"),
    "number": (5, ffwebcodecs.InvalidArgumentError, "a path or a writable binary file object"),
    "failing": (Failing(), RuntimeError, "on fire"),
    "liar": (Liar(), OSError, "no number of bytes"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_written_to_is_said(what: str) -> None:
    file, error, message = REFUSED[what]
    with framed(photograph(8, 8)) as frame, pytest.raises(error, match=message):
        frame.save(file, format="png")


@pytest.mark.parametrize("of", [VideoFrame, ImageBitmap])
def test_a_closed_one_says_so_and_writes_nothing(of: type, tmp_path: Path) -> None:
    frame: Any = framed(photograph(8, 8))
    if of is ImageBitmap:
        with frame:
            frame = create_image_bitmap(frame)
    frame.close()
    for call in (
        lambda: frame.encode("png"),
        lambda: frame.save(tmp_path / "a.png"),
    ):
        with pytest.raises(ffwebcodecs.InvalidStateError, match="closed"):
            call()
    assert frame._repr_png_() is None
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("size", [(1600, 900), (30, 4000), (800, 600), (801, 3)])
def test_notebooks_get_a_picture_of_800_pixels_at_most(size: tuple[int, int]) -> None:
    pixels = np.full((size[1], size[0], 3), (10, 200, 60), np.uint8)
    pixels[:, : size[0] // 2] = (240, 30, 30)
    with framed(pixels, rotation=90) as frame:
        image = opened(frame._repr_png_() or b"")
        with create_image_bitmap(frame) as bitmap:
            stored = opened(bitmap._repr_png_() or b"")
    scale = min(1, 800 / max(size))
    assert stored.size == tuple(max(1, round(side * scale)) for side in size)
    assert image.size == stored.size[::-1]
    right, left = stored.width - 1, 0
    assert stored.convert("RGB").getpixel((right, 0)) == (10, 200, 60)
    assert stored.convert("RGB").getpixel((left, 0)) == (240, 30, 30)


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize(
    ("display", "shown"),
    [((64, 24), (64, 24)), ((32, 48), (32, 48)), ((2000, 2000), (32, 32)), ((3, 3000), (1, 800))],
)
def test_notebooks_get_the_shape_that_is_displayed(
    rotation: int, display: tuple[int, int], shown: tuple[int, int]
) -> None:
    pixels, turn = photograph(32, 24), slice(None, None, -1 if rotation else None)
    width, height = display[turn]
    options = {"display_width": width, "display_height": height, "rotation": rotation}
    with framed(pixels, **options) as frame:
        assert opened(frame._repr_png_() or b"").size == shown[turn]
        assert opened(frame.encode("png")).size == (32, 24)[turn]
