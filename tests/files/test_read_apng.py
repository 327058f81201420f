"""Pictures of an APNG are those of PNG's specification, on whichever way they are read."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from animations import composed
from apng_kinds import KINDS, WAYS, painted, random_ways, with_a_still
from cli_helpers import call
from PIL import Image

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    ImageDecoder,
    Video,
    VideoDecoder,
    VideoFrame,
    read_frames,
    transcode,
)
from ffwebcodecs._av.codecs.decoder import has_decoder

pytestmark = pytest.mark.skipif(
    not has_decoder("apng"), reason="this FFmpeg's APNG decoder is not used"
)

WIDTH, HEIGHT = 8, 6
MIXED = 2  # FFmpeg mixes with fewer bits than the formula has


def pixels_of(frames: Iterable[VideoFrame]) -> list[Any]:
    found = []
    for frame in frames:
        with frame:
            found.append(frame.to_ndarray("RGBA"))
    return found


def assert_alike(frames: list[Any], expected: list[Any]) -> None:
    assert len(frames) == len(expected)
    for number, (pixels, shown) in enumerate(zip(frames, expected, strict=True)):
        apart = np.abs(pixels.astype(int) - shown)
        apart[(pixels[..., 3] == 0) & (shown[..., 3] == 0)] = 0
        assert apart.max() <= MIXED, number


def decoded(chunks: Iterable[Any], config: Any) -> list[Any]:
    found: list[Any] = []
    with VideoDecoder(
        output=lambda frame: found.extend(pixels_of([frame])), error=pytest.fail
    ) as decoder:
        decoder.configure(config)
        for each in chunks:
            decoder.decode(each)
        decoder.flush().result()
    return found


@pytest.mark.divided
@pytest.mark.parametrize("second", WAYS)
def test_two_pictures_are_laid_over_the_first_in_any_way(second: tuple[int, bool, bool]) -> None:
    for seed, third in enumerate(WAYS):
        ways = [(seed % 3, bool(seed & 1), True), second, third, (0, True, False)]
        parts, data = painted("rgba", seed, ways, WIDTH, HEIGHT)
        assert_alike(pixels_of(read_frames(data)), composed(parts, WIDTH, HEIGHT))


@pytest.mark.divided
@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_of_pixels_is_composed(kind: str) -> None:
    for seed in range(8):
        parts, data = painted(kind, seed, random_ways(seed, 7), WIDTH, HEIGHT)
        expected = composed(parts, WIDTH, HEIGHT)
        assert_alike(pixels_of(read_frames(data)), expected)
        with ImageDecoder(data=data, type="image/apng") as decoder:
            images = [decoder.decode(index).result().image for index in range(7)]
            assert_alike(pixels_of(images), expected)


@pytest.mark.divided
@pytest.mark.parametrize("kind", ["rgba", "rgb", "transparent palette", "4 transparent colours"])
def test_pictures_are_the_same_wherever_reading_begins(kind: str) -> None:
    count, dice = 11, random.Random(1)
    for seed in range(8):
        parts, data = painted(kind, seed, random_ways(seed, count), WIDTH, HEIGHT)
        expected = composed(parts, WIDTH, HEIGHT)
        order = [dice.randrange(count) for _ in range(count)]
        with Video(data) as video, Video(data, cache_bytes=0) as other:
            assert_alike(pixels_of(video[index] for index in order), [expected[i] for i in order])
            assert_alike(pixels_of(reversed(video)), expected[::-1])
            assert_alike(pixels_of(other.frames(order)), [expected[index] for index in order])
            times = [int(time) for time in video.timestamps]
        at = order[0]
        assert_alike(pixels_of(read_frames(data, start=times[at])), expected[at:])
        with Demuxer(data) as demuxer:
            assert_alike(decoded(demuxer.chunks(), demuxer.video_config), expected)
        with Demuxer(data) as demuxer:
            found = decoded(demuxer.chunks(times[at]), demuxer.video_config)
            assert len(found) >= count - at
            assert_alike(found, expected[-len(found) :])


def test_a_film_that_is_decoded_twice_begins_with_nothing() -> None:
    parts, data = painted("rgba", 1, [(0, True, True), (1, True, True)] * 3, WIDTH, HEIGHT)
    with Demuxer(data) as demuxer:
        chunks = list(demuxer.chunks())
        assert [each.type for each in chunks] == ["key"] + ["delta"] * 5
        found = decoded([*chunks, *chunks], demuxer.video_config)
    assert_alike(found, 2 * composed(parts, WIDTH, HEIGHT))


def test_a_still_before_the_animation_is_not_shown() -> None:
    parts, data = painted("rgba", 2, random_ways(2, 5), WIDTH, HEIGHT)
    data = with_a_still(data, WIDTH, HEIGHT)
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 6  # Pillow counts it
    assert_alike(pixels_of(read_frames(data)), composed(parts, WIDTH, HEIGHT))


@pytest.mark.parametrize("kind", ["rgba", "rgb", "4 transparent colours"])
def test_a_conversion_without_loss_has_the_same_pictures(kind: str, tmp_path: Path) -> None:
    parts, data = painted(kind, 5, random_ways(5, 8), WIDTH, HEIGHT)
    transcode(data, tmp_path / "other.apng", alpha="keep")
    with Image.open(tmp_path / "other.apng") as image:
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            found.append(np.asarray(image.convert("RGBA")))
    assert_alike(found, composed(parts, WIDTH, HEIGHT))


def test_the_command_line_writes_the_same_pictures(tmp_path: Path) -> None:
    parts, data = painted("rgba", 7, random_ways(7, 6), WIDTH, HEIGHT)
    path = tmp_path / "some.png"
    path.write_bytes(data)
    assert call("frames", path, "-o", tmp_path / "out", "--quiet") == 0
    found = []
    for each in sorted((tmp_path / "out").iterdir()):
        with Image.open(each) as image:
            found.append(np.asarray(image.convert("RGBA")))
    assert_alike(found, composed(parts, WIDTH, HEIGHT))


def test_damage_is_an_error_for_any_number_of_threads() -> None:
    # With threads, FFmpeg 5.1 waits for ever for the rest of the first picture.
    _, data = painted("gray", 3, random_ways(3, 5), WIDTH, HEIGHT)
    place = data.index(b"IDAT", data.index(b"IDAT") + 4)
    damaged = data[:place] + b"IDA\x01" + data[place + 4 :]
    for threads in (1, 2, 4):
        with pytest.raises(EncodingError, match="apng cannot decode the chunk at 0 us"):
            next(read_frames(damaged, threads=threads))
