"""HDR: what a conversion says and keeps of it; judged by ffprobe and the ffmpeg program's copy."""

from __future__ import annotations

import hashlib
import struct
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import run
from convert_helpers import made
from encode_helpers import need
from iso_boxes import box, clli, dolby_vision, equirectangular, mdcv, side_by_side, with_boxes
from mux_helpers import copy, probe, video_stream

from ffwebcodecs import (
    NotSupportedError,
    VideoFrame,
    ffmpeg_info,
    read_frames,
    remux,
    transcode,
    write_frames,
)

PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25")
BT2020 = ("-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-color_trc")


def hdr(transfer: str = "smpte2084") -> Path:
    return made(
        *(f"hdr-{transfer}.mp4", *PICTURES, "-frames:v", "5", "-c:v", "libx265"),
        *("-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le", *BT2020, transfer),
    )


def warnings_of(call: Any, *arguments: Any, **options: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call(*arguments, **options)
        except NotSupportedError as error:
            if options.get("codec") not in ("vp9", "av1") or "require_all" in options:
                raise
            pytest.skip(f"no encoder for 10 bits: {error}")
    return [str(each.message) for each in caught if each.category is UserWarning]


@pytest.mark.divided
@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
def test_too_few_bits_for_hdr_are_said(transfer: str, name: str, tmp_path: Path) -> None:
    [text] = warnings_of(transcode, hdr(transfer), tmp_path / name)
    assert "codec='hevc'" in text
    assert "tone mapping" in text
    assert "PQ" in text or "HLG" in text


def test_frames_that_are_written_say_it_too(tmp_path: Path) -> None:
    [text] = warnings_of(write_frames, read_frames(hdr()), tmp_path / "a.webm", codec="vp8")
    assert "codec='vp9'" in text


@pytest.mark.divided
@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_enough_bits_are_no_warning(name: str, tmp_path: Path) -> None:
    need("libx265")
    codec = "hevc" if name == "a.mp4" else "vp9"
    assert warnings_of(transcode, hdr(), tmp_path / name, codec=codec) == []


@pytest.mark.once
def test_the_command_line_names_its_own_option(tmp_path: Path) -> None:
    done = run("transcode", hdr(), tmp_path / "a.mp4")
    assert done.returncode == 0
    assert b"--codec hevc" in done.stderr


# ---- what lies beside the packets

P3 = [(34000, 16000), (13250, 34500), (7500, 3000)]  # DCI-P3 in units of 0.00002
WHITE = (15635, 16450)
MASTERING = "Mastering display metadata"
LEVEL = "Content light level metadata"


def boxed(*boxes: bytes) -> Path:
    """A film whose container alone says it: nothing is in its bitstream."""
    joined = b"".join(boxes)
    name = f"hdr-boxed-{hashlib.sha256(joined).hexdigest()[:8]}.mp4"
    path = hdr().with_name(name)
    if not path.exists():
        with_boxes(hdr(), path, joined)
    return path


def hdr10() -> Path:
    return boxed(mdcv(P3, WHITE, 10_000_000, 50), clli(1000, 400))


def in_stream() -> Path:
    """A film whose bitstream alone says it, as x265 writes it."""
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    return made(
        *("hdr-sei.mkv", *PICTURES, "-frames:v", "5", "-c:v", "libx265", "-x265-params"),
        f"log-level=none:master-display={display}:max-cll=1000,400",
        *("-pix_fmt", "yuv420p10le", *BT2020, "smpte2084"),
    )


def numbers(said: Any) -> dict[str, Any]:
    """Fractions as numbers: containers have their own units."""
    return {
        key: round(float(Fraction(value)), 4) if isinstance(value, str) and "/" in value else value
        for key, value in said.items()
    }


def beside(path: Path) -> dict[str, Any]:
    """What ffprobe shows of the stream's side data."""
    found = video_stream(path).get("side_data_list", [])
    return {each["side_data_type"]: numbers(each) for each in found}


def in_pictures(path: Path) -> dict[str, Any]:
    """What the ffmpeg program's decoder says with the first picture."""
    options = ("-select_streams", "v:0", "-read_intervals", "%+#1", "-show_frames")
    found = probe(path, *options)["frames"][0].get("side_data_list", [])
    return {each["side_data_type"]: numbers(each) for each in found}


@pytest.mark.divided
@pytest.mark.parametrize("how", ["remux", "chunks"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_a_copy_keeps_hdr10(how: str, name: str, tmp_path: Path) -> None:
    before, output = beside(hdr10()), tmp_path / name
    assert before[LEVEL]["max_content"] == 1000
    assert before[MASTERING]["max_luminance"] == 1000.0
    call = remux if how == "remux" else copy
    assert warnings_of(call, hdr10(), output) == []
    assert {key: value for key, value in beside(output).items() if key in before} == before


@pytest.mark.divided
@pytest.mark.parametrize("source", [hdr10, in_stream])
@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "hevc"), ("a.mkv", "hevc"), ("a.webm", "vp9"), ("a.mp4", "av1"), ("a.mkv", "av1")],
)
def test_transcode_keeps_hdr10_in_the_container(
    source: Any, name: str, codec: str, tmp_path: Path
) -> None:
    output = tmp_path / name
    assert warnings_of(transcode, source(), output, codec=codec) == []
    found, want = beside(output), beside(hdr10())
    assert (found[MASTERING], found[LEVEL]) == (want[MASTERING], want[LEVEL])


