"""read_audio: noise that decoders make is the same in a part as in the whole."""

from __future__ import annotations

import attack
import numpy as np
import pytest
from convert_helpers import made
from sound_clips import reference

from ffwebcodecs import read_audio

RATE, SECONDS = 32000, 50
NOISE = f"anoisesrc=seed=1:amplitude=0.5:sample_rate={RATE}:duration={SECONDS}"
CODECS = {"m4a": "aac", "mkv": "aac", "ts": "ac3"}


@pytest.mark.attack
@pytest.mark.parametrize("end", sorted(CODECS))
def test_noise_is_the_same_wherever_a_part_begins(end: str) -> None:
    path = made(f"noise-50.{end}", "-f", "lavfi", "-i", NOISE, "-c:a", CODECS[end], "-b:a", "64k")
    whole = read_audio(path)
    first, dice = whole.first_sample, attack.dice(f"noise {end}")
    anew = whole.timestamp + 20_000_000
    starts = [anew - 100_000, anew + 5_000, 2 * anew + 1_000_000]
    starts += [dice.randrange(whole.duration) for _ in range(attack.rounds(1, 100))]
    for start in starts:
        found = read_audio(path, start, start + 200_000)
        begin = found.first_sample - first
        assert np.array_equal(found.data, whole.data[begin : begin + len(found)]), start
    # Any program begins the noise with the file.
    wanted = reference(path)[: 19 * RATE]
    assert np.abs(whole.data[: 19 * RATE] - wanted).max() < 1e-6
