"""Cases of `travel.py`, one in a process: what it costs to give a 1080p frame to another process.

Each way packs a frame to bytes-like pieces, and opens what arrives to a VideoFrame. A phase is one
of these alone, of which the CPU time counts, or all of it through a pipe to a second process, by
the clock and with the CPU time of both; ``size`` gives bytes for frames.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import pickle
import random
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from time import process_time
from typing import Any

from cases.clock import Result, clock, cpu_times

import ffwebcodecs

COUNT = 96  # frames: two groups
SLOTS = COUNT + 4
Parts = list[Any]


class Way:
    """Packs and opens frames, one for one."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.threads = 1  # as in a worker that has one core

    def things(self) -> list[Any]:
        """Return what is to be packed."""
        return list(islice(ffwebcodecs.read_frames(self.path), 8)) * (COUNT // 8)

    def pack(self, thing: Any) -> Parts:
        raise NotImplementedError

    def open(self, parts: Parts) -> ffwebcodecs.VideoFrame:
        frame: ffwebcodecs.VideoFrame = pickle.loads(parts[0], buffers=parts[1:])
        return frame

    def open_all(self, arrived: Iterable[Parts]) -> Iterator[ffwebcodecs.VideoFrame]:
        return map(self.open, arrived)

    def done(self) -> None:
        """Let go of what is kept."""


class InBand(Way):
    def pack(self, thing: Any) -> Parts:
        return [pickle.dumps(thing, 4)]


class OutOfBand(Way):
    def pack(self, thing: Any) -> Parts:
        buffers: list[pickle.PickleBuffer] = []
        data = pickle.dumps(thing, 5, buffer_callback=buffers.append)
        return [data, *(each.raw() for each in buffers)]


class Reference(Way):
    def things(self) -> list[Any]:
        with ffwebcodecs.Video(self.path, threads=self.threads) as video:
            return list(video.ref[:COUNT])

    def pack(self, thing: Any) -> Parts:
        return [pickle.dumps(thing, 5)]

    def open(self, parts: Parts) -> ffwebcodecs.VideoFrame:
        frame: ffwebcodecs.VideoFrame = pickle.loads(parts[0]).open()
        return frame

    def done(self) -> None:
        ffwebcodecs.FrameRef.clear_cache()


class AnyReference(Reference):
    def things(self) -> list[Any]:
        return random.Random(1).sample(super().things(), 24)


class Ticket(Way):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.shared: Any = None

    def pack(self, thing: Any) -> Parts:
        if self.shared is None:
            size = thing.coded_width, thing.coded_height
            self.shared = ffwebcodecs.SharedFrames(SLOTS, *size, thing.format)
        return [pickle.dumps(self.shared.put(thing), 5)]

    def open(self, parts: Parts) -> ffwebcodecs.VideoFrame:
        return ffwebcodecs.open_shared(pickle.loads(parts[0]))

    def done(self) -> None:
        if self.shared is not None:
            self.shared.close()


class Chunk(OutOfBand):
    def things(self) -> list[Any]:
        with ffwebcodecs.Demuxer(self.path) as demuxer:
            return list(islice(demuxer.chunks(), COUNT))

    def open_all(self, arrived: Iterable[Parts]) -> Iterator[ffwebcodecs.VideoFrame]:
        with ffwebcodecs.Demuxer(self.path) as demuxer:
            config = dataclasses.replace(demuxer.video_config, threads=self.threads)
        with ffwebcodecs.VideoDecoder() as decoder:
            decoder.configure(config)
            chunks = (pickle.loads(parts[0], buffers=parts[1:]) for parts in arrived)
            yield from decoder.frames(chunks)


class Jpeg(Way):
    def pack(self, thing: Any) -> Parts:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = os.path.join(folder, "frame.jpg")
            thing.save(path)
            with open(path, "rb") as file:
                return [file.read()]

    def open(self, parts: Parts) -> ffwebcodecs.VideoFrame:
        return next(iter(ffwebcodecs.read_frames(parts[0], threads=1)))


WAYS = {
    "in_band": InBand,
    "out_of_band": OutOfBand,
    "reference": Reference,
    "any_reference": AnyReference,
    "ticket": Ticket,
    "chunk": Chunk,
    "jpeg": Jpeg,
}


@contextmanager
def way_of(name: str, path: str) -> Iterator[tuple[Way, list[Any]]]:
    ffwebcodecs.ffmpeg_info()
    way = WAYS[name](path)
    things = way.things()
    try:
        way.pack(things[0])  # what is imported and allocated once
        yield way, things
    finally:
        for thing in things:
            getattr(thing, "close", lambda: None)()
        way.done()


def size(name: str, path: str) -> Result:
    """Give bytes for frames, on average."""
    with way_of(name, path) as (way, things):
        start = clock()
        total = sum(memoryview(part).nbytes for thing in things for part in way.pack(thing))
        return round(total / len(things)), clock() - start


def pack(name: str, path: str) -> Result:
    with way_of(name, path) as (way, things):
        clock()
        start = process_time()
        for thing in things:
            way.pack(thing)
        clock()
        return len(things), process_time() - start


def open_(name: str, path: str) -> Result:
    with way_of(name, path) as (way, things):
        arrived = [way.pack(thing) for thing in things]
        clock()
        start = process_time()
        for frame in way.open_all(arrived):
            frame.close()
        clock()
        return len(things), process_time() - start


def receive(name: str, path: str, pipe: Any) -> None:
    """Open what comes through the pipe; answer when the next one is wanted."""
    ffwebcodecs.ffmpeg_info()

    def arrived() -> Iterator[Parts]:
        nonlocal start
        for number in count():
            if number == 1:
                start = process_time()
            pieces = pickle.loads(pipe.recv_bytes())
            if pieces == 0:
                return
            yield [pipe.recv_bytes() for _ in range(pieces)]
            pipe.send_bytes(b"next")

    start = 0.0
    way = WAYS[name](path)
    for frame in way.open_all(arrived()):
        frame.close()
    pipe.send_bytes(pickle.dumps(process_time() - start))
    way.done()


def pipe(name: str, path: str) -> Result:
    with way_of(name, path) as (way, things):
        context = multiprocessing.get_context("spawn")
        near, far = context.Pipe()
        receiver = context.Process(target=receive, args=(name, path, far))
        receiver.start()
        start = cpu = 0.0
        for number, thing in enumerate([things[0], *things]):
            if number == 1:  # the first one has started the process and opened the file
                start, cpu = clock(), process_time()
            parts = way.pack(thing)
            near.send_bytes(pickle.dumps(len(parts)))
            for part in parts:
                near.send_bytes(part)
            near.recv_bytes()
        near.send_bytes(pickle.dumps(0))
        there = pickle.loads(near.recv_bytes())
        end, here = clock(), process_time() - cpu
        receiver.join()
        cpu_times[:] = 0, here + there
        return len(things), end - start


def dask_task() -> Result:
    """Give a thousand tasks that do nothing to two workers; the CPU time of scheduler and client,
    which are in this process.
    """
    import logging

    from distributed import Client, LocalCluster

    options = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.ERROR, "processes": True}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", **options) as cluster,
        Client(cluster) as client,
    ):
        client.gather(client.map(abs, range(100)))
        clock()
        start = process_time()
        client.gather(client.map(abs, range(1000, 2000)))
        clock()
        return 1000, process_time() - start
