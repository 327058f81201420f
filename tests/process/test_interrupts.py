"""Ctrl-C at the worst moment: while a destructor runs, where Python drops the exception."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import cffi
import pytest
from clips import clip
from frame_helpers import make

from ffwebcodecs import open_handles
from ffwebcodecs._av.codecs import packet as native_packet
from ffwebcodecs._av.codecs import parameters
from ffwebcodecs._av.codecs.bitstream_filter import Filter
from ffwebcodecs._av.codecs.codec_context import allocate_context
from ffwebcodecs._av.files import containers
from ffwebcodecs._av.files.demux import DemuxerCore
from ffwebcodecs._av.files.mux import MuxerCore
from ffwebcodecs._av.frames import frame as native_frame
from ffwebcodecs._ffi import ffi
from ffwebcodecs._runtime.pool import FramePool

if not hasattr(signal, "SIGALRM"):
    pytest.skip("there is no SIGALRM on Windows", allow_module_level=True)

libc_ffi = cffi.FFI()
# It takes an int. A destructor is given a pointer, which lies in the same register.
libc_ffi.cdef("int raise(void *);")
libc_raise = getattr(libc_ffi.dlopen(None), "raise")


class Interrupted(BaseException):
    """What stands here for KeyboardInterrupt, which would end pytest if it went astray."""


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.signal(signal.SIGALRM, before)


def destroy_while_interrupted(thing: list[Any]) -> None:
    """Empty the list `thing` while a signal is waiting for Python to look at it.

    A list is emptied from its end, in C. There an object is put whose destructor sends the signal,
    in C as well, so that whatever is destroyed next is the first to meet it.
    """
    thing.append(libc_ffi.gc(libc_ffi.cast("void *", int(signal.SIGALRM)), libc_raise))
    thing.clear()


def open_input() -> Any:
    core = DemuxerCore(str(clip("h264-bframes.mp4")))
    context = core._context
    core.close()
    return context


def open_output() -> Any:
    core = MuxerCore(os.devnull, containers.find(None, "matroska"), "a file")
    context = core._context
    core.close()
    return context


def shown_frame() -> memoryview:
    ptr = native_frame.new("gray", 64, 48, [(64, 48)])
    return native_frame.block_view(ptr, 64 * 48)


@pytest.mark.parametrize(
    "allocate",
    [
        native_frame.allocate,
        native_packet.allocate,
        lambda: allocate_context(ffi.NULL),
        parameters.allocate,
        open_input,
        open_output,
        lambda: Filter("null", parameters.allocate())._context,
        shown_frame,
    ],
)
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
    pool = FramePool(1)
    thing = [pool.lend(0)]
    assert not pool.room(0)
    try:
        destroy_while_interrupted(thing)
    except Interrupted:
        lost.append(Interrupted)
    assert lost == [Interrupted]
    assert pool.room(0)
    assert pool.stats().in_use == 0
