"""What a row is: programs that take turns, and lines of the table that compare them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from measuring.places import Command
from measuring.ratios import Limit, cpu_ratio, peak, per_frame, time_ratio
from measuring.turns import Rounds

# A line's own ways; "plain" is without the pump, the last two on the FFmpeg of PyAV's wheel.
WAYS = ("API", "ABI", "beside", "plain")
WORDS = {"API": "API mode ", "ABI": "ABI mode ", "beside": "", "plain": "no pump, "}
MEMORY = 1.10  # of PyAV's
COLUMNS = (
    *("", "C", "API / C", "ABI / C", "PyAV", "ours / PyAV", "no pump / PyAV", "OpenCV"),
    *("ours / OpenCV", "MiB", "limits"),
)


class Line(NamedTuple):
    """A line of the table: `what` ours does, of which the programs are called "what way"."""

    title: str
    what: str
    limits: tuple[Limit, ...] = ()


class Row(NamedTuple):
    """Programs that take turns. Bases are "C", "ffmpeg", "PyAV" and "OpenCV"."""

    name: str
    commands: Callable[[], dict[str, Command | None]]
    lines: tuple[Line, ...]
    unit: float = 1e-3  # of a second, which is called
    called: str = "ms"
    pinned: bool = False  # to one core
    bases: tuple[str, str, str] = ("C", "PyAV", "OpenCV")
    fresh: bool = False  # a new process each round
    more_rounds: int = 1  # times as many: it is quick, and varies


def show_time(seconds: float, row: Row) -> str:
    value = seconds / row.unit
    shown = f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
    return f"{shown} {row.called}"


def _compared(results: Rounds, own: str, base: str) -> str:
    if own not in results or base not in results:
        return ""
    ratio, cpu = (f(results[own], results[base]) for f in (time_ratio, cpu_ratio))
    return f"{ratio:.2f} ({cpu:.2f})"


def limit_marks(line: Line, row: Row, results: Rounds) -> tuple[list[str], list[str]]:
    """Return what the table says of the line's limits, and those that were missed, in words."""
    marks, missed = [], []

    def judge(limit: Limit, name: str, ratio: float) -> None:
        met = limit.is_met(ratio)
        shown = limit.base in row.bases  # in a column of its own
        value = "" if shown else f" ({ratio:.2f})"
        marks.append(f"{name} {limit.bound:g}{value}" + ("" if met else ": **missed**"))
        if not met:
            missed.append(f"{line.title}: {name} {ratio:.2f}, limit {limit.bound:g}")

    for limit in line.limits:
        own = f"{line.what} {limit.way}"
        if own in results and limit.base in results:
            usual = {"C": "API", "ffmpeg": "API", "PyAV": "beside", "OpenCV": "beside"}
            way = "" if usual.get(limit.base, limit.way) == limit.way else WORDS[limit.way]
            judge(limit, way + limit.base, time_ratio(results[own], results[limit.base]))
    beside, pyav = f"{line.what} beside", row.bases[1]
    if beside in results and pyav in results:
        ratio = peak(results[beside]) / peak(results[pyav])
        judge(Limit("beside", pyav, MEMORY), "MiB", ratio)
    return marks, missed


def cells(line: Line, row: Row, results: Rounds) -> tuple[list[str], list[str]]:
    """Return the cells of a line, in the order of COLUMNS, and which limits were missed."""

    def base(name: str) -> str:
        return show_time(per_frame(results[name]), row) if name in results else ""

    own = {way: f"{line.what} {way}" for way in WAYS}
    c, pyav, opencv = row.bases
    memory = ", ".join(
        f"{peak(results[name]):.0f}" if name in results else "-" for name in (own["beside"], pyav)
    )
    marks, missed = limit_marks(line, row, results)
    nearest = own["beside"] if own["beside"] in results else own["API"]
    found = [
        *(line.title, base(c), _compared(results, own["API"], c)),
        *(_compared(results, own["ABI"], c), base(pyav), _compared(results, own["beside"], pyav)),
        *(_compared(results, own["plain"], pyav), base(opencv)),
        *(
            _compared(results, nearest, opencv),
            memory if memory != "-, -" else "",
            "; ".join(marks),
        ),
    ]
    return found, missed
