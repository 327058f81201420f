"""Pictures of GIF and animated WebP are those of their specifications, wherever reading begins."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from animations import Part, composed, gif, random_parts, webp

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    ImageDecoder,
    Video,
    VideoDecoder,
    VideoFrame,
    ffmpeg_info,
    read_frames,
)

WIDTH, HEIGHT, COUNT = 16, 17, 11
TOLERANCES = {"gif": 0, "webp": 3}  # libwebp mixes with fewer bits than the formula has
NEEDS_INDEX = {"webp": 9}


def made(kind: str, seed: int) -> tuple[list[Part], bytes]:
    parts = random_parts(
        seed, COUNT, WIDTH, HEIGHT, disposes=3 if kind == "gif" else 2, binary=kind == "gif"
    )
    dice = random.Random(seed)
    for part in parts:
        part.blend = part.blend or kind == "gif"
        if dice.random() < 0.5:
            part.pixels[..., 3] = 255
    parts[0].dispose %= 2  # before the first picture there is nothing
    return parts, (gif if kind == "gif" else webp)(parts, WIDTH, HEIGHT)


def assert_shown(kind: str, frames: Iterable[VideoFrame], expected: list[Any]) -> None:
    found = []
    for frame in frames:
        with frame:
            found.append(frame.to_ndarray("RGBA"))
    assert len(found) == len(expected)
    for pixels, shown in zip(found, expected, strict=True):
        apart = np.abs(pixels.astype(int) - shown)
        apart[(pixels[..., 3] == 0) & (shown[..., 3] == 0)] = 0
        assert apart.max() <= TOLERANCES[kind]


@pytest.mark.divided
@pytest.mark.parametrize("kind", TOLERANCES)
def test_pictures_are_the_same_wherever_reading_begins(kind: str) -> None:
    dice = random.Random(2)
    has_index = int(ffmpeg_info().release.split(".")[0]) >= NEEDS_INDEX.get(kind, 0)
    for seed in range(10):
        parts, data = made(kind, seed)
        expected = composed(parts, WIDTH, HEIGHT)
        assert_shown(kind, read_frames(data), expected)
        at = dice.randrange(COUNT)
        start = sum(1000 * part.delay for part in parts[:at])
        assert_shown(kind, read_frames(data, start=start), expected[at:])
        if not has_index:
            continue
        order = [dice.randrange(COUNT) for _ in range(COUNT)]
        with Video(data) as video, Video(data, cache_bytes=0) as other:
            shown = [expected[index] for index in order]
            assert_shown(kind, (video[index] for index in order), shown)
            assert_shown(kind, reversed(video), expected[::-1])
            assert_shown(kind, other.frames(order), shown)
        found: list[VideoFrame] = []
        with (
            Demuxer(data) as demuxer,
            VideoDecoder(output=found.append, error=pytest.fail) as decoder,
        ):
            decoder.configure(demuxer.video_config)
            for chunk in demuxer.chunks(start):
                decoder.decode(chunk)
            decoder.flush().result()
        assert len(found) >= COUNT - at
        assert_shown(kind, found, expected[-len(found) :])


def test_a_picture_outside_the_screen_of_a_gif_is_an_error_and_not_left_out() -> None:
    parts, _ = made("gif", 1)
    far = Part(np.full((3, 4, 4), 255, np.uint8), 100, 2, 0, True)
    data = gif([*parts[:2], far, *parts[2:]], WIDTH, HEIGHT)
    frames = read_frames(data)
    assert_shown("gif", [next(frames), next(frames)], composed(parts[:2], WIDTH, HEIGHT))
    with pytest.raises(EncodingError, match="gif cannot decode the chunk at"):
        next(frames)
    with ImageDecoder(data=data, type="image/gif") as decoder:
        images = [decoder.decode(index).result().image for index in (3, 4)]
    assert_shown("gif", images, composed(parts[:4], WIDTH, HEIGHT)[2:])
