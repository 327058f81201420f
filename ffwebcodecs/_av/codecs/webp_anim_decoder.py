"""Animated WebP, whose decoder (FFmpeg 9.0) gives durations in milliseconds, whatever the clock of
the packets is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..frames import frame as frames
from . import packet as packets
from .decoder import DecoderCore, InheritedDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._ffi._types import AVFrame, AVPacket
    from .picture_run import PictureRun

CODEC = "webp_anim"
_MOST = 64  # packets whose frames are yet to come: the decoder gives them at once


class WebpAnimDecoder(DecoderCore):
    """A decoder whose frames last as long as their packets say."""

    __slots__ = ("_lasting",)

    def __init__(self, name: str, **setup: Any) -> None:
        self._lasting: dict[int, int] = {}  # by presentation time
        super().__init__(name, **setup)

    def send(self, packet: AVPacket, timestamp: int) -> None:
        if len(self._lasting) >= _MOST:
            self._lasting.clear()
        self._lasting[timestamp] = packets.duration(packet) or 0
        super().send(packet, timestamp)

    def run(
        self, packets: Sequence[Any], times: list[int], shape: object, *, alone: bool = False
    ) -> PictureRun | None:
        return None

    def receive(self) -> AVFrame | None:
        ptr = super().receive()
        if ptr is not None:
            frames.set_duration(ptr, self._lasting.pop(frames.timestamp(ptr), 0))
        return ptr

    def _after_fork(self) -> None:
        self.__class__ = _InheritedWebp


class _InheritedWebp(InheritedDecoder, WebpAnimDecoder):
    __slots__ = ()
