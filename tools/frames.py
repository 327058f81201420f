"""Ask for every frame of every bar code clip, in every way, and print what is wrong.

    make frames                            both modes; rewrites the table of docs/time.md
    make frames ARGS="--only open.ts"      some clips; nothing is rewritten

The clips are tests/support/bar_clips.py's. Of each clip all frames are asked for: by reading
from the beginning, by ``read_frames(start=)``, and through `Video`. A frame is wrong if its picture
or its time is not that of a linear decode by the ffmpeg program; failed if none came.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "time.md"
BEGIN, END = "<!-- every frame: begin -->", "<!-- every frame: end -->"
MODES = ("api", "abi")

os.environ["FFWEBCODECS_ATTACK"] = "long"  # the ffmpeg program is asked about every clip
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

Row = dict[str, list[object]]


def scores_of(name: str) -> Iterator[tuple[str, list[object]]]:
    """Yield each way of asking with what was asked, wrong, failed, and the first fault."""
    import every_frame
    from bar_clips import BY_NAME

    clip = BY_NAME[name]
    frames, error = every_frame.linear(clip, threads=1)
    faults = every_frame.faults_of(clip, frames)
    if error is not None and not clip.torn:
        faults.append(f"{type(error).__name__}: {error}")
    yield "read", [len(frames), len(faults), 0, "; ".join(faults)]
    try:
        for way, score in every_frame.all_ways(clip, frames):
            yield way, list(score)
    except Exception as error:  # what no way of asking expects is a fault like any other
        yield "all", [1, 0, 1, f"{type(error).__name__}: {error}"]


def child(names: list[str]) -> int:
    """Score clips in this process, a line of JSON for each."""
    from bar_clips import BY_NAME

    import ffwebcodecs

    warnings.simplefilter("ignore")
    release = ffwebcodecs.ffmpeg_info().release
    for name in names:
        clip = BY_NAME[name]
        if not (clip.can_be_made and clip.can_be_read):
            continue
        print(json.dumps([name, release, dict(scores_of(name))]), flush=True)
    return 0


def run(mode: str, names: list[str]) -> dict[str, Row]:
    command = [sys.executable, __file__, "--child", *names]
    environment = {**os.environ, "FFWEBCODECS_FFI": mode}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{mode}: ended with {done.returncode}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: {"release": [release], **row} for name, release, row in lines}


def summary(rows: dict[str, Row]) -> list[str]:
    """Return the table: a line for each clip, counts of all ways of asking together."""
    lines = ["| clip | asked | wrong | failed | |", "|---|---|---|---|---|"]
    total = [0, 0, 0]
    for name, row in rows.items():
        ways = {way: score for way, score in row.items() if way != "release"}
        counts = [sum(int(str(score[k])) for score in ways.values()) for k in range(3)]
        total = [a + b for a, b in zip(total, counts, strict=True)]
        bad = "; ".join(f"{way}: {score[3]}" for way, score in ways.items() if score[3])
        lines.append(f"| {name} | {counts[0]} | {counts[1]} | {counts[2]} | {bad} |")
    lines.append(f"| **all {len(rows)}** | {total[0]} | {total[1]} | {total[2]} | |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="CLIP")
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES)
    parser.add_argument("--child", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        return child(options.child)

    from bar_clips import CLIPS, prepare

    chosen = [clip for clip in CLIPS if options.only is None or clip.name in options.only]
    prepare(chosen)
    names = [clip.name for clip in chosen]
    with ThreadPoolExecutor(len(options.modes)) as pool:
        found = list(pool.map(lambda mode: run(mode, names), options.modes))
    text, failed = [], False
    for mode, rows in zip(options.modes, found, strict=True):
        release = next(iter(rows.values()))["release"][0] if rows else "?"
        lines = summary(rows)
        print(f"\nFFmpeg {release}, {mode.upper()} mode\n" + "\n".join(lines))
        failed |= not lines[-1].endswith("| 0 | 0 | |")
        text = text or [f"FFmpeg {release}, every way of asking together:", "", *lines]
        text.append(f"\nIn {mode.upper()} mode: {lines[-1].strip('| ')}.")
    if options.only is None and set(options.modes) == set(MODES) and PAGE.exists():
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        PAGE.write_text("\n".join([before + BEGIN, *text, END + after]), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
