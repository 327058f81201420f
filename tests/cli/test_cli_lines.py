"""Lines that cannot be shown, or that nobody takes: the work goes on, and its status counts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from cli_helpers import NAME, command, environment, run
from clips import FRAMES, clip
from mux_helpers import probe

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(os.name == "nt", reason="descriptors of Unix"),
]


def shell(line: str, *words: object) -> subprocess.CompletedProcess[bytes]:
    """Run a command with redirections; ``"$@"`` is the command."""
    return subprocess.run(
        ["sh", "-c", line, "sh", *command(*words)],
        capture_output=True,
        env=environment(),
        timeout=60,
    )


def is_whole(path: Path) -> bool:
    found = probe(path, "-count_packets", "-show_streams", "-select_streams", "v")
    return int(found["streams"][0]["nb_read_packets"]) == FRAMES


@pytest.mark.parametrize(
    "settings",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=str,
)
def test_a_name_that_cannot_be_shown_is_escaped(settings: dict[str, str], tmp_path: Path) -> None:
    # One letter that is not in ASCII, one that is not in Latin-1, one byte that is no text.
    name = os.fsencode(tmp_path) + b"/\xc3\xbc\xe2\x82\xac\xff.mkv"
    done = subprocess.run(
        [*command("remux", clip(NAME)), name],
        capture_output=True,
        env=environment(**settings),
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert os.path.exists(name)
    assert f": {FRAMES} frames".encode() in done.stdout


def test_what_moves_a_cursor_is_escaped(tmp_path: Path) -> None:
    out = tmp_path / "a\x1b[2J\n.mkv"
    done = run("remux", clip(NAME), out)
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 1
    assert b"a\\x1b[2J\\x0a.mkv: " in done.stdout


@pytest.mark.parametrize("redirections", [">&-", "<&- >&- 2>&-", ">/dev/full 2>&1"])
def test_a_summary_that_nobody_takes_fails_nothing(redirections: str, tmp_path: Path) -> None:
    if "full" in redirections and not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    out = tmp_path / "a.mkv"
    done = shell(f'"$@" {redirections}', "remux", clip(NAME), out)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert is_whole(out)


def test_a_reader_that_leaves_fails_no_work(tmp_path: Path) -> None:
    out = tmp_path / "a.mkv"
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command("remux", clip(NAME), out),
            stdout=writing,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=60,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
    assert is_whole(out)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("words", "redirection"),
    [
        (("probe", "IN", "--json"), ">/dev/full"),
        (("probe", "IN"), ">&-"),
        (("remux", "IN", "-", "--format", "mkv"), ">/dev/full"),
        (("remux", "IN", "-", "--format", "mkv"), ">&-"),
        (("convert", "-", "-", "--from", "I420", "--to", "I420", "--size", "2x2"), ">/dev/full"),
    ],
)
def test_what_is_asked_for_and_cannot_be_written_is_a_failure(
    words: tuple[str, ...], redirection: str
) -> None:
    arguments = [clip(NAME) if word == "IN" else word for word in words]
    done = shell(f'head -c 6 /dev/zero | "$@" {redirection}', *arguments)
    assert done.returncode == 1
    reason = b"No space left on device" if "full" in redirection else b"standard output is closed"
    assert reason in done.stderr.splitlines()[-1]


def test_standard_input_that_is_closed_is_told(tmp_path: Path) -> None:
    for words in (("remux", "-", tmp_path / "a.mkv"), ("check", "-")):
        done = shell('"$@" <&-', *words)
        assert done.returncode in (1, 2)
        assert b"standard input is closed" in done.stderr
    assert not list(tmp_path.iterdir())
