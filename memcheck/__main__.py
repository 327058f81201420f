"""The command line: runs scenarios in processes, prints the table, fails if anything leaks."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from . import media, table
from .leaks import LIMIT
from .scenario import Scenario, all_scenarios

ROOT = media.ROOT
REPORTS = ROOT / "build" / "memcheck"
GROWTH_LIMIT = 1 << 20
MODES = ("api", "abi")


class Job(NamedTuple):
    """One scenario in one mode: two processes, of which a quick run has the first only."""

    scenario: Scenario
    mode: str
    cycles: int
    quick: bool


def run(job: Job) -> dict[str, Any]:
    """Return the row of a job; ``problems`` says what is wrong with it."""
    name = f"{job.scenario.name}-{job.mode}"
    html = REPORTS / f"{name}.html"
    row: dict[str, Any] = {
        "scenario": job.scenario.name,
        "text": job.scenario.text,
        "mode": job.mode,
        "cycles": job.cycles,
    }
    recording = ["--file", str(REPORTS / f"{name}.bin")]
    if not job.quick:
        recording += ["--html", str(html)]
    result = worker(job, "leaks", *recording)
    problems: list[str] = list(result.get("problems", []))
    if result.get("handles") and not job.scenario.leaks:
        problems.append(f"native objects left: {result['handles']}")
    if "ours" in result:
        problems += judge_self_test(job, result) if job.scenario.leaks else judge(result)
    row.update(result)
    if not job.quick and not job.scenario.leaks:
        grown = worker(job, "growth")
        problems += grown.get("problems", [])
        row["growth"] = grown.get("growth")
        row["seconds"] = row.get("seconds", 0) + grown.get("seconds", 0)
        if grown.get("growth", 0) > GROWTH_LIMIT:
            problems.append(f"the process grew by {grown['growth']} bytes, limit {GROWTH_LIMIT}")
        if grown.get("handles"):
            problems.append(f"native objects left without memray: {grown['handles']}")
    if problems and not job.quick:
        problems.append(f"flame graph: {html}")
    row["problems"] = problems
    return row


def judge(result: dict[str, Any]) -> list[str]:
    """Return what is wrong with a scenario that must not leak."""
    if result["ours"] <= LIMIT:
        return []
    lines = [f"{result['ours']} bytes left, limit {LIMIT}"]
    lines += [
        f"  {each['size']} bytes in {each['count']} pieces: {each['place']} ({each['through']})"
        for each in result["leaks"]
    ]
    return lines


def judge_self_test(job: Job, result: dict[str, Any]) -> list[str]:
    """Return what is wrong with the checker: the leak is known, and so is its line."""
    place = marked_line(job.scenario.name)
    traced = sum(leak["size"] for leak in result["leaks"] if leak["place"] == place)
    problems = []
    if result["ours"] <= LIMIT:
        problems.append(f"SELF-TEST: a deliberate leak was not caught ({result['ours']} bytes)")
    elif not traced:
        places = ", ".join(leak["place"] for leak in result["leaks"])
        problems.append(f"SELF-TEST: the leak of {place} was traced to {places}")
    result["traced"] = f"{place.removeprefix(f'{ROOT}{os.sep}')}"
    return problems


def marked_line(name: str) -> str:
    """Return the file and line that carries the mark of a deliberate leak."""
    path = Path(__file__).parent / "scenarios" / "leaky.py"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.endswith(f"# LEAK: {name}"):
            return f"{path}:{number}"
    raise LookupError(f"no line of {path} is marked with LEAK: {name}")


def worker(job: Job, what: str, *arguments: str) -> dict[str, Any]:
    """Run one process and return its result, or its failure under ``problems``."""
    command = [sys.executable, "-m", "memcheck.worker", job.scenario.name, what]
    command += ["--cycles", str(job.cycles), *arguments]
    environment = {**os.environ, "FFWEBCODECS_FFI": job.mode}
    if what == "growth":
        # Else glibc gives new threads any of its arenas, each with holes of its own: noise of
        # some MB either way (docs/memory.md).
        environment["MALLOC_ARENA_MAX"] = "1"
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"problems": [f"{what}: not over after 300 seconds"]}
    if done.returncode:
        tail = "\n    ".join(done.stderr.strip().splitlines()[-6:])
        return {"problems": [f"{what}: exit status {done.returncode}\n    {tail}"]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if result["mode"] != job.mode:
        result["problems"] = [f"{what}: ran in {result['mode']} mode"]
    return result


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m memcheck", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help="default: all")
    parser.add_argument("--list", action="store_true", help="list the scenarios and stop")
    parser.add_argument("--mode", choices=MODES, help="default: both")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the cycles, leaks only, no reports"
    )
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--docs", type=Path, help="a full run writes its table there")
    arguments = parser.parse_args()
    scenarios = all_scenarios()
    if arguments.list:
        for each in scenarios.values():
            print(f"{each.name:22} {each.cycles:6}  {each.text}")
        return 0
    unknown = [name for name in arguments.names if name not in scenarios]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)} (--list shows them)")
    try:
        for name in media.RECIPES:  # here once, not in every process
            media.clip(name)
    except media.MissingMediaError as error:
        print(f"memcheck cannot run: {error}", file=sys.stderr)
        return 2
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    jobs = [
        Job(
            scenario, mode, max(scenario.each, scenario.cycles // share(arguments)), arguments.quick
        )
        for scenario in (scenarios[name] for name in arguments.names or scenarios)
        for mode in ([arguments.mode] if arguments.mode else MODES)
    ]
    start = time.monotonic()
    print(table.header())
    rows = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for row in pool.map(run, jobs):
            rows.append(row)
            print(table.line(row), flush=True)
            for problem in row["problems"]:
                print(f"    {problem}", flush=True)
    seconds = time.monotonic() - start
    failed = [row for row in rows if row["problems"]]
    print(f"\n{len(rows)} runs in {seconds:.0f} s, {len(failed)} failed.")
    if not arguments.quick:
        print(f"Flame graphs of what was left: {REPORTS}{os.sep}*.html")
    # Part of a table would pass for all of it.
    whole = not (arguments.names or arguments.mode or arguments.quick)
    if arguments.docs is not None and whole:
        table.write(arguments.docs, rows, seconds, arguments.jobs)
    return 1 if failed else 0


def share(arguments: argparse.Namespace) -> int:
    """Return by how much cycles are divided."""
    return 10 if arguments.quick else 1


if __name__ == "__main__":
    sys.exit(main())
