"""Say how fast a farm goes through a library of clips, and what is full first.

    python benchmarks/scale.py                          # a million clips, figures of this machine
    python benchmarks/scale.py --send pickle            # one program decodes, and sends frames
    python benchmarks/scale.py --hits 0.9 --storage-gbit 100

What a frame costs is read from the measured table of docs/scaling.md, which
``make bench ARGS="--only travel"`` writes; each figure may be given instead.

The model: every worker has a core of its own, and takes one clip after the other. On the way a clip
asks for what all workers share: storage, scheduler, the collector of results, and, where frames are
sent, the program that sends them. Each of these serves one clip at a time, others wait. Throughput
for so many workers is by mean value analysis of that closed queueing network, which is exact for
service times at random. A machine's link is shared by its cores, and bounds them.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scaling.md"
BEGIN, END = "<!-- travel: begin -->", "<!-- travel: end -->"
# What may be sent to another machine, and how the rows of the table begin.
ROWS = {
    "reference": "reference, frames in order",
    "pickle": "frame, pickled out of band",
    "chunk": "encoded chunk",
    "jpeg": "JPEG",
}
SCHEDULER_ROW = "task of Dask, two workers"
GIGABIT = 1e9 / 8
# What docs/scaling.md shows.
SHOWN = ((), ("--hits", "0.9"), ("--send", "pickle"))


class Cost(NamedTuple):
    """What one 1080p frame costs: bytes on the way, seconds to pack it and to open it."""

    size: float
    pack: float
    open: float


class Farm(NamedTuple):
    """The library, the work and the machines. Times are in seconds, rates in bytes a second."""

    clips: int
    frames: float  # of a clip
    clip_bytes: float
    hits: float  # of clips that lie in a cache beside the worker
    work: float  # the program's own, for a frame
    result_bytes: float  # of a frame
    decode: float  # of a frame, on one core
    send: str
    cost: Cost
    cores: int  # of a machine
    link: float  # of a machine
    storage: float  # of all together
    collector: float
    task: float  # of the scheduler, for a clip


class Demand(NamedTuple):
    """What one clip asks for, in seconds: of its own core, and of what is shared."""

    own: float
    shared: dict[str, float]
    moved: float  # bytes through the link of the worker's machine


def demand_of(farm: Farm) -> Demand:
    """Return what a clip asks for."""
    read = farm.clip_bytes * (1 - farm.hits)
    results = farm.frames * farm.result_bytes
    shared = {
        "storage": read / farm.storage,
        "scheduler": farm.task,
        "collector": results / farm.collector,
    }
    if farm.send == "reference":
        moved = read + results
        own = farm.frames * (farm.decode + farm.work)
    else:
        moved = farm.frames * farm.cost.size + results
        own = farm.frames * (farm.cost.open + farm.work)
        decode = 0 if farm.send == "chunk" else farm.decode
        shared["sender's core"] = farm.frames * (decode + farm.cost.pack)
        shared["sender's link"] = farm.frames * farm.cost.size / farm.link
    return Demand(own + moved / farm.link, shared, moved)


def throughput(demand: Demand, workers: int) -> list[float]:
    """Return clips a second for 1, 2, ... workers, as if no link were shared."""
    waiting = dict.fromkeys(demand.shared, 0.0)
    found = []
    for count in range(1, workers + 1):
        spent = {name: time * (1 + waiting[name]) for name, time in demand.shared.items()}
        rate = count / (demand.own + sum(spent.values()))
        waiting = {name: rate * time for name, time in spent.items()}
        found.append(rate)
    return found


def link_rate(farm: Farm, demand: Demand, workers: int) -> float:
    """Return how many clips a second the links of the workers' machines let through."""
    machines = math.ceil(workers / farm.cores)
    return machines * farm.link / demand.moved if demand.moved else float("inf")


class Saturation(NamedTuple):
    """What is full first, from how many workers on, and how many clips a second it lets through."""

    what: str
    workers: int
    rate: float


def saturation_of(farm: Farm, demand: Demand) -> Saturation:
    """Return where the line that rises with the workers meets the lowest bound of what is shared;
    there must be so many machines, too, that their links let as much through.
    """
    what = max(demand.shared, key=demand.shared.__getitem__)
    rate = 1 / demand.shared[what]
    alone = demand.own + sum(demand.shared.values())
    machines = math.ceil(round(rate * demand.moved / farm.link, 9))
    workers = max(math.ceil(round(rate * alone, 9)), (machines - 1) * farm.cores + 1)
    return Saturation(what, workers, rate)


def full_cores(farm: Farm, demand: Demand) -> float:
    """Return how many cores of one machine fill its link; more of them wait."""
    alone = demand.own + sum(demand.shared.values())
    return alone * farm.link / demand.moved if demand.moved else float("inf")


def steps(most: int) -> list[int]:
    """Return 1, 4, 16, ... up to `most`."""
    return [1 << power for power in range(0, most.bit_length(), 2)]


def table_of(farm: Farm, most: int) -> list[dict[str, object]]:
    """Return a row for 1, 4, 16, ... workers."""
    demand = demand_of(farm)
    rates = throughput(demand, most)
    rows: list[dict[str, object]] = []
    for workers in steps(most):
        links = link_rate(farm, demand, workers)
        rate = min(rates[workers - 1], links)
        use = {name: rate * time for name, time in demand.shared.items()}
        use["machines' links"] = rate / links
        busiest = max(use, key=use.__getitem__)
        rows.append(
            {
                "workers": workers,
                "clips_per_second": rate,
                "hours": farm.clips / rate / 3600,
                "busiest": busiest,
                "busy": use[busiest],
            }
        )
    return rows


