"""What the README and its neighbours refer to is there; test_pages.py runs its examples."""

from __future__ import annotations

import re
import subprocess

import pytest
from clips import ROOT


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
