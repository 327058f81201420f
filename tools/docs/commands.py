"""The page of the command line, made from the parsers: every command, flag and default."""

from __future__ import annotations

import argparse
import html
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ffwebcodecs import cli

INTRODUCTION = """# Command line

`ffwebcodecs COMMAND ...`, also `python -m ffwebcodecs`. This page is made from the same parsers as
what `--help` says. `ffwebcodecs --version` prints the version, `ffwebcodecs COMMAND --help` what
stands here of a command.
"""
_HELP = ("-h", "--help")


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


def shown(command: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return what a command takes, but for its help: what stands by itself first."""
    actions = [each for each in command._actions if each.help != argparse.SUPPRESS]
    return sorted(
        (each for each in actions if tuple(each.option_strings) != _HELP),
        key=lambda each: bool(each.option_strings),
    )


def _overview(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield from ("| command | what it does |", "|---|---|")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                yield f"| [`{choice.dest}`](#{choice.dest}) | {_cell(choice.help or '')} |"
    yield ""


def _sections(parser: argparse.ArgumentParser) -> Iterator[str]:
    for name, command in subparsers(parser).items():
        formatter = argparse.HelpFormatter(command.prog, width=92)
        actions = [each for each in command._actions if tuple(each.option_strings) != _HELP]
        formatter.add_usage(command.usage, actions, command._mutually_exclusive_groups, "")
        yield f"## {name}\n\n{(command.description or '').strip()}\n"
        yield f"```text\n{formatter.format_help().strip()}\n```\n"
        yield from _table(command, shown(command))


def _table(command: argparse.ArgumentParser, actions: list[argparse.Action]) -> Iterator[str]:
    formatter = command._get_formatter()
    defaults = any(_default(each) for each in actions)
    if not actions:
        return
    head = ("argument", "default", "meaning") if defaults else ("argument", "meaning")
    yield from (f"| {' | '.join(head)} |", "|---" * len(head) + "|")
    for action in actions:
        name = f"`{_cell(formatter._format_action_invocation(action))}`"
        said = html.escape(formatter._expand_help(action) if action.help else "", quote=False)
        cells = [name, _default(action), _cell(said)]
        yield f"| {' | '.join(cells if defaults else [cells[0], cells[2]])} |"
    yield ""


def _default(action: argparse.Action) -> str:
    value = action.default
    if value is None or value is False or value is argparse.SUPPRESS or value == []:
        return ""
    return f"`{_cell(str(value))}`"


def _statuses() -> Iterator[str]:
    """What the module says of the exit status, as it is written there."""
    text = cli.__doc__ or ""
    said = text[text.index("Exit status:") :].removeprefix("Exit status:").strip()
    yield f"## Exit status\n\n{said[0].upper()}{said[1:]}\n"


def _cell(text: str) -> str:
    """Return a text that stands in one cell of a table."""
    return " ".join(text.replace("|", "\\|").split())
