"""The frame pool: a bound on how many frames a decoder has lent, and the numbers to see it by.

A lease is an object that goes back by being dropped: the last clone of a frame to be closed or
collected drops it. So giving back runs in destructors, anywhere and at any time, and takes no lock:
it removes one dictionary entry, which is atomic, and wakes a worker that waits through its mailbox,
which is made to be used from destructors.

Where dropping does not free at once (`FREES_LATE`), the frames say when they open and close, and
the last to close gives the lease back.
"""

from __future__ import annotations

import itertools
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from .._av import pump
from .._ffi import FREES_LATE
from .._public import public
from .trace import Place


@public
class FramePoolStats(NamedTuple):
    """The numbers of a decoder's frame pool at one moment.

    Attributes
    ----------
    capacity : int or None
        Frames that may be out at once; None: no limit.
    in_use : int
        Frames out now; clones of a frame count once.
    peak : int
        The most that were ever out at once.
    oldest_timestamp : int or None
        Microseconds, of the frame that has been out longest.
    oldest_age : float or None
        Seconds since it was delivered.
    """

    capacity: int | None
    in_use: int
    peak: int
    oldest_timestamp: int | None
    oldest_age: float | None


class Held(NamedTuple):
    """A frame that is out.

    Attributes
    ----------
    timestamp : int
        Microseconds.
    age : float
        Seconds since it was delivered.
    places : list of str
        File and line of those that hold it, if tracing was on when they got it.
    is_exported : bool
        Whether buffers beside a pickle hold it.
    """

    timestamp: int
    age: float
    places: list[str]
    is_exported: bool = False


_MANY = 64


class Lease:
    """One frame that is out; dropping it gives it back."""

    __slots__ = ("__weakref__", "_holders", "_number", "_places", "_pool")

    def __init__(self, pool: FramePool, number: int) -> None:
        self._pool = pool
        self._number = number
        self._places: list[weakref.ref[Place]] = []
        self._holders: dict[int, None] | None = {} if FREES_LATE else None

    def hold(self, holder: object) -> None:
        """Note an open frame, where dropping a reference does not free at once."""
        if self._holders is not None:
            self._holders[id(holder)] = None

    def let_go(self, holder: object) -> None:
        """Forget a frame that is closed; with the last one the lease goes back."""
        if self._holders is not None:
            self._holders.pop(id(holder), None)
            if not self._holders:
                self._pool._give_back(self._number)

    def note(self, place: Place) -> None:
        """Remember one more holder, for as long as `place` lives."""
        places = self._places
        places.append(weakref.ref(place))
        size = len(places)
        if size >= _MANY and not size & (size - 1):  # a frame may be sent very often
            for gone in [ref for ref in list(places) if ref() is None]:
                with suppress(ValueError):  # another thread did it
                    places.remove(gone)


class Export(Place):
    """Holds a lease for the buffers that travel beside one pickle, and lives as long as they do.

    Parameters
    ----------
    lease : Lease
        This pool's or the pump's.
    text : str
        Where the pickle was made, if that is traced.
    """

    __slots__ = ("_lease",)

    def __init__(self, lease: Any, text: str) -> None:
        super().__init__(text)
        self._lease = lease
        lease.hold(self)
        lease.note(self)


class _CountedExport(Export):
    """One where dropping a reference does not free at once."""

    __slots__ = ()

    def __del__(self) -> None:
        try:
            self._lease.let_go(self)
        except AttributeError:
            pass  # `__init__` was interrupted


def export(lease: Any, text: str) -> Export:
    """Return what keeps a lease for buffers that leave the library."""
    return (_CountedExport if FREES_LATE else Export)(lease, text)


class _BoundedLease(Lease):
    """One of a pool whose worker may wait for it."""

    __slots__ = ()

    def __del__(self) -> None:
        try:
            self._pool._give_back(self._number)
        except AttributeError:
            pass  # `__init__` was interrupted


_ALL = 2**62
_Entry = tuple[int, float, "weakref.ref[Lease]"]


