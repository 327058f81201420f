"""AudioDecoder: what comes out of each codec, when, and how it is refused.

What browsers answer is in `test_audio_decoder_vectors`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from audio_decode_helpers import (
    AudioSink,
    chunks_of,
    decoded,
    encoded,
    media,
    samples_of,
    tones,
    with_band_replication,
)
from clips import run_ffmpeg
from decode_helpers import TIMEOUT

from ffwebcodecs import (
    AudioDecoder,
    AudioDecoderConfig,
    DataError,
    Demuxer,
    EncodedAudioChunk,
    EncodedVideoChunk,
    EncodingError,
    FramePoolExhaustedError,
    FramePoolWarning,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
)
from ffwebcodecs._av import releases
from ffwebcodecs._av.codecs.encoder_formats import find_sound_encoder
from ffwebcodecs._spec.codecs import aac
from ffwebcodecs._spec.codecs.audio_strings import audio_codec_string
from ffwebcodecs._spec.codecs.sound_families import of_codec

LOSSLESS = {"alac", "flac", "wavpack", "pcm_s16be", "pcm_s24le"}


@pytest.mark.parametrize(
    ("codec", "encoder", "sample_fmt", "layout"),
    [
        ("ac3", "ac3", "fltp", "5.1(side)"),
        ("eac3", "eac3", "fltp", "stereo"),
        ("alac", "alac", "s16p", "stereo"),
        ("flac", "flac", "s16", "5.1(side)"),
        ("mp2", "mp2", "s16", "stereo"),
        ("wavpack", "wavpack", "s16p", "stereo"),
        ("aac", "aac", "fltp", "7.1"),
        ("pcm_s16be", "pcm_s16be", "s16", "quad"),
        ("pcm_s24le", "pcm_s24le", "s32", "3.0"),
    ],
)
def test_what_ffmpeg_encodes_comes_out_again(
    codec: str, encoder: str, sample_fmt: str, layout: str
) -> None:
    if find_sound_encoder(encoder) is None:
        pytest.skip(f"this FFmpeg has no encoder {encoder}")
    number = {"stereo": 2, "3.0": 3, "quad": 4, "5.1": 6, "5.1(side)": 6, "7.1": 8}[layout]
    sound = tones(number, 9600, 48000)
    packets, header, delay = encoded(encoder, sample_fmt, sound, 48000, layout)
    config = {
        "codec": audio_codec_string(codec, header),
        "sample_rate": 48000,
        "number_of_channels": number,
        "description": of_codec(codec).description_of(header),
        "channel_layout": layout,
    }
    with decoded(config, chunks_of(packets)) as sounds:
        found = np.concatenate([samples_of(each) for each in sounds], axis=1)
        assert {each.channel_layout for each in sounds} == {layout}
        assert {each.sample_rate for each in sounds} == {48000}
    if codec == "ac3":
        found = found[:, 256:]  # its transform's delay, which the encoder does not count in
        delay = 0
    found = found[:, delay : delay + 9600]
    wanted = sound[:, : found.shape[1]]
    if codec in LOSSLESS:
        assert found.shape == sound.shape
        assert np.abs(found - wanted).max() < 2e-4
        return
    # Each channel has its own tone: the loudest frequency tells which one it is, lows excepted.
    for index in range(number):
        if layout.startswith(("5.1", "7.1")) and index == 3:
            continue
        spectrum = np.abs(np.fft.rfft(found[index][2000:6800]))
        assert spectrum.argmax() * 48000 / 4800 == pytest.approx(300 * (index + 1), abs=11)


def test_several_frames_in_a_chunk_follow_each_other_without_adding_up_errors() -> None:
    config, packets = media("mp3_stereo")
    joined = [b"".join(packets[:4]), b"".join(packets[4:9])]
    with decoded(config, chunks_of(joined, start=7, step=500_000)) as sounds:
        times = [each.timestamp for each in sounds]
    first = [7 + index * 1152 * 1_000_000 // 44100 for index in range(4)]
    second = [500_007 + index * 1152 * 1_000_000 // 44100 for index in range(5)]
    assert times == first + second


@pytest.mark.parametrize("timestamp", [-(2**63), -(2**63) + 1, -1, 2**63 - 1])
def test_any_timestamp_comes_out(timestamp: int) -> None:
    config, packets = media("opus_stereo")
    for name in ("mp3_stereo", "opus_stereo", "ulaw"):
        config, packets = media(name)
        config = {key: value for key, value in config.items() if key != "description"}
        with decoded(config, chunks_of(packets[:1], start=timestamp)) as sounds:
            assert [each.timestamp for each in sounds] == [timestamp]
        with decoded(media(name)[0], chunks_of(packets[:1], start=timestamp)) as sounds:
            assert abs(sounds[0].timestamp - timestamp) <= 6500


def aac_of_half_the_rate() -> list[bytes]:
    return encoded("aac", "fltp", tones(1, 24000, 24000), 24000, "mono")[0]


def test_high_efficiency_that_the_description_says_doubles_the_rate() -> None:
    packets = aac_of_half_the_rate()
    for description, codec in (
        (aac.make_config(5, 24000, 1), "mp4a.40.5"),
        (bytes.fromhex("130856e598"), "mp4a.40.2"),  # said behind the core's configuration
        (None, "mp4a.40.5"),  # raw, and only the string says it
    ):
        config = AudioDecoderConfig(
            codec=codec, sample_rate=48000, number_of_channels=1, description=description
        )
        with decoded(config, chunks_of(packets[:8])) as sounds:
            assert [each.sample_rate for each in sounds] == [48000] * 8
            assert [each.number_of_frames for each in sounds] == [2048] * 8
            # The tone is where it was: at 300 Hz.
            found = np.concatenate([samples_of(each)[0] for each in sounds[3:]])[:9600]
        assert np.abs(np.fft.rfft(found)).argmax() * 48000 / 9600 == pytest.approx(300, abs=6)


def test_high_efficiency_that_only_the_stream_shows_doubles_the_rate() -> None:
    packets = [with_band_replication(each) for each in aac_of_half_the_rate()]
    config = {"codec": "mp4a.40.2", "sample_rate": 24000, "number_of_channels": 1}
    config["description"] = bytes.fromhex("1308")  # LC, 24 kHz, mono, and not a word more
    with decoded(config, chunks_of(packets[:6])) as sounds:
        assert [each.sample_rate for each in sounds] == [48000] * 6
        assert [each.number_of_frames for each in sounds] == [2048] * 6


def test_low_complexity_that_says_so_keeps_its_rate() -> None:
    packets = [with_band_replication(each) for each in aac_of_half_the_rate()]
    config = {"codec": "mp4a.40.2", "sample_rate": 24000, "number_of_channels": 1}
    config["description"] = bytes.fromhex("130856e500")
    with decoded(config, chunks_of(packets[:3])) as sounds:
        assert [each.sample_rate for each in sounds] == [24000] * 3


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"codec": "flac"}, "without a description"),
        ({"codec": "vorbis"}, "without a description"),
        ({"codec": "alac"}, "without a description"),
        ({"codec": "opus", "number_of_channels": 6}, "6 channels cannot be decoded without"),
        ({"codec": "flac", "description": bytes(34)}, "begins with 'fLaC'"),
        ({"codec": "vorbis", "description": b"\x02abc"}, "description is not usable"),
        ({"codec": "opus", "description": bytes(19)}, "no OpusHead"),
        ({"codec": "mp4a.40.2", "description": b"\x12"}, "ends early"),
        ({"codec": "ffmpeg:nonsense"}, "no decoder for 'nonsense'"),
        ({"codec": "ffmpeg:h264"}, "no decoder for 'h264'"),
        ({"codec": "pcm-s16", "number_of_channels": 70000}, "70000 channels"),
        ({"codec": "pcm-s16", "sample_rate": 2**32 - 1}, "4294967295 Hz"),
        ({"codec": "pcm-s16", "number_of_channels": 60000}, "refuses the configuration"),
    ],
)
def test_a_configuration_that_cannot_be_used_closes_the_decoder(
    config: dict[str, Any], words: str
) -> None:
    sink = AudioSink()
    sink.decoder.configure({"sample_rate": 48000, "number_of_channels": 2} | config)
    with pytest.raises(NotSupportedError, match=words):
        sink.decoder.flush().result(TIMEOUT)
    assert sink.decoder.state == "closed"
    assert len(sink.errors) == 1
    sink.close()


def test_a_layout_that_does_not_fit_is_refused_before_anything_changes() -> None:
    config = {"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2}
    sink = AudioSink()
    for layout in ("5.1", "sideways"):
        with pytest.raises(InvalidArgumentError, match=layout):
            sink.decoder.configure(config | {"channel_layout": layout})
        with pytest.raises(InvalidArgumentError, match=layout):
            AudioDecoder.is_config_supported(config | {"channel_layout": layout})
    assert sink.decoder.state == "unconfigured"
    sink.close()


def test_xhe_aac_is_supported_where_ffmpeg_decodes_it() -> None:
    config = {"codec": "mp4a.40.42", "sample_rate": 48000, "number_of_channels": 2}
    answer = AudioDecoder.is_config_supported(config)
    assert answer.supported == releases.decodes_usac()


def test_what_is_no_chunk_of_sound_is_refused() -> None:
    config, packets = media("ulaw")
    sink = AudioSink()
    with pytest.raises(InvalidStateError):
        sink.decoder.decode(chunks_of(packets)[0])
    sink.decoder.configure(config)
    picture: Any = EncodedVideoChunk(type="key", timestamp=0, data=b"1")
    with pytest.raises(InvalidArgumentError, match="EncodedAudioChunk"):
        sink.decoder.decode(picture)
    delta = EncodedAudioChunk(type="delta", timestamp=5, data=packets[0])
    with pytest.raises(DataError, match="a key chunk is due"):
        sink.decoder.decode(delta)
    sink.decoder.decode(chunks_of(packets)[0])
    sink.decoder.decode(delta)
    sink.decoder.flush().result(TIMEOUT)
    with pytest.raises(DataError):
        sink.decoder.decode(delta)
    assert [each.timestamp for each in sink.sounds] == [0, 5]
    sink.close()


def test_an_error_names_the_chunk_and_what_came_before_is_delivered() -> None:
    config, packets = media("aac_stereo")
    bad = EncodedAudioChunk(type="key", timestamp=777, data=b"\xff" * 50)
    sink = AudioSink()
    sink.decoder.configure(config)
    for chunk in [*chunks_of(packets[:3]), bad]:
        sink.decoder.decode(chunk)
    with pytest.raises(EncodingError, match="777 us") as raised:
        sink.decoder.flush().result(TIMEOUT)
    assert raised.value.timestamp == 777
    assert len(sink.sounds) == 3
    assert sink.decoder.state == "closed"
    sink.close()


def test_a_pool_that_is_given_bounds_what_is_out() -> None:
    config, packets = media("ulaw")
    sounds: list[Any] = []
    decoder = AudioDecoder(sounds.append, print, frame_pool_size=2, stall_timeout=0.05)
    decoder.configure(config)
    for chunk in chunks_of(packets):
        decoder.decode(chunk)
    with (
        pytest.warns(FramePoolWarning),
        pytest.raises(FramePoolExhaustedError, match=r"2 of 2 .*copy_to, to_ndarray"),
    ):
        decoder.flush().result(TIMEOUT)
    assert decoder.pool.in_use == 2
    for each in sounds:
        each.close()
    decoder.close()
    assert AudioDecoder(print, print).pool.capacity is None


def test_an_output_with_samples_left_out_in_front_can_be_changed_and_viewed() -> None:
    config, packets = media("opus_stereo")
    with decoded(config, chunks_of(packets[:3])) as sounds:
        whole = samples_of(sounds[0])
        array = sounds[0].to_ndarray()
        assert array.shape == (648, 2)
        assert np.array_equal(array.T, whole)
    without = {key: value for key, value in config.items() if key != "description"}
    with decoded(without, chunks_of(packets[:1])) as sounds:
        assert np.array_equal(samples_of(sounds[0])[:, 312:], whole)


# How far off the ffmpeg program samples may be; nothing is to be left out in these.
FILES = {
    "wav": ("pcm_s24le", 0.0),
    "flac": ("flac", 1e-4),
    "aac": ("aac", 1e-6),
    "ts": ("ac3", 1e-6),
}


@pytest.mark.once
@pytest.mark.parametrize("suffix", FILES)
def test_chunks_of_a_file_are_decoded_as_the_ffmpeg_program_does(
    suffix: str, tmp_path: Path
) -> None:
    encoder, tolerance = FILES[suffix]
    path = tmp_path / f"sound.{suffix}"
    sine = ["-f", "lavfi", "-i", "sine=440:r=44100:d=0.3", "-ac", "2"]
    run_ffmpeg(*sine, "-c:a", encoder, path)
    raw = run_ffmpeg("-i", path, "-f", "f32le", "-c:a", "pcm_f32le", "-")
    wanted = np.frombuffer(raw, np.float32).reshape(-1, 2).T
    with Demuxer(path) as demuxer:
        config, chunks = demuxer.audio_config, list(demuxer.audio_chunks())
    with decoded(config, chunks) as sounds:
        found = np.concatenate([samples_of(each) for each in sounds], axis=1)
        times = [each.timestamp for each in sounds]
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= tolerance
    assert times == [chunk.timestamp for chunk in chunks]
