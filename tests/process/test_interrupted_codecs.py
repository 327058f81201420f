"""Whatever comes between two steps of a codec: no flush is left waiting, the state is true, the
next call works.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import attack
import pytest
from decode_helpers import TIMEOUT, Sink, feed, stream, tiny
from interrupting import Interrupted, Moments, interrupt

from ffwebcodecs import (
    Completion,
    InvalidStateError,
    VideoDecoder,
    VideoFrame,
    WebCodecsError,
    open_handles,
)

pytestmark = pytest.mark.attack


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    lost, before = sys.unraisablehook, sys.gettrace()
    yield
    sys.settrace(before)
    threading.settrace(None)  # type: ignore[arg-type]
    sys.unraisablehook = lost


def some(name: str, whole: int, short: int) -> list[int]:
    """Return moments to try: all of them in a long run."""
    count = min(whole, attack.rounds(short, 10**6))
    return sorted(attack.dice(name).sample(range(whole), count))


def waits(flush: Completion[None]) -> bool:
    """Wait for a flush; return whether it waits for ever."""
    try:
        flush.result(TIMEOUT)
    except TimeoutError:
        return True
    except (WebCodecsError, RuntimeError):
        pass
    return False


class Round:
    """A decoder with work and a pending flush, to be interrupted in."""

    def __init__(self, hold: bool = False, **options: Any) -> None:
        self.held: list[VideoFrame] = []
        self.sink, self.data = Sink(self._hold if hold else None), tiny()
        self.decoder = self.sink.decoder(**options)
        self.flushes: list[Completion[None]] = []
        try:
            self.decoder.configure(self.data.config)
            feed(self.decoder, self.data.records[:3])
            self.flushes.append(self.decoder.flush())
        except InvalidStateError:
            pass  # the worker has been interrupted, and has closed it

    def _hold(self, frame: VideoFrame) -> None:
        self.held.append(frame.clone())

    def call(self, action: str) -> None:
        if action == "configure":
            self.decoder.configure(self.data.config)
        elif action == "decode":
            self.decoder.decode(self.data.records[0].chunk())
        elif action == "flush":
            self.flushes.append(self.decoder.flush())
        elif action == "result":
            try:
                self.flushes[0].result(TIMEOUT)
            except WebCodecsError:
                pass
        else:
            getattr(self.decoder, action)()

    def harm(self, action: str) -> str | None:
        """Return what is wrong after an interruption, and close the decoder."""
        if any(map(waits, self.flushes)):
            return "a flush waits for ever"
        for frame in self.held:
            frame.close()
        self.sink._on_frame = None
        decoder, thread = self.decoder, self.decoder._engine._thread
        state = decoder.state
        if state == "configured" and (thread is None or not thread.is_alive()):
            return "configured without a worker"
        try:
            self.call(action)
        except InvalidStateError:
            if decoder.state == "configured":
                return "the second call fails"
        if decoder.state != "closed":
            decoder.reset()
            self.sink.frames.clear()
            decoder.configure(self.data.config)
            feed(decoder, self.data.records)
            decoder.flush().result(TIMEOUT)
            if self.sink.frames != self.data.times():
                return f"it does not decode any more: {self.sink.frames}"
        decoder.close()
        for flush in self.flushes:
            if not flush.done():
                return "a flush waits after close"
            flush.exception()  # looked at
        thread = decoder._engine._thread
        if thread is not None:
            thread.join(TIMEOUT)
            if thread.is_alive():
                return "the worker does not end"
        return "a codec context is left" if open_handles().get("codec_context") else None


def conclude(name: str, tries: int, harms: list[str], what: str) -> None:
    attack.report(name, tries, len(harms), what)
    assert not harms


ACTIONS = ("close", "reset", "configure", "decode", "flush", "result")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_call_interrupted_at_any_moment_leaves_nothing_pending(action: str) -> None:
    whole = Moments()
    first = Round()
    whole.during(lambda: first.call(action))
    assert first.harm(action) is None
    moments = some(action, whole.count, 25)
    harms = []
    for at in moments:
        each = Round()
        moment = Moments(at=at)
        moment.during(lambda each=each: each.call(action))  # type: ignore[misc]
        if harm := each.harm(action):
            harms.append(f"{moment.where}: {harm}")
    conclude(f"Ctrl-C inside {action}()", len(moments), harms, "a flush, a state or a worker lost")


@pytest.mark.parametrize("inner", ["close", "reset", "configure", "flush"])
@pytest.mark.parametrize("action", ["close", "reset", "configure", "flush", "result"])
def test_a_handler_that_uses_the_codec_inside_a_call_of_it(action: str, inner: str) -> None:
    whole = Moments()
    first = Round()
    whole.during(lambda: first.call(action))
    assert first.harm(action) is None
    moments = some(f"{action} {inner}", whole.count, 6)
    harms = []
    for at in moments:
        each = Round()

        def act(each: Round = each) -> None:
            try:
                each.call(inner)
            except InvalidStateError:
                pass

        moment = Moments(at=at, act=act)
        try:
            moment.during(lambda each=each: each.call(action))  # type: ignore[misc]
        except InvalidStateError:
            pass
        if harm := each.harm(action):
            harms.append(f"{moment.where}: {harm}")
    conclude(
        f"handler that calls {inner}() inside {action}()", len(moments), harms, "a hang or a lie"
    )


def test_first_configure_interrupted_at_any_moment() -> None:
    data = tiny()

    def once(at: int) -> tuple[Moments, str | None]:
        sink = Sink()
        decoder = sink.decoder()
        moment = Moments(at=at)
        moment.during(lambda: decoder.configure(data.config))
        if at >= 0:
            decoder.configure(data.config)
        feed(decoder, data.records)
        try:
            decoder.flush().result(TIMEOUT)
        except TimeoutError:
            return moment, "the second configure has no worker"
        finally:
            decoder.close()
        return moment, None if sink.frames == data.times() else f"frames {sink.frames}"

    whole, harm = once(-1)
    assert harm is None
    moments = some("first configure", whole.count, 25)
    results = [once(at) for at in moments]
    harms = [f"{moment.where}: {harm}" for moment, harm in results if harm]
    conclude("Ctrl-C inside the first configure()", len(moments), harms, "no worker, or no frames")


def in_worker(
    at: int, act: Callable[[], object], config: Any, options: dict[str, Any]
) -> tuple[Moments, Round, bool]:
    """Make a round whose worker is interrupted; return whether it ended as flushes should."""
    moment = Moments(at=at, act=act)
    threading.settrace(moment.trace)
    try:
        each = Round(**options)
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
    if config is not None:
        try:
            each.decoder.configure(config)
            each.call("flush")
        except InvalidStateError:
            pass
    return moment, each, not any(map(waits, each.flushes))


@pytest.mark.filterwarnings("ignore:the decoder waits for frames", "ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("config", "options"),
    [
        (None, {}),
        ({"codec": "bogus"}, {}),
        (None, {"frame_pool_size": 1, "stall_timeout": 0.001, "hold": True}),
    ],
    ids=["decoding", "failing", "stalling"],
)
def test_a_worker_interrupted_at_any_moment_closes_with_an_error(
    config: Any, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda args: None)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    whole, each, over = in_worker(-1, interrupt, config, options)
    assert over and each.harm("close") is None
    moments = some(f"worker {config} {options}", whole.count, 60)
    harms = []
    for at in moments:
        moment, each, over = in_worker(at, interrupt, config, options)
        harm = each.harm("close") if over else "a flush waits for ever"
        # Interrupted while it did what matters: the program is told, once.
        if len(each.sink.errors) > 1:
            harm = f"{len(each.sink.errors)} errors"
        if moment.where and each.decoder.state != "closed":
            harm = "not closed"
        if harm:
            harms.append(f"{moment.where}: {harm}")
    conclude("exception inside the worker", len(moments), harms, "a flush waits, or two errors")


async def awaited(flush: Completion[None]) -> None:
    try:
        await flush
    except (WebCodecsError, RuntimeError):
        pass


def on_a_loop(at: int, kind: type[BaseException], config: Any) -> tuple[Moments, str | None]:
    """Interrupt the thread of the event loop while it delivers."""

    def act() -> None:
        raise kind

    moment = Moments(("_runtime",), at=at, act=act)
    data, sink, flushes = tiny(), Sink(), []
    decoders: list[VideoDecoder] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        decoder = sink.decoder()
        decoders.append(decoder)
        decoder.configure(data.config)
        feed(decoder, data.records)
        flushes.append(decoder.flush())
        if config is not None:
            decoder.configure(config)
            flushes.append(decoder.flush())
        sys.settrace(moment.trace)
        every = [asyncio.ensure_future(awaited(flush)) for flush in flushes]
        await asyncio.wait(every, timeout=TIMEOUT)
        pending.extend(each for each in every if not each.done())

    pending: list[Any] = []
    try:
        asyncio.run(main())
    except kind:
        pass
    finally:
        sys.settrace(None)
    if pending:
        return moment, "a flush waits for ever"
    if any(map(waits, flushes)):
        return moment, "a flush waits for ever after the loop"
    decoders[0].close()
    return moment, "two errors" if len(sink.errors) > 1 else None


# A frame that no callback has got, because of the interruption, is dropped unclosed.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("kind", [Interrupted, KeyboardInterrupt])
@pytest.mark.parametrize("config", [None, {"codec": "bogus"}], ids=["decoding", "failing"])
def test_a_loop_interrupted_in_a_delivery_leaves_nothing_pending(
    config: Any, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda args: None)
    whole, harm = on_a_loop(-1, kind, config)
    assert harm is None
    moments = some(f"loop {config} {kind}", whole.count, 20)
    results = [on_a_loop(at, kind, config) for at in moments]
    harms = [f"{moment.where}: {harm}" for moment, harm in results if harm]
    conclude(f"{kind.__name__} inside the delivery on a loop", len(moments), harms, "a flush waits")


class Closer:
    """Garbage whose destructor closes a decoder."""

    def __init__(self, decoder: VideoDecoder) -> None:
        self.decoder = decoder
        self.cycle = self

    def __del__(self) -> None:
        self.decoder.close()


@pytest.mark.parametrize("action", ACTIONS)
def test_destructors_that_close_the_codec_at_any_allocation(action: str) -> None:
    harms, tries = [], attack.rounds(4, 200)
    dice = attack.dice(f"collector {action}")
    before = gc.get_threshold()
    gc.collect()
    try:
        for _ in range(tries):
            gc.disable()
            each = Round(frame_pool_size=1)
            Closer(each.decoder)
            gc.set_threshold(dice.choice((1, 1, 2, 3, 5, 8, 13)))
            gc.enable()
            try:
                each.call(action)
            except InvalidStateError:
                pass
            gc.set_threshold(*before)
            gc.collect()
            if harm := each.harm(action):
                harms.append(harm)
    finally:
        gc.set_threshold(*before)
        gc.enable()
    conclude(f"collector closes the codec inside {action}()", tries, harms, "a deadlock or a hang")


def test_decoders_that_close_each_other_from_destructors_do_not_wait_for_each_other() -> None:
    # Each worker is inside its native codec when it runs what closes the other's.
    data = stream("h264-bframes.mp4")
    first, second = Sink().decoder(), Sink().decoder()
    inside = threading.Barrier(2, timeout=TIMEOUT)
    done = []
    for decoder, other in ((first, second), (second, first)):
        driver = decoder._engine._driver
        receive = driver.receive

        def crossing(receive: Any = receive, other: VideoDecoder = other) -> Any:
            if len(done) < 2:
                done.append(other)
                inside.wait()
                other.close()
            return receive()

        driver.receive = crossing  # type: ignore[method-assign]
        decoder.configure(data.config)
    flushes = [decoder.flush() for decoder in (first, second)]
    assert not any(map(waits, flushes))
    for decoder in (first, second):
        decoder.close()
        decoder._engine._thread.join(TIMEOUT)
        assert not decoder._engine._thread.is_alive()
