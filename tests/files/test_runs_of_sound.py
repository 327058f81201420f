"""Many packets are read, decoded and written in one go: it comes out what each of them gives."""

from __future__ import annotations

import random
import warnings
from typing import Any

import attack
import numpy as np
import pytest
from convert_helpers import made
from sound_clips import FILES, sound

from ffwebcodecs import AudioSamples, WebCodecsError, read_audio
from ffwebcodecs._av.files import sound_run

Outcome = tuple[Any, ...]


def outcome(source: Any, start: int | None, stop: int | None, errors: str) -> Outcome:
    """Return samples, place, error and warnings of a reading."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found: AudioSamples | None = None
        problem: tuple[object, ...] = ()
        try:
            found = read_audio(source, start, stop, errors=errors)
        except (WebCodecsError, OSError) as error:
            problem = (type(error), str(error), getattr(error, "timestamp", None))
    texts = [str(each.message) for each in said]
    if found is None:
        return None, None, None, problem, texts
    return found.data.tobytes(), found.first_sample, found.sample_rate, problem, texts


def require_both_ways(
    source: Any, start: int | None = None, stop: int | None = None, errors: str = "raise"
) -> None:
    quick = outcome(source, start, stop, errors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sound_run.ArrayRun, "go", lambda *_: None)
        assert quick == outcome(source, start, stop, errors), (start, stop, errors)


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Return a file in which bytes are others, or missing, or too many, at some places."""
    out = bytearray(data)
    for _ in range(dice.randrange(1, 6)):
        place = dice.randrange(len(out) // 20, len(out))
        length = dice.choice((1, 8, 300, 5000))
        kind = dice.randrange(3)
        if kind == 0:
            count = len(out[place : place + length])
            out[place : place + length] = dice.randbytes(count)
        elif kind == 1:
            del out[place : place + length]
        else:
            out[place:place] = dice.randbytes(length)
    return bytes(out)


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_whole_and_parts_are_the_same_bits(name: str) -> None:
    path = sound(name)
    require_both_ways(path)
    for start, stop in ((None, 1_000_000), (400_001, 2_300_000)):
        require_both_ways(path, start, stop)


def test_so_are_those_of_decoders_that_are_made_anew() -> None:
    noise = "anoisesrc=seed=1:amplitude=0.5:sample_rate=32000:duration=50"
    path = made("noise-50.m4a", "-f", "lavfi", "-i", noise, "-c:a", "aac", "-b:a", "64k")
    require_both_ways(path)
    for start in (19_000_000, 19_900_000, 20_100_000, 39_300_000):
        require_both_ways(path, start, start + 1_200_000)


@pytest.mark.attack
@pytest.mark.parametrize("name", sorted(FILES))
def test_so_are_damaged_files(name: str) -> None:
    dice = attack.dice(f"runs of sound {name}")
    data = sound(name).read_bytes()
    for _ in range(attack.rounds(1, 100)):
        bad = damaged(data, dice)
        for errors in ("raise", "skip"):
            require_both_ways(bad, errors=errors)


def test_most_packets_go_the_quick_way() -> None:
    counts = [0, 0]
    go = sound_run.ArrayRun.go

    def counting(self: sound_run.ArrayRun, *arguments: Any) -> sound_run.Ran | None:
        ran = go(self, *arguments)
        counts[0] += 1
        counts[1] += ran.position - arguments[4] if ran is not None else 0
        return ran

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sound_run.ArrayRun, "go", counting)
        whole = read_audio(sound("aac.m4a"))
    assert counts[1] >= len(whole) - 4 * 1024
    assert counts[0] < 16
    assert np.abs(whole.data).max() > 0.3
