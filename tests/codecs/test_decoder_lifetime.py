"""Decoders dropped, raced and left open: everything is freed, nothing hangs, nothing crashes."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import threading
import warnings

import pytest
from clips import ROOT, SUPPORT, clip
from decode_helpers import TIMEOUT, Sink, feed, stream, tiny, wait_until
from suite import part

import ffwebcodecs
from ffwebcodecs import AbortError, EncodingError, InvalidStateError, VideoDecoder, VideoFrame

NAME = "h264-bframes.mp4"


def workers() -> int:
    return sum(thread.name == "ffwebcodecs" for thread in threading.enumerate())


def nothing_is_left() -> bool:
    return not any(ffwebcodecs.open_handles().values()) and not workers()


def run_python(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SUPPORT)])}
    return subprocess.run(
        [sys.executable, *options, "-c", script, str(clip(NAME))],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )


# ---- dropped -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_200_decoders_dropped_in_mid_stream_free_everything() -> None:
    data = stream(NAME)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for count in range(200):
            decoder = VideoDecoder(lambda frame: frame.close(), print)
            decoder.configure(data.config)
            feed(decoder, data.records[: count % 40])
            del decoder
        wait_until(nothing_is_left, "everything is freed and the workers are gone")
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == 200
    assert all(message.startswith("unclosed decoder <VideoDecoder") for message in messages)
    assert all(warning.category is ResourceWarning for warning in caught)


def test_dropped_unconfigured_decoder_is_no_matter() -> None:
    # Warnings are errors here.
    for _ in range(10):
        Sink().decoder()
    assert not workers()


# Python traces from the start of the program where it is told with -X; importing is slow then.
UNCLOSED = """
import sys, tracemalloc
from ffwebcodecs import Demuxer, VideoDecoder
demuxer = Demuxer(sys.argv[1])
tracemalloc.start(10)
def work():
    decoder = VideoDecoder(print, print)  # the place
    decoder.configure(demuxer.video_config)
work()
demuxer.close()
"""


def test_warning_names_the_place_where_the_decoder_was_made() -> None:
    done = run_python(UNCLOSED, "-W", "always::ResourceWarning")
    assert (done.returncode, done.stdout) == (0, "")
    assert "ResourceWarning: unclosed decoder <VideoDecoder" in done.stderr
    assert "Object allocated at" in done.stderr
    assert 'File "<string>", lineno 7' in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("codec", [NAME, "vp9.webm"])
def test_1000_frames_are_freed_by_reference_counting_alone(codec: str) -> None:
    data, count = stream(codec), 0
    gc.collect()
    gc.disable()
    try:
        sink = Sink()
        with sink.decoder() as decoder:
            decoder.configure(data.config)
            while len(sink.frames) < 1000:
                feed(decoder, data.records)
                decoder.flush().result(TIMEOUT)
                count = max(count, ffwebcodecs.open_handles()["packet"])
        assert not sink.errors
        del decoder
        wait_until(nothing_is_left, "everything is freed without the garbage collector")
    finally:
        gc.enable()
    # Chunks go as they are decoded, not in the end.
    assert count < 2 * len(data.records)


def test_errors_and_rejections_need_no_garbage_collector() -> None:
    data = stream(NAME)
    records = list(data.records)
    records[10] = records[10]._replace(data=b"\x7f\xff\xff\xff\x41")
    gc.collect()
    gc.disable()
    try:
        for action in ("error", "reset", "close", "callback"):

            def on_frame(frame: VideoFrame, action: str = action) -> None:
                if action == "callback":
                    raise ZeroDivisionError

            sink = Sink(on_frame)
            decoder = sink.decoder()
            decoder.configure(data.config)
            try:
                feed(decoder, records)
                flush = decoder.flush()
                if action in ("reset", "close"):
                    getattr(decoder, action)()
                flush.result(TIMEOUT)
            except (EncodingError, AbortError, InvalidStateError, ZeroDivisionError):
                pass
            decoder.close()
            flush = None
            # The callback of the sink is what is left; a cycle of ours would hold the decoder.
            wait_until(lambda: not workers(), "the worker is gone")
            del sink, decoder, on_frame, flush
            wait_until(nothing_is_left, f"everything is freed after {action}")
    finally:
        gc.enable()


def test_closing_a_frame_in_its_callback_frees_it_at_once() -> None:
    data, live = tiny(), []

    def output(frame: VideoFrame) -> None:
        before = ffwebcodecs.open_handles()["frame"]
        frame.close()
        live.append(before - ffwebcodecs.open_handles()["frame"])

    with VideoDecoder(output, print) as decoder:
        decoder.configure({"codec": "vp8", "threads": 1})
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
    assert live == [1] * len(data.records)


def test_completion_alone_keeps_its_decoder_until_it_is_over() -> None:
    data, sink = tiny(), Sink()
    decoder = sink.decoder()
    decoder.configure(data.config)
    feed(decoder, data.records)
    flush = decoder.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del decoder
        flush.result(TIMEOUT)
        wait_until(nothing_is_left, "the decoder went with its flush")
    assert sink.frames == data.times()


def test_cycle_through_the_callbacks_is_collected() -> None:
    class Player:
        def __init__(self) -> None:
            self.decoder = VideoDecoder(self.output, print)
            self.decoder.configure(tiny().config)
            feed(self.decoder, tiny().records)

        def output(self, frame: VideoFrame) -> None:
            frame.close()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(5):
            Player()
        # A worker that is in the callback holds its player: it is collected later.
        wait_until(lambda: gc.collect() >= 0 and nothing_is_left(), "collected")
    assert len(caught) == 5


# ---- raced ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("action", ["close", "reset"])
def test_close_and_reset_on_another_thread_in_mid_stream(action: str) -> None:
    data = stream(NAME)
    for seed in range(60):
        dice = random.Random(seed)
        sink, ready = Sink(), threading.Event()
        decoder = sink.decoder()
        decoder.configure(data.config)
        when = dice.randrange(len(data.records))

        def other(decoder: VideoDecoder = decoder, ready: threading.Event = ready) -> None:
            assert ready.wait(TIMEOUT)
            getattr(decoder, action)()

        thread = threading.Thread(target=other)
        thread.start()
        flush = None
        try:
            for index, record in enumerate(data.records):
                if index == when:
                    ready.set()
                decoder.decode(record.chunk())
            flush = decoder.flush()
            flush.result(TIMEOUT)
        except (InvalidStateError, AbortError):
            pass
        thread.join(TIMEOUT)
        assert not thread.is_alive(), f"seed {seed}"
        assert not sink.errors, f"seed {seed}"
        assert flush is None or flush.done(), f"seed {seed}"
        # What came is the beginning of the stream, in order.
        assert sink.frames == data.times()[: len(sink.frames)], f"seed {seed}"
        decoder.close()


STRESS = """
import asyncio, faulthandler, gc, random, sys, threading, time, warnings
faulthandler.dump_traceback_later(40, exit=True)
warnings.simplefilter("ignore")
import ffwebcodecs
from ffwebcodecs import *
from decode_helpers import stream, tiny
on_loop, seed, seconds = bool({on_loop}), {seed}, {seconds}
streams = [stream("h264-bframes.mp4"), tiny(), stream("vp9.webm")]
streams.append(streams[0].with_config(codec="bogus"))
end = time.monotonic() + seconds
unexpected, counts, never = [], [0] * 4, threading.Event()
lock = threading.Lock()
box = []

