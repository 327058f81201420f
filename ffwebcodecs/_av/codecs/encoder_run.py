"""Pictures encoded in one step by the pump, without the GIL: sent, and what is there received.

A picture that the encoder may read where it is goes in without a copy, and nothing of it is looked
at here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import address_of, ffi
from .. import pump
from ..frames import pixel_format

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecContext

MOST = 32
"""Pictures a call; more gain nothing, and `close` would have to wait for them."""
WANTS_COPY = 1
"""What `encode` says of the sending of a picture that the encoder may not read where it is."""

_FUNCTIONS = {
    "avutil": ("av_buffer_ref",),
    "avcodec": ("avcodec_send_frame", "avcodec_receive_packet"),
}
_FIELDS = {
    "frame_planes": "data",
    "frame_buffers": "buf",
    "frame_type": "pict_type",
    "frame_primaries": "color_primaries",
    "frame_transfer": "color_trc",
    "frame_matrix": "colorspace",
    "frame_range": "color_range",
}
_told: list[Any] = []  # the pump, once it knows


def spans_of(pix_fmt: str, width: int, height: int) -> list[tuple[int, int]]:
    """Return of each plane the number of rows before the last one, and the bytes in a row."""
    return [
        (-(-height // sub_y) - 1, -(-width // sub_x) * step)
        for sub_x, sub_y, step in pixel_format.geometry(pix_fmt)
    ]


def encoder(
    context: AVCodecContext,
    says: tuple[int, int, int, int],
    spans: list[tuple[int, int]],
    is_careful: bool,
) -> Any:
    """Return what encodes with an open context, which it keeps; None without the pump.

    Parameters
    ----------
    context : AVCodecContext *
    says : tuple of int
        What each picture says of itself: primaries, transfer, matrix, range.
    spans : list of (int, int)
        See `spans_of`.
    is_careful : bool
        Whether it never reads past a row.
    """
    module = pump.get()
    if module is None:
        return None
    if not _told:
        # Two threads that do it together do the same.
        pump.tell(module, numbers())
        _told.append(module)
    picture = context.pix_fmt, context.width, context.height
    given = (*picture, *says, int(is_careful))
    return module.Encoder(context, pump.number(context), given, tuple(spans))


def numbers() -> dict[str, int]:
    """Return what the pump is told."""
    told = {
        name: pump.number(address_of(library, name))
        for library, names in _FUNCTIONS.items()
        for name in names
    }
    told |= {name: ffi.offsetof("AVFrame", field) for name, field in _FIELDS.items()}
    told["buffer_data"] = ffi.offsetof("AVBufferRef", "data")
    told["buffer_size"] = ffi.offsetof("AVBufferRef", "size")
    size = dict(ffi.typeof("AVBufferRef").fields)["size"].type
    return told | {"buffer_size_bytes": ffi.sizeof(size)}
