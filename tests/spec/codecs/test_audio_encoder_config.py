"""AudioEncoderConfig: what is valid, as the specification and the codecs' own have it."""

from __future__ import annotations

from typing import Any

import pytest

from ffwebcodecs import (
    AacEncoderConfig,
    AudioEncoderConfig,
    FlacEncoderConfig,
    InvalidArgumentError,
    OpusEncoderConfig,
)
from ffwebcodecs._spec.codecs.aac import make_config
from ffwebcodecs._spec.encoders.adts import AdtsHeaders
from ffwebcodecs._spec.encoders.audio_choice import choose_format, choose_layout
from ffwebcodecs._spec.encoders.dtx import SilenceRhythm
from ffwebcodecs._spec.frames.sample_formats import BY_NAME
from ffwebcodecs.errors import NotSupportedError

SMALL = {"codec": "opus", "sample_rate": 48000, "number_of_channels": 2}


def test_defaults_are_the_specification_s() -> None:
    config = AudioEncoderConfig.parse({**SMALL, "opus": {}, "aac": {}, "flac": {}})
    assert config == AudioEncoderConfig(
        codec="opus",
        sample_rate=48000,
        number_of_channels=2,
        bitrate_mode="variable",
        opus=OpusEncoderConfig(
            format="opus",
            signal="auto",
            application="audio",
            frame_duration=20000,
            complexity=9,
            packetlossperc=0,
            useinbandfec=False,
            usedtx=False,
        ),
        aac=AacEncoderConfig(format="aac"),
        flac=FlacEncoderConfig(block_size=0, compress_level=5),
    )
    assert AudioEncoderConfig.parse(config) == config


def test_camel_case_is_taken_too() -> None:
    config = {"codec": "opus", "sampleRate": 8000, "numberOfChannels": 1, "bitrateMode": "constant"}
    parsed = AudioEncoderConfig.parse({**config, "opus": {"frameDuration": 2500}})
    assert (parsed.sample_rate, parsed.number_of_channels) == (8000, 1)
    assert parsed.bitrate_mode == "constant"
    assert parsed.opus == OpusEncoderConfig(frame_duration=2500)


@pytest.mark.parametrize(
    "members",
    [
        {"codec": None},
        {"codec": " "},
        {"sample_rate": 0},
        {"sample_rate": 2**32},
        {"number_of_channels": 0},
        {"bitrate": 2**31},
        {"bitrate": -1},
        {"bitrate_mode": "quantizer"},
        {"opus": {"frame_duration": 15000}},
        {"opus": {"frame_duration": 140000}},
        {"opus": {"complexity": 11}},
        {"opus": {"packetlossperc": 101}},
        {"opus": {"application": "music"}},
        {"opus": 5},
        {"aac": {"format": "latm"}},
        {"flac": {"block_size": 15}},
        {"flac": {"block_size": 65536}},
        {"flac": {"compress_level": 9}},
        {"channel_layout": ""},
        {"encoder_options": {"a": None}},
        {"nonsense": 1},
    ],
)
def test_what_is_not_valid(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        AudioEncoderConfig.parse({**SMALL, **members})


@pytest.mark.parametrize(
    ("names", "source", "chosen"),
    [
        (("s16", "s32"), "s16-planar", "s16"),
        (("s16", "s32"), "f32", "s32"),
        (("s16", "s32"), "u8", "s16"),
        (("s32p", "fltp", "s16p"), "s16", "s16-planar"),
        (("s16", "flt"), "s32", "f32"),
        (("fltp",), "u8", "f32-planar"),
    ],
)
def test_samples_lose_least(names: tuple[str, ...], source: str, chosen: str) -> None:
    assert choose_format("any", names, BY_NAME[source])[0] is BY_NAME[chosen]


def test_a_layout_is_kept_or_refused() -> None:
    assert choose_layout("libopus", None, 6, "5.1(side)", "5.1", True) == "5.1"
    assert choose_layout("ac3", [(6, "5.1(side)"), (6, "5.1")], 6, "5.1", "5.1", True) == "5.1"
    assert choose_layout("libopus", None, 4, "4.0", "4.0", False) == "quad"
    assert choose_layout("pcm_s16le", None, 3, None, "2.1", False) == "2.1"
    assert choose_layout("aac", None, 3, None, "2.1", False) == "3.0"
    assert choose_layout("aac", None, 3, "2.1", "2.1", False) == "2.1"
    with pytest.raises(NotSupportedError, match=r"that the channels are 4\.0; it takes mono"):
        choose_layout("libopus", None, 4, "4.0", "4.0", True)
    with pytest.raises(NotSupportedError, match="does not take 9 channels"):
        choose_layout("libopus", None, 9, None, None, False)


def test_an_adts_header_is_what_the_standard_says() -> None:
    # ISO/IEC 14496-3, 1.A.2.2: AAC-LC (1), 44.1 kHz (4), two channels, 100 bytes and its own 7.
    header = AdtsHeaders(make_config(2, 44100, 2)).of(100)
    bits = f"{int.from_bytes(header, 'big'):056b}"
    assert bits[:16] == "1111111111110001"
    assert (bits[16:18], bits[18:22], bits[23:26]) == ("01", "0100", "010")
    assert (int(bits[30:43], 2), bits[43:54], bits[54:]) == (107, "1" * 11, "00")
    with pytest.raises(NotSupportedError, match="too long"):
        AdtsHeaders(make_config(2, 44100, 2)).of(8192)


def test_silence_is_left_out_in_the_rhythm_of_libopus() -> None:
    rhythm = SilenceRhythm()
    sent = [index for index in range(60) if not rhythm.leaves_out(20_000, True)]
    assert sent == [*range(10), 30, 51]
    assert not rhythm.leaves_out(20_000, False)
    assert not rhythm.leaves_out(20_000, True)
