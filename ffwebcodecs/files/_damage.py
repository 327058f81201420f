"""Damage: what a reading is to do about it, and what is said of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._av.frames import frame as native
from .._spec.numbers import show, to_flag
from ..errors import EncodingError, InvalidArgumentError, NotSupportedError

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._ffi._types import AVFrame, AVPacket

_ERRORS = ("raise", "skip")
# What an input or a decoder may say, after which the frames of what was read before still come.
DAMAGE = (EncodingError, NotSupportedError, OSError)
_MOST_ERRORS = 100  # of an input, one after another: it does not go on
_MOST_TIMES = 4096  # more than are skipped twice
_SHOWN = 5  # ranges that a message names


class Damage:
    """What a reading is to do about damage, and what has become of it.

    Parameters
    ----------
    errors : {"raise", "skip"}
    strict : bool
        Whether it is an error what is otherwise a warning, or nothing.
    shown : str
        The source, for people.

    Attributes
    ----------
    breaks : int
        Places of the input that could not be read.
    chunks : int
        Chunks that were skipped.
    concealed : int
        Frames that were decoded from damaged data.
    gap : bool
        Some of the input is missing before the next packet.
    shortfall : str or None
        How much of the input is missing at its end.

    Raises
    ------
    InvalidArgumentError
        A parameter is out of range.
    """

    __slots__ = (
        "_first",
        "_last",
        "_ranges",
        "_reason",
        "_times",
        "breaks",
        "chunks",
        "concealed",
        "gap",
        "shortfall",
        "shown",
        "skips",
        "strict",
    )

    def __init__(self, errors: str = "raise", strict: bool = False, shown: str = "") -> None:
        if errors not in _ERRORS:
            raise InvalidArgumentError(f"errors must be 'raise' or 'skip', got {show(errors)}")
        self.skips = errors == "skip"
        self.strict = to_flag(strict, "strict")
        self.shown = shown
        self.chunks = self.concealed = self.breaks = 0
        self.gap = False
        self.shortfall: str | None = None
        self._ranges: list[tuple[int, int]] = []
        self._first: int | None = None  # of the range that is being skipped
        self._last = 0
        self._times: set[int] = set()
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why the first of what was skipped was."""
        return self._reason

    @property
    def careful(self) -> Callable[[AVFrame], None] | None:
        """What looks at each frame, None if nobody wants to know."""
        return self._look_at if self.skips or self.strict else None

    @property
    def explode(self) -> bool:
        """Whether the decoder is to say what it would conceal."""
        return self.skips or self.strict

    def _look_at(self, ptr: AVFrame) -> None:
        if not native.is_damaged(ptr):
            return
        if not self.skips:
            timestamp = native.timestamp(ptr)
            raise EncodingError(
                f"the frame at {timestamp} us is decoded from damaged data, and strict is set",
                timestamp=timestamp,
            )
        self.concealed += 1

    def because(self, error: BaseException) -> None:
        """Keep the first reason for something that is skipped."""
        self._reason = self._reason or str(error)

    def read_on(self, demuxer: DemuxerCore, ptr: AVPacket) -> int | None:
        """Read as `demuxer.read_any` does; past errors of the input, if it goes on behind them."""
        for _ in range(_MOST_ERRORS):
            try:
                return demuxer.read_any(ptr)
            except EncodingError as error:
                if not self.skips:
                    raise
                self.because(error)
            if not self.gap:
                self.gap = True
                self.breaks += 1
        return None

    def skip(self, timestamp: int) -> None:
        """Note that the chunk of this time gives no frame; twice is once."""
        if timestamp in self._times:
            return
        if len(self._times) >= _MOST_TIMES:
            self._times.clear()
        self._times.add(timestamp)
        self.chunks += 1
        if self._first is None:
            self._first = self._last = timestamp
        self._first = min(self._first, timestamp)
        self._last = max(self._last, timestamp)

    def resume(self, timestamp: int) -> None:
        """Note that frames come again from this time on."""
        if self._first is not None:
            self._end(max(timestamp, self._last))

    def _end(self, stop: int) -> None:
        start, self._first = self._first, None
        if start is None:
            return
        if self._ranges and self._ranges[-1][1] >= start and self._ranges[-1][0] <= stop:
            first, last = self._ranges.pop()
            start, stop = min(first, start), max(last, stop)
        self._ranges.append((start, stop))

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Start and end in microseconds of what was skipped; the end is the first time that is
        there again, or the last time that is not.
        """
        self._end(self._last)
        return list(self._ranges)

    def end(self, demuxer: DemuxerCore | None, less: int = 0) -> bool:
        """Note what is missing at the end of the input, which is reached; return whether something
        is. `less`: packets that came, but not whole.

        Raises
        ------
        EncodingError
            Something is, and `strict` is set.
        """
        shortfall = None if demuxer is None else demuxer.shortfall(less)
        if shortfall is not None and self.strict:
            raise EncodingError(f"{shortfall}, and strict is set")
        self.shortfall = shortfall
        return shortfall is not None

    def outcome(self) -> dict[str, Any]:
        """Return what has become of it, as members of TranscodeResult."""
        return {
            "skipped_chunks": self.chunks,
            "skipped_ranges": self.ranges,
            "concealed_frames": self.concealed,
            "shortfall": self.shortfall,
        }

    def messages(self) -> list[str]:
        """Return what there is to say, and forget it."""
        said = []
        if self.breaks:
            count = self.breaks
            said.append(
                f"{self.shown} is damaged: {count} place{'s' if count > 1 else ''} of it cannot be "
                f"read ({self._reason})"
            )
        if self.chunks:
            count, where = self.chunks, _where(self.ranges)
            why = f" ({self._reason})" if self._reason else ""
            said.append(
                f"{self.shown} is damaged: {count} chunk{'s' if count > 1 else ''} skipped, those "
                f"that cannot be decoded and those up to the next key frame, at {where}{why}"
            )
        if self.concealed:
            count = self.concealed
            said.append(
                f"{self.shown} is damaged: FFmpeg concealed that in "
                f"{count} frame{'s' if count > 1 else ''} that it gave, which may spread to the "
                "next key frame"
            )
        if self.shortfall:
            said.append(f"{self.shortfall}; strict=True makes this an error")
        self.forget()
        return said

    def forget(self) -> None:
        """Begin anew."""
        self.chunks = self.concealed = self.breaks = 0
        self.shortfall, self._first, self._reason = None, None, ""
        self._ranges.clear()
        self._times.clear()

    def follow(self, other: Damage) -> None:
        """Do from now on as another one is to do."""
        self.skips, self.strict = other.skips, other.strict

    def warn(self, stacklevel: int = 3) -> None:
        """Warn of what there is to say."""
        for message in self.messages():
            warnings.warn(message, UserWarning, stacklevel=stacklevel)


def _where(ranges: list[tuple[int, int]]) -> str:
    parts = [f"{start / 1e6:.3f} to {stop / 1e6:.3f} s" for start, stop in ranges[:_SHOWN]]
    if len(ranges) > _SHOWN:
        parts.append(f"{len(ranges) - _SHOWN} more ranges")
    return ", ".join(parts)
