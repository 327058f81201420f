"""Frames without times, ranges without frames, the last picture: what a film's times must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convert_helpers import FAST, ends, film, times
from encode_helpers import need

from ffwebcodecs import (
    DataError,
    EncodingError,
    InvalidArgumentError,
    Video,
    VideoFrame,
    read_frames,
    remux,
    transcode,
    write_frames,
)

pytestmark = pytest.mark.divided

FRAMES = 30


def frames(
    time: Callable[[int], int], count: int = FRAMES, last: int | None = None
) -> Iterator[VideoFrame]:
    for number in range(count):
        duration = last if number == count - 1 else None
        pixels = np.full((16, 16, 3), number * 8 % 256, np.uint8)
        yield VideoFrame.from_ndarray(pixels, timestamp=time(number), duration=duration)


def write(given: Iterator[VideoFrame], path: Path, **options: Any) -> int:
    return write_frames(given, path, encoder_options=FAST, **options).frames_written


@pytest.mark.parametrize("count", [1, 2, 3, FRAMES])
def test_frames_at_one_time_are_numbered_by_the_rate(count: int, tmp_path: Path) -> None:
    given = frames(lambda number: 7_000_000, count)
    assert write(given, tmp_path / "a.mp4", framerate=25) == count
    assert times(tmp_path / "a.mp4") == [7_000_000 + number * 40_000 for number in range(count)]


def test_mapped_frames_at_one_time_are_numbered_by_the_rate(tmp_path: Path) -> None:
    def plain(frame: VideoFrame) -> VideoFrame:
        return next(frames(lambda number: 0, 1))

    transcode(film(), tmp_path / "a.mp4", map_frame=plain, framerate=10, encoder_options=FAST)
    assert times(tmp_path / "a.mp4") == [number * 100_000 for number in range(75)]


def test_only_the_frames_that_share_a_time_are_numbered(tmp_path: Path) -> None:
    # Four at 0, then one each tenth of a second from the half second on.
    given = frames(lambda number: 0 if number < 4 else 100_000 * (number + 1), 10)
    assert write(given, tmp_path / "a.mp4", framerate=10) == 11  # the fourth is shown twice
    given = frames(lambda number: 0 if number < 2 else 100_000 * (number - 1), 10)
    assert write(given, tmp_path / "a.mp4", framerate=10) == 9  # two at a time: the later one


@pytest.mark.parametrize("framerate", [None, 30])
@pytest.mark.parametrize(
    ("unit", "said"), [(0, "timestamp 5 us"), (1, "between 5 and 34 us"), (33, "5 and 962 us")]
)
def test_frames_shown_in_an_instant_are_refused(
    unit: int, said: str, framerate: int | None, tmp_path: Path
) -> None:
    if not unit and framerate:
        return
    with pytest.raises(DataError, match=f"{said}.*1_000_000 a second"):
        write(frames(lambda number: 5 + unit * number), tmp_path / "a.mp4", framerate=framerate)
    assert not list(tmp_path.iterdir())


def test_endless_frames_without_times_are_refused_soon(tmp_path: Path) -> None:
    def endless() -> Iterator[VideoFrame]:
        while True:
            yield from frames(lambda number: 0)

    with pytest.raises(DataError, match="framerate=25"):
        write(endless(), tmp_path / "a.mp4")


def test_nothing_is_not_written(tmp_path: Path) -> None:
    old = tmp_path / "a.mp4"
    old.write_text("old")
    with pytest.raises(EncodingError, match="no frame to write"):
        write(iter(()), old)
    with pytest.raises(EncodingError, match="map_frame dropped all 75 frames"):
        transcode(film(), old, map_frame=lambda frame: None)
    assert old.read_text() == "old"


@pytest.mark.parametrize(
    ("start", "stop", "said"),
    [
        (1, 2, r"start=1, stop=2 are microseconds: a second is 1_000_000"),
        (60_000_000, None, r"from 60 s on: the film.s are from 0 s to 3 s$"),
        (3_500_000, 4_000_000, r"from 3\.5 s to 4 s: the film"),
    ],
)
def test_a_range_without_frames_is_an_error(
    start: int, stop: int | None, said: str, tmp_path: Path
) -> None:
    with pytest.raises(EncodingError, match=f"no frame in this range.*{said}"):
        transcode(film("recording.ts"), tmp_path / "a.mp4", start=start, stop=stop)
    assert not list(tmp_path.iterdir())


def test_a_range_that_ends_before_it_begins_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="stop is 1, it must be after start"):
        transcode(film(), tmp_path / "a.mp4", start=2, stop=1)


def test_a_held_last_picture_keeps_its_duration(tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    held = frames(lambda number: number * 100_000, 11, last=2_000_000)
    write_frames(held, source, encoder_options={**FAST, "bf": "0"})
    assert ends(source) == 3
    for suffix in ("mp4", "mkv"):
        transcode(source, tmp_path / f"t.{suffix}", encoder_options=FAST)
        remux(source, tmp_path / f"r.{suffix}")
        assert (ends(tmp_path / f"t.{suffix}"), ends(tmp_path / f"r.{suffix}")) == (3, 3)
    transcode(source, tmp_path / "even.mp4", framerate=10, encoder_options=FAST)
    assert times(tmp_path / "even.mp4") == [number * 100_000 for number in range(30)]
    lasting = [frame.duration for frame in read_frames(source)]
    assert lasting == [100_000] * 10 + [2_000_000]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_last_picture_is_held_that_is_not_decoded_last(suffix: str, tmp_path: Path) -> None:
    # Of reordered pictures MP4 states no duration, and Matroska of none: only when all ends.
    source = tmp_path / f"a.{suffix}"
    held = frames(lambda number: number * 100_000, 11, last=2_000_000)
    write_frames(held, source, encoder_options={"preset": "veryfast", "bf": "3"})
    assert ends(source) == 3
    transcode(source, tmp_path / "t.mp4", encoder_options=FAST)
    transcode(source, tmp_path / "even.mp4", framerate=10, encoder_options=FAST)
    assert ends(tmp_path / "t.mp4") == 3
    for copy in ("r.mp4", "r.mkv"):
        remux(source, tmp_path / copy)
        assert ends(tmp_path / copy) == 3
    assert [frame.duration for frame in read_frames(source)][-1] == 2_000_000
    with Video(source) as video, video[10] as frame:
        assert frame.duration == 2_000_000
        assert video.duration == 3_000_000
        assert video.at(2_900_000).timestamp == 1_000_000
    remux(source, tmp_path / "cut.mp4", stop=1_500_000)
    assert ends(tmp_path / "cut.mp4") == 1.5
    assert len(times(tmp_path / "even.mp4")) == 30
    transcode(source, tmp_path / "cut.mp4", stop=1_500_000, encoder_options=FAST)
    assert ends(tmp_path / "cut.mp4") == 1.5


def test_a_film_that_ends_early_does_not_hold_its_last_picture(tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    remux(film(), source, audio=False)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.warns(UserWarning, match="ends early"):
        transcode(source, tmp_path / "t.mp4", encoder_options=FAST)
    shown = times(tmp_path / "t.mp4")
    assert ends(tmp_path / "t.mp4") == pytest.approx((shown[-1] + 40_000) / 1e6, abs=0.001)


def test_times_that_were_hardly_meant_are_told(tmp_path: Path) -> None:
    for convert in (transcode, remux):
        for given, said in (({"start": 0, "stop": 2}, "stop=2 is"), ({"start": 5}, "start=5 is")):
            with pytest.warns(UserWarning, match=f"{said} less than a frame: .*microseconds"):
                convert(film(), tmp_path / "a.mp4", **given)


@pytest.mark.parametrize("suffix", ["mpg", "vob"])
def test_times_that_a_file_cannot_hold_are_told(suffix: str, tmp_path: Path) -> None:
    need("mpeg2video")
    path = tmp_path / f"a.{suffix}"
    even = frames(lambda number: 40_000 * number, 10)
    assert write_frames(even, path, framerate=25).lost == []
    times = [0, 100_000, 400_000, 450_000]  # 0.49 s, in four pictures
    with pytest.warns(UserWarning, match=r"even rate of .* a second.*repeats and leaves out"):
        result = write_frames(frames(times.__getitem__, 4), path)
    assert [one.partition(":")[0] for one in result.lost] == ["the times of the pictures"]
    result = write_frames(frames(times.__getitem__, 4), path, framerate=25)
    assert (result.lost, result.frames_written) == ([], 12)  # the last one at 0.44 s, until 0.48 s
