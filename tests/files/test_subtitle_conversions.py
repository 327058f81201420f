"""Subtitles of text become what the container holds, as the ffmpeg program's own do."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from clips import CACHE, run_ffmpeg, said_of
from convert_helpers import FAST, film, made
from encode_helpers import need as need_video
from mux_helpers import probe

from ffwebcodecs import NotSupportedError, ffmpeg_info, remux, transcode
from ffwebcodecs._av.codecs.subtitles import find_encoder

pytestmark = pytest.mark.divided(file=True)

STYLED = """1
00:00:00,050 --> 00:00:00,350
plain & <b>bold</b> <i>it</i>

2
00:00:00,400 --> 00:00:00,900
two
lines äöü

3
00:00:00,900 --> 00:00:01,300
follows at once

4
00:00:02,000 --> 00:00:02,500
later
"""
OVERLAPPING = """1
00:00:00,050 --> 00:00:00,350
one

2
00:00:00,300 --> 00:00:00,900
two
"""
SPOKEN = """WEBVTT

00:00.050 --> 00:00.350
plain &amp; <b>bold</b> <i>it</i>

00:00.400 --> 00:00.900 line:10%
two
lines äöü
"""


class Cue(NamedTuple):
    """A subtitle as the ffmpeg program reads it; times in milliseconds."""

    begin: int
    end: int
    text: str


def cues(path: Path, stream: str = "s:0") -> list[Cue]:
    """Return what the ffmpeg program reads, as SubRip."""
    text = run_ffmpeg("-copyts", "-i", path, "-map", f"0:{stream}", "-f", "srt", "-").decode()
    found = re.findall(r"^\d+\n(\S+) --> (\S+)\n(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
    return [Cue(_milliseconds(begin), _milliseconds(end), said) for begin, end, said in found]


def _milliseconds(text: str) -> int:
    hours, minutes, seconds = text.replace(",", ".").split(":")
    return round(1000 * (3600 * int(hours) + 60 * int(minutes) + float(seconds)))


def titled(name: str, text: str, *options: str) -> Path:
    """Return a film with the subtitles `text`, which the ffmpeg program makes once."""
    suffix = "vtt" if text.startswith("WEBVTT") else "srt"
    words = CACHE / "clips" / f"{name}.{suffix}"
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_text(text, encoding="utf-8")
    labels = "-metadata:s:s", "language=deu"
    return made(
        name, "-i", str(film()), "-i", str(words), "-map", "0", "-map", "1", "-c", "copy",
        *options, *labels,
    )  # fmt: skip


def need(*names: str) -> None:
    """Skip the test where this FFmpeg does not write subtitles of these formats."""
    for name in names:
        if not find_encoder(name):
            pytest.skip(f"this FFmpeg does not write {name}")


def is_old() -> bool:
    return ffmpeg_info().release.startswith("4.")


def quiet(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*arguments, **options)


def found(path: Path) -> tuple[float, list[Any]]:
    """Return where a film's picture begins, in milliseconds, and what ffprobe says of its texts."""
    streams = probe(path, "-show_streams")["streams"]
    begin = next(one["start_time"] for one in streams if one["codec_type"] == "video")
    return 1000 * float(begin), [one for one in streams if one["codec_type"] == "subtitle"]


