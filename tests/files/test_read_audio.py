"""read_audio: the whole is what was encoded, and a part is that part of the whole."""

from __future__ import annotations

import io
import itertools
import math
import os
import threading
import warnings
import wave
from pathlib import Path
from typing import Any

import attack
import numpy as np
import numpy.typing as npt
import pytest
import sound_clips
from convert_helpers import made
from sound_clips import FILES, film, original, reference, sound

from ffwebcodecs import (
    AudioSamples,
    Demuxer,
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    read_audio,
    read_audio_data,
)
from ffwebcodecs._av.files.demux import DemuxerCore

# The containers that say which samples encoders have put in front, of codecs that do so.
TOLD = {
    *("aac.m4a", "aac.mov", "mp3.mp3", "mp3.mp4", "vbr.mp3", "vorbis.ogg"),
    *("opus.ogg", "opus.webm", "opus.mp4", "opus.mkv"),
}
EXACT = {name for name in FILES if name.startswith(("flac", "alac", "pcm"))}
CLOSE = 1e-4


def part_of(whole: AudioSamples, start: int, stop: int) -> tuple[int, npt.NDArray[np.float32]]:
    """Return the samples of a part, by arithmetic, and which the first is."""
    rate = whole.sample_rate
    first = max(math.ceil(start * rate / 1e6), whole.first_sample)
    last = min(math.ceil(stop * rate / 1e6), whole.first_sample + len(whole))
    return first, whole.data[first - whole.first_sample : max(first, last) - whole.first_sample]


def require_part(
    whole: AudioSamples, found: AudioSamples, start: int, stop: int, close: float = CLOSE
) -> None:
    first, wanted = part_of(whole, start, stop)
    assert found.data.shape == wanted.shape, (start, stop)
    if len(wanted):
        assert found.first_sample == first
        assert found.timestamp == first * 1_000_000 // whole.sample_rate
        assert np.abs(found.data - wanted).max() <= close, (start, stop)


@pytest.mark.divided
@pytest.mark.parametrize("name", sorted(FILES))
def test_the_whole_is_what_the_ffmpeg_program_decodes(name: str) -> None:
    found = read_audio(sound(name))
    wanted = reference(sound(name))
    rate = FILES[name][0]
    assert found.data.dtype == np.float32
    assert found.data.flags.c_contiguous
    assert found.sample_rate == rate
    begin = {"ts": 1_400_000}.get(name.partition(".")[2], 0)
    if name == "vorbis.webm":  # its first packet gives nothing
        begin = 128 * 1_000_000 // rate
    assert found.timestamp == begin
    assert found.first_sample == math.ceil(begin * rate / 1e6)
    if name in TOLD | EXACT:
        # MP4 says by the last packet's duration where the end is, and Debian's program ignores it.
        assert len(found) == 3 * rate
    else:
        assert len(found) == len(wanted)
    # MPEG-TS says nothing of what comes first, and the program leaves out what Opus usually has.
    close = 1e-2 if name == "opus.ts" else CLOSE
    assert np.abs(found.data - wanted[: len(found)]).max() <= close


@pytest.mark.divided
@pytest.mark.parametrize(
    "name", [*sorted(TOLD), "flac.mkv", "alac.m4a", "pcm16.avi", "pcm24.mov", "pcm32.wav"]
)
def test_each_sample_is_in_its_place(name: str) -> None:
    found = read_audio(sound(name)).data
    wanted = original(FILES[name][0])
    assert found.shape == wanted.shape
    off = np.abs(found - wanted)
    # The tone is of one level from the first sample to the last: silence would be off by half.
    assert np.sqrt((off**2).mean()) < (0.04 if name in TOLD else 2e-5)
    for shift in (-1, 1):
        assert np.abs(np.roll(found, shift, 0) - wanted).mean() > off.mean()


