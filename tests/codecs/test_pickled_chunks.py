"""Chunks in pickles: their bytes are not copied, and what a container said of them comes along."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import clip
from encode_helpers import need
from frame_helpers import pattern

from ffwebcodecs import (
    DataError,
    Demuxer,
    EncodedAudioChunk,
    EncodedVideoChunk,
    InvalidArgumentError,
    InvalidStateError,
    Muxer,
    VideoDecoder,
    VideoFrame,
    open_handles,
    write_frames,
)

KINDS = [EncodedVideoChunk, EncodedAudioChunk]
DATA = bytes(range(200))


def make(kind: Any = EncodedVideoChunk, data: Any = DATA, **options: Any) -> Any:
    return kind(**{"type": "delta", "timestamp": -7, "duration": 40, "data": data, **options})


def said(chunk: Any) -> tuple[object, ...]:
    return type(chunk), chunk.type, chunk.timestamp, chunk.duration, bytes(chunk.data)


def beside(thing: object) -> tuple[bytes, list[pickle.PickleBuffer]]:
    buffers: list[pickle.PickleBuffer] = []
    return pickle.dumps(thing, 5, buffer_callback=buffers.append), buffers


def sent(chunk: Any) -> Any:
    text, buffers = beside(chunk)
    return pickle.loads(text, buffers=[bytes(buffers[0].raw())])


@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_travel_beside_the_pickle_uncopied(kind: Any) -> None:
    chunk = make(kind)
    text, (buffer,) = beside(chunk)
    assert buffer.raw().readonly
    wanted, shown = said(chunk), np.frombuffer(chunk.data, np.uint8)
    other = pickle.loads(text, buffers=[buffer])
    assert said(other) == wanted
    assert np.shares_memory(np.frombuffer(buffer.raw(), np.uint8), shown)
    assert np.shares_memory(np.frombuffer(other.data, np.uint8), shown)
    del chunk, shown
    assert said(other) == wanted
    del other, buffer
    assert open_handles()["packet"] == open_handles()["buffer"] == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [DATA, b""])
def test_all_of_a_chunk_comes_back_by_every_protocol(kind: Any, data: bytes) -> None:
    chunk = make(kind, data, duration=None)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert said(pickle.loads(pickle.dumps(chunk, protocol))) == said(chunk)
    assert said(copy.copy(chunk)) == said(copy.deepcopy(chunk)) == said(chunk)
    for number in (2**63 - 1, -(2**63)):
        assert pickle.loads(pickle.dumps(make(kind, timestamp=number))).timestamp == number


def test_sent_chunks_make_the_same_file() -> None:
    # B-frames: their decoding times are the container's, no chunk shows them.
    files = []
    for is_sent in (False, True):
        with Demuxer(clip("h264-bframes.mp4")) as demuxer:
            sink = io.BytesIO()
            with Muxer(sink, format="mp4") as muxer:
                for chunk in demuxer.chunks():
                    muxer.add_chunk(sent(chunk) if is_sent else chunk, demuxer.video_config)
            files.append(sink.getvalue())
    assert files[0] == files[1]


def test_coded_alpha_comes_along(tmp_path: Path) -> None:
    need("libvpx-vp9")
    path = tmp_path / "alpha.webm"
    size = {"coded_width": 32, "coded_height": 32}
    frames = [
        VideoFrame(pattern("I420A", 32, 32, seed), format="I420A", timestamp=40_000 * seed, **size)
        for seed in range(2)
    ]
    write_frames(frames, path, codec="vp09.00.10.08", alpha="keep")
    found: list[list[bytes]] = []
    for is_sent in (False, True):
        pictures: list[bytes] = []
        with (
            Demuxer(path) as demuxer,
            VideoDecoder(
                lambda frame, to=pictures: to.append(_alpha(frame)), pytest.fail
            ) as decoder,
        ):
            decoder.configure(demuxer.video_config)
            for chunk in demuxer.chunks():
                decoder.decode(pickle.loads(pickle.dumps(chunk, 5)) if is_sent else chunk)
            decoder.flush().result(20)
        found.append(pictures)
    assert found[0] == found[1]
    assert len(found[0]) == 2


def _alpha(frame: VideoFrame) -> bytes:
    with frame:
        assert frame.format == "I420A"
        return frame.planes[3].to_ndarray().tobytes()


# ---- what is damaged ---------------------------------------------------------------------------


def restored(kind: Any, state: Any) -> Any:
    made = kind.__new__(kind)
    made.__setstate__(state)
    return made


def test_a_later_format_is_refused_and_says_who_made_it() -> None:
    with pytest.raises(DataError, match=r"an EncodedAudioChunk has format 3, made by 'x 9'"):
        restored(EncodedAudioChunk, (3, "x 9"))


def test_a_state_is_given_once() -> None:
    chunk = make()
    with pytest.raises(InvalidStateError, match="once"):
        chunk.__setstate__(chunk.__reduce_ex__(4)[2])
    assert bytes(chunk.data) == DATA


PACKET = (None, None, 0, 0, ())


@pytest.mark.parametrize(
    "change",
    [
        {"type": "other"},
        {"timestamp": 2**63},
        {"duration": -1},
        {"is_from_container": 3},
        {"packet": None},
        {"packet": PACKET[:4]},
        {"packet": (2**63, *PACKET[1:])},
        {"packet": (None, 1.5, 0, 0, ())},
        {"packet": (None, None, None, 0, ())},
        {"packet": (None, None, 0, "1", ())},
        {"packet": (None, None, 0, 0, (("Skip Samples", b"1"),))},
        {"packet": (None, None, 0, 0, (("Palette", bytes(1023)),))},
        {"packet": (None, None, 0, 0, (("CPB properties", bytes(99)),))},
        {"packet": (None, None, 0, 0, ((5, bytes(99)),))},
        {"packet": (None, None, 0, 0, (("Palette", 5),))},
        {"packet": (None, None, 0, 0, (5,))},
    ],
)
def test_a_damaged_pickle_is_refused(change: dict[str, Any]) -> None:
    version, maker, values, pieces = make().__reduce_ex__(4)[2]
    with pytest.raises((DataError, InvalidArgumentError)):
        restored(EncodedVideoChunk, (version, maker, values | change, pieces))
    with pytest.raises(DataError):
        restored(EncodedVideoChunk, (version, maker, values, pieces * 2))
    with pytest.raises(InvalidArgumentError):
        restored(EncodedVideoChunk, (version, maker, values, (5,)))


def test_trust_is_not_sent() -> None:
    # A trusted packet's bytes may be pointers that FFmpeg follows.
    version, maker, values, pieces = make().__reduce_ex__(4)[2]
    packet = (*PACKET[:3], 8 | 1, ())
    made = restored(EncodedVideoChunk, (version, maker, values | {"packet": packet}, pieces))
    assert made._ptr.flags == 1
