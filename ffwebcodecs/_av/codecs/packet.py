"""AVPacket: one piece of coded data, its owner, its view.

Decoders read up to 64 bytes past the end of their input, so a packet is *padded* when FFmpeg
allocated it, and *not* when it shows a caller's buffer; `padded` makes the copy that a decoder
needs, and only then.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, ffi
from ...errors import InvalidArgumentError
from .. import atomic, ledger
from ..averror import check
from ..frames import buffers

if TYPE_CHECKING:
    from ..._ffi._types import Array, AVPacket

_packets = ledger.owned("packet")
_boxes: Iterator[Any] | None = None  # made when FFmpeg is loaded
NOPTS = -(2**63)
KEY = 1  # AV_PKT_FLAG_KEY
JOINED = ("av1", "vp8", "vp9")
"""Codecs of alpha channels: those that need no header before the first packet."""
_MAX = 0x7FFFFFFF - 64
_VP8_SHOWN = 16  # in a packet's first byte
_SKIPS = struct.Struct("<II")
_ALPHA = (1).to_bytes(8, "big")


def allocate(size: int = 256) -> AVPacket:
    """Return the owner of a new, empty AVPacket; `size` is a hint for garbage collectors that want
    one.
    """
    box = next(_boxes or _begin())
    ptr: AVPacket = box[0]
    if not ptr:
        raise MemoryError("cannot allocate a packet: FFmpeg is out of memory")
    return _packets.own(ptr, box)


def allocate_many(count: int) -> list[AVPacket]:
    """Return the owners of so many new, empty AVPackets."""
    holders = list(islice(_boxes or _begin(), count))
    ptrs = [box[0] for box in holders]
    if not all(ptrs):
        raise MemoryError("cannot allocate packets: FFmpeg is out of memory")
    return _packets.own_each(ptrs, holders)


def _begin() -> Iterator[Any]:
    global _boxes
    boxes = atomic.boxes("AVPacket **", avcodec.av_packet_free, avcodec.av_packet_alloc)
    _boxes = boxes
    return boxes


def pointer_of(native: Any) -> AVPacket:
    """Return the pointer to a packet that may be the pump's."""
    ptr: AVPacket = native if isinstance(native, ffi.CData) else native.ptr
    return ptr


def copy_of(exported: Array[int], size: int) -> AVPacket:
    """Return a packet with a padded copy of `size` bytes."""
    if size > _MAX:
        raise InvalidArgumentError(f"data holds {size} bytes, a packet holds at most {_MAX}")
    ptr = allocate(size + 256)
    check(avcodec.av_new_packet(ptr, size), f"cannot allocate a packet of {size} bytes")
    buffers.copy_rows(ptr.data, size, ffi.cast("uint8_t *", exported), size, size, 1)
    return ptr


def wrap(exported: Array[int], size: int) -> AVPacket:
    """Return a packet over the caller's memory, without a copy and without padding."""
    if size > _MAX:
        raise InvalidArgumentError(f"data holds {size} bytes, a packet holds at most {_MAX}")
    ptr = allocate()
    if size:
        ref = buffers.lend(ffi.addressof(ptr, "buf"), exported, size)
        ptr.data = ref.data
        ptr.size = size
    return ptr


def tag(ptr: AVPacket, timestamp: int, duration: int, key: bool) -> None:
    """Write microseconds and the key flag into a packet that nobody else has seen yet."""
    ptr.pts = timestamp
    ptr.duration = duration if duration <= 0x7FFFFFFFFFFFFFFF else 0
    ptr.flags = avcodec.AV_PKT_FLAG_KEY if key else 0


def stamp(native: Any, pts: int, dts: int, duration: int) -> None:
    """Write both times and the duration into a packet of ours, or the pump's."""
    if isinstance(native, ffi.CData):
        native.pts, native.dts, native.duration = pts, dts, duration
        return
    native.stamp(pts, dts, duration)


def size_of(native: Any) -> int:
    """Return how many bytes a packet has, that may be the pump's."""
    size: int = native.size
    return size


def head(ptr: AVPacket) -> bytes:
    """Return a copy of the packet's first 8 bytes, or of all if it has less."""
    size = ptr.size
    return ffi.buffer(ptr.data, size if size < 8 else 8)[:] if size else b""


def view(ptr: AVPacket) -> memoryview:
    """Return a read-only view of the packet's bytes that keeps the packet alive."""
    return buffers.view(ptr, ptr.data, ptr.size)


