"""An ImageDecoder ends, whoever waits for what: exits, interrupts, threads, destructors."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from image_files import MEDIA
from image_helpers import PNG, WAIT, first, holds_png, of
from image_vectors import Pushed
from interrupting import Moments

from ffwebcodecs import AbortError, ImageDecoder, InvalidStateError, WebCodecsError

pytestmark = pytest.mark.slow

SETUP = """
import sys, threading
from ffwebcodecs import ImageDecoder
data = sys.stdin.buffer.read()
never = threading.Event()
def pieces():
    yield data[:60]
    never.wait()
"""

CASES = {
    "decoder open": """
decoder = ImageDecoder(data=data, type='image/png')
decoder.decode().result()
""",
    "frame asked for": "decoder = ImageDecoder(data=data, type='image/png'); decoder.decode()",
    "frame and its completion kept": """
decoder = ImageDecoder(data=data, type='image/png')
wanted = [decoder.decode() for _ in range(50)]
wanted[0].result()
""",
    "stream that never ends": """
decoder = ImageDecoder(data=pieces(), type='image/png')
wanted = decoder.decode()
""",
    "thread that waits for a frame": """
decoder = ImageDecoder(data=pieces(), type='image/png')
threading.Thread(target=decoder.decode().result, daemon=True).start()
""",
    "task that is left": """
import asyncio
async def later():
    yield data[:60]
    await asyncio.Event().wait()
async def main():
    global decoder
    decoder = ImageDecoder(data=later(), type='image/png')
    asyncio.ensure_future(decoder.decode().__await__().__next__ and wait(decoder))
    await asyncio.sleep(0)
async def wait(decoder):
    await decoder.decode()
asyncio.run(main())
""",
}


def use(decoder: ImageDecoder, round: int) -> str:
    """Ask for a frame; return what came."""
    try:
        decoder.decode(round % 4).result(timeout=WAIT).image.close()
    except (AbortError, InvalidStateError, IndexError) as error:
        return type(error).__name__
    return "frame"


@pytest.mark.divided
@pytest.mark.parametrize("name", CASES)
def test_interpreter_ends_with(name: str) -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SETUP + CASES[name]],
        input=PNG,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert time.monotonic() - started < 20


def test_interrupt_ends_the_wait_and_nothing_else() -> None:
    pushed = Pushed()
    with of(pushed) as decoder:
        pushed.push(decoder, PNG[:60])
        waiting = decoder.decode()
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            waiting.result()
        timer.join()
        pushed.push(decoder, PNG[60:])
        assert holds_png(waiting.result(timeout=WAIT).image)
    pushed._pieces.put(None)


def test_decoder_is_collected_while_its_source_waits() -> None:
    may_go = threading.Event()
    ended = threading.Event()

    def held() -> Iterator[bytes]:
        try:
            yield PNG[:60]
            may_go.wait(WAIT)
            yield PNG[60:]
        finally:
            ended.set()

    decoder = of(held())
    waiting = decoder.decode()
    waiting_too = decoder.tracks.ready
    waiting_too.result(timeout=WAIT)
    decoder.close()
    del decoder
    gc.collect()
    with pytest.raises(AbortError):
        waiting.result(timeout=WAIT)
    may_go.set()
    assert ended.wait(WAIT)


def test_threads_that_all_use_one_decoder_get_answers() -> None:
    answers: list[str] = []
    start = threading.Barrier(9)

    def work(decoder: ImageDecoder, number: int) -> None:
        start.wait(WAIT)
        for round in range(60):
            if number == 0 and round % 10 == 9:
                decoder.reset()
            elif number == 1:
                decoder.tracks[0].selected = round % 3 != 0
            else:
                answers.append(use(decoder, round))
        if number == 1:
            decoder.tracks[0].selected = True

    for name in ("gif_disposal3", "webp_anim_loop0", "avif_anim"):
        type = f"image/{name.partition('_')[0]}"
        if not ImageDecoder.is_type_supported(type):
            continue
        with of(MEDIA[name], type) as decoder:
            decoder.tracks.ready.result(timeout=WAIT)
            threads = [threading.Thread(target=work, args=(decoder, n)) for n in range(8)]
            for thread in threads:
                thread.start()
            start.wait(WAIT)
            for thread in threads:
                thread.join(WAIT)
                assert not thread.is_alive()
    assert {"frame", "AbortError", "IndexError"} <= set(answers)


def test_close_at_any_moment_ends_all_that_waits() -> None:
    for delay in range(60):
        decoder = of(MEDIA["gif_delays"], "image/gif")
        wanted = [decoder.decode(index) for index in range(11)]
        closer = threading.Timer(delay * 0.0002, decoder.close)
        closer.start()
        for each in wanted:
            with suppress(AbortError):
                each.result(timeout=WAIT).image.close()
        closer.join()
        with pytest.raises(InvalidStateError):
            first(decoder)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_decoders_dropped_at_any_moment_leave_nothing() -> None:
    for index in range(200):
        decoder = of(MEDIA["apng_blend"])
        wanted = [decoder.decode(number) for number in range(3)]
        if index % 3 == 0:
            with suppress(WebCodecsError):
                wanted[index % 2].result(timeout=WAIT)
        if index % 5 == 0:
            decoder.close()
        del decoder, wanted
    gc.collect()
    deadline = time.monotonic() + WAIT
    while any(thread.name == "ffwebcodecs-image" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        gc.collect()


def test_decoder_goes_on_after_an_interrupt_at_any_moment() -> None:
    folders = ("files/_image", "files/image", "_runtime")
    seen = Moments(folders)
    with of(PNG) as decoder:
        assert not seen.during(lambda: first(decoder).close())
    assert seen.count > 20
    for at in range(seen.count):
        with of(PNG) as decoder:
            Moments(folders, at).during(lambda decoder=decoder: first(decoder).close())
            assert holds_png(first(decoder))
