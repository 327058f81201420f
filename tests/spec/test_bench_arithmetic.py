"""The bench pairs what ran in the same round, and marks what misses its limit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clips import ROOT


@pytest.fixture(scope="module", autouse=True)
def _bench() -> Iterator[None]:
    """Its modules are found beside its program, as when that runs."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield
    sys.path.remove(str(ROOT / "benchmarks"))
    for name in [
        n for n in sys.modules if n.split(".")[0] in ("measuring", "rows", "cases", "run")
    ]:
        del sys.modules[name]


def rounds(*seconds: float, frames: int = 10, mebibytes: int = 10) -> list[Any]:
    from measuring.turns import Measured

    return [Measured(frames, each, each / 2, mebibytes * 1024) for each in seconds]


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    from measuring.ratios import time_ratio

    # A third round with other load: the medians alone would say 2 / 4.
    assert time_ratio(rounds(1, 2, 30), rounds(2, 4, 30)) == pytest.approx(0.5)
    assert time_ratio(rounds(1, 2, 3, frames=5), rounds(2, 4, 6)) == pytest.approx(1)


def test_everyone_begins_in_turn() -> None:
    from measuring.turns import order

    assert [order(["C", "ours", "PyAV"], turn)[0] for turn in range(4)] == [
        "C",
        "ours",
        "PyAV",
        "C",
    ]


def test_a_limit_is_judged_as_it_is_shown_and_missed_is_written() -> None:
    from measuring.ratios import Limit
    from rows.table import COLUMNS, Line, Row, cells

    line = Line("a row", "read", (Limit("API", "C", 1.1), Limit("beside", "PyAV", 1)))
    row = Row("a row", dict, (line,))
    results = {
        "C": rounds(1, 2, 3),
        "read API": rounds(1.104, 2.208, 3.312),
        "PyAV": rounds(1, 1, 1, mebibytes=100),
        "read beside": rounds(1.2, 1.2, 1.2, mebibytes=111),
    }
    found, missed = cells(line, row, results)
    shown = dict(zip(COLUMNS, found, strict=True))
    assert shown["API / C"] == "1.10 (1.10)"
    assert shown["ours / PyAV"] == "1.20 (1.20)"
    assert shown["OpenCV"] == shown["no pump / PyAV"] == ""
    assert shown["limits"] == "C 1.1; PyAV 1: **missed**; MiB 1.1: **missed**"
    assert len(missed) == 2


def test_a_name_that_there_is_none_of_is_refused_with_those_that_there_are() -> None:
    from measuring.ratios import chosen

    names = ["decode 64x64", "decode 1080p", "remux"]
    assert chosen(names, "") == names
    assert chosen(names, "remux, decode 64") == ["decode 64x64", "remux"]
    with pytest.raises(SystemExit, match=r"'nothing'(?s:.*)decode 1080p\n  remux"):
        chosen(names, "decode, nothing")


def test_rows_that_were_not_measured_stay_on_the_page(tmp_path: Path) -> None:
    from measuring import page

    path = tmp_path / "page.md"
    path.write_text("before\n<!-- a -->\nold\n<!-- b -->\nafter\n", encoding="utf-8")
    table = page.table(("", "C"), [["one", "1"], ["two", "2"]])
    page.write_between("<!-- a -->", "<!-- b -->", ["head", "", "### T", "", *table], path)
    assert page.tables_in(page.between("<!-- a -->", "<!-- b -->", path)) == {
        "T": {"one": ["one", "1"], "two": ["two", "2"]}
    }
    assert path.read_text(encoding="utf-8").startswith("before\n<!-- a -->\nhead\n")
    assert path.read_text(encoding="utf-8").endswith("<!-- b -->\nafter\n")


def test_instructions_are_counted_where_they_were_spent() -> None:
    from measuring.callgrind import counts, part_of, per_frame

    text = """events: Ir
ob=(1) /usr/lib/libpython3.11.so.1.0
fn=(1) eval
10 100
cob=(2) /usr/lib/libavcodec.so.59
cfn=(2) decode
calls=1 5
10 7000
+3 20

ob=(2)
fn=(2)
5 7000
"""
    found = counts(text.splitlines(keepends=True))
    assert found == {"Python": 120, "FFmpeg": 7000}
    twice = counts((text + "5 3000\n").splitlines(keepends=True))
    assert per_frame(found, twice, 10, 20)["FFmpeg"] == 300
    assert part_of("/x/ffwebcodecs/_ffi/_pump.abi3.so") == "extension"
    assert part_of("/x/av.libs/libavcodec-5e6b81c2.so.62.28.102") == "FFmpeg"
    assert part_of("/lib/x86_64-linux-gnu/libc.so.6") == "libc"


def test_no_two_lines_of_a_table_have_one_name() -> None:
    import run

    for title, rows in run.SECTIONS.items():
        names = [line[0] for row in rows for line in row.lines]
        assert len(set(names)) == len(names), title
