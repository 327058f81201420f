"""How many samples a packet holds, by headers written by hand from the specifications."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.codecs.sound_packets import adts_header, flac_header, samples_in

CASES = {
    # RFC 6716, 3.1: configuration, stereo, code.
    "opus CELT 20 ms": ("opus", "fc00", "", 48000, 960),
    "opus CELT 2.5 ms": ("opus", "e000", "", 48000, 120),
    "opus SILK 60 ms, two frames": ("opus", "1900", "", 48000, 5760),
    "opus hybrid 10 ms, six frames": ("opus", "6306", "", 48000, 2880),
    "opus code 3 without a count": ("opus", "63", "", 48000, None),
    # ISO/IEC 11172-3 and 13818-3.
    "mp3 of MPEG-1": ("mp3", "fffb9000", "", 44100, 1152),
    "mp3 of MPEG-2": ("mp3", "fff39000", "", 22050, 576),
    "mp3 of MPEG-2.5": ("mp3", "ffe39000", "", 11025, 576),
    "mp2": ("mp2", "fffd9000", "", 48000, 1152),
    "mp1": ("mp1", "ffff9000", "", 48000, 384),
    "no frame of MPEG": ("mp3", "12345678", "", 48000, None),
    # ETSI TS 102 366: bsid 8; E-AC-3 of one block, of six, and with a dependent substream.
    "ac3": ("ac3", "0b7700001440", "", 48000, 1536),
    "eac3 of one block": ("eac3", "0b77000305800000", "", 48000, 256),
    "eac3 of six blocks": ("eac3", "0b77000335800000", "", 48000, 1536),
    "eac3 with a dependent one": (
        *("eac3", "0b77000335800000" + "0b77400335800000", "", 48000, 1536),
    ),
    # RFC 9639, 9.1: block size bits 1, 5, 8, 12, 15; then 8 and 16 bits behind the number.
    "flac 192": ("flac", "fff818000000", "", 44100, 192),
    "flac 4608": ("flac", "fff858000000", "", 44100, 4608),
    "flac 256": ("flac", "fff888000000", "", 44100, 256),
    "flac 4096": ("flac", "fff8c8000000", "", 44100, 4096),
    "flac 8 bits": ("flac", "fff8680005c70000", "", 44100, 200),
    "flac 16 bits": ("flac", "fff8780005a86300", "", 44100, 43108),
    "flac 16 bits, long number": ("flac", "fff87800c4800fff00", "", 44100, 4096),
    # ISO/IEC 14496-3: AudioSpecificConfig; frames of 960; high efficiency; ADTS.
    "aac": ("aac", "2100", "1190", 48000, 1024),
    "aac 960": ("aac", "2100", "1194", 48000, 960),
    "he-aac, said": ("aac", "2100", "2b11880000", 48000, 2048),
    "he-aac, not said": ("aac", "2100", "1310", 48000, 2048),
    "aac of another rate": ("aac", "2100", "1310", 44100, None),
    "adts": ("aac", "fff14c80017ffc00", "", 48000, 1024),
    "adts, four blocks": ("aac", "fff14c80017fff00", "", 48000, 4096),
    "vorbis": ("vorbis", "00", "", 48000, None),
    "nothing": ("opus", "", "", 48000, None),
}


@pytest.mark.parametrize("case", CASES)
def test_packets_say_how_many_samples_they_hold(case: str) -> None:
    codec, data, extradata, rate, expected = CASES[case]
    found = samples_in(codec, memoryview(bytes.fromhex(data)), bytes.fromhex(extradata), rate)
    assert found == expected


def test_packets_of_alac_say_that_they_are_short() -> None:
    cookie = bytes(12) + (4096).to_bytes(4, "big") + bytes(20)
    whole = memoryview(bytes(8))
    # The mark is the 20th bit, the number 32 bits from the 24th on.
    short = memoryview(((1 << 36 | 777 << 1) << 8).to_bytes(8, "big"))
    assert samples_in("alac", whole, cookie, 44100) == 4096
    assert samples_in("alac", short, cookie, 44100) == 777


@pytest.mark.parametrize("codec", ["opus", "mp3", "ac3", "eac3", "flac", "aac", "alac"])
def test_junk_is_answered(codec: str) -> None:
    for size in range(12):
        for byte in (0, 0x0B, 0x77, 0xFF):
            for extradata in (b"", bytes(36), b"\xff" * 36):
                samples_in(codec, memoryview(bytes([byte] * size)), extradata, 48000)


def test_the_header_of_adts_has_a_checksum_or_not() -> None:
    assert adts_header(memoryview(bytes.fromhex("fff14c80017ffc00"))) == 7
    assert adts_header(memoryview(bytes.fromhex("fff04c80017ffc00"))) == 9
    assert adts_header(memoryview(bytes.fromhex("2110045000000000"))) == 0
    assert adts_header(memoryview(b"\xff\xf1")) == 0


def test_a_length_is_put_into_streaminfo_and_a_checksum_of_others_is_left_out() -> None:
    # RFC 9639, 8.2: 20 bits of rate, 3 of channels, 5 of depth, 36 of length.
    fields = 44100 << 44 | 1 << 41 | 15 << 36
    header = bytes(10) + fields.to_bytes(8, "big") + bytes(range(16))
    found = flac_header(header, 132300)
    assert found == bytes(10) + (fields | 132300).to_bytes(8, "big") + bytes(range(16))
    assert flac_header(found, 132300) == found
    assert flac_header(found, 1) == bytes(10) + (fields | 1).to_bytes(8, "big") + bytes(16)
    assert flac_header(header, 132300, is_whole=False)[18:] == bytes(16)
    assert flac_header(header, 0) == header
    assert flac_header(b"short", 5) == b"short"
