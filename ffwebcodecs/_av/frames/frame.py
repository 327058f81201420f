"""AVFrame: made, filled, described, viewed.

Everything here returns an *owner*: a pointer; when its last Python reference goes, the frame is
freed. Frames are not written after they were handed out, so clones, views and running
conversions share one owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..._ffi import avutil, ffi
from ..._spec.frames.formats import PixelFormat, PlaneSpec
from ..._spec.frames.layout import ComputedLayout
from ..._spec.frames.rect import Rect
from ...errors import NotSupportedError
from .. import atomic, ledger, releases
from ..averror import check_pointer
from . import buffers
from .pixel_format import geometry, pix_fmt_id

if TYPE_CHECKING:
    from ..._ffi._types import Array, AVFrame, Bytes, Pointer
    from .spares import Spares

_frames = ledger.owned("frame")
_boxes: Iterator[Any] | None = None  # made when FFmpeg is loaded
_ALIGN = 64  # widest SIMD row that FFmpeg's own allocator provides for
_ROOM = 256  # bytes behind the last plane: with them libswscale scales it where it lies


def allocate(size: int = 512) -> AVFrame:
    """Return the owner of a new, empty AVFrame; `size` is a hint in bytes for garbage collectors
    that want one.
    """
    box = next(_boxes or _begin())
    ptr: AVFrame = box[0]
    if not ptr:
        raise MemoryError("cannot allocate a frame: FFmpeg is out of memory")
    return _frames.own(ptr, box)


def allocate_many(count: int) -> list[AVFrame]:
    """Return the owners of so many new, empty AVFrames."""
    holders = list(islice(_boxes or _begin(), count))
    ptrs = [box[0] for box in holders]
    if not all(ptrs):
        raise MemoryError("cannot allocate frames: FFmpeg is out of memory")
    return _frames.own_each(ptrs, holders)


def _begin() -> Iterator[Any]:
    global _boxes
    boxes = atomic.boxes("AVFrame **", avutil.av_frame_free, avutil.av_frame_alloc)
    _boxes = boxes
    return boxes


# ---- making --------------------------------------------------------------------------------------


def new(
    pix_fmt: str | None,
    width: int,
    height: int,
    rows: Sequence[tuple[int, int]],
    spares: Spares | None = None,
) -> AVFrame:
    """Return a frame with memory of its own, contents undefined.

    Parameters
    ----------
    pix_fmt : str or None
        FFmpeg's name; None for the one WebCodecs format that has none.
    width, height : int
        In luma pixels.
    rows : sequence of (int, int)
        Row bytes and number of rows of each plane. Each row is padded to a multiple of 64 bytes.
    spares : Spares, optional
        Where the memory is from.
    """
    strides = [row + _ALIGN - 1 & -_ALIGN for row, _ in rows]
    total = sum(stride * count for stride, (_, count) in zip(strides, rows, strict=True))
    ptr = allocate(total + 512)
    fill = buffers.allocate if spares is None else spares.fill
    ref = fill(ptr.buf, total + _ROOM)
    ptr.format = -1 if pix_fmt is None else pix_fmt_id(pix_fmt)
    ptr.width = width
    ptr.height = height
    offset = 0
    for index, (stride, (_, count)) in enumerate(zip(strides, rows, strict=True)):
        ptr.data[index] = ref.data + offset
        ptr.linesize[index] = stride
        offset += stride * count
    return ptr


def copied(
    exported: Array[int],
    fmt: PixelFormat,
    planes: Sequence[tuple[int, int]],
    visible: Rect,
    rows: Sequence[tuple[int, int]],
) -> AVFrame:
    """Return a frame with a copy of a part of the caller's pixels, made without the GIL.

    Parameters
    ----------
    exported : cdata
        From `buffers.export`; borrowed for this call only.
    fmt : PixelFormat
        Of the pixels.
    planes : sequence of (int, int)
        Offset and stride in bytes of each plane in `exported`, already checked against its size.
    visible : Rect
        The part, in luma pixels.
    rows : sequence of (int, int)
        Row bytes and number of rows of each plane of the part, as for `new`.
    """
    ptr = new(fmt.ffmpeg, visible.width, visible.height, rows)
    data, linesize, (x, y, _, _) = ptr.data, ptr.linesize, visible
    for index, (plane, (offset, stride), (row, count)) in enumerate(
        zip(fmt.planes, planes, rows, strict=True)
    ):
        start = offset + y // plane.sub_y * stride + x // plane.sub_x * plane.element_bytes
        buffers.copy_rows(data[index], linesize[index], exported + start, stride, row, count)
    return ptr


def tight(
    pix_fmt: str | None, width: int, height: int, where: ComputedLayout
) -> tuple[AVFrame, Pointer[int]]:
    """Return a frame with memory of its own whose planes lie in one block as `where` says, and a
    borrowed ``uint8_t *`` to that block, valid while the frame is referenced.
    """
    ptr = new(pix_fmt, width, height, [(where.size, 1)])
    data, linesize = ptr.data, ptr.linesize
    base = data[0]
    for index, (offset, stride) in enumerate(where.planes):
        data[index] = base + offset
        linesize[index] = stride
    return ptr, base


def wrap(
    exported: Array[int],
    size: int,
    pix_fmt: str | None,
    width: int,
    height: int,
    planes: Sequence[tuple[int, int]],
) -> AVFrame:
    """Return a frame over the caller's memory, without a copy.

    Parameters
    ----------
    exported : uint8_t[]
        From `buffers.export`; it stays exported until FFmpeg's last reference is gone.
    size : int
        Bytes in it.
    planes : sequence of (int, int)
        Offset and stride in bytes of each plane, already checked against `size`.
    """
    ptr = allocate()
    ref = buffers.lend(ptr.buf, exported, size)
    ptr.format = -1 if pix_fmt is None else pix_fmt_id(pix_fmt)
    ptr.width = width
    ptr.height = height
    start, data, linesize = ref.data, ptr.data, ptr.linesize
    for index, (offset, stride) in enumerate(planes):
        data[index] = start + offset
        linesize[index] = stride
    return ptr


def tag(
    ptr: AVFrame,
    timestamp: int,
    primaries: int,
    transfer: int,
    matrix: int,
    full_range: bool | None,
) -> None:
    """Write timestamp and H.273 colour codes (2: unspecified) into a frame that nobody else has
    seen yet.
    """
    ptr.pts = timestamp
    ptr.color_primaries = primaries
    ptr.color_trc = transfer
    ptr.colorspace = matrix
    ptr.color_range = 0 if full_range is None else 2 if full_range else 1


def upright(ptr: AVFrame) -> AVFrame:
    """Return `ptr`, or a copy of it with rows from top to bottom if its strides are negative (some
    raw video).
    """
    if min(ptr.linesize[0], ptr.linesize[1], ptr.linesize[2], ptr.linesize[3]) >= 0:
        return ptr
    return duplicate(ptr)


def duplicate(ptr: AVFrame) -> AVFrame:
    """Return a frame in memory of its own with the same pixels, of the whole coded picture, and
    the same properties.
    """
    copy = allocate()
    copy.format, copy.width, copy.height = ptr.format, ptr.width, ptr.height
    check_pointer(avutil.av_frame_get_buffer(copy, 0) == 0, "cannot copy a frame")
    check_pointer(avutil.av_frame_copy(copy, ptr) >= 0, "cannot copy a frame")
    check_pointer(avutil.av_frame_copy_props(copy, ptr) >= 0, "cannot copy a frame")
    return copy


def resemble(ptr: AVFrame, other: AVFrame, *, is_on_its_side: bool) -> None:
    """Give a frame of one's own what is said of another one, but for its places: size, crop, where
    chroma lies. `is_on_its_side`: columns have become rows.
    """
    check_pointer(avutil.av_frame_copy_props(ptr, other) >= 0, "cannot copy a frame's properties")
    ptr.crop_left = ptr.crop_top = ptr.crop_right = ptr.crop_bottom = 0
    ptr.chroma_location = 0
    if is_on_its_side:
        sar = other.sample_aspect_ratio
        ptr.sample_aspect_ratio = (sar.den, sar.num) if sar.num else (0, 1)


def cropped(ptr: AVFrame) -> AVFrame:
    """Return another frame over the same pixels whose visible part is all of it."""
    copy = allocate()
    check_pointer(avutil.av_frame_ref(copy, ptr) >= 0, "cannot refer to a frame")
    unaligned = avutil.AV_FRAME_CROP_UNALIGNED
    check_pointer(avutil.av_frame_apply_cropping(copy, unaligned) >= 0, "cannot crop a frame")
    return copy


# ---- describing ----------------------------------------------------------------------------------


def timestamp(ptr: AVFrame) -> int:
    """Return the frame's presentation time in the units that its packet had."""
    return ptr.pts


