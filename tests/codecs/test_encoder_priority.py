"""An encoder must not change how the program's threads are scheduled."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from encode_helpers import need

from ffwebcodecs import VideoEncoder, VideoEncoderConfig, VideoFrame, write_frames
from ffwebcodecs._av.codecs import priority

if sys.platform != "linux":
    pytest.skip("threads are counted in /proc", allow_module_level=True)

SIZE = {"width": 64, "height": 64}


def policies() -> set[int]:
    found = set()
    for thread in os.listdir("/proc/self/task"):
        with suppress(ProcessLookupError):  # one of another test's that has just ended
            found.add(os.sched_getscheduler(int(thread)))
    return found


def pictures(count: int) -> Iterator[VideoFrame]:
    for number in range(count):
        pixels = np.full((64, 64, 3), number, np.uint8)
        yield VideoFrame.from_ndarray(pixels, timestamp=number * 40_000)


def test_svt_av1_leaves_threads_as_they_are() -> None:
    """Run by root it makes them, its caller's as well, real-time threads of highest priority."""
    need("libsvtav1")
    before = policies()
    seen = []
    with VideoEncoder(output=lambda chunk, metadata: None, error=print) as encoder:
        encoder.configure(VideoEncoderConfig(codec="ffmpeg:libsvtav1", **SIZE))
        for frame in pictures(3):
            with frame:
                encoder.encode(frame)
        encoder.flush().result(timeout=60)
        threads = len(os.listdir("/proc/self/task"))
        seen.append(policies())
    assert threads > 10  # its own are among them
    assert seen == [before]


def test_write_frames_leaves_its_caller_as_it_is(tmp_path: Path) -> None:
    need("libsvtav1")
    before = policies()
    seen = []

    def frames() -> Iterator[VideoFrame]:
        for frame in pictures(3):
            yield frame
            seen.append(policies())

    write_frames(frames(), tmp_path / "a.mkv", codec="ffmpeg:libsvtav1")
    assert seen == [before] * 3


def test_a_ctrl_c_while_an_encoder_opens_leaves_the_caller_as_it_is() -> None:
    before = os.sched_getscheduler(0)
    with suppress(KeyboardInterrupt), priority.kept():
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            pytest.skip("this user may not have real-time threads")
        raise KeyboardInterrupt
    assert os.sched_getscheduler(0) == before


def test_real_time_threads_of_the_program_stay_that() -> None:
    need("libsvtav1")
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        pytest.skip("this user may not have real-time threads")
    try:
        assert VideoEncoder.is_config_supported(
            VideoEncoderConfig(codec="ffmpeg:libsvtav1", **SIZE)
        ).supported
        assert (os.sched_getscheduler(0), os.sched_getparam(0)) == (os.SCHED_RR, os.sched_param(1))
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
