"""remux(exact=True): parts that begin and end with the very frames, and are copied in between."""

from __future__ import annotations

import functools
import subprocess
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from attack import dice, rounds
from bar_clips import STEP, bar_clip
from barcodes import SIZE, code_of, see
from cli_helpers import call, names
from clips import ffmpeg_program, passthrough, run_ffmpeg
from convert_helpers import made
from mux_helpers import packets, probe, video_stream

from ffwebcodecs import InvalidArgumentError, NotSupportedError, TranscodeResult, Video, remux

pytestmark = pytest.mark.divided(file=True)

LOSS = 35  # dB that encoded pictures differ by at most
WHOLE = 10**9


def cut(source: object, out: Path, start: int | None, stop: int | None, **options: Any) -> Any:
    """Cut with warnings as errors, but for that of open groups."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "all .* pictures")
        return remux(source, out, start=start, stop=stop, exact=True, **options)


@functools.cache
def luma(path: Path, *options: str) -> Any:
    """Return the luma of all pictures, as the ffmpeg program decodes them without a complaint."""
    level = "error" if path.suffix == ".avi" else "warning"  # which names an old pixel format
    command = [ffmpeg_program(), "-v", level, *options, "-i", str(path), "-map", "0:v:0"]
    command += [*passthrough(), "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert not done.stderr
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, *SIZE)


class Part(NamedTuple):
    """Which pictures of the film there are, when the first is shown, how many are the very ones."""

    codes: list[int]
    first: int
    same: int


def part_of(source: Path, out: Path) -> Part:
    """Look at a part with the ffmpeg program, where each picture is about that of the film."""
    film, found = luma(source), luma(out)
    codes = [code_of(picture) for picture in found]
    same = 0
    for code, picture in zip(codes, found, strict=True):
        error = np.mean((film[code].astype(float) - picture) ** 2)
        same += error == 0
        assert 10 * np.log10(255**2 / max(error, 1e-9)) > LOSS
    listed = packets(out)
    times = sorted(one.pts or 0 for one in listed)
    assert all(abs(time - times[0] - place * STEP) <= 1000 for place, time in enumerate(times))
    decoded = [one.dts for one in listed if one.dts is not None]  # MKV has none at first
    assert decoded == sorted(set(decoded))
    return Part(codes, times[0], same)


def check(name: str, out: Path, start: int, stop: int) -> TranscodeResult:
    """Cut, and compare with what arithmetic says of the film: a picture each 40 ms."""
    source = bar_clip(name).path()
    wanted = [code for code in range(75) if start <= code * STEP < stop]
    result: TranscodeResult = cut(source, out, start, None if stop == WHOLE else stop)
    part = part_of(source, out)
    assert part.codes == wanted
    assert part.same >= len(wanted) - result.encoded_frames
    if out.suffix != ".ts":  # which has a clock of its own
        assert abs(part.first - (wanted[0] * STEP - start)) <= 1000
    assert (result.frames_written, result.begins_earlier, result.ends_later) == (len(wanted), 0, 0)
    assert (result.encoder is None) == (result.encoded_frames == 0)
    return result


CASES = [
    # Groups of 15 pictures, which begin at 0.6, 1.2, 1.8 and 2.4 s: head, and tail, that are
    # encoded. The tail are pictures that need one behind the stop.
    ("closed.mp4", "mp4", 480_000, 2_280_000, (3, 3), "libx264"),
    ("closed.mp4", "ts", 200_000, 1_440_000, (10, 13), "libx264"),
    ("closed.ts", "mkv", 610_000, WHOLE, (14, 14), "libx264"),
    ("hevc.mp4", "ts", 480_000, 2_280_000, (3, 7), "libx265"),
    ("hevc-open.mp4", "mp4", 480_000, 2_280_000, (3, 7), "libx265"),
    ("hevc-open.mp4", "mkv", 1_160_000, WHOLE, (1, 1), "libx265"),
    # Nothing needs to be encoded.
    ("closed.mp4", "mp4", 600_000, 1_200_000, (0, 0), None),
    ("ffv1.mkv", "mkv", 480_000, 2_280_000, (0, 0), None),
]


@pytest.mark.parametrize(
    ("name", "suffix", "start", "stop", "encoded", "encoder"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{case[2]}" for case in CASES],
)
def test_part_has_the_very_frames(
    name: str,
    suffix: str,
    start: int,
    stop: int,
    encoded: tuple[int, int],
    encoder: str | None,
    tmp_path: Path,
) -> None:
    result = check(name, tmp_path / f"o.{suffix}", start, stop)
    assert encoded[0] <= result.encoded_frames <= encoded[1]
    assert result.encoder == encoder


def test_any_place_of_a_part_can_be_gone_to(tmp_path: Path) -> None:
    out = tmp_path / "o.mp4"
    cut(bar_clip("closed.mp4").path(), out, 480_000, 2_280_000)
    stream = video_stream(out)
    assert stream["codec_tag_string"] == "avc3"  # its parameter sets are in the stream
    with Video(out) as video:
        # From what is encoded to what is copied, and back.
        places = [44, 20, 0, 30, 1, 43, 5, 2, 40]
        assert [see(video[place]).code for place in places] == [12 + place for place in places]
    for place in (1, 20, 44):
        found = luma(out, "-ss", f"{place * STEP / 1e6 - 0.01:.3f}")
        assert code_of(found[0]) == 12 + place
    out = tmp_path / "o.mov"
    cut(bar_clip("hevc-open.mp4").path(), out, 480_000, 2_280_000)
    assert video_stream(out)["codec_tag_string"] == "hev1"
    with Video(out) as video:
        assert [see(video[place]).code for place in (44, 0, 20, 1)] == [56, 12, 32, 13]


def test_sound_stays_with_the_picture(tmp_path: Path) -> None:
    source, out = bar_clip("sound.mp4").path(), tmp_path / "o.mp4"
    cut(source, out, 490_000, 2_280_000)
    sound = [one.pts or 0 for one in packets(out, "a:0")]
    assert 0 <= min(sound) <= 24_000
    assert abs(max(sound) - (2_280_000 - 490_000)) <= 48_000
    assert part_of(source, out).first == 13 * STEP - 490_000
    film = {one.digest: one.pts or 0 for one in packets(source, "a:0")}
    for one in packets(out, "a:0")[::10]:
        assert abs(film[one.digest] - 490_000 - (one.pts or 0)) <= 1000


def test_encoded_pictures_are_as_the_film_is(tmp_path: Path) -> None:
    source = made(
        *("exact-facts.mp4", "-f", "lavfi", "-i", "testsrc2=size=66x50:rate=25:duration=1.2"),
        *("-vf", "setsar=16/11", "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020"),
        *("-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-g", "10", "-threads", "1"),
        *("-c:v", "libx264", "-slices", "2"),
    )
    out = tmp_path / "o.ts"
    result = cut(source, out, 200_000, 1_000_000)
    assert 5 <= result.encoded_frames < 10
    keys = "pix_fmt,color_space,color_transfer,color_primaries,color_range,sample_aspect_ratio"
    shown = "-select_streams", "v", "-show_entries", f"frame={keys}"
    facts = [
        {
            str([frame.get(key) for key in keys.split(",")])
            for frame in probe(path, *shown)["frames"]
        }
        for path in (source, out)
    ]
    assert facts[0] == facts[1]
    assert len(facts[1]) == 1


def test_bytes_are_read_as_often_as_needed(tmp_path: Path) -> None:
    data = bar_clip("closed.mp4").path().read_bytes()
    result = cut(data, tmp_path / "o.mp4", 480_000, 1_240_000)
    assert [code_of(each) for each in luma(tmp_path / "o.mp4")] == list(range(12, 31))
    assert result.encoded_frames == 3


def test_refusals_name_the_other_ways_and_write_nothing(tmp_path: Path) -> None:
    interlaced = made(
        *("exact-fields.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1"),
        *("-pix_fmt", "yuv420p", "-flags", "+ildct+ilme", "-g", "10", "-c:v", "libx264"),
    )
    gray = made(
        *("exact-gray.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1"),
        *("-pix_fmt", "gray", "-g", "10", "-c:v", "libx264"),
    )
    for source, suffix, why in (
        (interlaced, "mp4", "it is interlaced"),
        (gray, "mp4", "4:0:0"),
        (bar_clip("mpeg4.mp4").path(), "mp4", "no exact cut of mpeg4 but at its key frames"),
        (bar_clip("closed.mp4").path(), "avi", "avi cannot hold the streams of two encoders"),
        (bar_clip("closed.mp4").path().open("rb"), "mp4", "reads the input several times"),
    ):
        with pytest.raises(NotSupportedError, match=f"{why}.*transcode cuts exactly"):
            cut(source, tmp_path / f"o.{suffix}", 200_000, 900_000)
        if not isinstance(source, Path):
            source.close()
    with pytest.raises(InvalidArgumentError, match="microseconds"):
        cut(bar_clip("closed.mp4").path(), tmp_path / "o.mp4", 9_000_000, None)
    assert names(tmp_path) == []


def test_parameter_sets_that_change_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.ts"
    options = ("-c:v", "libx264", "-g", "15", "-pix_fmt", "yuv420p", "-f", "mpegts")
    size = f"{SIZE[0]}x{SIZE[1]}"
    offset = ("-output_ts_offset", "1.2")
    run_ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=1.2", *options, other)
    later = tmp_path / "later.ts"
    run_ffmpeg("-i", other, "-c", "copy", *offset, later)
    run_ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=1.2"),
        *("-bf", "0", "-refs", "1", *options, tmp_path / "first.ts"),
    )
    both = tmp_path / "both.ts"
    both.write_bytes((tmp_path / "first.ts").read_bytes() + later.read_bytes())
    with pytest.raises(NotSupportedError, match="parameter sets change in its course"):
        cut(both, tmp_path / "o.mp4", 200_000, 2_000_000)


def test_all_that_is_encoded_is_told_of_open_groups(tmp_path: Path) -> None:
    source = bar_clip("open.mp4").path()
    # Those of H.264 go on with the numbers of the one before.
    with pytest.warns(UserWarning, match="all 45 pictures of .* are encoded: no group"):
        result = remux(source, tmp_path / "o.mp4", start=480_000, stop=2_280_000, exact=True)
    assert result.encoded_frames == result.frames_written == 45
    # FFmpeg would lose pictures of this one, if it began with the open group.
    assert cut(source, tmp_path / "s.mp4", 600_000, 800_000).encoded_frames == 5
    assert part_of(source, tmp_path / "s.mp4").codes == list(range(15, 20))
    assert part_of(source, tmp_path / "o.mp4").codes == list(range(12, 57))


def test_command_line_cuts_exactly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = bar_clip("closed.mp4").path(), tmp_path / "o.mp4"
    assert call("remux", source, out, "--start", "0.48", "--stop", "1.24", "--exact", "-q") == 0
    assert capsys.readouterr().err == ""
    assert len(packets(out)) == 19


@pytest.mark.attack
def test_any_part_is_exact(tmp_path: Path) -> None:
    random = dice("exact cuts")
    sources = (
        *("closed.mp4", "closed.ts", "closed.mkv", "hevc.mp4", "hevc-open.mp4", "hevc-radl.mp4"),
        *("negative-offsets.mp4", "open.mp4", "hevc-open.mkv", "sound.mp4", "delay.mp4"),
    )
    for number in range(rounds(1, 300)):
        name = random.choice(sources)
        start = random.randrange(2_900_000)
        first = -(-start // STEP)
        stop = random.choice([WHOLE, random.randrange(first * STEP + 1, 3_100_000)])
        suffix = random.choice(["mp4", "mkv", "mov", "ts"])
        if name.endswith(".ts") or name == "sound.mp4":
            start, stop = start // STEP * STEP, stop if stop == WHOLE else stop // STEP * STEP + 1
        check(name, tmp_path / f"{number}.{suffix}", start, stop)
