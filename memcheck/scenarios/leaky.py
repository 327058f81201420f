"""Leaks on purpose: the run fails if the checker misses them, or blames another line."""

from __future__ import annotations

from collections.abc import Iterator

from ffwebcodecs import VideoFrame
from ffwebcodecs._ffi import avutil

from ..scenario import Step, scenario
from .frames import make


def lose_a_reference(frame: VideoFrame) -> None:
    """Take a reference that nobody frees, as a bug in an owner would."""
    pointer = avutil.av_frame_alloc()
    assert avutil.av_frame_ref(pointer, frame._picture.ptr) == 0  # LEAK: lost_references


@scenario("self-test: references to AVFrames that nobody frees", cycles=1_000, leaks=True)
def lost_references() -> Iterator[Step]:
    def step(index: int) -> None:
        with make(index) as frame:
            lose_a_reference(frame)

    yield step


_kept: list[VideoFrame] = []


@scenario("self-test: clones kept for ever in a list", cycles=1_000, leaks=True)
def kept_clones() -> Iterator[Step]:
    def step(index: int) -> None:
        with make(index) as frame:
            _kept.append(frame.clone())  # LEAK: kept_clones

    yield step
