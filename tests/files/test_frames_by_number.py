"""Where packets are known by number, pictures decoded several a call are what comes one by one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from clips import clip
from frame_run_helpers import count_calls

from ffwebcodecs import EncodingError, InvalidStateError, Video, read_frames, transcode
from ffwebcodecs._av import pump
from ffwebcodecs._av.files.frame_run import FrameRun

pytestmark = pytest.mark.skipif(pump.get() is None, reason="the pump was not built here")

NAMES = ("h264-bframes.mp4", "h264-bframes.ts", "hevc-bframes.mkv", "vp9-hidden-frames.webm")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list to which each call of the pump adds how many frames came of it."""
    return count_calls(monkeypatch)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Give what leaves the pump out."""
    return lambda: monkeypatch.setattr(FrameRun, "step", lambda _self, _box: False)


def said(path: Path) -> list[Any]:
    found: list[Any] = []
    with Video(path, threads=1) as video:
        count = len(video)
        for wanted in (range(count), range(count - 1, -1, -1), range(3, count, 4), [9, 30, 10]):
            frames = iter(video.frames(wanted))
            try:
                for frame in frames:
                    with frame:
                        pixels = bytearray(frame.allocation_size())
                        frame.copy_to(pixels)
                        digest = hashlib.md5(pixels).hexdigest()
                        found.append((frame.timestamp, frame.duration, digest))
            except EncodingError as error:
                found.append((str(error), error.timestamp, error.code))
        found.append(video.stats)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_frames_of_a_video(name: str, taken: list[int], one_by_one: Callable[[], None]) -> None:
    found = said(clip(name))
    assert sum(taken) > 60
    one_by_one()
    assert said(clip(name)) == found


def test_a_damaged_video(tmp_path: Path, taken: list[int], one_by_one: Callable[[], None]) -> None:
    path = clip("vp9-hidden-frames.webm")
    with Video(path) as video:
        table = video._core.engine.table
        bad = int(table.keys[-1]) - 4
        place, size = int(table.position[bad]), int(table.size[bad])
    data = bytearray(path.read_bytes())
    data[place + 8 : place + size] = bytes(size - 8)  # behind the header of the block
    damaged = tmp_path / "damaged.webm"
    damaged.write_bytes(data)
    found = said(damaged)
    assert sum(taken) > 20
    one_by_one()
    assert said(damaged) == found


def test_a_conversion_in_parts(
    tmp_path: Path, taken: list[int], one_by_one: Callable[[], None]
) -> None:
    source = clip("h264-with-audio.mp4")
    options: dict[str, Any] = {"codec": "ffmpeg:mjpeg", "start": 100_000, "stop": 1_300_000}
    with ThreadPoolExecutor(1) as pool:
        transcode(source, tmp_path / "a.mov", executor=pool, **options)
        assert sum(taken) > 10
        one_by_one()
        transcode(source, tmp_path / "b.mov", executor=pool, **options)
    assert (tmp_path / "a.mov").read_bytes() == (tmp_path / "b.mov").read_bytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_fork_has_no_frames_that_it_has_not_decoded(taken: list[int]) -> None:
    def frames() -> Iterator[Any]:
        return iter(read_frames(clip("h264-bframes.mp4"), threads=1))

    found = frames()
    while max(taken, default=0) < 4:
        next(found).close()
    child = os.fork()
    if not child:
        code = 1
        try:
            next(found)
        except InvalidStateError:
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    next(found).close()
