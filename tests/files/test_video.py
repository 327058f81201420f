"""Video: any frame by index or by time, slices that decode nothing, a cache of bounded size.

Each picture says in bars which one it is (`barcodes`), so a wrong one is found out by what is in
it. That every index of every container is right is `test_every_frame`.
"""

from __future__ import annotations

import gc
import io
import os
import random
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bar_clips import BY_NAME, FRAMES, STEP
from barcodes import code_of, gray_of, see
from clips import clip
from PIL import Image

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    InvalidArgumentError,
    InvalidStateError,
    Video,
    VideoFrame,
    VideoIndex,
    VideoSlice,
    open_handles,
)

GROUP = 15  # pictures from key to key in these clips


def bars(name: str) -> Path:
    return BY_NAME[name].path()


@pytest.fixture
def video() -> Iterator[Video]:
    with Video(bars("closed.mp4")) as opened:
        yield opened


def test_what_it_says_is_counted(video: Video) -> None:
    assert len(video) == FRAMES
    assert video.timestamps.tolist() == [number * STEP for number in range(FRAMES)]
    assert set(video.durations.tolist()) == {STEP}
    assert video.duration == FRAMES * STEP
    assert video.frame_rate == 25.0
    assert np.flatnonzero(video.key_frames).tolist() == list(range(0, FRAMES, GROUP))
    assert video.video_config.coded_width == 64
    for column in (video.timestamps, video.durations, video.key_frames):
        assert not column.flags.writeable
    assert "75 frames" in repr(video)


def test_the_durations_of_variable_rate_are_the_gaps() -> None:
    with Video(bars("vfr.mkv")) as video:
        times = video.timestamps
        assert video.durations[:-1].tolist() == np.diff(times).tolist()
        assert len(set(video.durations.tolist())) > 1
        with video[7] as frame:
            assert (frame.timestamp, frame.duration) == (times[7], times[8] - times[7])


@pytest.mark.parametrize("name", ["open.ts", "hevc-open.mp4", "vp8-alt-ref.webm", "h263.mkv"])
def test_every_index_in_any_order_is_its_own_frame(name: str) -> None:
    shown = BY_NAME[name].shown()
    order = list(range(len(shown)))
    random.Random(7).shuffle(order)
    with Video(bars(name), cache_bytes=0) as video:
        assert len(video) == len(shown)
        assert [see(video[index]).code for index in order] == [shown[index] for index in order]
        assert [see(frame).code for frame in video] == shown
        assert [see(frame).code for frame in reversed(video)] == shown[::-1]


def test_indices_are_those_of_a_sequence(video: Video) -> None:
    assert see(video[-1]).code == FRAMES - 1
    assert see(video[np.int32(3)]).code == 3  # type: ignore[call-overload]
    for index in (FRAMES, -FRAMES - 1, 2**70):
        with pytest.raises(IndexError, match="there are 75 frames"):
            video[index]
    for wrong in ("3", 3.0, None, [1, 2]):
        with pytest.raises(InvalidArgumentError, match="must be an integer"):
            video[wrong]  # type: ignore[call-overload]


def test_slices_are_views_of_views(video: Video) -> None:
    part = video[10:60:5]
    assert isinstance(part, VideoSlice)
    assert len(part) == 10
    assert part.indices == range(10, 60, 5)
    assert part.timestamps.tolist() == [index * STEP for index in range(10, 60, 5)]
    assert part.durations.tolist() == [STEP] * 10
    assert see(part[-1]).code == 55
    assert part[2:4].indices == range(20, 30, 5)
    assert [see(frame).code for frame in part[::-3]] == [55, 40, 25, 10]
    assert [see(frame).code for frame in reversed(part[:3])] == [20, 15, 10]
    assert list(video[5:5]) == []
    assert video.stats.frames_given == 8
    with pytest.raises(IndexError):
        part[10]


