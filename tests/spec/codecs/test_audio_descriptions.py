"""Descriptions of sound: read, made, and turned into FFmpeg's header and back."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from ffwebcodecs._spec.codecs import aac, alac, dolby, flac, opus, sound_families, vorbis
from ffwebcodecs.errors import DataError

# RFC 9639, D.1.1: 4096 samples a block, 44.1 kHz, 2 channels, 16 bits.
STREAM_INFO = bytes.fromhex("1000100000000f00000f0ac442f0000000013e84b41807dc690307586a3dad1a2e0f")
COOKIE = bytes.fromhex("00001000001828 0a0e02 00ff 00000000 00000000 0000bb80".replace(" ", ""))


def test_an_opus_head_is_read_and_made() -> None:
    stereo = bytes.fromhex("4f707573486561640102380180bb0000000000")
    head = opus.parse_head(stereo)
    assert (head.channels, head.pre_skip, head.input_sample_rate) == (2, 312, 48000)
    assert (head.output_gain, head.family, head.streams, head.coupled) == (0, 0, 1, 1)
    assert opus.make_head(2, 312, 48000) == stereo
    surround = bytes.fromhex("4f707573486561640106380180bb00000000010402000401020305")
    head = opus.parse_head(surround)
    assert (head.channels, head.streams, head.coupled) == (6, 4, 2)
    assert head.mapping == bytes((0, 4, 1, 2, 3, 5))
    made = opus.make_head(6, 312, 48000, family=1, streams=4, coupled=2, mapping=head.mapping)
    assert made == surround
    # RFC 8486, 3.2: a matrix, not a mapping.
    with pytest.raises(DataError, match="family 3"):
        opus.parse_head(opus.make_head(2, 312, 48000, family=3, coupled=1, mapping=bytes(8)))
    quiet = opus.make_head(1, 0, 0, output_gain=-1536)
    assert opus.parse_head(quiet).output_gain == -1536
    assert opus.facts_of(surround).sample_rate == 48000
    assert opus.description_of(stereo) == opus.extradata_of(stereo) == stereo


def test_an_audio_specific_config_says_its_kind_of_high_efficiency() -> None:
    said = aac.parse_config(bytes.fromhex("121056e500"))  # FFmpeg's own: no SBR at the end
    assert (said.object_type, said.sample_rate, said.channels, said.sbr) == (2, 44100, 2, False)
    silent = aac.parse_config(bytes.fromhex("1210"))
    assert (silent.sbr, silent.output_rate, silent.kind) == (None, 44100, 2)
    # 5 kHz steps aside: object type 5, 22.05 kHz, stereo, 44.1 kHz, core LC.
    first = aac.parse_config(aac.make_config(5, 22050, 2))
    assert (first.kind, first.object_type, first.sample_rate, first.output_rate) == (
        5,
        2,
        22050,
        44100,
    )
    two = aac.parse_config(aac.make_config(29, 24000, 1))
    assert (two.kind, two.output_rate, two.channels) == (29, 48000, 2)
    # The backward compatible way: LC, and behind it the mark, object type 5, 44.1 kHz.
    behind = aac.parse_config(bytes.fromhex("139056e5a0"))
    assert (behind.kind, behind.sample_rate, behind.output_rate) == (5, 22050, 44100)
    both = aac.parse_config(bytes.fromhex("138856e5a54880"))
    assert (both.kind, both.ps, both.channels) == (29, True, 2)


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("rate", [48000, 44100, 7350, 44056])
def test_a_config_that_is_made_is_read_again(rate: int, channels: int) -> None:
    config = aac.parse_config(aac.make_config(2, rate, channels))
    assert (config.sample_rate, config.channels, config.kind) == (rate, channels, 2)


def test_the_header_of_adts_gives_a_config() -> None:
    # LC, 44.1 kHz, stereo; sync word, MPEG-4, no CRC.
    assert aac.adts_config(bytes.fromhex("fff15080013ffc")) == bytes.fromhex("1210")
    assert aac.adts_config(b"\xff\xfb\x90\x64" * 2) is None  # MP3
    assert aac.adts_config(b"") is None


def test_flac_loses_and_gets_its_marker() -> None:
    described = b"fLaC\x80\0\0\x22" + STREAM_INFO
    assert flac.description_of(STREAM_INFO) == described
    assert flac.extradata_of(described) == STREAM_INFO
    # Other blocks behind it are left out.
    more = b"fLaC\0\0\0\x22" + STREAM_INFO + b"\x84\0\0\x04abcd"
    assert flac.extradata_of(more) == STREAM_INFO
    assert flac.description_of(more) == described
    facts = flac.facts_of(described)
    assert (facts.sample_rate, facts.channels, facts.bits) == (44100, 2, 16)


def test_vorbis_is_laced_whatever_ffmpeg_has() -> None:
    first = b"\x01vorbis" + bytes.fromhex("00000000 02 44ac0000".replace(" ", "")) + bytes(14)
    parts = first, b"\x03vorbis" + bytes(600), b"\x05vorbis" + bytes(300)
    laced = b"\x02" + bytes((len(first),)) + b"\xff\xff" + bytes((607 - 510,)) + b"".join(parts)
    sized = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    assert vorbis.description_of(laced) == laced
    assert vorbis.description_of(sized) == laced
    assert vorbis.extradata_of(laced) == laced
    facts = vorbis.facts_of(laced)
    assert (facts.sample_rate, facts.channels) == (44100, 2)


def test_alacs_cookie_is_taken_out_of_its_atoms() -> None:
    atom = (36).to_bytes(4, "big") + b"alac" + bytes(4) + COOKIE
    assert alac.description_of(atom) == COOKIE
    assert alac.extradata_of(COOKIE) == alac.extradata_of(atom) == atom
    assert alac.description_of(b"\0\0\0\x0cfrmaalac" + atom) == COOKIE
    facts = alac.facts_of(COOKIE)
    assert (facts.sample_rate, facts.channels, facts.bits) == (48000, 2, 24)


def test_dolbys_boxes_say_rate_and_channels() -> None:
    # 48 kHz, bsid 8, bsmod 0, acmod 7 (3/2), lfe, 448 kbit/s.
    facts = dolby.facts_of(bytes.fromhex("103de0"))
    assert (facts.sample_rate, facts.channels) == (48000, 6)
    # 640 kbit/s, one substream, 48 kHz, bsid 16, acmod 2 (2/0).
    facts = dolby.facts_of(bytes.fromhex("140020040000"))
    assert (facts.sample_rate, facts.channels) == (48000, 2)


@pytest.mark.parametrize("family", sound_families.BY_NAME.values(), ids=lambda f: f.NAME)
def test_any_bytes_are_answered_or_a_data_error(family: sound_families.SoundFamily) -> None:
    picked = random.Random(family.NAME)
    starts = [b"", b"OpusHead\x01", b"fLaC", b"\x02\x1e", COOKIE, STREAM_INFO, b"\x12\x10"]
    for _ in range(500):
        data = picked.choice(starts) + picked.randbytes(picked.randrange(40))
        for ask in (family.extradata_of, family.description_of, family.facts_of):
            with suppress(DataError):
                ask(data)
        family.codec_string(next(iter(family.CODECS), "x"), data, picked.randrange(-100, 140))