def make():
    dice = random.Random(seed)
    def output(frame):
        counts[0] += 1
        what = dice.random()
        if what < 0.01: box[0].reset()
        elif what < 0.015: box[0].close()
        elif what < 0.02: raise ZeroDivisionError
        elif what < 0.03: box[0].flush()
        if what < 0.9: frame.close()
    def error(failure):
        counts[1] += 1
        if not isinstance(failure, (ZeroDivisionError, WebCodecsError)):
            unexpected.append(failure)
    size = dice.choice([2, 16, None])
    return VideoDecoder(output, error, frame_pool_size=size, stall_timeout=0.05)

def user(number):
    dice = random.Random(seed * 100 + number)
    chunks = iter(())
    flushes = []
    while time.monotonic() < end:
        decoder = box[0]
        what = dice.random()
        try:
            if what < 0.98:
                record = next(chunks, None)
                if record is None:
                    chunks = iter(streams[0].records)
                    continue
                decoder.decode(record.chunk())
                counts[2] += 1
            elif what < 0.985:
                data = dice.choices(streams, [10, 10, 10, 1])[0]
                decoder.configure(data.config)
                chunks = iter(data.records)
            elif what < 0.993:
                flushes.append(decoder.flush())
                if dice.random() < 0.5 and not on_loop:
                    flushes.pop().result(dice.choice([0, 0.01, 20]))
            elif what < 0.995:
                decoder.reset()
                chunks = iter(streams[0].records)
            elif what < 0.9955:
                decoder.close()
            else:
                decoder.decode_queue_size, decoder.pool, repr(decoder)
        except (WebCodecsError, ZeroDivisionError, TimeoutError):
            pass
        except BaseException as error:
            unexpected.append(error)
        if decoder.state == "closed" and decoder is box[0] and not on_loop:
            with lock:
                if decoder is box[0]:
                    box[0] = make()
        counts[3] += 1
        if dice.random() < 0.3:
            never.wait(0.001)  # the worker and the loop need the interpreter as well
    return flushes

def users(report):
    def one(number):
        report.append(user(number))
    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    for thread in threads: thread.start()
    return threads

def finish(results):
    box[0].close()
    for flushes in results:
        for flush in flushes:
            try: flush.result(10)
            except (WebCodecsError, ZeroDivisionError): pass

results = []
if on_loop:
    async def main():
        box.append(make())
        threads = users(results)
        while time.monotonic() < end:
            await asyncio.sleep(0)
            if box[0].state == "closed":
                box[0] = make()
        for thread in threads: await asyncio.to_thread(thread.join)
        await asyncio.to_thread(finish, results)
    asyncio.run(main())
