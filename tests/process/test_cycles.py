"""Garbage in cycles: the collector ends all destructors before it frees anything, in any order, and
what one of them still uses is there.
"""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clips import clip
from frame_helpers import make
from handles import live_handles
from sound_helpers import make as make_sound

import ffwebcodecs
from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    FrameCache,
    InvalidStateError,
    Muxer,
    VideoFrame,
    read_frames,
)

ROUNDS = 5
PATH = str(clip("h264-bframes.mp4"))


@pytest.fixture(autouse=True)
def unseen() -> Iterator[None]:
    """The collector runs when it is told to."""
    gc.collect()
    gc.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
    gc.enable()


class Last:
    """Garbage that is younger than what it uses, and so ends after that."""

    def __init__(self, use: Callable[[], object], seen: list[object]) -> None:
        self.me = self
        self._use = use
        self._seen = seen

    def __del__(self) -> None:
        try:
            self._seen.append((live_handles(), self._use()))
        except BaseException as error:
            self._seen.append(error)


def use_in_destructor(make_use: Callable[[], Callable[[], object]]) -> list[object]:
    """Return what a destructor got and what was alive then."""
    seen: list[object] = []
    for _ in range(ROUNDS):
        Last(make_use(), seen)
        gc.collect()
    return seen


def frame_of_file() -> VideoFrame:
    frames = read_frames(PATH, threads=1)
    frame = next(iter(frames))
    frames.close()  # type: ignore[attr-defined]
    return frame


def pixels() -> Callable[[], object]:
    frame = frame_of_file()
    cycle: list[object] = [frame]
    cycle.append(cycle)
    return lambda: (len(cycle), frame.to_ndarray().tobytes())[1]


def memory() -> Callable[[], object]:
    with frame_of_file() as frame:
        data = frame.planes[0].data
    return data.tobytes


def samples() -> Callable[[], object]:
    data = make_sound("s16-planar")
    cycle: list[object] = [data]
    cycle.append(cycle)
    return lambda: (len(cycle), data.to_ndarray().tobytes())[1]


def lent_samples() -> Callable[[], object]:
    with make_sound("f32", data=bytearray(512), transfer=True) as data:
        return data.planes[0].tobytes


def content() -> Callable[[], object]:
    with Demuxer(PATH) as demuxer:
        chunk = next(demuxer.chunks())
    return lambda: bytes(chunk.data)


def bitmap() -> Callable[[], object]:
    with make("RGBA", 64, 48) as frame:
        picture = ffwebcodecs.create_image_bitmap(frame)
    return lambda: picture.to_ndarray().tobytes()


def more_chunks() -> Callable[[], object]:
    demuxer = Demuxer(PATH)
    chunks = demuxer.chunks()
    next(chunks)
    return lambda: bytes(next(chunks).data)


def more_frames() -> Callable[[], object]:
    frames = iter(read_frames(PATH, threads=1))
    next(frames).close()

    def use() -> object:
        with next(frames) as frame:
            return frame.to_ndarray().tobytes()

    return use


@pytest.mark.parametrize(
    ("make_use", "kind"), [(memory, "frame"), (lent_samples, "frame"), (content, "packet")]
)
def test_what_a_destructor_uses_is_not_freed_yet(
    make_use: Callable[[], Callable[[], object]], kind: str
) -> None:
    wanted = make_use()()
    gc.collect()
    assert not live_handles()
    seen = use_in_destructor(make_use)
    assert [got[1] for got in seen if isinstance(got, tuple)] == [wanted] * ROUNDS
    assert all(isinstance(got, tuple) and got[0].get(kind) for got in seen)
    gc.collect()
    assert not live_handles()


@pytest.mark.parametrize("make_use", [pixels, samples, bitmap, more_chunks, more_frames])
def test_what_was_closed_before_a_destructor_says_so(
    make_use: Callable[[], Callable[[], object]],
) -> None:
    wanted = make_use()()
    for got in use_in_destructor(make_use):
        if isinstance(got, tuple):
            assert got[1] == wanted
        else:
            assert isinstance(got, (InvalidStateError, StopIteration))
    gc.collect()
    assert not live_handles()


def frames_in_cycle(_: Path) -> Any:
    frames = iter(read_frames(PATH))
    next(frames).close()
    return frames


def muxer_in_cycle(folder: Path) -> Any:
    muxer = Muxer(folder / "a.mp4")
    with Demuxer(PATH) as demuxer:
        muxer.add_chunk(next(demuxer.chunks()), demuxer.video_config)
    return muxer


def cache_in_cycle(_: Path) -> Any:
    cache = FrameCache(2)
    cache.put(1, frame_of_file())
    return cache


@pytest.mark.parametrize(
    "make_thing",
    [
        frames_in_cycle,
        muxer_in_cycle,
        cache_in_cycle,
        lambda _: Demuxer(PATH),
        lambda _: Demuxer(Path(PATH).read_bytes()).chunks(),
        lambda _: EncodedVideoChunk(type="key", timestamp=0, data=bytearray(9), transfer=True),
    ],
)
def test_a_cycle_is_freed(
    make_thing: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: raised.append(lost.exc_value))
    for _ in range(ROUNDS):
        cycle = [make_thing(tmp_path)]
        cycle.append(cycle)
        del cycle
        gc.collect()
    gc.collect()
    assert raised == []
    assert not live_handles()
    assert list(tmp_path.iterdir()) == []