def styled(kind: str, *codecs: str) -> Path:
    return titled(f"styled{kind}", STYLED, *("-map", "1") * (len(codecs) - 1), *(
        word for number, codec in enumerate(codecs) for word in (f"-c:s:{number}", codec)
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("made_as", "source", "suffix", "codec"),
    [
        (("subrip", "ass", "webvtt"), ".mkv", ".mp4", "mov_text"),
        (("subrip", "ass", "webvtt"), ".mkv", ".mov", "mov_text"),
        (("mov_text",), ".mp4", ".mkv", "ass"),
    ],
)
def test_remux_converts_what_does_not_fit(
    made_as: tuple[str, ...], source: str, suffix: str, codec: str, tmp_path: Path
) -> None:
    need(codec)
    original = styled(source, *made_as)
    out, theirs = tmp_path / f"a{suffix}", tmp_path / f"theirs{suffix}"
    result = quiet(remux, original, out)
    assert result.copied_streams == ["audio aac", *(f"subtitle {n} as {codec}" for n in made_as)]
    assert not result.dropped_streams
    begin, texts = found(out)
    assert [text["codec_name"] for text in texts] == [codec] * len(made_as)
    assert all(text["tags"]["language"] in ("deu", "ger") for text in texts)
    run_ffmpeg("-i", original, "-map", "0:s", "-c:s", codec, theirs)
    first, _ = found(original)
    for number in range(len(made_as)):
        stream = f"s:{number}"
        have, want = cues(out, stream), cues(original, stream)
        assert [cue.text for cue in have] == [cue.text for cue in cues(theirs, stream)]
        assert have[0].text == "plain & <b>bold</b> <i>it</i>"
        # FFmpeg 4.3 moves all but the first pictures in Matroska where sound begins before 0.
        moved = have[0].begin - want[0].begin if is_old() else begin - first
        for one, other in zip(have, want, strict=True):
            assert abs(one.begin - other.begin - moved) <= 1
            assert abs(one.end - other.end - moved) <= 1


def test_transcode_writes_webvtt_that_says_all_of_it(tmp_path: Path) -> None:
    need_video("libvpx")
    need("webvtt")
    text = STYLED.replace("follows", "1 < 2 --> {x}, follows")
    source = titled("signs.mkv", text, "-c:s", "srt")
    out = tmp_path / "a.webm"
    result = quiet(transcode, source, out, codec="vp8", stop=1_300_000)
    assert result.copied_streams[-1] == "subtitle subrip as webvtt"
    told = said_of(source, run_ffmpeg, "-i", out, "-map", "0:s", "-c", "copy", "-f", "webvtt", "-")
    words = told.decode().split("\n\n")
    assert [one.partition("\n")[2].strip() for one in words[1:]] == [
        "plain &amp; <b>bold</b> <i>it</i>",
        "two\nlines äöü",
        "1 &lt; 2 --&gt; {x}, follows at once",
    ]


def test_converted_subtitles_are_cut_as_copied_ones_are(tmp_path: Path) -> None:
    need("mov_text")
    if is_old():
        pytest.skip("FFmpeg 4.3 moves only some packets in Matroska, with which is compared")
    source = styled(".mkv", "subrip", "ass", "webvtt")
    for suffix in (".mkv", ".mp4"):
        part = {"start": 500_000, "stop": 2_200_000}
        quiet(transcode, source, tmp_path / f"a{suffix}", encoder_options=FAST, **part)
        quiet(remux, source, tmp_path / f"b{suffix}", start=500_000, stop=2_200_000)
    for name in "ab":
        have, want = cues(tmp_path / f"{name}.mp4"), cues(tmp_path / f"{name}.mkv")
        assert [cue.text for cue in have] == [cue.text for cue in want]
        # Matroska has the film's clock begin with the sound, a packet before the picture.
        late = want[0].begin - have[0].begin
        for one, other in zip(have, want, strict=True):
            assert abs(one.begin + late - other.begin) <= 1
            assert abs(one.end + late - other.end) <= 1


def test_overlapping_ones_keep_their_begin_in_mp4_and_that_is_told(tmp_path: Path) -> None:
    need("mov_text")
    source = titled("overlap.mkv", OVERLAPPING, "-c:s", "srt")
    with pytest.warns(UserWarning, match="each ends where the next begins"):
        result = remux(source, tmp_path / "a.mp4")
    told = "overlaps of the subtitles subrip (stream 2)"
    assert result.lost == [f"{told}: mov_text shows one at a time"]
    one, two = cues(tmp_path / "a.mp4")
    late = cues(source)[0].begin - 50  # Matroska has the film's clock begin with the sound
    assert (one, two) == (Cue(50 + late, 300 + late, "one"), Cue(300 + late, 900 + late, "two"))


def test_positions_that_are_lost_are_told(tmp_path: Path) -> None:
    need("mov_text")
    source = titled("spoken.mkv", SPOKEN, "-c:s", "copy")
    with pytest.warns(UserWarning, match="mov_text cannot hold all styles and positions"):
        result = remux(source, tmp_path / "a.mp4")
    assert [told.partition(" of")[0] for told in result.lost] == ["styles and positions"]
    assert [cue.text for cue in cues(tmp_path / "a.mp4")] == [cue.text for cue in cues(source)]
    with pytest.raises(NotSupportedError, match="styles and positions"):
        remux(source, tmp_path / "b.mp4", require_all=True)
    assert not (tmp_path / "b.mp4").exists()


def test_text_that_is_none_is_left_out_and_told(tmp_path: Path) -> None:
    need("mov_text")
    bad = tmp_path / "bad.mkv"
    data = styled(".mkv", "subrip", "ass", "webvtt").read_bytes()
    bad.write_bytes(data.replace(b"later", b"l\xff\xfeer"))
    result = quiet(remux, bad, tmp_path / "a.mp4")
    assert result.dropped_packets == 3  # of three streams
    assert [told.partition(" ")[0] for told in result.lost] == ["1"] * 3
    assert "its text is not UTF-8" in result.lost[0]
    assert [cue.text for cue in cues(tmp_path / "a.mp4")][-1] == "follows at once"


def test_remux_writes_files_of_subtitles_alone(tmp_path: Path) -> None:
    need("subrip", "webvtt", "ass")
    source = titled("spoken.mkv", SPOKEN, "-c:s", "copy")
    result = quiet(remux, source, tmp_path / "a.srt")
    assert result.copied_streams == ["subtitle webvtt as subrip"]
    assert result.dropped_streams == ["video h264", "audio aac"]
    quiet(remux, tmp_path / "a.srt", tmp_path / "b.ass")
    quiet(remux, tmp_path / "b.ass", tmp_path / "c.vtt")
    assert cues(tmp_path / "a.srt") == cues(source)
    want, have = cues(source), cues(tmp_path / "c.vtt")
    assert [cue.text for cue in have] == [cue.text for cue in want]
    for one, other in zip(have, want, strict=True):  # ASS counts in hundredths of a second
        assert abs(one.begin - other.begin) <= 10 and abs(one.end - other.end) <= 10
    assert (tmp_path / "c.vtt").read_text().startswith("WEBVTT\n\n")
    with pytest.raises(NotSupportedError, match=r"no subtitles for .*: it has none"):
        remux(film(), tmp_path / "d.srt")
    assert not (tmp_path / "d.srt").exists()