def measured(page: str) -> dict[str, list[float]]:
    """Return the rows of the table that was measured: numbers by the name of the row."""
    _, _, rest = page.partition(BEGIN)
    table, _, _ = rest.partition(END)
    rows: dict[str, list[float]] = {}
    for line in table.splitlines():
        name, *cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
        numbers = [cell.replace(",", "") for cell in cells]
        if numbers and re.fullmatch(r"[\d.]+", numbers[0]):
            rows[name] = [float(number) for number in numbers if re.fullmatch(r"[\d.]+", number)]
    return rows


def cost_of(rows: dict[str, list[float]], send: str) -> Cost:
    """Return what was measured for what is sent; raises SystemExit."""
    for name, numbers in rows.items():
        if name.startswith(ROWS[send]):
            return Cost(numbers[0], numbers[1] / 1e6, numbers[2] / 1e6)
    raise SystemExit(f"{PAGE} has no row '{ROWS[send]}': make bench ARGS=\"--only travel\"")


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_AsWritten)
    add = parser.add_argument
    add("--clips", type=float, default=1e6, help="in the library (default 1e6)")
    add("--seconds", type=float, default=10, help="of a clip (10)")
    add("--frame-rate", type=float, default=30)
    add("--mbit", type=float, default=8, help="a second of a clip (8)")
    add("--hits", type=float, default=0, help="share of clips in a cache beside the worker (0)")
    add("--work-us", type=float, default=0, help="your own work for a frame (0)")
    add("--result-bytes", type=float, default=2048, help="of a frame, sent back (2048)")
    add("--send", choices=list(ROWS), default="reference")
    add("--cores", type=int, default=16, help="of a machine (16)")
    add("--link-gbit", type=float, default=10, help="of a machine (10)")
    add("--storage-gbit", type=float, default=40, help="of all storage together (40)")
    add("--collector-gbit", type=float, default=10, help="where results go (10)")
    add("--most", type=int, default=4096, help="workers to calculate up to (4096)")
    add("--decode-us", type=float, help="of a frame on one core; default: as measured")
    add("--task-us", type=float, help="of the scheduler for a task; default: as measured")
    add("--frame-bytes", type=float, help="of what is sent; default: as measured")
    add("--pack-us", type=float, help="default: as measured")
    add("--open-us", type=float, help="default: as measured")
    add("--json", action="store_true")
    return parser


class _AsWritten(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the description."""


def farm_of(options: argparse.Namespace) -> Farm:
    """Return the farm that is asked for; what is not said is read from the page."""

    def asked(*values: float | None) -> bool:
        return all(value is not None for value in values)

    cost = Cost(options.frame_bytes, options.pack_us, options.open_us)
    complete = asked(*cost) or (options.send == "reference" and asked(options.decode_us))
    rows = {} if complete and asked(options.decode_us, options.task_us) else None
    if rows is None:
        rows = measured(PAGE.read_text(encoding="utf-8"))
    if complete:
        known = Cost(*(value or 0 for value in cost))
        found = Cost(known.size, known.pack / 1e6, known.open / 1e6)
    else:
        found = cost_of(rows, options.send)
        given = options.frame_bytes, *(v and v / 1e6 for v in (options.pack_us, options.open_us))
        found = Cost(*(old if new is None else new for old, new in zip(found, given, strict=True)))
    decode = options.decode_us
    task = options.task_us
    return Farm(
        clips=int(options.clips),
        frames=options.seconds * options.frame_rate,
        clip_bytes=options.seconds * options.mbit * 1e6 / 8,
        hits=options.hits,
        work=options.work_us / 1e6,
        result_bytes=options.result_bytes,
        decode=cost_of(rows, "reference").open if decode is None else decode / 1e6,
        send=options.send,
        cost=found,
        cores=options.cores,
        link=options.link_gbit * GIGABIT,
        storage=options.storage_gbit * GIGABIT,
        collector=options.collector_gbit * GIGABIT,
        task=rows[SCHEDULER_ROW][-1] / 1e6 if task is None else task / 1e6,
    )


def report_of(options: argparse.Namespace) -> str:
    """Return what is printed: a table, and what is full first."""
    farm = farm_of(options)
    demand, rows = demand_of(farm), table_of(farm, options.most)
    full = saturation_of(farm, demand)
    if options.json:
        found = {"rows": rows, "demand": demand._asdict(), "full": full._asdict()}
        return json.dumps(found)
    shared = ", ".join(f"{time:.2g} s of {name}" for name, time in demand.shared.items())
    lines = [
        f"{farm.clips:,} clips of {farm.frames:.0f} frames and {farm.clip_bytes / 1e6:.1f} MB:",
        f"each {demand.own:.3g} s of a worker, {shared}",
        f"{'workers':>8} {'clips/s':>10} {'hours':>10}  busiest",
    ]
    for row in rows:
        rate, busiest = row["clips_per_second"], f"{row['busiest']} ({row['busy']:.0%})"
        lines.append(f"{row['workers']:8} {rate:10.4g} {row['hours']:10.4g}  {busiest}")
    lines.append(f"{full.rate:.4g} clips/s from {full.workers} workers on: {full.what} full.")
    cores = full_cores(farm, demand)
    if cores < farm.cores:
        lines.append(f"{cores:.1f} of a machine's {farm.cores} cores fill its link.")
    return "\n".join(lines)


def main(*arguments: str) -> int:
    print(report_of(parser_of().parse_args(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
