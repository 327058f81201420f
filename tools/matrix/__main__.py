"""Test ffwebcodecs against several FFmpegs: `python tools/matrix --help`."""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import run_cell
import table
from cells import CELLS, QUICK


def main() -> int:
    """Run the chosen cells; 1 if one failed or, in the full form, could not be run."""
    parser = argparse.ArgumentParser(prog="tools/matrix", description=main.__doc__)
    parser.add_argument("--only", action="append", metavar="CELL", help="abi-6.1, or 6.1")
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)}, fewer tests")
    parser.add_argument("--list", action="store_true", help="print the cells and stop")
    parser.add_argument("pytest", nargs="*", help="after --: for pytest, instead of all tests")
    options = parser.parse_args()
    wanted = options.only or (QUICK if options.quick else [cell.name for cell in CELLS])
    cells = [cell for cell in CELLS if cell.name in wanted or cell.series in wanted]
    unknown = set(wanted) - {cell.name for cell in cells} - {cell.series for cell in cells}
    if unknown:
        parser.error(f"no such cell: {', '.join(sorted(unknown))}")
    if options.list:
        print("\n".join(f"{cell.name:8} {cell.source}" for cell in cells))
        return 0

    cache = Path(os.environ.get("FFWEBCODECS_CACHE", run_cell.ROOT / ".cache")).resolve() / "matrix"
    partly = options.quick or bool(options.pytest)
    failed = 0
    run = functools.partial(
        run_cell.run, cache=cache, quick=options.quick, arguments=options.pytest
    )
    with ThreadPoolExecutor() as pool:
        # The short form's have one process each, and run beside each other.
        for result in (pool.map if options.quick else map)(run, cells):
            run_cell.show(result)
            # The short form is part of `make test`, which must not need a network.
            failed |= not result.ok and not (result.unreachable and options.quick)
            if not partly and result.passed is not None:
                keep(cache, result)
                table.rewrite(run_cell.ROOT / "docs" / "compatibility.md", kept(cache))
    return int(failed)


def keep(cache: Path, result: run_cell.Result) -> None:
    """Remember what a cell found, so that the table can be written after a run of a few."""
    path = cache / "results" / f"{result.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result._asdict(), indent=1), encoding="utf-8")


def kept(cache: Path) -> dict[str, dict[str, object]]:
    """Return the last full result of each cell, by name."""
    texts = (path.read_text(encoding="utf-8") for path in (cache / "results").glob("*.json"))
    results = map(json.loads, texts)
    return {result["name"]: result for result in results}


if __name__ == "__main__":
    sys.exit(main())
