"""Cuts of transcode and remux: all that is heard and read from there on is kept."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from convert_helpers import FAST, film, made
from mux_helpers import packets, probe

from ffwebcodecs import Demuxer, remux, transcode

pytestmark = pytest.mark.divided

TITLES = """1
00:00:00,500 --> 00:00:02,500
still shown

2
00:00:00,600 --> 00:00:01,200
over

3
00:00:01,000 --> 00:00:02,000
shown as well

4
00:00:02,600 --> 00:00:03,500
shown at the end
"""


def shown(path: Path) -> list[tuple[int, int]]:
    """Return begin and end of each subtitle in milliseconds, as ffprobe sees them."""
    told: list[Any] = probe(path, "-select_streams", "s:0", "-show_packets")["packets"]
    return [
        (round(1000 * float(one["pts_time"])), round(1000 * float(one["duration_time"])))
        for one in told
    ]


@pytest.mark.parametrize("opened", [str, lambda path: io.BytesIO(path.read_bytes())])
def test_a_subtitle_that_is_shown_at_the_cut_is_kept(
    opened: Callable[[Path], Any], tmp_path: Path
) -> None:
    (tmp_path / "a.srt").write_text(TITLES)
    source = made("titled.mkv", "-i", str(film()), "-i", str(tmp_path / "a.srt"),
                  "-c", "copy", "-c:s", "srt")  # fmt: skip
    out = tmp_path / "a.mkv"
    transcode(opened(source), out, start=1_500_000, stop=2_900_000, encoder_options=FAST)
    # Matroska has the film's clock begin with the sound, 21 ms before the picture.
    assert shown(out) == [(0, 1021), (0, 521), (1121, 279)]
    with pytest.warns(UserWarning, match="begins 0.479 s earlier"):
        remux(opened(source), out, start=1_500_000, stop=2_900_000)
    assert shown(out) == [(0, 1500), (0, 200), (0, 1000), (1600, 279)]


def ahead(source: Path, out: Path, seconds: float, length: float) -> None:
    """Write a transport stream whose sound lies so many seconds earlier, or later, in the file."""
    data = source.read_bytes()
    units = [data[at : at + 188] for at in range(0, len(data), 188)]
    sound = [unit for unit in units if (unit[1] & 31, unit[2]) == (1, 1)]
    rest = [unit for unit in units if (unit[1] & 31, unit[2]) != (1, 1)]
    written = [(number, 1, unit) for number, unit in enumerate(rest)]
    step = len(rest) / len(sound)
    moved = seconds / length * len(rest)
    written += [(max(7, number * step - moved), 0, unit) for number, unit in enumerate(sound)]
    out.write_bytes(b"".join(unit for _, _, unit in sorted(written, key=lambda each: each[:2])))


@pytest.mark.filterwarnings("ignore:.*cannot say which samples")
@pytest.mark.parametrize("seconds", [-3, 0, 3])
def test_sound_from_the_cut_on_is_kept_wherever_it_lies(seconds: int, tmp_path: Path) -> None:
    source = made(
        *("longer.ts", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=8"),
        *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=8", "-c:a", "aac"),
        *("-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-threads", "1"),
        *("-pix_fmt", "yuv420p"),
    )
    moved, out = tmp_path / "a.ts", tmp_path / "a.mkv"
    ahead(source, moved, seconds, 8)
    with Demuxer(moved) as demuxer:
        origin = demuxer.origin
    heard = [one.pts - origin for one in packets(moved, "a:0") if one.pts is not None]
    for start, stop in ((3_500_000, 5_200_000), (1_234_567, 4_000_000)):
        transcode(moved, out, start=start, stop=stop, audio="copy", encoder_options=FAST)
        want = [when - start for when in heard if start <= when < stop]
        have = [one.pts for one in packets(out, "a:0")]
        assert have == pytest.approx(want, abs=1000)
        with pytest.warns(UserWarning, match="begins"):
            begin = start - remux(moved, out, start=start, stop=stop).begins_earlier
        want = [when - begin for when in heard if begin <= when < stop]
        have = [one.pts for one in packets(out, "a:0")]
        assert have == pytest.approx(want, abs=1000)


def test_sound_before_the_first_key_frame_is_kept(tmp_path: Path) -> None:
    # Without its first picture the film cannot be seen before its second key frame, but heard.
    source, cut = film("recording.ts"), tmp_path / "cut.ts"
    data = source.read_bytes()
    units = [data[at : at + 188] for at in range(0, len(data), 188)]
    video = [at for at, unit in enumerate(units) if (unit[1] & 31, unit[2]) == (1, 0)]
    second = [at for at in video if units[at][1] & 64][1]
    gone = {at for at in video if at < second}
    cut.write_bytes(b"".join(unit for at, unit in enumerate(units) if at not in gone))
    heard = [one.pts for one in packets(source, "a:0") if one.pts is not None]
    want = [when - heard[0] for when in heard]
    for start in (None, 0):
        transcode(cut, tmp_path / "a.mkv", start=start, encoder_options=FAST)
        have = [one.pts for one in packets(tmp_path / "a.mkv", "a:0")]
        assert have == pytest.approx(want, abs=1000)
        assert packets(tmp_path / "a.mkv")[0].pts == pytest.approx(1_021_333, abs=1000)
