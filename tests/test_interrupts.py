"""Ctrl-C at the worst moment: while a destructor runs, where Python drops the exception."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cffi
import pytest
from frame_helpers import make

from ffwebcodecs import open_handles
from ffwebcodecs._av import frame as native_frame
from ffwebcodecs._av import packet as native_packet
from ffwebcodecs._runtime.pool import FramePool

if not hasattr(signal, "setitimer"):
    pytest.skip("there is no setitimer on Windows", allow_module_level=True)

libc_ffi = cffi.FFI()
libc_ffi.cdef("""
    struct timespec { long tv_sec; long tv_nsec; };
    int nanosleep(const struct timespec *, struct timespec *);
""")
libc = libc_ffi.dlopen(None)
_SECOND = libc_ffi.new("struct timespec *", {"tv_sec": 20})


class Interrupted(BaseException):
    """What stands here for KeyboardInterrupt, which would end pytest if it went astray."""


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def destroy_while_interrupted(thing: list[Any]) -> None:
    """Empty the list `thing` while a signal is waiting for Python to look at it.

    A list is emptied from its end, in C. There an object is put that sleeps in its destructor until
    the signal comes, in C as well, so that whatever is destroyed next is the first to meet it.
    """
    rest = libc_ffi.new("struct timespec *")
    thing.append(libc_ffi.gc(rest, partial(libc.nanosleep, _SECOND)))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    thing.clear()


@pytest.mark.parametrize("allocate", [native_frame.allocate, native_packet.allocate])
def test_an_interrupted_destructor_frees_all_the_same(allocate: Callable[[], Any]) -> None:
    before = open_handles()
    thing = [allocate()]
    with pytest.raises(Interrupted):  # it is not lost either
        destroy_while_interrupted(thing)
    assert open_handles() == before


def test_an_interrupted_close_frees_all_the_same() -> None:
    before = open_handles()
    video_frame = make("I420", 64, 48)
    picture = [video_frame._picture]
    video_frame.close()
    with pytest.raises(Interrupted):
        destroy_while_interrupted(picture)
    assert open_handles() == before


def test_a_lease_that_is_interrupted_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: lost.append(args.exc_type))
    pool = FramePool(1, lambda: None)
    thing = [pool.lend(0)]
    assert not pool.room(0)
    try:
        destroy_while_interrupted(thing)
    except Interrupted:
        lost.append(Interrupted)
    assert lost == [Interrupted]
    assert pool.room(0)
    assert pool.stats().in_use == 0
