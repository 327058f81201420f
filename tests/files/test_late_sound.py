"""Sound that begins long after the pictures is kept, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from convert_helpers import made
from sound_clips import packets_of

from ffwebcodecs import Demuxer, NotSupportedError, read_audio, remux, transcode

LATE = 9  # seconds
AAC = ("-c:a", "aac", "-c:v", "libx264")
MP2 = ("-c:a", "mp2", "-c:v", "libx264")
FILMS = {"late.ts": AAC, "late-mp2.ts": MP2, "late.mkv": AAC, "late.flv": AAC}


def film(name: str) -> Path:
    """Return five pictures a second, and from the ninth second on a tone."""
    return made(
        *(name, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=11", "-itsoffset", str(LATE)),
        *("-f", "lavfi", "-i", "sine=440:sample_rate=48000:duration=2", "-map", "0", "-map", "1"),
        *("-pix_fmt", "yuv420p", "-bf", "0", *FILMS[name]),
    )


def starts(path: Path) -> list[int]:
    """Return when picture and sound begin, by ffprobe."""
    packets = packets_of(path)
    return [min(p["microseconds"] for p in packets if p["stream_index"] == i) for i in (0, 1)]


@pytest.mark.parametrize("name", FILMS)
def test_late_sound_is_copied(name: str, tmp_path: Path) -> None:
    out = tmp_path / "a.mkv"
    assert len(remux(film(name), out).copied_streams) == 1
    picture, sound = starts(out)
    delay = 0 if name == "late-mp2.ts" else 1024 / 48000 * 1e6
    assert abs(sound - picture - LATE * 1_000_000 + delay) <= 12_000


def test_late_sound_of_a_transport_stream_is_encoded_and_read(tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    transcode(film("late.ts"), out)
    assert len(read_audio(out)) >= 2 * 48000
    whole = read_audio(film("late.ts"))
    begin = whole.timestamp + 500_000
    part = read_audio(film("late.ts"), begin, begin + 100_000)
    assert len(part) == 4800
    first = part.first_sample - whole.first_sample
    assert np.array_equal(part.data, whole.data[first : first + 4800])


def test_late_sound_that_is_not_looked_for_is_told(tmp_path: Path) -> None:
    short = {"probesize": 100_000, "analyzeduration": 1_000_000}
    with pytest.warns(UserWarning, match="begins late: nothing is known of it.*analyzeduration"):
        result = remux(film("late.ts"), tmp_path / "a.mkv", input_options=short)
    assert result.dropped_streams == ["audio aac"]
    with pytest.raises(NotSupportedError, match=r"begins late.*analyzeduration"):
        remux(film("late.ts"), tmp_path / "a.m4a", input_options=short)
    with (
        Demuxer(film("late.ts")) as demuxer,
        pytest.raises(NotSupportedError, match="analyzeduration"),
    ):
        demuxer.audio_config


@pytest.mark.parametrize("name", ["late.mkv", "late.flv"])
def test_late_sound_in_avi_has_silence_before_it(name: str, tmp_path: Path) -> None:
    out = tmp_path / "a.avi"
    with pytest.warns(UserWarning, match=r"sound of .*a\.avi' is 89\d\d ms early"):
        remux(film(name), out)
    transcode(film(name), out)
    heard = read_audio(out).data[:, 0]
    loud = int(np.flatnonzero(np.abs(heard) > 0.02)[0])
    begin, sound = starts(film(name))
    # An AAC encoder's 1024 samples come first.
    assert abs(loud - (sound - begin) * 48000 // 1_000_000 - 1024) < 96
