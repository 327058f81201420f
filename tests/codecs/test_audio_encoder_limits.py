"""What FFmpeg's encoders of sound end the process with, or refuse, and what is made of it here."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from audio_encode_helpers import Heard, tones
from decode_helpers import TIMEOUT

from ffwebcodecs import AudioData, AudioDecoder, AudioEncoder, EncodingError
from ffwebcodecs._av.codecs.sound_encoders import takes


def need(encoder: str) -> None:
    if takes(encoder) is None:
        pytest.skip(f"this FFmpeg has no {encoder}")


def encoded(codec: str, samples: npt.NDArray[Any], format: str | None = None) -> Heard:
    """Return what `samples`, float32 in one piece, are encoded to."""
    rate, channels = 48000, samples.shape[1]
    data = AudioData.from_ndarray(
        samples.astype(np.float32), sample_rate=rate, timestamp=0, format=format
    )
    config = {"codec": codec, "sample_rate": rate, "number_of_channels": channels}
    return Heard(config, [data])


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30, 1e5], ids=str)
def test_what_lame_aborts_with_is_an_error(value: float) -> None:
    need("libmp3lame")
    samples = tones(5000)
    samples[3000, 1] = value
    errors: list[BaseException] = []
    chunks: list[object] = []
    config = {"codec": "mp3", "sample_rate": 48000, "number_of_channels": 2}
    with (
        AudioEncoder(lambda chunk, _: chunks.append(chunk), errors.append) as encoder,
        AudioData.from_ndarray(samples.astype("f4"), sample_rate=48000, timestamp=0) as data,
    ):
        encoder.configure(config)
        encoder.encode(data)
        with pytest.raises(
            EncodingError, match=re.escape(f"reach {abs(value):g}, its limit is 256")
        ):
            encoder.flush().result(TIMEOUT)
    assert [type(error) for error in errors] == [EncodingError]
    assert chunks  # of the samples before


def test_what_is_too_loud_for_lame_is_far_above_full_scale() -> None:
    need("libmp3lame")
    heard = encoded("mp3", 200 * tones(5000))
    assert sum(chunk.duration or 0 for chunk in heard.chunks) >= 5000 / 0.048


@pytest.mark.parametrize("count", [1, 2, 3, 7, 401])
@pytest.mark.parametrize("format", ["s16", "s32"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_packet_of_a_dvd_may_be_short(count: int, format: str, channels: int) -> None:
    # FFmpeg writes whole groups of samples, and runs away if there is not even one.
    need("pcm_dvd")
    heard = encoded("ffmpeg:pcm_dvd", tones(count)[:, :channels], format)
    sample_bytes = {"s16": 2, "s32": 3}[format] * channels
    samples = sum(chunk.byte_length - 3 for chunk in heard.chunks) / sample_bytes
    assert count <= samples < count + 4


def test_a_long_piece_is_cut_for_smpte_302m() -> None:
    need("s302m")  # 65,535 bytes are the longest packet
    heard = encoded("ffmpeg:s302m", tones(30_000, pitches=(440,) * 8), "s32")
    # 24 bits and 4 for each sample, behind a header of 4 bytes.
    assert sum(chunk.byte_length - 4 for chunk in heard.chunks) == 30_000 * 8 * 28 // 8


@pytest.mark.parametrize("codec", ["mp4a.40.2", "ac-3"])
def test_a_third_channel_is_not_taken_for_bass(codec: str) -> None:
    # FFmpeg's usual layout of three is 2.1, whose third channel is heard up to 120 Hz.
    heard = encoded(codec, tones(20_000, pitches=(440, 880, 3000)))
    parts: list[npt.NDArray[Any]] = []
    layouts = set()

    def hear(data: AudioData) -> None:
        with data:
            parts.append(data.to_ndarray())
            layouts.add(data.channel_layout)

    with AudioDecoder(hear, heard.errors.append) as decoder:
        decoder.configure(heard.config)
        for chunk in heard.chunks:
            decoder.decode(chunk)
        decoder.flush().result(TIMEOUT)
    middle = np.concatenate(parts)[5000:15000]
    assert layouts == {"3.0"}
    assert np.sqrt((middle**2).mean(axis=0)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)
