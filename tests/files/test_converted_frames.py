"""Frames that are read converted: those that `to_ndarray` and `Video.read` give, in frames."""

from __future__ import annotations

import asyncio
import io
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import Clip, clip
from handles import live_handles
from interrupts import interrupt_at, steps_of

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    InvalidArgumentError,
    Video,
    VideoFrame,
    create_image_bitmap,
    read_frames,
    read_frames_async,
)
from ffwebcodecs._av.scale.sharing import cores

# A codec whose decoder has no threads: as that of test_overlap.
FLV = Clip("one-thread.flv", "flv", "-g", "15")
WIDE = Clip("wide-pixels.mkv", "ffv1", filters="setsar=2", frames=3)
ALPHA = Clip("alpha.mkv", "ffv1", pixel_format="yuva420p", frames=3, filters="format=yuva420p")
AHEAD = "ffwebcodecs-prefetch"
NAMES = ["h264-bframes.mp4", "h264-high10.mp4", "h264-422.mp4", "vp8-odd.webm", "h264-rotated.mp4"]

needs_cores = pytest.mark.skipif(cores() < 2, reason="one core has nobody to help")


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    assert AHEAD not in threads()


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def paths() -> list[Path]:
    return [*map(clip, NAMES), FLV.path(), ALPHA.path()]


def said(frame: VideoFrame) -> tuple[Any, ...]:
    return frame.timestamp, frame.duration, frame.rotation, frame.flip


@pytest.mark.divided
@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("name", ["RGB", "RGBA", "I420P10", "GRAY8", "I444"])
def test_pixels_are_those_of_each_frame_converted(name: str, upright: bool) -> None:
    for path in paths():
        wanted = read_frames(path, upright=upright, step=20)
        stored = read_frames(path, step=20)
        given = read_frames(path, upright=upright, step=20, pixel_format=name)
        for frame, plain, made in zip(wanted, stored, given, strict=True):
            with frame, plain, made:
                assert made.format == name
                assert said(made) == said(frame)
                size = frame.display_width, frame.display_height
                assert (made.display_width, made.display_height) == size
                with (
                    create_image_bitmap(frame, format=name) as bitmap,
                    VideoFrame(bitmap, timestamp=0) as other,
                ):
                    assert made.color_space == other.color_space
                    for mine, its in zip(made.planes, other.planes, strict=True):
                        assert np.array_equal(np.asarray(mine), np.asarray(its))
                if (made.coded_width, name) != (161, "I420P10"):  # of which there is no array
                    pixels = plain.to_ndarray(name, upright=upright)
                    assert np.array_equal(made.to_ndarray(name), pixels)


@pytest.mark.divided
@pytest.mark.parametrize("upright", [False, True])
def test_sizes_are_those_of_video_read(upright: bool) -> None:
    sizes = [{"width": 96}, {"height": 64, "filter": "area"}, {"width": 320, "height": 48}]
    for path in [*paths(), WIDE.path()]:
        for options in sizes:
            with Video(path, upright=upright) as video:
                wanted = video.read(range(3), "RGB", **options)
                given = video.frames(range(3), pixel_format="RGB", **options)
                arrays = np.stack([frame.to_ndarray() for frame in given])
                assert np.array_equal(arrays, wanted)
            given = read_frames(path, upright=upright, pixel_format="RGB", **options)
            for _, pixels, frame in zip(range(3), wanted, given, strict=False):
                assert np.array_equal(frame.to_ndarray(), pixels)
                shown = frame.display_width, frame.display_height
                high, wide, _ = pixels.shape
                assert shown == ((high, wide) if frame.rotation else (wide, high))
            given.close()
            del frame


def test_without_a_format_only_the_size_changes() -> None:
    with next(read_frames(clip("h264-high10.mp4"), width=80)) as frame:
        assert (frame.format, frame.coded_width, frame.coded_height) == ("I420P10", 80, 60)
    path = WIDE.path()  # 160 x 120, shown as 320 x 120
    with next(read_frames(path, width=80)) as frame:
        assert (frame.coded_height, frame.display_width, frame.display_height) == (30, 80, 30)
    with next(read_frames(path, pixel_format="RGB")) as frame:
        assert (frame.coded_width, frame.display_width) == (160, 320)


def test_what_is_as_it_should_be_is_not_copied() -> None:
    path = clip("h264-cropped.mp4")
    with next(read_frames(path)) as plain, next(read_frames(path, pixel_format="I420")) as frame:
        assert (frame.visible_rect, frame.coded_width) == (plain.visible_rect, plain.coded_width)
        assert plain.coded_width > 150  # what is beyond is there as well


def test_memory_is_used_again_when_nobody_holds_it() -> None:
    path, places = FLV.path(), set()
    wanted = [frame.to_ndarray("GRAY8") for frame in read_frames(path, stop=500_000)]
    views = []
    for number, frame in enumerate(read_frames(path, pixel_format="GRAY8", stop=500_000)):
        view = frame.planes[0].to_ndarray()
        frame.close()
        places.add(view.ctypes.data)
        if number % 5 == 0:
            views.append(view)
        del view
    assert len(places) < len(wanted)
    for view, pixels in zip(views, wanted[::5], strict=True):
        assert np.array_equal(view, pixels)
    frames = list(read_frames(path, pixel_format="GRAY8", stop=500_000))
    assert all(map(np.array_equal, (frame.to_ndarray() for frame in frames), wanted))


