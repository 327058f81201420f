"""Whether an encoder of MPEG-4 has put two pictures into one packet, as DivX did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import ffi
from ..._spec.codecs.picture_limit import HEAD

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecParameters, AVPacket

_USER_DATA = b"\0\0\1\xb2DivX"  # and a version, with a "p" at its end


def is_packed(first: AVPacket, parameters: AVCodecParameters) -> bool:
    """Return whether the encoder says that it puts two pictures into one packet."""
    head = bytes(ffi.buffer(first.data, min(first.size, HEAD))) if first.size else b""
    if parameters.extradata_size:
        head = bytes(ffi.buffer(parameters.extradata, parameters.extradata_size)) + head
    at = head.find(_USER_DATA)
    if at < 0:
        return False
    text = head[at + len(_USER_DATA) :].split(b"\0", 1)[0]
    return text.endswith(b"p")
