"""After a damaged chunk nothing of later chunks comes out, however many threads decode; the error
names the chunk.

Threads decode pictures ahead of the one that fails; what refers to it is wrong, and looks right.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import attack
import pytest
from decode_helpers import TIMEOUT, Record, Sink, Stream
from encode_helpers import need

from ffwebcodecs import (
    EncodedVideoChunk,
    EncodingError,
    VideoDecoderConfig,
    VideoEncoder,
    VideoFrame,
    WebCodecsError,
    read_frames,
)

COUNT, SIZE = 24, 64
JUNK = (b"", b"\xff" * 100, bytes(50), b"\x7f\xff\xff\xff\x41\x9a")


class Kind(NamedTuple):
    encoder: str
    codec: str
    config: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    conceals: bool = False  # junk may pass for a picture


B_FRAMES = {"encoder_options": {"bf": "3"}}
KINDS = {
    "vp8": Kind("libvpx", "vp8", {"latency_mode": "realtime"}),
    "vp8 with frames that are not shown": Kind("libvpx", "vp8"),
    "vp9": Kind("libvpx-vp9", "vp09.00.10.08", {"latency_mode": "realtime"}),
    "vp9 with superframes": Kind("libvpx-vp9", "vp09.00.10.08"),
    "h264": Kind("libx264", "avc1.42001E"),
    "h264 with B-frames": Kind("libx264", "avc1.640015", B_FRAMES),
    "hevc with B-frames": Kind("libx265", "hvc1.1.6.L93.B0", B_FRAMES),
    "av1": Kind("libaom-av1", "av01.0.04M.08", {"latency_mode": "realtime"}),
    "mpeg4": Kind("mpeg4", "ffmpeg:mpeg4"),
    "mpeg4 with B-frames": Kind("mpeg4", "ffmpeg:mpeg4", {"encoder_options": {"bf": "2"}}),
    "mpeg2": Kind("mpeg2video", "ffmpeg:mpeg2video", {"encoder_options": {"bf": "2"}}),
    "ffv1": Kind("ffv1", "ffmpeg:ffv1"),
    "png": Kind("png", "ffmpeg:png"),
    "huffyuv": Kind("huffyuv", "ffmpeg:huffyuv"),
    "jpeg": Kind("mjpeg", "ffmpeg:mjpeg"),
}
_made: dict[str, Stream] = {}


def encoded(name: str) -> Stream:
    """Return moving pictures, each of which differs from the one before."""
    kind = KINDS[name]
    need(kind.encoder)
    if name in _made:
        return _made[name]
    records: list[Record] = []
    configs: list[VideoDecoderConfig] = []

    def output(chunk: EncodedVideoChunk, metadata: Any) -> None:
        records.append(Record(chunk.type, chunk.timestamp, chunk.duration, bytes(chunk.data)))
        if metadata.decoder_config is not None:
            configs.append(metadata.decoder_config)

    with VideoEncoder(output, print) as encoder:
        encoder.configure({"codec": kind.codec, "width": SIZE, "height": SIZE, **kind.config})
        for i in range(COUNT):
            luma = bytes((x * y + 7 * i) & 255 for y in range(SIZE) for x in range(SIZE))
            with VideoFrame(
                luma + bytes([3 * i]) * (SIZE * SIZE // 2),
                format="I420",
                coded_width=SIZE,
                coded_height=SIZE,
                timestamp=1000 * (i + 1),
            ) as frame:
                encoder.encode(frame, key_frame=i == 0)
        encoder.flush().result(TIMEOUT)
    _made[name] = Stream(replace(configs[0], _native=None), tuple(records))
    return _made[name]


class Pictures(Sink):
    """A sink that keeps what the frames show."""

    def __init__(self) -> None:
        super().__init__(lambda frame: self.shown.update({frame.timestamp: look(frame)}))
        self.shown: dict[int, bytes] = {}


def look(frame: VideoFrame) -> bytes:
    return frame.to_ndarray().tobytes()


def decode(config: VideoDecoderConfig, records: list[Record], threads: int) -> Pictures:
    sink = Pictures()
    with sink.decoder(frame_pool_size=None) as decoder:
        decoder.configure(replace(config, threads=threads))
        try:
            for record in records:
                decoder.decode(record.chunk())
            decoder.flush().result(TIMEOUT)
        except WebCodecsError:
            assert sink.failed.wait(TIMEOUT)
    return sink


def wrong(name: str, clean: Pictures, at: int, got: Pictures) -> str | None:
    """Return what is wrong after chunk `at` was damaged."""
    records = encoded(name).records
    if not got.errors:
        return None  # concealed: it is whoever decodes with one thread who says whether it is
    timestamp = getattr(got.errors[0], "timestamp", None)
    if type(got.errors[0]) is not EncodingError or timestamp != records[at].timestamp:
        return f"{got.errors} name {timestamp}"
    before = {record.timestamp for record in records[:at]} & clean.shown.keys()
    if set(got.frames) != before or len(got.frames) != len(before):
        return f"frames {got.frames}"
    if any(got.shown[time] != clean.shown[time] for time in before):
        return "a picture is another one"
    return None


@pytest.mark.attack
@pytest.mark.divided
@pytest.mark.parametrize("name", KINDS)
def test_only_frames_of_chunks_before_the_damage_come_out(name: str) -> None:
    config, records = encoded(name)
    clean = decode(config, list(records), 1)
    assert clean.frames == [1000 * (i + 1) for i in range(COUNT)]
    dice = attack.dice(f"damage {name}")
    places = range(1, len(records))
    harms, tries = [], 0
    for at in sorted(dice.sample(places, attack.rounds(1, len(places)))):
        for junk in JUNK:
            damaged = list(records)
            damaged[at] = damaged[at]._replace(data=junk)
            one = decode(config, damaged, 1)
            if one.errors and getattr(one.errors[0], "timestamp", 0) > records[at].timestamp:
                continue  # concealed (dav1d passes over zeros); a later chunk misses a picture
            for threads in (1, *dice.sample((2, 3, 4, 8, 16), attack.rounds(1, 5))):
                tries += 1
                got = one if threads == 1 else decode(config, damaged, threads)
                harm = wrong(name, clean, at, got)
                if bool(got.errors) != bool(one.errors):
                    harm = f"errors {got.errors}, with one thread {one.errors}"
                if harm:
                    harms.append(f"{junk[:4]!r} at {at}, {threads} threads: {harm}")
    attack.report(
        f"damaged chunk, {name}", tries, len(harms), "another frame, or another chunk named"
    )
    assert not harms


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", ["vp8", "h264 with B-frames", "vp9 with superframes", "av1"])
def test_read_frames_gives_the_frames_before_the_damage_then_the_error(
    name: str, threads: int
) -> None:
    config, records = encoded(name)
    at = 12
    damaged = list(records)
    damaged[at] = damaged[at]._replace(data=JUNK[1])
    times: list[int] = []
    with pytest.raises(EncodingError) as caught:
        times.extend(
            frame.timestamp
            for frame in read_frames(
                (record.chunk() for record in damaged), config, threads=threads
            )
        )
    assert caught.value.timestamp == records[at].timestamp
    assert times == sorted(record.timestamp for record in records[:at])


@pytest.mark.divided
@pytest.mark.parametrize("threads", [1, 2, 16])
@pytest.mark.parametrize("name", KINDS)
def test_an_empty_chunk_is_named(name: str, threads: int) -> None:
    config, records = encoded(name)
    at = 7
    damaged = list(records)
    damaged[at] = damaged[at]._replace(data=b"")
    got = decode(config, damaged, threads)
    assert [getattr(error, "timestamp", None) for error in got.errors] == [records[at].timestamp]
    assert set(got.frames) <= {record.timestamp for record in records[:at]}


@pytest.mark.parametrize("threads", [1, 4])
def test_frames_before_the_damage_come_out_with_equal_timestamps_too(threads: int) -> None:
    config, records = encoded("vp8")
    damaged = [record._replace(timestamp=5) for record in records]
    damaged[10] = damaged[10]._replace(data=JUNK[1])
    got = decode(config, damaged, threads)
    assert [getattr(error, "timestamp", None) for error in got.errors] == [5]
    assert got.frames == [5] * 10
