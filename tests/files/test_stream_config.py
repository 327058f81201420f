"""A file's configuration carries what the demuxer knows besides, wherever it goes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from clips import Clip, clip
from mux_helpers import packets, video_stream

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    InvalidArgumentError,
    Muxer,
    VideoDecoder,
    VideoDecoderConfig,
    VideoFrame,
    read_frames,
)

# Its decoder needs the bits per sample, which no configuration can say.
ANIMATION = Clip("animation.mov", "qtrle", pixel_format="rgb24", frames=5)


def again(config: VideoDecoderConfig) -> VideoDecoderConfig:
    return pickle.loads(pickle.dumps(config))


def from_mapping(config: VideoDecoderConfig) -> VideoDecoderConfig:
    return VideoDecoderConfig.parse(dataclasses.asdict(config))


def open_file(path: Path) -> tuple[VideoDecoderConfig, list[EncodedVideoChunk]]:
    with Demuxer(path) as demuxer:
        return demuxer.video_config, list(demuxer.chunks())


def rotations(frames: Iterable[VideoFrame]) -> list[float]:
    found = []
    for frame in frames:
        with frame:
            found.append(frame.rotation)
    return found


def decode(config: VideoDecoderConfig, chunks: list[EncodedVideoChunk]) -> list[VideoFrame]:
    frames: list[VideoFrame] = []
    errors: list[BaseException] = []
    with VideoDecoder(frames.append, errors.append, frame_pool_size=None) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(30)
    assert not errors
    return frames


@pytest.mark.parametrize(
    "carry",
    [dataclasses.replace, VideoDecoderConfig.parse, copy.copy, copy.deepcopy, again, from_mapping],
    ids=["replace", "parse", "copy", "deepcopy", "pickle", "mapping"],
)
def test_a_copied_configuration_still_opens_an_uncommon_codec(
    carry: Callable[[VideoDecoderConfig], VideoDecoderConfig],
) -> None:
    config, chunks = open_file(ANIMATION.path())
    carried = carry(dataclasses.replace(config, rotation=90))
    assert rotations(read_frames(chunks, carried)) == [90] * 5
    assert rotations(decode(VideoDecoderConfig.parse(carried), chunks)) == [90] * 5


def test_a_pickled_configuration_still_makes_the_same_file(tmp_path: Path) -> None:
    source, copied = ANIMATION.path(), tmp_path / "copy.mov"
    config, chunks = open_file(source)
    with Muxer(copied) as muxer:
        for chunk in chunks:
            muxer.add_chunk(chunk, again(config))
    assert packets(copied) == packets(source)


def test_what_is_carried_is_neither_compared_nor_shown_nor_named_in_a_pickle() -> None:
    config, _ = open_file(ANIMATION.path())
    plain = dataclasses.replace(config, _native=None)
    assert config._native is not None
    assert config == plain
    assert hash(config) == hash(plain)
    assert repr(config) == repr(plain)
    assert b"parameters" not in pickle.dumps(config)


@pytest.mark.parametrize("entry", ["hvc1", "hev1"])
def test_the_codec_string_decides_the_sample_entry(entry: str, tmp_path: Path) -> None:
    config, chunks = open_file(clip("hevc-bframes.mp4"))
    with Muxer(tmp_path / "a.mp4") as muxer:
        for chunk in chunks:
            muxer.add_chunk(chunk, dataclasses.replace(config, codec=entry + config.codec[4:]))
    assert video_stream(tmp_path / "a.mp4")["codec_tag_string"] == entry


def test_without_its_description_a_configuration_is_for_annex_b() -> None:
    config, _ = open_file(clip("h264-bframes.mp4"))
    _, chunks = open_file(clip("h264-bframes.h264"))
    assert len(rotations(read_frames(chunks, dataclasses.replace(config, description=None)))) > 1


def test_what_nobody_carried_is_refused_by_name() -> None:
    config, chunks = open_file(ANIMATION.path())
    for junk in ("junk", (1, 2), {}):
        with pytest.raises(InvalidArgumentError, match="_native"):
            read_frames(chunks, dataclasses.replace(config, _native=junk))


def test_for_another_codec_nothing_is_carried() -> None:
    config, _ = open_file(ANIMATION.path())
    other, chunks = open_file(clip("vp8.webm"))
    changed = dataclasses.replace(config, codec=other.codec, description=None)
    assert len(rotations(read_frames(chunks, changed))) > 1
