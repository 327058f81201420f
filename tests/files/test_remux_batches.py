"""Packets that `remux` copies many at a time lie in the file as those that come one by one."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import convert_helpers
import pytest
from clips import clip
from sound_clips import film

from ffwebcodecs import TranscodeProgress, WebCodecsError, open_handles, remux
from ffwebcodecs._av import pump
from ffwebcodecs._av.files import remux_run
from ffwebcodecs._av.files.mux import MuxerCore
from ffwebcodecs._av.files.remux_run import RemuxRun

pytestmark = pytest.mark.skipif(pump.get() is None, reason="the pump was not built here")

Said = tuple[bytes, list[TranscodeProgress], list[str]]


@pytest.fixture(autouse=True)
def without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what Matroska and Ogg would make up by chance."""
    write = MuxerCore.write_header

    def write_header(self: MuxerCore) -> None:
        self.set_option("fflags", "bitexact")
        write(self)

    monkeypatch.setattr(MuxerCore, "write_header", write_header)


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list to which each batch adds how many packets it has copied."""
    counts: list[int] = []
    go = RemuxRun.go

    def counted(self: RemuxRun) -> remux_run.CopiedBatch | None:
        batch = go(self)
        if batch is not None:
            counts.append(batch.frames + batch.packets)
        return batch

    monkeypatch.setattr(RemuxRun, "go", counted)
    return counts


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Give what leaves batches out."""
    yield lambda: monkeypatch.setattr(remux_run, "begin", lambda *_: None)
    monkeypatch.undo()


def said(source: Path, out: Path, **options: int) -> Said:
    told: list[TranscodeProgress] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            remux(source, out, on_progress=told.append, **options)
        except WebCodecsError as error:
            return str(error).encode(), told, []
    return out.read_bytes(), told, [str(one.message) for one in warned]


def damaged(folder: Path) -> Path:
    """Return a transport stream some of whose packets are missing or marked."""
    content = bytearray(film("heard.ts").read_bytes())
    for place in range(0x8000, len(content), 0x7000):
        content[place : place + 300] = bytes(300)
    path = folder / "damaged.ts"
    path.write_bytes(content)
    return path


SOURCES: dict[str, Callable[[Path], Path]] = {
    "film.mp4": lambda _: film(),
    "film.ts": lambda _: film("heard.ts"),
    "film.webm": lambda _: film("heard.webm"),
    "subtitles.mkv": lambda _: convert_helpers.movie(),
    "live.flv": lambda _: convert_helpers.film("live.flv"),
    "variable": lambda _: clip("h264-variable-rate.mp4"),
    "hidden": lambda _: clip("vp9-hidden-frames.webm"),
    "damaged.ts": damaged,
}


@pytest.mark.parametrize(
    ("name", "suffixes"),
    [
        ("film.mp4", ".mp4 .mov .mkv .ts .avi .flv .m4a"),
        ("film.ts", ".mp4 .mkv .ts"),
        ("film.webm", ".webm .mkv .mp4 .ogg .opus"),
        ("subtitles.mkv", ".mkv .mp4"),
        ("live.flv", ".mkv .mp4"),
        ("variable", ".mkv"),
        ("hidden", ".webm"),
        ("damaged.ts", ".mkv .mp4"),
    ],
)
def test_the_file_is_the_same(
    name: str,
    suffixes: str,
    tmp_path: Path,
    copied: list[int],
    one_by_one: Callable[[], None],
) -> None:
    source, found = SOURCES[name](tmp_path), {}
    spans: tuple[dict[str, int], ...] = ({}, {"start": 300_000, "stop": 2_200_000})
    asked = [(out, span) for out in suffixes.split() for span in spans]
    for out, span in asked:
        found[out, len(span)] = said(source, tmp_path / f"a{out}", **span)
    assert sum(copied) > 10
    copied.clear()
    one_by_one()
    for out, span in asked:
        assert said(source, tmp_path / f"a{out}", **span) == found[out, len(span)], (out, span)
    assert not copied
    assert not any(open_handles().values())


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_told_as_ever(copied: list[int], one_by_one: Callable[[], None]) -> None:
    def failure() -> str:
        try:
            remux(film(), "/dev/full", format="matroska", atomic=False)
        except OSError as error:
            return repr(error)
        return ""

    found = failure()
    assert "No space left" in found
    assert copied
    one_by_one()
    assert failure() == found
    assert not any(open_handles().values())


def test_progress_that_raises_ends_it(tmp_path: Path, copied: list[int]) -> None:
    def stop(progress: TranscodeProgress) -> None:
        if progress.frames == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remux(film(), tmp_path / "a.mkv", on_progress=stop)
    assert copied
    assert not list(tmp_path.iterdir())
    assert not any(open_handles().values())


def test_the_pump_refuses_what_is_wrong() -> None:
    pump.tell(pump.for_files(), remux_run.numbers())
    make, plan = pump.get().RemuxRun, [0, 0, 1, 1, *[0] * 15]
    track = (0,) * 16
    with pytest.raises(ValueError, match="nothing can be copied"):
        make((*plan[:2], 0, *plan[3:]), track, (), (), 0.0)
    with pytest.raises(ValueError, match="nothing can be copied"):
        make((0, 1, *plan[2:]), track, (), (), 0.0)
    with pytest.raises(ValueError, match="so many numbers"):
        make(tuple(plan), track[1:], (), (), 0.0)
    with pytest.raises(ValueError, match="no such clock"):
        make(tuple(plan), track, ((1, *track[1:]),), (), 0.0)
    with pytest.raises(ValueError, match="nothing can be copied"):
        make(tuple(plan), track, (), (), 0.0).go(0, 0)
