"""VideoFrame.upright and upright=: the same samples at other places, as numpy's and the ffmpeg
program's turns put them.
"""

from __future__ import annotations

from collections.abc import Iterator

import attack
import numpy as np
import numpy.typing as npt
import pytest
from clips import run_ffmpeg

from ffwebcodecs import (
    InvalidArgumentError,
    InvalidStateError,
    Rect,
    VideoColorSpace,
    VideoFrame,
    create_image_bitmap,
    read_frames,
)

TURNS = [(rotation, flip) for rotation in (0, 90, 180, 270) for flip in (False, True)][1:]
# Chroma subsampling, bytes of an element, and the planes of each kind: 0 is full size, 1 chroma.
KINDS = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
FORMATS = [
    *(f"I{c}{a}{depth}" for c in KINDS for a in ("", "A") for depth in ("", "P10", "P12")),
    *("NV12", "RGBA", "BGRX", "RGB", "GRAY8"),
]

Planes = list[npt.NDArray[np.uint8]]


def planes_of(format: str, width: int, height: int) -> Planes:
    """Return random samples, each plane (rows, columns, bytes of an element)."""
    size = 2 if format.endswith(("P10", "P12")) else 1
    shapes = [(height, width, size)]
    if format[1:4] in KINDS:
        sub_x, sub_y = KINDS[format[1:4]]
        small = (-(-height // sub_y), -(-width // sub_x), size)
        shapes += [small, small, shapes[0]] if "A" in format else [small, small]
    elif format == "NV12":
        shapes.append((-(-height // 2), -(-width // 2), 2))
    else:
        shapes = [(height, width, {"RGB": 3, "GRAY8": 1}.get(format, 4))]
    dice = np.random.default_rng(len(format) * width + height)
    planes = [dice.integers(0, 256, shape, np.uint8) for shape in shapes]
    for plane in planes:
        if size == 2:
            plane[:, :, 1] &= 3  # values of 10 bits
    return planes


def turned(plane: npt.NDArray[np.uint8], rotation: int, flip: bool) -> npt.NDArray[np.uint8]:
    plane = np.rot90(plane, -rotation // 90)
    return plane[:, ::-1] if flip else plane


def frame_of(format: str, width: int, height: int, planes: Planes, **said: object) -> VideoFrame:
    data = b"".join(plane.tobytes() for plane in planes)
    return VideoFrame(
        data, format=format, coded_width=width, coded_height=height, timestamp=7, **said
    )


def bytes_of(frame: VideoFrame) -> bytes:
    data = bytearray(frame.allocation_size())
    frame.copy_to(data)
    return bytes(data)


def expected(format: str, planes: Planes, rotation: int, flip: bool) -> tuple[str, bytes]:
    """Return format and bytes of the upright frame, by arithmetic on each plane."""
    if "422" in format and rotation % 180:
        width = planes[0].shape[1]
        planes = [
            np.repeat(plane, 2, axis=1)[:, :width] if index in (1, 2) else plane
            for index, plane in enumerate(planes)
        ]
        format = format.replace("422", "444")
    return format, b"".join(turned(plane, rotation, flip).tobytes() for plane in planes)


@pytest.mark.parametrize("format", FORMATS)
def test_each_sample_is_put_to_its_place(format: str) -> None:
    for width, height in ((6, 4), (5, 3)):
        planes = planes_of(format, width, height)
        for rotation, flip in TURNS:
            with (
                frame_of(format, width, height, planes, rotation=rotation, flip=flip) as frame,
                frame.upright() as upright,
            ):
                name, data = expected(format, planes, rotation, flip)
                assert (upright.format, bytes_of(upright)) == (name, data)
                assert (upright.rotation, upright.flip) == (0, False)
                size = (width, height) if rotation % 180 == 0 else (height, width)
                assert (upright.coded_width, upright.coded_height) == size
                assert frame.allocation_size(upright=True) == len(data)
                copied = bytearray(len(data))
                frame.copy_to(copied, upright=True)
                assert copied == data


def test_what_is_said_of_a_frame_stays() -> None:
    planes = planes_of("I420", 8, 6)
    colors = VideoColorSpace(
        primaries="bt2020", transfer="pq", matrix="bt2020-ncl", full_range=True
    )
    said = {"rotation": 90, "duration": 40, "color_space": colors, "metadata": {"a": [1]}}
    shown = {"display_width": 12, "display_height": 16}  # of the turned picture
    with frame_of("I420", 8, 6, planes, **said, **shown) as frame, frame.upright() as upright:
        assert (upright.timestamp, upright.duration, upright.color_space) == (7, 40, colors)
        assert upright.metadata() == {"a": [1]}
        assert (upright.display_width, upright.display_height) == (12, 16)
        assert upright.visible_rect == Rect(0, 0, 6, 8)
        with upright.upright() as again:  # nothing is to be turned
            assert bytes_of(again) == bytes_of(upright)
            frame.close()
            upright.close()
            assert not again.closed
    with pytest.raises(InvalidStateError):
        frame.upright()


def test_only_the_visible_part_is_turned() -> None:
    planes = planes_of("I420", 8, 6)
    part = [planes[0][2:6, 4:8], planes[1][1:3, 2:4], planes[2][1:3, 2:4]]
    with (
        frame_of("I420", 8, 6, planes, visible_rect=(4, 2, 4, 4), transfer=True) as stored,
        VideoFrame(stored, rotation=270, flip=True) as frame,
        frame.upright() as upright,
    ):
        assert bytes_of(upright) == expected("I420", part, 270, True)[1]


def test_arrays_bitmaps_and_parts_can_be_upright() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8)
    want = np.rot90(pixels, -1)[:, ::-1]
    with VideoFrame.from_ndarray(pixels, timestamp=0, rotation=90, flip=True) as frame:
        assert np.array_equal(frame.to_ndarray(), pixels)
        array = frame.to_ndarray(upright=True)
        assert np.array_equal(array, want)
        assert array.flags.c_contiguous
        assert frame.to_ndarray("I444", upright=True).shape == (3, 6, 4)
        with create_image_bitmap(frame, format="RGB", upright=True) as bitmap:
            assert np.array_equal(bitmap.to_ndarray(), want)
        with create_image_bitmap(frame, rect=(1, 2, 3, 4), format=None, upright=True) as bitmap:
            assert np.array_equal(bitmap.to_ndarray(), want[2:6, 1:4])
        with create_image_bitmap(frame, resize_width=8, upright=True) as bitmap:
            assert (bitmap.width, bitmap.height) == (8, 12)
        part = bytearray(3 * 3 * 4)
        frame.copy_to(part, rect=(1, 2, 3, 4), upright=True)
        assert part == want[2:6, 1:4].tobytes()
        with pytest.raises(InvalidArgumentError, match="upright"):
            frame.to_ndarray(upright="yes")  # type: ignore[arg-type]


@pytest.mark.attack
def test_any_part_of_any_size_is_turned() -> None:
    chance, tries = attack.dice("upright"), attack.rounds(150, 20_000)
    for _ in range(tries):
        format = chance.choice(FORMATS)
        width, height = chance.randrange(1, 40), chance.randrange(1, 40)
        planes = planes_of(format, width, height)
        sub_x, sub_y = KINDS.get(format[1:4], (2, 2) if format == "NV12" else (1, 1))
        x, y = chance.randrange(0, width, sub_x), chance.randrange(0, height, sub_y)
        wide, high = chance.randrange(1, width - x + 1), chance.randrange(1, height - y + 1)
        part = []
        for index, plane in enumerate(planes):
            across, down = (sub_x, sub_y) if index in (1, 2) else (1, 1)
            rows = slice(y // down, y // down + -(-high // down))
            part.append(plane[rows, x // across : x // across + -(-wide // across)])
        rotation, flip = chance.choice(TURNS)
        said = {"rotation": rotation, "flip": flip, "visible_rect": (x, y, wide, high)}
        with (
            frame_of(format, width, height, planes, transfer=True, **said) as frame,
            frame.upright() as upright,
        ):
            want = expected(format, part, rotation, flip)
            assert (upright.format, bytes_of(upright)) == want, (format, width, height, said)
    attack.report("upright", tries, 0, "a sample at another place")


def _stored(pix_fmt: str, size: str, *filters: str) -> Iterator[VideoFrame]:
    chain = [f"crop={size}:0:0:exact=1", f"format={pix_fmt}", *filters, f"format={pix_fmt}"]
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48", "-frames:v", "1", "-vf", ",".join(chain))
    return read_frames(run_ffmpeg(*source, "-c:v", "rawvideo", "-f", "nut", "-"))


@pytest.mark.divided
@pytest.mark.parametrize(
    ("pix_fmt", "size"),
    [("yuv420p", "61:47"), *((name, "64:48") for name in ("p010le", "gray16le", "rgb48le"))],
)
def test_samples_go_where_the_ffmpeg_program_puts_them(pix_fmt: str, size: str) -> None:
    turned_there = _stored(pix_fmt, size, "transpose=clock", "hflip")
    for stored, judge in zip(_stored(pix_fmt, size), turned_there, strict=True):
        with stored, judge, VideoFrame(stored, rotation=90, flip=True) as frame:
            upright = frame.upright()
            with upright:
                assert repr(upright) == repr(judge)
                assert np.array_equal(upright.to_ndarray("RGB"), judge.to_ndarray("RGB"))


@pytest.mark.divided
@pytest.mark.parametrize(
    ("pix_fmt", "format"),
    [
        *(("pal8", "RGBA"), ("monob", "GRAY8"), ("yuyv422", "I444"), ("yuv411p", "I444")),
        *(("p210le", None), ("yuv422p", "I444"), ("yuv440p", "I422"), ("rgb565le", None)),
    ],
)
def test_formats_of_other_shapes_show_the_same_picture(pix_fmt: str, format: str | None) -> None:
    for stored in _stored(pix_fmt, "64:48"):
        with stored, VideoFrame(stored, rotation=270) as frame, frame.upright() as upright:
            assert upright.format == format
            want = np.rot90(stored.to_ndarray("RGB"), 1).astype(int)
            # libswscale has several ways from 4:2:2 to RGB, which round differently.
            assert np.abs(upright.to_ndarray("RGB") - want).max() <= 2
