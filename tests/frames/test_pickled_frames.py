"""Frames and bitmaps in pickles: nothing is copied where protocol 5 allows it, and all of it comes
back.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from clips import clip
from frame_helpers import FORMATS, pattern, planes_of, row_bytes, rows_of

from ffwebcodecs import (
    DataCloneError,
    DataError,
    ImageBitmap,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    VideoFrame,
    WebCodecsError,
    create_image_bitmap,
    open_handles,
    read_frames,
)
from ffwebcodecs._av.frames import frame as native
from ffwebcodecs._av.frames import regions
from ffwebcodecs._av.frames.picture import Picture
from ffwebcodecs._av.frames.pixel_format import exists
from ffwebcodecs._ffi import ffi
from ffwebcodecs.frames._regions import regions_of
from ffwebcodecs.frames._shape import ShapeCache

Buffers = list[pickle.PickleBuffer]


def make(format: str = "I420", width: int = 17, height: int = 6, **options: Any) -> VideoFrame:
    given = {"format": format, "coded_width": width, "coded_height": height, "timestamp": 5}
    return VideoFrame(pattern(format, width, height), **given | options)


def beside(thing: object) -> tuple[bytes, Buffers]:
    buffers: Buffers = []
    return pickle.dumps(thing, 5, buffer_callback=buffers.append), buffers


def address(memory: Any) -> int:
    return int(np.frombuffer(memory, np.uint8).ctypes.data)


def everything(frame: VideoFrame) -> tuple[object, ...]:
    if frame.format is None:  # not all can be converted
        found = regions_of(frame._open_picture(), frame._shape)
        pixels = bytearray().join(view for view, _ in found)
    else:
        pixels = bytearray(frame.allocation_size(rect=frame.coded_rect))
        frame.copy_to(pixels, rect=frame.coded_rect)
    return (
        repr(frame),
        frame.coded_rect,
        frame.visible_rect,
        (frame.display_width, frame.display_height),
        (frame.rotation, frame.flip),
        (frame.timestamp, frame.duration),
        frame.color_space,
        frame.metadata(),
        bytes(pixels),
    )


def of_format(pix_fmt: str, width: int = 18, height: int = 6) -> VideoFrame:
    """Return a frame in one of FFmpeg's formats, its rows wider than they have to be."""
    if not exists(pix_fmt):
        pytest.skip(f"this FFmpeg has no {pix_fmt}")
    rows = regions.rows_of(pix_fmt, width, height)
    ptr = native.new(pix_fmt, width, height, [(row + 13, count) for row, count in rows])
    for index, (_, count) in enumerate(rows):
        data = bytes((index * 31 + each * 7) % 251 for each in range(ptr.linesize[index] * count))
        ffi.memmove(ptr.data[index], data, len(data))
    return VideoFrame._from_native(Picture(ptr), ShapeCache().shape_of(ptr), 7, None, True)


# ---- without a copy ----------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_whole_planes_travel_beside_the_pickle_uncopied(format: str) -> None:
    rect = (2, 2, 11, 3)
    with make(format, transfer=True, visible_rect=rect) as frame:
        text, buffers = beside(frame)
        shown = [plane.to_ndarray() for plane in frame.planes]
        wanted = everything(frame)
    assert len(buffers) == len(planes_of(format)) <= 4
    assert b"._" not in text.replace(b"ffwebcodecs 0.", b"")
    for buffer, plane, pixels in zip(buffers, planes_of(format), shown, strict=True):
        raw = buffer.raw()
        assert raw.readonly
        # Tight here: from the first pixel to the last, whatever is visible.
        assert len(raw) == row_bytes(plane, 17) * rows_of(plane, 6)
        assert np.shares_memory(np.frombuffer(raw, np.uint8), pixels)
    with pickle.loads(text, buffers=buffers) as other:
        assert everything(other) == wanted
        for one, two in zip(other.planes, shown, strict=True):
            assert address(one.data) == two.ctypes.data
            assert np.array_equal(one.to_ndarray(), two)