@pytest.mark.parametrize("name", sorted(EXACT))
def test_samples_of_integers_are_divided_by_a_power_of_two(name: str) -> None:
    if name in ("pcmf.wav", "pcm32.wav"):
        pytest.skip("more than 24 bits")
    bits = 24 if "24" in name or name.startswith(("flac", "alac")) else 16
    found = read_audio(sound(name), 500_000, 600_000).data.astype(np.float64)
    whole = found * 2.0 ** (bits - 1)
    assert np.array_equal(whole, np.round(whole))
    assert np.abs(whole).max() > 0.3 * 2.0 ** (bits - 1)


@pytest.mark.attack
@pytest.mark.divided
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_part_is_that_part_of_the_whole(name: str) -> None:
    path, dice = sound(name), attack.dice(f"windows {name}")
    whole = read_audio(path)
    begin, lasting = whole.timestamp, whole.duration
    for _ in range(attack.rounds(2, 200)):
        start = begin + dice.randrange(-20_000, lasting + 20_000)
        stop = start + dice.randrange(0, 400_000)
        # AC-3 dithers with noise that goes on from packet to packet.
        close = 1e-3 if name.startswith("ac3") else CLOSE
        require_part(whole, read_audio(path, start, stop), start, stop, close)
    require_part(whole, read_audio(path, stop=begin + 10_000), begin, begin + 10_000)
    tail = begin + lasting - 10_000
    require_part(whole, read_audio(path, tail), tail, 2**40, 1e-3 if "ac3" in name else CLOSE)


@pytest.mark.divided
@pytest.mark.parametrize("name", ["pcm16.wav", "aac.m4a", "opus.webm", "flac.ogg", "mp2.ts"])
@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (48000, None), (44100, 2), (None, 1)])
def test_a_part_of_converted_sound_is_that_part_of_the_whole(
    name: str, rate: int | None, channels: int | None
) -> None:
    path, dice = sound(name), attack.dice(f"converted {name} {rate} {channels}")
    whole = read_audio(path, sample_rate=rate, channels=channels)
    source = FILES[name][0]
    ours = rate or source
    assert whole.sample_rate == ours
    assert whole.data.shape[1] == (channels or 2)
    plain = read_audio(path)
    assert abs(len(whole) - len(plain) * ours / source) <= 1
    assert whole.first_sample == math.ceil(plain.first_sample * ours / source)
    for _ in range(attack.rounds(1, 50)):
        start = whole.timestamp + dice.randrange(0, whole.duration)
        stop = start + dice.randrange(0, 300_000)
        found = read_audio(path, start, stop, sample_rate=rate, channels=channels)
        require_part(whole, found, start, stop)


def test_resampled_sound_is_the_sound_at_these_times() -> None:
    found = read_audio(sound("pcm32.wav"), sample_rate=16000)
    t = np.arange(48000) / 16000
    wanted = 0.5 * np.sin(2 * np.pi * (300 + 200 * t) * t)
    assert np.abs(found.data[100:-100, 0] - wanted[100:-100]).max() < 1e-4


@pytest.mark.parametrize("name", ["aac.m4a", "pcm16.wav", "vorbis.ogg"])
def test_pieces_are_the_same_samples(name: str) -> None:
    whole = read_audio(sound(name), 400_000, 900_000)
    position = whole.first_sample
    for data in read_audio_data(sound(name), 400_000, 900_000):
        with data:
            assert data.timestamp == position * 1_000_000 // whole.sample_rate
            count = data.number_of_frames
            begin = position - whole.first_sample
            # AudioData divides positive integers by one less, as browsers do.
            wanted = whole.data[begin : begin + count]
            assert np.abs(data.to_ndarray("f32") - wanted).max() < 4e-5
            position += count
    assert position == whole.first_sample + len(whole)


def dropped(name: str, codec: str, *options: str) -> Path:
    """Return sound of which packets 50 to 60 are missing."""
    nut = made(f"rising-{codec}.nut", *sound_clips.source(48000), "-c:a", codec, *options)
    hole = "noise=drop=between(n\\,50\\,60)"
    return made(f"hole-{codec}-{name}", "-i", str(nut), "-c", "copy", "-bsf:a", hole)