else:
    box.append(make())
    for thread in users(results): thread.join()
    finish(results)
box.clear()
results.clear()  # their errors hold the frames that the callback did not close
deadline = time.monotonic() + 10
while any(ffwebcodecs.open_handles().values()) or threading.active_count() > 1:
    gc.collect()
    if time.monotonic() > deadline:
        unexpected.append((ffwebcodecs.open_handles(), threading.enumerate()))
        break
assert not unexpected, unexpected[:3]
assert counts[0] > 10 and counts[3] > 200, counts
print("ok", counts, file=sys.stdout)
"""


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.divided
@pytest.mark.parametrize("on_loop", [False, True], ids=["worker", "loop"])
@pytest.mark.parametrize("seed", part([1, 2, 3, 4], 1 / 4))
def test_four_threads_using_one_decoder_never_hang_or_crash(on_loop: bool, seed: int) -> None:
    done = run_python(STRESS.format(on_loop=int(on_loop), seed=seed, seconds=1.5))
    assert done.returncode == 0, done.stderr[-5000:]
    assert done.stdout.startswith("ok"), done.stdout


# ---- interpreter exit ----------------------------------------------------------------------------

SETUP = """
import asyncio, sys, threading
import ffwebcodecs
from ffwebcodecs import Demuxer, VideoDecoder
kept = []
with Demuxer(sys.argv[1]) as demuxer:
    config, chunks = demuxer.video_config, list(demuxer.chunks())
def fill(decoder):
    decoder.configure(config)
    for chunk in chunks:
        decoder.decode(chunk)
    return decoder
"""

EXITS = {
    "20 decoders in mid-decode": """
decoders = [fill(VideoDecoder(kept.append, print, frame_pool_size=None)) for _ in range(20)]
""",
    "a stalled pool and a flush": """
decoder = fill(VideoDecoder(kept.append, print, frame_pool_size=1))
flush = decoder.flush()
""",
    "a thread that waits for a flush": """
decoder = fill(VideoDecoder(kept.append, print, frame_pool_size=1))
threading.Thread(target=decoder.flush().result, daemon=True).start()
""",
    "a callback that never returns": """
inside = threading.Event()
def output(frame):
    kept.append(frame)
    inside.set()
    threading.Event().wait()
decoder = fill(VideoDecoder(output, print))
inside.wait(10)
""",
    "a daemon thread that decodes": """
def work():
    while True:
        decoder = VideoDecoder(lambda frame: frame.close(), kept.append)
        fill(decoder)
        decoder.close()
for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
decoder = VideoDecoder(lambda frame: frame.close(), print)
fill(decoder).flush().result(20)
decoder.close()
""",
    "a loop that was stopped, not closed": """
import warnings
warnings.simplefilter("ignore")
loop = asyncio.new_event_loop()
async def main():
    kept.append(fill(VideoDecoder(kept.append, print)))
    kept.append(kept[0].flush())
loop.run_until_complete(main())
""",
    "asyncio.run with a flush and frames pending": """
async def main():
    kept.append(fill(VideoDecoder(kept.append, print)))
    kept.append(kept[0].flush())
    await asyncio.sleep(0)
asyncio.run(main())
""",
    "asyncio.run that cancels a waiting flush": """
async def wait(decoder):
    await decoder.flush()
async def main():
    decoder = fill(VideoDecoder(kept.append, print, frame_pool_size=1))
    kept.append(asyncio.ensure_future(wait(decoder)))
    await asyncio.sleep(0)
asyncio.run(main())
""",
    "frames, chunks and a dropped decoder": """
decoder = fill(VideoDecoder(kept.append, print, frame_pool_size=None))
decoder.flush().result(20)
decoder.close()
del decoder
kept.extend(frame.clone() for frame in list(kept))
""",
    "sys.exit in a thread's callback": """
decoder = VideoDecoder(lambda frame: sys.exit(3), kept.append)
fill(decoder)
""",
}


@pytest.mark.slow
@pytest.mark.divided
@pytest.mark.parametrize("name", EXITS)
def test_exit_is_clean_with(name: str) -> None:
    done = run_python(SETUP + EXITS[name])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_exit_with_warnings_shown_gives_resource_warnings_only() -> None:
    for name in ("20 decoders in mid-decode", "asyncio.run with a flush and frames pending"):
        done = run_python(SETUP + EXITS[name], "-W", "always::ResourceWarning")
        assert (done.returncode, done.stdout) == (0, "")
        lines = [line for line in done.stderr.splitlines() if not line.startswith(" ")]
        assert all("ResourceWarning" in line for line in lines), done.stderr


@pytest.mark.slow
def test_failing_program_keeps_its_own_exit_code() -> None:
    done = run_python(SETUP + EXITS["20 decoders in mid-decode"] + "\nraise SystemExit(7)")
    assert (done.returncode, done.stderr) == (7, "")
