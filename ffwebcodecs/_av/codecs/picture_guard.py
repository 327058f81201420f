"""No decoder makes a picture that is larger than allowed: FFmpeg's own limit, and its reasons.

FFmpeg checks the size before it allocates, but says no more than "Invalid argument"; and it checks
the size with its padding. So it is given some more than the limit, the exact size is looked at when
a frame comes, and the beginnings of the last key chunks are kept, which say how large they are.
"""

from __future__ import annotations

import errno
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

from ..._ffi import avcodec, ffi
from ..._spec.codecs.picture_limit import HEAD, PNG, excess, size_of
from ...errors import EncodingError, NotSupportedError
from .. import averror, forked

if TYPE_CHECKING:
    from ..._ffi._types import AVCodec, AVCodecContext, AVFrame, AVPacket

PADDING = 1 << 23
"""What FFmpeg may add at most to a picture's pixels: 63 columns and rows, 65536 long each."""

_NO_LIMIT = 0x7FFFFFFF
_INVALID_DATA = -(ord("I") | ord("N") << 8 | ord("D") << 16 | ord("A") << 24)
KEY = 1  # AV_PKT_FLAGKEY
_HEADS = 32  # frame threads fail some chunks later


def native_limit(max_pixels: int | None) -> int:
    """Return what AVCodecContext.max_pixels is to be."""
    return _NO_LIMIT if max_pixels is None else min(max_pixels + PADDING, _NO_LIMIT)


class PictureGuard:
    """The limit of one decoder, before it is opened.

    Attributes
    ----------
    most : int
        Frames of more pixels than that must be shown to `refuse_frame`.
    watched : int
        Packets with one of these flags must be shown to `look_at`.
    alone : bool
        All packets must.
    heads : deque of bytes
        The beginnings of the last packets that were.

    Raises
    ------
    NotSupportedError
        The configuration is for larger pictures.
    """

    __slots__ = ("_codec", "_limit", "alone", "heads", "most", "watched")

    def __init__(
        self, context: AVCodecContext, codec: AVCodec, name: str, max_pixels: int | None
    ) -> None:
        self._limit = max_pixels
        self._codec: str = ffi.string(avcodec.avcodec_get_name(codec.id)).decode()
        self.heads: deque[bytes] = deque(maxlen=_HEADS)
        # Libraries that are not FFmpeg's allocate before FFmpeg hears of a size.
        device = avcodec.AV_CODEC_CAP_HARDWARE | avcodec.AV_CODEC_CAP_HYBRID
        alone = (name.startswith("lib") and name != "libdav1d") or codec.capabilities & device != 0
        self.alone = alone and max_pixels is not None
        self.watched = 0 if max_pixels is None else KEY
        self.most = _NO_LIMIT * 8 if max_pixels is None else max_pixels
        context.max_pixels = native_limit(max_pixels)
        if max_pixels is None:
            return
        header = _bytes(context.extradata, context.extradata_size)
        for size in ((context.width, context.height), _size_in(self._codec, header)):
            problem = None if size is None else excess(*size, max_pixels)
            if problem is not None:
                raise NotSupportedError(f"{name} is not to decode this stream: {problem}")

    def look_at(self, packet: AVPacket, timestamp: int) -> None:
        """Remember the beginning of a chunk, which `explain` wants to see.

        Raises
        ------
        EncodingError
            It is of a picture that is too large, and the decoder would not ask FFmpeg.
        """
        head = _bytes(packet.data, min(packet.size, HEAD))
        self.heads.append(head)
        if head[:8] == PNG:
            self._look_beside(packet, timestamp)
        if self.alone:
            problem = self._problem(head)
            if problem is not None:
                raise EncodingError(
                    f"the chunk at {timestamp} us is not decoded: {problem}", timestamp=timestamp
                )

    @staticmethod
    def _look_beside(packet: AVPacket, timestamp: int) -> None:
        """Raise EncodingError for a PNG with too much beside the picture."""
        with forked.opening:
            from ..._spec.codecs import png
            from ..._spec.files.limits import LIMITS, Claims

        data = memoryview(ffi.buffer(packet.data, packet.size))
        claims = Claims(LIMITS)
        try:
            png.count(lambda at, size: bytes(data[at : at + size]), claims.add)
        except NotSupportedError as error:
            raise EncodingError(
                f"the chunk at {timestamp} us is not decoded: {error}", timestamp=timestamp
            ) from None

    def refuse_frame(self, ptr: AVFrame) -> None:
        """Raise EncodingError if a decoded frame is too large; padding does not count."""
        width = ptr.width - ptr.crop_left - ptr.crop_right
        height = ptr.height - ptr.crop_top - ptr.crop_bottom
        problem = excess(width, height, self._limit)
        if problem is not None:
            raise EncodingError(
                f"the frame at {ptr.pts} us is not given: {problem}", timestamp=ptr.pts
            )

    def explain(self, code: int, what: str) -> EncodingError | None:
        """Return the error for a refusal of FFmpeg's, None if nothing is known of it."""
        if self._limit is None or code not in (-errno.EINVAL, -errno.ENOMEM, _INVALID_DATA):
            return None
        for head in self.heads:
            problem = self._problem(head)
            if problem is not None:
                return EncodingError(f"{what}: {problem}", code=code)
        if code != -errno.EINVAL:
            return None
        return EncodingError(
            f"{what}: {averror.reason(code)}, as FFmpeg says of pictures of more pixels than "
            f"max_pixels={self._limit} allows, among others",
            code=code,
        )

    def _problem(self, head: bytes) -> str | None:
        size = size_of(self._codec, head)
        return None if size is None else excess(*size, self._limit)


def _size_in(codec: str, header: bytes) -> tuple[int, int] | None:
    return _size_in_short(codec, header) if len(header) <= HEAD else size_of(codec, header)


_size_in_short = lru_cache(64)(size_of)  # many files have the same header


def _bytes(data: object, size: int) -> bytes:
    return bytes(ffi.buffer(data, size)) if size else b""
