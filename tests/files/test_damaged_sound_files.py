"""Damaged files of sound, in every container: what can be heard of them, or an error of ours."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import attack
import pytest
from convert_helpers import made

from ffwebcodecs import (
    Demuxer,
    NotSupportedError,
    WebCodecsError,
    read_audio,
    read_audio_data,
    transcode,
)
from ffwebcodecs.files._listing import Listing
from ffwebcodecs.files._silence import Gaps

SLOW = 20  # seconds that reading a file of less than half a second must never take
_TONE = "0.5*sin(2*PI*(300+900*t)*t)"
SPEECH = ("-ar", "8000", "-ac", "1")
RADIO = ("-ar", "32000")
STUDIO = ("-ar", "48000", "-strict", "-2")

FILES: dict[str, tuple[str, ...]] = {
    **{f"aac.{end}": ("-c:a", "aac") for end in ("m4a", "3gp", "mka", "aac", "ts", "flv", "nut")},
    "fragments.mp4": ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "latm.loas": ("-c:a", "aac", "-f", "latm"),
    **{f"alac.{end}": ("-c:a", "alac") for end in ("m4a", "caf")},
    **{f"mp3.{end}": ("-c:a", "libmp3lame") for end in ("mp3", "avi")},
    "mp2.mp2": ("-c:a", "mp2"),
    **{f"vorbis.{end}": ("-c:a", "libvorbis") for end in ("ogg", "mka")},
    **{f"opus.{end}": ("-c:a", "libopus") for end in ("opus", "webm")},
    "speex.spx": ("-c:a", "libspeex"),
    **{f"flac.{end}": ("-c:a", "flac") for end in ("flac", "oga")},
    **{f"pcm.{end}": () for end in ("wav", "aiff", "au", "w64", "voc", "sox", "sf", "ast")},
    "pcm.caf": ("-c:a", "pcm_s16be"),
    "pcm.mov": ("-c:a", "pcm_s16le"),
    "rf64.wav": ("-rf64", "always"),
    "adpcm.wav": ("-c:a", "adpcm_ms"),
    **{f"ac3.{end}": RADIO for end in ("ac3", "eac3")},
    "ac3.rm": ("-c:a", "ac3", *RADIO),
    **{f"studio.{end}": STUDIO for end in ("thd", "mlp", "dts")},
    **{f"wma.{end}": () for end in ("wma", "wtv")},
    **{f"other.{end}": () for end in ("wv", "tta", "adx", "sbc", "g722")},
    "speech.gsm": SPEECH,
}


def monkeys_audio() -> bytes:
    """Return a header of Monkey's Audio with three frames of junk: nothing here writes such."""
    numbers = (3990, 0, 52, 24, 12, 44, 0, 0, 0)
    head = b"MAC " + b"".join(
        each.to_bytes(2 if at < 2 else 4, "little") for at, each in enumerate(numbers)
    )
    head += bytes(52 - len(head))
    for each in (4608, 100, 3):
        head += each.to_bytes(4, "little")
    head += (16).to_bytes(2, "little") + (2).to_bytes(2, "little") + (16000).to_bytes(4, "little")
    table = b"".join((88 + 400 * at).to_bytes(4, "little") for at in range(3))
    return head + table + random.Random(3).randbytes(1200)


# What FFmpeg tells by a file's name alone.
HINTS = {"studio.thd": "truehd", "studio.mlp": "mlp", "other.sbc": "sbc", "other.g722": "g722"}
HINTS["speech.gsm"] = "gsm"

MADE: dict[str, Callable[[], bytes]] = {
    "ape": monkeys_audio,
    "amr": lambda: b"#!AMR\n" + (b"\x3c" + bytes(range(31))) * 20,
    "amrwb": lambda: b"#!AMR-WB\n" + (b"\x24" + bytes(range(40))) * 20,
}


def content(name: str) -> bytes:
    if name in MADE:
        return MADE[name]()
    source = f"aevalsrc={_TONE}|{_TONE}:s=16000:d=0.3"
    try:
        return made(f"short-{name}", "-f", "lavfi", "-i", source, *FILES[name]).read_bytes()
    except RuntimeError as error:
        pytest.skip(f"the ffmpeg program writes no {name}: {error}")


