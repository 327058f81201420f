"""Packets and chunks of sound go several at a time: what comes is what comes one by one."""

from __future__ import annotations

import io
import random
import threading
import warnings
from typing import Any

import attack
import pytest
from decode_helpers import TIMEOUT
from handles import live_handles
from sound_clips import FILES, sound

import ffwebcodecs
from ffwebcodecs import AudioData, AudioDecoder, Demuxer, EncodedAudioChunk, read_audio_data
from ffwebcodecs._av.files import sound_run
from ffwebcodecs._av.files.packet_run import PacketRun
from ffwebcodecs.codecs._audio_decoding import AudioDecoderDriver

Outcome = tuple[list[Any], list[str]]
AT_ONCE = 32


def bytes_of(data: AudioData) -> tuple[Any, ...]:
    samples = data.to_ndarray().tobytes()
    about = data.format, data.sample_rate, data.number_of_channels, data.channel_layout
    return data.timestamp, data.number_of_frames, about, samples


def chunks_in(source: Any) -> tuple[list[EncodedAudioChunk], list[str]]:
    chunks: list[EncodedAudioChunk] = []
    said: list[str] = []
    try:
        with Demuxer(source) as demuxer:
            chunks.extend(demuxer.audio_chunks())
    except (ffwebcodecs.WebCodecsError, OSError) as error:
        said.append(repr(error))
    return chunks, said


def described(found: tuple[list[EncodedAudioChunk], list[str]]) -> Outcome:
    chunks, said = found
    return [(c.type, c.timestamp, c.duration, bytes(c.data)) for c in chunks], said


def pieces_of(source: Any, start: int | None = None, stop: int | None = None) -> Outcome:
    found, said = [], []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            for data in read_audio_data(source, start, stop):
                found.append(bytes_of(data))
                data.close()
        except (ffwebcodecs.WebCodecsError, OSError) as error:
            said.append(repr(error))
    return found, said + [str(each.message) for each in told]


def decoded(config: Any, chunks: list[EncodedAudioChunk], pool: int | None = None) -> Outcome:
    """Decode chunks that all wait in the queue."""
    found: list[Any] = []
    said: list[str] = []
    queued = threading.Event()

    def output(data: AudioData) -> None:
        assert queued.wait(TIMEOUT)
        found.append(bytes_of(data))
        data.close()

    def error(problem: BaseException) -> None:
        said.append(f"{problem!r} {getattr(problem, 'timestamp', None)}")

    with AudioDecoder(output, error, frame_pool_size=pool) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            if decoder.state == "configured":
                decoder.decode(chunk)
        queued.set()
        if decoder.state == "configured":
            try:
                decoder.flush().result(TIMEOUT)
            except ffwebcodecs.WebCodecsError as problem:
                said.append(type(problem).__name__)
    return found, said


