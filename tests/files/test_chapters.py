"""Chapters go along when a file is converted or put into another container."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from clips import clip, run_ffmpeg
from convert_helpers import streams
from mux_helpers import need_container, probe

from ffwebcodecs import remux, transcode

pytestmark = pytest.mark.divided(file=True)

Chapters = list[tuple[int, int, str]]
# Milliseconds. The test clips have 30 frames in one second or a little more.
PLAIN: Chapters = [(0, 400, "Anfang"), (400, 800, "Mitte, größer"), (800, 1000, "終わり")]
FAST = {"encoder_options": {"preset": "ultrafast"}}


def with_chapters(path: Path, chapters: Chapters, source: Path | None = None) -> Path:
    """Return a copy of a clip to which the ffmpeg program has added chapters."""
    lines = [";FFMETADATA1", "title=Film"]
    for start, stop, title in chapters:
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={stop}"]
        lines += [f"title={title}"] if title else []
    text = path.with_suffix(".txt")
    text.write_text("\n".join([*lines, ""]), encoding="utf-8")
    run_ffmpeg(
        *("-i", source or clip("h264-bframes.mp4"), "-f", "ffmetadata", "-i", text),
        *("-map", "0", "-map_chapters", "1", "-c", "copy", "-y", path),
    )
    return path


def chapters_of(path: Path) -> Chapters:
    """Return what ffprobe says."""

    def milliseconds(seconds: str) -> int:
        return round(float(seconds) * 1000)

    return [
        (
            milliseconds(each["start_time"]),
            milliseconds(each["end_time"]),
            each.get("tags", {}).get("title", ""),
        )
        for each in probe(path, "-show_chapters")["chapters"]
    ]


@pytest.mark.parametrize("source", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize("target", [".mkv", ".mp4", ".mov"])
def test_remux_keeps_chapters(source: str, target: str, tmp_path: Path) -> None:
    given = with_chapters(tmp_path / f"in{source}", PLAIN)
    assert chapters_of(given) == PLAIN
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the track in which MP4 keeps the names is no loss
        result = remux(given, tmp_path / f"out{target}")
    assert chapters_of(tmp_path / f"out{target}") == PLAIN
    assert (result.copied_streams, result.dropped_streams) == ([], [])


def test_transcode_keeps_chapters(tmp_path: Path) -> None:
    given = with_chapters(tmp_path / "in.mkv", PLAIN)
    transcode(given, tmp_path / "out.mp4", **FAST)  # type: ignore[arg-type]
    assert chapters_of(tmp_path / "out.mp4") == PLAIN


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("untitled", [{0}, {1}, {2}, {0, 1, 2}], ids=str)
def test_chapters_without_a_title_keep_their_place(
    untitled: set[int], suffix: str, tmp_path: Path
) -> None:
    chapters = [
        (start, stop, "" if number in untitled else title)
        for number, (start, stop, title) in enumerate(PLAIN)
    ]
    given = with_chapters(tmp_path / "in.mkv", chapters)
    remux(given, tmp_path / f"out{suffix}")
    assert chapters_of(tmp_path / f"out{suffix}") == chapters


def test_webm_keeps_chapters(tmp_path: Path) -> None:
    need_container(".webm")
    given = with_chapters(tmp_path / "in.mkv", PLAIN, clip("vp9.webm"))
    remux(given, tmp_path / "out.webm")
    assert chapters_of(tmp_path / "out.webm") == PLAIN


def test_audio_stays_where_it_was(tmp_path: Path) -> None:
    given = with_chapters(tmp_path / "in.mp4", PLAIN, clip("h264-with-audio.mp4"))
    remux(given, tmp_path / "out.mp4")
    assert chapters_of(tmp_path / "out.mp4") == PLAIN
    assert streams(tmp_path / "out.mp4") == streams(given)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((500_000, None), [(0, 300, "Mitte, größer"), (300, 500, "終わり")]),
        ((None, 600_000), [(0, 400, "Anfang"), (400, 600, "Mitte, größer")]),
        ((400_000, 800_000), [(0, 400, "Mitte, größer")]),
        ((420_000, 500_000), [(0, 80, "Mitte, größer")]),
    ],
)
def test_start_and_stop_cut_chapters(span: Any, expected: Chapters, tmp_path: Path) -> None:
    given = with_chapters(tmp_path / "in.mkv", PLAIN)
    transcode(given, tmp_path / "out.mkv", start=span[0], stop=span[1], **FAST)  # type: ignore[arg-type]
    assert chapters_of(tmp_path / "out.mkv") == expected


@pytest.mark.parametrize("suffix", [".avi", ".ts", ".h264"])
def test_a_container_without_chapters_is_said(suffix: str, tmp_path: Path) -> None:
    given = with_chapters(tmp_path / "in.mkv", PLAIN)
    out = tmp_path / f"out{suffix}"
    with pytest.warns(UserWarning, match=r"cannot hold the 3 chapters of .*in\.mkv.*\.mkv"):
        remux(given, out)
    assert out.stat().st_size > 0


def test_chapters_outside_are_no_loss(tmp_path: Path) -> None:
    given = with_chapters(tmp_path / "in.mkv", PLAIN[2:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transcode(given, tmp_path / "out.ts", stop=500_000, **FAST)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", [".mkv", ".mp4", ".mov"])
def test_odd_chapters_are_written_as_the_ffmpeg_program_writes_them(
    target: str, tmp_path: Path
) -> None:
    odd = [
        *((200, 500, "late"), (300, 900, "overlaps"), (300, 400, "twice")),
        *((950, 950, "empty"), (5000, 9000, "after the end"), (9000, 9500, "late")),
    ]
    given = with_chapters(tmp_path / "in.mkv", odd)
    reference = tmp_path / f"reference{target}"
    run_ffmpeg("-i", given, "-c", "copy", reference)
    remux(given, tmp_path / f"out{target}")
    assert chapters_of(tmp_path / f"out{target}") == chapters_of(reference)


@pytest.mark.parametrize("target", [".mkv", ".mp4"])
def test_many_chapters_with_long_names(target: str, tmp_path: Path) -> None:
    many = [(n, n + 1, f"{n} " + "long " * 60) for n in range(700)]
    given = with_chapters(tmp_path / "in.mkv", many)
    remux(given, tmp_path / f"out{target}")
    found = [(start, title) for start, _, title in chapters_of(tmp_path / f"out{target}")]
    assert found == [(start, title) for start, _, title in many]


def test_frames_from_before_zero_move_chapters_too(tmp_path: Path) -> None:
    """What comes before the beginning moves everything in Matroska, chapters as well."""
    source = tmp_path / "early.mkv"
    run_ffmpeg(
        *("-itsoffset", "-0.2", "-i", clip("h264-bframes.mp4"), "-c", "copy"),
        *("-avoid_negative_ts", "disabled", "-copyts", "-f", "mov", source),
    )
    given = with_chapters(tmp_path / "in.mov", [(0, 400, "a"), (400, 700, "b")], source)
    remux(given, tmp_path / "out.mkv")
    first, second = chapters_of(tmp_path / "out.mkv")
    assert second[0] == first[1]
    assert second[1] - second[0] == 300
