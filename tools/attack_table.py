"""Puts what `make attack` counted into docs/robustness.md: attack_table.py REPORT DOCUMENT."""

from __future__ import annotations

import json
import sys
from pathlib import Path

BEGIN, END = "<!-- attacks: begin -->\n", "<!-- attacks: end -->\n"


def table(lines: list[str]) -> str:
    """Return the table of all reported attacks, tries of one attack in one mode added up."""
    sums: dict[tuple[str, str, str], list[int]] = {}
    for line in lines:
        entry = json.loads(line)
        counts = sums.setdefault((entry["attack"], entry["what"], entry["mode"]), [0, 0])
        counts[0] += entry["tries"]
        counts[1] += entry["failed"]
    rows = ["| Attack | Mode | Tries | Harm done | Harm meant |", "|---|---|---|---|---|"]
    for (attack, what, mode), (tries, failed) in sorted(sums.items()):
        rows.append(f"| {attack} | {mode} | {tries:,} | {failed:,} | {what} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    report, document = Path(sys.argv[1]), Path(sys.argv[2])
    text = document.read_text("utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    document.write_text(
        before + BEGIN + table(report.read_text("utf-8").splitlines()) + END + after, "utf-8"
    )


if __name__ == "__main__":
    main()
