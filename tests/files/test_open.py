"""Opening a file for decoding: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clips import clip
from mux_helpers import packets

from ffwebcodecs import (
    Demuxer,
    NotSupportedError,
    ffmpeg_info,
    open_handles,
    read_frames,
    remux,
    transcode,
)


@pytest.fixture
def undecodable() -> bytes:
    return clip("h264-bframes.mp4").read_bytes().replace(b"avc1", b"zzz1")


@pytest.mark.parametrize(
    "use",
    [lambda source, output: read_frames(source), transcode],
    ids=["read_frames", "transcode"],
)
def test_a_file_without_a_decoder_is_closed_while_the_error_lives(
    use: Callable[[Any, Path], object], undecodable: bytes, tmp_path: Path
) -> None:
    before = open_handles()
    with pytest.raises(NotSupportedError) as caught:
        use(undecodable, tmp_path / "a.mkv")
    assert open_handles() == before
    assert caught.value.__traceback__ is not None
    assert list(tmp_path.iterdir()) == []


def times(source: Any, start: int | None = None) -> list[int]:
    found = []
    for frame in read_frames(source, start=start):
        with frame:
            found.append(frame.timestamp)
    return found


@pytest.mark.parametrize("name", ["h264-bframes.h264", "mpeg4.avi"])
def test_packets_without_a_time_get_the_same_one_everywhere(name: str, tmp_path: Path) -> None:
    path = clip(name)
    with Demuxer(path) as demuxer:
        chunks = [chunk.timestamp for chunk in demuxer.chunks()]
        demuxer.seek(0)
        again = [chunk.timestamp for chunk in demuxer.chunks()]
        assert (again[0], len(again)) == (chunks[0], len(chunks))
        # FFmpeg 4.3 gives the first packet of a raw stream another duration before a seek.
        same = ffmpeg_info().release != "4.3"
        assert again == chunks or not same
    seen: list[int] = []
    remux(path, tmp_path / f"a{path.suffix}", on_progress=lambda now: seen.append(now.timestamp))
    assert seen == chunks
    assert len(packets(tmp_path / f"a{path.suffix}")) == len(chunks)
    with Demuxer(path) as demuxer:
        assert times(demuxer) == times(path)
    assert times(path, start=0) == times(path) or not same
