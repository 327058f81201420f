"""Count instructions a frame with callgrind, and rewrite their table in docs/benchmarks.md.

Each row is run twice under Valgrind, with so many frames and with twice as many: the difference is
what a frame takes, start-up apart, and it does not depend on what else the machine does. Valgrind
has no AVX-512, so FFmpeg takes its AVX2 code here. `--before` writes the column of before, too.
`--python CASE` shows with py-spy where the time goes in Python.
"""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from measuring import callgrind, clips, page
from measuring.places import Command, case, has, ours, program
from measuring.ratios import chosen

BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"
COLUMNS = ("thousands of instructions", "before", "now", "now / before", *callgrind.PARTS)


class Row(NamedTuple):
    name: str
    frames: int
    command: Callable[[int], Command | None]


def _ways(
    name: str, frames: int, where: str, arguments: Callable[[int], tuple[object, ...]], *ways: str
) -> list[Row]:
    titles = {"beside": "ABI on PyAV's FFmpeg", "plain": "the same, no pump"}
    return [
        Row(
            f"{name}: {titles.get(way, way)}",
            frames,
            lambda n, way=way: ours(way, where, *arguments(n)),  # type: ignore[misc]
        )
        for way in ways
    ]


def _theirs(
    name: str, frames: int, where: str, arguments: Callable[[int], tuple[object, ...]]
) -> list[Row]:
    if not has("av"):
        return []
    return [Row(f"{name}: PyAV", frames, lambda n: case(where, *arguments(n)))]


def rows() -> list[Row]:
    def tiny(n: int) -> tuple[object, ...]:
        return clips.clip_tiny(n), 1

    def frames(n: int) -> tuple[object, ...]:
        return 64, 64, 500, n

    def sound(n: int) -> tuple[object, ...]:
        return (clips.clip_sound(n),)

    def rgba(n: int) -> tuple[object, ...]:
        return "I420", "RGBA", "yuv420p", 1920, 1080, 1, n

    decode, encode, convert = "decode 64x64", "encode 64x64", "1080p I420 full to RGBA"
    return [
        Row(f"{decode}: C", 250, lambda n: program("decode", *tiny(n))),
        *_theirs(decode, 250, "cases.decoding.pyav_decode", tiny),
        *_ways(
            "read_frames", 250, "cases.decoding.read_frames", tiny, "API", "ABI", "beside", "plain"
        ),
        *_ways(
            "VideoDecoder",
            250,
            "cases.decoding.video_decoder",
            tiny,
            "API",
            "ABI",
            "beside",
            "plain",
        ),
        Row(f"{encode}: C", 250, lambda n: program("encode", 64, 64, n)),
        *_theirs(encode, 250, "cases.encoding.pyav_encoder", frames),
        *_ways("VideoEncoder", 250, "cases.encoding.video_encoder", frames, "API", "ABI", "beside"),
        Row("decode AAC: C", 400, lambda n: program("decode_sound", *sound(n))),
        *_theirs("decode AAC", 400, "cases.sound.pyav_decode", sound),
        *_ways(
            "AudioDecoder", 400, "cases.sound.audio_decoder", sound, "API", "ABI", "beside", "plain"
        ),
        Row(
            f"{convert}: C",
            10,
            lambda n: program("convert", "yuv420p", "rgba", 1920, 1080, 1920, 1080, 1, n, 2),
        ),
        *_theirs(convert, 10, "cases.converting.pyav_reformat", lambda n: ("rgba", *rgba(n)[2:])),
        *_ways(f"{convert} by copy_to", 10, "cases.converting.copy_to", rgba, "API", "beside"),
    ]


def counted(command: Command, folder: Path) -> Counter[str]:
    output = folder / "callgrind.out"
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]
    environment = {**os.environ, **command.environment, "PYTHONHASHSEED": "0"}
    environment["FFWEBCODECS_BENCH_SLOW"] = "1"
    done = subprocess.run(
        [*valgrind, *command.arguments], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command.arguments)} failed:\n{done.stderr[-2000:]}")
    with output.open() as lines:
        return callgrind.counts(lines)


def measure(row: Row) -> dict[str, float] | None:
    few, many = row.command(row.frames), row.command(2 * row.frames)
    if few is None or many is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        runs = [counted(command, Path(folder)) for command in (few, many)]
    return callgrind.per_frame(*runs, row.frames, 2 * row.frames)


def thousands(instructions: float) -> str:
    return f"{instructions / 1000:,.1f}"


def line(name: str, found: dict[str, float], before: str) -> list[str]:
    """Return the cells of a row; `before` is what stood on the page, or "" for the same as now."""
    total = sum(found.values())
    old = float(before.replace(",", "")) * 1000 if before else total
    parts = (thousands(found[part]) for part in callgrind.PARTS)
    return [name, thousands(old), thousands(total), f"{total / old:.2f}", *parts]


def sample(where: str, arguments: list[str]) -> int:
    """Show with py-spy in which lines a case spends its time, the busiest first."""
    if not shutil.which("py-spy"):
        raise SystemExit("py-spy is missing: make profile installs it where pip can")
    spy = ["py-spy", "record", "--rate", "500", "--format", "raw", "--output", "-", "--nolineno"]
    command = case(where, *arguments)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "stacks"
        spy[spy.index("-")] = str(output)
        subprocess.run([*spy, "--", *command.arguments], check=True, stdout=subprocess.DEVNULL)
        busy: Counter[str] = Counter()
        for line in output.read_text().splitlines():
            stack, _, times = line.rpartition(" ")
            busy[stack.split(";")[-1]] += int(times)
    total = sum(busy.values()) or 1
    for name, times in busy.most_common(30):
        print(f"{times / total:6.1%}  {name}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="NAMES", help="names, or parts of them")
    parser.add_argument("--before", action="store_true", help="this is what was before")
    parser.add_argument(
        "--python", nargs="+", metavar="CASE", help="such as cases.decoding.read_frames PATH 1"
    )
    options = parser.parse_args()
    if options.python:
        return sample(options.python[0], options.python[1:])
    wanted = chosen([row.name for row in rows()], options.only)
    for row in (row for row in rows() if row.name in wanted):
        found = measure(row)
        if found is None:
            continue
        table = page.table_between(BEGIN, END)
        known = table.get(row.name)
        table[row.name] = line(row.name, found, "" if options.before or not known else known[1])
        print("   ".join(table[row.name]), flush=True)
        text = f"Counted {datetime.date.today().isoformat()}, `make profile`."
        order = {each.name: number for number, each in enumerate(rows())}
        lines = sorted(table.values(), key=lambda cells: order.get(cells[0], len(order)))
        page.write_between(BEGIN, END, [text, "", *page.table(COLUMNS, lines), ""])
    return 0


if __name__ == "__main__":
    sys.exit(main())
