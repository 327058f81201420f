"""A frame in shared memory arrives whole, without a copy, once, and its slot comes back."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import resource_tracker
from typing import Any

import numpy as np
import pytest
from interpreters import frees_at_once
from interrupts import Interrupted
from shared_children import (
    METHODS,
    child,
    facts,
    four_slots,
    linux,
    mapped,
    names,
    pixels,
    plain,
    put,
    seen,
)

import ffwebcodecs as w
from ffwebcodecs._av.frames import shared_memory

pytestmark = [linux, frees_at_once]


@pytest.fixture
def shared() -> Iterator[w.SharedFrames]:
    with four_slots() as made:
        yield made


def rich() -> w.VideoFrame:
    """Return a frame with everything that can be said of one."""
    return w.VideoFrame(
        np.random.default_rng(3).bytes(66 * 50 * 3 // 2),
        format="I420",
        coded_width=66,
        coded_height=50,
        timestamp=-5,
        duration=7,
        visible_rect=(2, 2, 63, 47),
        display_width=31,
        display_height=84,
        rotation=90,
        flip=True,
        color_space={"primaries": "bt2020", "transfer": "pq", "full_range": True},
        metadata={"name": "\N{SNOWMAN}", "boxes": [(1, 2.5)]},
        transfer=True,
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_frame_arrives_whole(method: str) -> None:
    before = names()
    with w.SharedFrames(2, 64, 48, "I420") as shared, child(method) as other, rich() as frame:
        ticket = shared.put(frame)
        seen = other.ask("facts", ticket)
        assert frame.visible_rect == w.Rect(2, 2, 63, 47)  # the caller's, as it was
        expected = facts(frame)
        assert expected["times"] == (-5, 7)
        assert expected["turn"] == (90, True)
        # Of a copy the visible part is kept, at the origin.
        assert seen == expected | {"visible": w.Rect(0, 0, 63, 47)}
        assert shared.free_slots == 2
    assert names() == before


def test_the_tracker_of_shared_memory_has_nothing_to_track(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Before Python 3.13 it removes what any process had opened when that process ends.
    told: list[Any] = []
    monkeypatch.setattr(resource_tracker, "register", lambda *name: told.append(name))
    with w.SharedFrames(1, 64, 48, "GRAY8") as shared:
        w.open_shared(put(shared)).close()
    assert told == []


def test_nothing_is_copied(shared: w.SharedFrames) -> None:
    with w.open_shared(put(shared, 7)) as frame:
        plane = frame.planes[0].to_ndarray()
        assert (plane == 7).all()
        table = shared._table
        table.block.pixels[shared._sizes.pixels] = 9
        assert plane[0, 0] == 9
        del plane


def test_a_frame_in_a_slot_is_read_only(shared: w.SharedFrames) -> None:
    with w.open_shared(put(shared)) as frame:
        data = frame.planes[0].data
        assert data.readonly
        with pytest.raises(TypeError, match="read-only"):
            data[0] = 1
        del data


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_ticket_is_small(protocol: int, shared: w.SharedFrames) -> None:
    ticket = put(shared)
    data = pickle.dumps(ticket, protocol)
    assert len(data) < 300
    assert pickle.loads(data) == ticket
    assert w.FrameTicket(str(ticket)) == ticket
    assert hash(w.FrameTicket(str(ticket))) == hash(ticket)
    w.open_shared(ticket).close()


def test_a_ticket_goes_through_a_queue() -> None:
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    try:
        with w.SharedFrames(1, 64, 48, "GRAY8") as shared:
            ends: Any = context.Pipe()
            process = context.Process(target=forward, args=(queue, ends[1]), daemon=True)
            process.start()
            queue.put(put(shared, 3))
            assert ends[0].recv()["times"] == (3, None)
            process.join()
            shared.wait(30)
    finally:
        queue.close()
        queue.join_thread()


def forward(queue: Any, pipe: Any) -> None:
    pipe.send(facts(w.open_shared(queue.get())))


def test_a_slot_returns_with_the_last_holder_of_its_pixels(shared: w.SharedFrames) -> None:
    frame = w.open_shared(put(shared))
    clone = frame.clone()
    derived = w.VideoFrame(frame, timestamp=8)
    view = frame.planes[0].data
    array = frame.planes[0].to_ndarray()
    for holder in (frame, clone, derived):
        assert shared.free_slots == 3
        holder.close()
    del view
    assert shared.free_slots == 3
    del array
    assert shared.free_slots == 4


def test_a_frame_that_is_dropped_returns_its_slot(shared: w.SharedFrames) -> None:
    frame = w.open_shared(put(shared))
    cycle: list[Any] = [frame]
    cycle.append(cycle)
    del frame, cycle
    with pytest.warns(ResourceWarning, match="unclosed frame"):
        gc.collect()
    assert shared.free_slots == 4


def test_an_encoder_returns_the_slot_when_it_has_done_with_it(shared: w.SharedFrames) -> None:
    chunks: list[w.EncodedVideoChunk] = []
    with w.VideoEncoder(lambda chunk, _: chunks.append(chunk), print) as encoder:
        encoder.configure(w.VideoEncoderConfig(codec="ffmpeg:mjpeg", width=64, height=48))
        for time in range(12):
            with w.open_shared(put(shared, time)) as frame:
                encoder.encode(frame)
        encoder.flush().result(30)
    assert len(chunks) == 12
    shared.wait(30)


def test_a_put_that_waits_hears_that_a_frame_was_closed() -> None:
    with w.SharedFrames(1, 64, 48, "GRAY8") as shared, child() as other:
        for time in range(20):
            other.pipe.send(("timestamps", [put(shared, time)]))
        assert [other.answer() for _ in range(20)] == [[time] for time in range(20)]


def test_a_full_pipe_of_news_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    with w.SharedFrames(1, 64, 48, "GRAY8") as shared:
        path = f"/proc/self/fd/{shared._table.block.bell.reader}"
        writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            while os.write(writer, bytes(4096)):
                pass
        os.close(writer)
        assert [seen(put(shared, time)) for time in range(3)] == [0, 1, 2]
        with child() as other:
            other.pipe.send(("timestamps", [put(shared, 3)]))
            assert seen(put(shared, 4)) == 4
            assert other.answer() == [3]
    assert lost == []


def test_a_ticket_that_nobody_opens_ends() -> None:
    with w.SharedFrames(1, 64, 48, "GRAY8", ticket_timeout=0.05) as shared:
        ticket = put(shared, 1)
        shared.wait(30)
        with pytest.raises(w.InvalidStateError, match=r"opened .* s too late \(ticket_timeout"):
            w.open_shared(ticket)
        put(shared, 2)
        with pytest.raises(w.InvalidStateError, match="slot 0 holds another frame since"):
            w.open_shared(ticket)
        put(shared, 3)  # waits for the end of the one before


def test_a_ticket_opens_once(shared: w.SharedFrames) -> None:
    ticket = put(shared, 1)
    with child() as other:
        with w.open_shared(ticket) as frame:
            for again in (lambda: w.open_shared(ticket), lambda: other.ask("facts", ticket)):
                with pytest.raises(Exception, match="the ticket was opened before, by") as caught:
                    again()
            assert str(os.getpid()) in str(caught.value)
        with pytest.raises(w.InvalidStateError, match="opened before, by this process"):
            w.open_shared(ticket)
        for time in range(2, 6):
            put(shared, time, 0)
        assert frame.closed
        with pytest.raises(RuntimeError, match="slot 0 holds another frame since"):
            other.ask("facts", ticket)
        shared.close()


def test_a_refusal_holds_no_slot(shared: w.SharedFrames) -> None:
    ticket = put(shared, 1)
    w.open_shared(ticket).close()
    with pytest.raises(w.InvalidStateError) as kept:
        w.open_shared(ticket)
    assert shared.free_slots == 4
    assert kept.value.__traceback__ is not None


def test_closing_leaves_open_frames_as_they_are() -> None:
    with child() as other:
        shared = w.SharedFrames(3, 64, 48, "GRAY8")
        first, second, third = (put(shared, time) for time in (1, 2, 3))
        other.ask("hold", first)
        frame = w.open_shared(second)
        shared.close()
        shared.close()
        assert shared.closed
        assert set(pixels(frame)) == {2}
        frame.close()
        with pytest.raises(w.InvalidStateError, match="is closed, or its process"):
            w.open_shared(third)
        with pytest.raises(w.InvalidStateError, match="the SharedFrames is closed"):
            put(shared)
        with pytest.raises(w.InvalidStateError, match="the SharedFrames is closed"):
            assert shared.free_slots
        other.ask("let go")


def test_a_number_that_is_another_file_by_now_is_not_opened(shared: w.SharedFrames) -> None:
    ticket = put(shared, 1)
    number = shared._table.block.descriptor
    shared.close()
    reader, writer = os.pipe()
    os.dup2(reader, number)
    try:
        with pytest.raises(w.InvalidStateError, match="is closed, or its process"):
            w.open_shared(ticket)
    finally:
        for each in {reader, writer, number}:
            os.close(each)


@pytest.mark.slow
@pytest.mark.once
def test_ten_thousand_tickets_leave_nothing() -> None:
    before, descriptors = names(), len(os.listdir("/proc/self/fd"))
    with w.SharedFrames(8, 64, 48, "GRAY8", ticket_timeout=0.001) as short, plain(5) as frame:
        for number in range(10_000):
            ticket = short.put(frame, 30)
            if number % 10:
                try:
                    w.open_shared(ticket).close()
                except w.InvalidStateError as error:
                    assert "too late" in str(error)
        short.wait(30)
        assert short.free_slots == 8
    assert names() == before
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert not mapped()


def test_it_says_who_holds_the_slots(shared: w.SharedFrames) -> None:
    with child() as other, w.open_shared(put(shared)) as own:
        other.ask("hold", put(shared))
        put(shared)
        put(shared)
        with pytest.raises(w.QuotaExceededError) as caught:
            put(shared, timeout=0)
        words = str(caught.value)
        assert words.startswith("no slot of 4 came back in 0.")
        assert "s: slot 0 is held by this process or a fork of it for " in words
        assert f"slot 1 is held by process {other.pid} or a fork of it for " in words
        assert "slot 2 waits for its ticket to be opened, which ends in " in words
        with pytest.raises(w.QuotaExceededError, match=str(other.pid)):
            shared.wait(0)
        assert not own.closed
        shared.close()


def test_a_put_that_waits_long_warns(
    shared: w.SharedFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = sys.modules["ffwebcodecs.frames.shared_frames"]
    monkeypatch.setattr(home, "_STALL", 0)
    frames = [w.open_shared(put(shared, time)) for time in range(4)]
    with (
        pytest.warns(w.FramePoolWarning, match="slot 3 is held by this process") as warned,
        pytest.raises(w.QuotaExceededError),
    ):
        put(shared, timeout=0.3)
    assert len(warned) == 1
    for frame in frames:
        frame.close()


def test_a_put_that_waits_is_interrupted(shared: w.SharedFrames) -> None:
    def interrupt(*_: object) -> None:
        raise Interrupted

    frames = [w.open_shared(put(shared, time)) for time in range(4)]
    before = signal.signal(signal.SIGALRM, interrupt)
    with pytest.raises(Interrupted):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        put(shared, timeout=None)
    signal.signal(signal.SIGALRM, before)
    for frame in frames:
        frame.close()


def test_memory_of_another_user_is_not_read(
    monkeypatch: pytest.MonkeyPatch, shared: w.SharedFrames
) -> None:
    # What is said of a frame is a pickle: root must not load one that anybody else has written.
    ticket = put(shared)
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 12345)
        with pytest.raises(w.InvalidStateError, match="both must be of one user"):
            w.open_shared(ticket)
    w.open_shared(ticket).close()


def test_it_is_not_pickled_itself(shared: w.SharedFrames) -> None:
    with pytest.raises(TypeError, match="send the tickets that put"):
        pickle.dumps(shared)


def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch, shared: w.SharedFrames) -> None:
    ticket = put(shared)
    with monkeypatch.context() as patch:
        patch.setattr(shared_memory.sys, "platform", "darwin")
        with pytest.raises(w.NotSupportedError, match="SharedFrames needs Linux"):
            w.SharedFrames(1, 64, 48, "GRAY8")
        with pytest.raises(w.NotSupportedError, match="SharedFrames needs Linux"):
            w.open_shared(ticket)
    with monkeypatch.context() as patch:
        patch.setattr(shared_memory, "_machine", lambda: 1)
        with pytest.raises(w.InvalidStateError, match="in another machine's memory"):
            w.open_shared(ticket)
    w.open_shared(ticket).close()
