"""The page of the command line, made from the parsers: every command, flag and default."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ffwebcodecs import cli

INTRODUCTION = """# Command line

`ffwebcodecs COMMAND ...`, also `python -m ffwebcodecs`. This page is made from the same parsers as
what `--help` says.
"""


def page() -> str:
    """Return the page as Markdown."""
    parser = cli._parser()
    return "\n".join([INTRODUCTION, *_overview(parser), *_sections(parser), *_statuses()])


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise ValueError("the parser has no commands")


def _overview(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield from ("| command | what it does |", "|---|---|")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                yield f"| [`{choice.dest}`](#{choice.dest}) | {_cell(choice.help or '')} |"
    yield ""


def _sections(parser: argparse.ArgumentParser) -> Iterator[str]:
    for name, command in subparsers(parser).items():
        formatter = argparse.HelpFormatter(command.prog, width=110)
        formatter.add_usage(command.usage, command._actions, command._mutually_exclusive_groups, "")
        yield f"## {name}\n"
        yield f"```text\n{formatter.format_help().strip()}\n```\n"
        yield _prose(command.description or "")
        for group in command._action_groups:
            actions = [each for each in group._group_actions if each.help != argparse.SUPPRESS]
            if actions:
                yield from _table(command, group.title or "", actions)


def _table(
    command: argparse.ArgumentParser, title: str, actions: list[argparse.Action]
) -> Iterator[str]:
    yield from (f"\n| {title} | default | |", "|---|---|---|")
    formatter = command._get_formatter()
    for action in actions:
        names = formatter._format_action_invocation(action)
        said = formatter._expand_help(action) if action.help else ""
        yield f"| `{_cell(names)}` | {_default(action)} | {_cell(said)} |"
    yield ""


def _default(action: argparse.Action) -> str:
    value = action.default
    if value is None or value is False or value is argparse.SUPPRESS or value == []:
        return ""
    return f"`{_cell(str(value))}`"


def _statuses() -> Iterator[str]:
    """What the module says of the exit status, as it is written there."""
    text = cli.__doc__ or ""
    yield "## Exit status\n"
    yield text[text.index("Exit status:") :].removeprefix("Exit status:").strip()
    yield ""


def _prose(text: str) -> str:
    return text.strip() + "\n"


def _cell(text: str) -> str:
    """Return a text that stands in one cell of a table."""
    return " ".join(text.replace("|", "\\|").split())
