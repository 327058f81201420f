"""What a muxer refuses, in words that help."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clips import clip
from decode_helpers import stream
from mux_helpers import copy, mux, packets

from ffwebcodecs import (
    DataError,
    EncodedVideoChunk,
    InvalidArgumentError,
    Muxer,
    NotSupportedError,
    VideoDecoderConfig,
)


@pytest.mark.parametrize("name", ["a", "a.xyz", "a.txt", "a.png", "a."])
def test_unknown_suffix_names_it_and_the_known_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"suffix '.*' of .*\.mp4, .*\.webm"):
        Muxer(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.tiff"])
def test_suffix_of_a_picture_says_what_writes_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"frame\.save\(\).*ffwebcodecs frames"):
        Muxer(tmp_path / name)


# FFmpeg's NUT muxer ends the process when timestamps are not as it expects.
@pytest.mark.parametrize("format", ["xyz", "", "mp 4", "image2", "nut"])
def test_unknown_format_is_named(format: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=f"'{format}'"):
        Muxer(tmp_path / "a.mp4", format=format)


def test_file_object_needs_a_format() -> None:
    with pytest.raises(InvalidArgumentError, match="give format"):
        Muxer(io.BytesIO())


@pytest.mark.parametrize("destination", [None, 5, b"a.mp4", object(), ["a.mp4"]])
def test_destination_of_another_type_is_refused(destination: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=type(destination).__name__):
        Muxer(destination, format="mp4")


def test_text_and_read_only_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="binary mode"):
        Muxer(io.StringIO(), format="mp4")
    path = tmp_path / "a.mp4"
    path.touch()
    with path.open("rb") as file, pytest.raises(InvalidArgumentError, match="writing"):
        Muxer(file)


@pytest.mark.parametrize(
    "options",
    [
        {"format": 5},
        {"metadata": "title"},
        {"metadata": {"title": None}},
        {"metadata": {1: "x"}},
        {"options": {"no_such_option": "1"}},
        {"options": {"movie_timescale": "many"}},
        {"faststart": "yes"},
    ],
    ids=repr,
)
def test_wrong_arguments_leave_no_file(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError):
        Muxer(tmp_path / "a.mp4", **options)
    assert list(tmp_path.iterdir()) == []


def test_unknown_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="matroska has no option 'movie_timescale'"):
        Muxer(tmp_path / "a.mkv", options={"movie_timescale": "1000"})


HELD = [
    ("vp8.webm", "mp4", r"mp4 cannot hold vp8; use \.webm, \.mkv or \.avi"),
    ("vp9.webm", "mov", r"mov cannot hold vp9; use \.mp4, \.webm, \.mkv or \.avi"),
    ("vp9.webm", "ts", r"mpegts cannot hold vp9; use \.mp4"),
    ("h264-bframes.mp4", "webm", r"webm cannot hold h264; use \.mp4"),
    ("h264-bframes.mp4", "ivf", "ivf cannot hold h264"),
    ("h264-bframes.mp4", "gif", "gif cannot hold h264"),
    ("h264-bframes.mp4", "hevc", "hevc cannot hold h264"),
    ("mpeg4.avi", "webm", "webm cannot hold mpeg4"),
    ("hevc-bframes.mp4", "avi", "avi cannot hold hevc"),
    ("av1.mp4", "ts", "mpegts cannot hold av1"),
]


@pytest.mark.parametrize(("name", "suffix", "message"), HELD)
def test_codec_that_the_container_cannot_hold(
    name: str, suffix: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(NotSupportedError, match=message):
        copy(clip(name), tmp_path / f"a.{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_refused_chunk_is_not_taken(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.webm"
    chunks = source.chunks()
    with Muxer(path) as muxer:
        with pytest.raises(InvalidArgumentError, match="needs metadata with a decoder_config"):
            muxer.add_chunk(chunks[0])
        with pytest.raises(DataError, match="must be a key chunk"):
            muxer.add_chunk(chunks[1], source.config)
        with pytest.raises(NotSupportedError, match="webm cannot hold h264"):
            muxer.add_chunk(chunks[0], replace(source.config, codec="avc1.64001F"))
        for chunk in chunks:
            muxer.add_chunk(chunk, source.config)
    assert len(packets(path)) == len(chunks)


@pytest.mark.parametrize("chunk", [None, b"data", 5])
def test_chunk_of_another_type_is_refused(chunk: Any, tmp_path: Path) -> None:
    with Muxer(tmp_path / "a.mp4") as muxer, pytest.raises(InvalidArgumentError, match="chunk"):
        muxer.add_chunk(chunk)


@pytest.mark.parametrize(
    "metadata",
    [5, "vp8", {}, {"decoder_config": None}, {"decoder_config": 5}, {"decoder_config": {}}],
    ids=repr,
)
def test_metadata_without_a_configuration_is_refused(metadata: Any, tmp_path: Path) -> None:
    chunk = stream("vp9.webm").chunks()[0]
    with Muxer(tmp_path / "a.mp4") as muxer, pytest.raises(InvalidArgumentError):
        muxer.add_chunk(chunk, metadata)


@pytest.mark.parametrize("name", ["h264-bframes.mp4", "hevc-bframes.mp4"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_missing_description_is_named(name: str, suffix: str, tmp_path: Path) -> None:
    source = stream(name).with_config(description=None)
    with (
        pytest.raises(InvalidArgumentError, match=r"no description.* (avcC|hvcC) or Annex B"),
        Muxer(tmp_path / f"a.{suffix}") as muxer,
    ):
        muxer.add_chunk(source.chunks()[0], source.config)


def test_broken_description_is_refused(tmp_path: Path) -> None:
    source = stream("h264-bframes.mp4").with_config(description=b"\1junk")
    with pytest.raises(DataError, match="avcC"), Muxer(tmp_path / "a.mp4") as muxer:
        muxer.add_chunk(source.chunks()[0], source.config)


def test_annexb_without_parameter_sets_is_refused_where_they_are_needed(tmp_path: Path) -> None:
    source = stream("h264-bframes.ts")
    junk = EncodedVideoChunk(type="key", timestamp=0, data=b"\0\0\0\1\x65\x88\x84")
    with (
        pytest.raises(InvalidArgumentError, match=r"parameter sets"),
        Muxer(tmp_path / "a.mp4") as muxer,
    ):
        muxer.add_chunk(junk, source.config)


def test_missing_size_is_named(tmp_path: Path) -> None:
    config = VideoDecoderConfig(codec="ffmpeg:mjpeg")
    chunk = EncodedVideoChunk(type="key", timestamp=40, data=b"abc")
    with (
        pytest.raises(InvalidArgumentError, match=r"coded_width.* 40 us"),
        Muxer(tmp_path / "a.avi") as muxer,
    ):
        muxer.add_chunk(chunk, config)


@pytest.mark.parametrize("codec", ["ffmpeg:no_such_codec", "vp9", "avc1", "xyz"])
def test_unknown_codec_is_named(codec: str, tmp_path: Path) -> None:
    source = stream("vp9.webm").with_config(codec=codec)
    with pytest.raises(NotSupportedError, match=codec.split(":")[-1]):
        mux(tmp_path / "a.webm", source.config, source.chunks()[:1])


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"codec": "hvc1.1.6.L93.B0"}, "codec 'hvc1"),
        ({"description": None}, "another description"),
        ({"coded_width": 320, "coded_height": 240}, "another size"),
    ],
    ids=["codec", "description", "size"],
)
def test_another_configuration_is_refused(
    changes: dict[str, Any], what: str, tmp_path: Path
) -> None:
    source, path = stream("h264-bframes.mp4"), tmp_path / "a.mp4"
    chunks = source.chunks()
    with Muxer(path) as muxer:
        muxer.add_chunk(chunks[0], source.config)
        with pytest.raises(NotSupportedError, match=rf"{chunks[1].timestamp} us has {what}"):
            muxer.add_chunk(chunks[1], replace(source.config, **changes))
        muxer.add_chunk(chunks[1], source.config)
    assert len(packets(path)) == 2


def test_codec_that_nothing_holds_is_refused_without_a_remedy(tmp_path: Path) -> None:
    source = stream("vp9.webm").with_config(codec="ffmpeg:wrapped_avframe")
    with pytest.raises(NotSupportedError, match=r"mp4 cannot hold wrapped_avframe$"):
        mux(tmp_path / "a.mp4", source.config, source.chunks()[:1])


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": 2**62},
        {"timestamp": -(2**62)},
        {"duration": 2**64 - 1},
        {"data": b""},
    ],
    ids=repr,
)
def test_chunk_that_no_file_holds_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.webm"
    with Muxer(path) as muxer:
        with pytest.raises(InvalidArgumentError, match=r"holds (less than|no bytes)"):
            muxer.add_chunk(source.records[0].chunk(**changes), source.config)
        muxer.add_chunk(source.chunks()[0], source.config)
    assert len(packets(path)) == 1


def test_alpha_is_not_lost_in_silence(tmp_path: Path) -> None:
    source = stream("vp9.webm")
    metadata = {"decoder_config": source.config, "alpha_side_data": b"alpha"}
    with pytest.raises(NotSupportedError, match=r"mp4 cannot hold alpha_side_data; use \.webm"):
        mux(tmp_path / "a.mp4", metadata, source.chunks())


def test_rotation_that_cannot_be_held_warns(tmp_path: Path) -> None:
    source = stream("h264-bframes.mp4").with_config(rotation=90)
    with pytest.warns(UserWarning, match="mpegts cannot hold the rotation of 90 degrees"):
        mux(tmp_path / "a.ts", source.config, source.chunks())
    assert len(packets(tmp_path / "a.ts")) == len(source.records)
