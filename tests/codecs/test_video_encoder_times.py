"""Timestamps and durations come back exactly, whatever time base the encoder has."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from typing import Any

import attack
import pytest
from decode_helpers import TIMEOUT
from encode_helpers import (
    Outputs,
    config_of,
    decode,
    encode,
    frame_of,
    need,
    settings,
)

from ffwebcodecs import VideoFrame

pytestmark = pytest.mark.divided

CODECS = [
    ("avc1.42001E", "libx264"),
    ("avc1.64001E", "libx264"),
    ("hvc1.1.6.L93.B0", "libx265"),
    ("vp8", "libvpx"),
    ("vp09.00.10.08", "libvpx-vp9"),
    ("av01.0.04M.08", "libsvtav1"),
    ("av01.1.04M.08", "libaom-av1"),
    ("ffmpeg:mpeg4", "mpeg4"),
    ("ffmpeg:mpeg2video", "mpeg2video"),
    ("ffmpeg:mjpeg", "mjpeg"),
    ("ffmpeg:ffv1", "ffv1"),
    ("ffmpeg:prores", "prores"),
]
HOUR = 3_600_000_000
TIMES: dict[str, list[tuple[int, int | None]]] = {
    "steady": [(index * 33_333, 33_333) for index in range(8)],
    "variable": [(0, 1), (7, None), (40_001, 16), (40_002, 5), (99_999, 7), (1_000_003, 9)],
    "negative": [(-100_000, 40_000), (-60_000, 40_000), (-1, 1), (0, 40_000), (39_999, 1)],
    "gaps": [(0, 33_333), (HOUR, HOUR), (HOUR + 1, 1), (30 * HOUR, None)],
    "far": [(2**62, 5), (2**62 + 33_333, 2**64 - 1), (2**63 - 1, 0)],
    "far before": [(-(2**63) + 1, 5), (-(2**62), 0), (0, 7)],
}


def encode_at(codec: str, times: list[tuple[int, int | None]], **members: Any) -> Any:
    return encode(
        settings(codec, **members),
        (
            frame_of(index, timestamp=timestamp, duration=duration)
            for index, (timestamp, duration) in enumerate(times)
        ),
    )


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(("codec", "encoder"), CODECS)
def test_times_of_chunks_are_those_of_the_frames(codec: str, encoder: str, name: str) -> None:
    need(encoder)
    outputs = encode_at(codec, TIMES[name])
    found = sorted((output.chunk.timestamp, output.chunk.duration) for output in outputs)
    assert found == sorted(TIMES[name])


@pytest.mark.parametrize("framerate", [None, 1, 23.976, 30, 1000])
@pytest.mark.parametrize(("codec", "encoder"), CODECS)
def test_times_do_not_depend_on_the_frame_rate(
    codec: str, encoder: str, framerate: float | None
) -> None:
    need(encoder)
    level = {"avc1.42001E": "avc1.420034", "avc1.64001E": "avc1.640034"}.get(codec, codec)
    outputs = encode_at(level, TIMES["variable"], framerate=framerate)
    found = sorted((output.chunk.timestamp, output.chunk.duration) for output in outputs)
    assert found == sorted(TIMES["variable"])


@pytest.mark.parametrize(("codec", "encoder"), CODECS)
def test_decoding_times_go_up_and_are_not_after_presentation(codec: str, encoder: str) -> None:
    need(encoder)
    outputs = encode_at(codec, [(index * 40_000 + index % 3, 40_000) for index in range(20)])
    times = [(output.chunk._ptr.dts, output.chunk._ptr.pts) for output in outputs]
    assert all(dts <= pts for dts, pts in times)
    assert all(one[0] < other[0] for one, other in pairwise(times))
    assert [pts for _, pts in times] == [output.chunk.timestamp for output in outputs]


def test_b_frames_come_back_in_order() -> None:
    need("libx264")
    times = [(index * 20_000 + (index % 4) * 3_000, 20_000) for index in range(24)]
    outputs = encode_at("avc1.64001E", times, encoder_options={"bf": 3, "b_strategy": 0})
    order = [output.chunk.timestamp for output in outputs]
    assert order != sorted(order)  # there are B-frames
    found = decode(outputs, config_of(outputs))
    assert [frame.timestamp for frame in found] == [timestamp for timestamp, _ in times]


BACKWARDS: dict[str, list[tuple[int, int | None]]] = {
    "as in browsers": [(0, 33_333), (33_333, 33_333), (0, None), (0, 5)],
    "all the same": [(7, 1)] * 6,
    "downwards": [(100_000 - index * 33_333, 33_333) for index in range(6)],
    "joined": [(index % 4 * 40_000, 40_000) for index in range(12)],
    "extremes": [(2**63 - 1, 1), (-(2**63), 1), (2**63 - 1, 1), (0, 2**64 - 1)],
    "to and fro": [(0, 1), (HOUR, 1), (1, 1), (2 * HOUR, 1), (HOUR, 1), (HOUR, 1)],
}


@pytest.mark.parametrize("mode", ["quality", "realtime"])
@pytest.mark.parametrize("name", BACKWARDS)
@pytest.mark.parametrize(("codec", "encoder"), CODECS)
def test_times_that_repeat_or_go_back_come_back_in_order(
    codec: str, encoder: str, name: str, mode: str
) -> None:
    need(encoder)
    outputs = encode_at(codec, BACKWARDS[name], latency_mode=mode)
    found = [(output.chunk.timestamp, output.chunk.duration) for output in outputs]
    assert found == BACKWARDS[name]


def test_a_time_may_go_back_in_the_middle_of_a_live_encoder() -> None:
    need("libvpx")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        for timestamps in ([10_000, 10_000, -5], [-7, -7]):
            encoder.configure(settings("vp8"))
            for timestamp in timestamps:
                with frame_of(0, timestamp=timestamp) as frame:
                    encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
    assert not outputs.errors
    assert [output.chunk.timestamp for output in outputs.list] == [10_000, 10_000, -5, -7, -7]


@pytest.mark.attack
def test_any_times_come_back() -> None:
    need("libvpx")
    chance, failed = attack.dice("encoder times"), 0
    tries = attack.rounds(10, 400)
    for _ in range(tries):
        steps = [0, 0, 1, -1, 40_000, -40_000, HOUR, -HOUR, 2**60, -(2**60)]
        times: list[tuple[int, int | None]] = [(chance.randrange(-(10**6), 10**6), None)]
        for _ in range(chance.randrange(1, 20)):
            timestamp = times[-1][0] + chance.choice(steps)
            times.append((max(-(2**63), min(2**63 - 1, timestamp)), chance.choice([None, 0, 5])))
        codec = chance.choice(["vp8", "avc1.42001E", "ffmpeg:mpeg4", "ffmpeg:ffv1"])
        rate = chance.choice([None, 1, 29.97, 1000])
        outputs = encode_at(codec, times, framerate=rate)
        failed += [(one.chunk.timestamp, one.chunk.duration) for one in outputs] != times
    attack.report("times of frames", tries, failed, "chunks without the time of their frame")
    assert not failed


def test_a_frame_without_duration_gives_a_chunk_without() -> None:
    need("libvpx")
    with frame_of(0, duration=None) as frame:
        assert isinstance(frame, VideoFrame)
        outputs = encode(settings("vp8"), [frame])
    assert outputs[0].chunk.duration is None


def test_the_ffmpeg_program_sees_the_configured_frame_rate(tmp_path: Any) -> None:
    need("libx264")
    times = [(index * 40_000, 40_000) for index in range(6)]
    outputs = encode_at("avc1.42001E", times, avc={"format": "annexb"}, framerate=25)
    path = tmp_path / "stream.h264"
    path.write_bytes(b"".join(bytes(output.chunk.data) for output in outputs))
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=r_frame_rate", "-of", "csv=p=0", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[0] == "25/1"