def copy_out(ptr: AVPacket, destination: Array[int]) -> None:
    """Copy the packet's bytes to a pointer that has room for them."""
    buffers.copy_rows(destination, ptr.size, ptr.data, ptr.size, ptr.size, 1)


def padded(ptr: AVPacket) -> AVPacket:
    """Return a packet with the same bytes and properties that a decoder may read past the end
    of.
    """
    copy = allocate(ptr.size + 256)
    check(avcodec.av_new_packet(copy, ptr.size), f"cannot allocate a packet of {ptr.size} bytes")
    buffers.copy_rows(copy.data, ptr.size, ptr.data, ptr.size, ptr.size, 1)
    check(avcodec.av_packet_copy_props(copy, ptr), "cannot copy a packet's properties")
    return copy


def clone(ptr: AVPacket) -> AVPacket:
    """Return another packet over the same bytes, with the same tags."""
    copy = allocate()
    check(avcodec.av_packet_ref(copy, ptr), "cannot keep a packet")
    return copy


def shortened(ptr: AVPacket, size: int) -> AVPacket:
    """Return another packet over the first bytes, with the same tags."""
    copy = clone(ptr)
    copy.size = size
    return copy


def reference(ptr: AVPacket, source: AVPacket) -> None:
    """Make an empty packet of ours show the data and properties of `source`."""
    check(avcodec.av_packet_ref(ptr, source), "cannot refer to a packet")


def move(ptr: AVPacket, source: AVPacket) -> None:
    """Move all that `source` has into an empty packet of ours."""
    avcodec.av_packet_move_ref(ptr, source)


def times(ptr: AVPacket) -> tuple[int | None, int | None]:
    """Return presentation and decoding time, None for one that is not known."""
    pts, dts = ptr.pts, ptr.dts
    return None if pts == NOPTS else pts, None if dts == NOPTS else dts


def place(ptr: AVPacket) -> tuple[int, int, int]:
    """Return position in the file (-1: unknown), size and decoding time: what tells a packet from
    the others of its stream.
    """
    return ptr.pos, ptr.size, ptr.dts


def number(ptr: AVPacket, value: int) -> None:
    """Give a packet of ours a number in place of its times; the decoded frame has it as its
    timestamp.
    """
    ptr.pts = value
    ptr.dts = NOPTS


def show_at(ptr: AVPacket, timestamp: int) -> None:
    """Give a packet of ours another presentation time."""
    ptr.pts = timestamp


def unhide(ptr: AVPacket) -> None:
    """Let the picture of a packet of ours come out although an edit list hides it."""
    ptr.flags &= ~avcodec.AV_PKT_FLAG_DISCARD


def at_time(ptr: AVPacket, timestamp: int) -> AVPacket:
    """Return the packet if it has this time, else another one over the same bytes that has."""
    if ptr.pts == timestamp:
        return ptr
    timed = clone(ptr)
    timed.pts = timestamp
    timed.dts = NOPTS
    return timed


def duration(ptr: AVPacket) -> int | None:
    """Return how long the picture is shown, in the packet's units; None if that is not known."""
    return ptr.duration or None


def said_by(ptr: AVPacket) -> tuple[int, int, int, int, int]:
    """Return both times (`NOPTS`: unknown), the duration (0: unknown), the flags and the size."""
    return ptr.pts, ptr.dts, ptr.duration, ptr.flags, ptr.size


def is_discarded(ptr: AVPacket) -> bool:
    """Return whether the container says that the picture is decoded but not shown."""
    return bool(ptr.flags & avcodec.AV_PKT_FLAG_DISCARD)


def is_key(ptr: AVPacket) -> bool:
    """Return whether decoding may begin with the packet."""
    return bool(ptr.flags & avcodec.AV_PKT_FLAG_KEY)


def mark_key(ptr: AVPacket) -> None:
    """Say of a packet of ours that decoding may begin with it."""
    ptr.flags |= avcodec.AV_PKT_FLAG_KEY


def is_corrupt(ptr: AVPacket) -> bool:
    """Return whether the container says that the packet is damaged, or that one before it is
    missing.
    """
    return bool(ptr.flags & avcodec.AV_PKT_FLAG_CORRUPT)


def is_shown_vp8(ptr: AVPacket) -> bool:
    """Return whether a packet of VP8 holds a picture that is shown."""
    return not ptr.size or bool(ptr.data[0] & _VP8_SHOWN)


def has_alpha(ptr: AVPacket) -> bool:
    """Return whether a coded alpha channel travels with the packet, as in WebM."""
    if not ptr.side_data_elems:
        return False
    kind = avcodec.AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL
    return any(ptr.side_data[i].type == kind for i in range(ptr.side_data_elems))


