"""The table: on the terminal, and in the documentation."""

from __future__ import annotations

import datetime
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from .leaks import LIMIT

_BEGIN, _END = "<!-- memcheck: begin -->", "<!-- memcheck: end -->"
_LINE = "{:20} {:4} {:>6} {:>11} {:>11} {:>11} {:>7}  {}"


def header() -> str:
    """Return the head of the terminal's table."""
    return _LINE.format(
        "scenario", "mode", "cycles", "bytes left", "peak KiB", "growth KiB", "seconds", ""
    )


def _cells(row: dict[str, Any]) -> list[str]:
    growth = row.get("growth")
    return [
        row["scenario"],
        row["mode"],
        str(row["cycles"]),
        str(row.get("ours", "-")),
        f"{row['peak'] / 1024:.0f}" if "peak" in row else "-",
        f"{growth / 1024:.0f}" if growth is not None else "-",
        f"{row.get('seconds', 0):.1f}",
    ]


def line(row: dict[str, Any]) -> str:
    """Return one line of the terminal's table."""
    verdict = "FAILED" if row["problems"] else "ok"
    if "traced" in row and not row["problems"]:
        verdict = f"caught at {row['traced']}"
    return _LINE.format(*_cells(row), verdict)


def write(path: Path, rows: list[dict[str, Any]], seconds: float, jobs: int) -> None:
    """Replace what is between the markers in `path`."""
    text = path.read_text()
    before, _, rest = text.partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise ValueError(f"{path} has no lines {_BEGIN} and {_END}")
    path.write_text(f"{before}{_BEGIN}\n{_markdown(rows, seconds, jobs)}\n{_END}{after}")


def _markdown(rows: list[dict[str, Any]], seconds: float, jobs: int) -> str:
    from ffwebcodecs import ffmpeg_info

    failed = sum(bool(row["problems"]) for row in rows)
    lines = [
        f"`make memcheck` on {datetime.date.today()}: {len(rows)} runs, {failed} failed, "
        f"{seconds:.0f} s with {jobs} at a time. {_machine()}, "
        f"Python {platform.python_version()}, FFmpeg {ffmpeg_info().version}, "
        f"cffi {metadata.version('cffi')}, memray {metadata.version('memray')}.",
        "",
        f"Limits: {LIMIT} bytes left, 1024 KiB of growth. Bytes left and peak are under memray, "
        "growth is without it. Seconds are of both runs.",
        "",
        "| scenario | mode | cycles | bytes left | peak, KiB | growth, KiB | seconds |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows if "traced" not in row]
    lines += ["", "What each does:", ""]
    texts = {row["scenario"]: row["text"] for row in rows if "traced" not in row}
    lines += [f"* `{name}`: {text}." for name, text in texts.items()]
    lines += ["", "The self-tests, which leak on purpose:", ""]
    lines += [
        f"* `{row['scenario']}`, {row['mode']} mode: {row.get('ours', '-')} bytes left, "
        + ("NOT CAUGHT" if row["problems"] else f"traced to `{row['traced']}`")
        + "."
        for row in rows
        if "traced" in row
    ]
    return "\n".join(lines)


def _machine() -> str:
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    cores = len(os.sched_getaffinity(0))
    model = platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(
                part.split(":")[1].strip() for part in file if part.startswith("model name")
            )
    except (OSError, StopIteration):
        pass
    return f"{model}, {cores} cores, {system}"
