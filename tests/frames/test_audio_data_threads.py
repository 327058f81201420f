"""Sound shared by threads: any order of use and close is safe."""

from __future__ import annotations

import pickle
import random
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from sound_helpers import content, laid_out, make, noise
from suite import SEED, count

from ffwebcodecs import AudioData, InvalidStateError

OPERATIONS = count(12_000, 1 / 4)  # for each of two threads
FORMATS = ("f32", "s16-planar", "u8")
EXPECTED = {format: laid_out(noise(format, 64, 2), format) for format in FORMATS}


@pytest.fixture
def hurried_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Worker:
    """Does random things to sound that another worker does random things to as well."""

    def __init__(self, slots: list[AudioData], seed: int) -> None:
        self.slots = slots
        self.random = random.Random(seed)
        self.destination = bytearray(4096)
        self.views: list[tuple[memoryview, bytes]] = []
        self.refused = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        steps = [self.copy, self.clone, self.say, self.view, self.close, self.renew, self.travel]
        try:
            for _ in range(OPERATIONS):
                self.step(self.random.choice(steps))
            for view, expected in self.views:
                assert view.tobytes() == expected
        except BaseException as error:
            self.failure = error

    def step(self, step: Callable[[int], None]) -> None:
        try:
            step(self.random.randrange(len(self.slots)))
        except InvalidStateError:
            self.refused += 1

    def copy(self, slot: int) -> None:
        data = self.slots[slot]
        format = data.format
        data.copy_to(self.destination, plane_index=0)
        if format is not None:
            size = len(EXPECTED[format]) // (2 if format.endswith("-planar") else 1)
            assert self.destination[:size] == EXPECTED[format][:size]
        data.copy_to(self.destination, plane_index=1, format="s32-planar")

    def clone(self, slot: int) -> None:
        self.put(self.random.randrange(len(self.slots)), self.slots[slot].clone())

    def say(self, slot: int) -> None:
        data = self.slots[slot]
        assert data.format in (None, *EXPECTED)
        assert data.duration in (0, 1333)
        assert data.number_of_channels in (0, 2)
        assert "AudioData" in repr(data)

    def view(self, slot: int) -> None:
        data = self.slots[slot]
        format = data.format
        planes = data.planes
        if format is not None:
            size = planes[0].nbytes
            self.views.append((planes[0], EXPECTED[format][:size]))
            del self.views[:-20]

    def close(self, slot: int) -> None:
        self.slots[slot].close()

    def renew(self, slot: int) -> None:
        format = self.random.choice(FORMATS)
        transfer = self.random.random() < 0.5
        self.put(slot, make(format, 64, 2, bytearray(EXPECTED[format]), transfer=transfer))

    def travel(self, slot: int) -> None:
        with self.slots[slot].clone() as clone, pickle.loads(pickle.dumps(clone, 5)) as other:
            assert content(other) == EXPECTED[other.format]

    def put(self, slot: int, data: AudioData) -> None:
        # Unlocked on purpose: what lay there may be in use by the other thread.
        before, self.slots[slot] = self.slots[slot], data
        if self.random.random() < 0.5:
            before.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("slots", [1, 5])
def test_two_threads_use_clone_and_close_the_same_sound_in_any_order(
    slots: int, hurried_switches: None
) -> None:
    shared = [make("f32") for _ in range(slots)]
    workers = [Worker(shared, SEED + seed) for seed in range(2)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [worker.failure for worker in workers] == [None, None]
    assert all(worker.refused for worker in workers)
    for each in shared:
        each.close()


def test_closing_while_samples_are_copied_changes_nothing_of_the_copy() -> None:
    array = noise("f32", 400_000, 2)
    with make("f32", 400_000, 2, array) as kept:
        wanted = content(kept, "s16-planar")
    found: list[bytes] = []

    def copy_out(data: AudioData, begun: threading.Event) -> None:
        with data.clone() as clone:
            begun.set()
            found.append(content(clone, "s16-planar"))

    for _ in range(5):
        data, begun = make("f32", 400_000, 2, array), threading.Event()
        thread = threading.Thread(target=copy_out, args=(data, begun))
        thread.start()
        begun.wait()
        data.close()
        thread.join()
    assert found == [wanted] * 5
