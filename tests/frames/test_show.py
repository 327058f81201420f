"""frame.show(): what a viewer on PATH is given, and what becomes of the file."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ffwebcodecs
from ffwebcodecs import VideoFrame, create_image_bitmap

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(os.name == "nt", reason="viewers are programs on PATH elsewhere"),
]
VIEWER = "open" if sys.platform == "darwin" else "xdg-open"


class Desktop:
    """A folder that is PATH: what is in it tells a pipe what it was called with."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self.programs, self.temporary = folder / "bin", folder / "a 'folder'; $(touch x) \"&"
        self.programs.mkdir()
        self.temporary.mkdir()
        os.mkfifo(folder / "said")
        self._said = os.open(folder / "said", os.O_RDWR | os.O_NONBLOCK)
        monkeypatch.setenv("PATH", str(self.programs))
        monkeypatch.setattr("tempfile.tempdir", str(self.temporary))
        monkeypatch.chdir(folder)
        self.program("rm", f'/bin/rm "$@"; /bin/echo gone >{folder}/said')

    def program(self, name: str, then: str) -> None:
        path = self.programs / name
        told = f'/bin/echo "{name} $# $*" >{self._folder}/said'
        path.write_text(f"#!/bin/sh\n{told}\n{then}\n")
        path.chmod(0o755)

    def hear(self) -> str:
        """Return the next line that a program says."""
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._said], [], [], 30)
            assert ready, "no program was called"
            line += os.read(self._said, 1)
        return line.decode().rstrip("\n")

    def quiet(self) -> bool:
        return not select.select([self._said], [], [], 0)[0]

    def close(self) -> None:
        os.close(self._said)


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Desktop(tmp_path, monkeypatch)
    yield made
    made.close()


def frame() -> VideoFrame:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    return VideoFrame.from_ndarray(pixels, timestamp=0, rotation=90)


@pytest.mark.parametrize("of_bitmap", [False, True])
def test_the_viewer_gets_the_picture_and_the_file_goes_later(
    desktop: Desktop, of_bitmap: bool
) -> None:
    desktop.program(VIEWER, f'/bin/cp "$1" {desktop.programs}/seen')
    desktop.program("sleep", f"read line <{desktop.programs}/go")  # until the test says so
    os.mkfifo(desktop.programs / "go")
    with frame() as shown, create_image_bitmap(shown) as bitmap:
        (bitmap if of_bitmap else shown).show()
        expected = (bitmap if of_bitmap else shown).encode("png")
    (name,) = os.listdir(desktop.temporary)
    path = desktop.temporary / name
    assert desktop.hear() == f"{VIEWER} 1 {path}"
    assert (desktop.programs / "seen").read_bytes() == path.read_bytes() == expected
    assert desktop.hear() == "sleep 1 60"
    assert path.exists()
    (desktop.programs / "go").write_text("\n")
    assert desktop.hear().startswith("rm ")
    assert desktop.hear() == "gone"
    assert os.listdir(desktop.temporary) == []
    assert not (desktop._folder / "x").exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="it has one viewer")
def test_the_next_viewer_is_asked_when_one_fails(desktop: Desktop) -> None:
    desktop.program("xdg-open", "exit 3")
    desktop.program("feh", "exit 0")
    desktop.program("sleep", "")
    with frame() as shown:
        shown.show()
    said = [desktop.hear().split()[:2] for _ in range(3)]
    assert said == [["xdg-open", "1"], ["feh", "1"], ["sleep", "1"]]


def test_viewers_that_all_fail_are_named_and_leave_no_file(desktop: Desktop) -> None:
    desktop.program(VIEWER, "exit 4")
    desktop.program("sleep", "")
    with frame() as shown, pytest.raises(ffwebcodecs.NotSupportedError) as caught:
        shown.show()
    assert f"{VIEWER} ended with status 4" in str(caught.value)
    assert "save('picture.png')" in str(caught.value)
    assert os.listdir(desktop.temporary) == []


def test_without_a_viewer_the_error_says_what_to_do(desktop: Desktop) -> None:
    with (
        frame() as shown,
        pytest.raises(ffwebcodecs.NotSupportedError, match=rf"{VIEWER}.*save\('picture.png'\)"),
    ):
        shown.show()
    assert os.listdir(desktop.temporary) == []


def test_a_closed_frame_starts_no_viewer(desktop: Desktop) -> None:
    desktop.program(VIEWER, "")
    shown = frame()
    shown.close()
    with pytest.raises(ffwebcodecs.InvalidStateError):
        shown.show()
    assert desktop.quiet()
    assert os.listdir(desktop.temporary) == []


def test_a_viewer_that_stays_open_is_not_waited_for(desktop: Desktop) -> None:
    desktop.program(VIEWER, f"read line <{desktop.programs}/go")
    os.mkfifo(desktop.programs / "go")
    desktop.program("sleep", "")
    with frame() as shown:
        shown.show()  # it returns although the viewer waits
    assert desktop.hear().startswith(VIEWER)
    assert len(os.listdir(desktop.temporary)) == 1
    (desktop.programs / "go").write_text("\n")
    assert desktop.hear() == "sleep 1 60"
    assert desktop.hear().startswith("rm ")
    assert desktop.hear() == "gone"
    assert os.listdir(desktop.temporary) == []
