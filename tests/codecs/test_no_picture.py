"""A chunk in which nothing is a picture is an EncodingError that names it, in every codec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attack
import pytest
from clips import FRAMES, clip
from decode_helpers import TIMEOUT
from encode_helpers import Output, config_of, encode, frames, need, settings

from ffwebcodecs import (
    EncodedVideoChunk,
    EncodingError,
    VideoDecoder,
    VideoDecoderConfig,
    WebCodecsError,
    read_frames,
)

pytestmark = pytest.mark.divided
START = b"\0\0\0\1"


def prefixed(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


# Delimiters, ends, filler, supplemental information, types that are not defined: units, no slices.
AVC_UNITS = [b"\x09\xf0", b"\x0a", b"\x0b", b"\x06\x05\x01\0\x80", b"\x0c\xff\x80", b"\x1e\xff"]
HEVC_UNITS = [
    *(b"\x46\x01\x50", b"\x48\x01", b"\x4a\x01", b"\x4c\x01\xff\x80"),
    *(b"\x4e\x01\x05\x01\0\x80", b"\x7c\x01\xff", b"\xff" * 100),
]
ZEROS, ONES = b"\0" * 100, b"\xff" * 100
JUNK: dict[str, tuple[str, str, dict[str, Any], list[bytes]]] = {
    "avc annexb": (
        *("avc1.42001E", "libx264", {"avc": {"format": "annexb"}}),
        [ZEROS, ONES, START + ONES, *(START + u for u in (*AVC_UNITS, b"\x09\xf0" * 3000))],
    ),
    "avcC": (
        *("avc1.42001E", "libx264", {}),
        [ZEROS, ONES, prefixed(*AVC_UNITS), *map(prefixed, AVC_UNITS)],
    ),
    "hevc annexb": (
        *("hvc1.1.6.L93.B0", "libx265", {"hevc": {"format": "annexb"}}),
        [ZEROS, ONES, *(START + u for u in HEVC_UNITS), START.join([b"", *HEVC_UNITS])],
    ),
    "hvcC": (
        *("hvc1.1.6.L93.B0", "libx265", {}),
        [ZEROS, ONES, prefixed(*HEVC_UNITS), *map(prefixed, HEVC_UNITS)],
    ),
    "vp8": ("vp8", "libvpx", {}, [ZEROS, ONES, b"\x01"]),
    "vp9": ("vp09.00.10.08", "libvpx-vp9", {}, [ZEROS, ONES, b"\x01", b"\x80"]),
    "av1": (
        *("av01.0.04M.08", "libaom-av1", {}),
        # A delimiter, metadata, padding, a tile list, types that are not defined.
        [ZEROS, ONES, b"\x12\0", b"\x2a\3\1\2\x80", b"\x7a\2\0\0", b"\x42\1\0", b"\x4a\1\0"],
    ),
    "mpeg4": ("ffmpeg:mpeg4", "mpeg4", {}, [ZEROS, ONES, b"\0\0\1\xb3abcde", b"\0\0\1\xb2x"]),
    "mpeg2": ("ffmpeg:mpeg2video", "mpeg2video", {}, [ZEROS, ONES, b"\0\0\1\xb7", b"\0\0\1\xb2x"]),
    "mpeg1": ("ffmpeg:mpeg1video", "mpeg1video", {}, [ZEROS, ONES, b"\0\0\1\xb7", b"\0\0\1\xb2x"]),
    "vc2": ("ffmpeg:vc2", "vc2", {}, [ZEROS, ONES, b"BBCD\x10" + b"\0" * 8, b"BBCD"]),
    "mjpeg": ("ffmpeg:mjpeg", "mjpeg", {}, [ZEROS, ONES]),
    "prores": ("ffmpeg:prores", "prores", {}, [ZEROS, ONES]),
}


def by_hand(output: Output, timestamp: int) -> EncodedVideoChunk:
    chunk = output.chunk
    return EncodedVideoChunk(type=chunk.type, timestamp=timestamp, data=bytes(chunk.data))


def end_of(
    config: VideoDecoderConfig, chunks: list[EncodedVideoChunk], threads: int
) -> tuple[list[int], BaseException]:
    found: list[int] = []
    errors: list[BaseException] = []
    decoder = VideoDecoder(lambda f: (found.append(f.timestamp), f.close()), errors.append)
    with decoder:
        decoder.configure({**vars(config), "threads": threads})
        try:
            for chunk in chunks:
                decoder.decode(chunk)
            decoder.flush().result(TIMEOUT)
        except WebCodecsError:
            pass  # it is in `errors`
    [error] = errors
    return found, error


# Those that are not left to FFmpeg, which reports later where it has frame threads.
OURS = ("avc annexb", "avcC", "hevc annexb", "hvcC", "av1", "mpeg2", "mpeg1", "vc2")


@pytest.mark.parametrize(
    ("name", "threads"), [*((name, 1) for name in JUNK), *((name, 4) for name in OURS)]
)
def test_it_is_an_error_that_names_the_chunk(name: str, threads: int) -> None:
    codec, encoder, extra, junk = JUNK[name]
    need(encoder)
    outputs = encode(settings(codec, latency_mode="realtime", **extra), frames(3))
    config = VideoDecoderConfig.parse(config_of(outputs))
    for data in junk:
        chunks = [
            by_hand(outputs[0], 0),
            by_hand(outputs[1], 1000),
            EncodedVideoChunk(type="delta", timestamp=2000, data=data),
        ]
        found, error = end_of(config, chunks, threads)
        assert (found, type(error)) == ([0, 1000], EncodingError), data
        assert error.timestamp == 2000, data  # type: ignore[attr-defined]
        times: list[int] = []
        with pytest.raises(EncodingError) as caught:
            for frame in read_frames(chunks, config, threads=threads):
                times.append(frame.timestamp)
                frame.close()
        assert (times, caught.value.timestamp) == ([0, 1000], 2000), data


@pytest.mark.parametrize("name", [n for n in JUNK if n not in ("mjpeg", "prores")])
def test_a_picture_among_others_is_found(name: str) -> None:
    codec, encoder, extra, junk = JUNK[name]
    need(encoder)
    outputs = encode(settings(codec, latency_mode="realtime", **extra), frames(8))
    chunks = [by_hand(output, index * 1000) for index, output in enumerate(outputs)]
    if name in ("hevc annexb", "hvcC", "avc annexb", "avcC"):
        # Units without a picture before those with one.
        more = junk[-1] if name.startswith("hevc") else junk[2] if name == "hvcC" else junk[3]
        more = prefixed(AVC_UNITS[3]) if name == "avcC" else more
        more = START + AVC_UNITS[3] if name == "avc annexb" else more
        more = START + HEVC_UNITS[4] if name == "hevc annexb" else more
        more = prefixed(HEVC_UNITS[4]) if name == "hvcC" else more
        chunks[4] = EncodedVideoChunk(
            type=chunks[4].type, timestamp=4000, data=more + bytes(chunks[4].data)
        )
    times = []
    for frame in read_frames(chunks, config_of(outputs)):
        times.append(frame.timestamp)
        frame.close()
    assert times == [index * 1000 for index in range(8)]


def test_the_end_of_a_sequence_is_no_damage_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.hevc"
    path.write_bytes(clip("hevc-bframes.hevc").read_bytes() + START + b"\x48\1" + START + b"\x4a\1")
    count = 0
    for frame in read_frames(path):
        frame.close()
        count += 1
    assert count == FRAMES


@pytest.mark.attack
def test_hevc_units_of_any_kind_without_a_slice() -> None:
    need("libx265")
    chance, failed = attack.dice("no picture"), 0
    config = {"codec": "hvc1.1.6.L93.B0", "hevc": {"format": "annexb"}}
    outputs = encode(settings(**config, latency_mode="realtime"), frames(1))
    known = VideoDecoderConfig.parse(config_of(outputs))
    tries = attack.rounds(10, 500)
    for _ in range(tries):
        data = b""
        for _ in range(chance.randrange(1, 6)):
            kind = chance.randrange(35, 64)
            body = bytes(chance.randrange(2, 256) for _ in range(chance.randrange(30)))
            data += START[chance.randrange(2) :] + bytes((kind << 1, 1)) + body
        chunks = [
            by_hand(outputs[0], 0),
            EncodedVideoChunk(type="delta", timestamp=1, data=data),
        ]
        found, error = end_of(known, chunks, 1)
        failed += (found, type(error), getattr(error, "timestamp", None)) != (
            *([0], EncodingError, 1),
        )
    attack.report("chunks without a picture", tries, failed, "no error, or of another chunk")
    assert not failed
