"""The pump: an extension that reads, sends and receives without the GIL, many packets a call.

It is one for both modes and every FFmpeg (`ffi_pump.c`): here it is told where FFmpeg's functions
are, and where its structs have what. Where it is not (no compiler at the installation, PyPy, a
Python without GIL, another interpreter than the first one of the process), and with the
environment's ``FFWEBCODECS_PUMP=0``, loops of Python do the same.

What it makes are objects of its own, a `Frame`, a `Picture` or a `Packet`, that free what they have
without a line of Python. The pointer that all else here works with is made when it is wanted
(``ptr``): it keeps the object. The ledger counts them by what the pump counts.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from .._ffi import FREES_LATE, address_of, avcodec, avutil, ffi
from . import ledger, releases
from .keeping import keep

if TYPE_CHECKING:
    from .._ffi._types import AVCodecContext, AVFrame, AVPacket

MOST = 32
"""Packets a call that decodes; more gain nothing, and `close` would have to wait for them."""
MOST_PICTURES = 16
"""Packets a call that decodes pictures."""
TIME = 2000
"""Microseconds after which no further one is begun."""

_FUNCTIONS = {
    "avutil": ("av_frame_alloc", "av_frame_free", "av_frame_unref"),
    "avcodec": (
        *("av_packet_alloc", "av_packet_free", "av_packet_ref", "av_packet_unref"),
        *("avcodec_send_packet", "avcodec_receive_frame"),
        *("av_packet_move_ref", "av_packet_rescale_ts"),
    ),
}
# What a picture looks like: its sizes, numbers, and what is as wide as a pointer.
_NUMBERS = (
    *("format", "width", "height"),
    *("color_primaries", "color_trc", "colorspace", "color_range"),
)
_WIDE = ("crop_left", "crop_top", "crop_right", "crop_bottom", "hw_frames_ctx")
_SPAN = 16  # bytes at most
_OF_FILES = ("avformat", "av_read_frame")


class _Known:
    """The extension, once it was looked for."""

    module: Any = None
    is_settled = False
    reads = False
    spans: tuple[tuple[int, int], ...] = ()
    picture_spans: tuple[tuple[int, int], ...] = ()


_known = _Known()


def get() -> Any:
    """Return the extension, ready to be called; None where there is none."""
    if not _known.is_settled:
        _settle()
    return _known.module


def extension() -> Any:
    """Return the extension for what needs no FFmpeg; None where there is none."""
    if FREES_LATE or os.environ.get("FFWEBCODECS_PUMP") == "0":
        return None
    try:
        module = importlib.import_module("ffwebcodecs._ffi._pump")
    except ImportError:
        return None
    return module if module.is_main() else None


def for_files() -> Any:
    """Return the extension, ready to read files too; None where there is none."""
    module = get()
    if module is not None and not _known.reads:
        library, name = _OF_FILES
        tell(module, {name: number(address_of(library, name))})
        _known.reads = True
    return module


def tell(module: Any, numbers: dict[str, int]) -> None:
    """Tell the extension more addresses and offsets."""
    module.setup(numbers, _pointer, _packet)


def _settle() -> None:
    # Two threads that do it together do the same.
    module = extension()
    if module is not None:
        module.setup(_numbers(), _pointer, _packet)
        ledger.owned("frame").count_also(module.frames, module.held_frames)
        ledger.owned("packet").count_also(module.packets, module.held_packets)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=module.inherit)
        _known.spans = _spans()
        _known.picture_spans = _picture_spans()
        _known.module = module
    _known.is_settled = True


def number(pointer: Any) -> int:
    """Return a pointer as a number; whoever has the pointer keeps what it points to."""
    return int(ffi.cast("uintptr_t", pointer))


def _numbers() -> dict[str, int]:
    """Return what `setup` is told."""
    told = {
        name: number(address_of(library, name))
        for library, names in _FUNCTIONS.items()
        for name in names
    }
    has_layouts = releases.has_channel_layouts()
    fields: dict[str, tuple[str, ...]] = {
        "frame_pts": ("AVFrame", "pts"),
        "frame_samples": ("AVFrame", "nb_samples"),
        "frame_data": ("AVFrame", "extended_data"),
        "frame_format": ("AVFrame", "format"),
        "frame_rate": ("AVFrame", "sample_rate"),
        "frame_channels": ("AVFrame", "ch_layout", "nb_channels")
        if has_layouts
        else ("AVFrame", "channels"),
        # Behind order and number is the mask of places.
        "frame_places": ("AVFrame", "ch_layout" if has_layouts else "channel_layout"),
        "frame_width": ("AVFrame", "width"),
        "frame_height": ("AVFrame", "height"),
        "frame_linesize": ("AVFrame", "linesize"),
        "frame_sides": ("AVFrame", "nb_side_data"),
        "frame_duration": (
            "AVFrame",
            "duration" if releases.frame_has_duration() else "pkt_duration",
        ),
        "frame_surfaces": ("AVFrame", "hw_frames_ctx"),
        "frame_side": ("AVFrame", "side_data"),
        "frame_side_type": ("AVFrameSideData", "type"),
        "packet_pts": ("AVPacket", "pts"),
        "packet_dts": ("AVPacket", "dts"),
        "packet_size": ("AVPacket", "size"),
        "packet_flags": ("AVPacket", "flags"),
        "packet_duration": ("AVPacket", "duration"),
        "packet_data": ("AVPacket", "data"),
        "packet_stream": ("AVPacket", "stream_index"),
        "packet_side": ("AVPacket", "side_data"),
        "packet_sides": ("AVPacket", "side_data_elems"),
        "side_type": ("AVPacketSideData", "type"),
    }
    told |= {name: ffi.offsetof(*path) for name, path in fields.items()}
    told["frame_places"] += 8 if has_layouts else 0
    order = ffi.offsetof("AVFrame", "ch_layout", "order") if has_layouts else -1
    told |= {"frame_order": order, "side_size": ffi.sizeof("AVPacketSideData")}
    told |= {"side_skips": avcodec.AV_PKT_DATA_SKIP_SAMPLES}
    told |= {"side_encryption": avcodec.AV_PKT_DATA_ENCRYPTION_INFO}
    told |= {"side_addition": avcodec.AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL}
    told |= {"side_matrix": avutil.AV_FRAME_DATA_DISPLAYMATRIX}
    # Where the orientation of a JPEG stands.
    old = releases.orientation_is_old()
    told |= {"frame_metadata": ffi.offsetof("AVFrame", "metadata") if old else -1}
    return told | {"flag_discard": avcodec.AV_PKT_FLAG_DISCARD}


def _spans() -> tuple[tuple[int, int], ...]:
    """Return where a frame of sound says what it is: offsets, and bytes."""
    told = _numbers()
    names = ("frame_format", "frame_rate", "frame_channels")
    spans = [(told[name], 4) for name in names] + [(told["frame_places"], 8)]
    if told["frame_order"] >= 0:
        spans.append((told["frame_order"], 4))
    return tuple(spans)


def _picture_spans() -> tuple[tuple[int, int], ...]:
    """Return where a picture says what `frames.frame.describe` returns: offsets, and bytes."""
    sizes = {"sample_aspect_ratio": 8} | dict.fromkeys(_NUMBERS, 4)
    sizes |= dict.fromkeys(_WIDE, ffi.sizeof("uintptr_t"))
    places = sorted((ffi.offsetof("AVFrame", name), size) for name, size in sizes.items())
    spans: list[tuple[int, int]] = []
    for offset, size in places:
        begin, length = spans[-1] if spans else (0, _SPAN)
        if begin + length == offset and length + size <= _SPAN:
            spans[-1] = begin, length + size
        else:
            spans.append((offset, size))
    return tuple(spans)


def _pointer(frame: Any) -> AVFrame:
    ptr: AVFrame = ffi.cast("AVFrame *", frame.address)
    keep(frame, ptr)
    return ptr


def _packet(packet: Any) -> AVPacket:
    ptr: AVPacket = ffi.cast("AVPacket *", packet.address)
    keep(packet, ptr)
    return ptr


def decoder(context: AVCodecContext) -> Any:
    """Return what decodes sound with an open context, which it keeps; None without the pump."""
    module = get()
    return None if module is None else module.Decoder(context, number(context), _known.spans)


def picture_decoder(context: AVCodecContext) -> Any:
    """Return the same for pictures."""
    module = get()
    return (
        None if module is None else module.Decoder(context, number(context), _known.picture_spans)
    )


def video_run(plan: tuple[int, ...]) -> Any:
    """Return what reads and decodes pictures of a file, see `frame_run`; None without the pump."""
    module = for_files()
    return None if module is None else module.VideoRun(plan, _known.picture_spans)


def upcoming() -> Any:
    """Return what does as `_spec.files.upcoming.Upcoming`, but for the last picture; None without
    the pump.
    """
    module = get()
    return None if module is None else module.Upcoming()