@pytest.mark.divided
@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_the_bitstream_says_hdr10_too(codec: str, tmp_path: Path) -> None:
    suffix = {"hevc": "ts", "av1": "ivf"}[codec]
    output = tmp_path / f"a.{suffix}"
    if warnings_of(transcode, hdr10(), output, codec=codec):
        pytest.skip("this FFmpeg's encoder has no parameter for it")
    found, want = in_pictures(output), in_pictures(in_stream())
    assert (found[MASTERING], found[LEVEL]) == (want[MASTERING], want[LEVEL])


def test_what_neither_encoder_nor_container_says_is_named(tmp_path: Path) -> None:
    result = warnings_of(transcode, hdr10(), tmp_path / "a.ivf", codec="vp9")
    named = [text.partition(" of the video")[0] for text in result if "of the video" in text]
    assert named == ["the mastering display", "the content light level"]
    assert any("cannot say primaries bt2020, transfer pq" in text for text in result)


@pytest.mark.divided
@pytest.mark.parametrize(
    ("codec", "name"), [("hevc", "a.ts"), ("hevc", "a.hevc"), ("av1", "a.ivf")]
)
def test_a_copy_whose_bitstream_says_it_lacks_nothing(
    codec: str, name: str, tmp_path: Path
) -> None:
    middle = tmp_path / "a.mp4"
    warnings_of(transcode, hdr10(), middle, codec=codec)
    said = in_pictures(middle)
    if MASTERING not in said:
        pytest.skip("this FFmpeg's encoder has no parameter for it")
    assert warnings_of(remux, middle, tmp_path / name) == []
    assert in_pictures(tmp_path / name)[MASTERING] == said[MASTERING]
    texts = warnings_of(remux, hdr10(), tmp_path / "b.ts")
    assert [text.partition(" of the video")[0] for text in texts] == [
        "the mastering display",
        "the content light level",
    ]


def test_pictures_with_another_curve_have_no_mastering_display(tmp_path: Path) -> None:
    def darker(frame: VideoFrame) -> VideoFrame:
        pixels = frame.to_ndarray("RGB")
        return VideoFrame.from_ndarray(pixels, timestamp=frame.timestamp, duration=frame.duration)

    output = tmp_path / "a.mp4"
    assert warnings_of(transcode, hdr10(), output, codec="hevc", map_frame=darker) == []
    assert MASTERING not in beside(output)


