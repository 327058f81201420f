"""Encoders give the same chunks with the pump and without, whatever frames they get."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

from ffwebcodecs import Rect, VideoEncoder, VideoFrame, open_handles
from ffwebcodecs._av import pump

needs_pump = pytest.mark.skipif(pump.get() is None, reason="the pump was not built here")
SIZE = 64
CONFIGS: dict[str, dict[str, Any]] = {
    "lengths": {"codec": "avc1.42001E"},
    "start codes": {"codec": "avc1.42001E", "avc": {"format": "annexb"}},
    "B-frames": {"codec": "avc1.640020", "encoder_options": {"bf": "2", "preset": "veryfast"}},
    "layers": {"codec": "vp8", "scalability_mode": "L1T2", "bitrate": 200_000},
    "quantizers": {"codec": "avc1.42001E", "bitrate_mode": "quantizer"},
    "MPEG-4": {"codec": "ffmpeg:mpeg4"},
    "lossless": {"codec": "ffmpeg:ffv1"},
    "pictures": {"codec": "ffmpeg:png"},
}


@pytest.fixture
def without_pump(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    def leave_out() -> None:
        monkeypatch.setattr(pump._known, "module", None)

    yield leave_out
    monkeypatch.undo()


def frames() -> Iterator[VideoFrame]:
    """Yield frames that may be read where they are, and such that may not."""
    slope = numpy.add.outer(numpy.arange(SIZE * 3), numpy.arange(SIZE)).astype(numpy.uint8)
    times = [0, 33_333, 66_667, 66_667, 50_000, 90_000, 5_000_000, 5_033_333]
    for number, time in enumerate([*times, *range(6_000_000, 7_000_000, 40_000)]):
        pixels = slope[number : number + SIZE * 3 // 2].copy()
        duration = None if number % 5 == 4 else 33_333
        lent = number % 3 == 1  # the encoder might read past its end
        yield VideoFrame(
            pixels,
            format="I420",
            coded_width=SIZE,
            coded_height=SIZE,
            timestamp=time,
            duration=duration,
            transfer=lent,
        )
    with VideoFrame(
        slope,
        format="I420",
        coded_width=SIZE,
        coded_height=SIZE * 2,
        timestamp=8_000_000,
    ) as tall:
        yield VideoFrame(tall, visible_rect=Rect(0, SIZE, SIZE, SIZE))
        yield VideoFrame(tall, timestamp=8_100_000, visible_rect=Rect(0, 0, SIZE, SIZE))
        yield VideoFrame(tall, timestamp=8_200_000)  # to be scaled


def encoded(config: dict[str, Any]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    errors: list[BaseException] = []

    def take(chunk: Any, metadata: Any) -> None:
        said = chunk.type, chunk.timestamp, chunk.duration, bytes(chunk.data)
        config = metadata.decoder_config
        found.append((*said, metadata.svc, config and (config.codec, config.description)))

    with VideoEncoder(take, errors.append) as encoder:
        encoder.configure({"width": SIZE, "height": SIZE, "threads": 1, **config})
        for number, frame in enumerate(frames()):
            with frame:
                encoder.encode(frame, key_frame=number == 9, quantizer=20 + number % 9)
        encoder.flush().result(60)
        for number, frame in enumerate(frames()):  # the encoder is opened anew
            with frame:
                encoder.encode(frame, key_frame=number == 3)
        encoder.flush().result(60)
    assert not errors, errors
    return found


@needs_pump
@pytest.mark.parametrize("name", CONFIGS)
def test_python_encodes_the_same(name: str, without_pump: Callable[[], None]) -> None:
    config = CONFIGS[name]
    if not VideoEncoder.is_config_supported({"width": SIZE, "height": SIZE, **config}).supported:
        pytest.skip("this FFmpeg has no encoder for it")
    found = encoded(config)
    assert len(found) == 2 * len([frame.close() for frame in frames()])
    without_pump()
    assert encoded(config) == found


@needs_pump
def test_packets_of_encoders_are_counted_and_freed() -> None:
    gc.collect()
    before = open_handles()["packet"]
    chunks: list[object] = []
    with VideoEncoder(lambda chunk, _: chunks.append(chunk), print) as encoder:
        encoder.configure({"codec": "ffmpeg:ffv1", "width": SIZE, "height": SIZE, "threads": 1})
        for frame in frames():
            with frame:
                encoder.encode(frame)
        encoder.flush().result(60)
        assert open_handles()["packet"] >= before + len(chunks)
    chunks.clear()
    assert open_handles()["packet"] == before


@needs_pump
def test_the_pump_refuses_what_it_cannot_encode() -> None:
    module = pump.get()
    says, spans = (0,) * 8, ((0, 1),)
    for wrong in ((0, says, spans), (1, says, ()), (1, says, spans * 5), (1, says[1:], spans)):
        with pytest.raises(ValueError, match=r"."):
            module.Encoder(None, *wrong)