@pytest.mark.parametrize("name", ["h264-cropped.mp4", "hevc-main10.mp4", "vp9-odd.mkv"])
def test_pictures_of_decoders_keep_their_padding_and_crop(name: str) -> None:
    for frame in read_frames(clip(name), stop=1):
        with frame:
            text, buffers = beside(frame)
            strides = [plane.stride for plane in frame.planes]
            first = [address(plane.data) for plane in frame.planes]
            wanted = everything(frame)
            assert [address(buffer.raw()) for buffer in buffers] == first
        with pickle.loads(text, buffers=buffers) as other:
            assert everything(other) == wanted
            assert [plane.stride for plane in other.planes] == strides
            assert [address(plane.data) for plane in other.planes] == first


def test_a_region_ends_with_the_last_pixel_of_the_last_row() -> None:
    layout = [(0, 20), (120, 11), (153, 11)]
    memory = bytearray(153 + 33)
    size = {"coded_width": 17, "coded_height": 6, "layout": layout}
    with VideoFrame(memory, format="I420", timestamp=0, transfer=True, **size) as frame:
        _, buffers = beside(frame)
    assert [len(buffer.raw()) for buffer in buffers] == [5 * 20 + 17, 2 * 11 + 9, 2 * 11 + 9]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_each_buffer_keeps_the_memory_in_any_order_of_going(order: tuple[int, ...]) -> None:
    with make("I444") as frame:
        _, buffers = beside(frame)
        wanted = [bytes(buffer.raw()) for buffer in buffers]
    left: list[Any] = list(buffers)
    buffers.clear()
    for index in order:
        assert open_handles()["frame"] == 1
        assert [bytes(one.raw()) for one in left if one is not None] == [
            data for data, one in zip(wanted, left, strict=True) if one is not None
        ]
        left[index] = None
    assert open_handles()["frame"] == open_handles()["buffer"] == 0


def test_what_arrived_is_kept_until_the_last_user_is_gone() -> None:
    with make() as frame:
        text, buffers = beside(frame)
        pieces = [bytearray(buffer.raw()) for buffer in buffers]
    del buffers
    other = pickle.loads(text, buffers=pieces)
    plane = other.planes[1].data
    other.close()
    with pytest.raises(BufferError):
        pieces[0].append(0)  # the view of another plane keeps the frame, and that all of them
    del plane
    for piece in pieces:
        piece.append(0)


def test_a_picture_upside_down_is_turned_over() -> None:
    with make("GRAY8", 5, 3) as frame:
        ptr = frame._open_picture().ptr
        stride = ptr.linesize[0]
        ptr.data[0] += 2 * stride
        ptr.linesize[0] = -stride
        text, buffers = beside(frame)
    rows = pattern("GRAY8", 5, 3)
    with pickle.loads(text, buffers=buffers) as other:
        assert other.to_ndarray().tobytes() == rows[10:] + rows[5:10] + rows[:5]


@pytest.mark.parametrize("align", range(4))
def test_pieces_at_any_address_do(align: int) -> None:
    with make("I420P10") as frame:
        text, buffers = beside(frame)
        moved = []
        for buffer in buffers:
            memory = bytearray(64 + align) + bytes(buffer.raw())
            moved.append(memoryview(memory)[64 + align :])
        with pickle.loads(text, buffers=moved) as other:
            assert everything(other) == everything(frame)
            assert other.to_ndarray("RGB").tobytes() == frame.to_ndarray("RGB").tobytes()


# ---- formats without a name --------------------------------------------------------------------

UNNAMED = ("nv16", "p010le", "gray12le", "ya8", "yuyv422", "monow", "pal8", "gbrp", "yuv411p")


@pytest.mark.parametrize("pix_fmt", UNNAMED)
@pytest.mark.parametrize("protocol", [4, 5])
def test_formats_without_a_name_travel_too(pix_fmt: str, protocol: int) -> None:
    with (
        of_format(pix_fmt) as frame,
        pickle.loads(pickle.dumps(frame, protocol)) as other,
    ):
        assert everything(other) == everything(frame)
        assert repr(other).startswith(f"<VideoFrame ffmpeg:{pix_fmt} ")


