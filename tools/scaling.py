"""Run the pieces of docs/scaling.md with the frameworks that they are for.

    make scaling                    all of them
    make scaling ARGS="Ray"         one

What is not installed is fetched into a folder of its own, ``.cache/scaling/NAME``: nothing of it
gets into the environment of this project. What cannot be had is left out, with the reason.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("FFWEBCODECS_CACHE", ROOT / ".cache"))
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

# The module that a piece imports, and what pip needs to fetch it. The build of torch for CPUs has
# an index of its own: the usual one is several gigabytes of CUDA.
FRAMEWORKS = {
    "Dask": ("distributed", ["dask[distributed]>=2024.1"]),
    "joblib": ("joblib", ["joblib"]),
    "Ray": ("ray", ["ray"]),
    "torch's DataLoader": (
        "torch",
        ["torch==2.13.0+cpu", "--extra-index-url", "https://download.pytorch.org/whl/cpu"],
    ),
}


class UnavailableError(Exception):
    """A framework cannot be had here, and why."""


def fetched(module: str, packages: list[str]) -> list[Path]:
    """Return the folder that holds a framework, none if it is installed; may fetch it."""
    if importlib.util.find_spec(module):
        return []
    folder = CACHE / "scaling" / module
    if not (folder / module).is_dir():
        making = folder.with_name(f"making-{module}")
        shutil.rmtree(making, ignore_errors=True)
        print(f"Fetching {packages[0]} into {folder}", flush=True)
        options = ["--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "30"]
        options += ["--only-binary", ":all:", "--target", str(making)]
        command = [sys.executable, "-m", "pip", "install", *options, *packages]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
            raise UnavailableError("; ".join(errors[-2:]) or done.stderr.strip()[-300:])
        shutil.rmtree(folder, ignore_errors=True)
        making.rename(folder)
    return [folder]


def version_of(module: str, extra: list[Path]) -> str:
    """Return a framework's version; fails if it cannot be imported."""
    paths = os.pathsep.join(map(str, extra))
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}; print({module}.__version__)"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    if done.returncode:
        raise UnavailableError((done.stderr.strip() or "it does not import").splitlines()[-1])
    return done.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help=f"of {', '.join(FRAMEWORKS)}")
    wanted = parser.parse_args().only
    import recipes

    found, failed = recipes.pieces(), 0
    for title, (module, packages) in FRAMEWORKS.items():
        if wanted and title.split("'")[0].lower() not in [name.lower() for name in wanted]:
            continue
        try:
            extra = fetched(module, packages)
            version = version_of(module, extra)
        except UnavailableError as reason:
            print(f"skipped  {title}: {reason}", flush=True)
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            recipes.film(folder)
            start = time.perf_counter()
            try:
                recipes.check(title, recipes.run(found[title][0], folder, extra=extra))
            except AssertionError as problem:
                failed += 1
                print(f"FAILED   {title} ({module} {version}): {problem}", flush=True)
            else:
                seconds = time.perf_counter() - start
                print(f"passed   {title} ({module} {version}), {seconds:.1f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
