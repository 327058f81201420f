"""docs/errors.md has a row for each message of the sources, and none for what nobody says."""

from __future__ import annotations

import re

import messages
import pytest

from ffwebcodecs import errors

SAID = messages.messages()
ROWS = messages.rows()


@pytest.mark.parametrize("section", SAID)
def test_every_message_is_on_the_page(section: str) -> None:
    missing = {
        where: text
        for text, where in SAID[section].items()
        if not any(messages.fits(row, text) for row in ROWS[section])
    }
    assert not missing, f"## {section} of docs/errors.md needs rows for these"


@pytest.mark.parametrize("section", SAID)
def test_every_row_is_about_a_message(section: str) -> None:
    dead = [
        row for row in ROWS[section] if not any(messages.fits(row, text) for text in SAID[section])
    ]
    assert not dead


def test_every_class_has_a_section() -> None:
    named = messages.PAGE.read_text(encoding="utf-8")
    for name in errors.__all__:
        assert name in ROWS or f"**`{name}`**" in named


def test_every_row_says_cause_and_cure() -> None:
    short = []
    for line in messages.PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 3 and cells[0].startswith("`") and not all(cells):
            short.append(line)
    assert not short


def test_messages_are_found_in_all_their_forms() -> None:
    texts = SAID["InvalidArgumentError"]
    assert "stop is …, it must be after start, which is …" in texts
    assert "frame index … is out of range: there are … frames" in SAID[messages.OTHERS]
    assert sum(map(len, SAID.values())) > 500