def duration(ptr: AVFrame) -> int:
    """Return the frame's duration in the units that its packet had, 0 if unknown."""
    return ptr.duration if releases.frame_has_duration() else ptr.pkt_duration


def set_duration(ptr: AVFrame, value: int) -> None:
    """Write the duration into a frame that nobody else has seen yet."""
    if releases.frame_has_duration():
        ptr.duration = value
    else:
        ptr.pkt_duration = value


def stamp(ptr: AVFrame, value: int) -> None:
    """Write the presentation time into a frame that nobody else has seen yet."""
    ptr.pts = value


def is_predicted(ptr: AVFrame) -> bool:
    """Return whether the decoder says that it took other pictures to make this one. Some never say
    what they do.
    """
    if ptr.pict_type not in (avutil.AV_PICTURE_TYPE_P, avutil.AV_PICTURE_TYPE_B):
        return False
    return not is_key(ptr)


def byte_size(ptr: AVFrame) -> int:
    """Return how many bytes of memory a frame's pixels or samples take, padding too."""
    size = sum(buf.size for i in range(8) if (buf := ptr.buf[i]))  # 8: AV_NUM_DATA_POINTERS
    return size + sum(ptr.extended_buf[i].size for i in range(ptr.nb_extended_buf))


def holds(ptr: AVFrame, start: int, end: int) -> bool:
    """Return whether memory between two addresses is that of a frame's pixels."""
    for index in range(8):  # AV_NUM_DATA_POINTERS
        ref = ptr.buf[index]
        if not ref:
            break
        first = int(ffi.cast("uintptr_t", ref.data))
        if start < first + ref.size and first < end:
            return True
    return False


