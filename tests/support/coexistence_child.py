"""Decode one clip with ffwebcodecs, PyAV and OpenCV in one process, all three at once.

Usage: coexistence_child.py CLIP ORDER, where ORDER are names of modules with commas between them,
after "global:" if everybody's symbols are to be visible to everybody.
Prints what each found. Run by tests/process/test_coexistence.py, in a process for each order.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

ROUNDS = 3


def with_ffwebcodecs(path: str) -> list[str]:
    import ffwebcodecs

    hashes = []
    for frame in ffwebcodecs.read_frames(path):
        pixels = bytearray(frame.allocation_size())
        frame.copy_to(pixels)
        hashes.append(hashlib.md5(pixels).hexdigest())
    return hashes


def with_av(path: str) -> list[str]:
    import av

    with av.open(path) as container:
        frames = container.decode(video=0)
        return [hashlib.md5(frame.to_ndarray()).hexdigest() for frame in frames]


def with_cv2(path: str) -> list[str]:
    import cv2

    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    hashes = []
    while True:
        more, picture = capture.read()
        if not more:
            capture.release()
            return hashes
        hashes.append(hashlib.md5(picture).hexdigest())


DECODERS = {"ffwebcodecs": with_ffwebcodecs, "av": with_av, "cv2": with_cv2}


def at_once(path: str, names: list[str]) -> dict[str, list[str]]:
    """Decode in all of them at the same time, on a thread each."""
    found: dict[str, list[str]] = {}
    begin = threading.Barrier(len(names))

    def decode(name: str) -> None:
        begin.wait()
        for _ in range(ROUNDS):
            hashes = DECODERS[name](path)
            assert found.setdefault(name, hashes) == hashes, name

    threads = [threading.Thread(target=decode, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main(path: str, order: str) -> dict[str, Any]:
    if order.startswith("global:"):
        # what some programs do: every extension's symbols become visible to all others
        order = order.removeprefix("global:")
        sys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)
    names = order.split(",")
    first: dict[str, list[str]] = {}
    for name in names:
        importlib.import_module(name)
        first[name] = DECODERS[name](path)  # loads its libraries before the next is imported
    together = at_once(path, names)
    after = {name: DECODERS[name](path) for name in names}
    import ffwebcodecs

    info = ffwebcodecs.ffmpeg_info()
    maps = Path("/proc/self/maps")
    mapped = maps.read_text().split() if maps.exists() else []
    return {
        "same": first == together == after,
        "frames": {name: len(hashes) for name, hashes in first.items()},
        "equal": first.get("ffwebcodecs") == first.get("av", first.get("ffwebcodecs")),
        "mode": info.mode,
        "libraries": [path for path, _ in info.libraries.values()],
        "problems": info.problems,
        "avutils": len({word for word in mapped if "libavutil" in word}),
        "open": {kind: count for kind, count in ffwebcodecs.open_handles().items() if count},
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
