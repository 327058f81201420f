"""What `help` and `dir` show: what there is for programs, and where to begin."""

from __future__ import annotations

import inspect
import os
import pydoc
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ffwebcodecs

PUBLIC = [name for name in ffwebcodecs.__all__ if name != "__version__"]
CLASSES = [name for name in PUBLIC if inspect.isclass(getattr(ffwebcodecs, name))]


def helped(thing: Any) -> str:
    return pydoc.plain(pydoc.render_doc(thing))


def test_help_of_the_package_begins_with_an_overview_of_all_names() -> None:
    lines = helped(ffwebcodecs).splitlines()
    first = [line.strip() for line in lines if line.strip()][:8]
    assert any(line.startswith("ffwebcodecs - WebCodecs for Python") for line in first)
    overview = ffwebcodecs.__doc__ or ""
    assert [name for name in PUBLIC if f"`{name}`" not in overview] == []
    assert "\n".join(lines).index("Read a file") < 1500


def test_help_works_without_ffmpeg(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import ffwebcodecs; help(ffwebcodecs)"],
        capture_output=True,
        text=True,
        env={**os.environ, "FFWEBCODECS_LIBRARY_PATH": str(tmp_path), "PAGER": "cat"},
    )
    assert done.returncode == 0, done.stderr
    assert "`VideoFrame`" in done.stdout
    assert "class FFmpegLoadError(" in done.stdout


def test_dir_of_the_package_is_its_names_and_pythons() -> None:
    inspect.getmembers(ffwebcodecs)  # which loads whatever there is
    shown = {name for name in dir(ffwebcodecs) if not name.startswith("__")}
    assert shown == {*PUBLIC, "typing"}


@pytest.mark.parametrize("name", CLASSES)
def test_help_of_a_class_names_no_private_base_as_the_owner(name: str) -> None:
    text = helped(getattr(ffwebcodecs, name))
    inherited = [line for line in text.splitlines() if " inherited from ffwebcodecs._" in line]
    inherited += [line for line in text.splitlines() if "._" in line and " inherited " in line]
    assert inherited == []


def test_dir_of_an_object_shows_nothing_private() -> None:
    with ffwebcodecs.VideoFrame(
        bytes(24), format="I420", coded_width=4, coded_height=4, timestamp=0
    ) as frame:
        plane = frame.planes[0]
        things = [frame, plane, frame.color_space, ffwebcodecs.VideoDecoderConfig(codec="vp8")]
        for thing in things:
            private = [name for name in dir(thing) if name[:1] == "_" and name[:2] != "__"]
            assert private == []
        assert {"timestamp", "close", "to_ndarray", "__enter__"} <= set(dir(frame))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_object_has_a_signature(name: str) -> None:
    thing = getattr(ffwebcodecs, name)
    if not (inspect.isclass(thing) and issubclass(thing, BaseException)):
        parameters = inspect.signature(thing).parameters.values()
        bare = [each for each in parameters if each.annotation is each.empty]
        assert not bare or issubclass(thing, tuple)
