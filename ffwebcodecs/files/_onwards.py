"""Onwards: the next frames of a Demuxer, which may be left in the middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._spec.codecs.config import VideoDecoderConfig
    from ..codecs._decoding import Core
    from ..frames._shape import ShapeCache
    from ._damage import Damage
    from .demuxer import Demuxer


class Onwards:
    """The next frames of a Demuxer, for `frames_of`: each step puts one into `box`; `close` gives
    back what is left there.
    """

    __slots__ = ("_demuxer", "_how", "box")

    def __init__(
        self,
        demuxer: Demuxer,
        config: VideoDecoderConfig,
        damage: Damage,
        open_it: Callable[[], tuple[Core, ShapeCache]],
    ) -> None:
        self.box: list[Any] = []
        self._demuxer = demuxer
        self._how = config, damage, open_it

    def __iter__(self) -> Onwards:
        return self

    def __next__(self) -> None:
        ptr = self._demuxer._next_frame(*self._how)
        if ptr is None:
            raise StopIteration
        self.box.append(ptr)

    def lasting(self, timestamp: int, stated: int) -> int:
        """Return how long a frame is shown."""
        return self._demuxer._lasting(timestamp, stated)

    def close(self) -> None:
        if self.box:
            self._demuxer._put_back(self.box.pop())
