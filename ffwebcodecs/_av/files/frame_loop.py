"""What `VideoRun` of the pump does, where that is not there: see `pump/video.c`.

Plain pictures in few steps. What packets and frames say is read with one call of `struct` each:
each field of a pointer costs a third of that.
"""

from __future__ import annotations

import struct
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avformat, ffi
from .. import averror, releases
from ..codecs import packet
from ..codecs.packet import NOPTS
from ..frames import frame as frames
from ..frames.orientation import reader_of_matrices
from ..frames.picture import Picture

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecContext, AVFormatContext, AVFrame, AVPacket
    from ..._spec.files.upcoming import Upcoming

PAUSED, READ_FAILED, READ, SEND_FAILED, RECEIVE_FAILED, GIVEN = range(6)
_FAR = 1 << 61
_FRAMES, _PACKETS, _HEAD = 16, 64, 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_SHOWN = 16  # in a packet's first byte, of VP8
_SIZES = struct.Struct("=2i")


class Rest:
    """What is not plain."""

    __slots__ = ("ptr",)

    def __init__(self, ptr: AVFrame | AVPacket) -> None:
        self.ptr = ptr


def _reader(name: str, *fields: tuple[str, str]) -> tuple[Any, int]:
    """Return what reads these fields of a struct from its bytes, and up to where they lie; they
    are in this order.
    """
    text, end = "=", 0
    for field, code in fields:
        offset = ffi.offsetof(name, field)
        text += f"{offset - end}x{code}"
        end = offset + struct.calcsize(f"={code}")
    return struct.Struct(text).unpack_from, end


@cache
def _readers() -> tuple[tuple[Any, int], tuple[Any, int]] | None:
    """Return what reads packets and frames; None where fields lie otherwise than this knows."""
    at = ffi.offsetof
    wide = at("AVFrame", "crop_right") + 8 - at("AVFrame", "hw_frames_ctx")
    order = ["linesize", "width", "sample_aspect_ratio", "pts", "nb_side_data", "color_range"]
    places = [at("AVFrame", name) for name in (*order, "hw_frames_ctx", "crop_top")]
    runs = [
        [at("AVFrame", name) for name in names]
        for names in (
            ("color_range", "color_primaries", "color_trc", "colorspace"),
            ("width", "height", "nb_samples", "format"),
        )
    ]
    crops = {at("AVFrame", f"crop_{side}") for side in ("top", "bottom", "left", "right")}
    is_usual = all(run == list(range(run[0], run[0] + 16, 4)) for run in runs)
    if not is_usual or max(crops) - min(crops) != 24 or ffi.sizeof("void *") != 8:
        return None
    if places != sorted(places) or places[-1] != min(crops) or releases.orientation_is_old():
        return None
    picture = zip(order, ("i", "16s", "8s", "q", "i", "16s"), strict=True)
    return (
        _reader(
            "AVPacket",
            *(("pts", "q"), ("dts", "q"), ("size", "i"), ("stream_index", "i"), ("flags", "i")),
            *(("side_data_elems", "i"), ("duration", "q")),
        ),
        _reader("AVFrame", *picture, ("hw_frames_ctx", f"{wide}s")),
    )


def frame_loop(plan: tuple[int, ...], gives_one: bool) -> FrameLoop | None:
    """Return what does as `VideoRun`, None where that is not known of this FFmpeg."""
    readers = _readers()
    return None if readers is None else FrameLoop(plan, gives_one, *readers)


