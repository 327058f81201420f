"""Any format, size and thread puts frames in shared memory; what cannot be put changes nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import ROOT
from frame_helpers import make
from interpreters import frees_at_once
from interrupting import Moments
from interrupts import interrupt_at, steps_of
from shared_children import four_slots, linux, pixels, plain, put, seen

import ffwebcodecs as w
from ffwebcodecs._av.frames import shared_memory
from ffwebcodecs._spec.frames.formats import FORMATS

pytestmark = [linux, frees_at_once]


@pytest.fixture
def shared() -> Iterator[w.SharedFrames]:
    with four_slots() as made:
        yield made


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_lies_aligned_and_whole(format: str) -> None:
    # 67 and 45: no plane's row is a multiple of 64 bytes.
    data = np.random.default_rng(1).bytes(67 * 46 * 8 * 4)
    with (
        w.VideoFrame(data, format=format, coded_width=67, coded_height=45, timestamp=0) as frame,
        w.SharedFrames(2, 67, 45, format) as shared,
    ):
        shared.put(frame)
        with w.open_shared(shared.put(frame)) as opened:  # the last slot of the block
            assert pixels(opened) == pixels(frame)
            assert opened.color_space == frame.color_space
            for plane in opened.planes:
                assert plane.stride % 64 == 0
                assert address(plane.data) % 64 == 0
            if FORMATS[format].ffmpeg is not None:
                assert (opened.to_ndarray("RGB") == frame.to_ndarray("RGB")).all()


def address(view: memoryview) -> int:
    return int(np.frombuffer(view, np.uint8).__array_interface__["data"][0])


@pytest.mark.parametrize("format", ["RGBA", "RGB", "GRAY8", "NV12", "I444P10"])
def test_frames_of_other_formats_are_converted_as_copies_are(format: str) -> None:
    with (
        make("I420", 64, 48) as frame,
        w.SharedFrames(1, 64, 48, format) as shared,
        w.open_shared(shared.put(frame)) as opened,
        w.create_image_bitmap(frame, format=format) as bitmap,
        w.VideoFrame(bitmap, timestamp=0) as derived,
    ):
        copied = bytearray(frame.allocation_size(format=format))
        frame.copy_to(copied, format=format)
        assert (opened.format, pixels(opened)) == (format, copied)
        assert opened.color_space == derived.color_space


def test_smaller_frames_fit_and_larger_ones_are_refused(shared: w.SharedFrames) -> None:
    for width, height in ((1, 1), (33, 48), (64, 3)):
        with make("GRAY8", width, height) as frame, w.open_shared(shared.put(frame)) as opened:
            assert pixels(opened) == pixels(frame)
            assert opened.coded_rect == w.Rect(0, 0, width, height)
    for width, height in ((65, 1), (1, 49)):
        words = f"is {width}x{height}, a slot holds"
        with (
            make("GRAY8", width, height) as frame,
            pytest.raises(w.InvalidArgumentError, match=words),
        ):
            shared.put(frame)
    assert shared.free_slots == 4


def test_a_ticket_that_was_damaged_opens_nothing(shared: w.SharedFrames) -> None:
    tickets = [put(shared, number) for number in range(3)]
    parts = tickets[0]._parts
    size = tickets[1]._parts.offset - parts.offset
    for change in (
        *({"offset": place} for place in (1, abs(size), 2 * abs(size), 2**40, 2**63, 2**64 - 1)),
        *({"generation": number} for number in (0, 2, 2**64 - 1)),
        *({"descriptor": number} for number in (0, 1, 2**32 - 1)),
        *({"inode": 0}, {"pid": os.getppid()}, {"pid": 2**32 - 1}, {"token": bytes(16)}),
    ):
        with pytest.raises(w.InvalidStateError, match="the frame is gone"):
            w.open_shared(w.FrameTicket(parts._replace(**change).to_text()))
    assert [seen(ticket) for ticket in tickets] == [0, 1, 2]


def test_what_cannot_be_put_takes_no_slot(shared: w.SharedFrames) -> None:
    closed = plain()
    closed.close()
    with pytest.raises(w.InvalidStateError, match="the frame at 0 us is closed"):
        shared.put(closed)
    with pytest.raises(w.InvalidArgumentError, match="put takes a VideoFrame, got b'a'"):
        shared.put(b"a")  # type: ignore[arg-type]
    words = r"takes 90\d\d bytes, a slot has room for"
    with (
        plain(metadata={"a": bytes(9000)}) as frame,
        pytest.raises(w.QuotaExceededError, match=words),
    ):
        shared.put(frame)
    with (
        plain(metadata={"a": Unpicklable()}) as frame,
        pytest.raises(w.DataCloneError, match="metadata cannot be pickled: not this"),
    ):
        shared.put(frame)
    with plain() as frame:
        for timeout in (-1, float("nan"), "1", [], float("inf")):
            with pytest.raises(w.InvalidArgumentError, match="timeout is"):
                shared.put(frame, timeout)  # type: ignore[arg-type]
    assert shared.free_slots == 4


class Unpicklable:
    def __deepcopy__(self, memo: object) -> Unpicklable:
        return self

    def __reduce__(self) -> Any:
        raise ValueError("not this")


def test_metadata_may_be_as_large_as_is_said() -> None:
    with (
        w.SharedFrames(1, 64, 48, "GRAY8", metadata_size=100_000) as shared,
        plain(metadata={"a": bytes(99_000)}) as frame,
        w.open_shared(shared.put(frame)) as opened,
    ):
        assert opened.metadata() == {"a": bytes(99_000)}
        assert set(pixels(opened)) == {0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 64, 48, "I420"), "slots is 0, it must be from 1 to 1048576"),
        ((True, 64, 48, "I420"), "slots must be an integer"),
        ((1, 0, 48, "I420"), "width is 0"),
        ((1, 64, 2**31, "I420"), "height is"),
        ((1, 64, 48, "i420"), "i420"),
        ((1, 64, 48, "I420", -1), "ticket_timeout is -1, it must be seconds"),
        ((1, 64, 48, "I420", 1, -1), "metadata_size is -1"),
        ((1, 2**20, 2**20, "RGBA"), "takes 4398046511104 bytes, the limit is 4294967295"),
    ],
)
def test_arguments_that_cannot_be(arguments: tuple[Any, ...], words: str) -> None:
    named = dict(zip(("ticket_timeout", "metadata_size"), arguments[4:], strict=False))
    with pytest.raises(w.InvalidArgumentError, match=re.escape(words)):
        w.SharedFrames(*arguments[:4], **named)


def test_more_memory_than_the_machine_has_is_refused() -> None:
    # The kernel would end processes to make room.
    with pytest.raises(MemoryError, match="this machine has less memory than that"):
        w.SharedFrames(2**20, 8192, 8192, "RGBA")


def test_a_python_without_memory_files_uses_a_file_without_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    with w.SharedFrames(2, 64, 48, "GRAY8") as shared:
        path = os.readlink(f"/proc/self/fd/{shared._table.block.descriptor}")
        assert path.startswith("/dev/shm/#")
        assert path.endswith("(deleted)")
        assert [seen(put(shared, time)) for time in range(5)] == [*range(5)]


def test_texts_that_are_no_tickets() -> None:
    with four_slots() as shared:
        text = str(put(shared, 1))
        for wrong in ("", "a", text[:-1], text + "A", text + "=", "A" * 76, "\N{SNOWMAN}" * 76):
            with pytest.raises(w.InvalidArgumentError, match="is no FrameTicket: "):
                w.FrameTicket(wrong)
        with pytest.raises(w.InvalidArgumentError, match="is made by SharedFrames"):
            w.FrameTicket(1)  # type: ignore[arg-type]
        with pytest.raises(w.InvalidArgumentError, match="takes a FrameTicket, got 'A"):
            w.open_shared(text)  # type: ignore[arg-type]
        with pytest.raises(AttributeError, match="immutable"):
            w.FrameTicket(text)._text = ""
        # Any other bits open nothing.
        for place in range(0, len(text), 3):
            other = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
            try:
                ticket = w.FrameTicket(other)
            except w.InvalidArgumentError:
                continue
            with pytest.raises(w.InvalidStateError):
                w.open_shared(ticket)
        assert seen(w.FrameTicket(text)) == 1


def test_threads_put_and_open_at_once(shared: w.SharedFrames) -> None:
    wrong: list[object] = []

    def work(base: int) -> None:
        for time in range(base, base + 60):
            with w.open_shared(put(shared, time)) as frame:
                if set(pixels(frame)) != {time % 251} or frame.timestamp != time:
                    wrong.append(time)

    threads = [threading.Thread(target=work, args=(1000 * number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_closing_while_another_thread_waits_ends_the_wait() -> None:
    shared = w.SharedFrames(1, 64, 48, "GRAY8")
    ticket = put(shared)
    caught: list[str] = []

    def wait() -> None:
        try:
            put(shared, 1, None)
        except w.InvalidStateError as error:
            caught.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    shared.close()
    thread.join()
    assert caught == ["the SharedFrames is closed"]
    with pytest.raises(w.InvalidStateError):
        w.open_shared(ticket)


@pytest.mark.slow
def test_an_interrupt_anywhere_loses_no_slot(shared: w.SharedFrames) -> None:
    frame = plain(1)

    def go() -> None:
        w.open_shared(shared.put(frame, 0)).close()

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    go()
    before = descriptors()
    for step in range(0, steps_of(go, opcodes=True), 3):
        interrupt_at(step, go, opcodes=True)
        # A ticket that was lost with its put comes back by time; here nobody waits for that.
        if shared.free_slots < 4:
            shared._table._deadlines = [0.0 if each else each for each in shared._table._deadlines]
        assert shared.free_slots == 4
    assert descriptors() == before
    frame.close()


def test_a_handler_of_a_signal_may_put_and_close_anywhere(shared: w.SharedFrames) -> None:
    # What it puts and opens lies in another slot than that which is being taken; or all is closed.
    folders = ("frames/_slot_table", "frames/shared_frames", "_av/frames/shared_memory")
    taken: list[int] = []

    def go() -> None:
        assert seen(put(shared, 5, 1)) == 5

    whole = Moments(folders)
    whole.during(go)
    assert whole.count > 50
    for at in range(whole.count):
        moment = Moments(folders, at, lambda: taken.append(seen(put(shared, 7, 0))))
        moment.during(go)
    assert taken == [7] * whole.count
    for at in range(0, whole.count, 3):
        with w.SharedFrames(1, 64, 48, "GRAY8") as one, suppress(w.InvalidStateError):
            Moments(folders, at, one.close).during(partial(put, one, 1, 0))


def test_what_is_left_open_at_the_end_says_nothing_wrong() -> None:
    code = """
