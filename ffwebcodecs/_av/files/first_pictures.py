"""What a decoder makes of the first pictures of a stream.

A stream may begin with pictures that refer to what comes before it: leading pictures of an open
group, the first ones of an intra refresh. Decoders differ in what they leave out, by codec and by
release, so one is asked; but only where there are such pictures, and with no more packets than it
takes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..._spec.codecs import unshown
from ...errors import WebCodecsError
from ..codecs import packet
from ..codecs.decoder import DecoderCore
from ..frames import frame as frames

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket
    from .stream_info import StreamInfo

_AFTER = 2  # pictures that are shown after the key picture: no leading one follows
_REORDERED = 16
_MOST = 600
_MOST_BYTES = 64 << 20


class FirstPictures:
    """Takes the first packets of a stream, until it has enough of them.

    Parameters
    ----------
    codec : str
        FFmpeg's name.
    extradata : bytes
        The headers of the stream.
    open : callable
        Opens its decoder.
    """

    __slots__ = (
        "_after",
        "_codec",
        "_doubtful",
        "_extradata",
        "_from",
        "_kept",
        "_key_time",
        "_open",
        "_size",
        "_until",
    )

    def __init__(self, codec: str, extradata: bytes, open: Callable[[], Any]) -> None:
        self._codec = codec
        self._extradata = extradata
        self._open = open
        self._kept: list[AVPacket] = []
        self._from: int | None = None  # the number of the key packet
        self._key_time = 0
        self._doubtful: list[int] = []
        self._until = 0
        self._after = 0
        self._size = 0

    @classmethod
    def of_stream(cls, info: StreamInfo, max_pixels: int | None) -> FirstPictures:
        """Return one for a file's stream."""

        def open() -> DecoderCore:
            return DecoderCore(
                info.codec,
                extradata=info.extradata or None,
                coded_size=(info.width, info.height) if info.width > 0 else None,
                threads=1,
                parameters=info.parameters,
                max_pixels=max_pixels,
            )

        return cls(info.codec, info.extradata, open)

    def take(
        self, ptr: AVPacket, number: int, time: int, *, key: bool, hidden: bool, guessed: bool
    ) -> bool:
        """Look at a packet, which is copied; return whether another one is wanted. `guessed`: the
        container stores presentation times, but not this one.
        """
        if self._from is None:
            if not key:
                return number < _MOST
            self._from, self._key_time = number, time
            frames_to = unshown.recovery(
                self._codec, packet.view(ptr) if ptr.size else b"", self._extradata
            )
            if frames_to:
                # Frames, where this counts packets, with fields and B pictures among them.
                self._until = 4 * frames_to + _REORDERED
                self._doubtful.append(number)
        elif key:
            return False
        elif time <= self._key_time or guessed:
            if guessed:
                self._until = max(self._until, _REORDERED)
            if not hidden:
                self._doubtful.append(number)
        else:
            self._after += 1
            if self._until:
                self._doubtful.append(number)
        self._kept.append(packet.clone(ptr))
        self._size += ptr.size
        enough = self._after >= _AFTER and len(self._kept) >= self._until
        return not enough and len(self._kept) < _MOST and self._size < _MOST_BYTES

    @property
    def first_key(self) -> int:
        """The number of the first key packet, 0 if there is none."""
        return self._from or 0

    @property
    def has_key(self) -> bool:
        """Whether there is a key packet."""
        return self._from is not None

    def missing(self) -> list[int]:
        """Return the numbers of those packets of which no picture comes."""
        kept, self._kept = self._kept, []
        if not self._doubtful or self._from is None:
            return []
        try:
            core = self._open()
        except WebCodecsError:
            return []  # nobody will see any picture
        shown: set[int] = set()
        try:
            with suppress(WebCodecsError):  # what comes of the others is told all the same
                for number, ptr in enumerate(kept, self._from):
                    ptr.pts = number
                    core.send(ptr, number)
                    shown |= _received(core)
                core.drain()
            with suppress(WebCodecsError):
                shown |= _received(core)
        finally:
            core.close()
        return [number for number in self._doubtful if number not in shown]


def _received(core: Any) -> set[int]:
    numbers = set()
    while (ptr := core.receive()) is not None:
        numbers.add(frames.timestamp(ptr))
    return numbers
