"""Interlaced video: made whole as the ffmpeg program does, or told of."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import call
from clips import FIELDS, clip, framemd5, run_ffmpeg
from convert_helpers import digests, times
from ffi_helpers import run_python
from hardware_helpers import KINDS, decode_to_device, is_on_device
from interlaced_clips import X264, by_the_program, cropped, film, mixed, need_filters, packed
from mux_helpers import video_stream
from transcode_helpers import fast, names

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    read_frames,
    transcode,
    write_frames,
)
from ffwebcodecs._ffi import version

pytestmark = pytest.mark.divided(file=True)


def whole(source: Path, output: Any, **options: Any) -> Any:
    """Deinterlace into FFV1, which keeps each bit."""
    need_filters()
    return transcode(source, output, codec="ffmpeg:ffv1", deinterlace=True, **options)


# ---- whole pictures


CASES = [
    (lambda: clip("h264-interlaced.mp4"), "yuv420p"),
    (lambda: clip("mpeg2-interlaced.ts"), "yuv420p"),
    (cropped, "yuv420p"),  # the last lines have others behind them
    (packed, "yuv422p"),
    (mixed, "yuv420p"),
]


@pytest.mark.parametrize(("source", "pix_fmt"), CASES, ids=["h264", "mpeg2", "crop", "uyvy", "mix"])
def test_pictures_are_those_of_the_ffmpeg_program(
    source: Any, pix_fmt: str, tmp_path: Path
) -> None:
    result = whole(source(), tmp_path / "a.mkv", require_all=True)
    have, want = digests(tmp_path / "a.mkv"), by_the_program(source(), "-pix_fmt", pix_fmt)
    assert len(have) == len(want) == result.frames_read
    others = [index for index, digest in enumerate(have) if digest != want[index]]
    # The first lines and the last ones of the first picture that FFmpeg 8's bwdif makes.
    assert len(others) <= (version("avcodec")[0] == 62)
    assert result.lost == []


def test_pictures_that_are_whole_stay_as_they_are(tmp_path: Path) -> None:
    source = mixed()
    whole(source, tmp_path / "a.mkv")
    have, want = digests(tmp_path / "a.mkv"), digests(source)
    assert (have[:6], have[14:]) == (want[:6], want[14:])
    assert not set(have[6:14]) & set(want[6:14])
    for name in ("h264-bframes.mp4", "h264-422.mp4"):
        whole(clip(name), tmp_path / name, format="mkv", stop=300_000)
        assert digests(tmp_path / name) == digests(clip(name), "-frames:v", "9")


def test_each_picture_keeps_its_time_and_the_last_its_duration(tmp_path: Path) -> None:
    source = film(
        "fields-variable.mkv",
        *("-c:v", "ffv1", *FIELDS, "-enc_time_base", "1:1000"),
        filters=r"tinterlace=mode=interleave_top,settb=1/1000,setpts=PTS+mod(N\,3)*0.011/TB",
    )
    whole(source, tmp_path / "a.mkv")
    assert times(tmp_path / "a.mkv") == times(source)
    assert len(set(digests(source)) & set(digests(tmp_path / "a.mkv"))) == 0
    need_filters()
    have, want = (list(read_frames(source, deinterlace=which)) for which in (True, False))
    assert [frame.timestamp for frame in have] == [frame.timestamp for frame in want]
    assert have[-1].duration == want[-1].duration
    for frame in have + want:
        frame.close()


@pytest.mark.parametrize(("start", "stop"), [(0, 200_000), (320_000, 480_000), (333_000, None)])
def test_range_gives_the_pictures_of_the_whole(start: int, stop: int | None) -> None:
    need_filters()
    source = film("fields.ts", *X264, *FIELDS)  # a key frame each 320 ms
    zero = framemd5(source)[0].timestamp

    def pictures(**span: Any) -> dict[int, bytes]:
        found = {}
        for frame in read_frames(source, deinterlace=True, **span):
            with frame:
                found[frame.timestamp - zero] = frame.to_ndarray("I420").tobytes()
        return found

    span = {"start": zero + start, "stop": None if stop is None else zero + stop}
    wanted = {
        when: data
        for when, data in pictures().items()
        if start <= when < (10**9 if stop is None else stop)
    }
    assert pictures(**span) == wanted
    assert len(wanted) > 2


def test_map_frame_gets_whole_pictures_and_size_is_that_of_the_output(tmp_path: Path) -> None:
    need_filters()
    source, seen = clip("mpeg2-interlaced.ts"), []

    def look(frame: Any) -> Any:
        seen.append(frame.to_ndarray("I420").tobytes())
        return frame

    whole(source, tmp_path / "a.mkv", map_frame=look, width=80, crop=(0, 4, 160, 100))
    assert (video_stream(tmp_path / "a.mkv")["height"]) == 50
    filters = ("-vf", "bwdif=mode=send_frame:deint=interlaced,crop=160:100:0:4:exact=1")
    want = run_ffmpeg("-i", source, *filters, "-pix_fmt", "yuv420p", "-f", "rawvideo", "-")
    size = 160 * 100 * 3 // 2
    assert seen[1:] == [want[at : at + size] for at in range(size, len(want), size)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_on_a_device_are_read_back_for_it(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_filters()

    def pictures(**options: Any) -> list[tuple[int, bytes, bool]]:
        found = []
        for frame in read_frames(mixed(), deinterlace=True, **options):
            with frame:
                on_device = is_on_device(frame)
                found.append((frame.timestamp, frame.to_ndarray("I420").tobytes(), on_device))
        return found

    wanted = pictures()
    decode_to_device(monkeypatch, kind)
    have = pictures(hardware_acceleration="prefer-hardware")
    assert [row[2] for row in have] == [True] * 6 + [False] * 11
    # Whole ones on a device are not kept, so the first of two fields knows none before it.
    have, wanted = ([row[:2] for row in rows[:6] + rows[7:]] for rows in (have, wanted))
    assert have == wanted


def test_frames_before_damage_come_before_the_error() -> None:
    need_filters()
    source = film("fields-intra.avi", "-c:v", "ffv1", "-pix_fmt", "yuv420p", *FIELDS)
    data = bytearray(source.read_bytes())
    places = [at for at in range(len(data)) if data[at : at + 4] == b"00dc"]
    data[places[5] + 8 : places[6]] = b"\xff" * (places[6] - places[5] - 8)
    found = []
    for deinterlace in (False, True):
        frames = read_frames(bytes(data), deinterlace=deinterlace)
        found.append([])
        with pytest.raises(EncodingError):
            for frame in frames:
                found[-1].append(frame.timestamp)
    assert found[0] == found[1] and len(found[0]) == 4


def test_a_demuxer_is_not_deinterlaced(tmp_path: Path) -> None:
    need_filters()
    with Demuxer(clip("mpeg2-interlaced.ts")) as demuxer:
        with pytest.raises(InvalidArgumentError, match="the file itself"):
            read_frames(demuxer, deinterlace=True)
        next(iter(read_frames(demuxer))).close()
    with pytest.raises(InvalidArgumentError, match="deinterlace"):
        fast(tmp_path / "a.mp4", clip("mpeg2-interlaced.ts"), deinterlace="yes")
    assert not names(tmp_path)


# ---- what is said


@pytest.mark.parametrize("size", [None, 80])
def test_interlaced_video_that_stays_so_is_told(size: int | None, tmp_path: Path) -> None:
    source = clip("mpeg2-interlaced.ts")
    with pytest.warns(UserWarning, match="is interlaced.*deinterlace=True") as said:
        result = fast(tmp_path / "a.mp4", source, width=size)
    assert len(said) == 1
    why = "libx264 encodes whole pictures" if size is None else "scaling mixes them"
    assert result.lost == [f"the fields of interlaced pictures: {why}"]
    assert fast(tmp_path / "b.mp4", source, width=size, deinterlace=False).lost == []
    with pytest.raises(NotSupportedError, match="fields of interlaced pictures"):
        fast(tmp_path / "c.mp4", source, width=size, require_all=True)
    assert names(tmp_path) == ["a.mp4", "b.mp4"]


def test_nothing_is_said_where_the_encoder_codes_fields_or_there_are_none(tmp_path: Path) -> None:
    options: Any = {"encoder_options": {"flags": "+ildct+ilme", "preset": "ultrafast"}}
    assert fast(tmp_path / "a.mp4", clip("h264-interlaced.mp4"), **options).lost == []
    with pytest.warns(UserWarning, match="scaled"):
        fast(tmp_path / "b.mp4", clip("h264-interlaced.mp4"), width=80, **options)
    # Of 4:2:0, four lines are one of luma and one of chroma of each field.
    for top, lost in ((2, 1), (4, 0)):
        moved = {"crop": (0, top, 64, 64), **options}
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            result = fast(tmp_path / "b.mp4", clip("h264-interlaced.mp4"), **moved)
        assert len(result.lost) == len(said) == lost
    for suffix, lost in (("mp4", 0), ("avi", 1)):
        turned = {"map_frame": lambda frame: type(frame)(frame, rotation=90), **options}
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            out, codec = tmp_path / f"b.{suffix}", "ffmpeg:mpeg2video"
            turned["encoder_options"] = {"flags": "+ildct+ilme"}
            result = fast(out, clip("h264-interlaced.mp4"), codec=codec, **turned)
        assert len(result.lost) == len(said) == lost
    fast(tmp_path / "c.mp4", clip("h264-bframes.mp4"), width=80, require_all=True)

    def copied(frame: Any) -> Any:  # it may have been made whole
        pixels = frame.to_ndarray("RGB")
        return type(frame).from_ndarray(pixels, timestamp=frame.timestamp)

    fast(tmp_path / "d.mp4", clip("h264-interlaced.mp4"), map_frame=copied, require_all=True)


def test_interlaced_frames_are_scaled_with_a_warning(tmp_path: Path) -> None:
    source = film("fields.mp4", *X264, *FIELDS)
    options: Any = {"encoder_options": {"preset": "ultrafast"}}
    write_frames(read_frames(source, stop=200_000), tmp_path / "a.mp4", **options)
    with pytest.warns(UserWarning, match="is interlaced, and scaled.*read_frames") as said:
        write_frames(read_frames(source, stop=200_000), tmp_path / "b.mp4", width=80, **options)
    assert len(said) == 1
    need_filters()
    whole = read_frames(source, stop=200_000, deinterlace=True)
    write_frames(whole, tmp_path / "c.mp4", width=80, **options)


def test_command_line_names_its_own_options(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = film("fields.mp4", *X264, *FIELDS)
    size = ("--preset", "ultrafast", "--size", "80x-1", "-q")
    assert call("transcode", source, tmp_path / "a.mp4", *size) == 0
    said = capfd.readouterr().err
    assert "--deinterlace makes whole pictures" in said and "--no-deinterlace ends" in said
    assert call("transcode", source, tmp_path / "b.mp4", *size, "--no-deinterlace") == 0
    assert call("transcode", source, tmp_path / "c.mp4", *size, "--require-all") == 1
    assert "the output would lack the fields" in capfd.readouterr().err
    need_filters()
    assert call("transcode", source, tmp_path / "c.mp4", *size, "--deinterlace") == 0
    assert capfd.readouterr().err == ""


def test_frames_are_written_whole_or_told_of(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = film("fields.mp4", *X264, *FIELDS)
    some = ("frames", source, "--stop", "0.2", "-q")
    assert call(*some, "-o", tmp_path / "a", "--size", "80x60") == 0
    assert capfd.readouterr().err.count("is interlaced, and scaled") == 1
    assert call(*some, "-o", tmp_path / "b", "--size", "80x60", "--no-deinterlace") == 0
    assert call(*some, "-o", tmp_path / "c") == 0
    assert call("frames", source, "--at", "0", "-o", tmp_path / "d", "--deinterlace") == 2
    capfd.readouterr()
    need_filters()
    assert call(*some, "-o", tmp_path / "e", "--deinterlace", "--format", "raw") == 0
    assert capfd.readouterr().err == ""
    assert names(tmp_path / "e") == [f"frame-{number:06}.raw" for number in range(1, 6)]
    want = run_ffmpeg("-i", source, "-vf", "bwdif=0:deint=1", "-f", "rawvideo", "-")
    raw = b"".join((tmp_path / "e" / name).read_bytes() for name in names(tmp_path / "e"))
    size = 160 * 120 * 3 // 2
    assert raw[size:] == want[size : len(raw)]


# ---- libavfilter


PROGRAM = """
import ffwebcodecs, io
from ffwebcodecs import _ffi
source = {source!r}
ffwebcodecs.transcode(source, io.BytesIO(), format="mp4", deinterlace=False)
print("avfilter" in _ffi.load().beside)
if {wanted}:
    ffwebcodecs.transcode(source, io.BytesIO(), format="mp4", deinterlace=True)
    print("avfilter" in _ffi.load().beside, ffwebcodecs.open_handles()["filter graph"])
"""


def test_libavfilter_is_loaded_only_when_it_is_wanted() -> None:
    need_filters()
    source = str(film("fields.mp4", *X264, *FIELDS))
    assert run_python(PROGRAM.format(source=source, wanted=True)).split() == [
        *("False", "True", "0"),
    ]
