"""What AudioEncoder writes, heard by the ffmpeg program and by AudioDecoder.

The right samples are the sine's own, by arithmetic; lossless codecs keep them to the last bit.
"""

from __future__ import annotations

import re
import threading
from typing import Any

import numpy as np
import pytest
from audio_encode_helpers import Heard, distance, encode, pieces, played, probed, tones
from decode_helpers import TIMEOUT

from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    AudioEncoder,
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    open_handles,
)
from ffwebcodecs._av.codecs.sound_encoders import takes

RATE, COUNT = 48000, 12000
LOUD = 8388607
PCM: dict[str, tuple[str, str, Any]] = {  # format that is lossless, ffmpeg's demuxer, its samples
    "pcm-u8": ("u8", "u8", np.uint8),
    "pcm-s16": ("s16", "s16le", "<i2"),
    "pcm-s32": ("s32", "s32le", "<i4"),
    "pcm-f32": ("f32", "f32le", "<f4"),
}
LOSSY = {  # ffmpeg's demuxer, and how far the sine may be off
    "mp3": ("mp3", 0.02),
    "ac-3": ("ac3", 0.02),
    "ec-3": ("eac3", 0.02),
    "mp4a.40.2": ("aac", 0.02),
    "ffmpeg:mp2": ("mp3", 0.02),
}


def decoded(heard: Heard) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return what AudioDecoder makes of the chunks, with all that the encoder put in front."""
    sounds: list[np.ndarray[Any, np.dtype[np.float32]]] = []

    def take(data: AudioData) -> None:
        with data:
            sounds.append(np.array(data.to_ndarray()))

    errors: list[BaseException] = []
    with AudioDecoder(output=take, error=errors.append) as decoder:
        decoder.configure(heard.config)
        for chunk in heard.chunks:
            decoder.decode(chunk)
        decoder.flush().result(TIMEOUT)
    assert not errors
    return np.concatenate(sounds)


def integers(bits: int, count: int = COUNT) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return noise that uses every bit, and both ends."""
    random = np.random.default_rng(bits)
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    found = random.integers(low, high, (count, 2), endpoint=True)
    found[:2] = [[low, high], [high, low]]
    return found.astype(np.int32)


