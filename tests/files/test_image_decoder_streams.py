"""ImageDecoder: data that comes piece by piece, and who waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from image_helpers import PNG, WAIT, first, holds_png, later, of, pieces
from image_vectors import Pushed, settle

from ffwebcodecs import (
    AbortError,
    EncodingError,
    ImageDecoder,
    InvalidStateError,
)

# ---- streams -------------------------------------------------------------------------------------


def test_frame_comes_when_its_last_byte_has() -> None:
    pushed = Pushed()
    with of(pushed) as decoder:
        waiting = decoder.decode()
        for at in range(0, len(PNG) - 12, 5):
            pushed.push(decoder, PNG[at : min(at + 5, len(PNG) - 12)])
            assert not waiting.done() and not decoder.complete
        pushed.push(decoder, PNG[-12:])
        assert holds_png(waiting.result(timeout=WAIT).image)
        beyond = decoder.decode(1)
        settle(decoder)
        assert not beyond.done()
        pushed.push(decoder, None)
        with pytest.raises(IndexError, match="frame_index is 1"):
            beyond.result(timeout=WAIT)
        decoder.completed.result(timeout=WAIT)
        assert decoder.complete and holds_png(first(decoder))


def test_frame_that_is_there_does_not_wait_for_one_that_is_not() -> None:
    pushed = Pushed()
    with of(pushed) as decoder:
        beyond = decoder.decode(1)
        pushed.push(decoder, PNG)
        assert holds_png(first(decoder)) and not beyond.done()
    with pytest.raises(AbortError):
        beyond.result(timeout=WAIT)
    pushed._pieces.put(None)


@pytest.mark.parametrize("given", [b"", PNG[:30], PNG[:50]])
def test_stream_that_ends_too_early_is_an_error(given: bytes) -> None:
    pushed = Pushed()
    with of(pushed) as decoder:
        waiting = decoder.decode()
        if given:
            pushed.push(decoder, given)
        pushed.push(decoder, None)
        with pytest.raises(EncodingError):
            waiting.result(timeout=WAIT)
        with pytest.raises(InvalidStateError, match="bytes"):
            first(decoder)
        decoder.completed.result(timeout=WAIT)
        assert decoder.closed and decoder.complete and decoder.type == ""


def test_why_a_stream_broke_off_is_told() -> None:
    def broken() -> Iterator[bytes]:
        yield PNG[:60]
        raise ConnectionResetError("the cable")

    with of(broken()) as decoder:
        with pytest.raises(EncodingError, match="the cable") as told:
            decoder.completed.result(timeout=WAIT)
        assert isinstance(told.value.__cause__, ConnectionResetError)
        with pytest.raises((EncodingError, InvalidStateError), match="the cable"):
            first(decoder)


@pytest.mark.parametrize("piece", ["text", 5, None])
def test_piece_that_is_no_bytes_is_told(piece: Any) -> None:
    decoder = of(iter([PNG[:60], piece]))
    with pytest.raises(EncodingError, match=repr(piece)):
        decoder.completed.result(timeout=WAIT)
    decoder.close()


def test_iterator_that_waits_for_the_decoder_is_refused() -> None:
    made: list[ImageDecoder] = []
    told: list[BaseException] = []
    may_go = threading.Event()

    def own() -> Iterator[bytes]:
        assert may_go.wait(WAIT)
        try:
            made[0].decode().result()
        except InvalidStateError as error:
            told.append(error)
        yield PNG

    with of(own()) as decoder:
        made.append(decoder)
        may_go.set()
        assert holds_png(first(decoder))
        assert "reads the data" in str(told[0])
    made.clear()


# ---- event loops ---------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [partial(bytes, PNG), pieces, later])
def test_asyncio_awaits_it(source: Callable[[], Any]) -> None:
    async def main() -> None:
        with of(source()) as decoder:
            await decoder.tracks.ready
            (image, complete), _ = await asyncio.gather(decoder.decode(), decoder.completed)
            assert holds_png(image) and complete

    asyncio.run(asyncio.wait_for(main(), WAIT))


def test_event_loop_that_waits_for_what_it_reads_is_told() -> None:
    async def main() -> None:
        with of(later()) as decoder:
            with pytest.raises(InvalidStateError, match="await"):
                decoder.decode().result()
            assert holds_png((await decoder.decode()).image)

    asyncio.run(asyncio.wait_for(main(), WAIT))


def test_asynchronous_data_needs_a_task() -> None:
    source = later()
    with pytest.raises(InvalidStateError, match="asyncio"):
        of(source)


def test_task_that_is_cancelled_leaves_the_decoder_usable() -> None:
    async def main() -> None:
        pushed = Pushed()
        with of(pushed) as decoder:
            task = asyncio.ensure_future(waits(decoder))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(pushed.push, decoder, PNG)
            assert holds_png((await decoder.decode()).image)
        pushed._pieces.put(None)

    async def waits(decoder: ImageDecoder) -> None:
        (await decoder.decode()).image.close()

    asyncio.run(asyncio.wait_for(main(), WAIT))


def test_trio_reads_and_waits() -> None:
    trio = pytest.importorskip("trio")

    async def slowly() -> AsyncIterator[bytes]:
        for piece in pieces():
            await trio.sleep(0)
            yield piece

    async def main() -> None:
        with trio.fail_after(WAIT), of(slowly()) as decoder:
            result = await trio.to_thread.run_sync(decoder.decode().result)
            assert holds_png(result.image)

    trio.run(main)
