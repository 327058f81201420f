"""Puts what `make attack` counted into docs/robustness.md: attack_table.py REPORT DOCUMENT."""

from __future__ import annotations

import json
import sys
from pathlib import Path

BEGIN, END = "<!-- attacks: begin -->\n", "<!-- attacks: end -->\n"


def table(lines: list[str]) -> str:
    """Return the table of all reported attacks, tries of one attack in one mode added up."""
    sums: dict[tuple[str, str], dict[str, list[int]]] = {}
    for line in lines:
        entry = json.loads(line)
        modes = sums.setdefault((entry["attack"], entry["what"]), {"api": [0, 0], "abi": [0, 0]})
        modes[entry["mode"]][0] += entry["tries"]
        modes[entry["mode"]][1] += entry["failed"]
    rows = ["| attack | tries, API | tries, ABI | harm, API and ABI | meant is |"]
    rows.append("|---|---|---|---|---|")
    for (attack, what), modes in sorted(sums.items()):
        (tries, failed), (abi_tries, abi_failed) = modes["api"], modes["abi"]
        rows.append(
            f"| {attack} | {tries:,} | {abi_tries:,} | {failed:,}, {abi_failed:,} | {what} |"
        )
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
