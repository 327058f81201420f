"""Frames, bitmaps, sound and chunks go from worker to worker of a Dask cluster, unchanged."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask_tasks
import numpy as np
import pytest
from clips import clip, framemd5

import ffwebcodecs
from ffwebcodecs import VideoFrame

distributed = pytest.importorskip("distributed", reason="tools/install.sh fetches it")
protocol = pytest.importorskip("distributed.protocol")
tokenize = pytest.importorskip("dask.base").tokenize

pytestmark = [pytest.mark.slow, pytest.mark.once]

FILM = "h264-with-audio.mp4"
NUMBER = 17
KINDS = ("VideoFrame", "ImageBitmap", "AudioData", "EncodedVideoChunk")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a scheduler and two workers, each a process, which listen on this machine only."""
    cluster = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        local_directory=tmp_path_factory.mktemp("dask"),
        silence_logs=logging.ERROR,
    )
    with cluster, distributed.Client(cluster) as client:
        client.wait_for_workers(2)
        yield client


@pytest.fixture(autouse=True)
def nothing_is_left_in_a_worker(client: Any) -> Iterator[None]:
    yield
    # The scheduler hears of a future that is dropped, and tells the workers, a moment later.
    deadline = time.monotonic() + 60
    while (left := list(client.run(dask_tasks.left).values())) != [{}, {}]:
        assert time.monotonic() < deadline, left


@pytest.fixture
def workers(client: Any) -> list[str]:
    return sorted(client.run(os.getpid))


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_worker_makes_another_one_gets_unchanged(
    kind: str, client: Any, workers: list[str]
) -> None:
    first, second = workers
    path = os.fspath(clip(FILM))
    made = client.submit(dask_tasks.make, kind, path, NUMBER, workers=first, pure=False)
    pid, *far = client.submit(dask_tasks.described, made, workers=second, pure=False).result()
    here = dask_tasks.make(kind, path, NUMBER)
    _, *near = dask_tasks.described(here)
    if kind == "VideoFrame":
        assert near[1] == framemd5(clip(FILM))[NUMBER].digest
    assert far == near
    assert far[0] == kind
    assert pid == client.run(os.getpid)[second]
    arrived = made.result()
    assert dask_tasks.described(arrived)[1:] == tuple(near)
    for thing in (here, arrived):
        getattr(thing, "close", lambda: None)()


def shares_memory(a: Any, b: Any) -> bool:
    return np.shares_memory(np.frombuffer(a, np.uint8), np.frombuffer(b, np.uint8))


@pytest.mark.parametrize("kind", ["VideoFrame", "ImageBitmap", "AudioData"])
def test_dask_sends_what_lies_there_and_opens_what_arrived(kind: str) -> None:
    thing = dask_tasks.make(kind, os.fspath(clip(FILM)), NUMBER)
    header, (_, *buffers) = protocol.serialize(thing)
    assert header["serializer"] == "pickle"
    # Another machine gets the bytes, not the memory.
    arrived = list(map(bytes, buffers))
    again = protocol.deserialize(header, [protocol.serialize(thing)[1][0], *arrived])
    assert dask_tasks.digest(again) == dask_tasks.digest(thing)
    if kind == "VideoFrame":
        assert len(buffers) == 3
        for plane, other, sent, came in zip(
            thing.planes, again.planes, buffers, arrived, strict=True
        ):
            assert shares_memory(plane.data, sent)
            assert shares_memory(other.data, came)
    thing.close()
    again.close()


def test_equal_frames_have_one_name_and_others_another() -> None:
    path = os.fspath(clip(FILM))
    frames = [dask_tasks.make("VideoFrame", path, number) for number in (3, 3, 4)]
    first, again, other = map(tokenize, frames)
    assert first == again != other
    with VideoFrame(frames[0], timestamp=1) as later:
        assert tokenize(later) != first
    for frame in frames:
        frame.close()


def test_a_frame_is_sent_to_every_worker_and_stays_the_clients(
    client: Any, workers: list[str]
) -> None:
    with dask_tasks.make("VideoFrame", os.fspath(clip(FILM)), NUMBER) as frame:
        sent = client.scatter(frame, broadcast=True)
        _, *here = dask_tasks.described(frame)
    for worker in workers:
        _, *there = client.submit(dask_tasks.described, sent, workers=worker, pure=False).result()
        assert there == here


def test_a_reference_that_one_worker_makes_another_one_opens(
    client: Any, workers: list[str]
) -> None:
    first, second = workers
    path, part = os.fspath(clip(FILM)), slice(3, 40, 7)
    made = client.submit(dask_tasks.references, path, part, workers=first, pure=False)
    found = client.submit(dask_tasks.opened, made, workers=second, pure=False).result()
    want = [(frame.timestamp, frame.digest) for frame in framemd5(clip(FILM))[part]]
    assert found == want
    ref = made.result()
    assert dask_tasks.opened(ref) == want
    assert tokenize(ref) == tokenize(dask_tasks.references(path, part))
    ffwebcodecs.FrameRef.clear_cache()


def test_references_to_single_frames_are_spread_over_the_workers(client: Any) -> None:
    refs = list(dask_tasks.references(os.fspath(clip(FILM)), slice(None)))
    found = client.gather(client.map(dask_tasks.opened, refs))
    want = [(frame.timestamp, frame.digest) for frame in framemd5(clip(FILM))]
    assert [each for (each,) in found] == want


def test_a_task_that_closes_what_it_got_has_closed_the_workers_own(
    client: Any, workers: list[str]
) -> None:
    path, worker = os.fspath(clip(FILM)), workers[0]
    made = client.submit(dask_tasks.make, "VideoFrame", path, 3, workers=worker, pure=False)
    client.submit(dask_tasks.closed, made, workers=worker, pure=False).result()
    again = client.submit(dask_tasks.described, made, workers=worker, pure=False)
    with pytest.raises(ffwebcodecs.InvalidStateError, match="the frame at 100000 us is closed"):
        again.result()


def test_what_ffmpeg_refuses_in_a_worker_is_told_in_the_client(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.write_bytes(b"")
    with pytest.raises(ffwebcodecs.WebCodecsError) as here:
        dask_tasks.make("VideoFrame", os.fspath(path), 0)
    with pytest.raises(type(here.value)) as there:
        client.submit(dask_tasks.make, "VideoFrame", os.fspath(path), 0).result()
    assert str(there.value) == str(here.value)
    assert there.value.code == here.value.code


def test_a_ticket_is_opened_by_one_worker(client: Any, workers: list[str]) -> None:
    first, second = workers
    with (
        dask_tasks.make("VideoFrame", os.fspath(clip(FILM)), NUMBER) as frame,
        ffwebcodecs.SharedFrames(1, frame.display_width, frame.display_height, "I420") as shared,
    ):
        _, *here = dask_tasks.described(frame)
        ticket = shared.put(frame)
        pid, *there = client.submit(dask_tasks.taken, ticket, workers=first, pure=False).result()
        assert there == here
        again = client.submit(dask_tasks.taken, ticket, workers=second, pure=False)
        with pytest.raises(ffwebcodecs.InvalidStateError, match=f"before, by process {pid}"):
            again.result()
        shared.wait(30)
