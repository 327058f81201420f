"""From the start of the process to the first frame: `first_frame.py LIBRARY PATH`, a program that
imports as little as it can. benchmarks/run.py says in the environment when it began.
"""

import os
import sys
from time import monotonic, process_time


def first(library: str, path: str) -> None:
    if library == "ffwebcodecs":
        import ffwebcodecs

        next(iter(ffwebcodecs.read_frames(path))).close()
    elif library == "av":
        import av

        with av.open(path) as container:
            next(container.decode(video=0))
    else:
        import cv2

        cv2.VideoCapture(path, cv2.CAP_FFMPEG).grab()


first(*sys.argv[1:])
taken = monotonic() - float(os.environ["FFWEBCODECS_BENCH_STARTED"])
with open("/proc/self/status") as file:
    peak = next(line.split()[1] for line in file if line.startswith("VmHWM"))
print(f'{{"frames": 1, "seconds": {taken}, "cpu": {process_time()}, "peak": {peak}}}')
