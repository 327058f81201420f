"""remux(start=, stop=): parts from a key frame on, and by how much they differ."""

from __future__ import annotations

import subprocess
import warnings
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from attack import dice, rounds
from cli_helpers import call, command, environment, names
from clips import clip, framemd5, run_ffmpeg
from convert_helpers import made
from mux_helpers import packets, probe

from ffwebcodecs import InvalidArgumentError, TranscodeResult, remux, transcode

pytestmark = pytest.mark.divided(file=True)

GROUP = 25
STEP = 40_000
KINDS = {
    "mp4": ("libx264", "-bf", "3", "-c:a", "aac"),
    "mkv": ("libx264", "-bf", "3", "-x264-params", "open-gop=1", "-c:a", "aac"),
    "ts": ("libx264", "-bf", "3", "-x264-params", "open-gop=1", "-c:a", "aac"),
    "mpg": ("mpeg2video", "-bf", "2", "-b:v", "300k", "-c:a", "mp2"),
    "avi": ("mpeg4", "-bf", "2", "-c:a", "libmp3lame"),
    "webm": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
}


def film(kind: str) -> Path:
    """Return 3 s with a key frame each second, and sound."""
    return made(
        *(f"cuts.{kind}", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=3"),
        *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=3", "-g", str(GROUP)),
        *("-pix_fmt", "yuv420p", "-threads", "1", "-c:v", *KINDS[kind]),
    )


def cut(source: object, out: Path, start: int | None, stop: int | None) -> TranscodeResult:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = remux(source, out, start=start, stop=stop)
    said = " ".join(str(each.message) for each in caught)
    for differs, words in (
        (result.begins_earlier, f"begins {result.begins_earlier / 1e6:.3f} s earlier"),
        (result.ends_later, f"ends {result.ends_later / 1e6:.3f} s later"),
    ):
        assert (words in said) == (differs >= 1000)
    return result


class Seen(NamedTuple):
    """What the ffmpeg program finds in a part: which frames of the film, and how long the sound."""

    first: int
    count: int
    sound: float


def seen(source: Path, out: Path) -> Seen:
    """Return it, where the part has the very frames of the film, in order and without a hole."""
    want = [frame.digest for frame in framemd5(source)]
    have = framemd5(out)
    first = want.index(have[0].digest)
    assert [frame.digest for frame in have] == want[first : first + len(have)]
    gaps = [b.timestamp - a.timestamp for a, b in pairwise(have)]
    assert all(abs(gap - STEP) <= 1000 for gap in gaps)
    pts = [one.pts or 0 for one in packets(out, "a:0")]
    begin = min(one.pts or 0 for one in packets(out))
    assert abs(min(pts) - begin) <= 30_000  # the sound begins with the picture
    return Seen(first, len(have), (max(pts) - min(pts)) / 1e6)


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("mp4", "mkv"), ("mkv", "ts"), ("ts", "mp4"), ("mpg", "mp4"), ("avi", "mkv"), ("webm", "mkv")],
)
def test_part_begins_at_the_key_frame_and_says_so(kind: str, suffix: str, tmp_path: Path) -> None:
    source, out = film(kind), tmp_path / f"o.{suffix}"
    result = cut(source, out, 1_480_000, 2_280_000)
    part = seen(source, out)
    # By frames, as a file's clock may begin a little before its first picture.
    # The B pictures before it are shown before it, and need the group before.
    assert part.first == GROUP + 2 * (kind in ("mpg", "avi"))
    assert abs(result.begins_earlier - (1_480_000 - part.first * STEP)) <= 90_000
    end = (1_480_000 - result.begins_earlier) + part.count * STEP
    assert result.frames_written == part.count
    if result.ends_later:
        assert abs(end - 2_280_000 - result.ends_later) <= STEP
    else:
        assert abs(end - 2_280_000) <= STEP
    assert result.ends_later <= 3 * STEP
    assert abs(part.sound - (0.8 + result.begins_earlier / 1e6)) < 0.08


def test_part_at_a_key_frame_differs_in_nothing(tmp_path: Path) -> None:
    result = cut(film("mp4"), tmp_path / "o.mp4", 1_000_000, 2_000_000)
    assert (result.begins_earlier, result.ends_later) == (0, 0)
    assert seen(film("mp4"), tmp_path / "o.mp4")[:2] == (GROUP, GROUP)
    assert packets(tmp_path / "o.mp4")[0].pts == 0
    result = cut(film("mp4"), tmp_path / "a.mp4", None, 1_000_000)
    assert seen(film("mp4"), tmp_path / "a.mp4")[:2] == (0, GROUP)
    result = cut(film("mp4"), tmp_path / "b.mp4", 2_000_000, None)
    assert seen(film("mp4"), tmp_path / "b.mp4")[:2] == (2 * GROUP, GROUP)
    assert result.shortfall is None


