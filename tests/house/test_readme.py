"""The examples of the README, docs/time.md, sound.md and streams.md run as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clips import ROOT, clip

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = dict(
    re.findall(r"^## ([^\n]+)\n\n```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
)
# Those that are complete: others show a line or two.
PIECES = {
    f"{page}-{number}": code
    for page in ("time", "sound", "streams")
    for number, code in enumerate(
        re.findall(
            r"^```python\n((?:import \w+\n)*import ffwebcodecs\n.*?)^```",
            (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
    )
}


def test_readme_has_examples() -> None:
    assert len(EXAMPLES) == 6


@pytest.mark.slow
@pytest.mark.parametrize("title", EXAMPLES)
def test_readme_example_runs(title: str, tmp_path: Path) -> None:
    run(EXAMPLES[title].replace("start=2_000_000", "start=200_000"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES)
def test_example_of_a_page_runs(piece: str, tmp_path: Path) -> None:
    run(PIECES[piece], tmp_path)


def run(code: str, tmp_path: Path) -> None:
    """Run an example beside a clip of a second and a half, and expect it to print something."""
    shutil.copy(clip("h264-with-audio.mp4"), tmp_path / "clip.mp4")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "page",
    [
        *("README.md", "CONTRIBUTING.md"),
        *("docs/index.md", "docs/converting.md", "docs/sound.md", "docs/time.md"),
        *("docs/streams.md", "docs/scaling.md"),
    ],
)
def test_links_lead_to_files(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if not (path.parent / link).exists()]
    assert not missing


def test_make_help_lists_the_targets_of_the_readme() -> None:
    text = subprocess.run(["make", "help"], capture_output=True, text=True, cwd=ROOT).stdout
    for target in ("demo", "test", "bench", "layouts", "lint", "clean"):
        assert f"make {target}" in text
