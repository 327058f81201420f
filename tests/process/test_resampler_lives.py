"""A resampler is plain memory: forks, threads and whoever drops it halfway do it no harm."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from ffi_helpers import run_python
from sound_frames import array_of, frame_of, resampled, shape

import ffwebcodecs
from ffwebcodecs._av.frames.channel_layout import Channels
from ffwebcodecs._av.frames.resampler import Resampler

STEREO = Channels(2, "stereo")
SOURCE, TARGET = shape("flt", 44100, STEREO), shape("s16", 48000, STEREO)
TONE = np.sin(np.arange(4410) / 20).reshape(-1, 1).repeat(2, 1) / 2


def begun() -> Resampler:
    """Return a resampler with half of the tone in it."""
    resampler = Resampler(SOURCE, TARGET.sample_fmt, TARGET.sample_rate, TARGET.channels)
    resampler.convert(frame_of(TONE[:2205], "flt", 44100))
    return resampler


def ended(resampler: Resampler) -> bytes:
    """Return what comes of the other half."""
    parts = [resampler.convert(frame_of(TONE[2205:], "flt", 44100)), resampler.convert(None)]
    resampler.close()
    return b"".join(array_of(part).tobytes() for part in parts if part is not None)


def test_one_that_is_dropped_halfway_leaves_nothing() -> None:
    before = ffwebcodecs.open_handles()
    resampler = begun()
    assert ffwebcodecs.open_handles() != before
    del resampler
    assert ffwebcodecs.open_handles() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_goes_on_with_its_own_copy() -> None:
    resampler = begun()
    wanted = ended(begun())
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if ended(resampler) == wanted else 2
        finally:
            sys.stdout.flush()
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ended(resampler) == wanted


def test_threads_have_each_their_own() -> None:
    wanted = resampled(TONE, SOURCE, TARGET)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: resampled(TONE, SOURCE, TARGET, [777] * 3), range(40)))
    assert all(np.array_equal(each, wanted) for each in found)


def test_a_resampler_needs_libswresample_only_when_it_is_made() -> None:
    code = """
import ffwebcodecs
from ffwebcodecs import _ffi
from ffwebcodecs._av.frames import samples, resampler
from ffwebcodecs._av.frames.channel_layout import Channels
fmt = samples.number_of(samples.BY_FFMPEG["flt"])
resampling = resampler.Resampling(fmt, 48000, Channels(2, "stereo"))
ptr = samples.new(samples.BY_FFMPEG["flt"], 48000, Channels(2, "stereo"), 10)
assert resampling.convert(ptr) == [ptr]
print(sorted(_ffi.load().beside))
resampling = resampler.Resampling(fmt, 44100, Channels(2, "stereo"))
resampling.convert(ptr)
print(sorted(_ffi.load().beside))
"""
    assert run_python(code).splitlines() == ["[]", "['swresample']"]