@pytest.mark.parametrize("codec", PCM)
def test_pcm_is_the_samples_themselves(codec: str) -> None:
    fmt, _, kind = PCM[codec]
    wanted = tones(COUNT) if fmt == "f32" else integers(8 if fmt == "u8" else 16)
    if fmt == "u8":
        wanted = wanted + 128
    if fmt == "s32":
        wanted = integers(32)
    heard = encode(codec, pieces(wanted, format=fmt))
    assert np.array_equal(np.frombuffer(heard.bytes, kind).reshape(-1, 2), wanted.astype(kind))
    assert [chunk.duration for chunk in heard.chunks] == [1_000_000 * 1000 // RATE] * 12
    assert heard.config.description is None


def test_24_bits_of_pcm_are_the_upper_three_bytes() -> None:
    wanted = integers(24)
    heard = encode("pcm-s24", pieces(wanted << 8, format="s32"))
    content = np.frombuffer(heard.bytes, np.uint8).reshape(-1, 3)
    padded = np.zeros((len(content), 4), np.uint8)
    padded[:, 1:] = content
    assert np.array_equal(padded.view("<i4").reshape(-1, 2) >> 8, wanted)


@pytest.mark.divided
@pytest.mark.parametrize(("fmt", "bits"), [("s16-planar", 16), ("s32", 24)])
def test_flac_is_lossless(fmt: str, bits: int) -> None:
    wanted = integers(bits)
    data = pieces(wanted << 8 if bits == 24 else wanted, format=fmt)
    heard = encode("flac", data, flac={"block_size": 1152, "compress_level": 8})
    description = heard.config.description
    assert isinstance(description, bytes)
    assert (description[:4], len(heard.chunks)) == (b"fLaC", 11)
    content = description[:4] + bytes((description[4] | 0x80,)) + description[5:] + heard.bytes
    told = probed(content, "flac")
    assert (told["sample_rate"], told["channels"]) == ("48000", 2)
    assert int(told["bits_per_raw_sample"]) == bits
    sound = played(content, "flac", RATE, 2)
    assert np.array_equal(np.round(sound * float(1 << bits - 1)).astype(np.int64), wanted)
    last = heard.chunks[-1]
    assert (last.timestamp, last.duration) == (240_000, 480 * 1_000_000 // RATE)


def test_floating_point_keeps_24_bits_in_flac() -> None:
    wanted = integers(24) / LOUD
    heard = encode("flac", pieces(np.clip(wanted, -1, 1)))
    sound = decoded(heard)
    assert np.abs(sound - np.clip(wanted, -1, 1)).max() < 2 / LOUD


@pytest.mark.parametrize(("fmt", "bits"), [("s16", 16), ("s32-planar", 24)])
def test_alac_is_lossless(fmt: str, bits: int) -> None:
    wanted = integers(bits, 9000)
    heard = encode("alac", pieces(wanted << 8 if bits == 24 else wanted, format=fmt))
    sound = decoded(heard).astype(np.float64)
    # AudioData's floats reach both ends: what is above zero is divided by the maximum.
    scale = np.where(sound < 0, float(1 << 15 if bits == 16 else 1 << 23), (1 << bits - 1) - 1)
    assert np.abs(np.round(sound * scale) - wanted).max() <= (1 if bits == 24 else 0)


@pytest.mark.divided
@pytest.mark.parametrize("codec", LOSSY)
def test_the_tone_is_heard_where_it_was(codec: str) -> None:
    kind, far = LOSSY[codec]
    wanted = tones(COUNT)
    members: dict[str, Any] = {"aac": {"format": "adts"}} if codec == "mp4a.40.2" else {}
    heard = encode(codec, pieces(wanted), bitrate=192_000, **members)
    sound = played(heard.bytes, kind, RATE, 2)
    padding = heard.config.initial_padding or 0
    assert padding > 0
    found = sound[padding : padding + COUNT]
    # Nothing is lost at the end.
    assert len(found) == COUNT
    assert distance(found[2000:-64], wanted[2000:-64]) < far
    size = takes(heard.name or "")
    assert size is not None
    durations = {chunk.duration for chunk in heard.chunks}
    assert len(durations) == 1
    assert probed(heard.bytes, kind)["sample_rate"] == "48000"


@pytest.mark.divided
@pytest.mark.parametrize("codec", ["opus", "vorbis"])
def test_the_tone_is_decoded_where_it_was(codec: str) -> None:
    wanted = tones(COUNT)
    heard = encode(codec, pieces(wanted), bitrate=128_000)
    if heard.name == "vorbis":
        pytest.skip("FFmpeg's own encoder of Vorbis is experimental: the tone is broken up")
    sound = decoded(heard)
    found = sound[:COUNT]
    assert len(found) >= COUNT - 512
    assert distance(found[64 : COUNT - 700], wanted[64 : COUNT - 700]) < 0.03


def test_opus_of_another_rate_is_resampled() -> None:
    heard = encode("opus", pieces(tones(11025, 44100), 44100), bitrate=128_000)
    head = heard.config.description
    assert isinstance(head, bytes)
    assert heard.config.sample_rate == 48000
    assert int.from_bytes(head[12:16], "little") == 44100
    sound = decoded(heard)[:COUNT]
    assert len(sound) == COUNT
    assert distance(sound[64:-700], tones(COUNT)[64:-700]) < 0.03


def test_what_is_resampled_may_change_its_format() -> None:
    wanted = tones(11025, 44100, (300, 400, 500))
    parts = pieces(wanted[:5000], 44100)
    parts += pieces(np.round(wanted[5000:] * 32767), 44100, "s16-planar")
    sound = decoded(encode("opus", parts, bitrate=256_000))
    assert sound.shape == (-(-(COUNT + 312) // 960) * 960 - 312, 3)
    right = tones(COUNT, pitches=(300, 400, 500))
    assert distance(sound[64 : COUNT - 700], right[64:-700]) < 0.03


@pytest.mark.divided
@pytest.mark.parametrize(
    ("codec", "count", "layout"),
    [("ac-3", 6, "5.1(side)"), ("ac-3", 6, "5.1"), ("flac", 8, None)],
)
def test_channels_stay_where_they_are(codec: str, count: int, layout: str | None) -> None:
    pitches = [200, 300, 400, 50, 500, 600, 700, 800][:count]
    wanted = tones(COUNT, pitches=pitches)
    is_flac = codec == "flac"
    data = pieces(np.round(wanted * 32767), format="s16") if is_flac else pieces(wanted)
    heard = encode(codec, data, channel_layout=layout, bitrate=448_000)
    content, kind = heard.bytes, "ac3"
    if is_flac:
        head = heard.config.description
        assert isinstance(head, bytes)
        content, kind = head[:4] + bytes((head[4] | 0x80,)) + head[5:] + content, "flac"
    told = probed(content, kind)
    assert told["channels"] == count
    assert told["channel_layout"] in ("5.1(side)", "7.1")  # AC-3 does not tell side from back
    sound = played(content, kind, RATE, count)
    padding = heard.config.initial_padding or 0
    assert distance(sound[padding:][: COUNT - 64], wanted[:-64]) < 0.02


@pytest.mark.divided
@pytest.mark.parametrize("count", range(1, 9))
def test_opus_has_a_layout_for_up_to_eight_channels(count: int) -> None:
    pitches = [200, 300, 400, 500, 600, 700, 800, 900][:count]
    heard = encode("opus", pieces(tones(4800, pitches=pitches)), bitrate=64_000 * count)
    sound = decoded(heard)
    assert sound.shape[1] == count
    spectrum = np.abs(np.fft.rfft(sound[:4800].astype(np.float64), axis=0))
    loudest = spectrum.argmax(axis=0) * 10
    # Of 6 and more channels one is for low frequencies alone, and is cut off above 120 Hz.
    assert sum(abs(loudest - pitches) > 10) <= (count > 5)


def test_timestamps_are_the_first_one_and_what_was_given() -> None:
    heard = encode("mp4a.40.2", pieces(tones(44100, 44100), 44100, start=-5000))
    assert len(heard.chunks) == -(-(44100 + 1024) // 1024)
    for index, chunk in enumerate(heard.chunks):
        assert chunk.timestamp == -5000 + index * 1024 * 1_000_000 // 44100
        assert (chunk.type, chunk.duration) == ("key", 23219)


def test_nothing_is_written_into_shared_samples() -> None:
    memory = np.full((4096, 2), 0.25, np.float32)
    data = AudioData(
        format="f32",
        sample_rate=RATE,
        number_of_frames=4096,
        number_of_channels=2,
        timestamp=0,
        data=memory,
        transfer=True,
    )
    clone = data.clone()
    encode("mp4a.40.2", [data])
    assert (clone.to_ndarray() == 0.25).all()
    clone.close()
    assert (memory == 0.25).all()


class Failing:
    """An encoder that is about to be closed by an error."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.errors: list[BaseException] = []
        self.came = threading.Event()
        self.encoder = AudioEncoder(output=lambda *_: None, error=self.fail)
        self.encoder.configure(config)

    def fail(self, error: BaseException) -> None:
        self.errors.append(error)
        self.came.set()

    def error(self) -> BaseException:
        assert self.came.wait(TIMEOUT)
        assert self.encoder.closed
        [error] = self.errors
        return error


def test_another_rate_closes_the_encoder() -> None:
    failing = Failing({"codec": "flac", "sample_rate": 44100, "number_of_channels": 2})
    [data] = pieces(tones(1000))
    with data:
        failing.encoder.encode(data)
    error = failing.error()
    assert isinstance(error, EncodingError)
    assert "48000 Hz and 2 channels, the configuration 44100" in str(error)


def test_closed_data_is_refused_whatever_the_state() -> None:
    with AudioEncoder(output=lambda *_: None, error=lambda _: None) as encoder:
        [data] = pieces(tones(10))
        data.close()
        with pytest.raises(InvalidArgumentError):
            encoder.encode(data)
        with pytest.raises(InvalidArgumentError, match="takes an AudioData"):
            encoder.encode(b"")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"codec": "mp3", "sample_rate": 96000}, "does not take 96000 Hz, only 8000, 11025"),
        ({"codec": "mp3", "number_of_channels": 3}, "does not take 3 channels, only mono, stereo"),
        ({"codec": "mp4a.40.5"}, "no encoder"),
        ({"codec": "flac", "encoder_options": {"nonsense": 1}}, "no option 'nonsense'"),
        ({"codec": "flac", "encoder_options": {"ar": 8000}}, "ar cannot be set"),
        ({"codec": "ac-3", "channel_layout": "7.1", "number_of_channels": 8}, "only mono"),
        ({"codec": "opus", "channel_layout": "3.0"}, "3 channels, not 2"),
        ({"codec": "opus", "channel_layout": "4.0", "number_of_channels": 4}, "takes mono"),
        ({"codec": "ffmpeg:nothing"}, "no encoder"),
        ({"codec": "ffmpeg:libx264"}, "no encoder"),
        ({"codec": "opus", "bitrate": 5999}, "at least 6000"),
    ],
)
def test_what_is_not_supported_says_why(members: dict[str, Any], why: str) -> None:
    config = {"sample_rate": RATE, "number_of_channels": 2, **members}
    assert AudioEncoder.is_config_supported(config).supported is False
    error = Failing(config).error()
    assert isinstance(error, NotSupportedError)
    assert re.search(why, str(error)), error


def test_a_piece_larger_than_many_packets_leaves_nothing_behind() -> None:
    before = open_handles()
    [data] = pieces(tones(200_000), block=200_000)
    heard = encode("opus", [data])
    assert len(heard.chunks) == -(-(200_000 + 312) // 960)
    del heard
    assert open_handles() == before
