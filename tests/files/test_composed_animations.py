"""Pictures of animations, composed of their parts: what Pillow and Chromium show, in any order."""

from __future__ import annotations

import io
import random
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from animations import Part, apng, composed, gif, random_parts, webp
from clips import run_ffmpeg
from image_files import MEDIA, TYPES, VECTORS, damaged
from PIL import Image, ImageSequence

from ffwebcodecs import EncodingError
from ffwebcodecs._spec.images.composing import pictures_needed
from ffwebcodecs._spec.images.facts import BadImage, ImageFacts
from ffwebcodecs._spec.images.kinds import kind_of, scan
from ffwebcodecs.files._animation import COMPOSED, Animation

KINDS = {"gif": gif, "png": apng, "webp": webp}


def facts_of(kind: str, data: bytes) -> ImageFacts:
    facts = scan(kind, data, True)
    assert facts is not None
    return facts


def pixels_of(animation: Animation, facts: ImageFacts, index: int, data: bytes) -> Any:
    with animation.frame(facts, 0, index, data) as frame:
        return frame.to_ndarray("RGBA")


def answers() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Return what Chromium showed of each animation, picture for picture."""
    found = {}
    for case in VECTORS["cases"]:
        media = case["steps"][0].get("data", {}).get("media")
        if case["id"].startswith("all_frames/") and kind_of(TYPES[media]) in COMPOSED:
            step = [one["op"] for one in case["steps"]].index("image_decode_all")
            found[media] = [one for one in case["results"][step]["value"] if "rejects" not in one]
    return found


ANSWERS = {
    name: pictures for name, pictures in answers().items() if pictures[0]["duration"] is not None
}


@pytest.mark.parametrize("name", ANSWERS)
def test_pictures_are_those_that_chromium_shows(name: str) -> None:
    kind, data = kind_of(TYPES[name]), MEDIA[name]
    facts, animation = facts_of(kind, data), Animation()
    assert len(ANSWERS[name]) == len(facts.tracks[0].frames)
    for index, expected in enumerate(ANSWERS[name]):
        with animation.frame(facts, 0, index, data) as frame:
            assert (frame.timestamp, frame.duration) == (
                expected["timestamp"],
                expected["duration"],
            )
            pixels = frame.to_ndarray("RGBA")
        assert pixels.shape == (expected["height"], expected["width"], 4)
        for x, y, color in expected["pixels"]:
            assert color is None or bytes(pixels[y, x]).hex() == color


def assert_shown(facts: ImageFacts, data: bytes, expected: list[Any], tolerance: int) -> None:
    animation = Animation()
    assert len(facts.tracks[0].frames) == len(expected)
    for index, shown in enumerate(expected):
        assert_alike(pixels_of(animation, facts, index, data), shown, tolerance)


def assert_alike(pixels: Any, expected: Any, tolerance: int) -> None:
    """Compare RGBA; what is transparent has no colour."""
    assert pixels.shape == expected.shape
    apart = np.abs(pixels.astype(int) - expected)
    apart[..., :3][(pixels[..., 3] == 0) & (expected[..., 3] == 0)] = 0
    assert apart.max() <= tolerance


@pytest.mark.divided
@pytest.mark.parametrize("seed", range(6))
def test_apng_is_composed_as_its_specification_says(seed: int) -> None:
    parts = random_parts(seed, 12, 23, 15)
    data = apng(parts, 23, 15)
    assert_shown(facts_of("png", data), data, composed(parts, 23, 15), 1)


@pytest.mark.divided
@pytest.mark.parametrize("seed", range(6))
def test_gif_is_composed_as_ffmpeg_does_it(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "some.gif"
    parts = random_parts(seed, 12, 23, 17, binary=True)  # those of 16 rows are interlaced
    for part in parts:
        part.blend = True
    path.write_bytes(data := gif(parts, 23, 17))
    raw = run_ffmpeg("-i", path, "-vsync", "0", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    expected = list(np.frombuffer(raw, np.uint8).reshape(-1, 17, 23, 4))
    assert_shown(facts_of("gif", data), data, expected, 0)
    parts[0].dispose %= 2  # before the first picture there is nothing
    data = gif(parts, 23, 17)
    assert_shown(facts_of("gif", data), data, composed(parts, 23, 17), 0)


@pytest.mark.divided
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("lossless", [True, False])
def test_webp_is_composed_as_libwebp_does_it(seed: int, lossless: bool) -> None:
    parts = random_parts(seed, 12, 24, 16, disposes=2)
    for part in () if lossless else parts:  # chroma is interpolated in other ways
        part.pixels[...] = part.pixels[0, 0]
    data = webp(parts, 24, 16, **({} if lossless else {"quality": 100}))
    with Image.open(io.BytesIO(data)) as image:
        expected = [np.asarray(one.convert("RGBA")) for one in ImageSequence.Iterator(image)]
    # It mixes with fewer bits than PNG's formula.
    assert_shown(facts_of("webp", data), data, expected, 3 if lossless else 6)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_the_same_in_any_order(kind: str) -> None:
    parts = random_parts(3, 40, 16, 12, disposes=2 if kind == "webp" else 3, binary=kind == "gif")
    for part in parts[1:]:  # none of them covers the canvas
        part.pixels = part.pixels[:10, :14]
        part.blend = True
    data = KINDS[kind](parts, 16, 12)
    facts, animation = facts_of(kind, data), Animation()
    expected = [pixels_of(animation, facts, index, data) for index in range(40)]
    dice = random.Random(1)
    orders = [*range(39, -1, -1)], [dice.randrange(40) for _ in range(40)]
    for order in orders:
        animation = Animation()
        for index in order:
            assert np.array_equal(pixels_of(animation, facts, index, data), expected[index])
    animation.forget()
    assert np.array_equal(pixels_of(animation, facts, 39, data), expected[39])


def test_a_canvas_that_is_too_large_is_refused() -> None:
    data = MEDIA["gif_loop_0"]
    with pytest.raises(EncodingError, match=r"4x2 is 8 pixels, more than max_pixels=7"):
        Animation().frame(facts_of("gif", data), 0, 1, data, max_pixels=7)


def test_a_picture_that_is_larger_than_its_canvas_is_cut() -> None:
    parts = random_parts(1, 2, 8, 6, binary=True)
    for part in parts:
        part.dispose, part.blend = 0, True
    far = Part(np.full((30, 40, 4), 255, np.uint8), 4, 2, 0, True)
    outside = Part(np.full((3, 4, 4), 255, np.uint8), 100, 2, 0, True)
    data = gif([*parts, far, outside], 8, 6)
    facts, animation = facts_of("gif", data), Animation()
    expected = composed(parts, 8, 6)[1]
    expected[2:, 4:] = 255
    for index in (2, 3):
        assert np.array_equal(pixels_of(animation, facts, index, data), expected)
    with pytest.raises(EncodingError, match="40x30 is 1200 pixels"):
        animation.frame(facts, 0, 2, data, max_pixels=1000)


def test_data_of_a_gif_that_ends_early_is_an_error() -> None:
    colors = np.random.default_rng(1).integers(0, 2, (40, 40, 1), np.uint8) * 255
    for alpha in (255, colors):
        pixels = np.concatenate(
            [colors, colors, colors, colors * 0 + alpha], axis=2, dtype=np.uint8
        )
        data = gif([Part(pixels, 0, 0, 0, True)] * 2, 40, 40)
        part = facts_of("gif", data).tracks[0].frames[0]
        place = data.index(b"\x2c\0\0\0\0", part.start)
        place += 10 + (3 << (data[place + 9] & 7) + 1) + 1
        short = data[:place] + b"\x28" + data[place + 1 : place + 41] + b"\0" + data[part.stop :]
        with pytest.raises(EncodingError, match="picture 0 of the animation is not decoded"):
            Animation().frame(facts_of("gif", short), 0, 0, short)


def test_data_of_an_apng_that_ends_early_is_an_error() -> None:
    parts = random_parts(2, 2, 40, 30)
    data = apng(parts, 40, 30)
    # The last chunk of the first picture becomes one that nobody knows.
    last = data.rindex(b"IDAT")
    name = b"zzZz"
    size = int.from_bytes(data[last - 4 : last], "big")
    content = data[last + 4 : last + 4 + size]
    crc = zlib.crc32(name + content).to_bytes(4, "big")
    short = data[:last] + name + content + crc + data[last + 8 + size :]
    facts = facts_of("png", short)
    assert facts.tracks[0].frames[0].complete
    with pytest.raises(EncodingError, match=r"picture 0 .* its data ends early"):
        Animation().frame(facts, 0, 0, short)


@pytest.mark.parametrize("name", ["gif_disposal3", "apng_blend", "webp_anim_loop3"])
def test_damaged_animations_give_pictures_or_errors(name: str) -> None:
    kind, data = kind_of(TYPES[name]), MEDIA[name]
    given = 0
    for changed in damaged(data, 60, 7):
        try:
            facts = facts_of(kind, changed)
        except BadImage:
            continue
        if facts.width * facts.height > 1 << 16:
            continue
        animation = Animation()
        for index, part in enumerate(facts.tracks[0].frames):
            if not part.complete or part.duration is None:
                break
            try:
                pixels = pixels_of(animation, facts, index, changed)
            except EncodingError:
                continue
            assert pixels.shape == (facts.height, facts.width, 4)
            given += 1
    assert given


def test_what_a_picture_needs_ends_at_one_that_hides_all() -> None:
    data = MEDIA["gif_loop_0"]
    frames = facts_of("gif", data).tracks[0].frames
    assert pictures_needed(frames, 2, 4, 2) == (False, [2])
    assert pictures_needed(frames, 2, 5, 2) == (False, [0, 1, 2])
    assert pictures_needed(frames, 2, 5, 2, known=1) == (True, [1, 2])
