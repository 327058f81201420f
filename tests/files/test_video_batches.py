"""Video: many frames at once, in any order, as frames and as arrays; what that costs."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bar_clips import BY_NAME, FRAMES, STEP
from barcodes import code_of, see
from clips import clip

from ffwebcodecs import InvalidArgumentError, Video, VideoFrame, read_frames

pytestmark = pytest.mark.divided


def bars(name: str) -> Path:
    return BY_NAME[name].path()


@pytest.fixture
def video() -> Iterator[Video]:
    with Video(bars("closed.mp4")) as opened:
        yield opened


def fewest(video: Video, wanted: list[int]) -> int:
    """Return how many pictures it takes: of each group, from its key to the last one wanted."""
    table = video._core.engine.table
    last: dict[int, int] = {}
    for index in wanted:
        key = int(table.starts[index])
        number = int(table.shown[index])
        last[key] = max(last.get(key, 0), number)
    return sum(end - key + 1 for key, end in last.items())


ORDERS = {
    "random": random.Random(5).sample(range(FRAMES), 30),
    "some of each group": [70, 2, 33, 20, 48, 3, 63],
    "backwards": list(range(FRAMES))[::-1],
    "twice": [90 % FRAMES, 3, 3, 41, 90 % FRAMES],
    "forwards": list(range(5, FRAMES, 2)),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("name", ["closed.mp4", "open.ts", "hevc-open.mkv"])
def test_frames_come_in_order_for_the_fewest_pictures(name: str, order: list[int]) -> None:
    with Video(bars(name)) as video:
        assert [see(frame).code for frame in video.frames(order)] == order
        stats = video.stats
        groups = {int(key) for key in video._core.engine.table.starts[order]}
        assert stats.pictures_decoded <= 1.02 * fewest(video, order)
        assert stats.seeks - stats.seek_misses <= len(groups)
        assert stats.cached_frames == 0


def test_backwards_in_groups_longer_than_the_memory() -> None:
    with Video(bars("one-group.ts"), cache_bytes=100_000) as video:
        room = 100_000 // video._core.store.picture_bytes
        assert [see(frame).code for frame in reversed(video)] == list(range(FRAMES))[::-1]
        parts = -(-FRAMES // room)
        assert video.stats.pictures_decoded <= FRAMES * (parts + 1)
        assert video.stats.pictures_decoded > FRAMES


def test_no_more_frames_wait_than_the_memory_holds() -> None:
    with Video(bars("one-group.ts"), cache_bytes=100_000) as video:
        see(video[0])
        frames = video.frames(list(range(FRAMES))[::-1])
        for _ in range(FRAMES):
            see(next(frames))
            waiting = len(frames._waiting)  # type: ignore[attr-defined]
            assert waiting * video._core.store.picture_bytes <= 100_000


def test_short_groups_are_decoded_together_backwards() -> None:
    with Video(bars("jpeg.avi")) as video:
        count = len(video)
        assert [see(frame).code for frame in reversed(video)] == list(range(count))[::-1]
        assert video.stats.pictures_decoded == count
        assert video.stats.seeks < count // 10


def test_an_endless_iterable_is_taken_a_little_ahead(video: Video) -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        for index in itertools.cycle((30, 4, 71)):
            taken += 1
            yield index

    frames = video.frames(endless())
    assert [see(next(frames)).code for _ in range(200)] == [30, 4, 71] * 66 + [30, 4]
    assert taken <= 200 + 2 * 64
    assert video.stats.pictures_decoded <= fewest(video, [30, 4, 71]) * 4


def test_times_in_any_order_are_the_frames_shown_then(video: Video) -> None:
    times = [33 * STEP + 7, 0, 2 * STEP - 1, 10**9]
    expected = [33, 0, 1, FRAMES - 1]
    assert [see(frame).code for frame in video.frames_at(times)] == expected
    assert [see(frame).code for frame in video.frames_at(iter(times))] == expected
    assert [see(frame).code for frame in video.frames_at(np.array(times), "nearest")] == [
        33,
        0,
        2,
        FRAMES - 1,
    ]
    with pytest.raises(InvalidArgumentError, match="no frame is shown at -5 us"):
        video.frames_at([3, -5])


def test_wrong_indices_are_found_before_anything_is_decoded(video: Video) -> None:
    for indices in ([1, FRAMES], range(FRAMES + 1), np.array([-FRAMES - 1])):
        with pytest.raises(IndexError):
            video.frames(indices)
        with pytest.raises(IndexError):
            video.read(indices)
    for wrong in (5, "12", [1.5]):
        with pytest.raises(InvalidArgumentError):
            video.frames(wrong)  # type: ignore[arg-type]
    assert video.stats.pictures_decoded == 0


def test_another_access_in_between_changes_no_frame(video: Video) -> None:
    frames = video.frames(range(20, 60))
    codes = []
    for turn in range(40):
        codes.append(see(next(frames)).code)
        if turn % 7 == 3:
            assert see(video[turn]).code == turn
    assert codes == list(range(20, 60))


# ---- arrays --------------------------------------------------------------------------------------


def array_of(frame: VideoFrame, format: str) -> np.ndarray:
    with frame:
        return frame.to_ndarray(format)


def test_a_batch_holds_what_its_frames_hold(video: Video) -> None:
    indices = [30, -1, 4, 4, 29]
    for format in ("RGB", "RGBA", "GRAY8", "I420"):
        batch = video.read(indices, format)
        expected = [array_of(video[index], format) for index in indices]
        assert batch.dtype == np.uint8
        assert np.array_equal(batch, np.stack(expected))
    first = video.read(indices, layout="NCHW")
    assert first.shape == (5, 3, 64, 64)
    assert np.array_equal(first, video.read(indices).transpose(0, 3, 1, 2))
    assert video.read(indices, "GRAY8", layout="NCHW").shape == (5, 1, 64, 64)
    assert video.read([]).shape == (0, 64, 64, 3)
    assert np.array_equal(video.read(range(8)), video.read(video[:8].indices))
    assert np.array_equal(video[:8].read(), video.read(iter(range(8))))


def test_a_batch_costs_each_group_once_whatever_the_order() -> None:
    indices = ORDERS["random"]
    with Video(bars("closed.mp4"), cache_bytes=0) as video:
        assert [code_of(row) for row in video.read(indices, "GRAY8")] == indices
        assert video.stats.pictures_decoded <= 1.02 * fewest(video, indices)


def test_a_batch_goes_into_the_array_that_is_given(video: Video) -> None:
    expected = video.read([3, 50])
    whole = np.zeros((4, 64, 64, 3), np.uint8)
    assert video.read([3, 50], out=whole[1:3]) is not None
    assert np.array_equal(whole[1:3], expected)
    assert not whole[0].any()
    assert not whole[3].any()
    spread = np.zeros((2, 64, 64, 4), np.uint8)[..., :3]
    video.read([3, 50], out=spread)
    assert np.array_equal(spread, expected)
    locked = np.zeros_like(expected)
    locked.flags.writeable = False
    for out, why in (
        (locked, "read-only"),
        (np.zeros((2, 64, 64, 3), np.float32), "dtype float32"),
        (np.zeros((3, 64, 64, 3), np.uint8), "must have"),
        ([1, 2], "must be an array"),
    ):
        with pytest.raises(InvalidArgumentError, match=why):
            video.read([3, 50], out=out)


def test_sizes_follow_the_shape_that_is_shown() -> None:
    with Video(clip("h264-bframes.mp4")) as video:  # 160 x 120
        assert video.read([0], width=80).shape == (1, 60, 80, 3)
        assert video.read([0], height=30).shape == (1, 30, 40, 3)
        assert video.read([0], width=50, height=50).shape == (1, 50, 50, 3)


@pytest.mark.parametrize("filter", ["bilinear", "bicubic", "area", "lanczos"])
def test_each_filter_scales_without_moving_the_picture(video: Video, filter: str) -> None:
    whole = video.read([21], "GRAY8")[0].astype(float)
    small = video.read([21], "GRAY8", width=32, height=32, filter=filter)[0]
    assert abs(small.mean() - whole.mean()) < 2
    large = video.read([21], "GRAY8", width=128, height=128, filter=filter)[0]
    assert code_of(large) == code_of(small) == 21


def test_filters_differ(video: Video) -> None:
    results = [
        video.read([21], width=48, height=48, filter=filter).tobytes()
        for filter in ("bilinear", "bicubic", "area", "lanczos")
    ]
    assert len(set(results)) == 4


def test_contain_leaves_margins_and_cover_cuts(video: Video) -> None:
    wide = video.read([5], width=96, height=48, fit="contain")[0]
    assert not wide[:, :24].any()
    assert not wide[:, 72:].any()
    assert np.array_equal(wide[:, 24:72], video.read([5], width=48, height=48)[0])
    covered = video.read([5], "GRAY8", width=64, height=32, fit="cover")[0]
    assert np.array_equal(covered, video.read([5], "GRAY8")[0][16:48])
    assert video.read([5], width=96, height=48).shape == (1, 48, 96, 3)


def test_ten_bits_stay_ten_bits() -> None:
    with Video(clip("h264-high10.mp4")) as video:
        batch = video.read([0, 9], "I420P10")
        assert batch.dtype == np.uint16
        with video[9] as frame:
            assert np.array_equal(batch[1], frame.to_ndarray("I420P10"))


def test_upright_turns_arrays_and_frames() -> None:
    path = clip("h264-rotated.mp4")
    with Video(path) as video, Video(path, upright=True) as upright:
        assert video.read([2]).shape == (1, 120, 160, 3)
        turned = upright.read([2], layout="NCHW")
        assert turned.shape == (1, 3, 160, 120)
        with video[2] as frame:
            turns = -frame.rotation // 90
        assert np.array_equal(turned[0].transpose(1, 2, 0), np.rot90(video.read([2])[0], turns))
        assert upright.read([2], width=60).shape == (1, 80, 60, 3)
        assert upright.read([2], "I420").shape == (1, 240, 120)
        frames = upright[2], next(upright.frames([2])), next(iter(upright[2:]))
        for frame in frames:
            with frame:
                assert (frame.rotation, frame.coded_width, frame.coded_height) == (0, 120, 160)
                assert np.array_equal(frame.to_ndarray("RGB"), turned[0].transpose(1, 2, 0))
    for frame, stored in zip(
        read_frames(path, stop=200_000, upright=True), read_frames(path, stop=200_000), strict=True
    ):
        with frame, stored:
            assert (frame.rotation, frame.timestamp) == (0, stored.timestamp)
            assert np.array_equal(frame.to_ndarray(), stored.to_ndarray(upright=True))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"format": "RGX"}, "unknown pixel format"),
        ({"width": 0}, "width is 0"),
        ({"fit": "crop"}, "fill, contain, cover"),
        ({"filter": "best"}, "bilinear, bicubic, area, lanczos"),
        ({"layout": "CHW"}, "NHWC, NCHW"),
        ({"format": "I420", "layout": "NCHW"}, "planes of I420 differ in size"),
        ({"format": "I444"}, "its layout is 'NCHW'"),
        ({"format": "I420", "fit": "contain"}, "packed pixels"),
    ],
)
def test_wrong_options_are_named(video: Video, options: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidArgumentError, match=why):
        video.read([1], **options)  # type: ignore[arg-type]


def test_a_sample_is_even_in_time(video: Video) -> None:
    five = video.sample(count=5, format="GRAY8")
    assert five.indices.tolist() == [7, 22, 37, 52, 67]
    assert five.timestamps.tolist() == [index * STEP for index in (7, 22, 37, 52, 67)]
    assert [code_of(row) for row in five.array] == [7, 22, 37, 52, 67]
    assert five.array is five.array
    assert [see(frame).code for frame in five.frames] == [7, 22, 37, 52, 67]
    assert video.sample(rate=5.0).indices.tolist() == list(range(0, FRAMES, 5))
    assert video.sample(rate=1000).indices[:40].tolist() == [0] * 40
    assert len(set(video.sample(count=200).indices.tolist())) == FRAMES
    for options in ({}, {"count": 3, "rate": 1.0}, {"count": 0}, {"rate": -1.0}):
        with pytest.raises(InvalidArgumentError, match="sample takes"):
            video.sample(**options)  # type: ignore[arg-type]


def test_a_sample_of_a_variable_rate_goes_by_time() -> None:
    with Video(bars("vfr.mp4")) as video:
        sample = video.sample(rate=4.0)
        begin = int(video.timestamps[0])
        moments = begin + np.arange(len(sample)) * 250_000
        ends = sample.timestamps + video.durations[sample.indices]
        assert (sample.timestamps <= moments).all()
        assert (moments < ends).all()


@pytest.mark.parametrize("name", ["b-frames.avi", "raw.h264", "packed.avi", "hls-ts.m3u8"])
def test_a_seek_is_right_the_first_time(name: str) -> None:
    clip_of = BY_NAME[name]
    shown = clip_of.shown()
    with Video(clip_of.path(), **clip_of.options) as video:
        for index in (65, 20, 40):
            assert see(video[index]).code == shown[index]
        assert video.stats.seek_misses == 0


def test_frames_before_a_failure_of_the_iterable_are_given(video: Video) -> None:
    def wanted(last: int) -> Iterator[int]:
        yield 3
        yield 7
        yield last
        raise LookupError("the iterable's own")

    for last, error in ((FRAMES, IndexError), (9, LookupError)):
        given = []
        with pytest.raises(error):
            for frame in video.frames(wanted(last)):
                given.append(frame.timestamp // STEP)
                frame.close()
        assert given == ([3, 7] if last == FRAMES else [3, 7, 9])


def test_backwards_without_a_cache_decodes_a_group_for_several_frames() -> None:
    with Video(bars("one-group.ts"), cache_bytes=0) as video:
        assert [see(frame).code for frame in reversed(video)] == list(range(FRAMES))[::-1]
        assert video.stats.pictures_decoded <= FRAMES * (FRAMES // 8 + 1)


def test_an_array_whose_elements_share_memory_is_refused(video: Video) -> None:
    memory = np.zeros(64 * 64 * 3 * 4, np.uint8)
    row = 64 * 3
    over = np.lib.stride_tricks.as_strided(memory, (2, 64, 64, 3), (row, row, 3, 1))
    with pytest.raises(InvalidArgumentError, match="one place"):
        video.read([1, 2], out=over)
    apart = np.lib.stride_tricks.as_strided(memory, (2, 64, 64, 3), (64 * row * 2, row, 3, 1))
    assert np.array_equal(video.read([1, 2], out=apart), video.read([1, 2]))
