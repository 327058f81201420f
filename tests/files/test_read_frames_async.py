"""read_frames_async and its twin: what they give, how far ahead, and that they leave nothing."""

from __future__ import annotations

import asyncio
import gc
import inspect
import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import attack
import pytest
from clips import clip
from decode_helpers import TIMEOUT, turns, wait_until
from handles import live_handles
from loops import cancelled_at, each, run

import ffwebcodecs
from ffwebcodecs import (
    AudioData,
    Demuxer,
    EncodingError,
    InvalidArgumentError,
    InvalidStateError,
    read_audio_data,
    read_audio_data_async,
    read_frames,
    read_frames_async,
)

LOOPS = ["asyncio", "trio"]
CLIP = "h264-bframes.mp4"
THREAD = "ffwebcodecs-reading"


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def nothing_is_left() -> None:
    gc.collect()
    wait_until(lambda: not live_handles() and not threads(), "all is closed")


class Counting(io.BytesIO):
    """A file object that says how much of it was read, and may wait."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.bytes = 0
        self.wait = threading.Event()
        self.wait.set()
        self.waits = threading.Event()

    def readinto(self, buffer: Any) -> int:
        if not self.wait.is_set():
            self.waits.set()
            assert self.wait.wait(TIMEOUT)
        count = super().readinto(buffer)
        self.bytes += count
        return count

    def read(self, size: int | None = -1) -> bytes:
        data = bytearray(len(self.getbuffer()) if size in (-1, None) else size or 0)
        return bytes(data[: self.readinto(data)])


# ---- what they give ------------------------------------------------------------------------------


@pytest.mark.parametrize("loop", LOOPS)
def test_frames_are_those_of_read_frames(loop: str) -> None:
    options: dict[str, Any] = {"start": 200_000, "stop": 1_400_000, "step": 3}
    with_loop = [(f.timestamp, f.duration) for f in read_frames(clip(CLIP), **options)]

    async def main() -> list[Any]:
        frames = read_frames_async(clip(CLIP), **options)
        return [(frame.timestamp, frame.duration) async for frame in frames]

    assert run(loop, main) == with_loop


@pytest.mark.parametrize("loop", LOOPS)
def test_sound_is_that_of_read_audio_data(loop: str, song: Path) -> None:
    plain = [(d.timestamp, d.to_ndarray().tobytes()) for d in read_audio_data(song, 50_000)]

    async def main() -> list[Any]:
        sound = read_audio_data_async(song, 50_000)
        return [(data.timestamp, data.to_ndarray().tobytes()) async for data in sound]

    assert run(loop, main) == plain


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "song.wav"
    samples = bytes(range(256)) * 1000
    data = AudioData(
        format="s16",
        sample_rate=48000,
        number_of_frames=len(samples) // 4,
        number_of_channels=2,
        timestamp=0,
        data=samples,
    )
    from ffwebcodecs import AudioEncoder, Muxer

    with Muxer(path) as muxer, AudioEncoder() as encoder:
        encoder.configure({"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2})
        for pair in encoder.chunks([data]):
            muxer.add_chunk(*pair)
    return path


@pytest.mark.parametrize("name", ["read_frames", "read_audio_data"])
def test_the_parameters_are_the_same(name: str) -> None:
    plain = inspect.signature(getattr(ffwebcodecs, name)).parameters
    assert inspect.signature(getattr(ffwebcodecs, f"{name}_async")).parameters == plain


def test_errors_come_out_of_the_loop() -> None:
    async def first(source: Any, **options: Any) -> None:
        async for frame in read_frames_async(source, **options):
            frame.close()

    for wrong, error in (
        (lambda: first("no such file"), FileNotFoundError),
        (lambda: first(b"no film"), EncodingError),
        (lambda: first(clip(CLIP), step=0), InvalidArgumentError),
    ):
        with pytest.raises(error):
            run("asyncio", wrong)
    with pytest.raises(InvalidArgumentError, match=r"VideoDecoder\.frames"):
        read_frames_async(each([]))
    nothing_is_left()


def test_the_error_of_a_source_comes_after_the_frames_before_it() -> None:
    with Demuxer(clip("vp8.webm")) as demuxer:
        config, chunks = demuxer.video_config, list(demuxer.chunks())

    class BrokenError(Exception):
        pass

    def source() -> Any:
        yield from chunks[:5]
        raise BrokenError

    got: list[int] = []

    async def main() -> None:
        async for frame in read_frames_async(source(), config, threads=1):
            with frame:
                got.append(frame.timestamp)

    with pytest.raises(BrokenError):
        run("asyncio", main)
    assert got == [chunk.timestamp for chunk in chunks[:5]]


# ---- how far ahead -------------------------------------------------------------------------------


def test_decoding_is_a_few_frames_ahead_of_the_loop() -> None:
    with Demuxer(clip(CLIP)) as demuxer:
        config, chunks = demuxer.video_config, list(demuxer.chunks())
    taken = []

    def source() -> Any:
        for number, chunk in enumerate(chunks * 20):
            taken.append(number)
            yield chunk

    async def main() -> None:
        async with read_frames_async(source(), config, threads=1) as frames:
            (await anext(frames)).close()
            wait_until(lambda: len(taken) > 6, "it works ahead")
            for _ in range(20):
                await turns()
            # One was taken, four wait, and the decoder has a few B-frames.
            assert len(taken) <= 5 + 6

    run("asyncio", main)


def test_live_gives_the_newest_frames_and_counts_the_others() -> None:
    times = [frame.timestamp for frame in read_frames(clip(CLIP))]

    async def main() -> None:
        async with read_frames_async(clip(CLIP), live=True) as frames:
            got = [(await anext(frames)).timestamp]
            # Nobody takes any: four wait in the end, and the rest is gone.
            wait_until(lambda: frames.dropped >= len(times) - 5, "all is decoded")
            got += [frame.timestamp async for frame in frames]
        assert len(got) + frames.dropped == len(times)
        assert got[-4:] == times[-4:]

    run("asyncio", main)


def test_a_demuxer_goes_on_where_the_loop_was_left() -> None:
    times = [frame.timestamp for frame in read_frames(clip(CLIP))]

    async def main() -> None:
        with Demuxer(clip(CLIP)) as demuxer:
            async with read_frames_async(demuxer) as frames:
                got = [(await anext(frames)).timestamp for _ in range(5)]
            got += [frame.timestamp for frame in read_frames(demuxer, stop=times[9])]
            async for frame in read_frames_async(demuxer):
                got.append(frame.timestamp)
            assert got == times

    run("asyncio", main)


@pytest.mark.attack
def test_a_demuxer_loses_no_frame_to_a_step_that_is_cancelled() -> None:
    times = [frame.timestamp for frame in read_frames(clip(CLIP))]
    for moment in range(attack.rounds(12, 300)):
        with Demuxer(clip(CLIP)) as demuxer:
            got: list[int] = []

            async def main(demuxer: Demuxer = demuxer, got: list[int] = got) -> None:
                async for frame in read_frames_async(demuxer):
                    got += [frame.timestamp]

            cancelled_at(moment * 3, main)
            wait_until(lambda: not threads(), "the thread has ended")
            rest = [frame.timestamp for frame in read_frames(demuxer)]
            assert got + rest == times


# ---- how it is left ------------------------------------------------------------------------------


@pytest.mark.attack
@pytest.mark.parametrize("read", [read_frames_async, read_audio_data_async])
def test_cancelled_at_every_moment_nothing_is_left(read: Any, song: Path) -> None:
    source = clip("vp8.webm") if read is read_frames_async else song

    async def main() -> None:
        async with read(source) as output:
            async for each_one in output:
                with each_one:
                    await asyncio.sleep(0)

    for moment in range(0, attack.rounds(40, 3000), attack.rounds(4, 1)):
        if not cancelled_at(moment, main):
            break
        nothing_is_left()


@pytest.mark.parametrize("loop", LOOPS)
def test_all_is_closed_when_the_block_is_left(loop: str) -> None:
    async def main() -> None:
        async with read_frames_async(clip(CLIP)) as frames:
            async for frame in frames:
                frame.close()
                break
        assert not live_handles()
        with pytest.raises(StopAsyncIteration):
            await anext(frames)
        await frames.aclose()

    run(loop, main)


def test_a_step_that_is_cancelled_ends_what_waits_for_a_pipe(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    data = clip("vp8.webm").read_bytes()

    async def main(first: bytes) -> None:
        reading = read_frames_async(fifo)
        step = asyncio.ensure_future(anext(reading))
        await turns()
        end = await asyncio.to_thread(os.open, fifo, os.O_WRONLY)
        os.write(end, first)
        await turns()
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
        await asyncio.to_thread(wait_until, lambda: not threads(), "the thread has ended")
        os.close(end)

    for size in (0, 100, 3000):  # in opening, in looking for streams, in reading
        run("asyncio", lambda size=size: main(data[:size]))
        nothing_is_left()


def test_an_object_that_waits_is_left_to_itself_and_closed_when_it_comes_back() -> None:
    file = Counting(clip("vp8.webm").read_bytes())
    file.wait.clear()

    async def main() -> None:
        step = asyncio.ensure_future(anext(read_frames_async(file)))
        await asyncio.to_thread(file.waits.wait, TIMEOUT)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step

    run("asyncio", main)
    assert threads()
    file.wait.set()
    nothing_is_left()


def test_two_steps_at_once_are_refused() -> None:
    async def main() -> None:
        async with read_frames_async(clip(CLIP)) as frames:
            step = asyncio.ensure_future(anext(frames))
            await asyncio.sleep(0)
            with pytest.raises(InvalidStateError, match="another step"):
                await anext(frames)
            (await step).close()

    run("asyncio", main)
    step = read_frames_async(clip(CLIP)).__anext__()
    with pytest.raises(InvalidStateError, match="neither asyncio nor trio"):
        step.send(None)


def test_dropped_early_it_warns_and_is_closed() -> None:
    async def main() -> None:
        frames: Any = read_frames_async(clip(CLIP))
        (await anext(frames)).close()
        with pytest.warns(ResourceWarning, match="unclosed <read_frames_async, running, last"):
            del frames
            gc.collect()

    run("asyncio", main)
    nothing_is_left()
    read_frames_async(clip(CLIP))  # not begun: nothing is open


def test_a_loop_that_is_closed_underneath_closes_the_file() -> None:
    file = Counting(clip("vp8.webm").read_bytes())
    file.wait.clear()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        async for frame in read_frames_async(file):
            frame.close()

    task = loop.create_task(main())
    while not file.waits.is_set():
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    file.wait.set()
    wait_until(lambda: not threads(), "the thread has ended")
    del task
    nothing_is_left()


PROGRAM = """
import asyncio, ffwebcodecs
frames = ffwebcodecs.read_frames_async({path!r})
async def main():
    (await anext(frames)).close()
asyncio.run(main())
print("over")
"""


def test_a_program_that_ends_in_the_middle_ends() -> None:
    program = PROGRAM.format(path=str(clip(CLIP)))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")


def test_several_loops_run_side_by_side() -> None:
    names = ["vp8.webm", CLIP]

    async def count(name: str) -> int:
        return len([frame.close() async for frame in read_frames_async(clip(name))])

    async def main() -> list[int]:
        return list(await asyncio.gather(*(count(name) for name in names)))

    assert run("asyncio", main) == [len(list(read_frames(clip(name)))) for name in names]