def is_key(ptr: AVFrame) -> bool:
    """Return whether the decoder says that decoding may begin with the picture."""
    if releases.frame_has_key_field():
        return bool(ptr.key_frame)
    return bool(ptr.flags & avutil.AV_FRAME_FLAG_KEY)


def is_on_device(ptr: AVFrame) -> bool:
    """Return whether the picture lies in a device's memory."""
    return bool(ptr.hw_frames_ctx)


def is_interlaced(ptr: AVFrame) -> bool:
    """Return whether the decoder says that the picture is two fields, taken one after the other."""
    if releases.frame_has_interlaced_field():
        return bool(ptr.interlaced_frame)
    return bool(ptr.flags & avutil.AV_FRAME_FLAG_INTERLACED)


def first_field(ptr: AVFrame) -> int:
    """Return which of two fields was taken first: 1 the upper, 2 the lower; 0: there are none."""
    if not is_interlaced(ptr):
        return 0
    if releases.frame_has_interlaced_field():
        return 1 if ptr.top_field_first else 2
    return 1 if ptr.flags & avutil.AV_FRAME_FLAG_TOP_FIELD_FIRST else 2


def set_first_field(ptr: AVFrame, first: int) -> None:
    """Say the same of a frame that nobody else has seen yet."""
    if releases.frame_has_interlaced_field():
        ptr.interlaced_frame, ptr.top_field_first = int(first > 0), int(first == 1)
        return
    upper = avutil.AV_FRAME_FLAG_TOP_FIELD_FIRST
    ptr.flags &= ~(avutil.AV_FRAME_FLAG_INTERLACED | upper)
    if first:
        ptr.flags |= avutil.AV_FRAME_FLAG_INTERLACED | (upper if first == 1 else 0)


def is_damaged(ptr: AVFrame) -> bool:
    """Return whether the decoder says that the picture is not what was encoded."""
    return bool(ptr.decode_error_flags or ptr.flags & avutil.AV_FRAME_FLAG_CORRUPT)