@pytest.mark.parametrize(
    ("name", "codec", "samples"),
    [
        ("a.mkv", "pcm_s16le", 1024),
        ("a.webm", "libopus", 960),
        ("a.mp4", "aac", 1024),
        ("a.ts", "mp2", 1152),
    ],
)
def test_a_gap_is_silence_in_the_array_and_a_jump_of_timestamps(
    name: str, codec: str, samples: int
) -> None:
    path = dropped(name, codec)
    whole = read_audio(path)
    pieces = [(d.timestamp, d.number_of_frames) for d in read_audio_data(path)]
    lasting = 1e6 / whole.sample_rate
    jumps = [
        (time + count * lasting, then)
        for (time, count), (then, _) in itertools.pairwise(pieces)
        if then - time - count * lasting > 2
    ]
    [(end, again)] = jumps
    assert abs((again - end) / lasting - 11 * samples) < 1
    first = round(end / lasting) - whole.first_sample
    assert not whole.data[first : first + 11 * samples].any()
    assert whole.data[first - 10 : first].any()
    for start, stop in [(end + 1000, end + 2000), (end - 1000, again + 1000), (0, end + 500)]:
        bounds = (int(start), int(stop))
        require_part(whole, read_audio(path, *bounds), *bounds)


def test_a_film_has_several_sounds() -> None:
    path = film()
    first, second = read_audio(path, stream=1), read_audio(path, stream=2)
    assert (first.data.shape[1], second.data.shape[1]) == (2, 1)
    assert np.array_equal(read_audio(path).data, first.data)
    assert abs(len(second) - 3 * 48000) <= 1152
    for number in (1, 2):
        whole = read_audio(path, stream=number)
        found = read_audio(path, 2_000_000, 2_100_000, stream=number)
        require_part(whole, found, 2_000_000, 2_100_000)
    with pytest.raises(InvalidArgumentError, match=r"stream 0 .* is video"):
        read_audio(path, stream=0)


def test_six_channels_are_read_and_mixed() -> None:
    tones = "|".join(f"0.1*sin(2*PI*{300 + 100 * k}*t)" for k in range(6))
    path = made("six.flac", "-f", "lavfi", "-i", f"aevalsrc={tones}:s=48000:c=5.1:d=0.5")
    found = read_audio(path)
    t = np.arange(24000) / 48000
    for k in range(6):
        assert np.abs(found.data[:, k] - 0.1 * np.sin(2 * np.pi * (300 + 100 * k) * t)).max() < 1e-4
    assert read_audio(path, channels=2).data.shape == (24000, 2)


def test_what_has_no_sound_says_what_it_has() -> None:
    path = made("silent.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x48:duration=0.2")
    with pytest.raises(NotSupportedError, match="no sound \\(it has: video\\)"):
        read_audio(path)
    with pytest.raises(NotSupportedError, match="no sound"):
        read_audio_data(path)


def test_a_cover_is_passed_over() -> None:
    found = read_audio(sound_clips.covered())
    assert found.data.shape == (3 * 44100, 2)


def test_parameters_out_of_range_are_refused() -> None:
    path = sound("pcm16.wav")
    for options in ({"sample_rate": 0}, {"sample_rate": 10**6}, {"channels": 0}, {"channels": 65}):
        with pytest.raises(InvalidArgumentError, match="must be from 1 to"):
            read_audio(path, **options)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="errors must be"):
        read_audio(path, errors="no")
    with pytest.raises(FileNotFoundError):
        read_audio("not-there.wav")
    for start, stop in ((2_000_000, 1_000_000), (10**7, None), (5, 5)):
        found = read_audio(path, start, stop)
        assert found.data.shape == (0, 2)
        assert found.duration == 0