def test_a_palette_is_a_piece_of_its_own() -> None:
    with of_format("pal8") as frame:
        _, buffers = beside(frame)
        assert [len(buffer.raw()) for buffer in buffers] == [5 * 64 + 18, 1024]


# ---- all of it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_all_of_a_frame_comes_back_in_band_too(protocol: int) -> None:
    options: dict[str, Any] = {
        "visible_rect": (2, 2, 5, 3),
        "timestamp": -4,
        "duration": 2**63,
        "rotation": 90,
        "flip": True,
        "display_width": 77,
        "display_height": 3,
        "color_space": {"matrix": "bt470bg"},
        "metadata": {"segments": [1], "array": (1.5, b"2")},
        "transfer": True,
    }
    with (
        make("I420A", **options) as frame,
        pickle.loads(pickle.dumps(frame, protocol)) as other,
    ):
        assert everything(other) == everything(frame)
        assert other._warn


def test_fields_stay_fields() -> None:
    for frame in read_frames(clip("h264-interlaced.mp4"), stop=1):
        with frame, pickle.loads(pickle.dumps(frame, 5)) as other:
            one, two = (native.first_field(each._open_picture().ptr) for each in (frame, other))
            assert one == two != 0


def test_what_shares_alpha_away_travels_without_it() -> None:
    with make("I420A") as whole, VideoFrame(whole, alpha="discard") as frame:
        text, buffers = beside(frame)
        assert len(buffers) == 3
        with pickle.loads(text, buffers=buffers) as other:
            assert everything(other) == everything(frame)


def test_a_deep_copy_has_memory_and_metadata_of_its_own() -> None:
    with make(metadata={"a": [1]}, visible_rect=(2, 2, 9, 3), transfer=True) as frame:
        with copy.deepcopy(frame) as other:
            assert everything(other) == everything(frame)
            assert address(other.planes[0].data) != address(frame.planes[0].data)
        with copy.copy(frame) as clone:
            assert address(clone.planes[0].data) == address(frame.planes[0].data)


def test_a_frame_in_a_list_twice_is_one_frame() -> None:
    with make() as frame:
        one, two = pickle.loads(pickle.dumps([frame, frame], 5))
        assert one is two
        one.close()


@pytest.mark.parametrize("format", [None, "RGBA", "GRAY8"])
def test_bitmaps_travel_as_one_piece(format: str | None) -> None:
    with make("I420", 18, 6) as frame, create_image_bitmap(frame, format=format) as bitmap:
        text, buffers = beside(bitmap)
        wanted = bitmap.to_ndarray()
        assert len(buffers) == 1
        assert np.shares_memory(np.frombuffer(buffers[0].raw(), np.uint8), wanted)
        with pickle.loads(text, buffers=buffers) as other:
            assert isinstance(other, ImageBitmap)
            assert np.shares_memory(other.to_ndarray(), wanted)
        for protocol in range(2, 6):
            with pickle.loads(pickle.dumps(bitmap, protocol)) as other:
                assert (repr(other), other.format) == (repr(bitmap), bitmap.format)
                assert np.array_equal(other.to_ndarray(), wanted)
                with VideoFrame(bitmap, timestamp=0) as one, VideoFrame(other, timestamp=0) as two:
                    assert everything(one) == everything(two)


def test_copies_of_bitmaps() -> None:
    with make() as frame, create_image_bitmap(frame) as bitmap:
        with copy.copy(bitmap) as other:
            assert np.shares_memory(other.to_ndarray(), bitmap.to_ndarray())
        with copy.deepcopy(bitmap) as other:
            assert not np.shares_memory(other.to_ndarray(), bitmap.to_ndarray())
            assert np.array_equal(other.to_ndarray(), bitmap.to_ndarray())


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps, beside])
def test_a_closed_bitmap_cannot_be_copied(duplicate: Callable[[Any], object]) -> None:
    with make() as frame:
        bitmap = create_image_bitmap(frame)
    bitmap.close()
    with pytest.raises(DataCloneError, match="closed"):
        duplicate(bitmap)


