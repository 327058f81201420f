"""An input without video: opened where none is needed, its packets read from the beginning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clips import run_ffprobe
from convert_helpers import made

from ffwebcodecs import NotSupportedError, remux
from ffwebcodecs._av.codecs import packet
from ffwebcodecs._av.files.demux import DemuxerCore
from ffwebcodecs._av.files.opening import Opening
from ffwebcodecs.files._stream_config import describe_stream

SOUND = ("-f", "lavfi", "-i", "sine=duration=1")
FILES = {
    "m4a": ("-c:a", "aac"),
    "mp3": (),
    "wav": (),
    "ts": ("-c:a", "aac"),
    "mka": ("-c:a", "aac"),
}


@pytest.mark.parametrize("suffix", FILES)
def test_all_packets_of_a_file_without_video_are_read(suffix: str) -> None:
    path = made(f"only-sound.{suffix}", *SOUND, *FILES[suffix])
    counted = json.loads(run_ffprobe("-count_packets", "-show_streams", str(path)))["streams"]
    core = DemuxerCore(str(path), Opening(needs_video=False), all_streams=True)
    ptr, count = packet.allocate(), 0
    try:
        while core.read_any(ptr) is not None:
            packet.unref(ptr)
            count += 1
        assert [stream.kind for stream in core.streams()] == ["audio"]
        assert core.info.index not in range(len(counted))
        # Whoever asks for what only a video has gets an answer.
        assert all(hasattr(core.info, name) for name in type(core.info).__slots__)
        assert core.shortfall() is None
    finally:
        core.close()
    assert count == int(counted[0]["nb_read_packets"])


@pytest.mark.parametrize("suffix", ["m4a", "ts"])
def test_sound_alone_goes_from_file_to_file(suffix: str, tmp_path: Path) -> None:
    path, out = made(f"only-sound.{suffix}", *SOUND, *FILES[suffix]), tmp_path / "out.mka"
    result = remux(path, out)
    assert result.copied_streams == ["audio aac"]
    assert result.lost == []
    before, after = (
        json.loads(run_ffprobe("-count_packets", "-show_streams", str(each)))["streams"]
        for each in (path, out)
    )
    assert [one["nb_read_packets"] for one in before] == [one["nb_read_packets"] for one in after]


def test_who_needs_a_video_is_told_what_there_is_instead() -> None:
    path = made("only-sound.mp3", *SOUND)
    with pytest.raises(NotSupportedError, match="no video stream \\(it has: audio\\)"):
        DemuxerCore(str(path))


def test_a_duration_by_size_and_bit_rate_is_called_an_estimate() -> None:
    path = made("only-sound.aac", *SOUND)
    core = DemuxerCore(str(path), Opening(needs_video=False))
    [stream] = map(describe_stream, core.streams())
    core.close()
    assert stream.duration_is_estimated
    assert stream.duration is not None
    assert abs(stream.duration - 1_000_000) < 200_000  # an estimate, not one in every release