@pytest.mark.divided
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_stereo_and_sphere_are_kept_by_both(name: str, tmp_path: Path) -> None:
    source = boxed(side_by_side(), equirectangular(90))
    before = beside(source)
    assert before["Spherical Mapping"]["yaw"] == 90
    for call, options in ((remux, {}), (transcode, {"codec": "hevc"})):
        assert warnings_of(call, source, tmp_path / name, **options) == []
        found = beside(tmp_path / name)
        assert found["Spherical Mapping"] == before["Spherical Mapping"]
        assert found["Stereo 3D"]["type"] == before["Stereo 3D"]["type"]


def test_what_cannot_hold_a_sphere_names_it(tmp_path: Path) -> None:
    source = boxed(side_by_side(), equirectangular(90))
    texts = warnings_of(remux, source, tmp_path / "a.ts")
    assert ["the stereo mode" in texts[0], "the spherical mapping" in texts[1]] == [True, True]


def test_what_is_where_is_not_said_of_other_places(tmp_path: Path) -> None:
    """Of a half of two pictures side by side, and of two that lie upon one another."""
    source, output = boxed(side_by_side(), equirectangular(90)), tmp_path / "a.mkv"
    turned = [{"map_frame": lambda frame: VideoFrame(frame, rotation=90)}, tmp_path / "a.avi"]
    for options, path in (({"crop": (0, 0, 32, 32)}, output), turned):
        texts = warnings_of(transcode, source, path, **options)
        for what in ("the stereo mode", "the spherical mapping"):
            said = f"{what} of the video cannot be kept: the pictures are turned or cropped"
            assert said in texts
        assert not {"Stereo 3D", "Spherical Mapping"} & set(beside(path))


def test_dolby_vision_is_copied_and_lost_by_an_encoder(tmp_path: Path) -> None:
    source = boxed(dolby_vision(8, 6))
    [before] = [each for name, each in beside(source).items() if name.startswith("DOVI")]
    assert (before["dv_profile"], before["dv_level"]) == (8, 6)
    assert warnings_of(remux, source, tmp_path / "a.mp4") == []
    assert beside(tmp_path / "a.mp4")["DOVI configuration record"] == before
    [text] = warnings_of(transcode, source, tmp_path / "b.mp4", codec="hevc")
    assert "Dolby Vision" in text
    with pytest.raises(NotSupportedError, match="Dolby Vision"):
        transcode(source, tmp_path / "c.mp4", codec="hevc", require_all=True)


@pytest.mark.divided
@pytest.mark.parametrize("how", ["remux", "transcode"])
def test_a_profile_is_kept(how: str, tmp_path: Path) -> None:
    if int(ffmpeg_info().release.partition(".")[0]) < 5:
        pytest.skip("FFmpeg before 5.0 writes none")
    source = boxed(box("colr", b"prof" + profile()))
    call, options = (remux, {}) if how == "remux" else (transcode, {"codec": "hevc"})
    assert warnings_of(call, source, tmp_path / "a.mov", **options) == []
    assert "ICC Profile" in beside(tmp_path / "a.mov")
    assert profile() in (tmp_path / "a.mov").read_bytes()


def profile() -> bytes:
    """An ICC profile with a header and no tags: nobody looks into it here."""
    head = bytearray(132)
    struct.pack_into(">I", head, 0, 132)
    head[8:12], head[12:16], head[16:24], head[36:40] = b"\4\0\0\0", b"mntr", b"RGB XYZ ", b"acsp"
    return bytes(head)


def test_a_second_video_keeps_its_own(tmp_path: Path) -> None:
    source = made(
        *("hdr-two.mkv", "-i", str(hdr10()), "-i", str(in_stream())),
        *("-map", "0:v", "-map", "1:v", "-c", "copy"),
    )
    assert MASTERING in beside(source)
    remux(source, tmp_path / "a.mkv", stream=1)
    found = probe(tmp_path / "a.mkv", "-show_streams")["streams"]
    names = [[each["side_data_type"] for each in one.get("side_data_list", [])] for one in found]
    assert sorted(MASTERING in each for each in names) == [False, True]
