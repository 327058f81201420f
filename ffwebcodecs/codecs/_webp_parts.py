"""Animated WebP in one piece: a chunk that is a whole file gives all of its pictures.

So FFmpeg before 9.0 hands such a file over, and its decoder of WebP refuses it. Later releases take
it apart, and have a decoder for the parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.codecs import packet as packet_of
from .._av.codecs.decoder import DecoderCore, InheritedDecoder
from .._av.frames import buffers
from .._av.frames import frame as native
from .._spec.images.facts import BadImage
from .._spec.images.webp import WebpScanner
from ..errors import EncodingError
from ._composing import Composer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._av.codecs.picture_run import PictureRun
    from .._ffi._types import AVFrame, AVPacket
    from .._spec.images.facts import ImageFacts

_NO_DELAY = 100_000  # how long a picture without a delay is shown, as FFmpeg 9.0 does it
_SRGB = 1, 13, 0  # H.273: primaries, transfer, matrix


def _is_animation(head: bytes) -> bool:
    return (
        len(head) == 21 and head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)
    )


class WebpPartsDecoder(DecoderCore):
    """A decoder of WebP that composes the pictures of animations; stills are FFmpeg's to decode."""

    __slots__ = ("_base", "_composer", "_content", "_facts", "_most_pixels", "_next", "_offset")

    def __init__(self, name: str, *, max_pixels: int | None = None, **setup: Any) -> None:
        self._composer = Composer()
        self._facts: ImageFacts | None = None  # of the animation that is being given
        self._content = b""
        self._base = self._next = self._offset = 0
        self._most_pixels = max_pixels
        super().__init__(name, max_pixels=max_pixels, **setup)

    def send(self, packet: AVPacket, timestamp: int) -> None:
        if not _is_animation(bytes(packet_of.view(packet)[:21])):
            super().send(packet, timestamp)
            return
        content = bytes(packet_of.view(packet))
        stated, _ = packet_of.times(packet)
        self._forget()
        self._base = timestamp if stated is None else stated
        try:
            facts = WebpScanner().scan(content, False)
        except BadImage as error:
            raise self._failure(str(error), 0) from None
        if facts is None:
            raise self._failure("it ends before its first picture", 0)
        self._facts, self._content = facts, content

    def _failure(self, reason: str, offset: int) -> EncodingError:
        when = self._base + offset
        return EncodingError(
            f"{self.name} cannot decode the chunk at {self._base} us: {reason}", timestamp=when
        )

    def run(
        self, packets: Sequence[Any], times: list[int], shape: object, *, alone: bool = False
    ) -> PictureRun | None:
        return None

    def receive(self) -> AVFrame | None:
        facts = self._facts
        if facts is None:
            return super().receive()
        index, parts = self._next, facts.tracks[0].frames
        if index == len(parts) or not parts[index].complete:
            return self._end(facts)
        self._next += 1
        offset, duration = self._offset, parts[index].duration or _NO_DELAY
        self._offset += duration
        try:
            canvas = self._composer.canvas(facts, 0, index, self._content, self._most_pixels)
        except EncodingError as error:
            self._forget()
            raise self._failure(str(error), offset) from None
        height, width = canvas.shape[:2]
        format = "rgba" if facts.has_alpha else "rgb0"
        exported = buffers.export(canvas, "pixels")
        ptr = native.wrap(exported, canvas.nbytes, format, width, height, [(0, 4 * width)])
        native.tag(ptr, self._base + offset, *_SRGB, full_range=True)
        native.set_duration(ptr, duration)
        return ptr

    def _end(self, facts: ImageFacts) -> AVFrame | None:
        """Leave an animation whose pictures have all been given; what is cut off is an error."""
        size = len(self._content)
        stated = 8 + int.from_bytes(self._content[4:8], "little")
        index, parts, offset = self._next, facts.tracks[0].frames, self._offset
        self._forget()
        if size >= stated and index == len(parts):
            return super().receive()
        reason = f"it has {size} bytes and {index} whole pictures, its header says {stated} bytes"
        raise self._failure(reason, offset)

    def restart(self) -> None:
        self._forget()
        super().restart()

    def close(self) -> None:
        self._forget()
        super().close()

    def _forget(self) -> None:
        self._facts, self._content, self._next = None, b"", 0
        self._offset = 0
        self._composer.forget()

    def _after_fork(self) -> None:
        self.__class__ = _InheritedParts


class _InheritedParts(InheritedDecoder, WebpPartsDecoder):
    __slots__ = ()
