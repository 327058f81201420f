"""read_audio: parts of files whose seeks lead to no sure place, and what fragments hide."""

from __future__ import annotations

import attack
import numpy as np
import pytest
from convert_helpers import made
from sound_clips import original, source

from ffwebcodecs import read_audio

FILES = {
    "adpcm.wav": ("adpcm_ima_wav",),  # the header's rate of bytes is rounded
    "adpcm-ms.wav": ("adpcm_ms",),
    "noisy-latm.ts": ("aac", "-b:a", "48k", "-mpegts_flags", "latm"),
}


@pytest.mark.attack
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_part_is_that_part_of_the_whole(name: str) -> None:
    path = made(f"odd-{name}", *source(44100), "-c:a", *FILES[name])
    whole, dice = read_audio(path), attack.dice(f"odd {name}")
    for _ in range(attack.rounds(4, 100)):
        start = whole.timestamp + dice.randrange(whole.duration)
        found = read_audio(path, start, start + 100_000)
        begin = found.first_sample - whole.first_sample
        wanted = whole.data[begin : begin + min(4410, len(whole) - begin)]
        assert abs(len(found) - len(wanted)) <= 1
        assert np.array_equal(found.data, wanted[: len(found)]), start


def test_fragments_hide_what_the_encoder_put_in_front() -> None:
    flags = ("-movflags", "dash+delay_moov", "-frag_duration", "500000")
    path = made("fragments-of-sound.mp4", *source(44100), "-c:a", "aac", "-b:a", "128k", *flags)
    found = read_audio(path)
    assert (found.first_sample, found.timestamp) == (0, 0)
    wanted = original(44100)
    assert np.abs(found.data[: len(wanted)] - wanted).mean() < 0.02
    part = read_audio(path, 0, 100_000)
    assert np.array_equal(part.data, found.data[:4410])
