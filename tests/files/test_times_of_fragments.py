"""Fragments keep the times that their chunks have, whatever lies between them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fragment_helpers import both, film, live, song
from mux_helpers import packets

from ffwebcodecs import EncodedAudioChunk, EncodedVideoChunk


def moved(chunk: Any, time: int) -> Any:
    """Return a chunk at another time."""
    kind = type(chunk)
    assert kind in (EncodedAudioChunk, EncodedVideoChunk)
    return kind(type=chunk.type, timestamp=time, duration=chunk.duration, data=chunk.data)


@pytest.mark.parametrize("format", ["mp4", "mov", "mkv"])
def test_pictures_that_do_not_come_evenly_keep_their_times(format: str, tmp_path: Path) -> None:
    # Three pictures of 40 ms, then one that lasts 200 ms; and 3 s of nothing before the last group.
    config, chunks = film()
    times = {}
    for place, chunk in enumerate(sorted(chunks, key=lambda each: each.timestamp)):
        wait = 3_000_000 if place >= 30 else 0
        times[chunk.timestamp] = place * 40_000 + (place // 4) * 160_000 + wait
    chunks = [moved(chunk, times[chunk.timestamp]) for chunk in chunks]
    for seconds in (None, 0.2):
        given = live(((each, config) for each in chunks), format, fragment_duration=seconds)
        path = tmp_path / f"a.{format}"
        path.write_bytes(given.data)
        found = [each.pts for each in packets(path)]
        assert found == [each.timestamp for each in chunks]
        starts = [each.timestamp for each in given.infos[1:] if each.key]
        assert starts == [each.timestamp for each in chunks if each.type == "key"]


@pytest.mark.parametrize("format", ["mp4", "mov", "mkv"])
def test_sound_that_begins_in_a_later_fragment_begins_when_it_should(
    format: str, tmp_path: Path
) -> None:
    mixed = both()
    pictures = [each for each in mixed if isinstance(each[0], EncodedVideoChunk)]
    sound = [each for each in mixed if each not in pictures and each[0].timestamp >= 1_100_000]
    given = live([pictures[0], sound[0], *pictures[1:], *sound[1:]], format)
    path = tmp_path / f"a.{format}"
    path.write_bytes(given.data)
    found = packets(path, "a:0")[0].pts
    assert found == pytest.approx(sound[0][0].timestamp, abs=1000)


@pytest.mark.parametrize("format", ["mp4", "mkv"])
def test_pictures_that_come_too_late_do_not_turn_the_clock_of_segments_back(format: str) -> None:
    config, chunks = film()
    audio, packets = song("aac.m4a")
    step = 1_024_000_000 / 44100
    count = round(15_000_000 / step)
    sound = [moved(packets[i % 20], round(i * step)) for i in range(count)]
    mixed = [(chunks[0], config), (sound[0], audio)]
    mixed += [(each, config) for each in chunks[1:25]]
    mixed += [(each, audio) for each in sound[1:]]  # 10 s more than the pictures
    mixed += [(each, config) for each in chunks[25:]]
    infos = live(mixed, format).infos[1:]
    for before, after in pairwise(infos):
        assert before.timestamp + before.duration == after.timestamp
    assert len(infos) > 4