def test_chapters_are_cut_too(tmp_path: Path) -> None:
    text = tmp_path / "chapters.txt"
    text.write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=one\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1500\nEND=3000\ntitle=two\n"
    )
    source = tmp_path / "c.mkv"
    without = ("-an", "-map_metadata", "1", "-c", "copy")
    run_ffmpeg("-i", film("mp4"), "-i", text, *without, source)
    remux(source, tmp_path / "o.mkv", start=1_000_000, stop=2_000_000)
    found = probe(tmp_path / "o.mkv", "-show_chapters")["chapters"]
    times = [(float(one["start_time"]), float(one["end_time"])) for one in found]
    assert times == [(0, 0.5), (0.5, 1)]


@pytest.mark.filterwarnings("ignore:.*cannot say which samples")
def test_sound_whose_clock_counts_packets_stays_with_the_picture(tmp_path: Path) -> None:
    # 26 ms each: cut as the ffmpeg program shows the whole.
    source, start = film("avi"), 1_234_000
    heard = [one.pts for one in packets(source, "a:0") if one.pts is not None]
    options = {"bf": "0"}
    transcode(source, tmp_path / "t.mkv", start=start, audio="copy", encoder_options=options)
    have = [one.pts for one in packets(tmp_path / "t.mkv", "a:0")]
    want = [when - start for when in heard if when >= start]
    assert have == pytest.approx(want, abs=1000)
    begin = start - cut(source, tmp_path / "r.mkv", start, None).begins_earlier
    have = [one.pts for one in packets(tmp_path / "r.mkv", "a:0")]
    want = [when - begin for when in heard if when >= begin]
    assert have == pytest.approx(want, abs=1000)
    remux(source, tmp_path / "s.mka", start=start)
    have = [one.pts for one in packets(tmp_path / "s.mka", "a:0")]
    assert have == pytest.approx([when - start for when in heard if when >= start], abs=1000)


def test_nothing_there_is_an_error_that_names_the_unit(tmp_path: Path) -> None:
    for start, stop in ((9_000_000, None), (3_500_000, 4_000_000)):
        with pytest.raises(InvalidArgumentError, match="microseconds"):
            remux(film("mp4"), tmp_path / "o.mp4", start=start, stop=stop)
    with pytest.raises(InvalidArgumentError, match="stop is 1, it must be after start"):
        remux(film("mp4"), tmp_path / "o.mp4", start=2, stop=1)
    assert names(tmp_path) == []


def test_command_line_cuts_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o.mp4"
    assert call("remux", film("mp4"), out, "--start", "0:01.48", "--stop", "2", "-q") == 0
    assert "begins 0.480 s earlier, at the key frame" in capsys.readouterr().err
    assert seen(film("mp4"), out).first == GROUP


@pytest.mark.slow
def test_pipe_is_cut_as_a_file_is(tmp_path: Path) -> None:
    with film("ts").open("rb") as piped:
        done = subprocess.run(
            command("remux", "-", tmp_path / "o.mp4", "--start", "1.48", "--stop", "2.28"),
            stdin=piped,
            capture_output=True,
            env=environment(PYTHONWARNINGS="default"),
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    cut(film("ts"), tmp_path / "f.mp4", 1_480_000, 2_280_000)
    assert seen(film("ts"), tmp_path / "o.mp4") == seen(film("ts"), tmp_path / "f.mp4")


@pytest.mark.attack
def test_any_part_has_the_frames_of_the_film(tmp_path: Path) -> None:
    random = dice("cuts")
    for number in range(rounds(4, 200)):
        kind = random.choice(sorted(KINDS))
        start = random.randrange(2_500_000)
        stop = start + random.randrange(100_000, 2_000_000)
        suffix = random.choice(["mkv", "mp4"]) if kind != "webm" else "webm"
        out = tmp_path / f"{number}.{suffix}"
        result = cut(film(kind), out, start, stop)
        part = seen(film(kind), out)
        assert part.count == result.frames_written


@pytest.mark.parametrize("stop", [0, -5])
def test_a_part_before_the_first_picture_is_refused(stop: int, tmp_path: Path) -> None:
    """Its sound begins earlier: that alone would be no film."""
    with pytest.raises(InvalidArgumentError, match=f"nothing of .* stop={stop} us"):
        remux(clip("h264-with-audio.mp4"), tmp_path / "a.mp4", stop=stop)
    assert list(tmp_path.iterdir()) == []
    assert remux(clip("h264-with-audio.mp4"), tmp_path / "a.m4a", stop=500_000).copied_streams
