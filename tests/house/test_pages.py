"""Every block of code of the site and of the README runs as it stands there, on real clips."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import docstrings
import pages
import pytest
from clips import ROOT

WITH_CODE = [page for page in pages.pages() if pages.blocks(page)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    WITH_CODE,
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_blocks_of_page_run(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    wrong = pages.run(page, folder)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_a_block_that_does_not_do_what_the_page_says_is_told(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nprint(1)\n```\n\n<!-- then: assert printed == '2' -->\n\n"
        "<!-- raises: ZeroDivisionError -->\n```python\n1 / 0\n```\n"
        "<!-- raises: ZeroDivisionError -->\n```python\n1 / 1\n```\n"
        "```bash\nffwebcodecs probe nothing.mp4\n```\n"
        "```python\nx = 3\n```\nand\n<!-- continues -->\n```python\n\nassert x == 4\n```\n"
        "```python\nimport ffwebcodecs\nkept = ffwebcodecs.Demuxer('clip.mp4')\n```\n"
    )
    folder = tmp_path / "here"
    folder.mkdir()
    wrong = pages.run(page, folder)
    lines = [int(re.findall(r"line (\d+)", each)[0]) for each in wrong]
    assert sorted(set(lines)) == [1, 12, 15, 18, 27]
    assert "was not raised" in wrong[1]
    assert "nothing.mp4" in wrong[2]
    assert "line 25, in <module>" in wrong[3]
    assert "unclosed" in wrong[4]


def test_a_comment_beside_no_block_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: a network -->\nwords\n```python\n1\n```\n")
    with pytest.raises(ValueError, match="no block of code beside the comment 'not run"):
        pages.blocks(page)


@pytest.mark.slow
def test_examples_of_docstrings_run(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    programs = docstrings.programs()
    assert len(programs) > 30
    for name in pages.named("".join(each["pieces"][0]["code"] for each in programs)):
        shutil.copy(pages.source(name), folder / name)
    wrong = pages.execute(Path("docstrings"), programs, folder)
    assert not wrong, "\n".join(wrong)


def test_what_does_not_run_has_one_of_few_reasons() -> None:
    every = [block for page in WITH_CODE for block in pages.blocks(page)]
    strange = {repr(each): each.said["not run"] for each in every if "not run" in each.said}
    strange = {where: why for where, why in strange.items() if why not in pages.REASONS}
    assert not strange
    told = {each.said["run by"] for each in every if "run by" in each.said}
    assert not [path for path in told if not (ROOT / path).is_file()]
    run = [each for each in every if each.language in ("python", "bash")]
    assert len([each for each in run if "not run" in each.said]) < len(run) / 4


def test_every_fence_names_its_language() -> None:
    known = ("python", "bash", "console", *pages.SHOWN)
    every = [block for page in WITH_CODE for block in pages.blocks(page)]
    assert not [each for each in every if each.language not in known]
    commands = r"^(\$ )?(ffwebcodecs|python|pip|make) "
    hidden = [each for each in every if each.language in pages.SHOWN or not each.is_looked_at]
    assert not [each for each in hidden if re.search(commands, each.code, re.MULTILINE)]
