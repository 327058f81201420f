"""Sound in files: each sample where it belongs, as the ffmpeg program hears it."""

from __future__ import annotations

import functools
import io
import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import sound_clips
from attack import dice, rounds
from clips import logged, run_ffmpeg
from decode_helpers import stream
from mux_helpers import probe, start_step

from ffwebcodecs import (
    AudioDecoderConfig,
    Demuxer,
    EncodedAudioChunk,
    EncodedVideoChunk,
    InvalidArgumentError,
    InvalidStateError,
    Muxer,
    NotSupportedError,
    WebCodecsError,
    ffmpeg_info,
    open_handles,
)

Chunks = list[tuple[EncodedAudioChunk, AudioDecoderConfig]]
_OFFSET = 1 << 18


class Heard(NamedTuple):
    """When the sound is heard in a file, in seconds, and how many samples more there are than the
    original has.
    """

    time: float
    surplus: int


def chunks_of(name: str, moved: int = 0, *, plain: bool = False) -> Chunks:
    """Return the chunks of a clip as an encoder gives them, moved by microseconds; `plain` ones are
    made of bytes.
    """
    with Demuxer(sound_clips.sound(name)) as demuxer:
        config, chunks = demuxer.audio_config, list(demuxer.audio_chunks())
    if not plain:
        return [(chunk, config) for chunk in chunks]
    made = AudioDecoderConfig(
        codec=config.codec,
        sample_rate=config.sample_rate,
        number_of_channels=config.number_of_channels,
        description=config.description,
        initial_padding=config.initial_padding,
    )
    padding = round((config.initial_padding or 0) * 1_000_000 / config.sample_rate)
    return [
        (
            EncodedAudioChunk(
                type="key",
                timestamp=chunk.timestamp + padding + moved,
                duration=chunk.duration,
                data=chunk.data,
            ),
            made,
        )
        for chunk in chunks
    ]