# ---- what is damaged ---------------------------------------------------------------------------


def state_of(thing: Any) -> Any:
    return thing.__reduce_ex__(4)[2]


def restored(kind: Any, state: Any) -> Any:
    made = kind.__new__(kind)
    made.__setstate__(state)
    return made


def test_a_later_format_is_refused_and_says_who_made_it() -> None:
    with make() as frame, create_image_bitmap(frame) as bitmap:
        for thing in (frame, bitmap):
            later = (2, "ffwebcodecs 9.9", object())
            with pytest.raises(DataError, match=r"format 2, made by 'ffwebcodecs 9\.9'.* reads f"):
                restored(type(thing), later)


def test_a_state_is_given_once() -> None:
    with make() as frame:
        with pytest.raises(InvalidStateError, match="once"):
            frame.__setstate__(state_of(frame))
        assert frame.metadata() == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"planes": ((0, 0, 17), (1, 0, 9))}, "3 planes"),
        ({"planes": ((0, 0, 17), (1, 0, 9), (3, 0, 9))}, "buffer 3"),
        ({"planes": ((0, 0, 17), (1, 0, 9), (-1, 0, 9))}, "buffer -1"),
        ({"planes": ((0, 0, 16), (1, 0, 9), (2, 0, 9))}, "stride of 16"),
        ({"planes": ((0, 0, -17), (1, 0, 9), (2, 0, 9))}, "stride of -17"),
        ({"planes": ((0, 0, 0), (1, 0, 9), (2, 0, 9))}, "stride of 0"),
        ({"planes": ((0, 0, 18), (1, 0, 9), (2, 0, 9))}, "byte 107 of a buffer of 102"),
        ({"planes": ((0, 0, 2**31), (1, 0, 9), (2, 0, 9))}, "2147483647"),
        ({"planes": ((0, 1, 17), (1, 0, 9), (2, 0, 9))}, "byte 103"),
        ({"planes": ((0, -1, 17), (1, 0, 9), (2, 0, 9))}, "byte -1"),
        ({"planes": ((0, 2**70, 17), (1, 0, 9), (2, 0, 9))}, "byte"),
        ({"planes": ((0, 0.0, 17), (1, 0, 9), (2, 0, 9))}, "planes"),
        ({"planes": None}, "planes"),
        ({"coded": (18, 6), "visible": (0, 0, 18, 6)}, "stride of 17"),
        ({"coded": (17, 7)}, "byte"),
        ({"coded": (2**31 - 1, 6)}, "stride|limit"),
        ({"coded": (17, 2**31 - 1)}, "byte|limit"),
        ({"coded": (0, 6)}, "coded size"),
        ({"coded": (17,)}, "coded"),
        ({"visible": (0, 0, 18, 6)}, "visible_rect"),
        ({"visible": (-1, 0, 2, 2)}, "visible_rect"),
        ({"visible": (0, 0, 0, 1)}, "visible_rect"),
        ({"display": (0, 1)}, "display"),
        ({"format": "I999"}, "I999"),
        ({"format": "I444"}, "yuv420p"),
        ({"format": None, "pix_fmt": None}, "format"),
        ({"format": None, "pix_fmt": "nonsense"}, "nonsense"),
        ({"format": None, "pix_fmt": "cuda"}, "cuda|device"),
        ({"format": None, "pix_fmt": 5}, "pix_fmt"),
        ({"pix_fmt": "cuda"}, "cuda"),
        ({"rotation": "x"}, "rotation"),
        ({"flip": 7}, "flip"),
        ({"color": ("a", None, None, None)}, "color"),
        ({"color": None}, "color"),
        ({"timestamp": 2**63}, "timestamp"),
        ({"duration": -1}, "duration"),
        ({"metadata": 5}, "metadata"),
        ({"first_field": 9}, "first field"),
    ],
)
def test_a_damaged_pickle_is_refused(change: dict[str, Any], said: str) -> None:
    with make(transfer=True) as frame:
        version, maker, values, pieces = state_of(frame)
    with pytest.raises((DataError, InvalidArgumentError, NotSupportedError), match=said):
        restored(VideoFrame, (version, maker, values | change, pieces))
    for key in change:
        left = {name: value for name, value in values.items() if name != key}
        with pytest.raises(DataError, match=f"does not say '{key}'"):
            restored(VideoFrame, (version, maker, left, pieces))


