"""ImageBitmap: pixels that outlive their frame, and have one owner."""

from __future__ import annotations

import gc
import warnings

import numpy as np
import pytest
from clips import clip

import ffwebcodecs
from ffwebcodecs import (
    ImageBitmap,
    VideoDecoder,
    VideoDecoderConfig,
    VideoFrame,
    create_image_bitmap,
    open_handles,
    read_frames,
)

NAME = "h264-bframes.mp4"


def gradient(width: int, height: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x * 3 % 256, y * 5 % 256, (x + y) % 256, 255 - x % 256], -1).astype(np.uint8)


def first_frame() -> VideoFrame:
    return next(read_frames(clip(NAME)))


def test_bitmap_is_rgba_of_the_visible_part_by_default() -> None:
    with first_frame() as frame, create_image_bitmap(frame) as bitmap:
        assert (bitmap.width, bitmap.height, bitmap.format) == (160, 120, "RGBA")
        np.testing.assert_array_equal(bitmap.to_ndarray(), frame.to_ndarray("RGBA"))


def test_format_none_keeps_planes_and_colours() -> None:
    with first_frame() as frame, create_image_bitmap(frame, format=None) as bitmap:
        assert bitmap.format == frame.format == "I420"
        np.testing.assert_array_equal(bitmap.to_ndarray(), frame.to_ndarray("I420"))
        with VideoFrame(bitmap, timestamp=0) as again:
            assert again.color_space == frame.color_space


@pytest.mark.parametrize("format", ["RGB", "BGRA", "GRAY8", "I420", "NV12", "I444", "I420P10"])
def test_other_formats_are_what_copy_to_gives(format: str) -> None:
    with first_frame() as frame, create_image_bitmap(frame, format=format) as bitmap:
        array = bitmap.to_ndarray()
        np.testing.assert_array_equal(array, frame.to_ndarray(format))
        assert array.flags.c_contiguous


def test_rect_crops() -> None:
    pixels = gradient(20, 10)
    with (
        VideoFrame.from_ndarray(pixels, timestamp=0) as frame,
        create_image_bitmap(frame, rect=(3, 2, 8, 5)) as bitmap,
    ):
        np.testing.assert_array_equal(bitmap.to_ndarray(), pixels[2:7, 3:11])


@pytest.mark.parametrize("rect", [(150, 0, 20, 10), (0, 0, 0, 5), (1, 0, 8, 8)])
def test_bad_rect_is_refused(rect: tuple[int, int, int, int]) -> None:
    with first_frame() as frame, pytest.raises(ffwebcodecs.InvalidArgumentError):
        create_image_bitmap(frame, rect=rect)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"resize_width": 80}, (80, 60)),
        ({"resize_height": 60}, (80, 60)),
        ({"resize_width": 50}, (50, 38)),  # 37.5, rounded up
        ({"resize_width": 33, "resize_height": 71}, (33, 71)),
        ({"resize_width": 320}, (320, 240)),
    ],
)
def test_resize(options: dict[str, int], size: tuple[int, int]) -> None:
    with first_frame() as frame, create_image_bitmap(frame, **options) as bitmap:
        assert (bitmap.width, bitmap.height) == size
        # Scaling keeps the mean colour.
        means = [
            array.reshape(-1, 4).mean(0)
            for array in (bitmap.to_ndarray(), frame.to_ndarray("RGBA"))
        ]
        assert np.abs(means[0] - means[1]).max() < 2


def test_resize_keeps_the_frames_own_format() -> None:
    with first_frame() as frame:
        with create_image_bitmap(frame, format=None, resize_width=80) as bitmap:
            assert (bitmap.format, bitmap.width, bitmap.height) == ("I420", 80, 60)
            luma = bitmap.to_ndarray()[:60].mean()
        assert abs(luma - frame.planes[0].to_ndarray().mean()) < 1


@pytest.mark.parametrize("value", [0, -1, 1.5, "80", 2**31])
def test_bad_size_is_refused(value: object) -> None:
    with first_frame() as frame, pytest.raises(ffwebcodecs.InvalidArgumentError):
        create_image_bitmap(frame, resize_width=value)  # type: ignore[arg-type]


def test_orientation_is_not_applied() -> None:
    pixels = gradient(6, 4)
    with (
        VideoFrame.from_ndarray(pixels, timestamp=0, rotation=90, flip=True) as frame,
        create_image_bitmap(frame) as bitmap,
    ):
        np.testing.assert_array_equal(bitmap.to_ndarray(), pixels)


def test_array_is_a_read_only_view_that_outlives_the_bitmap() -> None:
    pixels = gradient(16, 8)
    with VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        bitmap = create_image_bitmap(frame)
    one, two = bitmap.to_ndarray(), bitmap.to_ndarray()
    bitmap.close()
    assert np.shares_memory(one, two)
    assert not one.flags.writeable
    np.testing.assert_array_equal(one, pixels)
    assert open_handles()["frame"] == 1
    del one, two
    gc.collect()
    assert open_handles()["frame"] == 0


