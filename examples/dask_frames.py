"""Find the cuts of a film on many cores or machines: where the picture changes most.

Usage: python examples/dask_frames.py FILM [--cuts 10] [--workers 2]
       python examples/dask_frames.py FILM --scheduler tcp://host:8786

Each task gets a reference to a range of frames, and decodes them where it runs: nothing but names
and numbers is sent. Workers on other machines must see the film by the same name.
"""

from __future__ import annotations

import argparse
import logging
import os
from itertools import pairwise

import numpy as np
from dask.distributed import Client, LocalCluster

import ffwebcodecs

Found = list[tuple[int, float]]


def changes(ref: ffwebcodecs.FrameRef) -> Found:
    """Return the time of each frame but the first, and how much it differs from the one before."""
    small = ref.read("GRAY8", width=64, height=36).astype(np.int16)
    differences = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2))
    return list(zip(ref.timestamps[1:].tolist(), differences.tolist(), strict=True))


def ranges_of(path: str, count: int) -> list[ffwebcodecs.FrameRef]:
    """Divide a film at key frames; each range begins with the last frame of the one before."""
    with ffwebcodecs.Video(path, threads=1) as video:
        edges = [part.start for part in video.index.split(count)] + [len(video)]
        return [video.ref[max(0, start - 1) : stop] for start, stop in pairwise(edges)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Find the cuts of a film with Dask.")
    parser.add_argument("film")
    parser.add_argument("--cuts", type=int, default=10, help="how many to print (10)")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--scheduler", help="address; default: workers of its own, on this machine")
    options = parser.parse_args()
    cluster = options.scheduler or LocalCluster(
        n_workers=options.workers,
        threads_per_worker=1,
        dashboard_address=":0",
        silence_logs=logging.CRITICAL,  # what fails in a task is raised here
    )
    with Client(cluster) as client:
        ranges = ranges_of(options.film, 4 * sum(client.nthreads().values()))
        found = [each for part in client.gather(client.map(changes, ranges)) for each in part]
    if not isinstance(cluster, str):
        cluster.close()
    most = sorted(found, key=lambda each: each[1], reverse=True)[: options.cuts]
    for time, difference in sorted(most):
        print(f"{time / 1e6:9.3f} s  {difference:5.1f}")


if __name__ == "__main__":
    main()
