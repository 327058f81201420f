"""Frames in shared memory: put, opened, held, forgotten."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterator
from contextlib import suppress

from ffwebcodecs import InvalidStateError, SharedFrames, open_shared

from ..scenario import Step, scenario
from .frames import SIDE, make


@scenario("10,000 tickets: opened, opened twice, held by views, never opened", cycles=10_000)
def shared_tickets() -> Iterator[Step]:
    with SharedFrames(8, SIDE, SIDE, "I420", ticket_timeout=0.01) as shared:

        def step(index: int) -> None:
            with make(index, metadata={"index": index}) as frame:
                ticket = pickle.loads(pickle.dumps(shared.put(frame, 60)))
            if index % 10 == 0:
                return
            with suppress(InvalidStateError):  # too late, on a slow machine
                with open_shared(ticket) as opened:
                    view = opened.clone().planes[0].data
                opened = open_shared(ticket)
                del view

        yield step
        gc.collect()
        shared.wait(60)


@scenario("blocks of shared memory made, filled, dropped", cycles=1_000)
def shared_blocks() -> Iterator[Step]:
    def step(index: int) -> None:
        shared = SharedFrames(2, SIDE, SIDE, "RGBA" if index % 2 else "I420")
        with make(index) as frame:
            frames = [open_shared(shared.put(frame)) for _ in range(2)]
        if index % 3:
            shared.close()
        for opened in frames:
            opened.close()

    yield step
