"""docs/changes-0.2.md names what brings each old behaviour back, and that is there."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import inspect
import re

import pytest
from clips import ROOT

import ffwebcodecs
from ffwebcodecs import cli

PAGE = (ROOT / "docs" / "changes-0.2.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| what |")
]


def parameters() -> set[str]:
    """Return the names of the parameters of all that is public, and of their methods."""
    names: set[str] = set()
    for name in ffwebcodecs.__all__:
        thing = getattr(ffwebcodecs, name)
        calls = [thing]
        if inspect.isclass(thing):
            calls += [each for _, each in inspect.getmembers(thing) if callable(each)]
            if dataclasses.is_dataclass(thing):
                names.update(field.name for field in dataclasses.fields(thing))
        for call in calls:
            with contextlib.suppress(TypeError, ValueError):
                names.update(inspect.signature(call).parameters)
    return names


def flags() -> set[str]:
    """Return the options of the command line, and those that `--no-...` stands for."""
    found: set[str] = set()

    def look(parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:
            found.update(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                for each in action.choices.values():
                    look(each)

    look(cli._parser())
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_a_row_has_four_cells_and_says_what_to_do(row: list[str]) -> None:
    assert len(row) == 4
    assert all(row), row


def test_each_switch_exists() -> None:
    spans = [span for row in ROWS for span in re.findall(r"`([^`]+)`", row[3])]
    named = {name for span in spans for name in re.findall(r"(?<![\w-])--[a-z][a-z-]*", span)}
    assert named and not named - flags()
    given = {
        name
        for span in spans
        if not span.startswith("--")
        for name in re.findall(r"(?:^|[(, ])([a-z_]+)=", re.sub(r"\{.*?\}", "{}", span))
    }
    assert {"keep_start", "playlists", "strict", "errors", "max_pixels"} <= given
    assert not given - parameters()
    methods = {name for span in spans for name in re.findall(r"^([A-Z]\w+\.\w+)", span)}
    for name in methods:
        owner, _, member = name.partition(".")
        assert hasattr(getattr(ffwebcodecs, owner), member), name
