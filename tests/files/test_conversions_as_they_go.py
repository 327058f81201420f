"""Conversions whose output goes out as it is made: what comes when, what stays after errors."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import clip
from convert_helpers import FAST, film
from mux_helpers import packets
from segments import Segments

from ffwebcodecs import (
    InvalidArgumentError,
    VideoFrame,
    WebCodecsError,
    read_frames,
    remux,
    transcode,
    write_frames,
)

ENCODE = {"encoder_options": {**FAST, "g": "25"}}
AS_IT_GOES: dict[str, Any] = {"format": "mp4", "fragmented": True}


class Sink(io.RawIOBase):
    """What is given, and how much of it was there at each step."""

    def __init__(self, most: int | None = None) -> None:
        self.data = b""
        self.most = most
        self.seen: list[int] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.most is not None and len(self.data) >= self.most:
            raise ConnectionResetError("the reader has left")
        self.data += data
        return len(data)

    def step(self, _: object) -> None:
        self.seen.append(len(self.data))


def frames_of(path: Path) -> Any:
    return read_frames(path)


CALLS: dict[str, Any] = {
    "remux": lambda sink, **more: remux(film(), sink, **more),
    "transcode": lambda sink, **more: transcode(film(), sink, **ENCODE, **more),
    "write_frames": lambda sink, **more: write_frames(
        read_frames(film()), sink, audio=film(), **ENCODE, **more
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_bytes_come_while_it_works(name: str, tmp_path: Path) -> None:
    sink = Sink()
    CALLS[name](sink, on_progress=sink.step, **AS_IT_GOES)
    assert 0 < sink.seen[-1] < len(sink.data)
    assert len(set(sink.seen)) > 2, "header and fragments come one by one"
    path = tmp_path / "a.mp4"
    path.write_bytes(sink.data)
    assert len(packets(path)) == 75
    assert packets(path, "a:0")


@pytest.mark.parametrize("name", CALLS)
def test_without_fragments_they_come_at_the_end(name: str) -> None:
    sink = Sink()
    CALLS[name](sink, on_progress=sink.step, format="mp4")
    assert set(sink.seen) == {0}
    assert sink.data


@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_the_object_reaches_the_caller(name: str) -> None:
    sink = Sink(most=2000)
    with pytest.raises(ConnectionResetError, match="the reader has left"):
        CALLS[name](sink, **AS_IT_GOES)
    assert sink.data[4:8] == b"ftyp", "what was written stays written"


@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_on_segment_reaches_the_caller(name: str, tmp_path: Path) -> None:
    def refuse(data: bytes, info: Any) -> None:
        if info.kind == "media":
            raise KeyError(info.index)

    path = tmp_path / "a.mp4"
    with pytest.raises(KeyError, match="1"):
        CALLS[name](path, fragmented=True, on_segment=refuse)
    assert not list(tmp_path.iterdir())


def test_what_stays_after_a_failure_half_way(tmp_path: Path) -> None:
    def stop_at(time: int) -> Any:
        def step(done: Any) -> None:
            if done.timestamp >= time:
                raise ZeroDivisionError

        return step

    sink, path = Sink(), tmp_path / "a.mp4"
    with pytest.raises(ZeroDivisionError):
        CALLS["remux"](sink, on_progress=stop_at(2_500_000), **AS_IT_GOES)
    path.write_bytes(sink.data)
    assert 25 <= len(packets(path)) < 75, "whole fragments, which can be played"
    with pytest.raises(ZeroDivisionError):
        CALLS["remux"](path, on_progress=stop_at(2_500_000), atomic=False, **AS_IT_GOES)
    assert 25 <= len(packets(path)) < 75
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError):
        CALLS["remux"](path, on_progress=stop_at(2_500_000), **AS_IT_GOES)
    assert path.read_bytes() == before, "with its own name only when it is complete"


def test_what_is_refused_gives_no_byte() -> None:
    def two_sizes() -> Any:
        for time in range(3):
            yield VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), timestamp=time * 40_000)

    for error, call in {
        "webm cannot hold": lambda sink: remux(
            clip("h264-bframes.mp4"), sink, format="webm", fragmented=True
        ),
        "require_all": lambda sink: transcode(
            film("recording.ts"), sink, format="ivf", fragmented=True, require_all=True
        ),
        "nothing lies|no frame|none lies|nothing of": lambda sink: transcode(
            film(), sink, start=9_000_000, **AS_IT_GOES
        ),
        "quantizer": lambda sink: write_frames(two_sizes(), sink, quantizer=99, **AS_IT_GOES),
    }.items():
        sink = Sink()
        with pytest.raises(WebCodecsError, match=error):
            call(sink)
        assert not sink.data, error


@pytest.mark.parametrize("call", [remux, transcode])
def test_a_wrong_duration_is_refused(call: Any) -> None:
    for wrong in (0, -1, float("nan"), "2"):
        with pytest.raises(InvalidArgumentError, match="fragment_duration"):
            call(clip("h264-bframes.mp4"), Sink(), fragment_duration=wrong, **AS_IT_GOES)


@pytest.mark.parametrize("name", CALLS)
def test_without_an_output_on_segment_takes_all(name: str, tmp_path: Path) -> None:
    got, path = Segments(), tmp_path / "a.mp4"
    CALLS[name](None, on_segment=got.take, **AS_IT_GOES)
    assert len(got.media) == 3
    path.write_bytes(got.init + b"".join(got.media))
    assert len(packets(path)) == 75
