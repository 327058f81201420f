"""The engine of `Video`: one decoder, which begins at a key packet and gives numbered pictures.

A packet goes to the decoder with its number in place of its time, and the picture that comes of it
carries that number back. So a picture is never taken for another one, whatever times say, whatever
the decoder drops, invents or gives in another order.

A *run* is a stretch of packets from a key packet on. One with a `last` packet ends there. One
without goes on for as long as it is asked. The next access goes on with either where that is
possible. What the decoder still holds of the wanted pictures behind `last` comes out when it is
drained, which ends the run for good, or when it is sent the packets *ahead*, as many as it holds:
they are not lost on who goes on. So packets are sent ahead for who goes forward, and for who has
sent so many that beginning again would cost far more; others drain, and decode nothing behind.

Whoever uses a run takes a step at a time, under the engine's lock; another thread may begin a run
of its own in between, and the first one then finds that its run is over (`RandomAccess.run` is
another).

Threads: `lock` is held for a step or for as long as one frame takes. `stop` ends what another
thread does under it, at the next packet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._av import averror, forked
from .._av.codecs import packet, recovery
from .._av.frames import frame as native
from .._spec.files.packet_table import NO_PICTURE, PacketTable
from ..codecs._decoding import Core
from ..errors import EncodingError, InvalidStateError
from ._by_number import ByNumber
from ._packet_source import Counters, FilePackets, PacketSource

if TYPE_CHECKING:
    from .._ffi._types import AVFrame, AVPacket

_WASTE = 50  # one packet in so many may be decoded for nothing, rather than jumped over
_FURTHER = 64  # packets, of which a decoder holds fewer
_NO_FIELDS = frozenset(("vp8", "vp9", "av1", "mpeg4"))
_BACK = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # seconds


class Run:
    """Decoding from a key packet on, to `last` or with no end.

    Attributes
    ----------
    fed : int
        The number of the packet that is sent next.
    wasted : int
        Packets before a key packet that nobody wanted, and that were sent all the same.
    newest : int
        The last frame that has come out, by its index; -1: none.
    is_settled : bool
        The key packet's picture has come out, and decoding is right from it on.
    has_false_key : bool
        The key packet's picture is a predicted one: the container says more of it than is true.
    more : callable or None
        Asked, under the lock, when `last` has been sent: whether it has set a later one.
    is_forward : bool or None
        Whether the next access is likely to go on with this run, so that packets are sent ahead
        rather than the decoder drained. None: nobody knows, so where it costs little.
    """

    __slots__ = (
        "error",
        "fed",
        "has_false_key",
        "is_drained",
        "is_forward",
        "is_over",
        "is_settled",
        "key",
        "last",
        "more",
        "newest",
        "wasted",
    )

    def __init__(self, key: int, last: int | None) -> None:
        self.key = key
        self.last = last
        self.more: Callable[[], bool] | None = None
        self.is_forward: bool | None = False
        self.fed = key
        self.newest = -1
        self.wasted = 0
        self.has_false_key = False
        self.is_drained = False
        self.is_settled = False
        self.is_over = False
        self.error: EncodingError | None = None

    @property
    def went_ahead(self) -> bool:
        """Whether packets behind the last one have been sent: their errors are not its own, and
        drained in time, a decoder may give a picture that it drops otherwise.
        """
        return self.last is not None and self.fed - 1 > self.last


class RandomAccess:
    """Decodes pictures by number.

    Parameters
    ----------
    packets : PacketSource
    decoder : Core
        Both taken: `close` closes them.
    open_decoder : callable
        Opens another decoder of the same stream.
    table : PacketTable

    Attributes
    ----------
    lock : RLock
        Held while a method runs, and by who wants more than one step undisturbed.
    run : Run or None
        What is decoded now.
    """

    __slots__ = (
        "__weakref__",
        "_ahead",
        "_begins_anew",
        "_by_number",
        "_delay",
        "_has_fields",
        "_is_fed",
        "_is_fresh",
        "_open_decoder",
        "_packet",
        "_rows",
        "closed",
        "counters",
        "decoder",
        "lock",
        "packets",
        "run",
        "table",
    )

    def __init__(
        self,
        packets: PacketSource,
        decoder: Core,
        open_decoder: Callable[[], Core],
        table: PacketTable,
        counters: Counters,
    ) -> None:
        # Reentrant: a destructor or the handler of a signal may use the video in the middle.
        self.lock = threading.RLock()
        self.packets = packets
        self._open_decoder = open_decoder
        self.decoder = decoder
        self.table = table
        self.counters = counters
        self.closed = False
        self.run: Run | None = None
        self._is_fresh = True
        # Whether the first pictures come out of a new decoder only, not of one that was flushed.
        self._begins_anew = False
        self._delay = -1  # packets that the decoder holds at most, as far as seen; -1: not yet
        self._packet: AVPacket | None = packet.allocate()
        self._by_number: Any = None
        self._ahead: ByNumber | None = None  # decodes several pictures at once
        self._is_fed = True  # the decoder may have pictures of what was not sent by that
        self._rows: list[Any] = []  # which have come out of it: the next one is the last
        self._has_fields = self.decoder.name not in _NO_FIELDS
        forked.watch(self)

    def index_of(self, number: int) -> int:
        """Return the index of a packet's frame, -1 if it has none."""
        if self._by_number is None:
            by_number = np.full(len(self.table), -1, np.int64)
            by_number[self.table.shown] = np.arange(len(self.table.shown))
            self._by_number = by_number
        return int(self._by_number[number]) if 0 <= number < len(self.table) else -1

    def last_for(self, number: int) -> int:
        """Return the last packet that a picture needs: its own, or that of its second field."""
        flags = self.table.flags
        if self._has_fields:
            while number + 1 < len(flags) and flags[number + 1] == NO_PICTURE:
                number += 1
        return number

    def begin(self, key: int, last: int | None) -> Run:
        """Begin a run; where the packet cannot be reached, it is over, and says why."""
        self.require_open()
        self.run = None
        self._look_back()
        try:
            self.packets.go_to(key)
        except EncodingError as error:
            run = Run(key, last)
            run.error, run.is_over = error.with_traceback(None), True
            return run
        if self._begins_anew and key == self.first:
            self._renew()
        elif not self._is_fresh:
            self.decoder.restart()
            recovery.give_unsettled(self.decoder, False)
        self._is_fresh = False
        run = self.run = Run(key, last)
        return run

    def _look_back(self) -> None:
        """Forget what came out and nobody has taken."""
        self._rows = []
        if self._ahead is not None:
            self._ahead.run.begin()

    @property
    def first(self) -> int:
        """The number of the first key packet, 0 if there is none."""
        keys = self.table.keys
        return int(keys[0]) if len(keys) else 0

    def begin_anew(self, last: int) -> Run:
        """Begin at the first key packet with a new decoder, as who decodes all in a row does, and
        go on behind `last`: some pictures are dropped where the decoder is drained early.
        """
        self._begins_anew = True
        return self.begin(self.first, last + _FURTHER)

    def _renew(self) -> None:
        decoder = self._open_decoder()
        self.decoder, old = decoder, self.decoder
        old.close()

    def go_on(self, key: int, last: int | None) -> Run:
        """Take over the current run, which `goes_on_to` said yes of, to go on behind a key packet;
        who had it has lost it.
        """
        old = self.run
        assert old is not None
        run = Run(old.key, last)
        run.fed, run.newest, run.is_drained = old.fed, old.newest, old.is_drained
        run.is_settled = old.is_settled
        run.wasted = old.wasted + max(0, key - old.fed)
        self.run = run
        return run

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has been decoded yet."""
        return self._is_fresh

    def goes_on_to(self, key: int, number: int, index: int) -> bool:
        """Tell whether the current run gives a frame if it just goes on, without a detour."""
        run = self.run
        if run is None or run.is_over or (run.is_drained and number >= run.fed):
            return False
        return self.leads_to(key, number, index)

    def leads_to(self, key: int, number: int, index: int) -> bool:
        """Tell whether the current run would give a frame, had the decoder not been drained."""
        run = self.run
        if run is None or run.error is not None or run.has_false_key or index <= run.newest:
            return False
        if run.key <= number < run.fed:
            return key >= run.key  # it is in the decoder, or would have come out
        if key < run.key:
            return False
        return max(0, key - run.fed) + run.wasted <= (run.fed - run.key) // _WASTE

    def step(self, run: Run) -> tuple[int, AVFrame] | None:
        """Return index and picture of the next frame that comes out, None at the end of the run.

        An error of the decoder ends the run when what could be decoded before it has come out;
        it is then in ``run.error``.
        """
        try:
            return self._step(run)
        except BaseException as error:
            # What has come out meanwhile is lost: nobody may go on with that.
            self.run = None
            run.is_over = True
            averror.let_go(error)
            raise

    def _step(self, run: Run) -> tuple[int, AVFrame] | None:
        while not run.is_over:
            self.require_open()
            try:
                ptr = self._next(run)
            except EncodingError as error:
                run.error = error.with_traceback(None)
                self._is_fed = True  # pictures before it are still to come
                continue
            if ptr is None:
                if run.is_drained or run.error is not None:
                    run.is_over = True
                else:
                    self._feed(run)
                continue
            if native.timestamp(ptr) == run.key > self.first and native.is_predicted(ptr):
                run.has_false_key = run.is_over = True
                return None
            if native.timestamp(ptr) == run.key:
                run.is_settled = not run.is_drained or native.is_key(ptr)
            index = self.index_of(native.timestamp(ptr))
            if run.is_drained and not run.is_settled and recovery.gives_unsettled(self.decoder):
                index = -1
            # What a decoder makes up has no number, or one that has been there.
            if index >= 0 and run.key <= native.timestamp(ptr) < run.fed:
                run.newest = max(run.newest, index)
                if not run.is_drained and not self._rows:
                    self._delay = max(self._delay, run.fed - 1 - native.timestamp(ptr))
                return index, ptr
            del ptr
        return None

    def _next(self, run: Run) -> AVFrame | None:
        """Return the next picture, None if the decoder is to be fed."""
        if self._rows:
            ptr: AVFrame | None = self._rows.pop()[0].ptr
            return ptr
        if self._is_fed:
            ptr = self.decoder.receive()
            self._is_fed = ptr is not None
            if ptr is not None:
                return ptr
        ahead = self._find_ahead(run)
        if ahead is None:
            return None
        box: list[Any] = []
        try:
            while not box and ahead.run.step(box):
                pass
            self.require_open()  # nothing is kept behind its end
        except EncodingError:
            raise
        except BaseException:
            self.run = None
            run.is_over = True
            box.clear()
            raise
        finally:
            if self.packets.next is not None:
                self.counters.pictures_decoded += self.packets.next - run.fed
                run.fed = self.packets.next
        if not box:
            return None
        if type(box[0]) is list:
            self._rows = box.pop()
            return self._rows.pop()[0].ptr  # type: ignore[no-any-return]
        return box.pop()  # type: ignore[no-any-return]

    def _find_ahead(self, run: Run) -> ByNumber | None:
        """Return what decodes the next pictures of a run, which knows where it ends; None before
        its first one, and where each packet needs a look.
        """
        last, packets, ahead = run.last, self.packets, self._ahead
        if ahead is not None and ahead.run.is_pending:
            return ahead
        if last is None or run.newest < 0 or run.fed > last or run.is_drained or run.error:
            return None
        if not isinstance(packets, FilePackets) or packets.next != run.fed:
            return None
        if ahead is None or not ahead.is_of(self.decoder):
            self._ahead = ahead = ByNumber(packets, self.table, self.decoder)
        ahead.end = min(last + 1, len(self.table))
        return ahead

    def _feed(self, run: Run) -> None:
        ptr = self._packet
        if ptr is None:
            raise InvalidStateError("the Video is closed")
        self._is_fed = True
        try:
            number = self.packets.read(ptr) if self._goes_on(run) else None
            self._decode(run, ptr, number)
        except EncodingError as error:  # of the file
            run.error = error.with_traceback(None)
            run.is_over = True
        except BaseException as error:
            self.run = None
            run.is_over = True
            del ptr
            averror.let_go(error)
            raise
        finally:
            if self._packet is not None:
                packet.unref(self._packet)

    def _goes_on(self, run: Run) -> bool:
        """Return whether to send the next packet, rather than to drain the decoder."""
        if (
            run.last is None
            or run.fed <= run.last
            or (run.more is not None and run.more() and run.fed <= run.last)
        ):
            return True
        if run.is_forward is None:
            delay = _FURTHER if self._delay < 0 else self._delay
            run.is_forward = delay * _WASTE <= run.fed - run.key
        return run.is_forward and run.fed - run.last <= _FURTHER

    def _decode(self, run: Run, ptr: AVPacket, number: int | None) -> None:
        """Send a packet, or drain the decoder; what the decoder says of it is kept in the run."""
        try:
            if number is None:
                run.is_drained = True
                recovery.give_unsettled(self.decoder, True)
                self.decoder.drain()
                return
            packet.number(ptr, number)
            if number == run.key:
                packet.unhide(ptr)
            run.fed = number + 1
            self.counters.pictures_decoded += 1
            self.decoder.send(ptr, number)
        except EncodingError as error:
            run.error = error.with_traceback(None)

    def keys_before(self, key: int) -> list[int]:
        """Return where to begin when a run from `key` did not give a frame: one key packet
        earlier, then 0.5, 1, 2 ... seconds, at last the first packet.
        """
        keys = self.table.keys
        place = int(keys.searchsorted(key))
        found: list[int] = []
        if place > 0:
            found.append(int(keys[place - 1]))
            number, size = self.table.time_base
            times = self.table.presentation
            for seconds in _BACK:
                limit = times[key] - seconds * size / number
                earlier = keys[:place][times[keys[:place]] <= limit]
                if len(earlier) and earlier[-1] < found[-1]:
                    found.append(int(earlier[-1]))
        if key > 0 and (not found or found[-1] > 0):
            found.append(int(keys[0]) if len(keys) and keys[0] < key else 0)
        return found

    def require_open(self) -> None:
        """Raise InvalidStateError if it is closed."""
        if self.closed:
            raise InvalidStateError("the Video is closed")

    def interrupt(self) -> None:
        """End what another thread does with it, for good."""
        self.packets.refuse_inside()
        self.closed = True
        self.packets.interrupt()

    def close(self, wait: bool = True) -> None:
        """Close decoder and packets; twice is fine."""
        self.packets.refuse_inside()
        self.closed = True
        self.run = None
        self._ahead = None  # another thread may be in it, and goes on to its end
        self._rows = []
        self.packets.close(wait)
        self.decoder.close()
        self._packet = None

    def _after_fork(self) -> None:
        self.lock = threading.RLock()