def test_asynchronous_and_live_frames_are_converted_too() -> None:
    path = clip("h264-rotated.mp4")
    how: dict[str, Any] = {"pixel_format": "RGB", "width": 48, "upright": True}
    wanted = [frame.to_ndarray() for frame in read_frames(path, **how)]
    assert wanted[0].shape == (64, 48, 3)

    async def read(source: Any) -> list[Any]:
        return [frame.to_ndarray() async for frame in read_frames_async(source, **how)]

    assert np.array_equal(asyncio.run(read(path)), wanted)
    with Demuxer(path) as demuxer:
        assert np.array_equal(asyncio.run(read(demuxer)), wanted)
    with read_frames(path, live=True, **how) as live:  # type: ignore[attr-defined]
        assert np.array_equal(next(live).to_ndarray().shape, wanted[0].shape)


@needs_cores
def test_the_next_picture_is_decoded_meanwhile() -> None:
    path = FLV.path()
    data = path.read_bytes()
    for source, count, is_ahead in (
        *((path, None, True), (data, None, True)),
        *((path, 1, False), (io.BytesIO(data), None, False)),
    ):
        frames: Any = read_frames(source, threads=count, pixel_format="RGB")
        next(frames)
        assert (AHEAD in threads()) == is_ahead
        frames.close()
        assert AHEAD not in threads()
        assert not live_handles()
    with Demuxer(path) as demuxer, Video(path) as video, Video(path, threads=1) as slow:
        chunks = read_frames(demuxer.chunks(), demuxer.video_config, pixel_format="RGB")
        for others in (chunks, slow.frames(range(5), width=8), video.frames(iter([1]), width=8)):
            next(others)
            assert AHEAD not in threads()
        ahead = video.frames(range(5), width=8)
        next(ahead)
        assert AHEAD in threads()
        del chunks, others, ahead


def test_a_loop_that_is_left_leaves_nothing() -> None:
    for path in (FLV.path(), clip("h264-bframes.mp4")):
        frame = next(read_frames(path, pixel_format="RGB"))
        assert live_handles() == {"frame": 1}
        frame.close()
        assert not live_handles()


def test_a_demuxer_goes_on_behind_the_last_frame() -> None:
    path = FLV.path()
    times = [frame.timestamp for frame in read_frames(path)]
    with Demuxer(path) as demuxer:
        for place, frame in enumerate(read_frames(demuxer, pixel_format="RGB")):
            assert frame.timestamp == times[place]
            if place == 5:
                break
        rest = [frame.timestamp for frame in read_frames(demuxer, width=32)]
    del frame
    assert rest == times[6:]


def test_damage_comes_behind_the_frames_before_it() -> None:
    path = FLV.path()
    data = bytearray(path.read_bytes())
    with Demuxer(bytes(data)) as demuxer:
        chunks = list(demuxer.chunks())
    place = data.find(chunks[20].data[:40])
    data[place : place + 40] = bytes(40)
    for how in ({}, {"pixel_format": "RGB"}):
        times: list[int] = []
        with pytest.raises(EncodingError):
            times.extend(frame.timestamp for frame in read_frames(bytes(data), **how))
        assert times == [chunk.timestamp for chunk in chunks[:20]]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            times = [f.timestamp for f in read_frames(bytes(data), errors="skip", **how)]
        assert times == [c.timestamp for c in (*chunks[:20], *chunks[30:])]
        assert len(caught) == 1


@needs_cores
def test_interrupts_leave_nobody_behind() -> None:
    path = FLV.path()

    def call() -> None:
        frames = read_frames(path, pixel_format="RGB", width=32, stop=100_000)
        assert [frame.timestamp for frame in frames] == [0, 33_000, 67_000]

    call()
    for step in range(0, steps_of(call), 97):
        interrupt_at(step, call)
    call()


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "RGB"}, 'give pixel_format="RGB"'),
        ({"format": "yuv420p"}, 'give pixel_format="I420"'),
        ({"pixel_format": "rgb"}, "did you mean 'RGB'"),
        ({"pixel_format": 3}, "pixel_format must be a string such as 'RGB', got 3"),
        ({"width": 0}, "width is 0, it must be at least 1"),
        ({"height": 2**31}, "height is 2147483648, it must be from 1 to 2147483647"),
        (
            {"pixel_format": "RGB", "width": 10**6, "height": 10**6},
            "RGB 1000000x1000000 takes 3000000000000 bytes, the limit is 4294967295",
        ),
        (
            {"pixel_format": "RGB", "width": 2**30, "height": 1},
            "a row of RGB at width 1073741824 takes 3221225472 bytes, the limit is 2147483584",
        ),
        ({"width": 8, "filter": "nearest"}, "filter must be one of bilinear, bicubic, area"),
        ({"filter": 1}, "filter must be one of"),
        ({"exact": "no"}, "exact must be True or False"),
    ],
)
def test_values_are_refused_before_the_file_is_opened(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_frames("/there/is/none", **options)
    assert message in str(caught.value)
