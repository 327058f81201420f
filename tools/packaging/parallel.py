"""Decode and convert in one thread, then in two at the same time; prints by how much two do more.

Decoding and converting run without the GIL everywhere; what a free-threaded Python adds is that the
Python around them runs in parallel too, so small frames, where that is most of the work, are the
test. Usage: python parallel.py [SECONDS]
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

import ffwebcodecs

SIZE = 96, 64


def make_clip(path: Path) -> None:
    """Encode small frames with what the installed FFmpeg has."""
    import numpy

    def frames() -> object:
        for number in range(60):
            picture = numpy.full((SIZE[1], SIZE[0], 3), number * 4 % 256, numpy.uint8)
            picture[:, : number + 1] = 255 - number
            yield ffwebcodecs.VideoFrame.from_ndarray(picture, timestamp=number * 33_333)

    ffwebcodecs.write_frames(frames(), path)


def work(clip: Path, until: float, done: list[int]) -> None:
    """Decode and convert until the time is over; note how many frames that were."""
    count = 0
    pixels = bytearray(4 * SIZE[0] * SIZE[1])
    while time.perf_counter() < until:
        for frame in ffwebcodecs.read_frames(clip, threads=1):
            with frame:
                frame.copy_to(pixels, format="RGBA")
            count += 1
    done.append(count)


def rate(clip: Path, threads: int, seconds: float) -> float:
    """Return the frames of all threads a second."""
    done: list[int] = []
    start = time.perf_counter()
    workers = [
        threading.Thread(target=work, args=(clip, start + seconds, done)) for _ in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(done) == threads
    return sum(done) / (time.perf_counter() - start)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.25
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clip.mkv")
        make_clip(clip)
        rate(clip, 2, seconds)
        # Short and in turns: what else the machine does slows some of them, and the best counts.
        pairs = [(rate(clip, 1, seconds), rate(clip, 2, seconds)) for _ in range(16)]
    one, two = (max(column) for column in zip(*pairs, strict=True))
    left = {name: count for name, count in ffwebcodecs.open_handles().items() if count}
    assert not left, left
    which = "with" if gil else "without"
    print(f"{which} a GIL two threads do {two / one:.2f} times the frames of one ({one:,.0f}/s)")


if __name__ == "__main__":
    main()
