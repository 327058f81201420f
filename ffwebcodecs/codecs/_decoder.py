"""What every decoder is: a codec that begins with a key chunk, and lends what it decodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from .._runtime import trace
from .._runtime.completion import Completion
from .._runtime.driver import Driver
from .._runtime.engine import Engine
from .._runtime.pool import FramePool, FramePoolStats, Held, Lending, frame_pool
from .._spec.numbers import show, to_float, to_integer
from ..errors import DataError, FramePoolExhaustedError, InvalidArgumentError
from ._chunk import EncodedChunk
from ._codec import Codec, queue_limit


class Decoder(Codec):
    """The base of VideoDecoder and AudioDecoder.

    A subclass calls `_begin` with its driver, parses what `configure` gets and calls `_configure`,
    and makes the arguments of its output callback (`_wrap`).
    """

    __slots__ = ("_key_required", "_pool")

    _kind = "decoder"
    _action = "decode"
    _queued = "chunks"
    _takes: ClassVar[type[EncodedChunk]]
    """What `decode` is given."""
    _copies: ClassVar[str]
    """How to keep what it lends, as a part of a sentence."""

    def _begin(
        self,
        make: Callable[[int | None], Driver],
        frame_pool_size: object,
        stall_timeout: object,
        max_queue: object,
    ) -> None:
        """Make the engine, of the driver that `make` returns for a checked size of the pool."""
        size: int | None = None
        if frame_pool_size is not None:
            size = to_integer(frame_pool_size, "frame_pool_size")
            if size < 1:
                raise InvalidArgumentError(
                    f"frame_pool_size is {size}, it must be at least 1, or None"
                )
        seconds = to_float(stall_timeout, "stall_timeout")
        if seconds <= 0:
            raise InvalidArgumentError(
                f"stall_timeout is {seconds}, it must be more than 0 seconds"
            )
        limit = queue_limit(max_queue)
        self._key_required = True
        self._pool = frame_pool(size)
        lending = Lending(self._pool, seconds, partial(exhausted, copies=self._copies))
        self._engine = Engine(make(size), self, lending, limit)

    def _configure(self, parsed: Any) -> None:
        # Before and after: whatever interrupts, no delta chunk passes for the first one.
        self._key_required = True
        self._engine.configure(parsed)
        self._key_required = True

    def _decode(self, chunk: Any) -> None:
        if not isinstance(chunk, self._takes):
            raise InvalidArgumentError(f"decode takes an {self._takes.__name__}, got {show(chunk)}")
        place: int | None = None
        while True:
            if self._key_required:
                self._engine.require("decode")
                self._require_heard()
                self._require_key(chunk)
            if self._engine.enqueue(chunk, "decode"):
                break
            place = self._engine.wait_for_room(place)
        self._key_required = False

    def _take(self, box: list[Any]) -> None:
        self._decode(box.pop())

    def _input_ends(self) -> None:
        self._key_required = True

    def _require_key(self, chunk: Any) -> None:
        if chunk.type != "key":
            raise DataError(
                f"a key chunk is due, the chunk at {chunk.timestamp} us is a delta chunk: after "
                "configure and flush, begin with one whose type is 'key'"
            )

    def flush(self) -> Completion[None]:
        """Ask for all output of the chunks queued so far; the next chunk must be a key chunk.

        Returns
        -------
        Completion
            ``await`` it or call its ``result(timeout=None)``. It fails with InvalidStateError if
            the decoder is not configured, AbortError after `reset` or `close`, EncodingError if
            decoding fails, FramePoolExhaustedError if output is held and none is closed for
            `stall_timeout`.
        """
        self._key_required = True
        return super().flush()

    def reset(self) -> None:
        """Forget the configuration, all queued chunks and all output not yet delivered.

        Raises
        ------
        InvalidStateError
            The decoder is closed.
        """
        super().reset()
        self._key_required = True

    @property
    def decode_queue_size(self) -> int:
        """Chunks that the decoder has not taken yet."""
        return self._engine.queue_size

    @property
    def pool(self) -> FramePoolStats:
        """The frame pool's numbers at this moment."""
        return self._pool.stats()


def exhausted(pool: FramePool, queued: int, *, copies: str) -> FramePoolExhaustedError:
    """Return the error that says that a decoder waits for its frames, and for which."""
    held = pool.held()
    shown = [f"{each.timestamp} us for {each.age:.1f} s{_where(each)}" for each in held[:5]]
    if len(held) > 5:
        shown.append(f"{len(held) - 5} more")
    hint = "" if trace.enabled else " (trace_frames(True) shows where they were received)"
    by, advice = "", ""
    exported = sum(each.is_exported for each in held)
    if exported:
        by = f", {exported} held by {'a pickle buffer' if exported == 1 else 'pickle buffers'}"
        advice = ", drop the buffers of pickles"
    return FramePoolExhaustedError(
        f"the decoder waits for frames to be closed: {len(held)} of {pool.capacity} in its "
        f"pool are out{by}: {', '.join(shown)}{hint}; {queued} chunks are queued. Close frames "
        f"when you are done with them{advice}, or {copies}, or raise frame_pool_size."
    )


def _where(held: Held) -> str:
    return f" (held since {', '.join(held.places[:3])})" if held.places else ""
