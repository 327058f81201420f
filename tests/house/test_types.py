"""The words for annotations are those that the parameters take."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable
from typing import Any

import pytest

import ffwebcodecs
import ffwebcodecs.typing as words
from ffwebcodecs import ffmpeg
from ffwebcodecs._spec.codecs import config, state
from ffwebcodecs._spec.frames import color, fitting, formats, sample_formats
from ffwebcodecs.files import _batch_read, _video_times, image_decoder

TABLES: dict[str, Iterable[str]] = {
    "AudioSampleFormat": sample_formats.BY_NAME,
    "BatchLayout": _batch_read.LAYOUTS,
    "CodecState": state.STATES,
    "ColorSpaceConversion": image_decoder.CONVERSIONS,
    "FrameChoice": _video_times.MODES,
    "HardwareAcceleration": config.HARDWARE_ACCELERATION,
    "ImageFit": fitting.FITS,
    "LogLevel": ffmpeg._LEVELS,
    "PredefinedColorSpace": color._PREDEFINED,
    "ScaleFilter": fitting.FILTERS,
    "VideoColorPrimaries": color.PRIMARIES,
    "VideoMatrixCoefficients": color.MATRIX,
    "VideoPixelFormat": formats.FORMATS,
    "VideoTransferCharacteristics": color.TRANSFER,
}


@pytest.mark.parametrize("name", TABLES)
def test_words_are_those_of_the_table(name: str) -> None:
    said = typing.get_args(getattr(words, name))
    assert sorted(said) == sorted(TABLES[name])


# Of members of configurations: the configuration, other members it needs.
OF_CONFIGS: dict[str, tuple[type[Any], str, dict[str, Any]]] = {
    "AacBitstreamFormat": (ffwebcodecs.AacEncoderConfig, "format", {}),
    "AvcBitstreamFormat": (ffwebcodecs.AvcEncoderConfig, "format", {}),
    "HevcBitstreamFormat": (ffwebcodecs.HevcEncoderConfig, "format", {}),
    "OpusApplication": (ffwebcodecs.OpusEncoderConfig, "application", {}),
    "OpusBitstreamFormat": (ffwebcodecs.OpusEncoderConfig, "format", {}),
    "OpusSignal": (ffwebcodecs.OpusEncoderConfig, "signal", {}),
    **{
        name: (ffwebcodecs.VideoEncoderConfig, member, {"codec": "vp8", "width": 2, "height": 2})
        for name, member in (
            ("AlphaOption", "alpha"),
            ("LatencyMode", "latency_mode"),
            ("VideoEncoderBitrateMode", "bitrate_mode"),
        )
    },
    "BitrateMode": (
        ffwebcodecs.AudioEncoderConfig,
        "bitrate_mode",
        {"codec": "opus", "sample_rate": 48000, "number_of_channels": 2},
    ),
}


@pytest.mark.parametrize("name", OF_CONFIGS)
def test_words_are_what_the_configuration_takes(name: str) -> None:
    kind, member, others = OF_CONFIGS[name]
    said = set(typing.get_args(getattr(words, name)))
    assert typing.get_type_hints(kind)[member] == getattr(words, name)
    with pytest.raises(ffwebcodecs.InvalidArgumentError) as caught:
        kind.parse({**others, member: "?"})
    allowed = str(caught.value).rpartition("one of ")[2]
    assert set(allowed.split(", ")) == said


def test_dictionaries_have_the_members_of_the_configurations() -> None:
    for name in dir(words):
        if not name.endswith("ConfigInit"):
            continue
        kind: Any = getattr(ffwebcodecs, name.removesuffix("Init"))
        members = inspect.signature(kind).parameters
        public = {each for each in members if not each.startswith("_")}
        needed = {each for each in public if members[each].default is inspect.Parameter.empty}
        init: Any = getattr(words, name)
        assert set(init.__annotations__) == public, name
        assert init.__required_keys__ == needed, name


# Of what may be anything, and why: "what.of it" -> the reason.
ANYTHING = {
    "__array__": "numpy's own protocol",
    "__await__": "what asyncio passes through it",
    "__cuda_array_interface__": "CUDA's own protocol",
    "__eq__": "made by dataclasses",
    "__dlpack__": "DLPack's own protocol",
    "__reduce__": "pickle's own protocol",
    "__reduce_ex__": "pickle's own protocol",
    "__replace__": "made by dataclasses",
    "__setstate__": "pickle's own protocol",
    "details": "what JSON can hold",
    "metadata": "the program's own values",
    "out": "the overloads say it",
    "to_json": "what JSON can hold",
}
# Made by the package alone.
NOT_MADE_BY_HAND = {"FrameRef", "VideoSample"}


def annotations_of(name: str, thing: Any) -> Iterable[tuple[str, str, str]]:
    """Yield member, parameter and annotation of what a program calls."""
    members: dict[str, Any] = {"": thing}
    if inspect.isclass(thing):
        members = {}
        for base in reversed(thing.__mro__):
            if base.__module__.startswith("ffwebcodecs"):
                members.update(vars(base))
    for member, value in members.items():
        function = getattr(value, "__func__", getattr(value, "fget", value))
        if inspect.isfunction(function) and (not member.startswith("_") or member[1:2] == "_"):
            for parameter, said in function.__annotations__.items():
                yield member, parameter, str(said)


def test_what_is_said_to_be_anything_can_be() -> None:
    vague = []
    for name in ffwebcodecs.__all__:
        for member, parameter, said in annotations_of(name, getattr(ffwebcodecs, name)):
            # The element type of an array is often that of the file.
            plain = said.replace("NDArray[Any]", "").replace("np.dtype[Any]", "")
            is_made = member in ("__init__", "__new__") and name in NOT_MADE_BY_HAND
            known = {member, parameter} & set(ANYTHING) or parameter in ("self", "_native")
            if "Any" in plain and not known and not is_made:
                vague.append(f"{name}.{member}: {parameter} is {said}")
    assert vague == []


def test_every_word_is_public_and_none_is_imported_by_itself() -> None:
    named = {name for name in vars(words) if not name.startswith("_") and name != "annotations"}
    assert named == set(words.__all__)
