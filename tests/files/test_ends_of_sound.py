"""Sound of MP4 ends at the sample at which its tables say that it ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from convert_helpers import made
from mux_helpers import start_step
from sound_clips import packets_of, reference

from ffwebcodecs import Demuxer, Muxer, read_audio, read_audio_data, remux, transcode

FRAGMENTS = ("-movflags", "frag_keyframe+delay_moov", "-frag_duration", "500000")
CASES = [
    *((48000, count, ()) for count in (50000, 50037)),
    *((44100, count, ()) for count in (50000, 50037, 77777)),
    *((48000, count, FRAGMENTS) for count in (50000, 50186)),
]


def tone(rate: int, count: int, options: tuple[str, ...] = ()) -> Path:
    """Return so many samples in AAC, of which FFmpeg's program says in milliseconds only how many
    they are, and in its tables exactly.
    """
    kind = "fragments" if options else "whole"
    source = f"sine=440:sample_rate={rate},atrim=end_sample={count}"
    name = f"tone-{kind}-{rate}-{count}.m4a"
    return made(name, "-f", "lavfi", "-i", source, "-c:a", "aac", "-b:a", "64k", *options)


@pytest.mark.parametrize(("rate", "count", "options"), CASES)
def test_as_many_samples_are_read_as_were_written(
    rate: int, count: int, options: tuple[str, ...]
) -> None:
    path = tone(rate, count, options)
    found = read_audio(path)
    assert found.first_sample == 0
    assert len(found) == count
    # The program leaves what is behind the end, and of fragments what is in front.
    wanted = reference(path)[1024 if options else 0 :]
    assert np.abs(found.data - wanted[:count]).max() < 1e-6
    lengths = 0
    for data in read_audio_data(path, 900_000):
        with data:
            lengths += data.number_of_frames
    assert lengths == count - -(-900_000 * rate // 1_000_000)


@pytest.mark.parametrize(("rate", "count", "options"), CASES[1:6:2])
def test_copies_end_at_the_same_sample(
    rate: int, count: int, options: tuple[str, ...], tmp_path: Path
) -> None:
    path = tone(rate, count, options)
    outputs = [tmp_path / name for name in ("whole.m4a", "part.mov", "chunks.mp4")]
    remux(path, outputs[0])
    transcode(path, outputs[1], start=500_000)
    with Demuxer(path) as demuxer, Muxer(outputs[2]) as muxer:
        for chunk in demuxer.audio_chunks():
            muxer.add_chunk(chunk, demuxer.audio_config)
    for output in outputs:
        heard = count - rate // 2 if output == outputs[1] else count
        found = read_audio(output)
        assert found.first_sample == 0
        assert len(found) == heard
        last = packets_of(output)[-1]
        # The program goes by the edit list, which old releases write in milliseconds.
        assert abs(last["pts"] + last["duration"] - heard) * 1_000_000 <= start_step() * rate


def test_only_what_ffmpeg_leaves_out_is_missing() -> None:
    """Ten samples lie in a packet of their own, before which the rounded end lies."""
    found = read_audio(tone(48000, 50186))
    assert len(found) in (50176, 50186)
