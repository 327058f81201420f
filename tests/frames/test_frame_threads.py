"""Frames shared by threads: any order of use and close is safe; copies run without the GIL."""

from __future__ import annotations

import pickle
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from frame_helpers import content, make, pattern
from suite import SEED, count

from ffwebcodecs import InvalidStateError, VideoFrame

OPERATIONS = count(110_000, 1 / 5)  # for each of two threads
SIZE = (16, 8)
EXPECTED = {format: pattern(format, *SIZE) for format in ("I420", "RGBA", "NV12")}


@pytest.fixture
def hurried_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def run_threads(*bodies: Callable[[], None]) -> None:
    """Run the bodies at the same time and raise what the first of them raised."""
    failures: list[BaseException] = []
    start = threading.Barrier(len(bodies))

    def guarded(body: Callable[[], None]) -> None:
        start.wait()
        try:
            body()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Worker:
    """Does random things to frames that another worker does random things to as well."""

    def __init__(self, slots: list[VideoFrame], seed: int) -> None:
        self.slots = slots
        self.random = random.Random(seed)
        self.views: list[tuple[memoryview, bytes]] = []
        self.destination = bytearray(4096)
        self.refused = 0
        self.done = 0
        self.operations = (
            [self.copy] * 6
            + [self.clone] * 6
            + [self.attributes] * 4
            + [self.view] * 4
            + [self.close] * 5
            + [self.renew] * 5
            + [self.derive] * 3
            + [self.rarely]
        )

    def run(self) -> None:
        for _ in range(OPERATIONS):
            slot = self.random.randrange(len(self.slots))
            try:
                self.random.choice(self.operations)(slot)
            except InvalidStateError:
                self.refused += 1
            self.done += 1
        for view, expected in self.views:
            assert view[: len(expected)] == expected
        self.views.clear()

    def copy(self, slot: int) -> None:
        frame = self.slots[slot]
        format = frame.format
        frame.copy_to(self.destination)
        if format is not None:
            assert self.destination[: len(EXPECTED[format])] == EXPECTED[format]

    def clone(self, slot: int) -> None:
        self.put(self.random.randrange(len(self.slots)), self.slots[slot].clone())

    def attributes(self, slot: int) -> None:
        frame = self.slots[slot]
        assert frame.format in (None, *EXPECTED)
        assert frame.coded_width in (0, 16)
        assert frame.coded_height in (0, 8)
        assert frame.visible_rect in (None, (0, 0, *SIZE))
        assert frame.timestamp == 0
        repr(frame)
        assert frame.metadata() == {"a": 1}
        assert frame.allocation_size() in map(len, EXPECTED.values())

    def view(self, slot: int) -> None:
        frame = self.slots[slot]
        format = frame.format
        plane = frame.planes[0]
        if format is None:
            return
        row = 64 if format == "RGBA" else 16
        self.views.append((plane.data, EXPECTED[format][:row]))
        if len(self.views) > 50:
            view, expected = self.views.pop(self.random.randrange(50))
            assert view[: len(expected)] == expected

    def close(self, slot: int) -> None:
        self.slots[slot].close()

    def renew(self, slot: int) -> None:
        format = self.random.choice(list(EXPECTED))
        transfer = self.random.random() < 0.5
        source = bytearray(EXPECTED[format])
        self.put(slot, make(format, *SIZE, source, transfer=transfer, metadata={"a": 1}))

    def derive(self, slot: int) -> None:
        derived = VideoFrame(self.slots[slot], rotation=90, timestamp=0)
        self.put(self.random.randrange(len(self.slots)), derived)

    def rarely(self, slot: int) -> None:
        frame = self.slots[slot]
        if self.random.random() < 0.5:
            with frame.clone() as clone, pickle.loads(pickle.dumps(clone)) as other:
                assert content(other) == EXPECTED[other.format]
        else:
            frame.copy_to(self.destination, format="RGBA")

    def put(self, slot: int, frame: VideoFrame) -> None:
        # Unlocked on purpose: the frame that lay there may be in use by the other thread.
        before, self.slots[slot] = self.slots[slot], frame
        if self.random.random() < 0.5:
            before.close()


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("slots", [1, 6])
def test_two_threads_use_clone_and_close_the_same_frames_in_any_order(slots, hurried_switches):
    frames = [make("I420", *SIZE, metadata={"a": 1}) for _ in range(slots)]
    workers = [Worker(frames, seed) for seed in (SEED * slots, SEED * slots + 1)]
    run_threads(*(worker.run for worker in workers))
    assert sum(worker.done for worker in workers) == 2 * OPERATIONS
    assert all(0 < worker.refused < OPERATIONS for worker in workers)
    for frame in frames:
        frame.close()


@pytest.mark.slow
def test_a_frame_closed_during_a_copy_is_copied_whole_or_not_at_all(hurried_switches):
    pixels = pattern("RGBA", 256, 256)
    outcomes = set()
    for _ in range(300):
        frame = make("RGBA", 256, 256, pixels)
        destination = bytearray(len(pixels))

        def copy(frame=frame, destination=destination):
            try:
                frame.copy_to(destination)
                outcomes.add("copied")
                assert destination == pixels
            except InvalidStateError:
                outcomes.add("refused")
                assert destination == bytes(len(pixels))

        run_threads(copy, frame.close)
        assert frame.closed
    assert outcomes


class Counter:
    """A thread that counts whenever it gets the GIL, and gives it back each time."""

    def __init__(self) -> None:
        self.count = 0
        self.stop = False
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.stop:
            self.count += 1
            time.sleep(0)

    def counts_during(self, call: Callable[[], object]) -> bool:
        before = self.count
        call()
        return self.count > before


@pytest.fixture
def counter() -> Iterator[Counter]:
    # With this switch interval nobody is asked to give the GIL up: a call has to release it.
    interval = sys.getswitchinterval()
    counter = Counter()
    counter.thread.start()
    sys.setswitchinterval(1000)
    yield counter
    counter.stop = True
    sys.setswitchinterval(interval)
    counter.thread.join()


@pytest.mark.slow
@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this Python has no GIL"
)
@pytest.mark.parametrize("options", [{}, {"format": "RGBA"}], ids=["copy", "convert"])
def test_copy_to_runs_without_the_gil(counter, options):
    size = 64 << 20
    destination = bytearray(size * 4 if options else size)
    source = bytes(size)
    with make("GRAY8", 1 << 13, 1 << 13, source, transfer=True) as frame:
        # Once is proof: without a release the count cannot move at all, as the control shows.
        tries = range(50)
        assert any(
            counter.counts_during(lambda: frame.copy_to(destination, **options)) for _ in tries
        )

        def copy_with_the_gil() -> None:
            destination[:size] = source

        assert not any(counter.counts_during(copy_with_the_gil) for _ in range(5))


@pytest.mark.slow
def test_two_threads_copy_one_frame_at_the_same_time():
    pixels = pattern("I420", 640, 480)
    with make("I420", 640, 480) as frame:

        def copy_often() -> None:
            destination = bytearray(len(pixels))
            for _ in range(100):
                frame.copy_to(destination)
                assert destination == pixels
                destination[:] = bytes(len(pixels))

        run_threads(copy_often, copy_often)