@pytest.mark.parametrize("name", ["opus.ogg", "aac.ts", "pcm16.wav", "vorbis.webm"])
def test_a_pipe_is_read_to_the_end_of_a_part(name: str) -> None:
    data, whole = sound(name).read_bytes(), read_audio(sound(name))
    start = whole.timestamp + 1_000_000
    out, into = os.pipe()

    def write() -> None:
        with os.fdopen(into, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        require_part(whole, read_audio(f"pipe:{out}", start, 10**9), start, 10**9)
    finally:
        thread.join()
        os.close(out)


@pytest.mark.parametrize("open_it", [bytes, io.BytesIO, bytearray])
def test_bytes_and_file_objects_are_read(open_it: Any) -> None:
    path = sound("flac.flac")
    found = read_audio(open_it(path.read_bytes()), 1_000_000, 1_500_000)
    require_part(read_audio(path), found, 1_000_000, 1_500_000)


def test_bytes_that_python_wrote_are_read(tmp_path: Path) -> None:
    values = np.arange(-32768, 32767, 7, np.int16)
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(values.tobytes())
    found = read_audio(path)
    assert np.array_equal(found.data[:, 0], values.astype(np.float32) / 32768)
    assert np.array_equal(np.asarray(found), found.data)
    assert repr(found) == f"<AudioSamples {len(values)} of 1 channels at 8000 Hz, timestamp=0>"


@pytest.mark.parametrize("name", ["flac.flac", "aac.m4a"])
def test_damage_is_an_error_or_silence(name: str) -> None:
    data = bytearray(sound(name).read_bytes())
    with Demuxer(bytes(data)) as demuxer:
        victim = bytes(list(demuxer.audio_chunks())[20].data)
    place = data.find(victim)
    data[place : place + len(victim)] = b"\xff" * len(victim)
    whole = read_audio(sound(name))
    with pytest.raises(EncodingError) as caught:
        read_audio(bytes(data))
    assert abs((caught.value.timestamp or 0) - len(whole) / 44100 * 1e6) < 3e6
    with pytest.warns(UserWarning, match="skipped"):
        found = read_audio(bytes(data), errors="skip")
    assert found.data.shape == whole.data.shape
    assert np.abs(found.data - whole.data)[-30_000:].max() <= CLOSE
    same = (np.abs(found.data - whole.data) <= CLOSE).all(1)
    assert 1000 < len(whole) - same.sum() < 6 * 4608  # the parser of FLAC passes over some more


@pytest.mark.parametrize("name", ["pcm16.wav", "mp3.mp3", "opus.ogg"])
def test_what_is_there_of_a_file_that_was_cut_is_read(name: str) -> None:
    data, whole = sound(name).read_bytes(), read_audio(sound(name))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = read_audio(data[: len(data) * 2 // 3], errors="skip")
    # Ogg states how long it is with its last page, and FFmpeg goes by the size of a WAV file.
    if name == "mp3.mp3":
        assert any("ends early" in str(each.message) for each in said)
    assert 1.5 < found.duration / 1e6 < 2.2
    count = len(found) - 2304
    assert np.abs(found.data[:count] - whole.data[:count]).max() <= CLOSE


def test_a_part_costs_the_same_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    read = DemuxerCore.read_any
    counts = []

    def counted(core: DemuxerCore, ptr: Any) -> int | None:
        counts[-1] += 1
        return read(core, ptr)

    monkeypatch.setattr(DemuxerCore, "read_any", counted)
    for end in ("mp4", "ogg", "mkv", "ts", "mp3"):
        codec = "libopus" if end == "ogg" else "libmp3lame"
        path = made(
            *(f"half-a-minute.{end}", "-f", "lavfi", "-i", "sine=duration=30:sample_rate=48000"),
            *("-c:a", codec, "-b:a", "64k"),
        )
        counts = []
        for start in (9_000_000, 28_000_000):
            counts.append(0)
            read_audio(path, start, start + 200_000)
        assert max(counts) < 250, (end, counts)
