"""The pictures that an encoder is given, and what they and its packets carry besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import avcodec, avutil, ffi
from ..._spec.frames.color import ColorMembers
from .. import atomic, averror, releases
from ..frames import frame as frames
from ..frames.pixel_format import pix_fmt_id

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame, AVFrameSideData, AVPacket, Pointer


class InputFormat(NamedTuple):
    """What an encoder takes: how pictures are stored, and what their colours mean."""

    pix_fmt: str
    width: int
    height: int
    color: ColorMembers


def add_region(frame: AVFrame, steps: int, span: int) -> None:
    """Make a frame's quantizer `steps` higher than the encoder would, of a range of `span`."""
    kind = releases.regions_of_interest()
    region = (28, 0, frame.height, 0, frame.width, steps, span)
    data = b"".join(value.to_bytes(4, "little", signed=True) for value in region)
    side: AVFrameSideData = averror.check_pointer(
        avutil.av_frame_new_side_data(frame, kind, len(data)), "cannot set a quantizer"
    )
    ffi.memmove(side.data, data, len(data))


def side_data_of(ptr: AVPacket) -> bytes | None:
    """Return the coded alpha that came with a packet, None if there is none."""
    for index in range(ptr.side_data_elems):
        entry = ptr.side_data[index]
        if entry.type == avcodec.AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL:
            # Behind the number of the addition, which is 1 for alpha.
            return bytes(ffi.buffer(entry.data, entry.size))[8:]
    return None


def borrow(
    ptr: AVFrame, shown: InputFormat, planes: list[Pointer[int]], strides: list[int]
) -> AVFrame:
    """Return a frame that shows a part of another one's memory and keeps it alive."""
    frame = frames.allocate()
    for index in range(8):
        if not ptr.buf[index]:
            break
        box = frame.buf + index
        atomic.fill(box, avutil.av_buffer_ref, ptr.buf[index])
        averror.check_pointer(box[0], "cannot refer to a frame")
    frame.format = pix_fmt_id(shown.pix_fmt)
    frame.width, frame.height = shown.width, shown.height
    for index, (plane, stride) in enumerate(zip(planes, strides, strict=True)):
        frame.data[index] = plane
        frame.linesize[index] = stride
    return frame


def blank(wanted: InputFormat) -> AVFrame:
    """Return a frame with memory of its own, contents undefined."""
    frame = frames.allocate(4 * wanted.width * wanted.height + 512)
    frame.format = pix_fmt_id(wanted.pix_fmt)
    frame.width, frame.height = wanted.width, wanted.height
    averror.check(avutil.av_frame_get_buffer(frame, 0), "cannot allocate a frame")
    return frame
