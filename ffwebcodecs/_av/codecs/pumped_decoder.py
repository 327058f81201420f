"""Decoding that the pump does: when a decoder may be driven past `DecoderCore`, and what it is told
of that after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .alpha_decoder import AlphaDecoder
from .decoder import DecoderCore
from .packet import NOPTS

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecContext, AVFrame


class PumpedDecoder:
    """A decoder as the pump drives it: plain packets go in, plain frames come out.

    What `DecoderCore` would note of each, `passed` notes of all of a call; what is not plain is
    given to `accept`, and FFmpeg's errors to `error`.
    """

    __slots__ = ("_core", "_whole")

    def __init__(self, core: DecoderCore, whole: AlphaDecoder | None) -> None:
        self._core = core
        self._whole = whole

    @property
    def most(self) -> int:
        """Larger frames, in pixels, are not plain."""
        return self._core._guard.most

    @property
    def watched(self) -> int:
        """Of packets with one of these flags, `passed` gets the beginnings."""
        return self._core._guard.watched

    @property
    def gives_one(self) -> bool:
        """Whether a packet gives one frame at most, at once or never."""
        return self._core.name == "h264" and not self._core._history.delay

    @property
    def latest(self) -> int:
        """The time of the last frame: another one of it is not plain."""
        latest = self._core._latest
        return NOPTS if latest is None else latest

    def context(self) -> AVCodecContext | None:
        """Return the open decoder, None if more is to be done with each packet."""
        core = self._core
        turned, whole = core._turned, self._whole
        if whole is not None and whole.alone is not core:
            return None
        if core.has_failed or (turned is not None and turned.matrix):
            return None
        context: AVCodecContext | None = core._context
        return context

    def passed(self, sent: list[int], given: list[int], heads: list[bytes], latest: int) -> None:
        """Note packets and frames by their times, and the beginnings of packets."""
        core = self._core
        core._history.sent.extend(sent)
        if given:
            core._history.given.extend(given)
            core._latest, core._again = latest, 0
        if heads:
            core._guard.heads.extend(heads)

    def accept(self, ptr: AVFrame) -> AVFrame:
        """Return a frame that has just been received as `DecoderCore.receive` does."""
        return self._core._accepted(ptr)

    def receive(self) -> AVFrame | None:
        """Return the next frame, see `DecoderCore.receive`."""
        return self._core.receive()

    def error(self, code: int) -> Exception:
        """Return the error for a code of FFmpeg's."""
        return self._core._error(code)


def pumped_decoder(core: Any) -> PumpedDecoder | None:
    """Return a decoder as the pump may drive it, after its first frame; None if it may not."""
    whole = core if isinstance(core, AlphaDecoder) else None
    if whole is not None:
        core = whole.alone
    if type(core) is not DecoderCore or core._device is not None or core._alpha is not None:
        return None
    turned, recognition = core._turned, core._recognition
    if turned is not None and turned.sent is not None:
        return None
    if core._guard.alone or (recognition is not None and recognition.watches):
        return None
    return PumpedDecoder(core, whole)
