"""What a decoder takes for an error: damage that it would conceal, where that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avcodec, ffi
from ..._spec.codecs import avc

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecContext, AVPacket

# Decoders that can say of damage what they would conceal otherwise.
_ABLE = frozenset(
    {"h263", "h264", "hevc", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "png", "apng"}
)
# With threads they see less of it. Besides, MPEG-4's for frames are not told of a picture that is
# left, which ends the process; and with those of H.264 the flags cannot be changed on the way.
_ALONE = frozenset({"h264", "mpeg1video", "mpeg2video", "mpeg4"})


class Recognition:
    """Makes a decoder take damage inside a picture for an error.

    What begins at an open group of pictures may unmark references that were before it: the H.264
    decoder takes that for damage too. There it conceals, up to the next key frame.

    Parameters
    ----------
    context : AVCodecContext
        Not open yet.
    name : str
        FFmpeg's name of the decoder.
    """

    __slots__ = ("_begun", "_context", "_length_size", "watches")

    def __init__(self, context: AVCodecContext, name: str) -> None:
        self._context = context
        self._begun = False  # at a key frame
        self._length_size: int | None = None
        self.watches = name == "h264"
        if name not in _ABLE:
            return
        if name in _ALONE:
            context.thread_count = 1
        self._set(not self.watches)
        header = bytes(ffi.buffer(context.extradata, context.extradata_size))
        if self.watches and avc.is_description(header):
            self._length_size = (header[4] & 3) + 1 if len(header) > 4 else None

    def restart(self) -> None:
        """What comes next is a beginning."""
        self._begun = False
        if self.watches:
            self._set(False)

    def look_at(self, packet: AVPacket) -> None:
        """Look at a key packet that is about to be sent."""
        begun, self._begun = self._begun, True
        data = ffi.buffer(packet.data, packet.size) if packet.size else b""
        self._set(begun or avc.is_closed(data, self._length_size))

    def _set(self, on: bool) -> None:
        explode = avcodec.AV_EF_EXPLODE | avcodec.AV_EF_CRCCHECK
        self._context.err_recognition = explode if on else 0
