"""What a container says besides times: layout, rotation, shape, colours, alpha, pictures."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clips import X264, Clip, clip, run_ffmpeg
from decode_helpers import stream, stream_of
from mux_helpers import copy, mux, packets, pictures, probe, video_stream

import ffwebcodecs
from ffwebcodecs import Demuxer, EncodedVideoChunk, Muxer, NotSupportedError, VideoColorSpace
from ffwebcodecs._av.files import containers

pytestmark = pytest.mark.divided(file=True)

GIF = Clip("animated.gif", "gif", pixel_format="rgb8", frames=12)
WEBP = Clip("animated.webp", "libwebp_anim", frames=8, inputs=(), pixel_format="yuv420p")
ALPHA = Clip(
    "vp9-alpha.webm",
    *("libvpx-vp9", "-cpu-used", "8", "-auto-alt-ref", "0"),
    pixel_format="yuva420p",
    filters="format=yuva420p,geq=lum='p(X,Y)':a='X'",
    frames=6,
)
WIDE = Clip("h264-wide.mp4", "libx264", *X264, "-bf", "0", filters="setsar=4/3", frames=3)


def boxes(data: bytes) -> list[str]:
    """The names of the top-level boxes of an MP4 file."""
    names, at = [], 0
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if size == 1:
            size = struct.unpack(">Q", data[at + 8 : at + 16])[0]
        names.append(name.decode())
        at += size or len(data)
    return names


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_index_comes_first_unless_told_otherwise(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    copy(clip("h264-bframes.mp4"), path)
    found = boxes(path.read_bytes())
    assert found.index("moov") < found.index("mdat")
    copy(clip("h264-bframes.mp4"), path, faststart=False)
    found = boxes(path.read_bytes())
    assert found.index("moov") > found.index("mdat")


@pytest.mark.parametrize("name", ["h264-bframes.mp4", "h264-offset.mp4", "hevc-bframes.mp4"])
def test_fragmented_file_has_the_same_packets(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    copy(clip(name), path, fragmented=True)
    # One fragment for each of the three groups of 15 pictures.
    assert boxes(path.read_bytes()).count("moof") == 3
    assert packets(path) == packets(clip(name))


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_rotation_is_what_ffmpeg_displays(
    rotation: int, flip: bool, suffix: str, tmp_path: Path
) -> None:
    source, path = stream("h264-bframes.mp4"), tmp_path / f"a.{suffix}"
    mux(path, replace(source.config, rotation=rotation, flip=flip), source.chunks()[:1])
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.rotation == rotation
        assert demuxer.video_config.flip == flip
    turns = {0: "null", 90: "transpose=1", 180: "hflip,vflip", 270: "transpose=2"}[rotation]
    wanted = f"{turns},hflip" if flip else turns
    plain = ("-noautorotate", "-i", clip("h264-bframes.mp4"), "-frames:v", "1", "-vf", wanted)
    expected = run_ffmpeg(*plain, "-f", "rawvideo", "-")
    if flip and rotation in (0, 180):
        # The ffmpeg program of some releases turns these by 180 degrees only: read the matrix.
        data = video_stream(path)["side_data_list"][0]["displaymatrix"].split()
        values = [int(word) for word in data if ":" not in word]
        assert values[:5:4] == ([-65536, 65536] if rotation == 0 else [65536, -65536])
        return
    assert run_ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-") == expected


def test_rotation_in_matroska_comes_back(tmp_path: Path) -> None:
    if not containers.find("a.mkv", None).holds_rotation:
        pytest.skip("this FFmpeg does not write Matroska's rotation: 6.1 and later do")
    source, path = clip("h264-rotated.mp4"), tmp_path / "a.mkv"
    copy(source, path)
    with Demuxer(path) as demuxer, Demuxer(source) as original:
        assert demuxer.video_config.rotation == original.video_config.rotation != 0


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_shape_of_pixels_is_written(suffix: str, tmp_path: Path) -> None:
    source, path = stream_of(WIDE.path()), tmp_path / f"a.{suffix}"
    mux(path, source.config, source.chunks())
    assert video_stream(path)["sample_aspect_ratio"] == "4:3"


# Names, range, what ffprobe calls them, and H.273's codes with the range flag.
COLORS = [
    ("bt709", "bt709", "bt709", False, "bt709 bt709 bt709 tv", (1, 1, 1, 0)),
    ("bt2020", "pq", "bt2020-ncl", False, "bt2020 smpte2084 bt2020nc tv", (9, 16, 9, 0)),
    ("smpte170m", "smpte170m", "smpte170m", True, "smpte170m " * 3 + "pc", (6, 6, 6, 0x80)),
    ("smpte432", "iec61966-2-1", "bt709", True, "smpte432 iec61966-2-1 bt709 pc", (12, 13, 1, 128)),
]


@pytest.mark.parametrize("color", COLORS, ids=lambda c: c[0])
@pytest.mark.parametrize("suffix", ["mkv", "webm"])
def test_colors_are_written(color: Any, suffix: str, tmp_path: Path) -> None:
    source, path = stream("vp8.webm"), tmp_path / f"a.{suffix}"
    primaries, transfer, matrix, full, expected, _ = color
    space = VideoColorSpace(primaries=primaries, transfer=transfer, matrix=matrix, full_range=full)
    mux(path, replace(source.config, color_space=space), source.chunks()[:2])
    found = video_stream(path)
    keys = ("color_primaries", "color_transfer", "color_space", "color_range")
    assert " ".join(found[key] for key in keys) == expected
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.color_space == space


@pytest.mark.parametrize("color", COLORS, ids=lambda c: c[0])
def test_colors_are_in_the_colr_box(color: Any, tmp_path: Path) -> None:
    source, path = stream("av1.mp4"), tmp_path / "a.mp4"
    primaries, transfer, matrix, full, _, codes = color
    space = VideoColorSpace(primaries=primaries, transfer=transfer, matrix=matrix, full_range=full)
    mux(path, replace(source.config, color_space=space), source.chunks()[:2])
    assert b"colrnclx" + struct.pack(">HHHB", *codes) in path.read_bytes()


def test_unknown_colors_stay_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    copy(clip("h264-bframes.mp4"), path)
    assert b"colr" not in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "tag"),
    [("h264-bframes.mp4", "avc1"), ("hevc-bframes.mp4", "hvc1"), ("hevc-bframes.ts", "hvc1")],
)
def test_sample_entry_is_that_of_the_codec_string(name: str, tag: str, tmp_path: Path) -> None:
    source, path = stream(name), tmp_path / "a.mp4"
    mux(path, source.config, source.chunks())
    assert video_stream(path)["codec_tag_string"] == tag
    entry = "hev1" if tag == "hvc1" else tag
    codec = entry + source.config.codec[4:]
    mux(path, replace(source.config, codec=codec), source.chunks())
    assert video_stream(path)["codec_tag_string"] == entry


@pytest.mark.parametrize("name", ["h264-bframes.ts", "h264-bframes.mp4", "hevc-bframes.ts"])
def test_size_is_found_in_the_stream(name: str, tmp_path: Path) -> None:
    source, path = stream(name), tmp_path / "a.mkv"
    config = replace(source.config, coded_width=None, coded_height=None)
    mux(path, config, source.chunks())
    found = video_stream(path)
    assert (found["width"], found["height"]) == (160, 120)


@pytest.mark.parametrize("name", ["vp8.webm", "vp9.webm", "av1.mp4"])
def test_size_is_found_in_the_first_picture(name: str, tmp_path: Path) -> None:
    source, path = stream(name), tmp_path / "a.webm"
    config = replace(source.config, coded_width=None, coded_height=None)
    mux(path, config, source.chunks())
    found = video_stream(path)
    assert (found["width"], found["height"]) == (160, 120)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["webm", "mkv"])
def test_alpha_is_copied(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    copy(ALPHA.path(), path)
    assert transparency(path) == transparency(ALPHA.path())
    assert {k.lower(): v for k, v in video_stream(path)["tags"].items()}["alpha_mode"] == "1"
    with pytest.raises(NotSupportedError, match="alpha"):
        copy(ALPHA.path(), tmp_path / "a.mp4")


def transparency(path: Path) -> bytes:
    decode = ("-c:v", "libvpx-vp9", "-i", path, "-pix_fmt", "yuva420p")
    return run_ffmpeg(*decode, "-f", "rawvideo", "-")


def blocks(path: Path) -> list[bytes]:
    """The coded alpha of each chunk, as FFmpeg's demuxer gives it."""
    from ffwebcodecs._ffi import ffi

    with Demuxer(path) as demuxer:
        chunks = list(demuxer.chunks())
        found = [chunk._ptr.side_data[0] for chunk in chunks]
        return [bytes(ffi.buffer(data.data, data.size))[8:] for data in found]


