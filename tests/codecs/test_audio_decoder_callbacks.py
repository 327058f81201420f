"""AudioDecoder is a codec as VideoDecoder is one: callbacks, threads, ends."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from contextlib import suppress
from typing import Any

import attack
import pytest
from audio_decode_helpers import chunks_of, media
from decode_helpers import TIMEOUT
from interrupting import Moments

from ffwebcodecs import (
    AbortError,
    AudioData,
    AudioDecoder,
    Completion,
    InvalidStateError,
    NotSupportedError,
    WebCodecsError,
    open_handles,
)


def test_callbacks_run_on_one_worker_one_at_a_time_in_order() -> None:
    config, packets = media("aac_stereo")
    threads, lock, times = set(), threading.Lock(), []

    def output(data: AudioData) -> None:
        assert lock.acquire(blocking=False)
        with data:
            times.append(data.timestamp)
        threads.add(threading.get_ident())
        lock.release()

    with AudioDecoder(output, print) as decoder:
        decoder.configure(config)
        for chunk in chunks_of(packets):
            decoder.decode(chunk)
        decoder.flush().result(TIMEOUT)
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert times == [100_000 * index for index in range(len(packets))]


def test_a_callback_that_raises_goes_to_error_once() -> None:
    config, packets = media("ulaw")
    errors: list[BaseException] = []

    def output(data: AudioData) -> None:
        data.close()
        raise ValueError("no")

    decoder = AudioDecoder(output, errors.append)
    decoder.configure(config)
    with suppress(InvalidStateError):  # it may be closed already
        for chunk in chunks_of(packets):
            decoder.decode(chunk)
    with pytest.raises((ValueError, InvalidStateError)):
        decoder.flush().result(TIMEOUT)
    assert [str(error) for error in errors] == ["no"]
    assert decoder.state == "closed"


@pytest.mark.parametrize("action", ["close", "reset"])
def test_a_callback_may_end_it_and_nothing_follows(action: str) -> None:
    config, packets = media("flac_s16")
    times: list[int] = []

    def output(data: AudioData) -> None:
        with data:
            times.append(data.timestamp)
        getattr(decoder, action)()

    decoder = AudioDecoder(output, print)
    decoder.configure(config)
    with suppress(InvalidStateError):
        for chunk in chunks_of(packets):
            decoder.decode(chunk)
    with pytest.raises((AbortError, InvalidStateError)):
        decoder.flush().result(TIMEOUT)
    decoder.close()
    assert times == [0]


def test_an_unsupported_codec_after_a_good_one_comes_after_its_output() -> None:
    config, packets = media("mp3_stereo")

    async def main() -> None:
        told: list[Any] = []
        decoder = AudioDecoder(
            lambda data: told.append(data.timestamp) or data.close(),  # type: ignore[func-returns-value]
            lambda error: told.append(type(error)),
        )
        decoder.configure(config)
        for chunk in chunks_of(packets[:3]):
            decoder.decode(chunk)
        decoder.configure({"codec": "bogus", "sample_rate": 48000, "number_of_channels": 2})
        assert decoder.state == "configured"
        with pytest.raises(NotSupportedError, match="unknown codec 'bogus'"):
            await asyncio.wait_for(decoder.flush(), TIMEOUT)
        assert told == [0, 100_000, 200_000, NotSupportedError]
        assert decoder.state == "closed"

    asyncio.run(main())


def test_100_decoders_dropped_in_mid_stream_free_everything() -> None:
    config, packets = media("opus_stereo")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(100):
            decoder = AudioDecoder(lambda data: None, print)
            decoder.configure(config)
            for chunk in chunks_of(packets[:4]):
                decoder.decode(chunk)
            del decoder
        gc.collect()
        deadline = time.monotonic() + TIMEOUT
        while any(open_handles()[kind] for kind in ("codec_context", "frame")):
            assert time.monotonic() < deadline, open_handles()
            chunk = None  # type: ignore[assignment]
            gc.collect()


@pytest.mark.attack
def test_four_threads_using_one_decoder_never_hang_or_crash() -> None:
    config, packets = media("aac_stereo")
    chunks = chunks_of(packets)
    for index in range(attack.rounds(3, 200)):
        decoder = AudioDecoder(AudioData.close, lambda error: None)
        stop = time.monotonic() + 0.05

        def use(seed: int, decoder: AudioDecoder = decoder, stop: float = stop) -> None:
            dice = attack.dice(f"threads {seed}")
            while time.monotonic() < stop:
                action = dice.choice(["configure", "decode", "decode", "flush", "reset"])
                with suppress(WebCodecsError):
                    if action == "configure":
                        decoder.configure(config)
                    elif action == "decode":
                        decoder.decode(dice.choice(chunks))
                    elif action == "flush":
                        decoder.flush().result(TIMEOUT)
                    else:
                        decoder.reset()

        threads = [threading.Thread(target=use, args=(4 * index + n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT)
            assert not thread.is_alive()
        decoder.close()


def waits(flush: Completion[None]) -> bool:
    """Wait for a flush; return whether it waits for ever."""
    try:
        flush.result(TIMEOUT)
    except TimeoutError:
        return True
    except WebCodecsError:
        pass
    return False


def interrupted(action: str, at: int) -> tuple[int, str]:
    """Interrupt a call at a moment; return how many there are, and what is wrong after it."""
    config, packets = media("aac_stereo")
    chunks = chunks_of(packets)
    times: list[int] = []

    def output(data: AudioData) -> None:
        with data:
            times.append(data.timestamp)

    decoder = AudioDecoder(output, lambda error: None)
    decoder.configure(config)
    decoder.decode(chunks[0])
    flushes = [decoder.flush()]
    calls = {
        "configure": lambda: decoder.configure(config),
        "decode": lambda: decoder.decode(chunks[0]),
        "flush": lambda: flushes.append(decoder.flush()),
        "reset": decoder.reset,
        "close": decoder.close,
    }
    moment = Moments(at=at)
    moment.during(calls[action])
    if any(map(waits, flushes)):
        return moment.count, f"{moment.where}: a flush waits for ever"
    if decoder.state != "closed":
        decoder.reset()
        times.clear()
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(TIMEOUT)
        if times != [chunk.timestamp for chunk in chunks]:
            return moment.count, f"{moment.where}: it decodes {times}"
    decoder.close()
    return moment.count, ""


@pytest.mark.attack
@pytest.mark.parametrize("action", ["configure", "decode", "flush", "reset", "close"])
def test_a_call_interrupted_at_any_moment_leaves_a_decoder_that_works(action: str) -> None:
    whole, harm = interrupted(action, -1)
    assert not harm
    moments = attack.dice(f"sound {action}").sample(range(whole), min(whole, attack.rounds(6, 999)))
    harms = [harm for at in sorted(moments) if (harm := interrupted(action, at)[1])]
    attack.report(f"Ctrl-C inside AudioDecoder.{action}()", len(moments), len(harms), "a hang")
    assert not harms
