"""Codec strings of sound name FFmpeg's codecs; wrong ones are refused with what to write."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

from ffwebcodecs._spec.codecs import (
    aac,
    alac,
    any_sound,
    dolby,
    flac,
    mp3,
    opus,
    pcm,
    sound_families,
    vorbis,
)
from ffwebcodecs._spec.codecs.audio_strings import audio_codec_string, parse_audio_codec
from ffwebcodecs.errors import InvalidArgumentError, NotSupportedError

MODULES = [opus, aac, mp3, flac, vorbis, pcm, dolby, alac, any_sound]
FUNCTIONS = {
    name: value
    for name, value in vars(sound_families.SoundFamily).items()
    if inspect.isfunction(value) and not name.startswith("_")
}

# The WebCodecs registry, what browsers take besides, and RFC 6381.
NAMES = {
    "opus": "opus",
    "Opus": "opus",
    "mp4a.40.2": "aac",
    "mp4a.40.02": "aac",
    "mp4a.40.5": "aac",
    "mp4a.40.05": "aac",
    "mp4a.40.29": "aac",
    "mp4a.66": "aac",
    "mp4a.67": "aac",
    "mp4a.68": "aac",
    "mp3": "mp3",
    "mp4a.69": "mp3",
    "mp4a.6B": "mp3",
    "flac": "flac",
    "fLaC": "flac",
    "vorbis": "vorbis",
    "ulaw": "pcm_mulaw",
    "alaw": "pcm_alaw",
    "pcm-u8": "pcm_u8",
    "pcm-s16": "pcm_s16le",
    "PCM-S16": "pcm_s16le",
    "pcm-s24": "pcm_s24le",
    "pcm-s32": "pcm_s32le",
    "pcm-f32": "pcm_f32le",
    "ac-3": "ac3",
    "mp4a.A5": "ac3",
    "ec-3": "eac3",
    "mp4a.a6": "eac3",
    "alac": "alac",
    "ffmpeg:mp2": "mp2",
    "ffmpeg:wmav2": "wmav2",
}
REFUSED = {
    "OPUS": "write 'opus'",
    "FLAC": "write 'flac'",
    "MP3": "write 'mp3'",
    "Vorbis": "write 'vorbis'",
    "mp4a": "'mp4a.40.2' is AAC-LC",
    "mp4a.40": "one object type",
    "mp4a.40.": "decimal number",
    "mp4a.40.2.1": "one object type",
    "mp4a.40.002": "decimal number",
    "mp4a.40.3": "no decoder here has the audio object type 3",
    "mp4a.40.34": "write 'mp3'",
    "mp4a.6b": "write 'mp4a.6B'",
    "MP4A.40.2": "which one",
    "mp4a.67.1": "nothing follows",
    "aac": "write 'mp4a.40.2'",
    "mulaw": "write 'ulaw'",
    "pcm": "the samples' format",
    "1": "the samples' format",
    "pcm-s8": "ffmpeg:pcm_s8",
    "pcm-s16le": "write 'pcm-s16'",
    "ac3": "write 'ac-3'",
    " opus": "white space",
    "opus,vorbis": "more than one",
    "audio/opus": "write 'opus'",
    "opus.1": "nothing follows",
    "avc1.42001E": "unknown codec",
    "vp8": "unknown codec",
    "iamf.000.000.Opus": "unknown codec",
    "ffmpeg:": "expected the name",
    "ffmpeg:mp2 ": "expected the name",
}


def test_a_string_names_ffmpegs_codec() -> None:
    for string, name in NAMES.items():
        assert parse_audio_codec(string).name == name, string
        assert parse_audio_codec(string).string == string


def test_a_wrong_string_is_refused_with_what_to_write() -> None:
    for string, words in REFUSED.items():
        with pytest.raises(NotSupportedError, match=words):
            parse_audio_codec(string)


@pytest.mark.parametrize("value", [None, 1, "", "  ", b"opus"])
def test_what_is_no_string_is_invalid(value: object) -> None:
    with pytest.raises(InvalidArgumentError):
        parse_audio_codec(value)


@pytest.mark.parametrize(
    ("codec", "extradata", "profile", "string"),
    [
        ("opus", "", -1, "opus"),
        ("aac", "121056e500", 1, "mp4a.40.2"),  # LC, says that there is no SBR
        ("aac", "", 1, "mp4a.40.2"),
        ("aac", "", -99, "mp4a.40.2"),
        ("aac", "1210", 4, "mp4a.40.5"),  # the stream was found to have SBR
        ("aac", "2b920800", 4, "mp4a.40.5"),
        ("aac", "eb8a0800", 28, "mp4a.40.29"),
        ("aac", "", 0, "mp4a.40.1"),
        ("aac", "", 128, "mp4a.67"),
        ("mp3", "", -1, "mp3"),
        ("flac", "", -1, "flac"),
        ("pcm_s24le", "", -1, "pcm-s24"),
        ("pcm_s16be", "", -1, "ffmpeg:pcm_s16be"),
        ("pcm_alaw", "", -1, "alaw"),
        ("eac3", "", -1, "ec-3"),
        ("mp2", "", -1, "ffmpeg:mp2"),
    ],
)
def test_a_stream_gets_its_string(codec: str, extradata: str, profile: int, string: str) -> None:
    assert audio_codec_string(codec, bytes.fromhex(extradata), profile) == string
    assert parse_audio_codec(string).name == codec


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.NAME)
def test_every_family_of_sound_has_the_same_names_and_signatures(module: ModuleType) -> None:
    for name, wanted in FUNCTIONS.items():
        parameters = list(inspect.signature(wanted).parameters.values())[1:]
        assert list(inspect.signature(getattr(module, name)).parameters.values()) == parameters
    assert set(vars(module)) >= set(sound_families.SoundFamily.__annotations__)
    assert sound_families.BY_NAME[module.NAME] is module
    assert all(sound_families.BY_ENTRY[entry] is module for entry in module.ENTRIES)
    assert all(sound_families.of_codec(codec) is module for codec in module.CODECS)
