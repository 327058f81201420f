"""Write what the cells found between the markers of docs/compatibility.md."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from cells import CELLS

BEGIN = "<!-- matrix: written by `make matrix` -->"
END = "<!-- end of matrix -->"
HEAD = (
    "| cell | FFmpeg | libraries | mode | passed | skipped | failed | what it lacks |",
    "|---|---|---|---|---|---|---|---|",
)


def reason(text: str) -> str:
    """Return a reason as it is shown; a bar would end the column of a table."""
    return re.sub(r"^Skipped: ", "", text).replace("|", "/").strip()


def rows(results: dict[str, dict[str, Any]]) -> list[str]:
    lines = [*HEAD]
    for cell in CELLS:
        result = results.get(cell.name)
        if result is None:
            lines.append(f"| {cell.name} | | {cell.source} | {cell.mode} | not run | | | |")
            continue
        counts = f"{result['passed']} | {sum(result['skipped'].values())} | {len(result['failed'])}"
        lines.append(
            f"| {cell.name} | {result['version']} | {result['source']} | {cell.mode} | {counts} "
            f"| {result['lacking'] or 'nothing'} |"
        )
    return lines


def reasons(results: dict[str, dict[str, Any]]) -> list[str]:
    """Say for each reason in which cells it skipped how many tests."""
    cells: dict[str, list[str]] = defaultdict(list)
    for name, result in results.items():
        counts: dict[str, int] = defaultdict(int)
        for text, count in result["skipped"].items():
            counts[reason(text)] += count
        for text, count in counts.items():
            cells[text].append(f"{name} {count}")
    return [
        "| tests skipped because | cell and how many |",
        "|---|---|",
        *(f"| {text} | {', '.join(where)} |" for text, where in sorted(cells.items())),
    ]


def rewrite(page: Path, results: dict[str, dict[str, Any]]) -> None:
    """Replace what is between the markers; `results` are the last of each cell, by name."""
    ordered = {cell.name: results[cell.name] for cell in CELLS if cell.name in results}
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"{page} has lost the markers of its table")
    table = "\n".join([BEGIN, *rows(ordered), "", *reasons(ordered), END])
    page.write_text(before + table + after, encoding="utf-8")
