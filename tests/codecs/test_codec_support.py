"""is_config_supported: every string of the table, and what it gives back."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from clips import DATA, ffmpeg_program

from ffwebcodecs import (
    InvalidArgumentError,
    NotSupportedError,
    VideoColorSpace,
    VideoDecoder,
    VideoDecoderConfig,
    VideoEncoder,
    ffmpeg_info,
)
from ffwebcodecs._av.codecs.encoder_formats import find_encoder, formats_of
from ffwebcodecs._av.frames.pixel_format import describe
from ffwebcodecs._ffi import avcodec
from ffwebcodecs._spec.codecs.strings import parse_codec
from ffwebcodecs._spec.encoders.choice import allowed, candidates, device_of, wanted_samples

pytestmark = pytest.mark.divided

SUPPORT = json.loads((DATA / "codec_support.json").read_text(encoding="utf-8"))
# More than Chromium does: these follow the grammar of ISO/IEC 14496-15, annex E.
HEVC = [
    *("hvc1.1.6.L93.B0", "hev1.1.6.L93.B0", "hev1.1.6.L60.90", "hvc1.1.6.L123.00"),
    *("hvc1.2.4.L120.B0", "hvc1.4.10.L120.B0", "hev1.2.4.L153.B0"),
]
NAMES = {
    "vp8": "vp8",
    "vp09": "vp9",
    "av01": "av1",
    "avc1": "h264",
    "avc3": "h264",
    "hvc1": "hevc",
    "hev1": "hevc",
}


def supported(codec: str) -> bool:
    return VideoDecoder.is_config_supported({"codec": codec}).supported


def installed(codec: str) -> bool:
    return NAMES[codec.split(".")[0]] in decodable()


@functools.cache
def decodable() -> set[str]:
    """Codecs that the ffmpeg program says it decodes: lines like ' DEV.L. h264  ...'."""
    text = subprocess.run(
        [ffmpeg_program(), "-hide_banner", "-codecs"], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split() for line in text.splitlines()]
    return {words[1] for words in lines if len(words) > 1 and words[0][:1] == "D"}


@pytest.mark.parametrize("codec", SUPPORT)
def test_string_is_answered_as_chromium_does_and_hevc_by_its_grammar(codec: str) -> None:
    wanted = SUPPORT[codec]["chromium"]["decoder"] or codec in HEVC
    assert supported(codec) is bool(wanted and installed(codec))


def takes(codec: str) -> Iterator[bool]:
    """Tell of each format of each software encoder that is no experiment whether it is what the
    string says.
    """
    info = parse_codec(codec)
    wanted = wanted_samples(info)
    names = candidates(info, "no-preference", False)
    for ptr in map(find_encoder, [name for name in names if device_of(name) is None]):
        if ptr is None or ptr.capabilities & avcodec.AV_CODEC_CAP_EXPERIMENTAL:
            continue
        for name in formats_of(ptr) or ():
            format = describe(name)
            yield format is not None and allowed(format, wanted)


@pytest.mark.parametrize("codec", SUPPORT)
def test_string_is_encoded_wherever_chromium_encodes_it_and_only_if_it_is_one(codec: str) -> None:
    if supported(codec) and not any(takes(codec)):
        pytest.skip("no encoder of this FFmpeg takes such samples")
    config = {"codec": codec, "width": 320, "height": 240}
    found = VideoEncoder.is_config_supported(config).supported
    answers = SUPPORT[codec]["chromium"]
    if answers["encoder_320x240"]:
        assert found
    elif not answers["decoder"]:
        # What decoders take, more encoders than Chromium's may write.
        assert found is (codec in HEVC)


@pytest.mark.parametrize("codec", [codec for codec in SUPPORT if supported(codec)])
def test_what_is_supported_can_be_configured(codec: str) -> None:
    errors: list[BaseException] = []
    with VideoDecoder(print, errors.append) as decoder:
        decoder.configure({"codec": codec})
        decoder.flush().result(10)
    assert not errors


@pytest.mark.parametrize(
    "config", [None, {}, {"codec": ""}, {"codec": " \t"}, {"codec": "vp8", "coded_width": 1}, 5]
)
def test_invalid_config_is_an_error_not_a_false(config: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        VideoDecoder.is_config_supported(config)


def test_config_comes_back_with_known_members_and_defaults() -> None:
    description = bytearray(b"\1\2\3")
    found = VideoDecoder.is_config_supported(
        {
            "codec": "vp8",
            "codedWidth": 32.0,
            "coded_height": 16,
            "description": description,
            "colorSpace": {"primaries": "bt709"},
            "futureMember": 1,
        }
    )
    description[:] = b"xyz"
    assert found.supported
    assert found.config == VideoDecoderConfig(
        codec="vp8",
        coded_width=32,
        coded_height=16,
        description=b"\1\2\3",
        color_space=VideoColorSpace(primaries="bt709"),
        hardware_acceleration="no-preference",
        optimize_for_latency=None,
        rotation=0,
        flip=False,
    )


@pytest.mark.parametrize("codec", ["avc1.42C00A", "avc3.42C00A", "hvc1.1.6.L93.B0"])
def test_a_description_that_is_none_is_unsupported_as_configure_finds(codec: str) -> None:
    config = {"codec": codec, "description": b"\0\x11"}
    assert not VideoDecoder.is_config_supported(config).supported
    errors: list[BaseException] = []
    decoder = VideoDecoder(print, errors.append)
    decoder.configure(config)
    with pytest.raises(NotSupportedError, match="description"):
        decoder.flush().result(10)


def test_unsupported_config_comes_back_too() -> None:
    found = VideoDecoder.is_config_supported(VideoDecoderConfig(codec="bogus", rotation=91))
    assert (found.supported, found.config.codec, found.config.rotation) == (False, "bogus", 90)


def test_every_decoder_of_this_ffmpeg_can_be_asked_for_by_name() -> None:
    for name in ffmpeg_info().decoders:
        assert supported(f"ffmpeg:{name}"), name


@pytest.mark.parametrize("name", ["no-such", "pcm_s16le", "libx264", "subrip", "", " h264", "H264"])
def test_ffmpeg_names_that_are_no_video_decoder(name: str) -> None:
    assert not supported(f"ffmpeg:{name}")


def test_asking_starts_no_worker_and_needs_no_instance() -> None:
    answers = {supported("vp8") for _ in range(100)}
    assert answers == {installed("vp8")}
