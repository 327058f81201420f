"""Conversions that several threads make: the pixels of one, and nothing afterwards."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from interrupts import interrupt_at, steps_of
from scale_caches import cached_contexts, clear_cache
from scale_reference import PACKED, YUV, Pixels, image

from ffwebcodecs import (
    InvalidArgumentError,
    VideoColorSpace,
    VideoFrame,
    create_image_bitmap,
    open_handles,
)
from ffwebcodecs._av.scale import cache, helpers
from ffwebcodecs._av.scale.image import Image

SOURCES = [*YUV, "gray", "gray10le", "p010le", "yuv411p", "yuv440p", "yuv410p", "gbrp", "gbrp10le"]
TARGETS = ["yuv420p", "yuv422p10le", "yuva444p", "nv12", "gray", "gbrp", *PACKED]
# So wide that a band of scratch memory is 16 rows.
WIDE = 29_000


def convert(pixels: Pixels, target: str, threads: int, full: bool, exact: bool = False) -> Pixels:
    out = Pixels(target, pixels.width, pixels.height, pad=3)
    planes, strides = image(out).planes, image(out).strides
    size = pixels.width, pixels.height
    cache.convert(
        image(pixels, full_range=full),
        Image(planes, strides, target, *size, exact=exact, threads=threads),
    )
    return out


def require_same(one: Pixels, other: Pixels) -> None:
    for first, second in zip(one.memory, other.memory, strict=True):
        assert first.tobytes() == second.tobytes()
    assert other.padding_is_untouched()


@pytest.mark.once
@pytest.mark.parametrize("source", SOURCES)
def test_pixels_are_those_of_one_thread(source: str) -> None:
    for height, full in ((49, False), (97, True)):
        pixels = Pixels(source, 66, height, pad=5).fill("random")
        for target in TARGETS:
            one = convert(pixels, target, 1, full)
            require_same(one, convert(pixels, target, 2 + full, full))


@pytest.mark.once
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("yuv420p", "rgba"),
        ("nv12", "bgr24"),
        ("yuv420p10le", "rgba"),
        ("rgba", "yuv420p"),
        ("rgb24", "nv12"),
        ("yuv444p10le", "nv12"),
        ("yuv440p", "yuv422p"),
    ],
)
def test_bands_are_those_of_one_thread(source: str, target: str) -> None:
    pixels = Pixels(source, WIDE + 1, 39).fill("gradient")
    for exact in (False, True):
        one = convert(pixels, target, 1, not exact, exact)
        require_same(one, convert(pixels, target, 2, not exact, exact))


def frame_of(width: int, height: int, full: bool = True) -> VideoFrame:
    rows = np.arange(height * 3 // 2, dtype=np.uint32)[:, np.newaxis]
    data = (rows * 7 + np.arange(width, dtype=np.uint32) * 3).astype(np.uint8)
    return VideoFrame(
        data.tobytes(),
        format="I420",
        coded_width=width,
        coded_height=height,
        timestamp=0,
        color_space=VideoColorSpace(matrix="bt709", full_range=full),
    )


@pytest.mark.parametrize("exact", [False, True])
def test_every_way_to_convert_takes_threads(exact: bool) -> None:
    with frame_of(2048, 1024) as frame:  # enough for helpers by itself
        wanted = frame.to_ndarray("RGB", threads=1, exact=exact)
        out = np.empty_like(wanted)
        for threads in (None, 2, 64):
            assert (frame.to_ndarray("RGB", threads=threads, exact=exact) == wanted).all()
            frame.copy_to(out, format="RGB", threads=threads, exact=exact)
            assert (out == wanted).all()
            with create_image_bitmap(frame, format="RGB", threads=threads, exact=exact) as bitmap:
                assert (bitmap.to_ndarray() == wanted).all()


@pytest.mark.parametrize("threads", [0, -1, 1025, 1.5, "2", True])
def test_other_numbers_of_threads_are_refused(threads: object) -> None:
    with frame_of(64, 64) as frame:
        for call in (frame.to_ndarray, lambda **how: create_image_bitmap(frame, **how)):
            with pytest.raises(InvalidArgumentError, match="threads"):
                call(threads=threads)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="threads"):
            frame.copy_to(bytearray(1 << 16), threads=threads)  # type: ignore[arg-type]


def test_what_a_helper_cannot_do_the_caller_does() -> None:
    done: list[tuple[int, int]] = []

    def work(worker: int, part: int, arena: object) -> None:
        if worker:
            raise MemoryError
        done.append((worker, part))

    assert helpers.Team(work, 9, 2).run(helpers.Arena())
    assert sorted(part for _, part in done) == list(range(9))


def test_an_error_of_the_caller_is_raised_when_helpers_are_done() -> None:
    at_work: list[int] = []

    def work(worker: int, part: int, arena: object) -> None:
        at_work.append(1)
        try:
            if not worker:
                raise ZeroDivisionError
        finally:
            at_work.pop()

    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            helpers.Team(work, 50, 2).run(helpers.Arena())
        assert not at_work


@pytest.mark.parametrize("exact", [False, True])
def test_nothing_is_written_after_an_interrupt(exact: bool) -> None:
    clear_cache()
    gc.collect()
    before = cached_contexts()
    with frame_of(WIDE, 32) as frame:
        out = np.zeros((32, WIDE, 4), np.uint8)

        def call() -> None:
            frame.copy_to(out, format="RGBA", threads=2, exact=exact)

        call()
        wanted = out.copy()
        for step in range(0, steps_of(call), 11):
            out[:] = 0
            if interrupt_at(step, call):
                assert not any(helpers._alive.values())
                left = out.copy()
                assert (out == left).all()
            call()
            assert (out == wanted).all()
    clear_cache()
    gc.collect()
    assert cached_contexts() == before
    assert not any(open_handles().values())
