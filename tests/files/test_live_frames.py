"""`read_frames(live=True)`: each picture as soon as there is enough of it, the newest ones only."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attack
import pytest
from clips import clip
from demux_helpers import chunks
from handles import live_handles
from interrupting import Moments
from live_helpers import Feeder, live_clip, pieces
from silent_helpers import in_thread, silent, transport_stream

import ffwebcodecs
from ffwebcodecs import InvalidArgumentError, InvalidStateError, LiveFrames, read_frames
from ffwebcodecs._ffi import version

pytest.importorskip("fcntl", reason="there are no such pipes on Windows")
ROOM = 4
# File, pictures until the first frame, pictures that may be missing after each one that follows.
# Of half a second of 30 Hz come 15 pictures, where no header says which streams there are.
DELAYS = (
    ("live.ts", 3, 2),
    ("h264-bframes.ts", 6, 5),
    ("live.mkv", 1, 0),
    ("h264-bframes.mkv", 4, 3),
    ("live.mp4", 1, 0),
    ("live.h264", 3, 1),
    ("live.flv", 17, 0),
    ("mpeg2.ts", 5, 3),
    ("mpeg2.mpg", 30, 4),
    ("live.ogv", 2, 1),
    ("vp8.ivf", 2, 0),
    ("live.y4m", 1, 0),
)


def live(source: Any, **options: Any) -> LiveFrames:
    frames = read_frames(source, live=True, **options)
    assert isinstance(frames, LiveFrames)
    return frames


def told(frames: Iterator[ffwebcodecs.VideoFrame]) -> list[tuple[int, int | None]]:
    found = []
    for frame in frames:
        found.append((frame.timestamp, frame.duration))
        frame.close()
    return found


@pytest.mark.parametrize(("name", "opening", "delay"), DELAYS)
def test_pictures_come_as_they_are_written(name: str, opening: int, delay: int) -> None:
    path = live_clip(name)
    if version("avcodec") < (59,):  # it looks at more before it says which streams there are
        opening = {"live.ts": 6, "mpeg2.ts": 6}.get(name, opening)
    wanted = [time for time, _ in told(iter(read_frames(path)))]
    feeder = Feeder(pieces(path), wanted, opening, delay)
    found = []
    with contextlib.closing(feeder), live(f"pipe:{feeder.source}", timeout=30) as frames:
        for frame in frames:
            found.append(frame.timestamp)
            frame.close()
            feeder.given.put(frame.timestamp)
        assert feeder.stuck is None
        assert len(found) + frames.dropped == len(wanted)
    assert set(found) <= set(wanted)
    assert found == sorted(found)
    assert not live_handles()


def has_dropped(frames: LiveFrames, count: int) -> None:
    deadline = time.monotonic() + 30
    while frames.dropped < count:
        assert time.monotonic() < deadline


def test_a_late_program_gets_the_newest_frames() -> None:
    path = clip("h264-bframes.mkv")
    wanted = told(iter(read_frames(path)))
    frames = live(path)
    has_dropped(frames, len(wanted) - ROOM)
    # What was dropped is closed already.
    deadline = time.monotonic() + 30
    while set(live_handles().items()) != {("frame", ROOM)}:
        assert time.monotonic() < deadline
    assert told(frames) == wanted[-ROOM:]
    assert frames.dropped == len(wanted) - ROOM
    assert next(frames, None) is None
    assert not live_handles()


def test_an_error_comes_after_the_frames_before_it(tmp_path: Path) -> None:
    with silent("pipe", tmp_path, transport_stream()) as one:
        one.begin()
        frames = live(one.source, timeout=0.3)
        found = []
        with pytest.raises(TimeoutError, match=r"0\.3 s"):
            for frame in frames:
                found.append(frame.timestamp)
                frame.close()
        assert next(frames, None) is None
    assert found
    assert "format_context" not in live_handles()


@pytest.mark.parametrize("kind", ["tcp", "fifo"])
def test_close_ends_the_wait_of_another_thread(kind: str, tmp_path: Path) -> None:
    with silent(kind, tmp_path, transport_stream()) as one:
        frames = live(one.source)
        thread, errors = in_thread(lambda: told(frames))
        has_dropped_or_given(thread, frames)
        began = time.monotonic()
        frames.close()
        assert time.monotonic() - began < 1
        thread.join(30)
    assert [type(error) for error in errors] in ([InvalidStateError], [])
    assert not live_handles()


def has_dropped_or_given(thread: threading.Thread, frames: LiveFrames) -> None:
    """Wait until the last picture that can be given has been: then both wait."""
    deadline = time.monotonic() + 30
    while frames._frames._store.items or not live_handles().get("codec_context"):
        assert thread.is_alive()
        assert time.monotonic() < deadline


@pytest.mark.parametrize("kind", ["http", "pipe"])
def test_what_is_dropped_ends(kind: str, tmp_path: Path) -> None:
    with silent(kind, tmp_path, transport_stream()) as one:
        one.begin()
        frames: Any = live(one.source)
        next(frames).close()
        thread = frames._frames._thread
        del frames
        gc.collect()
        thread.join(30)
        assert not thread.is_alive()
    assert not live_handles()


def test_leaving_the_block_closes_what_waits() -> None:
    with pytest.raises(ZeroDivisionError), live(clip("h264-bframes.mkv")) as frames:
        next(frames).close()
        raise ZeroDivisionError
    assert frames.closed
    assert next(frames, None) is None
    assert not live_handles()


def test_an_interrupt_leaves_nothing() -> None:
    path = str(clip("h264-bframes.mkv"))

    def some() -> None:
        with live(path) as frames:
            next(frames).close()

    folders = ("_runtime/latest", "files/live_frames")
    whole = Moments(folders)
    whole.during(some)
    assert whole.count > 20
    for at in range(0, whole.count, attack.rounds(3, 1)):
        moment = Moments(folders, at=at)
        moment.during(some)
        gc.collect()
        deadline = time.monotonic() + 10
        while live_handles():
            assert time.monotonic() < deadline, moment.where


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_has_what_was_there() -> None:
    path = clip("h264-bframes.mkv")
    with live(path) as frames:
        has_dropped(frames, 10)
        deadline = time.monotonic() + 30
        while "format_context" in live_handles():
            assert time.monotonic() < deadline
        child = os.fork()
        if child == 0:
            code = 1
            try:
                taken = 0
                try:
                    for frame in frames:
                        frame.close()
                        taken += 1
                except InvalidStateError:
                    code = 0 if taken == ROOM else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(told(frames)) == ROOM


@pytest.mark.once
def test_what_does_not_go_on_by_itself_is_refused() -> None:
    path = clip("h264-bframes.mkv")
    with ffwebcodecs.Demuxer(path) as demuxer:
        with pytest.raises(InvalidArgumentError, match="Demuxer or chunks"):
            read_frames(demuxer, live=True)
        with pytest.raises(InvalidArgumentError, match="Demuxer or chunks"):
            read_frames(chunks(path), demuxer.video_config, live=True)
    with pytest.raises(TypeError, match="read_frames"):
        LiveFrames()
