"""A buffer beside a pickle holds the decoder's slot, and a decoder that waits for it says so."""

from __future__ import annotations

import gc
import pickle
from typing import Any

import pytest
from audio_decode_helpers import chunks_of, media
from clips import clip

import ffwebcodecs
from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    Demuxer,
    FramePoolExhaustedError,
    FramePoolWarning,
    VideoDecoder,
    VideoFrame,
)
from ffwebcodecs._runtime.pool import FramePool, PumpedPool, export, frame_pool

PATIENCE = 10.0
Buffers = list[pickle.PickleBuffer]


def load(count: int) -> tuple[Any, list[Any]]:
    with Demuxer(clip("h264-bframes.mp4")) as demuxer:
        return demuxer.video_config, list(demuxer.chunks())[:count]


def decoded(decoder: VideoDecoder, frames: list[VideoFrame], count: int) -> list[Any]:
    """Decode until `count` frames are there; return the chunks that are left."""
    config, chunks = load(count)
    decoder.configure(config)
    for chunk in chunks:
        decoder.decode(chunk)
    decoder.flush().result(PATIENCE)
    assert len(frames) == count
    return chunks


@pytest.mark.parametrize("order", [1, -1])
def test_the_lease_goes_back_with_the_last_buffer(order: int) -> None:
    frames: list[VideoFrame] = []
    with VideoDecoder(frames.append, pytest.fail, frame_pool_size=4) as decoder:
        decoded(decoder, frames, 1)
        buffers: Buffers = []
        text = pickle.dumps(frames[0], 5, buffer_callback=buffers.append)
        frames[0].close()
        assert decoder.pool.in_use == 1
        with pickle.loads(text, buffers=buffers):
            left = buffers[::order]
            buffers.clear()
            while left:
                assert decoder.pool.in_use == 1
                left.pop()
            assert decoder.pool.in_use == 1  # the frame over them is there still
        gc.collect()
        assert decoder.pool.in_use == 0


def test_pickles_in_band_hold_nothing() -> None:
    frames: list[VideoFrame] = []
    with VideoDecoder(frames.append, pytest.fail) as decoder:
        decoded(decoder, frames, 1)
        for protocol in (4, 5):
            pickle.loads(pickle.dumps(frames[0], protocol)).close()
        frames[0].close()
        assert decoder.pool.in_use == 0


@pytest.mark.parametrize("make", [FramePool, frame_pool])
def test_a_frame_that_is_sent_very_often_remembers_only_what_is_there(make: Any) -> None:
    pool = make(4)
    lease = pool.lend(0)
    kept = [export(lease, f"place {number}") for number in range(3)]
    for _ in range(1000):
        export(lease, "gone")
    is_pump = isinstance(pool, PumpedPool)
    places = pool._leases.held(1)[0][2] if is_pump else lease._places
    assert len(places) <= 64
    (held,) = pool.held()
    assert held.is_exported
    assert held.places == ["place 0", "place 1", "place 2"]
    del lease
    assert pool.stats().in_use == 1
    kept.clear()
    assert pool.stats().in_use == 0


def stalled(decoder: VideoDecoder, chunks: list[Any]) -> str:
    for chunk in chunks:
        decoder.decode(chunk)
    with pytest.raises(FramePoolExhaustedError) as failure, pytest.warns(FramePoolWarning):
        decoder.flush().result(PATIENCE)
    return str(failure.value)


def test_a_decoder_that_waits_names_the_buffers() -> None:
    frames: list[VideoFrame] = []
    options = {"frame_pool_size": 3, "stall_timeout": 0.05}
    with VideoDecoder(frames.append, pytest.fail, **options) as decoder:
        chunks = decoded(decoder, frames, 3)
        one: Buffers = []
        two: Buffers = []
        pickle.dumps(frames[0], 5, buffer_callback=one.append)
        frames[0].close()
        said = stalled(decoder, chunks)
        assert "3 of 3 in its pool are out, 1 held by a pickle buffer: 0 us for" in said
        assert "drop the buffers of pickles" in said
        pickle.dumps(frames[1:3], 5, buffer_callback=two.append)
        with pytest.raises(FramePoolExhaustedError, match="out, 3 held by pickle buffers: 0 us"):
            decoder.flush().result(PATIENCE)
        two.clear()
        frames[1].close()
        del one[:]
        frames[2].close()
        decoder.flush().result(PATIENCE)
        for frame in frames:
            frame.close()
        assert decoder.pool.in_use == 0


def test_tracing_says_where_the_pickle_was_made() -> None:
    frames: list[VideoFrame] = []
    ffwebcodecs.trace_frames(True)
    try:
        options = {"frame_pool_size": 1, "stall_timeout": 0.05}
        with VideoDecoder(frames.append, pytest.fail, **options) as decoder:
            chunks = decoded(decoder, frames, 1)
            buffers: Buffers = []
            pickle.dumps(frames[0], 5, buffer_callback=buffers.append)
            frames[0].close()
            said = stalled(decoder, chunks)
            assert f"{__file__}:" in said
            assert "held since" in said and "pickle buffer)" in said
            buffers.clear()
            decoder.flush().result(PATIENCE)
    finally:
        ffwebcodecs.trace_frames(False)
        for frame in frames:
            frame.close()


def test_sound_is_held_as_well() -> None:
    config, packets = media("aac_stereo")
    sounds: list[AudioData] = []
    buffers: Buffers = []
    with AudioDecoder(sounds.append, pytest.fail, frame_pool_size=4) as decoder:
        decoder.configure(config)
        for chunk in chunks_of(packets[:3]):
            decoder.decode(chunk)
        decoder.flush().result(PATIENCE)
        out = decoder.pool.in_use
        pickle.dumps(sounds[0], 5, buffer_callback=buffers.append)
        for data in sounds:
            data.close()
        assert (out > 1, decoder.pool.in_use) == (True, 1)
        buffers.clear()
        assert decoder.pool.in_use == 0
