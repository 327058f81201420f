"""Every block of code of the site and of the README runs as it stands there, on real clips."""

from __future__ import annotations

from pathlib import Path

import pages
import pytest
from clips import ROOT

# Their blocks show a line or two, and say nothing yet of what comes before it.
NOT_YET = ("converting", "encoding", "hardware", "memory", "scaling", "security", "sound")
NOT_YET += ("streams", "time")
WITH_CODE = [page for page in pages.pages() if pages.blocks(page)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in WITH_CODE if page.stem not in NOT_YET],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_blocks_of_page_run(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    wrong = pages.run(page, folder)
    assert not wrong, "\n".join(wrong)


def test_what_does_not_run_has_one_of_few_reasons() -> None:
    every = [block for page in WITH_CODE for block in pages.blocks(page)]
    strange = {repr(each): each.said["not run"] for each in every if "not run" in each.said}
    strange = {where: why for where, why in strange.items() if why not in pages.REASONS}
    assert not strange
    run = [each for each in every if each.language in ("python", "bash")]
    assert len([each for each in run if "not run" in each.said]) < len(run) / 4