def test_close_frees_at_once_and_twice_is_fine() -> None:
    with first_frame() as frame:
        bitmap = create_image_bitmap(frame)
    assert open_handles()["frame"] == 1
    bitmap.close()
    bitmap.close()
    assert open_handles()["frame"] == 0


def test_closed_bitmap_reads_as_nothing_and_refuses_use() -> None:
    with first_frame() as frame:
        bitmap = create_image_bitmap(frame)
    bitmap.close()
    assert (bitmap.width, bitmap.height, bitmap.format, bitmap.closed) == (0, 0, None, True)
    for use in (
        bitmap.to_ndarray,
        bitmap.__enter__,
        lambda: create_image_bitmap(bitmap),
        lambda: VideoFrame(bitmap, timestamp=0),
    ):
        with pytest.raises(ffwebcodecs.InvalidStateError):
            use()
    assert repr(bitmap) == "<ImageBitmap closed>"


def test_unclosed_bitmap_warns_when_collected_and_frees() -> None:
    with first_frame() as frame:
        bitmap = create_image_bitmap(frame)
    with pytest.warns(ResourceWarning, match="unclosed bitmap <ImageBitmap RGBA 160x120>"):
        del bitmap
        gc.collect()
    assert open_handles()["frame"] == 0


def test_closed_frame_gives_no_bitmap() -> None:
    frame = first_frame()
    frame.close()
    with pytest.raises(ffwebcodecs.InvalidStateError):
        create_image_bitmap(frame)


@pytest.mark.parametrize("source", [b"abcd", None, np.zeros((2, 2, 4), np.uint8)])
def test_other_sources_are_refused(source: object) -> None:
    with pytest.raises(ffwebcodecs.InvalidArgumentError, match="takes a VideoFrame"):
        create_image_bitmap(source)  # type: ignore[arg-type]


def test_bitmap_cannot_be_made_directly() -> None:
    with pytest.raises(ffwebcodecs.InvalidArgumentError, match="create_image_bitmap"):
        ImageBitmap()


def test_bitmap_of_a_bitmap_is_smaller() -> None:
    with (
        first_frame() as frame,
        create_image_bitmap(frame) as large,
        create_image_bitmap(large, resize_width=40) as small,
    ):
        assert (small.width, small.height) == (40, 30)


def test_format_without_a_name_needs_one() -> None:
    planes = bytes(range(16)) + bytes(20)
    with VideoFrame(planes, format="I420AP12", coded_width=2, coded_height=2, timestamp=0) as frame:
        with create_image_bitmap(frame, format=None) as bitmap:
            assert bitmap.format == "I420AP12"
        with pytest.raises(ffwebcodecs.NotSupportedError, match="I420AP12"):
            create_image_bitmap(frame, format=None, resize_width=4)
        with pytest.raises(ffwebcodecs.NotSupportedError, match="I420AP12"):
            create_image_bitmap(frame)


# ---- frames of bitmaps


def test_frame_of_a_bitmap_shares_its_memory() -> None:
    with first_frame() as frame:
        bitmap = create_image_bitmap(frame)
    with VideoFrame(bitmap, timestamp=40_000, duration=20_000, rotation=90) as again:
        assert (again.timestamp, again.duration) == (40_000, 20_000)
        assert (again.rotation, again.display_width, again.display_height) == (90, 120, 160)
        assert again.color_space.matrix == "rgb"
        assert np.shares_memory(again.planes[0].to_ndarray(), bitmap.to_ndarray())
        bitmap.close()
        assert again.to_ndarray().shape == (120, 160, 4)


def test_frame_of_a_bitmap_needs_a_timestamp_and_takes_no_format() -> None:
    with first_frame() as frame, create_image_bitmap(frame) as bitmap:
        with pytest.raises(ffwebcodecs.InvalidArgumentError, match="timestamp"):
            VideoFrame(bitmap)
        with pytest.raises(ffwebcodecs.InvalidArgumentError, match="format"):
            VideoFrame(bitmap, timestamp=0, format="RGBA")


def test_frame_of_a_bitmap_has_no_duration_and_no_metadata() -> None:
    with (
        first_frame() as frame,
        create_image_bitmap(frame) as bitmap,
        VideoFrame(bitmap, timestamp=5) as again,
    ):
        assert again.duration is None
        assert again.metadata() == {}


def test_bitmap_holds_no_slot_of_the_decoder() -> None:
    bitmaps: list[ImageBitmap] = []

    def keep(frame: VideoFrame) -> None:
        with frame:
            bitmaps.append(create_image_bitmap(frame, resize_width=16))

    with ffwebcodecs.Demuxer(clip(NAME)) as demuxer:
        config: VideoDecoderConfig = demuxer.video_config
        chunks = list(demuxer.chunks())
    decoder = VideoDecoder(keep, lambda error: None, frame_pool_size=2)
    decoder.configure(config)
    for chunk in chunks:
        decoder.decode(chunk)
    decoder.flush().result(10)
    decoder.close()
    assert len(bitmaps) == 45
    for bitmap in bitmaps:
        bitmap.close()


def test_dropping_a_frame_inside_with_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with first_frame() as frame, create_image_bitmap(frame) as bitmap:
            assert not bitmap.closed
        del bitmap
        gc.collect()
