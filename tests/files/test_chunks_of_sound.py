"""Demuxer: the chunks of sound, alone and with the video's, are the packets of the file."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import sound_clips
from convert_helpers import made
from sound_clips import film, packets_of, sound

from ffwebcodecs import (
    Demuxer,
    EncodedAudioChunk,
    EncodedVideoChunk,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    read_frames,
)

pytestmark = pytest.mark.divided

FILMS = ("heard.mp4", "heard.webm", "heard.ts", "heard.mkv")


def told(chunk: EncodedAudioChunk | EncodedVideoChunk) -> tuple[int, int]:
    return chunk.timestamp, chunk.byte_length


def expected(path: Path, *streams: int) -> list[tuple[int, int, int]]:
    return [
        (each["stream_index"], each["microseconds"], int(each["size"]))
        for each in packets_of(path)
        if each["stream_index"] in streams
    ]


@pytest.mark.parametrize("name", sorted(sound_clips.FILES))
def test_chunks_are_the_packets_of_the_file(name: str) -> None:
    path = sound(name)
    wanted = [rest for _, *rest in expected(path, 0)]
    # The clock of an MP3 file begins with what encoders put before the sound: 1105 samples.
    late = round(1105e6 / 44100) if name.endswith(".mp3") else 0
    with Demuxer(path) as demuxer:
        chunks = list(demuxer.audio_chunks())
        assert list(demuxer.audio_chunks()) == []  # read to the end
    assert {each.type for each in chunks} == {"key"}
    if name.endswith(".wav"):  # each release divides it in its own way
        assert sum(each.byte_length for each in chunks) == sum(size for _, size in wanted)
        return
    assert [each.byte_length for each in chunks] == [size for _, size in wanted]
    times = [each.timestamp + late for each in chunks]
    assert max(abs(a - b) for a, (b, _) in zip(times, wanted, strict=True)) <= 1


@pytest.mark.parametrize("name", sorted(sound_clips.FILES))
def test_the_configuration_says_rate_channels_and_what_is_in_front(name: str) -> None:
    with Demuxer(sound(name)) as demuxer:
        config = demuxer.audio_config
        with pytest.raises(NotSupportedError, match="no video stream \\(it has: audio\\)"):
            _ = demuxer.video_config
        with pytest.raises(NotSupportedError, match="no video stream"):
            demuxer.chunks()
        assert demuxer.stream == 0
    assert (config.sample_rate, config.number_of_channels) == (sound_clips.FILES[name][0], 2)
    codec, _, end = name.partition(".")
    # ADTS, MPEG-TS, AVI and what FFmpeg writes of AAC and MP3 to Matroska do not say it.
    says = {"aac": ("m4a", "mov"), "mp3": ("mp3", "mp4"), "vbr": ("mp3",)}
    says["opus"] = ("ogg", "webm", "mp4", "mkv")
    known = {"aac": 1024, "mp3": 1105, "vbr": 1105, "opus": 312}
    assert config.initial_padding == (known[codec] if end in says.get(codec, ()) else None)


@pytest.mark.parametrize("name", FILMS)
def test_several_streams_come_in_the_order_of_the_file(name: str) -> None:
    path = film(name)
    with Demuxer(path) as demuxer:
        kinds = {each.index: each.kind for each in demuxer.streams}
        pairs = list(demuxer.chunks_of(kinds))
    found = [(index, *told(chunk)) for index, chunk in pairs]
    assert [(i, size) for i, _, size in found] == [(i, n) for i, _, n in expected(path, 0, 1, 2)]
    assert max(abs(a[1] - b[1]) for a, b in zip(found, expected(path, 0, 1, 2), strict=True)) <= 1
    for index, chunk in pairs:
        is_video = isinstance(chunk, EncodedVideoChunk)
        assert is_video == (kinds[index] == "video")


@pytest.mark.parametrize("name", FILMS)
def test_each_stream_begins_with_its_last_key_chunk_before_the_start(name: str) -> None:
    path = film(name)
    with Demuxer(path) as demuxer:
        video = list(demuxer.chunks())
        sounds = list(demuxer.audio_chunks(stream=1))
        begin = video[0].timestamp
        for start in (begin + 1_700_000, begin + 600_000, begin, begin + 2_900_000):
            wanted = [max([i for i, c in enumerate(sounds) if c.timestamp <= start], default=0)]
            # Sound begins a few milliseconds later there.
            keys = [i for i, c in enumerate(video) if c.type == "key" and c.timestamp <= start]
            wanted.append(max(keys))
            pairs = list(demuxer.chunks_of([0, 1], start))
            heard = [told(chunk) for index, chunk in pairs if index == 1]
            seen = [told(chunk) for index, chunk in pairs if index == 0]
            assert heard == [told(each) for each in sounds[wanted[0] :]]
            assert seen == [told(each) for each in video[wanted[1] :]]
            assert [told(each) for each in demuxer.audio_chunks(start, stream=1)] == heard


def test_other_streams_begin_where_reading_began() -> None:
    with Demuxer(film()) as demuxer:
        chunks = demuxer.chunks()
        first = [told(next(chunks)) for _ in range(5)]
        assert len(list(demuxer.audio_chunks())) > 100
        with pytest.raises(InvalidStateError, match="chunks_of gives several"):
            next(chunks)
        assert [told(each) for each in demuxer.chunks()][:5] == first
        demuxer.seek(1_000_000)
        assert next(demuxer.chunks()).timestamp == 1_000_000
        assert 970_000 < next(demuxer.audio_chunks()).timestamp <= 1_000_000
        assert next(demuxer.audio_chunks()).timestamp > 990_000  # goes on
        demuxer.seek(2_000_000)
        assert 1_970_000 < next(demuxer.audio_chunks()).timestamp <= 2_000_000
        with next(iter(read_frames(demuxer))) as frame:
            assert frame.timestamp == 2_000_000
        assert 1_970_000 < next(demuxer.audio_chunks()).timestamp <= 2_000_000


def test_streams_are_chosen_by_their_index() -> None:
    path = film()
    with Demuxer(path) as demuxer:
        assert demuxer.audio_config.codec == "mp4a.40.2"
        assert demuxer.audio_config_of(2).codec == "mp3"
        assert demuxer.audio_config_of(2).number_of_channels == 1
        found = [told(each) for each in demuxer.audio_chunks(stream=2)]
        assert found == [tuple(rest) for _, *rest in expected(path, 2)]
        with pytest.raises(
            InvalidArgumentError, match=r"stream 0 .* is video, and no sound.* 1, 2"
        ):
            demuxer.audio_chunks(stream=0)
        with pytest.raises(InvalidArgumentError, match="3 streams and no stream 9"):
            demuxer.chunks_of([0, 9])
        with pytest.raises(InvalidArgumentError, match="empty"):
            demuxer.chunks_of([])
    with pytest.raises(InvalidStateError):
        demuxer.audio_chunks()


def test_a_film_without_sound_says_what_it_has() -> None:
    path = made("silent.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x48:duration=0.2")
    with Demuxer(path) as demuxer:
        with pytest.raises(NotSupportedError, match="no sound \\(it has: video\\)"):
            _ = demuxer.audio_config
        with pytest.raises(NotSupportedError, match="no sound"):
            demuxer.audio_chunks()
        assert len(list(demuxer.chunks())) == 5


def test_a_cover_is_no_film() -> None:
    path = sound_clips.covered()
    with Demuxer(path) as demuxer:
        assert demuxer.audio_config.codec == "mp3"
        assert len(list(demuxer.audio_chunks())) == len(expected(path, 0))
        assert len(list(demuxer.chunks())) == 1


def of_pipe(data: bytes) -> tuple[str, threading.Thread, int]:
    out, into = os.pipe()

    def write() -> None:
        with os.fdopen(into, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    return f"pipe:{out}", thread, out


@pytest.mark.parametrize("name", ["heard.ts", "heard.mkv"])
def test_a_pipe_gives_video_and_sound_in_one_pass(name: str) -> None:
    path = film(name)
    source, thread, out = of_pipe(path.read_bytes())
    with Demuxer(source) as demuxer:
        assert demuxer.audio_config.sample_rate == 48000
        pairs = [(index, *told(chunk)) for index, chunk in demuxer.chunks_of([0, 1])]
        with pytest.raises(InvalidStateError, match=r"only once.*chunks_of"):
            demuxer.audio_chunks()
    thread.join()
    os.close(out)
    assert [(i, n) for i, _, n in pairs] == [(i, n) for i, _, n in expected(path, 0, 1)]


@pytest.mark.parametrize("open_it", [bytes, io.BytesIO])
def test_bytes_and_file_objects_are_read(open_it: Any) -> None:
    path = sound("opus.ogg")
    with Demuxer(open_it(path.read_bytes())) as demuxer:
        assert len(list(demuxer.audio_chunks(start=1_000_000))) == 101  # from 993500 on