def heard(path: Path, name: str, track: int = 0) -> Heard:
    rate = sound_clips.FILES[name][0]
    log, raw = logged(
        *(path, "-copyts", "-i", path, "-map", f"0:a:{track}", "-af", "ashowinfo"),
        *("-ac", "2", "-f", "f32le", "-"),
    )
    samples = np.frombuffer(raw, np.float32).reshape(-1, 2)[:, 0]
    spectrum = np.fft.rfft(samples, _OFFSET) * original(rate)
    begins = int(np.argmax(np.fft.irfft(spectrum)))
    begins -= _OFFSET * (begins > _OFFSET // 2)
    first = re.search(r"ashowinfo.* n:0 pts:\S+ pts_time:(\S+) ", log)
    assert first is not None
    surplus = len(samples) - sound_clips.SECONDS * rate
    return Heard(float(first[1]) + begins / rate, surplus)


@functools.cache
def original(rate: int) -> Any:
    """Return the spectrum of the sound that the clips have."""
    return np.conj(np.fft.rfft(sound_clips.original(rate)[:, 0], _OFFSET))


def seen(path: Path) -> float:
    found = probe(path, "-select_streams", "v:0", "-show_packets")["packets"]
    return min(float(packet["pts_time"]) for packet in found if "pts_time" in packet)


def write(path: Path, chunks: Chunks, **options: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with Muxer(path, **options) as muxer:
            for chunk, config in chunks:
                muxer.add_chunk(chunk, config)
    return [str(warning.message) for warning in caught]


# How late it is where the container cannot hide the encoder's delay, in samples.
WRITTEN = {
    "aac.m4a": {"mp4": 0, "mov": 0, "m4a": 0, "mkv": 1024, "ts": 1024, "aac": 1024},
    "opus.ogg": {"webm": 0, "mka": 0, "ogg": 0, "opus": 0, "mp4": 0, "ts": 312},
    "mp3.mp3": {"mp3": 0, "mp4": 0, "mka": 1105},
    "flac.flac": {"flac": 0, "mp4": 0, "mka": 0, "ogg": 0},
    "alac.m4a": {"m4a": 0, "mov": 0, "mkv": 0},
    "pcm16.wav": {"wav": 0, "mov": 0, "mkv": 0, "caf": 0},
    "vorbis.ogg": {"ogg": 0, "webm": 0},
}
_QUICK = [
    *(("aac.m4a", "mp4", True), ("aac.m4a", "mkv", True), ("opus.ogg", "webm", True)),
    *(("opus.ogg", "ogg", False), ("mp3.mp3", "mp3", True), ("flac.flac", "mp4", False)),
    *(("pcm16.wav", "wav", True), ("vorbis.ogg", "webm", False)),
]
PAIRS = [
    (name, suffix, made) for name in WRITTEN for suffix in WRITTEN[name] for made in (False, True)
]
PAIRS = PAIRS if rounds(0, 1) else _QUICK
MOVED = [(0, 0), (333_333, 100_001), (-100_000, 0), (0, 500_000)]
FILMS = [("aac.m4a", "mp4", 1e-5), ("opus.ogg", "mkv", 1e-3), ("aac.m4a", "ts", 2.3e-5)]
TOGETHER = [(*film, moved) for film in FILMS for moved in MOVED]
TOGETHER = TOGETHER if rounds(0, 1) else TOGETHER[1::5]


@pytest.mark.attack
@pytest.mark.divided
@pytest.mark.parametrize(("name", "suffix", "plain"), PAIRS)
def test_each_sample_is_heard_when_it_should_be(
    name: str, suffix: str, plain: bool, tmp_path: Path
) -> None:
    late = WRITTEN[name][suffix]
    if plain and name == "vorbis.ogg":
        pytest.skip("what ends it is side data")
    path = tmp_path / f"a.{suffix}"
    said = write(path, chunks_of(name, plain=plain))
    rate = sound_clips.FILES[name][0]
    found = heard(path, name)
    if suffix == "mp3":  # FFmpeg counts its times from the first packet on
        late = 1105
    assert abs(found.time - late / rate) <= (0.0006 if suffix in ("mkv", "mka", "webm") else 2e-6)
    assert bool(said) == (late > 0 and suffix != "mp3")
    if name == "vorbis.ogg" and ffmpeg_info().release.startswith("4."):
        return  # it gives no chunk the side data that ends it
    if suffix in ("opus", "ogg", "mp3", "flac", "wav", "webm") and not (plain and late):
        assert found.surplus == 0


@pytest.mark.attack
@pytest.mark.divided
@pytest.mark.parametrize(("name", "suffix", "step", "moved"), TOGETHER)
def test_sound_and_picture_meet(
    name: str, suffix: str, step: float, moved: tuple[int, int], tmp_path: Path
) -> None:
    source = stream("h264-bframes.mp4")
    pictures = [
        EncodedVideoChunk(
            type=chunk.type, timestamp=chunk.timestamp + moved[1], data=bytes(chunk.data)
        )
        for chunk in source.chunks()
    ]
    config = source.config
    sounds = chunks_of(name, moved[0], plain=True)
    everything: list[tuple[Any, Any]] = [(each, config) for each in pictures]
    everything = sorted([*everything, *sounds], key=lambda pair: pair[0].timestamp)
    path = tmp_path / f"a.{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Muxer(path) as muxer:
            for chunk, metadata in everything:
                muxer.add_chunk(chunk, metadata)
    first = min(chunk.timestamp for chunk in pictures)
    apart = heard(path, name).time - seen(path)
    if suffix == "mp4":
        step = max(step, start_step() / 1e6)
    assert abs(apart - (moved[0] - first) / 1e6) <= step


def test_tracks_are_given_one_after_the_other(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.mkv"
    tracks = {
        "video": {"title": "Pictures"},
        "audio": {"language": "deu"},
        7: {"language": "fra", "title": "Commentaire"},
    }
    with Muxer(path, tracks=tracks) as muxer:
        for picture in source.chunks():
            muxer.add_chunk(picture, source.config)
        for name in (7, None):
            for chunk, config in chunks_of("opus.ogg" if name else "flac.flac"):
                muxer.add_chunk(chunk, config, track=name)
    found = probe(path, "-show_streams")["streams"]
    assert [each["codec_name"] for each in found] == ["vp9", "flac", "opus"]
    tags = [each.get("tags", {}) for each in found]
    assert [each.get("language") for each in tags] == [None, "ger", "fre"] or [
        each.get("language") for each in tags
    ] == [None, "deu", "fra"]
    assert [each.get("title") for each in tags] == ["Pictures", None, "Commentaire"]
    assert [each["disposition"]["default"] for each in found] == [1, 1, 0]
    assert heard(path, "flac.flac") == Heard(0, 0)
    assert abs(heard(path, "opus.ogg", 1).time) < 0.001


def test_sound_that_comes_first_waits_for_the_video(tmp_path: Path) -> None:
    source, path = stream("h264-bframes.mp4"), tmp_path / "a.mp4"
    with Muxer(path) as muxer:
        for chunk, config in chunks_of("aac.m4a"):
            muxer.add_chunk(chunk, config)
        for picture in source.chunks():
            muxer.add_chunk(picture, source.config)
    found = probe(path, "-show_streams")["streams"]
    assert [each["codec_type"] for each in found] == ["video", "audio"]


def test_a_track_that_comes_too_late_is_refused_with_the_way_out(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.webm"
    chunk, config = chunks_of("opus.ogg")[0]
    with Muxer(path) as muxer:
        for picture in source.chunks():
            muxer.add_chunk(picture, source.config)
        with pytest.raises(InvalidStateError, match=r"tracks=\['video', 'audio'\]"):
            muxer.add_chunk(chunk, config)
    assert len(probe(path, "-show_streams")["streams"]) == 1


def test_a_track_that_was_announced_and_does_not_come_is_told_of(tmp_path: Path) -> None:
    said = write(tmp_path / "a.mka", chunks_of("flac.flac"), tracks=("audio", "other"))
    assert len(said) == 1
    assert "gets no track 'other'" in said[0]
    assert heard(tmp_path / "a.mka", "flac.flac") == Heard(0, 0)


def test_names_of_tracks_are_checked(tmp_path: Path) -> None:
    chunk, config = chunks_of("opus.ogg")[0]
    source = stream("vp9.webm")
    picture = next(iter(source.chunks()))
    for wrong in ("video", 5, [b"x"], [True]):
        with pytest.raises(InvalidArgumentError, match="track"):
            Muxer(tmp_path / "a.webm", tracks=wrong)
    with Muxer(tmp_path / "a.webm", tracks=("video", "audio")) as muxer:
        with pytest.raises(InvalidArgumentError, match=r"'sound' is not one of tracks"):
            muxer.add_chunk(chunk, config, track="sound")
        with pytest.raises(InvalidArgumentError, match="must be a name or a number"):
            muxer.add_chunk(chunk, config, track=b"audio")  # type: ignore[arg-type]
        muxer.add_chunk(chunk, config)
        with pytest.raises(InvalidArgumentError, match="'audio' is sound, the chunk is video"):
            muxer.add_chunk(picture, source.config, track="audio")
        muxer.add_chunk(picture, source.config)
        with pytest.raises(NotSupportedError, match="one video"):
            muxer.add_chunk(picture, source.config, track="other")
        muxer.discard()


def test_a_chunk_that_cannot_come_is_not_taken(tmp_path: Path) -> None:
    chunks = chunks_of("flac.flac")
    with Muxer(tmp_path / "a.flac") as muxer:
        with pytest.raises(InvalidArgumentError, match=r"'audio' needs metadata.*audio_config"):
            muxer.add_chunk(chunks[0][0])
        for place, (chunk, config) in enumerate(chunks):
            muxer.add_chunk(chunk, config)
            if place == 2:
                with pytest.raises(InvalidArgumentError, match="must increase"):
                    muxer.add_chunk(chunks[0][0], config)
    assert heard(tmp_path / "a.flac", "flac.flac") == Heard(0, 0)


@pytest.mark.parametrize(
    ("name", "suffix", "advice"),
    [
        ("opus.ogg", "m4a", ".opus, .ogg or .mka"),
        ("aac.m4a", "webm", ".mp4"),
        ("pcm16.wav", "flac", ".wav or .mka"),
        ("flac.flac", "mov", ".mp4"),
    ],
)
def test_a_codec_that_does_not_fit_is_refused_with_those_that_hold_it(
    name: str, suffix: str, advice: str, tmp_path: Path
) -> None:
    chunk, config = chunks_of(name)[0]
    refused = pytest.raises(NotSupportedError, match=f"cannot hold .*; use {advice}")
    with Muxer(tmp_path / f"a.{suffix}") as muxer, refused:
        muxer.add_chunk(chunk, config)
    assert not list(tmp_path.iterdir())


def test_files_of_one_stream_take_one(tmp_path: Path) -> None:
    chunk, config = chunks_of("opus.ogg")[0]
    with Muxer(tmp_path / "a.opus") as muxer:
        muxer.add_chunk(chunk, config)
        with pytest.raises((InvalidStateError, NotSupportedError)):
            muxer.add_chunk(chunk, config, track="other")
        muxer.discard()


@pytest.mark.parametrize("suffix", ["mka", "wav", "avi"])
def test_a_gap_stays_one(suffix: str, tmp_path: Path) -> None:
    path, hole = tmp_path / f"a.{suffix}", 500_000
    chunks = chunks_of("pcm16.wav", plain=True)
    moved = [
        (
            EncodedAudioChunk(
                type="key",
                timestamp=chunk.timestamp + (hole if place > 5 else 0),
                data=bytes(chunk.data),
            ),
            config,
        )
        for place, (chunk, config) in enumerate(chunks)
    ]
    assert write(path, moved) == []
    begin = sum(len(chunk.data) for chunk, _ in chunks[:6]) // 4
    if suffix == "mka":
        times = [float(each["pts_time"]) for each in probe(path, "-show_packets")["packets"]]
        assert abs(times[6] - begin / 44100 - 0.5) <= 0.001
        return
    raw = run_ffmpeg("-i", path, "-f", "s16le", "-")
    samples = np.frombuffer(raw, np.int16).reshape(-1, 2)
    assert len(samples) == 3 * 44100 + 22050
    assert not samples[begin : begin + 22050].any()


def test_what_waits_for_a_video_that_has_ended_is_bounded(tmp_path: Path) -> None:
    source, path = stream("vp9.webm"), tmp_path / "a.mkv"
    pcm = AudioDecoderConfig(codec="pcm-s16", sample_rate=48000, number_of_channels=2)
    pictures = list(source.chunks())
    second = bytes(48000 * 4)
    with Muxer(path, tracks=("video", "audio")) as muxer:
        for place, picture in enumerate(pictures):
            muxer.add_chunk(picture, source.config)
            if place == 0:
                chunk = EncodedAudioChunk(type="key", timestamp=0, data=second)
                muxer.add_chunk(chunk, pcm)
        for time in range(2, 80):
            muxer.add_chunk(EncodedAudioChunk(type="key", timestamp=time * 1_000_000, data=second))
        (growing,) = tmp_path.iterdir()
        assert growing.stat().st_size > 50 * len(second)
        muxer.discard()


def test_a_gap_is_told_where_nothing_can_hold_it(tmp_path: Path) -> None:
    chunks = chunks_of("aac.m4a", plain=True)
    del chunks[10:20]
    said = write(tmp_path / "a.aac", chunks)
    assert any("has no times" in each for each in said)


def test_adts_becomes_what_the_file_wants(tmp_path: Path) -> None:
    with Demuxer(sound_clips.sound("aac.aac")) as demuxer:
        chunks = list(demuxer.audio_chunks())
    assert bytes(chunks[0].data[:2]) == b"\xff\xf1"
    bare = AudioDecoderConfig(codec="mp4a.40.2", sample_rate=44100, number_of_channels=2)
    made = [
        (
            EncodedAudioChunk(
                type="key", timestamp=chunk.timestamp, duration=chunk.duration, data=chunk.data
            ),
            bare,
        )
        for chunk in chunks
    ]
    for suffix in ("mp4", "aac"):
        path = tmp_path / f"a.{suffix}"
        write(path, made)
        found = heard(path, "aac.aac")
        assert round(found.time * 44100) in (1023, 1024, 1025)  # nobody says its delay


def test_a_file_object_gets_sound(tmp_path: Path) -> None:
    before = open_handles()
    with io.BytesIO() as target:
        with Muxer(target, format="flac") as muxer:
            for chunk, config in chunks_of("flac.flac"):
                muxer.add_chunk(chunk, config)
        path = tmp_path / "a.flac"
        path.write_bytes(target.getvalue())
    del chunk, muxer
    assert heard(path, "flac.flac") == Heard(0, 0)
    assert float(probe(path, "-show_streams")["streams"][0]["duration"]) == 3.0
    assert open_handles() == before


@pytest.mark.attack
def test_junk_harms_no_muxer(tmp_path: Path) -> None:
    chance = dice("muxers of sound")
    names = list(WRITTEN)
    for _ in range(rounds(15, 1500)):
        name = chance.choice(names)
        suffix = chance.choice(["mp4", "mov", "mkv", "webm", "ogg", "ts", "avi", "mp3", "flac"])
        chunks = chunks_of(name, plain=True)[:40]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                with Muxer(tmp_path / f"a.{suffix}") as muxer:
                    for chunk, config in chunks:
                        data = bytearray(chunk.data)
                        for _ in range(chance.randrange(4)):
                            data[chance.randrange(len(data))] = chance.randrange(256)
                        del data[chance.randrange(1, len(data) + 1) :]
                        time = chunk.timestamp + chance.choice([0, 0, 0, 5, 10**6, -(10**5)])
                        damaged = EncodedAudioChunk(type="key", timestamp=time, data=data)
                        try:
                            muxer.add_chunk(damaged, config, track=chance.choice([None, None, "b"]))
                        except (InvalidArgumentError, InvalidStateError, NotSupportedError):
                            continue
            except Exception as error:
                assert isinstance(error, (WebCodecsError, OSError)), repr(error)