@pytest.mark.parametrize(
    "pieces",
    [
        lambda pieces: pieces[:2],
        lambda pieces: (*pieces, b"", b""),
        lambda pieces: (),
        lambda pieces: (pieces[0][:-1], *pieces[1:]),
        lambda pieces: (None, *pieces[1:]),
        lambda pieces: ("x" * 200, *pieces[1:]),
        lambda pieces: (np.zeros((400, 2), np.uint8)[:, 0], *pieces[1:]),
        lambda pieces: (b"", b"", b""),
    ],
)
def test_wrong_memory_is_refused(pieces: Callable[[Any], Any]) -> None:
    with make() as frame:
        version, maker, values, right = state_of(frame)
    given = pieces(right)
    with pytest.raises((DataError, InvalidArgumentError)):
        restored(VideoFrame, (version, maker, values, given))
    with make() as frame:
        text, buffers = beside(frame)
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(text, buffers=buffers[:2])
    short = bytearray(3)
    with pytest.raises(DataError, match="a buffer of 3 bytes"):
        pickle.loads(text, buffers=[*buffers[:2], short])
    short.append(1)  # it is not kept


@pytest.mark.parametrize("state", [None, (), 5, (1,), ("1", 2), (1, 2, 3), (1, 2, [], ()), [1]])
def test_what_is_no_state_is_refused(state: object) -> None:
    for kind in (VideoFrame, ImageBitmap):
        with pytest.raises(DataError):
            restored(kind, state)


def test_a_bitmap_in_pieces_of_a_frame_is_refused() -> None:
    with make("I444", 4, 4) as frame, create_image_bitmap(frame, format=None) as bitmap:
        version, maker, values, _ = state_of(frame)
        with pytest.raises(DataError, match="3 buffers"):
            restored(ImageBitmap, (version, maker, values, state_of(frame)[3]))
        _, _, values, (memory,) = state_of(bitmap)
        for change in ({"visible": (1, 1, 2, 2)}, {"coded": (4, 5), "visible": (0, 0, 4, 5)}):
            with pytest.raises(DataError):
                restored(ImageBitmap, (version, maker, values | change, (memory,)))


def test_a_half_made_frame_does_no_harm() -> None:
    frame = VideoFrame.__new__(VideoFrame)
    with pytest.raises((AttributeError, WebCodecsError)):
        pickle.dumps(frame)


@pytest.mark.parametrize(("pix_fmt", "x"), [("yuyv422", 1), ("y210le", 3)])
def test_pixels_with_common_chroma_are_not_taken_apart(pix_fmt: str, x: int) -> None:
    # From the middle of an element, U would be V, and the last row would end behind its memory.
    with of_format(pix_fmt) as frame, pickle.loads(pickle.dumps(frame, 5)) as other:
        with (
            VideoFrame(other, visible_rect=(x, 0, 11, 6)) as part,
            pytest.raises(NotSupportedError, match=f"{pix_fmt} packs several pixels.* x = {x} on"),
        ):
            part.to_ndarray("RGB")
        whole = other.to_ndarray("RGB")
        with VideoFrame(other, visible_rect=(4, 2, 11, 4)) as part:
            assert np.array_equal(part.to_ndarray("RGB"), whole[2:, 4:15])
