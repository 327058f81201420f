"""docs/benchmarks.md: what stands between two marks of it is written by programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .places import PAGE


def table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(columns) + " |",
        "|---" * len(columns) + "|",
        *("| " + " | ".join(cells) + " |" for cells in lines),
    ]


def between(begin: str, end: str, path: Path = PAGE) -> str:
    text = path.read_text(encoding="utf-8")
    return text.split(begin)[1].split(end)[0]


def table_between(begin: str, end: str, path: Path = PAGE) -> dict[str, list[str]]:
    """Return the rows that stand there now, by their first cells."""
    found = {}
    for line in between(begin, end, path).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and len(cells) > 1:
            found[cells[0]] = cells
    return dict(list(found.items())[1:])  # the first are the columns


def write_between(begin: str, end: str, lines: Sequence[str], path: Path = PAGE) -> None:
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    path.write_text("\n".join([before + begin, *lines, end + after]), encoding="utf-8")


def tables_in(text: str) -> dict[str, dict[str, list[str]]]:
    """Return the tables of a text: by their headings, and their rows by the first cells."""
    found: dict[str, dict[str, list[str]]] = {}
    for part in text.split("\n### ")[1:]:
        title, _, rest = part.partition("\n")
        rows = [
            [cell.strip() for cell in line.strip()[1:-1].split("|")]
            for line in rest.splitlines()
            if line.startswith(("| ", "|  |"))
        ]
        found[title] = {cells[0]: cells for cells in rows[1:]}  # the first are the columns
    return found
