"""What ImageDecoder makes of pictures of all kinds is what Pillow makes of them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from image_files import MEDIA
from image_helpers import WAIT, first, of
from image_vectors import Pushed
from PIL import Image, ImageOps, ImageSequence, features

from ffwebcodecs import ImageDecoder, VideoFrame

LOSSY = 4  # of 255, between two decoders of JPEG, WebP or AVIF without subsampled chroma


def noise(mode: str, size: tuple[int, int] = (13, 7), seed: int = 1) -> Image.Image:
    """Return a picture of random pixels."""
    dice = np.random.default_rng(seed)
    if mode == "I;16":
        return Image.fromarray(dice.integers(0, 65536, size[::-1], np.uint16))
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = dice.integers(0, 256, (*size[::-1], channels), np.uint8)
    if mode == "P":
        picture = Image.fromarray(pixels[..., 0], "P")
        picture.putpalette(bytes(dice.integers(0, 256, 768, np.uint8)))
        return picture
    if mode == "1":
        return Image.fromarray(pixels[..., 0]).convert("1")
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode)


def smooth(mode: str, size: tuple[int, int] = (48, 32)) -> Image.Image:
    """Return a picture whose colours change slowly."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    bands = [x * 5, y * 7, 255 - x * 3, 40 + y * 4][: len(Image.new(mode, (1, 1)).getbands())]
    pixels = np.stack(bands, axis=2).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if len(bands) == 1 else pixels, mode)


def require(format: str) -> None:
    """Skip where there is no decoder of ours, or no encoder of Pillow's."""
    can_encode = format != "avif" or features.check("avif")
    if not ImageDecoder.is_type_supported(f"image/{format}") or not can_encode:
        pytest.skip(f"no decoder, or no encoder, of {format} here")