def is_encrypted(ptr: AVPacket) -> bool:
    """Return whether what is in the packet is encrypted, and nobody has given the key."""
    kind = avcodec.AV_PKT_DATA_ENCRYPTION_INFO
    return any(ptr.side_data[i].type == kind for i in range(ptr.side_data_elems))


def alpha(ptr: AVPacket) -> AVPacket | None:
    """Return a packet of the coded alpha channel that travels with another one, None if none does.

    It stands behind the number of the addition, 8 bytes, which is 1 for alpha.
    """
    kind = avcodec.AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL
    for index in range(ptr.side_data_elems):
        entry = ptr.side_data[index]
        if entry.type == kind and entry.size > 8 and bytes(ffi.buffer(entry.data, 8)) == _ALPHA:
            size = int(entry.size) - 8
            found = allocate(size + 256)
            check(avcodec.av_new_packet(found, size), f"cannot allocate a packet of {size} bytes")
            buffers.copy_rows(found.data, size, entry.data + 8, size, size, 1)
            found.pts, found.dts, found.flags = ptr.pts, ptr.dts, ptr.flags
            return found
    return None


def add_alpha(ptr: AVPacket, alpha: Any, size: int) -> None:
    """Let a coded alpha channel, `size` bytes, travel with a packet of ours, as WebM has it."""
    kind = avcodec.AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL
    data = avcodec.av_packet_new_side_data(ptr, kind, 8 + size)
    if not data:
        raise MemoryError("cannot keep an alpha channel: FFmpeg is out of memory")
    ffi.memmove(data, _ALPHA, 8)
    ffi.memmove(data + 8, alpha, size)


def new_extradata(ptr: AVPacket) -> bytes | None:
    """Return the codec's headers that an encoder sends with a packet, None if there are none."""
    for index in range(ptr.side_data_elems):
        entry = ptr.side_data[index]
        if entry.type == avcodec.AV_PKT_DATA_NEW_EXTRADATA:
            return bytes(ffi.buffer(entry.data, entry.size))
    return None


def forget_extradata(ptr: AVPacket) -> None:
    """Take from a packet of ours the codec's headers that travel with it."""
    _forget(ptr, avcodec.AV_PKT_DATA_NEW_EXTRADATA)


def _forget(ptr: AVPacket, kind: int) -> None:
    for index in range(ptr.side_data_elems):
        entry = ptr.side_data[index]
        if entry.type == kind:
            entry.size = 0  # as av_packet_shrink_side_data does


def behind(ptr: AVPacket, size: int) -> None:
    """Let a packet of ours begin behind so many of its bytes."""
    if size:
        ptr.data += size
        ptr.size -= size


def skips(ptr: AVPacket) -> tuple[int, int]:
    """Return how many samples of sound are to be left out at the beginning and at the end."""
    for index in range(ptr.side_data_elems):
        entry = ptr.side_data[index]
        if entry.type == avcodec.AV_PKT_DATA_SKIP_SAMPLES and entry.size >= 8:
            return _SKIPS.unpack(ffi.buffer(entry.data, 8))
    return 0, 0


def skip_samples(ptr: AVPacket, start: int, end: int) -> None:
    """Say of a packet of ours how many samples at its beginning and its end are to be left out."""
    if skips(ptr) == (start, end):
        return
    kind = avcodec.AV_PKT_DATA_SKIP_SAMPLES
    if start or end:
        add_side_data(ptr, kind, _SKIPS.pack(start, end) + bytes(2))
    else:
        _forget(ptr, kind)


def discard_end(ptr: AVPacket, samples: int) -> None:
    """Say of a packet of ours how many samples at its end are to be left out."""
    skip_samples(ptr, skips(ptr)[0], samples)


def renew_extradata(ptr: AVPacket, extradata: bytes) -> None:
    """Let the codec's headers, as they are known at the end, travel with a packet of ours."""
    add_side_data(ptr, avcodec.AV_PKT_DATA_NEW_EXTRADATA, extradata)


def add_side_data(ptr: AVPacket, kind: int, content: bytes) -> None:
    """Let something, of one of FFmpeg's kinds, travel with a packet of ours."""
    data = avcodec.av_packet_new_side_data(ptr, kind, len(content))
    if not data:
        raise MemoryError("cannot keep what belongs to a packet: FFmpeg is out of memory")
    ffi.memmove(data, content, len(content))


