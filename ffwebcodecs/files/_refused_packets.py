"""Packets of an input that are damaged: those that its output cannot hold, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._av.averror import let_go
from .._av.files.copied_packets import RefusedPacketError
from .._av.files.mux import MuxerCore
from ..errors import EncodingError
from ._losses import Losses


class RefusedPackets:
    """Counts them.

    Parameters
    ----------
    losses : Losses
        What they are told to.
    strict : bool
        Whether one is an error.
    shown : str
        The input, for people.

    Attributes
    ----------
    names : dict of int to str
        The streams that are copied, by their number in the output: ``"audio aac"``. One that is not
        among them is encoded, and loses nothing.
    """

    __slots__ = ("_counts", "_losses", "_partial", "_shown", "_strict", "_unsure", "_why", "names")

    def __init__(self, losses: Losses, strict: bool, shown: str) -> None:
        self.names: dict[int, str] = {}
        self._losses, self._strict, self._shown = losses, strict, shown
        self._counts: dict[int, int] = {}
        self._why: dict[int, str] = {}
        self._unsure: list[RefusedPacketError] = []
        self._partial = 0

    def note_partial(self) -> None:
        """Note a packet of video of which the container says that some of it is missing. It is
        copied: what is left of a picture is better than none, and others need it.
        """
        if self._strict:
            raise EncodingError(
                f"{self._shown} is damaged: some of a packet of {self.names[0]} is missing, and "
                "strict is set"
            )
        self._partial += 1

    def catch(self, write: Callable[..., Any], *arguments: Any, **more: Any) -> bool:
        """Call what writes packets; return False if some are refused."""
        try:
            write(*arguments, **more)
        except RefusedPacketError as error:
            let_go(error)
            if error.index is not None:
                self._note(error.index, error)
            else:
                if self._strict:
                    self._fail(f"a packet of {self._shown} is damaged ({error.why})", error)
                self._unsure += [error.with_traceback(None)] * error.count
            return False
        return True

    def _note(self, index: int, error: RefusedPacketError) -> None:
        name = self.names.get(index)
        if name is None:
            raise error
        if self._strict:
            self._fail(f"a packet of the {name} stream of {self._shown}: {error.why}", error)
        self._count(index, error.count, error.why)

    def _count(self, index: int, count: int, why: str) -> None:
        self._counts[index] = self._counts.get(index, 0) + count
        self._why.setdefault(index, why)

    @staticmethod
    def _fail(message: str, error: RefusedPacketError) -> None:
        failure = EncodingError(f"{message}, and strict is set")
        failure.code = error.code
        raise failure from None

    def finish(self, core: MuxerCore) -> None:
        """Write all that waits, and find out whose the packets were that were not written."""
        while not self.catch(core.flush):
            pass
        missing = core.missing()
        for index in self.names:
            for _ in range(min(missing.pop(index, 0), len(self._unsure))):
                self._count(index, 1, self._unsure.pop().why)
        if self._unsure and any(missing.values()):  # of what was encoded
            raise self._unsure[0]
        if self._unsure and self.names:  # FFmpeg made more packets of these, or less
            self._count(min(self.names), len(self._unsure), self._unsure[0].why)

    def place(self, places: Sequence[int], has_video: bool) -> None:
        """Note where the streams that are copied stand in the file."""
        where = [0, *places] if has_video else places
        self.names = {where[number]: name for number, name in self.names.items()}

    def of(self, index: int) -> int:
        """Return how many of a stream there were."""
        return self._counts.get(index, 0)

    def report(self) -> int:
        """Tell of all, after `finish`; return the number of those that were left out."""
        if self._partial:
            count = self._partial
            what = f"some of {count} packet{'s' * (count != 1)} of {self.names[0]}"
            self._losses.add(
                what,
                "the container says that it is missing",
                f"{self._shown} is damaged: {what} is missing; strict=True makes this an error",
            )
        for index, count in self._counts.items():
            what = f"{count} packet{'s' * (count != 1)} of {self.names[index]}"
            self._losses.add(
                what,
                self._why[index],
                f"{self._shown} is damaged: {what} cannot be copied ({self._why[index]}); "
                "strict=True makes this an error",
            )
        return sum(self._counts.values())
