"""Playlists attacked at random: with names, and with signals."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
from pathlib import Path

import attack
import pytest
from clips import clip
from interrupts import silence_alarm
from playlist_helpers import (
    OUTSIDE,
    SCRIPTS,
    dash,
    hls,
    make_folder,
    master,
    need_format,
    size,
    write,
)

import ffwebcodecs
from ffwebcodecs import Demuxer

KINDS = list(SCRIPTS)
SIZE = 160, 120
WEBCODECS_ERRORS = (ffwebcodecs.WebCodecsError, OSError)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path)


PIECES = [
    *("..", ".", "/", "/", "outside", ".ts", ".mp4", "below", "link", "up", "'", '"', "\\", "%2e"),
    *(
        "file:",
        "crypto:",
        "concat:",
        "$RepresentationID$",
        "$Number$",
        "?",
        "#",
        " ",
        "\t",
        ",",
        "|",
    ),
    *("inside", "{outer}", "&#46;", "//", "~"),
]


@pytest.mark.attack
@pytest.mark.parametrize("kind", KINDS)
def test_no_name_made_at_random_leads_out(folder: Path, kind: str) -> None:
    need_format(kind)
    dice = attack.dice(f"names in {kind}")
    outer = folder.parent
    for suffix in (".ts", ".mp4"):
        shutil.copy(clip(OUTSIDE), outer / f"outside{suffix}")
    outside = size(clip(OUTSIDE))
    assert outside != SIZE
    if kind != "dash":  # where links may lead out at all
        (folder / "link.ts").symlink_to(outer / "outside.ts")
        (folder / "up").symlink_to(outer)
    tries, harm = attack.rounds(150, 20000), []
    for _ in range(tries):
        name = "".join(dice.choices(PIECES, k=dice.randint(1, 7))).format(outer=outer)
        text = SCRIPTS[kind](name)
        if kind == "dash":
            text = dash(name, identifier=dice.choice(["v", "", ".", "..", "../", "/", "a/.."]))
        try:
            if size(write(folder, kind, text), playlists=True) == outside:
                harm.append(name)
        except (*WEBCODECS_ERRORS, StopIteration):
            pass
    attack.report(f"random names in {kind}", tries, len(harm), "another file was read")
    assert not harm


@pytest.mark.attack
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # between the making and the with block
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no such timer here")
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors have no names here")
def test_a_signal_at_any_moment_leaves_nothing_open(folder: Path) -> None:
    class HeardError(BaseException):  # as KeyboardInterrupt: no argument is blamed for it
        pass

    armed: list[bool] = []

    def heard(number: int, frame: object) -> None:
        if armed:
            raise HeardError

    def once() -> bool:
        armed.append(True)
        signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.0001, 0.01))
        with Demuxer(path, playlists=True) as demuxer:
            found = sum(1 for _ in demuxer.chunks())
        armed.clear()
        return found > 0

    (folder / "one.m3u8").write_text(hls(*["inside.ts"] * 20), encoding="ascii")
    path = write(folder, "hls", master("one.m3u8"))
    dice, tries, ended = attack.dice("signals in a playlist"), attack.rounds(100, 5000), 0
    signal.signal(signal.SIGALRM, heard)
    try:
        for _ in range(tries):
            with contextlib.suppress(HeardError):
                ended += once()
            armed.clear()
    finally:
        silence_alarm()
    gc.collect()
    opened = [name for name in os.listdir("/proc/self/fd") if leads_into(name, folder)]
    attack.report("signals in a playlist", tries, len(opened), "a file stayed open")
    assert not opened
    assert ended < tries


def leads_into(descriptor: str, folder: Path) -> bool:
    """Return whether a descriptor of this process is a file in a folder."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(folder))
    except OSError:
        return False