def of_bytes(data: bytes) -> AVPacket:
    """Return a packet with a copy of `data`, and nothing else."""
    ptr = allocate(len(data) + 256)
    check(avcodec.av_new_packet(ptr, len(data)), f"cannot allocate a packet of {len(data)} bytes")
    ffi.memmove(ptr.data, data, len(data))
    return ptr


def has_cue_settings(ptr: AVPacket) -> bool:
    """Return whether WebVTT's settings of a cue travel with the packet: where it is shown."""
    kind = avcodec.AV_PKT_DATA_WEBVTT_SETTINGS
    return any(
        ptr.side_data[i].type == kind and ptr.side_data[i].size for i in range(ptr.side_data_elems)
    )


def start_in_ticks(ptr: AVPacket) -> int:
    """Return when what is in a packet begins, in its own units; it has a time."""
    time: int = ptr.dts if ptr.pts == NOPTS else ptr.pts
    return time


def stop(ptr: AVPacket, time_base: tuple[int, int]) -> int | None:
    """Return when what is in a packet ends, in microseconds, None if it has no time."""
    start = ptr.dts if ptr.pts == NOPTS else ptr.pts
    if start == NOPTS:
        return None
    return _microseconds(start + ptr.duration, time_base)


def start(ptr: AVPacket, time_base: tuple[int, int]) -> int | None:
    """Return when what is in a packet begins, in microseconds, None if it has no time."""
    time = ptr.dts if ptr.pts == NOPTS else ptr.pts
    return None if time == NOPTS else _microseconds(time, time_base)


def _microseconds(time: int, time_base: tuple[int, int]) -> int:
    numerator, denominator = time_base
    return (2 * time * numerator * 1_000_000 + denominator) // (2 * denominator)


def order(ptr: AVPacket) -> int | None:
    """Return the decoding time, or what stands for it, None if there is none."""
    time = ptr.pts if ptr.dts == NOPTS else ptr.dts
    return None if time == NOPTS else time


def order_shown(ptr: AVPacket) -> int | None:
    """Return the presentation time, or what stands for it, None if there is none."""
    time = ptr.dts if ptr.pts == NOPTS else ptr.pts
    return None if time == NOPTS else time


def show(ptr: AVPacket, begin: int, end: int) -> None:
    """Let what is in a packet of ours be shown from one time to another."""
    ptr.pts = ptr.dts = begin
    ptr.duration = end - begin


def last(ptr: AVPacket, duration: int, samples: int) -> None:
    """Let what is heard of a packet of ours last so many ticks, and leave out so many samples at
    its end.
    """
    ptr.duration = duration
    discard_end(ptr, samples)


def place_in_time(ptr: AVPacket, pts: int, dts: int, duration: int) -> None:
    """Write the times of a packet of ours, all in one unit."""
    ptr.pts, ptr.dts, ptr.duration = pts, dts, duration


def shift(ptr: AVPacket, ticks: int) -> None:
    """Add to both times of a packet of ours."""
    if ptr.pts != NOPTS:
        ptr.pts += ticks
    if ptr.dts != NOPTS:
        ptr.dts += ticks


def filled(byte: int, size: int) -> AVPacket:
    """Return a packet of so many equal bytes."""
    ptr = allocate(size + 256)
    check(avcodec.av_new_packet(ptr, size), f"cannot allocate a packet of {size} bytes")
    ffi.buffer(ptr.data, size)[:] = bytes((byte,)) * size
    return ptr


def replace_data(ptr: AVPacket, data: bytes) -> AVPacket:
    """Return a packet with other bytes and the same tags."""
    copy = allocate(len(data) + 256)
    check(avcodec.av_new_packet(copy, len(data)), f"cannot allocate a packet of {len(data)} bytes")
    ffi.memmove(copy.data, data, len(data))
    check(avcodec.av_packet_copy_props(copy, ptr), "cannot copy a packet's properties")
    return copy


def prefixed(ptr: AVPacket, head: bytes) -> AVPacket:
    """Return a packet with the same tags, and these bytes before its own."""
    size = len(head) + ptr.size
    copy = allocate(size + 256)
    check(avcodec.av_new_packet(copy, size), f"cannot allocate a packet of {size} bytes")
    ffi.memmove(copy.data, head, len(head))
    buffers.copy_rows(copy.data + len(head), ptr.size, ptr.data, ptr.size, ptr.size, 1)
    copy.pts, copy.dts, copy.duration, copy.flags = ptr.pts, ptr.dts, ptr.duration, ptr.flags
    return copy


def unref(ptr: AVPacket) -> None:
    """Empty a packet of ours that is about to be used again."""
    avcodec.av_packet_unref(ptr)
