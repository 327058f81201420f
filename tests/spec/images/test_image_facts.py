"""Facts of files that Pillow writes are those that Pillow was told."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from ffwebcodecs._spec.images.facts import MOST_PICTURES, BadImage, ImageFacts
from ffwebcodecs._spec.images.kinds import kind_of, scan, scanner_of

FORMATS = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP", "bmp": "BMP"} | (
    {"avif": "AVIF"} if features.check("avif") else {}
)
TURNS = {1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True)}
TURNS |= {5: (90, True), 6: (90, False), 7: (270, True), 8: (270, False)}


def written(kind: str, image: Any, **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, FORMATS[kind], **options)
    return data.getvalue()


def facts_of(kind: str, data: bytes) -> ImageFacts:
    facts = scan(kind, data, True)
    assert facts is not None
    return facts


def picture(mode: str, width: int, height: int, seed: int = 0) -> Any:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    return Image.fromarray(noise).convert(mode)


@pytest.mark.parametrize("kind", FORMATS)
def test_size_of_a_still_picture_and_that_it_is_one(kind: str) -> None:
    for width, height in ((1, 1), (37, 21), (300, 2)):
        facts = facts_of(kind, written(kind, picture("RGB", width, height)))
        assert (facts.width, facts.height, facts.kind) == (width, height, kind)
        (track,) = facts.tracks
        assert (track.animated, track.repetition_count, len(track.frames)) == (False, 0, 1)
        (part,) = track.frames
        assert (part.rect, part.complete, part.damage) == ((0, 0, width, height), True, None)
        assert facts.default_track() == facts.default_track(False) == facts.default_track(True) == 0


@pytest.mark.parametrize("kind", ["png", "webp", "avif"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_alpha_is_said(kind: str, mode: str) -> None:
    if kind not in FORMATS:
        pytest.skip("this Pillow writes no AVIF")
    assert facts_of(kind, written(kind, picture(mode, 9, 7))).has_alpha is (mode == "RGBA")


@pytest.mark.parametrize("kind", ["png", "jpeg", "avif", "webp"])
@pytest.mark.parametrize("number", [*range(1, 9), 0, 9])
def test_orientation_is_that_of_exif_but_not_in_webp(kind: str, number: int) -> None:
    if kind not in FORMATS:
        pytest.skip("this Pillow writes no AVIF")
    exif = Image.Exif()
    exif[0x112] = number
    facts = facts_of(kind, written(kind, picture("RGB", 8, 6), exif=exif))
    expected = (0, False) if kind == "webp" else TURNS.get(number, (0, False))
    assert (facts.rotation, facts.flip) == expected


@pytest.mark.parametrize("kind", ["gif", "png", "webp"])
@pytest.mark.parametrize("loop", [0, 1, 2, 7])
def test_pictures_delays_and_repetitions_of_an_animation(kind: str, loop: int) -> None:
    delays = [20, 100, 3000, 70, 10]
    images = [picture("RGB", 12, 8, seed) for seed in range(5)]
    options: dict[str, Any] = {"save_all": True, "append_images": images[1:], "duration": delays}
    facts = facts_of(kind, written(kind, images[0], loop=loop, **options))
    (track,) = facts.tracks
    assert track.animated
    assert [part.duration for part in track.frames] == [delay * 1000 for delay in delays]
    assert [part.timestamp for part in track.frames] == [
        sum(delays[:number]) * 1000 for number in range(5)
    ]
    again = loop if kind == "gif" else loop - 1
    assert track.repetition_count == (again if loop else math.inf)
    starts = [part.start for part in track.frames]
    assert starts == sorted(starts)
    assert all(part.complete for part in track.frames)


def test_a_gif_that_says_nothing_of_loops_is_not_repeated() -> None:
    images = [picture("P", 5, 4, seed) for seed in range(2)]
    data = written("gif", images[0], save_all=True, append_images=images[1:], duration=50)
    assert facts_of("gif", data).tracks[0].repetition_count == 0


def test_profiles_and_depths_are_said() -> None:
    deep = Image.fromarray(np.full((3, 4), 40_000, np.uint16))
    assert facts_of("png", written("png", deep)).bit_depth == 16
    profile = b"\0" * 128
    for kind in ("png", "jpeg", "webp"):
        data = written(kind, picture("RGB", 4, 3), icc_profile=profile)
        assert facts_of(kind, data).has_icc
        assert not facts_of(kind, written(kind, picture("RGB", 4, 3))).has_icc


@pytest.mark.parametrize(
    ("type", "kind"),
    [("image/PNG", "png"), ("IMAGE/apng", "png"), ("image/x-png", "png"), ("image/pjpeg", "jpeg")]
    + [("image/jpg", "jpeg"), ("image/x-xbitmap", "xbm"), ("image/jxl", "jxl")]
    + [(one, None) for one in ("image/png;charset=x", " image/png", "image/*", "png", "")]
    + [(f"image/{one}", None) for one in ("svg+xml", "x-icon", "tiff", "heic", "jp2", "x-ms-bmp")],
)
def test_types_are_those_of_browsers(type: str, kind: str | None) -> None:
    assert kind_of(type) == kind


def test_an_x_bitmap_is_read() -> None:
    data = io.BytesIO()
    Image.new("1", (19, 3)).save(data, "XBM")
    facts = facts_of("xbm", data.getvalue())
    assert (facts.width, facts.height, facts.bit_depth) == (19, 3, 1)
    with pytest.raises(BadImage, match="not defined"):
        scan("xbm", b"#define a 1\nstatic char b[] = {", True)


def test_a_jpeg_xl_says_its_size_in_a_box_or_alone() -> None:
    # ISO/IEC 18181-1, SizeHeader: not small, 9 bits of height - 1, ratio 1 (a square), all default.
    bits = 0 | 0 << 1 | 255 << 3 | 1 << 12 | 1 << 15
    alone = b"\xff\x0a" + bits.to_bytes(8, "little")
    boxed = b"\0\0\0\x0cJXL \r\n\x87\n" + (8 + len(alone)).to_bytes(4, "big") + b"jxlc" + alone
    for data in (alone, boxed):
        facts = facts_of("jxl", data)
        assert (facts.width, facts.height) == (256, 256)
        assert scan("jxl", data[:2], False) is None


def test_what_a_file_may_claim_has_limits() -> None:
    picture = b"\x2c\0\0\0\0\1\0\1\0\0\2\0"
    many = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + picture * (MOST_PICTURES + 1)
    with pytest.raises(BadImage, match=f"more than {MOST_PICTURES} pictures"):
        scan("gif", many, True)
    chunk = b"\0\0\0\0teSt\0\0\0\0"
    with pytest.raises(BadImage, match="more than 262144 chunks"):
        scan("png", written("png", picture_of_one())[:33] + chunk * ((1 << 18) + 1), False)


def picture_of_one() -> Any:
    return picture("L", 1, 1)


def test_long_data_is_looked_at_once() -> None:
    # A run of 0xff, and coded data that comes in many pieces: both in proportion to their length.
    data = written("jpeg", picture("RGB", 64, 64))
    growing = bytearray(data[:-2])
    scanner = scanner_of("jpeg")
    for _ in range(300):
        growing += b"\xff" * 10_000
        assert scanner.scan(growing, False) is not None
    growing += b"\xff\xd9"
    facts = scanner.scan(growing, False)
    assert facts is not None
    assert facts.tracks[0].frames[0].complete
    assert facts.tracks[0].frames[0].stop == len(growing)
