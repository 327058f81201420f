"""transcode: values for sound that no encoder has are told with the limit, before anything is
written.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convert_helpers import made
from heard import noisy_film
from mux_helpers import probe

from ffwebcodecs import (
    InvalidArgumentError,
    NotSupportedError,
    VideoFrame,
    transcode,
    write_frames,
)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.mp3", {"sample_rate": 44101}, "sample_rate is 44101, and libmp3lame encodes mp3 at"),
        ("a.mp3", {"channels": 3}, "channels is 3, and mp3 holds 2 at most"),
        # Copied as it is would not be what was asked for.
        ("a.mp4", {"sample_rate": 44101}, "sample_rate is 44101, and aac encodes aac at"),
        ("a.mp4", {"channels": 9}, "channels is 9, and aac holds 8 at most"),
        ("a.mkv", {"audio": "opus", "sample_rate": 96000}, "sample_rate is 96000"),
        ("a.mp4", {"audio": "mp4a.40.5"}, "no encoder for aac as 'mp4a.40.5'"),
    ],
)
def test_what_an_encoder_lacks(
    name: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    refused(NotSupportedError, name, options, message, tmp_path)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        # The ranges are those of the standards: MPEG-1 and MPEG-2 Layer III, RFC 7587, ATSC A/52;
        # 6144 bits a channel and frame in ISO/IEC 14496-3.
        ("a.mp3", {"audio_bitrate": "321k"}, "mp3 has from 32000 to 320000 bits per second"),
        ("a.mp3", {"audio_bitrate": 192_000, "sample_rate": 22050}, "mp3 has from 8000 to 160000"),
        ("a.opus", {"audio_bitrate": "2M"}, "opus has from 6000 to 512000 bits"),
        ("a.m4a", {"audio_bitrate": "600k", "channels": 1}, "500 to 288000 .* with 1 channel$"),
        ("a.ac3", {"audio_bitrate": 700_000}, "ac3 has from 32000 to 640000"),
        (
            "a.flac",
            {"audio_bitrate": "64k"},
            "audio_bitrate is 64000, and flac has as many bits as",
        ),
        ("a.wav", {"audio_bitrate": "64k"}, "pcm_s16le has as many bits as its samples need"),
        ("a.mp3", {"audio_bitrate": "128"}, "audio_bitrate is 128, .* did you mean 128_000"),
    ],
)
def test_bitrates_that_a_codec_lacks(
    name: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    refused(InvalidArgumentError, name, options, message, tmp_path)


def refused(
    error: type[Exception], name: str, options: dict[str, Any], message: str, folder: Path
) -> None:
    (folder / name).write_bytes(b"old")
    with pytest.raises(error, match=message):
        transcode(noisy_film(), folder / name, **options)
    assert [each.read_bytes() for each in folder.iterdir()] == [b"old"]


def test_why_it_can_neither_be_copied_nor_encoded(tmp_path: Path) -> None:
    # FLAC knows one layout of four channels, and that is another one (RFC 9639, 9.1.3).
    tone = "aevalsrc=exprs=0.1|0.1|0.1|0.1:s=48000:d=0.1:c=4.0"
    path = made("four.wav", "-f", "lavfi", "-i", tone)
    with pytest.raises(NotSupportedError, match=r"nor can it be encoded \(.*flac.*4\.0"):
        transcode(path, tmp_path / "a.flac")


def test_frames_with_sound_for_a_file_without(tmp_path: Path) -> None:
    frame = VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), timestamp=0)
    with pytest.raises(NotSupportedError, match="gif holds no sound: leave audio out"):
        write_frames([frame], tmp_path / "a.gif", audio=(np.zeros(100), 48000))
    assert not list(tmp_path.iterdir())
    frame.close()


@pytest.mark.parametrize(
    ("format", "codec"), [("adts", "aac"), ("mp3", "mp3"), ("aiff", "pcm_s16be")]
)
def test_formats_for_sound_by_their_names(format: str, codec: str) -> None:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ADTS has no place for a coder's delay
        result = transcode(noisy_film("mp4"), out, format=format)
    assert [*result.copied_streams, *result.encoded_streams][0].endswith(codec)


def test_a_bitrate_of_mp3_is_what_the_file_has(tmp_path: Path) -> None:
    transcode(noisy_film(), tmp_path / "a.mp3", audio_bitrate="128k")
    said = probe(tmp_path / "a.mp3", "-show_entries", "stream=bit_rate")
    assert abs(int(said["streams"][0]["bit_rate"]) - 128_000) < 2000