def damaged(data: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(dice.randrange(1, 4)):
        place = dice.randrange(len(out) // 20, len(out))
        out[place : place + dice.choice((1, 8, 300))] = dice.randbytes(dice.choice((1, 8, 300)))
    return bytes(out)


@pytest.mark.divided
@pytest.mark.parametrize("name", sorted(FILES))
def test_chunks_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    several = described(chunks_in(sound(name)))
    monkeypatch.setattr(PacketRun, "read", lambda _: [])
    assert several == described(chunks_in(sound(name)))


@pytest.mark.divided
@pytest.mark.parametrize("name", sorted(FILES))
def test_so_are_the_samples_of_a_decoder(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks, _ = chunks_in(sound(name))
    with Demuxer(sound(name)) as demuxer:
        config = demuxer.audio_config
    del chunks[50:]
    several, few = decoded(config, chunks), decoded(config, chunks, pool=3)
    monkeypatch.setattr(AudioDecoderDriver, "most", 1)
    assert several == few == decoded(config, chunks)


@pytest.mark.parametrize("name", sorted(FILES))
def test_so_are_the_pieces_of_a_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = (None, None), (400_001, 2_300_000)
    several = [pieces_of(sound(name), *part) for part in parts]
    monkeypatch.setattr(sound_run.ArrayRun, "go", lambda *_: None)
    assert several == [pieces_of(sound(name), *part) for part in parts]


def test_an_error_comes_after_what_is_before_it() -> None:
    chunks, _ = chunks_in(sound("aac.m4a"))
    with Demuxer(sound("aac.m4a")) as demuxer:
        config = demuxer.audio_config
    for place in (1, 2, 7, AT_ONCE, AT_ONCE + 1, len(chunks) - 1):
        bad = EncodedAudioChunk(type="key", timestamp=chunks[place].timestamp, data=b"")
        found, said = decoded(config, [*chunks[:place], bad, *chunks[place + 1 :]])
        assert [each[0] for each in found] == [chunk.timestamp for chunk in chunks[:place]]
        assert str(bad.timestamp) in said[0]


def test_the_pool_bounds_what_is_out_of_it() -> None:
    chunks, _ = chunks_in(sound("aac.m4a"))
    with Demuxer(sound("aac.m4a")) as demuxer:
        config = demuxer.audio_config
    kept: list[AudioData] = []
    counts = []
    full = threading.Event()

    def output(data: AudioData) -> None:
        kept.append(data)
        counts.append(decoder.pool.in_use)
        if len(kept) == 5:
            full.set()

    with AudioDecoder(output, print, frame_pool_size=5, stall_timeout=TIMEOUT) as decoder:
        decoder.configure(config)
        for chunk in chunks[:40]:
            decoder.decode(chunk)
        done = decoder.flush()
        assert full.wait(TIMEOUT)
        while not done.done():
            if kept:
                kept.pop(0).close()
        done.result(TIMEOUT)
    for each in kept:
        each.close()
    assert len(counts) == 40
    assert max(counts) == 5


def test_after_a_reset_in_a_callback_nothing_of_the_batch_comes() -> None:
    chunks, _ = chunks_in(sound("aac.m4a"))
    with Demuxer(sound("aac.m4a")) as demuxer:
        config = demuxer.audio_config
    queued, again, times = threading.Event(), threading.Event(), []

    def output(data: AudioData) -> None:
        assert queued.wait(TIMEOUT)
        times.append(data.timestamp)
        data.close()
        if len(times) == 4:
            decoder.reset()
            again.set()

    with AudioDecoder(output, print) as decoder:
        decoder.configure(config)
        for chunk in chunks[:30]:
            decoder.decode(chunk)
        queued.set()
        assert again.wait(TIMEOUT)
        decoder.configure(config)
        decoder.decode(chunks[35])
        decoder.flush().result(TIMEOUT)
    assert times == [*(chunk.timestamp for chunk in chunks[:4]), chunks[35].timestamp]


def test_a_callbacks_exception_keeps_nothing_of_the_batch() -> None:
    chunks, _ = chunks_in(sound("aac.m4a"))
    with Demuxer(sound("aac.m4a")) as demuxer:
        config = demuxer.audio_config
    queued, kept, last = threading.Event(), [], chunks[3].timestamp

    def output(data: AudioData) -> None:
        assert queued.wait(TIMEOUT)
        data.close()
        if data.timestamp >= last:
            raise ValueError("enough")

    with AudioDecoder(output, kept.append) as decoder:
        decoder.configure(config)
        for chunk in chunks[:20]:
            decoder.decode(chunk)
        done = decoder.flush()
        queued.set()
        with pytest.raises(ValueError, match="enough"):
            done.result(TIMEOUT)
    del chunks, chunk
    assert [str(error) for error in kept] == ["enough"]
    worker = decoder._engine._thread
    assert worker is not None
    worker.join(TIMEOUT)
    assert not live_handles()


def test_all_that_waits_is_taken_in_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    run = AudioDecoderDriver.run_batch

    def counting(self: AudioDecoderDriver, chunks: Any, outputs: Any) -> None:
        sizes.append(len(chunks))
        run(self, chunks, outputs)

    monkeypatch.setattr(AudioDecoderDriver, "run_batch", counting)
    chunks, _ = chunks_in(sound("aac.m4a"))
    with Demuxer(sound("aac.m4a")) as demuxer:
        found, said = decoded(demuxer.audio_config, chunks)
    assert len(found) == len(chunks)
    assert not said
    assert max(sizes) == AT_ONCE


@pytest.mark.attack
@pytest.mark.divided
@pytest.mark.parametrize("name", sorted(FILES))
def test_so_it_is_with_damage(name: str) -> None:
    dice = attack.dice(f"batches of sound {name}")
    data = sound(name).read_bytes()
    with Demuxer(sound(name)) as demuxer:
        config = demuxer.audio_config
    for _ in range(attack.rounds(1, 100)):
        bad = damaged(data, dice)
        found = chunks_in(io.BytesIO(bad))
        several = described(found), decoded(config, found[0]), pieces_of(bad)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PacketRun, "read", lambda _: [])
            patch.setattr(AudioDecoderDriver, "most", 1)
            patch.setattr(sound_run.ArrayRun, "go", lambda *_: None)
            assert described(found) == described(chunks_in(io.BytesIO(bad)))
            alone = described(found), decoded(config, found[0]), pieces_of(bad)
        assert several == alone
