"""What `sound` of the pump does, where that is not there: see `ffi_pump.c`.

A packet costs five calls of FFmpeg and a dozen fields here, and no object is made for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avcodec, avformat
from .. import averror, releases
from ..frames.channel_layout import key_of
from .sound_streams import skip_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._ffi._types import AVCodecContext, AVFormatContext, AVFrame, AVPacket

    Write = Callable[[AVFrame, int, int], None]

PAUSED, FAILED, READ, DECODED = range(4)
_NOPTS = -(2**63)


class SoundLoop:
    """Reads packets of a stream, and decodes them for as long as each is a plain one.

    Parameters
    ----------
    codec : AVCodecContext
    packet : AVPacket
        An empty one.
    frames : tuple of two AVFrame
        Empty ones.
    plan : tuple
        As in the pump, numbered there.
    state : list of int
        The same of what goes on; `run` writes what has been reached.

    Attributes
    ----------
    first, second : AVFrame
        What came last; `first` may be one of those that were to be kept.
    """

    __slots__ = (
        *("_again", "_channels", "_codec", "_count", "_den", "_discard", "_ends", "_fmt"),
        *("_has_layouts", "_limit", "_mark", "_marks", "_num", "_number", "_packet", "_position"),
        *("_pts", "_rate", "_receive", "_send", "_state", "_strict", "_bias", "_tolerance"),
        *("_unit", "_zero", "first", "second"),
    )

    def __init__(
        self,
        codec: AVCodecContext,
        packet: AVPacket,
        frames: tuple[AVFrame, AVFrame],
        plan: tuple[int, ...],
        state: list[int],
    ) -> None:
        self._codec, self._packet, self._state = codec, packet, state
        self.first, self.second = frames
        self._send, self._receive = avcodec.avcodec_send_packet, avcodec.avcodec_receive_frame
        self._number, self._fmt, self._rate, self._channels, _, _, self._unit = plan[:7]
        self._zero, self._num, self._den, self._tolerance, self._strict, self._bias = plan[7:13]
        self._ends, self._marks, self._mark, self._limit = plan[13:17]
        self._has_layouts, self._again = releases.has_channel_layouts(), averror.EAGAIN
        self._discard = avcodec.AV_PKT_FLAG_DISCARD
        self._position = state[0]
        self._pts = self._count = 0

    def run(
        self, context: AVFormatContext, left: int, write: Write | None, kept: list[AVFrame]
    ) -> tuple[int, list[int]]:
        """Go on until something else is to be done.

        Parameters
        ----------
        context : AVFormatContext
        left : int
            Bytes to read, about.
        write : callable, optional
            Takes a frame, how many samples were written before it, and its own number of them;
            default: frames are put into the list.
        kept : list of AVFrame
            Empty ones, as many as are kept at most.

        Returns
        -------
        int
            Why it ended.
        list of int
            The samples of each frame that was kept.
        """
        read, unref, packet = avformat.av_read_frame, avcodec.av_packet_unref, self._packet
        state, number, begin = self._state, self._number, self._position
        counts: list[int] = []
        reached, room, like = PAUSED, len(kept), None
        while left > 0 and (write is not None or room):
            code = read(context, packet)
            if code < 0:
                state[8], reached = code, FAILED
                break
            size = packet.size
            left -= size + 1024
            if packet.stream_index != number:
                unref(packet)
                continue
            if not self._is_plain(size):
                reached = READ
                break
            if not self._decode():
                reached = DECODED
                break
            count = self._count
            if write is not None:
                write(self.first, self._position - begin, count)
            else:
                kind = key_of(self.first)
                if kind is None or like not in (None, kind):
                    reached = DECODED
                    break
                like = kind
                kept[len(counts)], self.first = self.first, kept[len(counts)]
                counts.append(count)
                room -= 1
            self._position += count
            state[4], state[5] = self._pts, count
            unref(packet)
        state[0], state[9] = self._position, len(counts)
        return reached, counts

    def _is_plain(self, size: int) -> bool:
        """Tell whether a packet is plain as far as that is seen before it is decoded, and note what
        it says.
        """
        packet, state = self._packet, self._state
        self._pts = pts = packet.pts
        if size <= 0 or size % self._unit or pts == _NOPTS or packet.flags & self._discard:
            return False
        if packet.side_data_elems and skip_of(packet) is not None:
            return False
        tolerance, strict = self._tolerance, self._strict
        if tolerance >= 0:
            off = (pts - self._zero) * self._num - self._position * self._den
            if not -tolerance <= off <= tolerance:
                return False
            if strict >= 0:
                if not -strict <= off - self._bias <= strict:
                    return False
                state[1], state[2] = min(state[1], off), max(state[2], off)
        if self._marks:
            state[3] |= (packet.data[0] if self._marks == 1 else size) != self._mark
        return True

    def _decode(self) -> bool:
        """Decode it; tell whether there is one frame, all of it is heard, and there is room."""
        receive, codec, frame = self._receive, self._codec, self.first
        sent = self._send(codec, self._packet)
        received = code = 0
        if not sent:
            code, received = receive(codec, frame), 1
            if not code:
                code, received = receive(codec, self.second), 2
        self._state[6:9] = sent, received, code
        if received != 2 or code != self._again or frame.pts != self._pts:
            return False
        self._count = count = frame.nb_samples
        channels = frame.ch_layout.nb_channels if self._has_layouts else frame.channels
        if frame.format != self._fmt or frame.sample_rate != self._rate:
            return False
        if channels != self._channels or not 0 < count <= self._limit - self._position:
            return False
        if self._ends and (lasting := self._packet.duration):
            den = self._den
            return (2 * lasting * self._num + den) // (2 * den) >= count
        return True