def test_a_time_is_the_frame_that_is_shown_then(video: Video) -> None:
    assert see(video.at(10 * STEP)).code == 10
    assert see(video.at(11 * STEP - 1)).code == 10
    assert see(video.at(11 * STEP - 1, mode="nearest")).code == 11
    assert see(video.at(10 * STEP + STEP // 2, mode="nearest")).code == 10  # the earlier of two
    assert see(video.at(12 * STEP, mode="exact")).code == 12
    # The last one stays on the screen; before the first there is none.
    assert see(video.at(10**9)).code == FRAMES - 1
    assert see(video.at(-(10**9), mode="nearest")).code == 0
    with pytest.raises(InvalidArgumentError, match="the first one begins at 0 us"):
        video.at(-1)
    with pytest.raises(InvalidArgumentError, match="frame 12 comes nearest, with 480000 us"):
        video.at(12 * STEP + 1, mode="exact")
    with pytest.raises(InvalidArgumentError, match="shown, nearest, exact"):
        video.at(0, mode="next")


def test_frames_with_one_time_are_two_frames() -> None:
    with Video(bars("pairs.mkv")) as video:
        times = video.timestamps
        pair = int(np.flatnonzero(times[1:] == times[:-1])[5])
        assert [see(video[pair]).code, see(video[pair + 1]).code] == [pair, pair + 1]
        assert see(video.at(int(times[pair]))).code == pair + 1  # the first is shown for no time
        assert see(video.at(int(times[pair]), mode="exact")).code == pair


def test_dragging_inside_the_cache_decodes_nothing(video: Video) -> None:
    there = list(range(20, 50))
    assert [see(video[index]).code for index in there] == there
    before = video.stats
    for index in (*there[::-1], *there, 33, 21, 48):
        assert see(video[index]).code == index
    after = video.stats
    assert after.pictures_decoded == before.pictures_decoded
    assert after.seeks == before.seeks
    assert after.cache_hits - before.cache_hits == 63


def test_a_step_back_is_a_copy_of_the_frame(video: Video) -> None:
    first = video[40]
    with first, video[40] as again:
        assert video.stats.cache_hits == 1
        for name in (
            "format",
            "coded_rect",
            "visible_rect",
            "color_space",
            "timestamp",
            "rotation",
        ):
            assert getattr(again, name) == getattr(first, name)
        assert again.duration == first.duration
        assert np.array_equal(again.to_ndarray("RGB"), first.to_ndarray("RGB"))


def test_the_cache_stays_within_its_bytes() -> None:
    with Video(bars("closed.mp4"), cache_bytes=100_000) as video:
        for index in (70, 20, 45, 3):
            assert see(video[index]).code == index
            assert 0 < video.stats.cached_bytes <= 100_000
    with Video(bars("closed.mp4"), cache_bytes=0) as video:
        for _ in range(2):
            assert see(video[30]).code == 30
        assert video.stats.cached_frames == video.stats.cache_hits == 0


def test_a_frame_costs_its_group_up_to_itself(video: Video) -> None:
    assert see(video[FRAMES - 1]).code == FRAMES - 1
    stats = video.stats
    assert (stats.seeks, stats.seek_misses, stats.pictures_decoded) == (1, 0, GROUP)


def test_steps_forward_go_on(video: Video) -> None:
    assert [see(video[index]).code for index in range(FRAMES)] == list(range(FRAMES))
    assert video.stats.pictures_decoded == FRAMES
    assert video.stats.seeks == 1


def test_a_turned_frame_says_so_also_from_the_cache() -> None:
    with Video(clip("h264-rotated.mp4")) as video:
        for _ in range(2):
            with video[3] as frame:
                assert frame.rotation == 270
                assert (frame.display_width, frame.display_height) == (120, 160)


def test_frames_without_a_webcodecs_format_are_kept_too() -> None:
    with Video(bars("video.dv")) as video:
        with video[5] as frame:
            expected = frame.to_ndarray("RGB")
        with video[5] as frame:
            assert np.array_equal(frame.to_ndarray("RGB"), expected)
        assert video.stats.cache_hits == 1


def test_what_is_closed_says_so(video: Video) -> None:
    frame, part, frames = video[3], video[3:9], video.frames([1, 2])
    video.close()
    video.close()
    assert video.closed
    assert see(frame).code == 3
    assert len(video) == FRAMES
    assert video._repr_png_() is None
    for use in (
        lambda: video[3],
        lambda: video.at(0),
        lambda: next(iter(part)),
        lambda: next(frames),
        lambda: video.read([1]),
        lambda: video.prefetch(0),
    ):
        with pytest.raises(InvalidStateError, match="closed"):
            use()


def test_dropped_open_it_warns_and_closes() -> None:
    before = open_handles()["format_context"]
    video = Video(bars("closed.mp4"))
    see(video[3])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del video
        gc.collect()
    assert "unclosed video of " in str(caught[0].message)
    assert open_handles()["format_context"] == before


def test_bytes_and_file_objects_are_read_as_files_are() -> None:
    data = bars("open.ts").read_bytes()
    for source in (data, bytearray(data), io.BytesIO(data)):
        with Video(source) as video:
            assert [see(video[index]).code for index in (60, 5, 33)] == [60, 5, 33]


def test_chunks_that_lie_in_memory_are_a_video() -> None:
    with Demuxer(bars("open.mp4")) as demuxer:
        chunks, config = list(demuxer.chunks()), demuxer.video_config
    with Video.from_chunks(chunks, config) as video:
        order = [70, 3, 3, 44, 16]
        assert [see(frame).code for frame in video.frames(order)] == order
        assert video.timestamps.tolist() == [number * STEP for number in range(FRAMES)]
    with pytest.raises(InvalidArgumentError, match="EncodedVideoChunks"):
        Video.from_chunks([b"no chunk"], config)  # type: ignore[list-item]
    with pytest.raises(InvalidArgumentError, match="is of EncodedVideoChunks, got None"):
        Video.from_chunks(None, config)  # type: ignore[arg-type]


def test_a_frame_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    with Video(bars("vp9.webm")) as video:
        table = video._core.engine.table
        bad = int(table.keys[1]) + 3
        place, size = int(table.position[bad]), int(table.size[bad])
        first, last = (int(table.shown.searchsorted(at)) for at in (bad, table.keys[2]))
        times = video.timestamps
    data = bytearray(bars("vp9.webm").read_bytes())
    data[place + 8 : place + size] = bytes(size - 8)  # behind the header of the block
    damaged = tmp_path / "damaged.webm"
    damaged.write_bytes(data)
    with Video(damaged) as video:
        assert len(video) == FRAMES
        for index in (last - 1, first):
            with pytest.raises(
                EncodingError, match=f"frame {index} at {times[index]} us of"
            ) as why:
                video[index]
            assert why.value.timestamp == times[index]
            assert f"the chunk at {times[first]} us cannot be decoded" in str(why.value)
        # All others are as they were, before and behind it.
        for index in (first - 1, last, FRAMES - 1, 2):
            assert see(video[index]).code == index
        frames = video.frames([2, first + 1, last])
        assert see(next(frames)).code == 2
        with pytest.raises(EncodingError, match=f"frame {first + 1} at"):
            next(frames)


def test_a_wrong_parameter_opens_nothing() -> None:
    for options in (
        {"threads": 0},
        {"threads": 2000},
        {"cache_bytes": -1},
        {"upright": "yes"},
        {"max_pixels": "many"},
        {"timeout": 0},
    ):
        with pytest.raises(InvalidArgumentError):
            Video(bars("closed.mp4"), **options)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        Video("no such file.mp4")
    with Video(bars("closed.mp4")) as video, pytest.raises(InvalidStateError, match="made already"):
        video.__init__(bars("closed.mp4"))  # type: ignore[misc]


def test_a_notebook_shows_a_strip_of_key_frames(video: Video) -> None:
    png = video._repr_png_()
    assert png is not None
    assert png.startswith(b"\x89PNG")
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (5 * 96 + 4 * 4, 96)  # five groups of pictures
    assert video.stats.pictures_decoded == 5


def test_the_place_of_a_damaged_key_frame_stays_dark_in_the_strip() -> None:
    path = bars("vp9.webm")
    with Demuxer(path) as demuxer:
        keys = [bytes(chunk.data) for chunk in demuxer.chunks() if chunk.type == "key"]
    data = path.read_bytes()
    strips = []
    for damaged in ([], keys[1:2], keys):
        film = data
        for key in damaged:
            film = film.replace(key, key[:10] + b"\xff" * (len(key) - 10))
        with Video(film) as video:
            strips.append(video._repr_png_())
    whole, less, none = strips
    assert none is None
    pictures = [np.asarray(Image.open(io.BytesIO(png or b""))) for png in (whole, less)]
    differs = (pictures[0] != pictures[1]).any(axis=(0, 2))
    assert differs.any() and not differs[:100].any() and not differs[196:].any()
    assert (pictures[1][:, 100:196] == 24).all()


def test_frames_are_the_callers(video: Video) -> None:
    frame = video[8]
    assert isinstance(frame, VideoFrame)
    with frame:
        pixels = gray_of(frame)
    video.close()
    assert code_of(pixels) == 8


def test_an_index_saves_reading_the_file(tmp_path: Path, video: Video) -> None:
    saved = tmp_path / "closed.index"
    video.index.save(saved)
    for index in (video.index, saved, str(saved)):
        with Video(bars("closed.mp4"), index=index) as again:
            assert again.index == video.index
            assert [see(again[at]).code for at in (0, 40)] == [0, 40]
            assert again.stats.seeks == 0  # it is at the beginning still
    with pytest.raises(InvalidArgumentError, match="not the index of"):
        Video(bars("open.mp4"), index=saved)
    with pytest.raises(InvalidArgumentError, match="a VideoIndex or a path"):
        Video(bars("closed.mp4"), index=3)  # type: ignore[arg-type]


def test_a_file_that_was_cut_meanwhile_gives_no_other_frame(tmp_path: Path) -> None:
    path = tmp_path / "cut.ts"
    data = bars("open.ts").read_bytes()
    path.write_bytes(data)
    with Video(path) as video:
        path.write_bytes(data[: len(data) // 2])
        assert see(video[8]).code == 8
        with pytest.raises(EncodingError, match=r"frame 70 at .* make it again"):
            video[70]
        assert see(video[3]).code == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_pipe_with_an_index_is_read_forward(tmp_path: Path) -> None:
    data = bars("open.mkv").read_bytes()
    fifo = tmp_path / "fifo.mkv"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(data,))
    writer.start()
    with Video(fifo, index=VideoIndex(bars("open.mkv"))) as video:
        assert [see(frame).code for frame in video] == list(range(FRAMES))
        assert video.stats.seeks == 0
    writer.join()
