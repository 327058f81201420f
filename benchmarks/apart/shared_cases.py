"""Frames through a multiprocessing.Queue to another process, by value or as tickets: called as
`cases.py` is.
"""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

from cases.clock import Result, clock

import ffwebcodecs

SLOTS = 8


def by_value(count: str, protocol: str) -> Result:
    import pickle
    from multiprocessing.reduction import ForkingPickler

    # What the queue pickles with by itself is 4 before Python 3.14.
    pickle.DEFAULT_PROTOCOL = ForkingPickler.DEFAULT_PROTOCOL = int(protocol)
    return through_queue(int(count), None)


def by_ticket(count: str) -> Result:
    with ffwebcodecs.SharedFrames(SLOTS, 1920, 1080, "I420") as shared:
        return through_queue(int(count), shared)


def through_queue(count: int, shared: ffwebcodecs.SharedFrames | None) -> Result:
    context = multiprocessing.get_context("spawn")
    queue: Any = context.Queue(SLOTS)
    there, here = context.Pipe()
    process = context.Process(target=take, args=(queue, there, count), daemon=True)
    process.start()
    size = {"coded_width": 1920, "coded_height": 1080}
    pixels = os.urandom(1920 * 1080 * 3 // 2)
    frames = [
        ffwebcodecs.VideoFrame(pixels, format="I420", timestamp=time, **size) for time in range(8)
    ]
    queue.put(shared.put(frames[0]) if shared else frames[0])
    here.recv()  # it runs, and has FFmpeg
    start = clock()
    for index in range(count):
        frame = frames[index % len(frames)]
        queue.put(shared.put(frame) if shared else frame)
    here.recv()
    seconds = clock() - start
    process.join()
    for frame in frames:
        frame.close()
    return count, seconds


def take(queue: Any, done: Any, count: int) -> None:
    """Open each, and touch every page of its brightness."""
    for index in range(count + 1):
        thing = queue.get()
        ticket = isinstance(thing, ffwebcodecs.FrameTicket)
        with ffwebcodecs.open_shared(thing) if ticket else thing as frame:
            frame.planes[0].to_ndarray()[::2, ::64].sum()
        if not index:
            done.send(True)
    done.send(True)
