"""Frames as PNG and JPEG files: upright, in sRGB, with libavcodec's own encoders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._av.codecs import still
from .._av.files.complete_file import CompleteFile
from .._av.frames import buffers
from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._av.frames.pixel_format import pix_fmt_id
from .._av.scale.cache import convert
from .._av.scale.image import Image
from .._spec.frames.formats import get_format
from .._spec.frames.layout import compute_layout
from .._spec.texts import to_path
from ..errors import InvalidArgumentError
from ._shape import FrameShape

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .._ffi._types import AVFrame

    Pixels = npt.NDArray[np.uint8]

_KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


def save_still(picture: Picture, shape: FrameShape, path: str | os.PathLike[str]) -> None:
    """Write the upright picture to `path`; see `VideoFrame.save`."""
    name = to_path(path)
    suffix = os.path.splitext(name)[1]
    kind = _KINDS.get(suffix.lower())
    if kind is None:
        raise InvalidArgumentError(
            f"the suffix must be .png, .jpg or .jpeg, got {suffix!r} in {name!r}"
        )
    data = encode_still(picture, shape, kind)
    with CompleteFile(name) as file:
        file.write(data)


def encode_still(picture: Picture, shape: FrameShape, kind: str) -> bytes:
    """Return the upright picture as a PNG or JPEG file; `kind` is "png" or "jpeg"."""
    if kind == "jpeg":
        return still.encode_jpeg(_to_jpeg_colors(_upright(picture, shape, "RGB")))
    own = shape.format
    format = "RGBA" if own is not None and own.has_alpha else "RGB"
    if own is not None and own.name == "GRAY8":
        format = own.name
    return still.encode_png(_wrap(_upright(picture, shape, format)))


def _upright(picture: Picture, shape: FrameShape, format: str) -> Pixels:
    """Return the pixels, turned clockwise, then mirrored, in contiguous rows."""
    import numpy as np

    from ._arrays import to_array

    return np.ascontiguousarray(to_array(picture, shape, format, upright=True), np.uint8)


def _wrap(pixels: Pixels) -> AVFrame:
    """Return an AVFrame over the array."""
    height, width = pixels.shape[:2]
    fmt = get_format({2: "GRAY8", 3: "RGB" if pixels.shape[-1] == 3 else "RGBA"}[pixels.ndim])
    where = compute_layout(fmt, width, height)
    exported = buffers.export(pixels, "pixels")
    return native.wrap(exported, where.size, fmt.ffmpeg, width, height, where.planes)


def _to_jpeg_colors(pixels: Pixels) -> AVFrame:
    """Return an AVFrame of the pixels in full-range BT.601, which is what JFIF means."""
    height, width = pixels.shape[:2]
    source = _wrap(pixels)
    rows = [(plane.row_bytes(width), plane.rows(height)) for plane in get_format("I420").planes]
    # The encoder wants the deprecated format as long as there is one.
    name = "yuvj420p" if pix_fmt_id("yuvj420p") >= 0 else "yuv420p"
    ptr = native.new(name, width, height, rows)
    convert(
        Image(*native.region(source, "rgb24", 0, 0), "rgb24", width, height, "rgb", True),
        Image(*native.region(ptr, name, 0, 0), name, width, height, "smpte170m", True),
    )
    return ptr
