"""transcode: sound that is copied is cut to the sample, at both ends, and not coded anew.

Judged by the ffmpeg program: what it hears in the part are those samples of the whole. FFmpeg 5.1
plays the last packet in MP4 to its end, whatever the file says, so there the duration is looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attack
import numpy as np
import pytest
from convert_helpers import FAST, made
from heard import RATE, Samples, alike, heard, noisy_film
from mux_helpers import probe

from ffwebcodecs import transcode

pytestmark = pytest.mark.divided

START, STOP = 313_000, 871_500
FIRST, LAST = START * RATE // 1_000_000, STOP * RATE // 1_000_000
CODECS = {
    "aac": ("-c:a", "aac", "-b:a", "256k"),
    "mp3": ("-c:a", "libmp3lame", "-b:a", "192k"),
    "mp3 of few bits": ("-c:a", "libmp3lame", "-b:a", "64k", "-ac", "1"),
    "opus": ("-c:a", "libopus", "-b:a", "160k"),
    "alac": ("-c:a", "alac"),
    "flac": ("-c:a", "flac"),
    "ac3": ("-c:a", "ac3", "-b:a", "448k"),
    "pcm": ("-c:a", "pcm_s24le"),
}
COPIED = [
    *(("aac", ".m4a"), ("opus", ".opus"), ("opus", ".mka"), ("mp3", ".mp3"), ("pcm", ".wav")),
    *(("aac", ".mp4"), ("opus", ".mp4"), ("mp3", ".mp4"), ("mp3 of few bits", ".mov")),
    *(("alac", ".m4a"), ("flac", ".mp4"), ("ac3", ".mp4"), ("opus", ".webm"), ("pcm", ".mov")),
    *(("pcm", ".mkv"), ("opus", ".mkv")),
]


def source(codec: str) -> Path:
    suffix = {"opus": "mp4", "flac": "mp4", "ac3": "mp4"}.get(codec, "mov")
    strict = ("-strict", "-2") if codec in ("flac", "opus") else ()
    return noisy_film(suffix, *CODECS[codec], *strict, name=f"cut-{codec.replace(' ', '-')}")


def part(codec: str, output: Path, **options: Any) -> tuple[list[str], list[str]]:
    """Convert a part; return what was copied, and what was encoded."""
    if output.suffix in (".mp4", ".mov", ".mkv"):
        options["encoder_options"] = FAST
    result = transcode(source(codec), output, start=START, stop=STOP, **options)
    return result.copied_streams, result.encoded_streams


def check(output: Path, want: Samples, plays_rest: bool) -> None:
    have = heard(output)
    if plays_rest:
        said = probe(output, "-select_streams", "a", "-show_entries", "stream=duration")
        lasts = float(said["streams"][0]["duration"])
        assert lasts == pytest.approx(len(want) / RATE, abs=2e-6)
    else:
        assert len(have) == len(want)
    size = min(len(have), len(want))
    for begin in (0, size - 480):  # both ends, and so all between them
        assert alike(have[begin : begin + 480], want[begin : begin + 480]) > 0.98


def place(codec: str, suffix: str, folder: Path) -> None:
    """Copy a part, and assert that it is the very samples."""
    output = folder / f"a{suffix}"
    copied, encoded = part(codec, output)
    assert not encoded
    assert len(copied) == 1
    video = suffix not in (".m4a", ".opus", ".mka", ".mp3", ".wav")
    begin = round((320_000 - START) * RATE / 1e6) if video else 0  # of the first picture
    plays_rest = suffix in (".m4a", ".mp4", ".mov") and codec != "pcm"
    want = heard(source(codec))[FIRST:LAST]
    have = heard(output)
    if not video:
        check(output, want, plays_rest)
        return
    size = min(len(have), len(want) - begin)
    assert alike(have[:size], want[begin : begin + size]) > 0.98
    assert alike(have[size - 480 : size], want[begin + size - 480 : begin + size]) > 0.98


@pytest.mark.parametrize(("codec", "suffix"), COPIED[:5])
def test_what_is_copied_is_cut_to_the_sample(codec: str, suffix: str, tmp_path: Path) -> None:
    place(codec, suffix, tmp_path)


@pytest.mark.attack
def test_what_is_copied_is_cut_to_the_sample_everywhere(tmp_path: Path) -> None:
    cases = COPIED[5 :: attack.rounds(len(COPIED), 2)]
    for codec, suffix in cases:
        place(codec, suffix, tmp_path)
    attack.report("cut sound", len(cases), 0, "not of the very samples")


def test_what_nothing_can_be_hidden_of_is_encoded_unless_it_is_to_be_copied(
    tmp_path: Path,
) -> None:
    output = tmp_path / "a.mka"
    assert part("aac", output) == ([], ["audio aac as opus"])
    assert len(heard(output)) == LAST - FIRST
    with pytest.warns(UserWarning, match="by 21 ms at most"):
        assert part("aac", tmp_path / "b.mka", audio="copy") == (["audio aac"], [])
    assert len(heard(tmp_path / "b.mka")) % 1024 == 0


def test_lossless_sound_stays_what_it_is(tmp_path: Path) -> None:
    output = tmp_path / "a.mka"
    assert part("flac", output) == ([], ["audio flac as flac"])
    assert np.array_equal(heard(output), heard(source("flac"))[FIRST:LAST])


@pytest.mark.parametrize(
    ("codec", "suffix", "told"), [("flac", ".avi", "mp3"), ("pcm", ".flv", "aac")]
)
@pytest.mark.filterwarnings("ignore:.*cannot say that the first")
def test_what_players_cannot_make_out_is_encoded(
    codec: str, suffix: str, told: str, tmp_path: Path
) -> None:
    """FFmpeg writes FLAC into AVI so that nobody finds it again, and no PCM of 48 kHz into FLV."""
    result = transcode(source(codec), tmp_path / f"a{suffix}", stop=500_000)
    assert result.encoded_streams[0].endswith(f" as {told}")
    assert np.abs(heard(tmp_path / f"a{suffix}")).max() > 0.1


def test_sound_that_begins_long_after_the_cut_is_there(tmp_path: Path) -> None:
    film = made(
        *("late-sound-25.mkv", "-f", "lavfi", "-i", "color=red:size=64x48:rate=25:duration=12"),
        *("-itsoffset", "9", "-f", "lavfi", "-i", "sine=duration=1:sample_rate=48000"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"),
    )
    result = transcode(film, tmp_path / "a.mp4", start=1_000_000, encoder_options=FAST)
    assert result.copied_streams == ["audio aac"]
    assert result.lost == []
    said = probe(tmp_path / "a.mp4", "-select_streams", "a", "-show_entries", "stream=start_time")
    assert float(said["streams"][0]["start_time"]) == pytest.approx(8, abs=0.03)
