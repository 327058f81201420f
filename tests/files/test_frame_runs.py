"""Pictures that the pump, or a short loop, decodes several a call are what comes one by one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clips import clip, real_clip
from frame_run_helpers import count_calls

from ffwebcodecs import EncodingError, open_handles, read_frames, transcode
from ffwebcodecs._av import pump
from ffwebcodecs._av.files.frame_run import FrameRun
from ffwebcodecs._spec.files.upcoming import Upcoming

needs_pump = pytest.mark.skipif(pump.get() is None, reason="the pump was not built here")

NAMES = (
    *("h264-bframes.mp4", "h264-bframes.ts", "h264-offset.mkv", "h264-rotated.mp4"),
    *("h264-variable-rate.mp4", "hevc-bframes.mkv", "vp8.webm", "vp9-hidden-frames.webm"),
    *("av1.mp4", "mpeg2-interlaced.ts"),
)
SPANS = ({}, {"start": 400_000, "stop": 1_000_000}, {"start": 300_000, "step": 3})
Said = list[tuple[object, ...]]


@pytest.fixture(params=["pump", "loop"])
def one_by_one(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Give what leaves both out."""
    if request.param == "loop":
        monkeypatch.setattr(pump._known, "module", None)
    elif pump.get() is None:
        pytest.skip("the pump was not built here")
    yield lambda: monkeypatch.setattr(FrameRun, "step", lambda _self, _box: False)
    monkeypatch.undo()


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list to which each call of the pump adds how many frames came of it."""
    return count_calls(monkeypatch)


def said(path: Path, **options: int) -> Said:
    found: Said = []
    try:
        for frame in read_frames(path, threads=1, **options):
            with frame:
                pixels = bytearray(frame.allocation_size())
                frame.copy_to(pixels)
                about = frame.format, frame.visible_rect, frame.rotation, frame.color_space
                digest = hashlib.md5(pixels).hexdigest()
                found.append((frame.timestamp, frame.duration, about, digest))
    except EncodingError as error:
        found.append((str(error), error.timestamp, error.code))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_frames_are_the_same(name: str, taken: list[int], one_by_one: Callable[[], None]) -> None:
    path = clip(name)
    found = [said(path, **span) for span in SPANS]
    assert sum(taken) > 20
    one_by_one()
    assert [said(path, **span) for span in SPANS] == found


def test_damage_is_told_of_the_same_packet(
    tmp_path: Path, taken: list[int], one_by_one: Callable[[], None]
) -> None:
    content = bytearray(clip("h264-bframes.mkv").read_bytes())
    noise = random.Random(16)
    for name, size in (("a.mkv", 40), ("b.mkv", 400), ("c.mkv", 4000)):
        place = len(content) * 2 // 3
        damaged = content[:]
        damaged[place : place + size] = noise.randbytes(size)
        tmp_path.joinpath(name).write_bytes(damaged)
    tmp_path.joinpath("d.mkv").write_bytes(content[: len(content) * 2 // 3])
    paths = sorted(tmp_path.iterdir())
    with pytest.warns(UserWarning, match="ends early"):
        found = [said(path) for path in paths]
    assert sum(taken) > 20
    one_by_one()
    with pytest.warns(UserWarning, match="ends early"):
        assert [said(path) for path in paths] == found


def test_sound_comes_between_the_same_frames(
    tmp_path: Path, taken: list[int], one_by_one: Callable[[], None]
) -> None:
    source = clip("h264-with-audio.mp4")
    options = {"codec": "ffmpeg:mjpeg", "start": 200_000, "stop": 1_100_000}
    transcode(source, tmp_path / "a.mov", **options)  # type: ignore[arg-type]
    assert sum(taken) > 10
    one_by_one()
    transcode(source, tmp_path / "b.mov", **options)  # type: ignore[arg-type]
    assert (tmp_path / "a.mov").read_bytes() == (tmp_path / "b.mov").read_bytes()


@needs_pump  # the loop keeps empty frames in stock
def test_few_small_frames_and_one_large_one_are_decoded_ahead(taken: list[int]) -> None:
    for name, most in ((clip("h264-bframes.mp4"), 8), (real_clip(), 1)):
        taken.clear()
        before = open_handles()["frame"]
        frames = read_frames(name, threads=1)
        next(frames).close()
        assert taken == []  # who wants one frame does not wait for more
        for _, frame in zip(range(30), frames, strict=False):
            frame.close()
            # The decoder's loop keeps one to receive into.
            assert open_handles()["frame"] - before <= most + 1
        assert max(taken) == most
        frames.close()  # type: ignore[attr-defined]
        assert open_handles()["frame"] == before


@needs_pump
def test_what_is_foreseen_in_c_is_what_python_foresees() -> None:
    dice = random.Random(16)
    for _ in range(200):
        slow, quick = Upcoming(), pump.upcoming()
        dts = 0
        for _ in range(60):
            what = dice.random()
            if what < 0.5:
                dts += dice.choice((1000, 1000, 1000, 0, -5000))
                time = dts + dice.choice((0, 1000, 3000))
                slow.add(time, dts)
                quick.add(time, dts)
            elif what < 0.98:
                time, stated = dts + dice.randrange(-3000, 3000), dice.choice((0, 900, 1000, 2000))
                found = quick.lasting(time, stated)
                assert slow.lasting(time, stated) == (stated if found is None else found)
            else:
                slow.end()
                quick.end()
    quick = pump.upcoming()
    quick.add(2**62, -(2**63))
    assert quick.lasting(-(2**62), 5) == 5  # decoded without a time
    quick.end()
    assert quick.lasting(-(2**62), 5) == 2**63
    assert quick.lasting(2**62, 5) is None