def describe(ptr: AVFrame) -> tuple[int, ...]:
    """Return what stays the same from frame to frame of a stream, as a key to cache by.

    (format, width, height, crop left, top, right, bottom, SAR numerator, denominator, primaries,
    transfer, matrix, range), as FFmpeg's numbers. The format of a frame on a device is the one it
    has when it is downloaded.
    """
    sar = ptr.sample_aspect_ratio
    surfaces = ptr.hw_frames_ctx
    return (
        ffi.cast("AVHWFramesContext *", surfaces.data).sw_format if surfaces else ptr.format,
        ptr.width,
        ptr.height,
        ptr.crop_left,
        ptr.crop_top,
        ptr.crop_right,
        ptr.crop_bottom,
        sar.num,
        sar.den,
        ptr.color_primaries,
        ptr.color_trc,
        ptr.colorspace,
        ptr.color_range,
    )


# ---- looking at ----------------------------------------------------------------------------------


def plane_view(ptr: AVFrame, index: int, plane: PlaneSpec, visible: Rect) -> tuple[memoryview, int]:
    """Return a view of the visible part of one plane, and its stride in bytes; the view keeps the
    frame's memory.

    The view spans whole strides where the memory holds them, else it ends with the last row's last
    byte.
    """
    stride = ptr.linesize[index]
    offset = visible.y // plane.sub_y * stride + visible.x // plane.sub_x * plane.element_bytes
    rows = plane.rows(visible.height)
    size = stride * rows
    if offset or ptr.opaque:
        size += plane.row_bytes(visible.width) - stride
    return buffers.view(ptr, ptr.data[index] + offset, size), stride


def mark_exact(ptr: AVFrame) -> None:
    """Note of a frame over others' memory that planes may end with their last pixel."""
    ptr.opaque = ffi.cast("void *", 1)  # its owner's own: FFmpeg copies it and never looks at it


def sample_view(
    ptr: AVFrame, index: int, place: tuple[int, int], size: tuple[int, int], *, writable: bool
) -> tuple[memoryview, int]:
    """Return a view of a part of one plane, and its stride in bytes; the view keeps the frame's
    memory.

    Parameters
    ----------
    place : (int, int)
        Where it begins: bytes in a row, and rows.
    size : (int, int)
        Bytes in a row, and rows.
    writable : bool
        Whether it is written: nobody else has seen the frame yet.
    """
    stride = ptr.linesize[index]
    (offset, top), (row, rows) = place, size
    start = ptr.data[index] + (top * stride + offset)
    return buffers.view(ptr, start, stride * (rows - 1) + row, writable=writable), stride


def block_view(ptr: AVFrame, size: int) -> memoryview:
    """Return a view of the block of `size` bytes of a frame that `tight` made; the view keeps the
    frame's memory.
    """
    return buffers.view(ptr, ptr.data[0], size)


def copy_region(
    ptr: AVFrame, fmt: PixelFormat, x: int, y: int, where: ComputedLayout, destination: Bytes
) -> None:
    """Copy the pixels of a frame from luma pixel (x, y) on, without the GIL, to where they belong
    in `destination`, a ``uint8_t *``.

    Frame and destination are borrowed for this call only; `where` says how much is copied, and is
    already checked against both.
    """
    linesize, data, copy_rows = ptr.linesize, ptr.data, buffers.copy_rows
    for index, (plane, (offset, stride), row, rows) in enumerate(
        zip(fmt.planes, where.planes, where.row_bytes, where.rows, strict=True)
    ):
        step = linesize[index]
        start = data[index]
        if x or y:
            start += y // plane.sub_y * step + x // plane.sub_x * plane.element_bytes
        copy_rows(destination + offset, stride, start, step, row, rows)


def region(ptr: AVFrame, pix_fmt: str, x: int, y: int) -> tuple[list[Pointer[int]], list[int]]:
    """Return borrowed plane pointers and strides of a frame from luma pixel (x, y) on, valid while
    `ptr` is referenced.
    """
    data, linesize = ptr.data, ptr.linesize
    planes, strides = [], []
    if not x and not y:
        for index in range(4):
            start = data[index]
            if not start:
                break
            planes.append(start)
            strides.append(linesize[index])
        return planes, strides
    elements = geometry(pix_fmt)
    for index, (sub_x, sub_y, step) in enumerate(elements):
        if x and (not step or (len(elements) == 1 and x % sub_x)):
            raise NotSupportedError(
                f"{pix_fmt} packs several pixels together: it cannot be read from x = {x} on"
            )
        planes.append(data[index] + (y // sub_y * linesize[index] + x // sub_x * step))
        strides.append(linesize[index])
    if pix_fmt == "pal8":
        planes.append(data[1])  # the palette
        strides.append(0)
    return planes, strides