class FrameLoop:
    """Does what `VideoRun` does, with pointers for addresses.

    Parameters
    ----------
    plan : tuple of int
        As `VideoRun` has it.
    gives_one : bool
        No packet has two frames: who has got one need not ask for another.
    packets, frames
        What reads their fields.
    """

    __slots__ = (
        *("_area", "_base", "_before", "_came", "_far", "_frames", "_given", "_gives_one"),
        *("_heads", "_is_wet", "_known"),
        *("_latest", "_matrix_of", "_others", "_packet", "_packets", "_plan", "_room", "_rows"),
        *("_seen", "_sent", "_stock", "_until", "_view"),
    )

    def __init__(
        self,
        plan: tuple[int, ...],
        gives_one: bool,
        packets: tuple[Any, int],
        frames: tuple[Any, int],
    ) -> None:
        self._plan = plan
        base = ffi.new("AVRational[2]", [plan[1:3], (1, 1000000)])
        self._base = base, base[0], base[1]  # the first one keeps the others
        self._packet: AVPacket = packet.allocate()
        self._view = ffi.buffer(self._packet, packets[1])
        self._packets, self._frames = packets[0], frames
        self._matrix_of = reader_of_matrices()
        self._stock: list[AVFrame] = []
        self._known: Any = None  # what the row before looks like
        self._seen: Any = None  # what the frame before does, and its pixels
        self._area = 0
        self._is_wet = False
        self._gives_one = gives_one
        # What a time may be, in ticks, so that it is not too large in microseconds.
        self._far = _FAR * plan[2] // (1000000 * plan[1]) if plan[1] > 0 else 0

    def set_wet(self, is_wet: bool) -> None:
        """Say whether the decoder may have frames."""
        self._is_wet = is_wet

    def go(
        self,
        context: AVFormatContext,
        codec: AVCodecContext,
        upcoming: Upcoming | None,
        room: int,
        latest_frame: int,
        latest: int,
        _numbers: None = None,
    ) -> tuple[Any, ...]:
        """Read and decode, see `VideoRun.go`; numbers are not known here."""
        self._rows: list[Any] = []
        self._sent: list[int] = []
        self._given: list[int] = []
        self._heads: list[bytes] = []
        self._others: list[tuple[Rest, int]] = []
        self._came = 0, 0, 0, 0  # of the last packet: dts in ticks, flags; its time, and its end
        self._room, self._before, self._latest = room, latest_frame, latest
        self._until = monotonic() + self._plan[10] / 1e6
        try:
            reached, code, rest = self._run(context, codec, upcoming)
        except BaseException as error:
            del context, codec
            averror.let_go(error)
            raise
        rows, others, sent = self._rows, self._others, self._sent
        self._rows, self._others = [], []
        rows.reverse()
        came = (len(sent), *self._came, self._latest, self._before)
        wet = self._is_wet
        return reached, code, rows, sent, self._given, self._heads, others, rest, wet, came

    def _run(
        self, context: AVFormatContext, codec: AVCodecContext, upcoming: Upcoming | None
    ) -> tuple[int, int, Rest | None]:
        stock, ptr, stream = self._stock, self._packet, self._plan[0]
        receive, read = avcodec.avcodec_receive_frame, avformat.av_read_frame
        while True:
            if self._is_wet:
                frame = stock.pop() if stock else self._new()
                code = receive(codec, frame)
                if not code:
                    reached = self._take(frame, upcoming)
                    self._is_wet = not self._gives_one
                    if reached is None:
                        continue
                    return reached, 0, Rest(frame) if reached == GIVEN else None
                stock.append(frame)
                del frame
                if code != averror.EAGAIN:
                    return RECEIVE_FAILED, code, None
                self._is_wet = False
            if len(self._sent) == _PACKETS or len(self._others) == _PACKETS:
                return PAUSED, 0, None
            code = read(context, ptr)
            if code < 0:
                return READ_FAILED, code, None
            if ptr.stream_index != stream:
                self._put_aside(ptr)
                continue
            if not self._note(ptr, upcoming):
                return READ, 0, Rest(self._moved(ptr))
            code = avcodec.avcodec_send_packet(codec, ptr)
            avcodec.av_packet_unref(ptr)
            if code < 0:
                return SEND_FAILED, code, None
            self._is_wet = True

    def _new(self) -> AVFrame:
        self._stock += frames.allocate_many(_FRAMES)
        return self._stock.pop()

    @staticmethod
    def _moved(ptr: AVPacket) -> AVPacket:
        found = packet.allocate()
        avcodec.av_packet_move_ref(found, ptr)
        return found

    def _put_aside(self, ptr: AVPacket) -> None:
        if self._plan[9]:
            self._others.append((Rest(self._moved(ptr)), len(self._rows)))
        else:
            avcodec.av_packet_unref(ptr)

    def _note(self, ptr: AVPacket, upcoming: Upcoming | None) -> bool:
        """Note a packet of the video; return whether it is plain, else it is as it was."""
        unpack, view = self._packets, self._view
        pts, dts, size, _, flags, sides, duration = unpack(view)
        _, _, _, step, _, watched, _, _, hides, *_ = self._plan
        far = self._far
        if pts == NOPTS or size <= 0 or not -far < pts < far or not 0 <= duration < far:
            return False
        if sides and (packet.is_encrypted(ptr) or packet.has_alpha(ptr)):
            return False
        watched &= flags
        if watched:
            head = bytes(ffi.buffer(ptr.data, min(size, _HEAD)))
            if head[:8] == _PNG:
                return False
            self._heads.append(head)
        avcodec.av_packet_rescale_ts(ptr, self._base[1], self._base[2])
        time, decoded, _, _, _, _, lasting = unpack(view)
        end = time + (lasting or step)
        self._came = dts, flags, time, end
        if end > self._latest:
            self._latest = end
        if upcoming is not None and (not hides or ptr.data[0] & _SHOWN):
            upcoming.add(time, decoded)
        self._sent.append(time)
        return True

    def _take(self, frame: AVFrame, upcoming: Upcoming | None) -> int | None:
        """Take a frame; return None if more are wanted."""
        reader, size = self._frames
        line, sizes, sar, pts, sides, colors, more = reader(ffi.buffer(frame, size))
        key = sizes, sar, colors, more
        if key != self._seen:
            width, height = _SIZES.unpack_from(sizes)
            self._seen, self._area = key, width * height
        plan = self._plan
        if pts == self._before or not -_FAR < pts < _FAR or line < 0 or self._area > plan[4]:
            return GIVEN
        if sides and self._matrix_of(frame):
            return GIVEN
        self._before = pts
        self._given.append(pts)
        if pts < plan[6]:
            return PAUSED if len(self._given) == _PACKETS else None
        rows, stop = self._rows, plan[7]
        length = frames.duration(frame)
        if upcoming is not None and pts < stop:
            length = upcoming.lasting(pts, length)
        is_other = key != self._known
        self._known = key
        rows.append((Picture(frame), pts, length, is_other))
        count = len(rows)
        if count >= self._room or pts >= stop or (count + 1) * self._area > plan[11]:
            return PAUSED
        return PAUSED if count & 1 == 0 and monotonic() > self._until else None