class FramePool:
    """Counts leases, of which `capacity` may be out at once; None: any number."""

    __slots__ = ("_next_number", "_out", "_peak", "capacity", "returns", "wake")

    def __init__(self, capacity: int | None) -> None:
        self.capacity = capacity
        self._out: dict[int, _Entry] = {}
        self._peak = 0
        self._next_number = itertools.count().__next__
        # Called, from any thread, when a lease comes back; None while nobody waits for that.
        # Frames hold their pool, so it must not hold an engine.
        self.wake: Callable[[], object] | None = None
        self.returns = 0  # leases that came back while a worker waited; it only compares

    def lend(self, timestamp: int) -> Lease:
        """Return a lease for a frame that is delivered now."""
        number = self._next_number()
        lease = (Lease if self.capacity is None else _BoundedLease)(self, number)
        # Python drops a signal's exception that comes in a destructor, and the rest of it: then the
        # weak reference takes the entry out, which needs no Python function. (It calls
        # `pop(number, itself)`.)
        end = weakref.ref(lease, partial(self._out.pop, number))
        self._out[number] = timestamp, time.monotonic(), end
        size = len(self._out)
        if size > self._peak:
            self._peak = size
        return lease

    def _give_back(self, number: int) -> None:
        if self._out.pop(number, None) is None:
            return
        wake = self.wake
        if wake is not None:
            self.returns += 1
            wake()

    def room(self, undelivered: int) -> bool:
        """Return whether one more frame may be received while `undelivered` ones are on their
        way.
        """
        return self.capacity is None or len(self._out) + undelivered < self.capacity

    def room_for(self, most: int, undelivered: int) -> int:
        """Return how many frames, up to `most`, may be received while others are on their way."""
        if self.capacity is None:
            return most
        return min(most, self.capacity - len(self._out) - undelivered)

    def held(self) -> list[Held]:
        """Return the frames that are out, oldest first."""
        now = time.monotonic()
        # list() of a dictionary's values is one atomic step; a loop over it would not be.
        return [
            _held(timestamp, now - since, None if lease is None else lease._places)
            for timestamp, since, end in list(self._out.values())
            for lease in (end(),)
        ]

    def stats(self) -> FramePoolStats:
        """Return the numbers of this moment."""
        for timestamp, since, _ in list(self._out.values()):
            age = time.monotonic() - since
            return FramePoolStats(self.capacity, len(self._out), self._peak, timestamp, age)
        return FramePoolStats(self.capacity, 0, self._peak, None, None)


class PumpedPool(FramePool):
    """The same, kept by the pump: a lease costs little, and gives itself back."""

    __slots__ = ("_leases", "lend")

    def __init__(self, capacity: int | None, leases: Any) -> None:
        # Not the base's: what that has are properties here.
        self.capacity = capacity
        self._leases = leases
        self.lend = leases.lend  # type: ignore[method-assign]

    @property
    def wake(self) -> Callable[[], object] | None:
        """As of the base."""
        wake: Callable[[], object] | None = self._leases.wake
        return wake

    @wake.setter
    def wake(self, value: Callable[[], object] | None) -> None:
        self._leases.wake = value

    @property
    def returns(self) -> int:  # type: ignore[override]
        """As of the base."""
        return int(self._leases.returns)

    def room(self, undelivered: int) -> bool:
        return self.capacity is None or self._leases.out + undelivered < self.capacity

    def room_for(self, most: int, undelivered: int) -> int:
        if self.capacity is None:
            return most
        return min(most, self.capacity - int(self._leases.out) - undelivered)

    def held(self) -> list[Held]:
        rows = self._leases.held(_ALL)
        return [_held(timestamp, age / 1e6, places) for timestamp, age, places in rows]

    def stats(self) -> FramePoolStats:
        leases = self._leases
        for timestamp, age, _ in leases.held(1):
            return FramePoolStats(self.capacity, leases.out, leases.peak, timestamp, age / 1e6)
        return FramePoolStats(self.capacity, 0, leases.peak, None, None)


def frame_pool(capacity: int | None) -> FramePool:
    """Return a new pool: the pump's where it is."""
    module = pump.extension()
    return FramePool(capacity) if module is None else PumpedPool(capacity, module.Leases())


class Lending(NamedTuple):
    """What an engine goes by whose outputs have to be given back.

    Attributes
    ----------
    pool : FramePool
    stall_timeout : float
        Seconds without a return after which it says that it waits.
    stalled : callable
        Makes the error that says so, of the pool and the number of queued inputs.
    """

    pool: FramePool
    stall_timeout: float
    stalled: Callable[[FramePool, int], Exception]


def _held(timestamp: int, age: float, places: list[weakref.ref[Place]] | None) -> Held:
    alive = [place for ref in list(places or ()) if (place := ref()) is not None]
    exported = any(isinstance(place, Export) for place in alive)
    return Held(timestamp, age, [place.text for place in alive if place.text], exported)
