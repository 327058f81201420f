"""Ten tasks that people come with: each is a row of the site's first page, and its code runs.

`TASKS` has, of each, the words on the first page, and a call that a program on the page behind its
link makes; that program is run as it stands by test_pages.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pages
import pytest

HOME = pages.DOCS / "index.md"
TASKS = {
    "sample frames of a film": "video.sample(count=16",
    "make thumbnails": '.encode("jpeg"',
    "cut a part out": "start=500_000, stop=1_000_000",
    "convert, with its sound": "ffwebcodecs.transcode(",
    "go back and forth in a film": "video.prefetch(",
    "follow a camera, or send as it is made": "live=True",
    "share the work between processes or machines": "video.ref[",
    "look at pictures in a notebook": "video  ",
    "know whether a file is sound": "video.check()",
    "bring a program along": "map_frame=look",
}
ROWS = dict(
    re.findall(r"^\| \[([^\]]+)\]\(([^)]+)\) \|", HOME.read_text(encoding="utf-8"), re.MULTILINE)
)


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("task", TASKS)
def test_task_is_one_click_away_and_its_code_runs(task: str) -> None:
    name, _, anchor = ROWS[task].partition("#")
    page = HOME.parent / name
    assert not anchor or anchor in anchors(page)
    run = [each.code for each in pages.blocks(page) if "not run" not in each.said]
    assert any(TASKS[task] in code for code in run)


def test_every_row_leads_somewhere() -> None:
    assert len(ROWS) >= len(TASKS)
    for target in ROWS.values():
        assert (HOME.parent / target.partition("#")[0]).exists()
