"""Every command line that a page names is one that the parsers take."""

from __future__ import annotations

import re
import shlex

import pages
import pytest
from clips import ROOT

from ffwebcodecs import cli

COMMAND = re.compile(r"(?:(?<=`)|^(?:\$ )?)(ffwebcodecs [a-z][^`\n]*)", re.MULTILINE)
PARTS = ("[", "...", "COMMAND", "://HOST")  # what stands for something else


def commands() -> dict[str, str]:
    found = {}
    for page in pages.pages():
        text = page.read_text(encoding="utf-8")
        for match in COMMAND.finditer(text):
            line = match[1].partition("  #")[0]
            for piece in re.split(r"[|;&]", line):
                words = piece.strip()
                if words.startswith("ffwebcodecs ") and not any(part in words for part in PARTS):
                    number = text.count("\n", 0, match.start()) + 1
                    found[f"{page.relative_to(ROOT).as_posix()}:{number}"] = words
    return found


FOUND = commands()


def test_pages_name_commands() -> None:
    assert len(FOUND) > 60


@pytest.mark.parametrize("where", FOUND)
def test_command_of_a_page_is_one(where: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, *words = shlex.split(FOUND[where], comments=True)[1:]
    assert name in cli._COMMANDS
    if any(not word.startswith("-") for word in words):
        try:
            cli._parser().parse_args(cli._joined([name, *words]))
        except SystemExit as end:
            assert end.code == 0, f"{FOUND[where]}\n{capsys.readouterr().err}"
    else:  # a command, or flags of it, alone
        capsys.readouterr()
        with pytest.raises(SystemExit):
            cli._parser().parse_args([name, "--help"])
        assert set(words) <= set(capsys.readouterr().out.split())