def coded(picture: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def rgba(image: VideoFrame) -> np.ndarray:
    with image:
        return np.array(image.to_ndarray(format="RGBA"))


@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        *[("png", mode, {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")],
        ("png", "P", {"transparency": bytes(range(256))}),
        ("png", "RGB", {"transparency": (0, 0, 0)}),
        *[("bmp", mode, {}) for mode in ("1", "L", "P", "RGB")],
        *[("gif", mode, {}) for mode in ("1", "L", "P")],
        ("gif", "P", {"transparency": 5}),
        ("gif", "L", {"interlace": 1}),
        *[("ppm", mode, {}) for mode in ("1", "L", "RGB")],
        *[("qoi", mode, {}) for mode in ("RGB", "RGBA")],
        ("webp", "RGB", {"lossless": True}),
        ("webp", "RGBA", {"lossless": True, "exact": True}),
    ],
)
def test_pixels_of_lossless_formats_are_exact(format: str, mode: str, options: Any) -> None:
    type = {"ppm": "image/x-portable-anymap"}.get(format, f"image/{format}")
    if not ImageDecoder.is_type_supported(type):
        pytest.skip(f"this FFmpeg has no decoder for {type}")
    data = coded(noise(mode), format, **options)
    wanted = np.asarray(opened(data).convert("RGBA"))
    with of(data, type) as decoder:
        image = first(decoder)
        assert image.format in ("BGRX", "BGRA") and (image.timestamp, image.rotation) == (0, 0)
        is_opaque = bool((wanted[..., 3] == 255).all())
        assert is_opaque or image.format == "BGRA"
        found = rgba(image)
    hidden = wanted[..., 3] == 0  # whose colours nobody sees
    assert np.array_equal(found[..., 3], wanted[..., 3])
    assert np.array_equal(found[~hidden], wanted[~hidden])


@pytest.mark.parametrize(
    ("bands", "format"), [(1, "GRAY16"), (2, "RGBA64"), (3, "RGB48"), (4, "RGBA64")]
)
def test_sixteen_bits_of_a_png_are_kept(bands: int, format: str) -> None:
    pixels = np.random.default_rng(5).integers(0, 65536, (5, 9, bands), np.uint16)
    with of(png(pixels)) as decoder, first(decoder) as image:
        assert image.format == format
        found = np.asarray(image.to_ndarray(format=format)).reshape(5, 9, -1)
        wanted = pixels if bands != 2 else pixels[..., [0, 0, 0, 1]]
        assert np.array_equal(found, wanted)
        rough = np.array(image.to_ndarray(format="RGBA")).astype(int)
        gray = wanted[..., [0, 0, 0]] if bands == 1 else wanted[..., :3]
        assert np.abs(rough[..., :3] - gray / 257).max() <= 1


def test_interlaced_png_is_the_same_picture() -> None:
    ours = noise("RGB", (31, 17))
    flat = coded(ours, "png")
    with of(interlaced(np.asarray(ours))) as decoder, of(flat) as other:
        assert np.array_equal(rgba(first(decoder)), rgba(first(other)))


def interlaced(pixels: np.ndarray) -> bytes:
    """Return a PNG in Adam7's order (PNG, section 8.1)."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)]
    passes += [(1, 0, 2, 2), (0, 1, 1, 2)]
    return png(pixels, [pixels[y::down, x::across] for x, y, across, down in passes])


def png(pixels: np.ndarray, parts: list[np.ndarray] | None = None) -> bytes:
    """Return a PNG of an array (height, width, bands); the parts, if any, are its passes."""
    rows = b"".join(
        b"\0" + row.astype(pixels.dtype.newbyteorder(">")).tobytes()
        for part in parts or [pixels]
        for row in part
        if row.size
    )
    height, width, bands = pixels.shape
    kind = (0, 4, 2, 6)[bands - 1]
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head += bytes((pixels.itemsize * 8, kind, 0, 0, parts is not None))
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(content).to_bytes(4, "big")
        + name
        + content
        + zlib.crc32(name + content).to_bytes(4, "big")
        for name, content in chunks
    )


@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        ("jpeg", "L", {}),
        ("jpeg", "RGB", {"subsampling": 0}),
        ("jpeg", "RGB", {"subsampling": 0, "progressive": True}),
        ("jpeg", "RGB", {"subsampling": 1}),
        ("jpeg", "RGB", {"subsampling": 2}),
        ("jpeg", "RGB", {"subsampling": 0, "keep_rgb": True}),
        ("jpeg", "CMYK", {}),
        ("webp", "RGB", {}),
        ("webp", "RGBA", {}),
        ("avif", "L", {}),
        ("avif", "RGB", {"subsampling": "4:4:4"}),
        ("avif", "RGB", {"subsampling": "4:2:0"}),
        ("avif", "RGBA", {"subsampling": "4:4:4"}),
    ],
)
def test_pixels_of_lossy_formats_are_about_the_same(format: str, mode: str, options: Any) -> None:
    require(format)
    data = coded(smooth(mode), format, quality=90, **options)
    wanted = np.asarray(opened(data).convert("RGBA")).astype(int)
    with of(data, f"image/{format}") as decoder:
        difference = np.abs(rgba(first(decoder)).astype(int) - wanted)
    halved = options.get("subsampling") in (1, 2, "4:2:0") or format == "webp"
    assert np.percentile(difference, 90) <= LOSSY
    assert difference.max() <= (16 if halved else LOSSY + 2)


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif"])
def test_orientation_turns_the_picture_upright(format: str, number: int) -> None:
    exif = Image.Exif()
    exif[0x112] = number
    require(format)
    if format == "avif" and not 1 <= number <= 8:
        pytest.skip("AVIF has other numbers, which Pillow makes of these")
    kinds = {"jpeg": {"quality": 95, "subsampling": 0}, "webp": {"lossless": True}}
    options = kinds.get(format, {"quality": 95, "subsampling": "4:4:4"})
    data = coded(smooth("RGB", (12, 8)), format, exif=exif, **options)
    picture = opened(data)
    ignored = format == "webp"  # as in browsers
    upright = picture if ignored else ImageOps.exif_transpose(picture)
    with of(data, f"image/{format}") as decoder, first(decoder) as image:
        assert (image.coded_width, image.coded_height) == (12, 8)
        assert (image.display_width, image.display_height) == upright.size
        assert not ignored or (image.rotation, image.flip) == (0, False)
        shown = np.array(image.to_ndarray(format="RGB", upright=True)).astype(int)
    assert np.abs(shown - np.asarray(upright.convert("RGB"))).max() <= LOSSY


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        ("avif", "RGB", {"quality": 95, "subsampling": "4:4:4"}),
        ("avif", "RGBA", {"quality": 95, "subsampling": "4:4:4"}),
        ("webp", "RGBA", {"lossless": True, "exact": True}),
        ("gif", "RGB", {}),
        ("gif", "RGBA", {"disposal": 2}),
        ("png", "RGBA", {}),
    ],
)
def test_frames_of_animations_come_in_any_order(
    format: str, mode: str, options: Any, is_stream: bool
) -> None:
    require(format)
    drawn = [noise(mode, (20, 12), number) for number in range(5)]
    if format == "avif":
        drawn = [smooth(mode, (20 + 8 * number, 24)).resize((20, 12)) for number in range(5)]
    delays = [40, 50, 10, 70, 80]
    how = {"save_all": True, "append_images": drawn[1:], "duration": delays, "loop": 3}
    data = coded(drawn[0], format, **how, **options)
    wanted = [np.array(each.convert("RGBA")) for each in ImageSequence.Iterator(opened(data))]
    source = iter([data[: len(data) // 3], data[len(data) // 3 :]]) if is_stream else data
    with of(source, f"image/{format}") as decoder:
        decoder.completed.result(timeout=WAIT)
        decoder.tracks.ready.result(timeout=WAIT)
        track = decoder.tracks.selected_track
        assert track is not None and track.animated and track.frame_count == 5
        assert track.repetition_count == {"avif": float("inf"), "gif": 3}.get(format, 2)
        for index in (4, 0, 3, 3, 1, 2, 0, 4):
            image = decoder.decode(index).result(timeout=WAIT).image
            assert image.timestamp == sum(delays[:index]) * 1000
            assert image.duration == delays[index] * 1000
            found, known = rgba(image).astype(int), wanted[index].astype(int)
            seen = known[..., 3] > 0
            limit = LOSSY + 2 if format == "avif" else 0
            assert np.abs(found - known)[seen].max() <= limit
            assert np.abs(found - known)[..., 3].max() <= limit


@pytest.mark.parametrize(
    ("desired", "size"),
    [
        ((48, 32), (48, 32)),
        ((47, 32), (42, 28)),
        ((24, 16), (24, 16)),
        ((1, 384), (24, 16)),
        ((25, 16), (24, 16)),
        ((5, 5), (6, 4)),
        ((1, 1), (6, 4)),
        ((0, 0), (48, 32)),
        ((2**32 - 1, 2**32 - 1), (48, 32)),
    ],
)
def test_jpeg_comes_in_eighths_of_its_size(desired: tuple[int, int], size: tuple[int, int]) -> None:
    data = coded(smooth("RGB"), "jpeg", quality=95, subsampling=0)
    smaller = opened(data).resize(size, Image.Resampling.BOX)
    wide, high = desired
    with of(data, "image/jpeg", desired_width=wide, desired_height=high) as decoder:
        image = first(decoder)
        assert (image.coded_width, image.coded_height) == size
        assert (image.display_width, image.display_height) == size
        assert np.abs(rgba(image)[..., :3].astype(int) - np.asarray(smaller)).max() <= 12


def test_progressive_jpeg_gains_detail_with_each_scan() -> None:
    dice = random.Random(3)
    rough = Image.effect_noise((64, 48), 60).convert("RGB")
    data = coded(rough, "jpeg", quality=80, progressive=True)
    wanted = np.asarray(opened(data).convert("RGB")).astype(int)
    pushed = Pushed()
    off: list[float] = []
    with of(pushed, "image/jpeg") as decoder:
        whole = decoder.decode()
        waiting = decoder.decode(complete_frames_only=False)
        at = 0
        while at < len(data):
            size = dice.randrange(20, 200)
            pushed.push(decoder, data[at : at + size])
            at += size
            if waiting.done():
                image, complete = waiting.result()
                assert complete is (at >= len(data))
                off.append(np.abs(rgba(image)[..., :3].astype(int) - wanted).mean())
                assert complete or not whole.done()
                waiting = decoder.decode(complete_frames_only=False)
        off.append(np.abs(rgba(waiting.result(timeout=WAIT).image)[..., :3] - wanted).mean())
        assert np.abs(rgba(whole.result(timeout=WAIT).image)[..., :3] - wanted).mean() < 2
        pushed.push(decoder, None)
    assert len(off) > 4 and off[0] > 2 * off[-1] and off == sorted(off, reverse=True)


def test_stored_numbers_of_a_png_stay_and_say_what_they_mean() -> None:
    with of(MEDIA["png_gama"]) as decoder, first(decoder) as image:
        assert image.color_space.transfer == "linear"
        stored = bytearray(image.allocation_size())
        image.copy_to(stored)
        assert bytes(stored[:3]) == bytes((0x20, 0x40, 0x80))  # BGR, as in png_srgb_chunk
    with of(with_cicp(MEDIA["png_rgb"])) as decoder, first(decoder) as image:
        assert (image.color_space.primaries, image.color_space.matrix) == ("smpte432", "rgb")
        # Display P3 has more saturated colours: as sRGB the same numbers are more extreme.
        stored = bytearray(image.allocation_size())
        image.copy_to(stored)
        assert bytes(stored[4:7]) == bytes((0x25, 0x00, 0x33))


def with_cicp(data: bytes) -> bytes:
    """Return a PNG that says Display P3."""
    content = b"cICP" + bytes((12, 13, 0, 1))
    chunk = (4).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_one_level_of_gray_may_be_transparent(depth: int) -> None:
    levels = np.arange(8) % (1 << depth)
    bits = "".join(format(level, f"0{depth}b") for level in levels)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big")

    def chunk(name: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(name + content)
        return len(content).to_bytes(4, "big") + name + content + crc.to_bytes(4, "big")

    header = struct.pack(">IIBBBBB", 8, 1, depth, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tRNS", b"\0\1")
    data += chunk(b"IDAT", zlib.compress(b"\0" + packed)) + chunk(b"IEND", b"")
    with ImageDecoder(data=data, type="image/png") as decoder:
        image, _ = decoder.decode().result(timeout=WAIT)
        with image:
            found = image.to_ndarray("RGBA")[0]
    gray = levels * 255 // ((1 << depth) - 1)
    assert found[:, 0].tolist() == gray.tolist()
    assert found[:, 3].tolist() == np.where(levels == 1, 0, 255).tolist()
