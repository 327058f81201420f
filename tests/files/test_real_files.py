"""Files that cameras and other people's programs wrote, against a linear decode by the ffmpeg
program: each picture, and any of them by its time. The suite looks at the beginning of each file,
`make attack` at all of it.
"""

from __future__ import annotations

import functools
import hashlib
import random
from contextlib import closing
from itertools import islice
from typing import NamedTuple

import attack
import pytest
import suite
from clips import OPENCV_CLIPS, framemd5, real_clip

from ffwebcodecs import VideoFrame, read_frames

pytestmark = [pytest.mark.divided, pytest.mark.attack]

BEGINNING = None if attack.LONG else 25
real_file = pytest.mark.parametrize("name", ["carphone_pristine.mp4", *OPENCV_CLIPS])


class Picture(NamedTuple):
    timestamp: int
    digest: str


def look(frame: VideoFrame) -> Picture:
    """Hash all pixels, as framemd5 does; closes the frame."""
    with frame:
        pixels = bytearray(frame.allocation_size())
        frame.copy_to(pixels)
        return Picture(frame.timestamp, hashlib.md5(pixels, usedforsecurity=False).hexdigest())


@functools.cache
def pictures(name: str) -> list[Picture]:
    with closing(read_frames(real_clip(name), threads=1)) as running:
        return [look(frame) for frame in islice(running, BEGINNING)]


def some_of(name: str, few: int) -> list[int]:
    count = len(pictures(name))
    chance = random.Random(f"{suite.SEED} {name}")
    return chance.sample(range(count), count if attack.LONG else min(few, count))


@real_file
def test_a_linear_read_gives_the_pictures_of_the_ffmpeg_program(name: str) -> None:
    expected = framemd5(real_clip(name), frames=BEGINNING)
    found = pictures(name)
    assert [p.digest for p in found] == [frame.digest for frame in expected]
    times = [picture.timestamp for picture in found]
    assert times == sorted(set(times))


@real_file
def test_start_gives_the_picture_of_that_time(name: str) -> None:
    for index in some_of(name, 4):
        expected = pictures(name)[index]
        with closing(read_frames(real_clip(name), start=expected.timestamp, threads=1)) as running:
            assert look(next(running)) == expected, index
