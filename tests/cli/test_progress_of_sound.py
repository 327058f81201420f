"""Progress of a file without pictures counts seconds of sound, not packets as frames."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from convert_helpers import made

from ffwebcodecs.__main__ import main
from ffwebcodecs.cli import _progress
from ffwebcodecs.cli._progress import Progress, line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_has_seconds_and_how_many_times_as_fast() -> None:
    assert line(30, 120, 2.0, "s") == "30/120 s (25 %), 15.0x, 00:06 left"
    assert line(30, None, 2.0, "s") == "30 s, 15.0x"


def test_it_is_drawn() -> None:
    terminal, now = Terminal(), iter((0.0, 0.5, 2.0))
    with Progress(50, stream=terminal, clock=lambda: next(now), tqdm=False) as progress:
        progress.hear(10, 120)
        progress.hear(30, 120)
    assert "\r30/120 s (25 %), 15.0x, 00:06 left" in terminal.getvalue()
    assert "frames" not in terminal.getvalue()


def test_a_conversion_of_sound_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    song = made("only.mp3", "-f", "lavfi", "-i", "sine=sample_rate=48000:duration=1", "-ac", "2")
    told: list[tuple[int, int | None]] = []

    def hear(self: _progress.Progress, seconds: int, total: int | None) -> None:
        told.append((seconds, total))

    for kind in (_progress.Progress, _progress.Row):
        monkeypatch.setattr(kind, "hear", hear)
    assert main(["transcode", str(song), str(tmp_path / "a.flac")]) == 0
    assert told
    assert {total for _, total in told} == {1}
