"""Validity of configurations: the specification's summary, 1.9."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from awkward import NEVER_A_STRUCTURE, NEVER_AN_INTEGER, RaisingIndex, RaisingRepr

from ffwebcodecs import VideoDecoder, VideoEncoder
from ffwebcodecs._spec.codecs.config import VideoDecoderConfig
from ffwebcodecs._spec.codecs.encoder_config import (
    Av1EncoderConfig,
    AvcEncoderConfig,
    HevcEncoderConfig,
    VideoEncoderConfig,
)
from ffwebcodecs._spec.frames.color_space import VideoColorSpace
from ffwebcodecs.errors import InvalidArgumentError


def test_configs_are_frozen_keyword_only_values():
    config = VideoDecoderConfig(codec="vp8")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.codec = "vp9"
    with pytest.raises(TypeError):
        VideoDecoderConfig("vp8")
    assert config == VideoDecoderConfig(codec="vp8")
    assert dataclasses.replace(config, flip=True).flip is True


def test_parse_gives_proper_types():
    description = bytearray(b"\1\2")
    config = VideoDecoderConfig.parse(
        {
            "codec": "avc1.42001E",
            "description": description,
            "codedWidth": np.int32(320),
            "coded_height": 240.0,
            "colorSpace": {"matrix": "bt709"},
            "rotation": 450.1,
            "optimizeForLatency": True,
        }
    )
    description[0] = 9
    assert config == VideoDecoderConfig(
        codec="avc1.42001E",
        description=b"\1\2",
        coded_width=320,
        coded_height=240,
        color_space=VideoColorSpace(matrix="bt709"),
        rotation=90,
        optimize_for_latency=True,
    )
    assert type(config.coded_width) is int
    assert VideoDecoderConfig.parse(config) == config


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"bitrte": 1}, "VideoEncoderConfig has no member 'bitrte': did you mean 'bitrate'"),
        ({"frameRate": 1}, "'frameRate': did you mean 'framerate'"),
        ({"hardware-acceleration": "x"}, "did you mean 'hardware_acceleration'"),
        ({"LatencyMode": "realtime"}, "did you mean 'latency_mode'|did you mean 'latencyMode'"),
        (
            {"latency_mode": "quality", "latencyMode": "realtime"},
            "VideoEncoderConfig has 'latency_mode' and 'latencyMode': give one",
        ),
        ({"encoder_option": {}}, "did you mean 'encoder_options'"),
        ({"description": b""}, "has no member 'description': it has codec, width"),
        ({5: 1}, "has no member 5: it has codec"),
        ({"\ud800": 1}, r"no member '\\ud800'"),
        ({"avc": {"fromat": "avc"}}, "avc has no member 'fromat': did you mean 'format'"),
        ({"hevc": {"Format": "hevc"}}, "hevc has no member 'Format': did you mean 'format'"),
        ({"av1": {"screen": True}}, "av1 has no member 'screen': it has force_screen"),
        ({"av1": {"format": "x"}}, "av1 has no member 'format': it has force_screen"),
    ],
)
def test_unknown_members_of_an_encoder_config_are_refused_and_the_nearest_named(members, message):
    whole = {"codec": "vp8", "width": 2, "height": 2, **members}
    with pytest.raises(InvalidArgumentError, match=message):
        VideoEncoderConfig.parse(whole)
    encoder = VideoEncoder(print, print)
    with pytest.raises(InvalidArgumentError, match=message):
        encoder.configure(whole)
    assert encoder.state == "unconfigured"
    assert VideoEncoder.is_config_supported(whole).config.codec == "vp8"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"codedwidth": 4}, "VideoDecoderConfig has no member 'codedwidth': did you mean 'coded"),
        ({"width": 4}, "has no member 'width'"),
        ({"optimise_for_latency": True}, "did you mean 'optimize_for_latency'"),
        ({"native": 4}, "has no member 'native': it has codec, description"),
        ({"color_space": {"Matrix": "rgb"}}, "color_space has no member 'Matrix': .*'matrix'"),
        ({"colorSpace": {"fullrange": True}}, "color_space has no member 'fullrange'"),
    ],
)
def test_unknown_members_of_a_decoder_config_are_refused_and_the_nearest_named(members, message):
    whole = {"codec": "vp8", **members}
    with pytest.raises(InvalidArgumentError, match=message):
        VideoDecoderConfig.parse(whole)
    decoder = VideoDecoder(print, print)
    with pytest.raises(InvalidArgumentError, match=message):
        decoder.configure(whole)
    assert decoder.state == "unconfigured"
    assert VideoDecoder.is_config_supported(whole).config.codec == "vp8"


def test_a_config_may_hold_mappings_with_unknown_members_only_when_asked_about():
    whole = VideoEncoderConfig(codec="vp8", width=2, height=2, avc={"format": "annexb", "x": 1})
    with pytest.raises(InvalidArgumentError, match="avc has no member 'x'"):
        VideoEncoderConfig.parse(whole)
    found = VideoEncoder.is_config_supported(whole).config
    assert found.avc == AvcEncoderConfig(format="annexb")


@pytest.mark.parametrize("name", ["force_screen_content_tools", "forceScreenContentTools"])
def test_av1_members_come_back(name):
    config = VideoEncoderConfig.parse(
        {"codec": "av01.0.04M.08", "width": 2, "height": 2, "av1": {name: True}}
    )
    assert config.av1 == Av1EncoderConfig(force_screen_content_tools=True)
    assert Av1EncoderConfig.parse({}) == Av1EncoderConfig(force_screen_content_tools=False)


def test_every_member_is_understood_in_both_spellings():
    values = {
        "codec": "vp8",
        "width": 2,
        "height": 2,
        "display_width": 4,
        "display_height": 4,
        "bitrate": 1000,
        "framerate": 25.0,
        "hardware_acceleration": "prefer-software",
        "alpha": "keep",
        "scalability_mode": "L1T2",
        "bitrate_mode": "constant",
        "latency_mode": "realtime",
        "content_hint": "text",
        "avc": AvcEncoderConfig(format="annexb"),
        "hevc": HevcEncoderConfig(format="annexb"),
        "av1": Av1EncoderConfig(force_screen_content_tools=True),
        "encoder_options": {"g": "1"},
        "threads": 2,
    }
    assert set(values) == {each.name for each in dataclasses.fields(VideoEncoderConfig)}
    head = {name: name.split("_") for name in values}
    camel = {
        "".join((first, *(word.capitalize() for word in rest))): values[name]
        for name, (first, *rest) in head.items()
    }
    assert VideoEncoderConfig.parse(camel) == VideoEncoderConfig.parse(values)
    assert vars(VideoEncoderConfig.parse(values)) == values


def test_none_means_absent():
    config = VideoDecoderConfig.parse(
        {"codec": "vp8", "hardwareAcceleration": None, "flip": None, "rotation": None}
    )
    assert config == VideoDecoderConfig(codec="vp8")


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"codec": None},
        {"codec": ""},
        {"codec": " \t"},
        {"codec": b"vp8"},
        {"coded_width": 320},
        {"coded_height": 320},
        {"coded_width": 0, "coded_height": 240},
        {"display_aspect_width": 16},
        {"display_aspect_width": 16, "display_aspect_height": 0},
        {"description": "text"},
        {"description": 5},
        {"color_space": {"matrix": "film"}},
        {"color_space": 5},
        {"hardware_acceleration": "please"},
        {"hardware_acceleration": RaisingRepr()},
        {"rotation": float("nan")},
        {"flip": "no"},
        {"optimize_for_latency": "no"},
        {"threads": 0},
        {"threads": 2**70},
    ],
    ids=lambda members: "+".join(members) or "empty",
)
def test_invalid_decoder_configs(members):
    complete = members if "codec" in members or not members else {"codec": "vp8", **members}
    with pytest.raises(InvalidArgumentError):
        VideoDecoderConfig.parse(complete)
    if "codec" in complete:
        with pytest.raises(InvalidArgumentError):
            VideoDecoderConfig.parse(VideoDecoderConfig(**complete))


@pytest.mark.parametrize(
    "members",
    [
        {"codec": ""},
        {"width": None},
        {"width": 0},
        {"height": 2**31},
        {"display_width": 0},
        {"bitrate": 0},
        {"bitrate": -1},
        {"bitrate": 2**64},
        {"framerate": float("inf")},
        {"framerate": 10**400},
        {"framerate": "30"},
        {"alpha": "maybe"},
        {"bitrate_mode": "cbr"},
        {"latency_mode": "fast"},
        {"scalability_mode": 5},
        {"content_hint": 5},
        {"avc": {"format": "mp4"}},
        {"avc": "annexb"},
        {"hevc": {"format": "avc"}},
        {"av1": {"force_screen_content_tools": "yes"}},
        {"av1": True},
    ],
    ids=lambda members: next(iter(members)),
)
def test_invalid_encoder_configs(members):
    complete = {"codec": "vp8", "width": 320, "height": 240, **members}
    with pytest.raises(InvalidArgumentError):
        VideoEncoderConfig.parse(complete)
    with pytest.raises(InvalidArgumentError):
        VideoEncoderConfig.parse(VideoEncoderConfig(**complete))


@pytest.mark.parametrize(
    "members",
    [
        {"framerate": 0},
        {"framerate": 29.97},
        {"framerate": np.float32(30)},
        {"scalability_mode": "L9T9"},
        {"content_hint": "anything"},
        {"display_width": 640},
        {"width": 321},
        {"av1": {"force_screen_content_tools": True}},
    ],
    ids=str,
)
def test_valid_encoder_configs_that_may_still_be_unsupported(members):
    VideoEncoderConfig.parse(
        VideoEncoderConfig(**{"codec": "bogus", "width": 320, "height": 240, **members})
    )


def test_encoder_defaults_are_the_specification_s():
    config = VideoEncoderConfig.parse({"codec": "vp8", "width": 2, "height": 2, "avc": {}})
    assert config == VideoEncoderConfig(
        codec="vp8",
        width=2,
        height=2,
        hardware_acceleration="no-preference",
        alpha="discard",
        bitrate_mode="variable",
        latency_mode="quality",
        avc=AvcEncoderConfig(format="avc"),
    )
    assert HevcEncoderConfig.parse({}).format == "hevc"


@pytest.mark.parametrize("value", [*NEVER_A_STRUCTURE, None, [], VideoEncoderConfig])
def test_what_is_no_config_is_refused(value):
    with pytest.raises(InvalidArgumentError, match="VideoDecoderConfig"):
        VideoDecoderConfig.parse(value)
    with pytest.raises(InvalidArgumentError, match="VideoEncoderConfig"):
        VideoEncoderConfig.parse(value)


@pytest.mark.parametrize("value", NEVER_AN_INTEGER, ids=lambda v: type(v).__name__)
def test_bad_numbers_in_configs_are_refused(value):
    for name in ("threads", "coded_width", "display_aspect_width"):
        members = {"codec": "vp8", "coded_height": 4, "display_aspect_height": 4, name: value}
        with pytest.raises(InvalidArgumentError):
            VideoDecoderConfig.parse(members)
    with pytest.raises(InvalidArgumentError):
        VideoEncoderConfig.parse({"codec": "vp8", "width": value, "height": 2})


def test_a_mapping_that_raises_is_an_invalid_argument():
    class Raising(dict):
        def get(self, *args):
            raise RuntimeError("no")

    with pytest.raises(InvalidArgumentError):
        VideoDecoderConfig.parse(Raising())
    with pytest.raises(InvalidArgumentError):
        VideoDecoderConfig.parse({"codec": "vp8", "rotation": RaisingIndex()})
