"""What the README says of itself, and where its links lead; test_pages.py runs its examples."""

from __future__ import annotations

import re
import subprocess

import pytest
from clips import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_is_short_and_has_five_examples() -> None:
    assert len(re.findall(r"^```python$", README, re.MULTILINE)) == 5
    assert len(README.splitlines()) <= 120


def test_size_of_readme_counts_what_is_needed() -> None:
    said = r"ffwebcodecs ([\d.]+) MB, cffi and pycparser ([\d.]+), numpy ([\d.]+)"
    parts = re.search(said, README)
    row = re.search(r"^\| size on disk, with numpy \| ([\d.]+) MB \|", README, re.MULTILINE)
    assert parts is not None and row is not None
    assert sum(map(float, parts.groups())) == pytest.approx(float(row[1]), abs=0.2)


@pytest.mark.parametrize(
    "page",
    [
        *("README.md", "CONTRIBUTING.md"),
        *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))),
    ],
)
def test_links_lead_to_files(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8"))
    made = {"command-line.md", "../command-line.md"}  # by tools/docs/commands.py
    missing = [link for link in links if link not in made and not (path.parent / link).exists()]
    assert not missing


def test_make_help_lists_the_targets_of_the_readme() -> None:
    text = subprocess.run(["make", "help"], capture_output=True, text=True, cwd=ROOT).stdout
    for target in ("demo", "test", "docs", "bench", "layouts", "lint", "clean"):
        assert f"make {target}" in text