def test_alpha_side_data_is_written(tmp_path: Path) -> None:
    source, path = stream_of(ALPHA.path()), tmp_path / "a.webm"
    with Muxer(path) as muxer:
        for record, alpha in zip(source.records, blocks(ALPHA.path()), strict=True):
            metadata = {"decoder_config": source.config, "alpha_side_data": alpha}
            muxer.add_chunk(record.chunk(), metadata)
    assert transparency(path) == transparency(ALPHA.path())


@pytest.mark.slow
def test_gif_is_copied(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    copy(GIF.path(), path)
    assert packets(path) == packets(GIF.path())
    assert pictures(path) == pictures(GIF.path())


def test_gif_loops_as_told(tmp_path: Path) -> None:
    endless, once = tmp_path / "endless.gif", tmp_path / "once.gif"
    copy(GIF.path(), endless)
    copy(GIF.path(), once, options={"loop": "-1"})
    assert b"NETSCAPE2.0" in endless.read_bytes()
    assert b"NETSCAPE2.0" not in once.read_bytes()


def webp_frames(data: bytes) -> list[int]:
    """Check an animated WebP file's structure; return the durations in milliseconds."""
    assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    durations, at = [], 12
    while at < len(data):
        name, size = struct.unpack("<4sI", data[at : at + 8])
        if name == b"ANMF":
            durations.append(int.from_bytes(data[at + 20 : at + 23], "little"))
        at += 8 + size + size % 2
    assert at == len(data)
    return durations


def test_webp_is_written(tmp_path: Path) -> None:
    original = WEBP.path().read_bytes()
    path = tmp_path / "a.webp"
    config = ffwebcodecs.VideoDecoderConfig(codec="ffmpeg:webp", coded_width=160, coded_height=120)
    # The animation encoder gives one chunk with everything in it.
    chunk = EncodedVideoChunk(type="key", timestamp=0, duration=33_333, data=original)
    mux(path, config, [chunk])
    assert webp_frames(path.read_bytes()) == webp_frames(original)
    assert len(webp_frames(original)) == WEBP.frames


def test_avif_is_animated(tmp_path: Path) -> None:
    source, path = stream("av1.mp4"), tmp_path / "a.avif"
    try:
        mux(path, source.config, source.chunks())
    except NotSupportedError as error:
        pytest.skip(str(error))
    assert path.read_bytes()[4:12] == b"ftypavis"
    assert pictures(path) == pictures(clip("av1.mp4"))


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_metadata_is_written(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    copy(clip("h264-bframes.mp4"), path, metadata={"title": "Ein Häschen", "comment": "1=2;3"})
    tags = {k.lower(): v for k, v in probe(path, "-show_format")["format"]["tags"].items()}
    assert (tags["title"], tags["comment"]) == ("Ein Häschen", "1=2;3")


@pytest.mark.parametrize(
    ("format", "name"),
    [("mkv", "matroska"), ("ts", "mpegts"), ("MP4", "mp4"), ("matroska", "matroska")],
)
def test_format_wins_over_the_suffix(format: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    copy(clip("h264-bframes.mp4"), path, format=format)
    assert name in probe(path, "-show_format")["format"]["format_name"]
    muxer = Muxer(path, format=format)
    assert muxer.format_name == name
    muxer.discard()


def test_m2ts_has_its_packets_of_192_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.m2ts"
    copy(clip("h264-bframes.ts"), path)
    data = path.read_bytes()
    assert len(data) % 192 == 0
    assert set(data[4::192]) == {0x47}
    assert packets(path) == packets(clip("h264-bframes.ts"))