import builtins, ffwebcodecs as w
frame = w.VideoFrame(bytes(64 * 48), format="GRAY8", coded_width=64, coded_height=48, timestamp=0)
shared = w.SharedFrames(2, 64, 48, "GRAY8")
builtins.kept = [shared, w.open_shared(shared.put(frame))]
other = w.SharedFrames(2, 64, 48, "GRAY8")
opened = w.open_shared(other.put(frame))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_machine_without_the_locks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(shared_memory.fcntl, "F_OFD_SETLK")
    with pytest.raises(w.NotSupportedError, match="SharedFrames needs Linux"):
        w.SharedFrames(1, 64, 48, "GRAY8")


@pytest.mark.once
def test_a_container_with_less_memory_is_an_error_and_no_killed_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups, root = tmp_path / "cgroup", tmp_path / "fs"
    for path in ("a/b", "memory/c/d"):
        (root / path).mkdir(parents=True)
    (root / "memory.max").write_text("max\n")
    (root / "a/memory.max").write_text("5000\n")
    (root / "a/b/memory.max").write_text("max\n")
    (root / "memory/c/d/memory.limit_in_bytes").write_text("9223372036854771712\n")
    for text, limit in (
        ("0::/\n", inf),
        ("0::/a/b\n", 5000),
        ("1:name=systemd:/x\n0::/a\n", 5000),
        ("4:cpu,memory:/c/d\n2:pids:/a\n", 9223372036854771712),
        ("nonsense", inf),
    ):
        groups.write_text(text)
        assert shared_memory.group_limit(str(groups), str(root)) == limit
    assert shared_memory.group_limit(str(tmp_path / "none"), str(root)) == inf
    monkeypatch.setattr(shared_memory, "group_limit", lambda: 5000)
    with pytest.raises(MemoryError, match="this container may have less"):
        w.SharedFrames(1, 64, 48, "RGBA")


def test_a_machine_without_proc_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_proc() -> int:
        raise FileNotFoundError(2, "No such file or directory", "/proc/sys/kernel/random/boot_id")

    monkeypatch.setattr(shared_memory, "_machine", no_proc)
    with pytest.raises(w.NotSupportedError, match="SharedFrames needs /proc"):
        w.SharedFrames(1, 64, 48, "GRAY8")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="root alone becomes others")
def test_another_user_may_not_open_it(shared: w.SharedFrames) -> None:
    ticket = put(shared)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            seen(ticket)
        except w.InvalidStateError as error:
            os.write(writer, str(error).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        assert b"may not open the memory of process" in file.read()
    os.waitpid(child, 0)
    assert seen(ticket) == 0
