"""What these tables share: they are printed, and say whether a limit is kept."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from measuring import turns
from measuring.clips import film_1080p, make_clip
from measuring.places import MODES, Command, case, has
from measuring.ratios import cpu_ratio as _cpu_ratio
from measuring.ratios import time_ratio

__all__ = ["MODES", "Report", "Rounds", "case", "cpu_ratio", "film_1080p", "make_clip", "measure"]
__all__ += ["others", "ours", "per_frame", "speed_ratio"]

Rounds = dict[str, list[turns.Measured]]


def measure(commands: Mapping[str, Command], rounds: int) -> Rounds:
    return turns.fresh(commands, rounds)


def ours(where: str, *arguments: object, label: str = "") -> dict[str, Command]:
    name = label or where.rsplit(".", 1)[1]
    return {f"{name} ({m})": case(where, *arguments, FFWEBCODECS_FFI=m) for m in MODES}


def others(commands: Mapping[str, Command]) -> dict[str, Command]:
    """Keep the commands of those libraries that are installed."""
    module = {"PyAV": "av", "OpenCV": "cv2"}
    return {name: each for name, each in commands.items() if has(module[name.split()[0]])}


def per_frame(results: Rounds, name: str) -> float:
    return statistics.median(each.seconds / each.frames for each in results[name])


def speed_ratio(results: Rounds, name: str, base: str = "C") -> float:
    """Return how fast `name` is against the other in the same round: 2 is twice as fast."""
    return 1 / time_ratio(results[name], results[base])


def cpu_ratio(results: Rounds, name: str, base: str = "C") -> float:
    return _cpu_ratio(results[name], results[base])


class Report:
    """Prints tables for a page, and keeps their lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, *columns: str) -> None:
        self._add("", f"### {title}", "", "| " + " | ".join(columns) + " |")
        self._add("|---" * len(columns) + "|")

    def row(self, *cells: str) -> None:
        self._add("| " + " | ".join(cells) + " |")

    def _add(self, *lines: str) -> None:
        self.lines += lines
        print("\n".join(lines), flush=True)

    def verdict(self, what: str, value: float, limit: str) -> str:
        """Return what stands in the table of a limit such as ">= 1"."""
        sign, bound = limit.split()
        met = value >= float(bound) if sign == ">=" else value <= float(bound)
        return f"{limit}: {'met' if met else '**missed**'}"
