"""Measure against C, the ffmpeg program, PyAV and OpenCV, and rewrite docs/benchmarks.md.

    python benchmarks/run.py                        # all rows of the table, which is rewritten
    python benchmarks/run.py --only conversion      # rows with that in their name, printed
    python benchmarks/run.py --only "decode 64x64, remux" --write
    python benchmarks/run.py --list

Programs take turns, several rounds, and ratios are taken within a round: on the system's FFmpeg
against C, on the FFmpeg of PyAV's wheel against PyAV. What is measured apart, such as "parts", is
run and printed only when it is named in full.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import os
import sys
import time

from measuring import page
from measuring.machine import headline
from measuring.places import ROOT, has
from measuring.ratios import chosen
from measuring.turns import fresh, in_turn
from rows import converting, decoding, encoding, sound, starting
from rows.table import COLUMNS, Row, cells

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SECTIONS = {
    "Decoding": decoding.ROWS,
    "Encoding, and files into files": encoding.ROWS,
    "Start": starting.ROWS,
    "Conversions of 1080p, on one core": converting.ROWS,
    "Sound": sound.ROWS,
}
APART = ("access", "frames", "parts", "shared", "streams", "travel")


def measure(row: Row, rounds: int) -> tuple[list[list[str]], list[str]]:
    """Return the lines of a row, and which limits were missed."""
    known = {"PyAV": has("av"), "OpenCV": has("cv2")}
    commands = {
        name: command
        for name, command in row.commands().items()
        if command is not None and known.get(name, True)
    }
    times = rounds * row.more_rounds
    core = max(os.sched_getaffinity(0)) if row.pinned else None
    results = fresh(commands, times) if row.fresh else in_turn(commands, times, core)
    lines, missed = [], []
    for line in row.lines:
        found, wrong = cells(line, row, results)
        lines.append(found)
        missed += wrong
    return lines, missed


def spoken(line: list[str]) -> str:
    """Return a line of the table for the terminal: each cell with the name of its column."""
    named = zip(COLUMNS, line, strict=True)
    return "   ".join(f"{name} {cell}".strip() for name, cell in named if cell)


def page_lines(head: str, tables: dict[str, dict[str, list[str]]]) -> list[str]:
    lines = [head]
    for title, table in tables.items():
        lines += ["", f"### {title}", "", *page.table(COLUMNS, table.values())]
    return [*lines, ""]


def write(head: str, measured: dict[str, dict[str, list[str]]], is_whole: bool) -> None:
    """Rewrite the table, or those of its rows that were measured; the others stay as they are."""
    text = page.between(BEGIN, END)
    old = {} if is_whole else page.tables_in(text)
    tables = {title: {**old.get(title, {}), **measured.get(title, {})} for title in SECTIONS}
    if not is_whole:
        first = text.strip().splitlines()[:1]
        head = first[0] if first and not first[0].startswith("#") else head
    page.write_between(BEGIN, END, page_lines(head, tables))
    print(f"\nWritten: {page.PAGE.relative_to(ROOT)}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", metavar="NAMES", help="names, or parts of them")
    parser.add_argument("--write", action="store_true", help="put the chosen rows on the page")
    parser.add_argument("--list", action="store_true", help="say what rows there are")
    options = parser.parse_args()
    if options.only in APART:
        importlib.import_module(f"apart.{options.only}").main(options.rounds)
        return 0
    names = [row.name for rows in SECTIONS.values() for row in rows]
    if options.list:
        print("\n".join([*names, *(f"{name} (apart)" for name in APART)]))
        return 0
    wanted = chosen(names, options.only)
    # An installed package has its bytecode, which a checkout may lack.
    compileall.compile_dir(ROOT / "ffwebcodecs", quiet=2)
    head, missed, measured = headline(options.rounds), [], {}
    start = time.monotonic()
    print(head)
    for title, rows in SECTIONS.items():
        table: dict[str, list[str]] = {}
        for row in (row for row in rows if row.name in wanted):
            lines, wrong = measure(row, options.rounds)
            table |= {line[0]: line for line in lines}
            missed += wrong
            for line in lines:
                print(spoken(line), flush=True)
        measured[title] = table
    is_whole = len(wanted) == len(names)
    if is_whole or options.write:
        write(head, measured, is_whole)
    print(f"\n{time.monotonic() - start:.0f} s")
    print("Missed:\n  " + "\n  ".join(missed) if missed else "All limits met.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
