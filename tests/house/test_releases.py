"""What differs between FFmpeg releases is known in one place: ffwebcodecs/_av/releases.py."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from house import PACKAGE, nodes

from ffwebcodecs import _ffi
from ffwebcodecs._av import releases

HOME = PACKAGE / "_av" / "releases.py"
QUESTIONS = {"has", "has_field", "version"}
FACTS = [
    each for each in vars(releases).values() if getattr(each, "__module__", "") == releases.__name__
]


def questions(path: Path) -> list[str]:
    """Return where a file asks `_ffi` which release it has: the lines."""
    found = []
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("_ffi"):
            asked = any(alias.name in QUESTIONS for alias in node.names)
        elif isinstance(node, ast.Attribute) and node.attr in QUESTIONS:
            asked = ast.unparse(node.value).endswith("_ffi")
        else:
            continue
        if asked:
            found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}")
    return found


def test_nobody_else_asks_which_release_it_is() -> None:
    assert len(questions(HOME)) >= len(FACTS)
    others = [path for path in PACKAGE.rglob("*.py") if path != HOME and "_ffi" not in path.parts]
    assert len(others) > 100
    assert [line for path in others for line in questions(path)] == []


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_a_fact_says_which_release_changed_it_and_is_asked_once(fact: object) -> None:
    assert re.search(r"FFmpeg \d", inspect.getdoc(fact) or "")
    assert callable(fact) and hasattr(fact, "cache_info")
    fact()
    before = fact.cache_info().misses
    fact()
    assert fact.cache_info().misses == before


def test_facts_agree_with_the_release_that_is_loaded() -> None:
    major = int(_ffi.report().release.split(".")[0])
    assert releases.has_large_buffers() == (major >= 5)
    assert releases.frame_has_duration() == (major >= 6)
    assert releases.parameters_have_side_data() == (major >= 7)
    assert releases.codec_lists_formats() == (major < 9)
