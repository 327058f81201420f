"""to_ndarray: what it is asked for, where it writes, and what a frame says of its array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from frame_helpers import DEEP, FORMATS, PACKED, bit_depth, content, make

from ffwebcodecs import (
    EncodedVideoChunk,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    VideoFrame,
    open_handles,
)
from ffwebcodecs import create_image_bitmap as bitmap_of

rng = np.random.default_rng(17)
PIXELS = rng.integers(0, 256, (24, 32, 3), np.uint8)


def rgb(**options: Any) -> VideoFrame:
    return VideoFrame.from_ndarray(PIXELS, timestamp=0, **options)


# ---- what a frame is as an array -----------------------------------------------------------------


@pytest.mark.parametrize("format", [each for each in FORMATS if each != "I420AP12"])
def test_a_frame_is_rgb_rgba_or_gray_and_says_its_shape(format: str) -> None:
    with make(format, 8, 6) as frame:
        array = np.asarray(frame)
        assert (array.shape, array.dtype) == (frame.shape, frame.dtype)
        channels = 4 if frame.format in ("RGBA", "BGRA", "RGBA64") or "A" in format[1:5] else 3
        if format.startswith("GRAY"):
            assert array.shape == (6, 8)
        else:
            assert array.shape == (6, 8, 4 if channels == 4 and format != "GRAY8" else 3)
        assert array.dtype == (np.uint16 if format in DEEP else np.uint8)
        assert (frame.width, frame.height, frame.size) == (8, 6, (8, 6))


@pytest.mark.parametrize(
    ("format", "order"),
    [("BGR", (2, 1, 0)), ("BGRA", (2, 1, 0, 3)), ("RGBX", (0, 1, 2)), ("BGRX", (2, 1, 0))],
)
@pytest.mark.parametrize("primaries", ["bt709", "smpte432"])
def test_other_orders_become_rgb_with_the_same_values(
    format: str, order: tuple[int, ...], primaries: str
) -> None:
    pixels = rng.integers(0, 256, (6, 10, PACKED[format]), np.uint8)
    space = {
        "primaries": primaries,
        "transfer": "iec61966-2-1",
        "matrix": "rgb",
        "full_range": True,
    }
    with VideoFrame.from_ndarray(pixels, timestamp=0, format=format, color_space=space) as frame:
        assert np.array_equal(np.asarray(frame), pixels[..., list(order)])
        assert np.array_equal(frame.to_ndarray(format), pixels) is (primaries == "bt709")


def test_sizes_are_of_the_visible_picture_as_it_is_stored() -> None:
    look = {"rotation": 90, "display_width": 40, "display_height": 30}
    with make("I420", 16, 12, visible_rect=(2, 4, 10, 6), **look) as frame:
        assert (frame.width, frame.height) == frame.size == (10, 6)
        assert frame.shape == (6, 10, 3) == frame.to_ndarray().shape
    assert (frame.width, frame.height, frame.size, frame.shape) == (0, 0, (0, 0), (0, 0))
    with pytest.raises(InvalidStateError):
        frame.dtype


def test_planes_and_bitmaps_say_theirs() -> None:
    with make("NV12", 8, 6) as frame:
        for plane in frame.planes:
            array = np.asarray(plane)
            assert (array.shape, array.dtype) == (plane.shape, plane.dtype)
            assert plane.size == (plane.width, plane.height)
        assert frame.planes[1].shape == (3, 4, 2)
        with bitmap_of(frame, format="RGB48") as bitmap:
            assert (bitmap.shape, bitmap.dtype) == ((6, 8, 3), np.uint16)
            assert bitmap.size == (bitmap.width, bitmap.height) == (8, 6)
        assert (bitmap.size, bitmap.shape) == ((0, 0), (0, 0))
        with pytest.raises(InvalidStateError):
            bitmap.dtype
    with (
        make("I422", 8, 6) as frame,
        bitmap_of(frame, format=None) as bitmap,
        pytest.raises(NotSupportedError, match="I422"),
    ):
        bitmap.shape


@pytest.mark.once
def test_time_is_the_timestamp_in_seconds() -> None:
    for stamp in (0, 1, -1, 33_333, 1_500_000, (1 << 63) - 1, -(1 << 63)):
        frame = make(timestamp=stamp)
        frame.close()
        chunk = EncodedVideoChunk(type="key", timestamp=stamp, data=b"")
        assert frame.time == chunk.time == stamp / 10**6
        assert isinstance(frame.time, float)


def test_numpy_and_those_who_ask_it_take_frames() -> None:
    with rgb() as frame, make("GRAY16", 8, 6) as gray:
        stack = np.stack([frame, frame])
        assert np.array_equal(stack, [PIXELS, PIXELS])
        assert np.array_equal(np.array(frame, dtype=np.float32), PIXELS.astype(np.float32))
        assert np.array_equal(np.array([frame, frame]), stack)
        assert np.shape(frame) == PIXELS.shape
        assert np.array_equal(np.concatenate([frame, frame]), np.concatenate([PIXELS, PIXELS]))
        assert np.array_equal(np.flip(frame, 1), PIXELS[:, ::-1])
        assert float(np.mean(frame)) == PIXELS.mean()
        # What matplotlib's imshow does with what it is given.
        for thing in (frame, gray):
            shown = np.ma.array(thing, subok=True, copy=True)
            assert (shown.shape, shown.dtype) == (thing.shape, thing.dtype)
        for wrong in (len, iter):
            with pytest.raises(TypeError):
                wrong(frame)  # type: ignore[call-overload]


def test_matplotlib_shows_frames() -> None:
    matplotlib: Any = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot

    with rgb() as frame, bitmap_of(frame) as bitmap:
        for thing in (frame, bitmap, frame.planes[0]):
            assert np.array_equal(pyplot.imshow(thing).get_array(), np.asarray(thing))
    pyplot.close("all")


def test_pillow_takes_the_array_of_a_frame() -> None:
    image: Any = pytest.importorskip("PIL.Image")
    with rgb() as frame, make("GRAY16", 8, 6) as gray:
        assert np.array_equal(np.asarray(image.fromarray(np.asarray(frame))), PIXELS)
        picture = image.fromarray(np.asarray(gray))
        assert np.array_equal(np.asarray(picture), gray.to_ndarray())
        with VideoFrame.from_ndarray(picture, timestamp=0) as back:
            assert (back.format, content(back)) == ("GRAY16", content(gray))


# ---- regions, sizes, channels --------------------------------------------------------------------


def test_a_rect_is_that_part_of_the_coded_frame() -> None:
    with rgb(visible_rect=(4, 4, 20, 16), transfer=True) as frame:
        assert np.array_equal(frame.to_ndarray(rect=(3, 5, 7, 9)), PIXELS[5:14, 3:10])
        assert np.array_equal(frame.to_ndarray(), PIXELS[4:20, 4:24])
        with pytest.raises(InvalidArgumentError, match="rect"):
            frame.to_ndarray(rect=(30, 0, 4, 4))
    with make("I420", 8, 6) as frame, pytest.raises(InvalidArgumentError, match=r"rect\.x"):
        frame.to_ndarray(rect=(1, 0, 4, 4))


@pytest.mark.parametrize("filter", ["bilinear", "bicubic", "area", "lanczos"])
@pytest.mark.parametrize("format", ["RGB", "RGBA", "GRAY8", "GRAY16", "RGB48"])
def test_scaling_keeps_a_ramp(format: str, filter: str) -> None:
    ramp = np.linspace(0, 255, 64).round().astype(np.uint8)
    pixels = np.broadcast_to(ramp[None, :, None], (48, 64, 3))
    deep = bit_depth(format) > 8
    with VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        small = frame.to_ndarray(format, width=16, height=12, filter=filter)
    assert small.shape[:2] == (12, 16)
    # A cell of four by four pixels has their mean, whichever the filter, but near the edges.
    means = ramp.reshape(16, 4).mean(1) * (257 if deep else 1)
    gray = small if small.ndim == 2 else small[..., 0]
    middle = (np.abs(gray.astype(float) - means) / (257 if deep else 1))[2:-2, 2:-2]
    assert middle.max() <= 1.5


@pytest.mark.parametrize(
    ("look", "asked", "shape"),
    [
        ({}, {"width": 16}, (12, 16)),
        ({}, {"height": 12}, (12, 16)),
        ({}, {"width": 10, "height": 7}, (7, 10)),
        ({"display_width": 64, "display_height": 24}, {"height": 12}, (12, 32)),
        ({"rotation": 90}, {"width": 16}, (12, 16)),
        ({"rotation": 90}, {"width": 12, "upright": True}, (16, 12)),
        ({"rotation": 90}, {"upright": True}, (32, 24)),
        ({"rotation": 90}, {"upright": True, "rect": (0, 0, 24, 12), "width": 12}, (6, 12)),
        # Pixels are twice as wide as high; of the part as well.
        ({"display_width": 64, "display_height": 24}, {"height": 8, "rect": (0, 0, 8, 8)}, (8, 16)),
        # A turned picture of such pixels is shown upright, they are twice as high as wide then.
        (
            {"display_width": 24, "display_height": 64, "rotation": 270},
            {"width": 24, "upright": True},
            (64, 24),
        ),
    ],
)
def test_one_size_follows_from_the_shape_that_is_shown(
    look: dict[str, Any], asked: dict[str, Any], shape: tuple[int, int]
) -> None:
    with rgb(**look) as frame:
        assert frame.to_ndarray(**asked).shape == (*shape, 3)
        assert frame.to_ndarray("GRAY8", **asked, layout="CHW").shape == (1, *shape)


@pytest.mark.parametrize("format", ["RGB", "RGBA64", "I420", "I444"])
def test_upright_is_what_upright_gives(format: str) -> None:
    with make(format, 8, 6, rotation=90, flip=True) as frame, frame.upright() as turned:
        assert np.array_equal(frame.to_ndarray(upright=True), turned.to_ndarray())
        rect = (2, 2, 4, 6)
        expected = turned.to_ndarray(format, rect=rect)
        assert np.array_equal(frame.to_ndarray(format, rect=rect, upright=True), expected)


@pytest.mark.parametrize("format", FORMATS)
def test_channels_first_are_the_same_samples(format: str) -> None:
    if format.startswith(("I420A", "I422")):
        pytest.skip("its planes do not fit one array")
    with make(format, 8, 6) as frame:
        plain = frame.to_ndarray(format)
        if format in ("NV12",) or format.startswith("I420"):
            with pytest.raises(InvalidArgumentError, match="CHW"):
                frame.to_ndarray(format, layout="CHW")
            return
        array = frame.to_ndarray(format, layout="CHW")
    assert array.flags.c_contiguous
    if format in PACKED:
        plain = np.moveaxis(plain.reshape(6, 8, -1), 2, 0)
    assert np.array_equal(array, plain)


# ---- out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["HWC", "CHW"])
@pytest.mark.parametrize("format", ["RGB", "RGBA", "GRAY8", "GRAY16", "RGB48", "I444"])
def test_out_of_any_strides_is_written_and_returned(format: str, layout: str) -> None:
    with make("I420", 12, 10, rotation=90) as frame:
        for upright in (False, True):
            options: dict[str, Any] = {"layout": layout, "upright": upright, "height": 7}
            expected = frame.to_ndarray(format, **options)
            shape, dtype = expected.shape, expected.dtype
            inner = tuple(slice(side, 2 * side) for side in shape)
            rows = (slice(1, 1 + shape[0]), slice(0, shape[1]), *(slice(None),) * (len(shape) - 2))
            for size, order, part in (
                (shape, "C", ...),
                (shape, "F", ...),
                (shape, "C", (slice(None, None, -1),)),
                (shape, "C", (..., slice(None, None, -1))),
                ((*shape[:-1], 2 * shape[-1]), "C", (..., slice(1, None, 2))),
                (tuple(3 * side for side in shape), "C", inner),
                ((shape[0] + 2, shape[1] + 3, *shape[2:]), "C", rows),
            ):
                whole = np.full(size, 0xEE, dtype, order)
                out = whole[part]
                assert frame.to_ndarray(format, out=out, **options) is out
                assert np.array_equal(out, expected)
                out[...] = 0xEE
                assert (whole == 0xEE).all()  # nothing else was written


@pytest.mark.parametrize(
    ("out", "match"),
    [
        (np.zeros((6, 8, 4), np.uint8), r"\(6, 8, 4\).*\(6, 8, 3\)"),
        (np.zeros((8, 6, 3), np.uint8), r"\(8, 6, 3\)"),
        (np.zeros((6, 8, 3), np.float32), "float32.*uint8"),
        (np.zeros((6, 8, 3), np.int8), "int8"),
        (np.zeros((6, 8, 3), np.uint16), "uint16"),
        (np.frombuffer(bytes(144), np.uint8).reshape(6, 8, 3), "read-only"),
        (np.broadcast_to(np.zeros((1, 8, 3), np.uint8), (6, 8, 3)), "read-only|one place"),
        (
            np.lib.stride_tricks.as_strided(np.zeros(40, np.uint8), (6, 8, 3), (3, 3, 1)),
            "one place",
        ),
        ([[[0, 0, 0]] * 8] * 6, "out"),
        (bytearray(144), "out"),
        ("text", "out"),
    ],
)
def test_an_out_that_is_not_as_it_has_to_be_is_refused(out: Any, match: str) -> None:
    before = np.array(out) if isinstance(out, np.ndarray) else None
    with make("I420", 8, 6) as frame, pytest.raises(InvalidArgumentError, match=match):
        frame.to_ndarray(out=out)
    assert before is None or np.array_equal(out, before)


def test_an_out_of_another_byte_order_or_in_the_frames_memory_is_refused() -> None:
    with make("I420P10", 8, 6) as frame, pytest.raises(InvalidArgumentError, match=">u2"):
        frame.to_ndarray("I420P10", out=np.zeros((9, 8), ">u2"))
    memory = rng.integers(0, 256, (12, 8, 3), np.uint8)
    before = memory.copy()
    with VideoFrame.from_ndarray(memory[3:9], timestamp=0, transfer=True) as frame:
        for out in (memory[3:9], memory[:6], memory[6:], memory[8:2:-1]):
            with pytest.raises(InvalidArgumentError, match="own memory"):
                frame.to_ndarray(out=out)
        assert np.array_equal(memory, before)
        assert np.array_equal(frame.to_ndarray(out=np.empty((6, 8, 3), np.uint8)), before[3:9])


def test_a_subclass_or_tensor_is_returned_as_it_is() -> None:
    class Mine(np.ndarray):
        pass

    out = np.empty((6, 8, 3), np.uint8).view(Mine)
    with make("I420", 8, 6) as frame:
        assert frame.to_ndarray(out=out) is out
        assert np.array_equal(np.asarray(out), frame.to_ndarray())


# ---- bitmaps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["RGBA", "BGR", "GRAY16", "I420"])
def test_a_bitmaps_array_is_a_view_unless_anything_is_asked_for(format: str) -> None:
    with make(format, 8, 6) as frame, bitmap_of(frame, format=None) as bitmap:
        view = bitmap.to_ndarray()
        assert np.shares_memory(view, np.asarray(bitmap))
        assert not view.flags.writeable
        for options in (
            {"format": "RGB"},
            {"format": format},
            {"width": 4, "height": 6},
            {"rect": (0, 0, 8, 6)},
            {"out": np.empty((6, 8), np.uint8), "format": "GRAY8"},
        ):
            array = bitmap.to_ndarray(**options)
            assert array.flags.writeable
            assert not np.shares_memory(array, view)
            with VideoFrame(bitmap, timestamp=0) as same:
                expected = same.to_ndarray(**{**options, "out": None})
            assert np.array_equal(array, expected)
    with pytest.raises(InvalidStateError):
        bitmap.to_ndarray("RGB")


# ---- wrong values --------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"width": 0}, "width"),
        ({"height": -1}, "height"),
        ({"width": 1.5}, "width"),
        ({"width": "8"}, "width"),
        ({"width": 1 << 31}, "width"),
        ({"width": (1 << 31) - 1}, "4294967295"),
        ({"width": 40_000, "height": 40_000}, "bytes, the limit is 4294967295"),
        ({"filter": "nearest"}, "filter"),
        ({"layout": "NHWC"}, "layout"),
        ({"layout": None}, "layout"),
        ({"upright": 2}, "upright"),
        ({"rect": (0, 0)}, "rect"),
        ({"format": "RGB16"}, "RGB16"),
    ],
)
def test_wrong_values_are_refused_by_name(options: dict[str, Any], match: str) -> None:
    with make("RGB", 8, 6) as frame, bitmap_of(frame) as bitmap:
        for thing in (frame, bitmap):
            with pytest.raises(InvalidArgumentError, match=match):
                thing.to_ndarray(**options)
        assert open_handles()["frame"] == 2
