"""Colours of converted files: our reader and the ffmpeg program see the same, whatever the codec
can say.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from clips import encoders
from color_clips import BT709_TAGS, HD, LOSSLESS, WRITTEN, colored, filmed, near, pixel, their_pixel
from encode_helpers import need
from mux_helpers import need_container, video_stream

from ffwebcodecs import (
    Demuxer,
    Muxer,
    NotSupportedError,
    VideoColorSpace,
    VideoFrame,
    create_image_bitmap,
    read_frames,
    remux,
    transcode,
    write_frames,
)

pytestmark = pytest.mark.divided(file=True)

RANGE = ("-color_range", "tv")
SIZES = {"sd": "320x180", "hd": "1280x720", "tall": "128x720"}


def source(size: str) -> Path:
    one = ("-frames:v", "1")
    return colored("tagged.mp4", SIZES[size], "bt709", *LOSSLESS, *BT709_TAGS, *RANGE, *one)


CANNOT_SAY, OTHERS = WRITTEN[:5], WRITTEN[5:]
CASES = [
    *((*each, size) for each in CANNOT_SAY for size in ("sd", "hd")),
    *((*each, "tall") for each in OTHERS),
]


@pytest.mark.parametrize(("name", "codec", "encoder", "size"), CASES, ids=str)
def test_readers_agree(name: str, codec: str, encoder: str, size: str, tmp_path: Path) -> None:
    need(encoder)
    need_container(Path(name).suffix)
    path = tmp_path / name
    transcode(source(size), path, codec=codec)
    assert near(pixel(path)[0])
    assert near(their_pixel(path))
    if (name, codec, encoder) in CANNOT_SAY and path.suffix in (".webm", ".mkv", ".mp4"):
        assert video_stream(path)["color_space"] == "smpte170m"
        with Demuxer(path) as demuxer:
            assert "matrix" not in demuxer.guessed_colors


def test_vp8_of_720_lines_is_what_browsers_take_it_for(tmp_path: Path) -> None:
    need("libvpx")
    with pytest.warns(UserWarning, match=r"ivf .* bt709, as browsers read it"):
        transcode(source("tall"), tmp_path / "a.ivf", codec="vp8")
    found, space = pixel(tmp_path / "a.ivf")
    assert near(found)
    assert space.matrix == "bt709"
    transcode(source("sd"), tmp_path / "b.ivf", codec="vp8")
    assert near(pixel(tmp_path / "b.ivf")[0])
    assert near(their_pixel(tmp_path / "b.ivf"))


def test_a_guess_is_written_down_where_a_picture_is_made_anew(tmp_path: Path) -> None:
    # 64 lines are BT.601, 720 are BT.709 if nobody says it.
    path = tmp_path / "large.mp4"
    transcode(colored("h264.mp4", "64x64", "bt601", *LOSSLESS), path, height=720)
    assert video_stream(path)["color_space"] == "smpte170m"
    assert near(pixel(path)[0])
    transcode(colored("h264.mp4", "64x720", "bt709", *LOSSLESS), tmp_path / "small.avi", height=64)
    assert near(pixel(tmp_path / "small.avi")[0])
    assert near(their_pixel(tmp_path / "small.avi"))


def test_a_copy_says_no_more_than_the_original(tmp_path: Path) -> None:
    remux(colored("h264.mp4", "64x64", "bt601", *LOSSLESS), tmp_path / "a.mkv")
    stream = video_stream(tmp_path / "a.mkv")
    assert stream.get("color_space", "unknown") == "unknown"
    assert stream.get("color_primaries", "unknown") == "unknown"
    with Demuxer(colored("h264.mp4", "64x64", "bt601", *LOSSLESS)) as demuxer:
        config = demuxer.video_config
        with Muxer(tmp_path / "b.mkv") as muxer:
            for chunk in demuxer.chunks():
                muxer.add_chunk(chunk, config)
    assert video_stream(tmp_path / "b.mkv").get("color_space", "unknown") == "unknown"


def test_color_space_of_the_input_can_be_said(tmp_path: Path) -> None:
    untagged = colored("h264.mp4", "64x64", "bt709", *LOSSLESS)
    transcode(untagged, tmp_path / "a.mp4", color_space={"matrix": "bt709"})
    assert video_stream(tmp_path / "a.mp4")["color_space"] == "bt709"
    assert near(pixel(tmp_path / "a.mp4")[0])


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "vp8"), ("a.avi", "ffmpeg:mpeg4")])
def test_rgb_becomes_what_is_read(name: str, codec: str, tmp_path: Path) -> None:
    need("libvpx" if codec == "vp8" else "mpeg4")
    path = tmp_path / name
    rgb = np.full((180, 320, 3), (200, 50, 80), np.uint8)
    frames = (VideoFrame.from_ndarray(rgb, timestamp=i * 40000) for i in range(2))
    write_frames(frames, path, codec=codec)
    assert near(pixel(path)[0])
    assert near(their_pixel(path))


def test_colours_that_a_copy_loses_are_named(tmp_path: Path) -> None:
    if "libvpx" not in encoders():
        pytest.skip("the ffmpeg program has no libvpx")
    tagged = colored("v8.webm", "64x64", "bt709", "-c:v", "libvpx", *BT709_TAGS)
    with pytest.warns(UserWarning, match=r"cannot say matrix bt709"):
        result = remux(tagged, tmp_path / "a.ivf")
    assert result.lost == ["the colours (matrix bt709): ivf with vp8 cannot say them"]
    with pytest.raises(NotSupportedError, match="matrix bt709"):
        remux(tagged, tmp_path / "b.ivf", require_all=True)
    assert not (tmp_path / "b.ivf").exists()


def test_wide_gamut_and_hdr_that_nobody_can_say_are_named(tmp_path: Path) -> None:
    tags = ("-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "smpte2084")
    hdr = colored("hdr.mp4", "64x64", "bt2020", *LOSSLESS, *tags, *RANGE)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = transcode(hdr, tmp_path / "a.avi", codec="ffmpeg:ffv1")
    assert any("primaries bt2020, transfer pq" in str(each.message) for each in caught)
    assert any("primaries bt2020" in text for text in result.lost)


# ---- matrices that WebCodecs has no name for -----------------------------------------------------

WEIGHTS = {"fcc": (0.30, 0.11), "smpte240m": (0.212, 0.087)}


def unnamed(matrix: str) -> Path:
    """Return a clip of one colour in full-range 4:4:4, computed here."""
    red, green, blue = (each / 255 for each in (200, 50, 80))
    if matrix == "ycgco":
        luma = red / 4 + green / 2 + blue / 4
        first, second = -red / 4 + green / 2 - blue / 4, red / 2 - blue / 2
    else:
        kr, kb = WEIGHTS[matrix]
        luma = kr * red + (1 - kr - kb) * green + kb * blue
        first, second = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    values = [round(each) for each in (luma * 255, first * 255 + 128, second * 255 + 128)]
    plane = "lum={}:cb={}:cr={}".format(*values)
    tags = ("-pix_fmt", "yuv444p", "-colorspace", matrix, "-color_range", "pc")
    # The range is set behind the samples, lest they are scaled to it.
    chain = f"color=s=64x64:r=25:d=0.2,format=yuv444p,geq={plane},setparams=range=pc"
    return filmed(f"{matrix}.mp4", chain, *LOSSLESS, *tags)


@pytest.mark.parametrize("matrix", WEIGHTS)
def test_fcc_and_smpte240m_are_converted_with_their_own_weights(
    matrix: str, tmp_path: Path
) -> None:
    found, space = pixel(unnamed(matrix))
    assert near(found)
    assert space.matrix is None  # WebCodecs has no name for it
    # Another matrix, a copy, a pickle, and a codec that cannot say it.
    transcode(unnamed(matrix), tmp_path / "a.mp4")
    assert video_stream(tmp_path / "a.mp4")["color_space"] == matrix
    assert near(pixel(tmp_path / "a.mp4")[0])
    remux(unnamed(matrix), tmp_path / "b.mkv")
    assert video_stream(tmp_path / "b.mkv")["color_space"] == matrix
    transcode(unnamed(matrix), tmp_path / "c.avi", codec="ffmpeg:mpeg4")
    assert near(pixel(tmp_path / "c.avi")[0])
    with (
        next(read_frames(unnamed(matrix))) as frame,
        create_image_bitmap(frame, resize_width=16, resize_height=16) as small,
    ):
        assert near(small.to_ndarray()[8, 8, :3].astype(int).tolist())


def test_ycgco_is_refused_with_the_reason(tmp_path: Path) -> None:
    with next(read_frames(unnamed("ycgco"))) as frame:
        assert frame.color_space.matrix is None
        assert frame.color_space == VideoColorSpace(**{**HD, "matrix": None}, full_range=True)
        for call in (
            lambda: frame.to_ndarray("RGB"),
            lambda: create_image_bitmap(frame, resize_width=32),
            lambda: frame.save(tmp_path / "a.png"),
        ):
            with pytest.raises(NotSupportedError, match="ycgco"):
                call()
        assert frame.to_ndarray("I444").shape  # as it is
        assert frame.to_ndarray("GRAY8").shape[:2] == (64, 64)
    with pytest.raises(NotSupportedError, match="ycgco"):
        transcode(unnamed("ycgco"), tmp_path / "a.avi", codec="ffmpeg:mpeg4")
    transcode(unnamed("ycgco"), tmp_path / "a.mp4", width=32)  # scaled, it means the same
    assert video_stream(tmp_path / "a.mp4")["color_space"] == "ycgco"
    found = pixel(unnamed("ycgco"), color_space={"matrix": "bt709"})[0]
    assert len(found) == 3
