"""Several files through one command: counted one by one and at the end, drawn on a terminal."""

from __future__ import annotations

import io
import itertools
import os
from contextlib import suppress
from pathlib import Path

import pytest
from cli_helpers import NAME, call, names
from clips import clip
from convert_helpers import movie

from ffwebcodecs.cli._lines import tell
from ffwebcodecs.cli._progress import Bars

pytestmark = pytest.mark.once


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.mp4"
    path.write_bytes(b"no video at all" * 99)
    return path


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_last_line_counts_all(
    jobs: int, bad: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # Subtitles of this kind are lost in MPEG-TS.
    inputs = (clip(NAME), movie(), bad)
    out = tmp_path / "out" / "{stem}.ts"
    assert call("remux", *inputs, out, "--jobs", jobs) == 1
    said = capfd.readouterr()
    lines = said.out.splitlines()
    assert lines[-1] == "1 done, 1 failed, 1 incomplete"
    assert [line[:5] for line in lines[:-1]] == sorted(line[:5] for line in lines[:-1])
    assert {line[2:5] for line in lines[:-1]} == {"/3]"}
    [less] = [line for line in lines if line.endswith(", incomplete")][:1]
    assert f"{movie().stem}.ts: " in less
    assert str(bad) in said.err
    # Again: what is there is not made again.
    changed = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert call("remux", *inputs, out, "--jobs", jobs, "--skip-existing") == 1
    said = capfd.readouterr()
    assert said.out.splitlines()[-1] == "0 done, 1 failed, 2 skipped"
    assert {path: path.stat().st_mtime_ns for path in changed} == changed


def test_all_done_and_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    inputs = (clip(NAME), clip("vp9.webm"))
    assert call("remux", *inputs, tmp_path / "{stem}.mkv") == 0
    assert capfd.readouterr().out.splitlines()[-1] == "2 done"
    assert call("remux", *inputs, tmp_path / "{stem}.mp4", "-q") == 0
    assert tuple(capfd.readouterr()) == ("", "")
    assert call("transcode", *inputs, tmp_path / "{stem}.mp4", "--skip-existing") == 0
    assert capfd.readouterr().out.splitlines()[-1] == "0 done, 2 skipped"
    assert call("remux", inputs[0], tmp_path / "a.mkv", "--skip-existing", "--force") == 2
    assert "exclude each other" in capfd.readouterr().err
    assert "a.mkv" not in names(tmp_path)


def test_probe_and_check_count_too(bad: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call("probe", clip(NAME), bad) == 1
    assert capfd.readouterr().out.splitlines()[-1] == "1 done, 1 failed"
    assert call("check", clip(NAME), bad) == 2
    assert capfd.readouterr().out.splitlines()[-1] == "1 sound, 1 unreadable"


class Terminal(io.StringIO):
    """Something that is drawn on, as the lines that are there in the end."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        rows, at = [""], 0
        text = self.getvalue()
        while text:
            if text.startswith("\x1b["):
                end = next(n for n, letter in enumerate(text[2:], 2) if letter.isalpha())
                if text[end] == "A":
                    at -= int(text[2:end])
                else:
                    assert text[: end + 1] == "\x1b[J"
                    rows[at:] = [""]
                text = text[end + 1 :]
                continue
            letter, text = text[0], text[1:]
            if letter == "\n":
                at += 1
                rows[at:] = [""] if at == len(rows) else rows[at:]
            elif letter != "\r":
                rows[at] += letter
        return rows


def test_several_bars_stand_below_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    with Bars(3, stream=screen, clock=lambda: now[0]) as bars:
        with bars.begin("a.mp4", 100) as one, bars.begin("\u4e2d\u4e2d" * 60, None) as two:
            one.step()
            assert screen.getvalue() == ""  # within the first second
            now[0] = 2.0
            one.step()
            assert screen.lines()[0] == "a.mp4: 2/100 frames (2 %), 1.0 frames/s, 01:38 left"
            assert screen.lines()[1] == "\u4e2d" * 39  # two columns each
            assert screen.lines()[2:] == ["0 of 3 done"]
            tell("a line")
            assert screen.lines() == ["a line", ""]
            now[0] = 3.0
            two.step()
            assert screen.lines()[0] == "a line"
            assert screen.lines()[1].startswith("a.mp4: 2/100")
            assert len(screen.lines()) == 4
        now[0] = 4.0
        bars.count()
        with bars.begin("b", None) as three:
            three.step()
        assert screen.lines() == ["a line", "b: 1 frames, 0.0 frames/s", "1 of 3 done"]
    assert screen.lines() == ["a line", ""]


@pytest.mark.skipif(os.name == "nt", reason="terminals of Unix")
def test_a_bar_is_cut_to_the_terminals_width() -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 3, 20, 0, 0))
    now = [0.0]
    with suppress(OSError), open(theirs, "w", encoding="ascii") as terminal:
        with Bars(9, stream=terminal, clock=lambda: now[0]) as bars:
            rows = [bars.begin(f"\u00e9 a rather long name {n}", 5) for n in range(4)]
            now[0] = 2.0
            rows[0].step()
            drawn = os.read(ours, 9999).decode("ascii")
            # The terminal has three lines: one stays free, one counts.
            assert drawn == "\\xe9 a rather long \r\n0 of 9 done"
            os.close(ours)
            now[0] = 4.0
            rows[0].step()  # the terminal has gone: nothing is drawn, nothing fails
            for row in rows:
                with row:
                    pass
        drawn = ""
    assert not drawn  # it came to the end


def test_nothing_is_drawn_on_a_terminal_that_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    for name in ("dumb", "xterm"):
        monkeypatch.setenv("TERM", name)
        clock = itertools.count(0, 2).__next__
        with Bars(1, clock=clock) as bars, bars.begin("a", None) as row:
            row.step()
        assert bool(screen.getvalue()) == (name == "xterm")


@pytest.mark.skipif(os.name == "nt", reason="pipes of Unix")
def test_pipes_are_no_outputs_that_exist(tmp_path: Path) -> None:
    out = tmp_path / "log"
    with open(out, "wb", buffering=0) as file:
        file.write(b"x")
        name = f"/dev/fd/{file.fileno()}"
        assert call("remux", clip(NAME), name, "--format", "mkv", "-q") == 0
    assert out.read_bytes().startswith(b"x\x1aE\xdf\xa3")
