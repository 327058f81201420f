"""transcode: what map_frame may do, and that frames and threads end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clips import FRAMES, clip
from convert_helpers import (
    FAST,
    digests,
    likeness,
    long_clip,
    movie,
    pictures,
    times,
)
from encode_helpers import psnr
from mux_helpers import video_stream
from transcode_helpers import SOURCE, fast, names

from ffwebcodecs import (
    InvalidArgumentError,
    VideoFrame,
    WebCodecsError,
    open_handles,
    transcode,
)
from ffwebcodecs._runtime.prefetch import Prefetch

# ---- map_frame


def test_map_frame_that_returns_the_frame_changes_nothing(tmp_path: Path) -> None:
    transcode(clip(SOURCE), tmp_path / "a.mkv", codec="ffmpeg:ffv1", map_frame=lambda frame: frame)
    assert digests(tmp_path / "a.mkv") == digests(clip(SOURCE))


def test_map_frame_may_return_another(tmp_path: Path) -> None:
    def invert(frame: VideoFrame) -> VideoFrame:
        return VideoFrame.from_ndarray(
            255 - frame.to_ndarray("RGB"), timestamp=frame.timestamp, duration=frame.duration
        )

    fast(tmp_path / "a.mp4", map_frame=invert, encoder_options={**FAST, "crf": "12"})
    assert psnr(pictures(tmp_path / "a.mp4"), 255 - pictures(clip(SOURCE))) > 22
    assert times(tmp_path / "a.mp4") == times(clip(SOURCE))


def test_map_frame_that_returns_none_drops(tmp_path: Path) -> None:
    count = iter(range(FRAMES))
    result = transcode(
        clip(SOURCE),
        tmp_path / "a.mkv",
        codec="ffmpeg:ffv1",
        map_frame=lambda frame: frame if next(count) % 3 == 0 else None,
    )
    assert (result.frames_read, result.frames_written) == (FRAMES, FRAMES // 3)
    assert digests(tmp_path / "a.mkv") == digests(clip(SOURCE))[::3]


def test_map_frame_of_another_size_decides_the_size(tmp_path: Path) -> None:
    def crop(frame: VideoFrame) -> VideoFrame:
        return VideoFrame(frame, visible_rect=(20, 10, 100, 80))

    fast(tmp_path / "a.mp4", map_frame=crop)
    stream = video_stream(tmp_path / "a.mp4")
    assert (stream["width"], stream["height"]) == (100, 80)
    assert likeness(tmp_path / "a.mp4", clip(SOURCE), "crop=100:80:20:10") > 33


def test_map_frame_runs_in_the_calling_thread_and_its_frames_are_closed(tmp_path: Path) -> None:
    seen: list[VideoFrame] = []
    threads = set()

    def other(frame: VideoFrame) -> VideoFrame:
        threads.add(threading.current_thread())
        seen.extend((frame, frame.clone()))
        return seen[-1]

    fast(tmp_path / "a.mp4", map_frame=other)
    assert threads == {threading.current_thread()}
    assert len(seen) == 2 * FRAMES
    assert all(frame.closed for frame in seen)


@pytest.mark.parametrize("wrong", [1, "frame", (), False])
def test_map_frame_of_a_wrong_type_is_refused(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="map_frame must return a VideoFrame or None"):
        fast(tmp_path / "a.mp4", map_frame=lambda frame: wrong)
    assert names(tmp_path) == []


def test_map_frame_that_returns_a_closed_frame_is_refused(tmp_path: Path) -> None:
    def closed(frame: VideoFrame) -> VideoFrame:
        frame.close()
        return frame

    with pytest.raises(WebCodecsError, match="closed"):
        fast(tmp_path / "a.mp4", map_frame=closed)
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("at", [0, 20])
def test_what_map_frame_raises_comes_out_and_nothing_is_left(
    error: BaseException, at: int, tmp_path: Path
) -> None:
    seen: list[VideoFrame] = []

    def fail(frame: VideoFrame) -> VideoFrame:
        seen.append(frame)
        if len(seen) > at:
            raise error
        return frame

    with pytest.raises(type(error)) as found:
        fast(tmp_path / "a.mkv", movie(), map_frame=fail)
    assert found.value is error
    assert names(tmp_path) == []
    assert all(frame.closed for frame in seen)
    del found
    error.__traceback__ = None


def test_an_older_file_survives_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"old")
    with pytest.raises(InvalidArgumentError):
        fast(tmp_path / "a.mp4", map_frame=lambda frame: 1)
    assert (tmp_path / "a.mp4").read_bytes() == b"old"
    assert names(tmp_path) == ["a.mp4"]


# ---- memory and threads


def test_only_a_few_frames_are_alive_at_any_time(tmp_path: Path) -> None:
    most: dict[str, int] = {}

    def look(frame: VideoFrame) -> VideoFrame:
        for kind, count in open_handles().items():
            most[kind] = max(most.get(kind, 0), count)
        return frame

    result = fast(tmp_path / "a.mp4", long_clip(), map_frame=look, threads=2)
    assert result.frames_written == 300
    # A call of the pump has up to eight small pictures, and as many that are empty yet.
    assert most["frame"] <= 12 + 2 * 8
    assert most["packet"] <= 60  # the muxer looks at 32 for their decoding times
    assert not any(open_handles().values())


def test_the_thread_that_decodes_ends(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    fast(tmp_path / "a.mp4")
    with pytest.raises(InvalidArgumentError):
        fast(tmp_path / "b.mp4", map_frame=lambda frame: 1)
    assert set(threading.enumerate()) <= before


def test_interrupt_while_the_thread_starts_stops_the_thread() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    ahead = Prefetch(source(), 4, lambda item: None)
    start = ahead._thread.start

    def interrupted() -> None:
        start()
        raise KeyboardInterrupt  # as Thread.start does, which waits for the thread to run

    ahead._thread.start = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt), ahead:
        pass
    assert closed.is_set()
    assert not ahead._thread.is_alive()
