"""AudioData: what it is made of, what it says, and what copy_to gives (spec-audio 2.2 to 2.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sound_helpers import DTYPES, FORMATS, content, dtype_of, laid_out, make, noise

from ffwebcodecs import AudioData, InvalidArgumentError, InvalidStateError, NotSupportedError
from ffwebcodecs._spec.frames.sample_conversion import convert

INIT: dict[str, Any] = {
    "format": "s16",
    "sample_rate": 48000,
    "number_of_frames": 4,
    "number_of_channels": 2,
    "timestamp": 0,
    "data": bytes(16),
}


def converted(array: np.ndarray[Any, Any], format: str) -> np.ndarray[Any, Any]:
    result = np.empty(array.shape, dtype_of(format))
    convert(array.reshape(-1), result.reshape(-1))
    return result


# ---- made --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(INIT))
def test_every_member_is_required(name: str) -> None:
    with pytest.raises(InvalidArgumentError):
        AudioData(**{key: value for key, value in INIT.items() if key != name})


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -1.0, 0, "48000", None, True])
def test_a_rate_that_is_none_is_refused(rate: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="sample_rate"):
        AudioData(**{**INIT, "sample_rate": rate})


@pytest.mark.parametrize("rate", [0.25, 1e-300, 2**31, 1e300])
def test_a_rate_that_ffmpeg_cannot_count_is_refused(rate: float) -> None:
    with pytest.raises(NotSupportedError, match="whole Hz"):
        AudioData(**{**INIT, "sample_rate": rate})


def test_the_rate_keeps_its_fraction_and_ffmpeg_has_the_nearest() -> None:
    with make(sample_rate=44100.75) as data:
        assert data.sample_rate == 44100.75
        assert data._open_picture().ptr.sample_rate == 44101
        with data.clone() as clone:
            assert clone.sample_rate == 44100.75


@pytest.mark.parametrize(
    ("frames", "channels"), [(2**30, 4), (2**32 - 1, 2**32 - 1), (5, 2), (65536, 65536)]
)
def test_too_little_data_is_refused_whatever_the_numbers(frames: int, channels: int) -> None:
    numbers = {"number_of_frames": frames, "number_of_channels": channels}
    with pytest.raises(InvalidArgumentError, match="16 bytes"):
        AudioData(**{**INIT, **numbers})


def test_more_than_ffmpeg_counts_in_a_plane_is_refused() -> None:
    # Pages of zeros that nobody touches.
    data = np.zeros(2**31 + 8, np.uint8)
    with pytest.raises(NotSupportedError, match="2147483647"):
        make("s16", 2**30 // 2 + 1, 2, data, transfer=True)
    with make("u8", 2**31 - 1, 1, data, transfer=True) as longest:
        assert longest.allocation_size(plane_index=0) == 2**31 - 1
        assert longest.allocation_size(plane_index=0, format="f32") == 4 * (2**31 - 1)


def test_too_many_channels_are_refused() -> None:
    with pytest.raises(NotSupportedError, match="65535"):
        make("u8", 1, 65536, bytes(65536))
    for channels in (9, 33, 255, 1024):
        for format in ("s16", "s16-planar"):
            with make(format, 3, channels) as data:
                assert data.number_of_channels == channels
                assert content(data) == laid_out(noise(format, 3, channels), format)


def test_the_layout_is_ffmpegs() -> None:
    with make(channels=6, channel_layout="5.1") as data:
        assert data.channel_layout == "5.1"
    with make(channels=6) as data:
        assert data.channel_layout is None
    for wrong in ("stereo", "nonsense", "", 6):
        with pytest.raises(InvalidArgumentError, match=r"channel|layout"):
            make(channels=6, channel_layout=wrong)


def test_what_ffmpeg_gives_says_its_layout_and_format() -> None:
    for _ in range(2):  # what was seen once is remembered
        for layout in ("quad", "4.0", "3.1", "quad(side)"):
            for format in ("s16", "f32-planar"):
                with make(format, channels=4, channel_layout=layout) as made:
                    picture = made._open_picture()
                with AudioData._from_native(picture, 7, True) as data:
                    said = (data.format, data.channel_layout, data.number_of_channels)
                    assert said == (format, layout, 4)
                    assert (data.sample_rate, data.number_of_frames) == (48000, 64)
                del picture


@pytest.mark.parametrize("transfer", [False, True])
@pytest.mark.parametrize("format", FORMATS)
def test_data_lies_anywhere_and_more_of_it_is_left_out(format: str, transfer: bool) -> None:
    data = laid_out(noise(format, 7, 3), format)
    odd = memoryview(bytearray(b"\1" + data + b"\2\3"))[1:]
    with make(format, 7, 3, odd, transfer=transfer) as made:
        assert content(made) == data
        assert content(made, "f32") == laid_out(converted(noise(format, 7, 3), "f32"), "f32")


@pytest.mark.parametrize("transfer", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 8, 9])
def test_each_plane_may_have_a_buffer_of_its_own(channels: int, transfer: bool) -> None:
    array = noise("s16", 5, channels)
    planes = [array[:, index].copy() for index in range(channels)]
    with make("s16-planar", 5, channels, planes, transfer=transfer) as data:
        planes[0][0] ^= 1
        array[0, 0] ^= transfer and channels <= 8
        assert content(data) == array.T.tobytes()
    for wrong in (planes[:-1], [*planes, planes[0]], [*planes[:-1], planes[0][:4]], []):
        with pytest.raises(InvalidArgumentError, match=r"planes|bytes"):
            make("s16-planar", 5, channels, wrong, transfer=transfer)
    planes[0].resize(0, refcheck=False)  # nobody holds it any more


def test_data_is_copied_unless_it_is_given_away() -> None:
    source = bytearray(laid_out(noise("s16", 4, 2), "s16"))
    with make("s16", 4, 2, source) as copied, make("s16", 4, 2, source, transfer=True) as given:
        before = bytes(source)
        source[0] ^= 255
        assert content(copied) == before
        assert content(given) == bytes(source)


# ---- said --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "rate", "duration"),
    [(1, 44100, 22), (1024, 44100, 23219), (3, 11025, 272), (999, 16000, 62437)],
)
def test_the_duration_has_no_fraction(frames: int, rate: int, duration: int) -> None:
    with make("u8", frames, 1, sample_rate=rate) as data:
        assert data.duration == duration


def test_closed_reads_as_nothing_but_its_time() -> None:
    data = make(timestamp=-5)
    assert not data.closed
    data.close()
    data.close()
    assert data.closed
    assert (data.format, data.sample_rate, data.duration, data.timestamp) == (None, 0, 0, -5)
    assert (data.number_of_frames, data.number_of_channels) == (0, 0)
    assert data.channel_layout is None
    assert repr(data) == "<AudioData closed, timestamp=-5>"


# ---- copied ------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 9])
@pytest.mark.parametrize("source", FORMATS)
def test_every_format_becomes_every_other(source: str, channels: int) -> None:
    array = noise(source, 1500, channels)
    with make(source, 1500, channels, laid_out(array, source)) as data:
        for format in FORMATS:
            wanted = converted(array, format)
            assert content(data, format) == laid_out(wanted, format), format
            part = content(data, format, frame_offset=7, frame_count=1100)
            assert part == laid_out(wanted[7:1107], format), format
            assert content(data, format, frame_offset=1499, frame_count=0) == b""


@pytest.mark.parametrize("format", FORMATS)
def test_any_bits_become_what_the_rule_says(format: str) -> None:
    bits = np.random.default_rng(5).integers(0, 2**32, 60_000, np.uint32)
    bits[:4] = 0x7FC00001, 0xFF800000, 0x80000000, 0x7F800000
    name = format.removesuffix("-planar")
    samples = bits.view(dtype_of(format))
    with make(format, len(samples) // 2, 2, bits) as data:
        for wanted in DTYPES:
            result = np.empty(len(samples), dtype_of(wanted))
            convert(samples, result)
            own = wanted + format[len(name) :]
            assert content(data, own) == result.tobytes(), wanted


def test_the_order_of_checks() -> None:
    closed = make("s16", 4, 2)
    closed.close()
    with make("s16", 4, 2) as data:
        for each in (data, closed):
            for wrong in (
                {},
                {"plane_index": -1},
                {"plane_index": 0, "format": "S16"},
                {"plane_index": 0, "frame_offset": 2**32},
                {"plane_index": 0, "frame_count": 1.5},
            ):
                with pytest.raises(InvalidArgumentError):
                    each.allocation_size(**wrong)
                with pytest.raises(InvalidArgumentError):
                    each.copy_to(bytearray(99), **wrong)
        with pytest.raises(InvalidArgumentError):
            closed.copy_to(b"read-only", plane_index=0)
        with pytest.raises(InvalidStateError):
            closed.copy_to(bytearray(0), plane_index=9)
        with pytest.raises(InvalidStateError):
            closed.allocation_size(plane_index=9, frame_offset=9)
        for beyond in (
            {"plane_index": 1},
            {"plane_index": 2, "format": "u8-planar"},
            {"plane_index": 0, "frame_offset": 4, "frame_count": 0},
            {"plane_index": 0, "frame_offset": 1, "frame_count": 4},
            {"plane_index": 2**32 - 1, "frame_offset": 2**32 - 1},
        ):
            with pytest.raises(IndexError):
                data.allocation_size(**beyond)
            with pytest.raises(IndexError):
                data.copy_to(bytearray(99), **beyond)


def test_a_short_destination_is_an_index_error_and_stays_as_it_was() -> None:
    with make("s16", 4, 2) as data:
        short = bytearray(b"\xee" * 15)
        with pytest.raises(IndexError, match="15 bytes, the samples have 16"):
            data.copy_to(short, plane_index=0)
        assert short == b"\xee" * 15
        short.append(0)  # not locked
        long = bytearray(b"\xee" * 20)
        assert data.copy_to(long, plane_index=0) is None
        assert long[16:] == b"\xee" * 4


@pytest.mark.parametrize(
    "destination",
    [
        bytes(64),
        np.zeros((8, 8), np.int16)[:, ::2],
        np.zeros(64, object),
        None,
        [0] * 64,
        memoryview(bytearray(64))[::2],
    ],
    ids=["read-only", "gaps", "objects", "none", "list", "steps"],
)
def test_a_destination_that_is_no_memory_is_refused(destination: Any) -> None:
    with make("s16", 4, 2) as data, pytest.raises(InvalidArgumentError):
        data.copy_to(destination, plane_index=0)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "items", ["u1", "i1", "i2", "u2", "i4", "f4", ">f4", "i8", "f8", "?", "c8"]
)
def test_items_that_are_no_samples_are_refused(format: str, items: str) -> None:
    dtype, wanted = np.dtype(items), dtype_of(format)
    with make(format) as data:
        other = "s16" if wanted != np.int16 else "f32"
        for options in ({}, {"frame_count": 1}, {"format": other}):
            target = np.zeros(4096, dtype)
            fits = np.int16 if options.get("format") == "s16" else np.float32
            if items == "u1" or dtype == (fits if "format" in options else wanted):
                data.copy_to(target, plane_index=0, **options)
                continue
            with pytest.raises(InvalidArgumentError, match=str(dtype)):
                data.copy_to(target, plane_index=0, **options)
            assert not target.any()


@pytest.mark.parametrize("transfer", [False, True])
def test_floats_and_bytes_in_another_order_are_no_samples(transfer: bool) -> None:
    said = {"sample_rate": 8000, "number_of_frames": 4, "number_of_channels": 1, "timestamp": 0}
    for format, items in (("s16", "f4"), ("u8", "f4"), ("f32", "f8"), ("s16", ">i2")):
        array = np.zeros(16, items)
        for data in (array, [array]):
            with pytest.raises(InvalidArgumentError, match=str(array.dtype)):
                AudioData(data=data, format=f"{format}-planar", transfer=transfer, **said)
