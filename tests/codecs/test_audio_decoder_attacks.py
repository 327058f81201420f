"""Damaged sound does no harm: it is decoded, passed over or refused, and nothing is left over."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import attack
import pytest
from audio_decode_helpers import AudioSink, chunks_of, media, samples_of
from decode_helpers import TIMEOUT

from ffwebcodecs import EncodingError, NotSupportedError, open_handles
from ffwebcodecs._av.codecs.audio_decoder import AudioDecoderCore, has_audio_decoder
from ffwebcodecs._av.frames.channel_layout import Channels

pytestmark = pytest.mark.attack

STREAMS = [
    "opus_stereo",
    "opus_51",
    "aac_stereo",
    "aac_51",
    "aac_adts",
    "flac_s16",
    "flac_s24",
    "vorbis_stereo",
    "mp3_stereo",
    "mp3_mono_22k",
    "ulaw",
]
# What has no stream of its own here is fed with junk.
OTHERS = [
    "ac3",
    "eac3",
    "alac",
    "mp2",
    "wavpack",
    "tta",
    "ape",
    "dca",
    "truehd",
    "wmav2",
    "adpcm_ms",
    "adpcm_ima_wav",
    "speex",
]


def damaged(dice: random.Random, data: bytes) -> bytes:
    """Return a packet with bits flipped, a part of it, more than it, or something else."""
    kind = dice.randrange(6)
    if kind == 0 or not data:
        return dice.randbytes(dice.randrange(1, 400))
    if kind == 1:
        return data[: dice.randrange(1, len(data) + 1)]
    if kind == 2:
        return data + dice.randbytes(dice.randrange(300))
    changed = bytearray(data)
    for _ in range(dice.randrange(1, 8)):
        changed[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def changed_config(dice: random.Random, config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration that says something else than the stream, now and then."""
    config = dict(config)
    if dice.random() < 0.5:
        config["sample_rate"] = dice.choice([1, 7350, 8000, 44100, 96000, 768000, 2**31 - 1])
    if dice.random() < 0.5:
        config["number_of_channels"] = dice.choice([1, 2, 3, 6, 8, 9, 24, 64, 255, 512])
    if "description" in config and dice.random() < 0.6:
        config["description"] = damaged(dice, config["description"])
        if dice.random() < 0.2:
            del config["description"]
    return config


@pytest.mark.parametrize("name", STREAMS)
def test_damaged_chunks_and_wrong_configurations(name: str) -> None:
    dice = attack.dice(name)
    config, packets = media(name)
    for _ in range(attack.rounds(25, 3000)):
        sink = AudioSink()
        sink.decoder.configure(changed_config(dice, config))
        picked = [damaged(dice, each) if dice.random() < 0.5 else each for each in packets[:6]]
        for chunk in chunks_of(picked):
            if sink.decoder.state == "configured":
                try:
                    sink.decoder.decode(chunk)
                except Exception:  # it was closed in between
                    break
        try:
            sink.decoder.flush().result(TIMEOUT)
        except Exception as error:
            assert sink.decoder.state == "closed", error
        for each in sink.sounds:
            if each.format is not None:
                assert samples_of(each).shape == (each.number_of_channels, each.number_of_frames)
        assert all(isinstance(e, (EncodingError, NotSupportedError)) for e in sink.errors)
        sink.close()
    assert not open_handles()["codec_context"]


@pytest.mark.parametrize("name", OTHERS)
def test_junk_for_other_codecs(name: str) -> None:
    if not has_audio_decoder(name):
        pytest.skip(f"this FFmpeg has no decoder for {name}")
    junk_for(name, attack.rounds(10, 2000))


def junk_for(name: str, rounds: int) -> None:
    """Feed a decoder with junk, and go on after each error, as what reads files does."""
    dice = attack.dice(name)
    for _ in range(rounds):
        extradata = dice.randbytes(dice.randrange(80)) if dice.random() < 0.7 else None
        channels = Channels(dice.choice([1, 2, 3, 6, 8]))
        try:
            core = AudioDecoderCore(
                name,
                extradata=extradata,
                sample_rate=dice.choice([1, 8000, 48000, 2**31 - 1]),
                channels=channels,
            )
        except NotSupportedError:
            continue
        for chunk in chunks_of([dice.randbytes(dice.randrange(1, 600)) for _ in range(6)]):
            with suppress(EncodingError):
                core.send(chunk._decodable(), chunk.timestamp)
                while core.receive() is not None:
                    pass
        with suppress(EncodingError):
            core.drain()
            while core.receive() is not None:
                pass
        core.restart()
        core.close()