def damage(data: bytearray, dice: random.Random) -> None:
    """Change a file where it hurts: most harm is done in headers, at the beginning or the end."""
    size = len(data)
    near = dice.choice((64, 400, size))
    place = dice.randrange(min(size, near))
    if dice.random() < 0.3:
        place = size - 1 - place
    match dice.randrange(6):
        case 0:
            for _ in range(dice.randint(1, 8)):
                data[dice.randrange(size)] ^= 1 << dice.randrange(8)
        case 1:
            data[place] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        case 2:  # a number
            length = dice.choice((2, 4, 8))
            value = dice.choice((0, 1, 2 ** (8 * length - 1), 2 ** (8 * length) - 1, 2**15))
            data[place : place + length] = value.to_bytes(length, dice.choice(("little", "big")))
        case 3:
            del data[place : place + dice.choice((1, 4, 50, size))]
        case 4:
            data[place:place] = data[place : place + dice.randint(1, 64)]
        case _:
            data[place : place + 64] = dice.randbytes(dice.randint(1, 64))


def demuxed(data: bytes, dice: random.Random, format: str | None) -> int:
    count = 0
    with Demuxer(data, format=format) as demuxer:
        count = sum(chunk.byte_length for chunk in demuxer.audio_chunks())
        for _ in demuxer.audio_chunks(dice.randrange(-100_000, 400_000)):
            break
    return count


def listed(data: bytes, dice: random.Random, format: str | None) -> int:
    with Listing(data, format=format) as listing:
        return len(listing.streams)


def heard(data: bytes, dice: random.Random, format: str | None) -> int:
    start = dice.choice((None, 0, 100_000, 10**12, -(10**12)))
    stop = dice.choice((None, 200_000)) if start is None or start < 200_000 else None
    rate = dice.choice((None, None, 44100))
    found = read_audio(
        data, start, stop, sample_rate=rate, errors=dice.choice(("raise", "skip")), format=format
    )
    return len(found.data)


def in_pieces(data: bytes, dice: random.Random, format: str | None) -> int:
    return sum(
        piece.number_of_frames for piece in read_audio_data(data, errors="skip", format=format)
    )


WAYS = (demuxed, listed, heard, in_pieces)


def tried(data: bytes, dice: random.Random, format: str | None) -> bool:
    """Tell whether anything came of it; what is no error of ours goes on."""
    begin = time.process_time()
    try:
        return dice.choice(WAYS)(data, dice, format) > 0
    except (WebCodecsError, OSError, MemoryError):
        return False
    finally:
        assert time.process_time() - begin < SLOW


@pytest.mark.attack
@pytest.mark.divided
@pytest.mark.parametrize("name", [*FILES, *MADE])
def test_damaged_sound_is_heard_or_refused(name: str) -> None:
    dice = attack.dice(f"sound in {name}")
    whole, came, tries = content(name), 0, attack.rounds(2, 1500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for _ in range(tries):
            data = bytearray(whole)
            for _ in range(dice.choice((1, 1, 2, 4))):
                if data:
                    damage(data, dice)
            came += tried(bytes(data), dice, HINTS.get(name))
    attack.report("damaged files of sound", tries, 0, "a crash, or another error than documented")
    assert came or tries < 10 or name in MADE


def test_a_small_file_cannot_ask_for_much_silence(tmp_path: Path) -> None:
    """In CAF a number says how many samples a packet lasts, whatever it has."""
    data = bytearray(content("pcm.caf"))
    assert data[36:44] == (4).to_bytes(4, "big") + (1).to_bytes(4, "big")
    data[40:44] = (2**31 - 1).to_bytes(4, "big")  # 37 hours each
    whole = bytes(data)
    with pytest.raises(NotSupportedError, match=r"gaps of \d+ samples, more than 134217728"):
        read_audio(whole)
    with pytest.raises(NotSupportedError, match=r"gaps of \d+ samples, more than 134217728"):
        read_audio(whole, sample_rate=8000)
    with pytest.raises(NotSupportedError, match=r"gaps of \d+ s, more than 86400"):
        transcode(whole, tmp_path / "a.wav", audio="ffmpeg:pcm_u8")
    assert list(tmp_path.iterdir()) == []


def test_gaps_are_added_up() -> None:
    gaps = Gaps()
    for _ in range(1 << 7):
        gaps.add(1 << 20, 2)
    with pytest.raises(NotSupportedError, match="more than 134217728"):
        gaps.add(1, 2)
    with pytest.raises(NotSupportedError, match="more than 4194304"):
        Gaps().add((1 << 22) + 1, 64)
