"""Pictures of a high dynamic range (PQ, HLG): what an output must say of them, and hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.files.containers import Container, codec_id
from .._av.frames.pixel_format import describe
from ..errors import NotSupportedError
from ._losses import warn

if TYPE_CHECKING:
    from ..frames._shape import FrameShape

_LEAST = 10  # bits: what both curves are made for (ITU-R BT.2100, table 9)
_DEEP = ("hevc", "vp9", "av1")


def is_hdr(shape: FrameShape) -> bool:
    """Return whether frames of this shape are coded with PQ or HLG."""
    return shape.color_space.transfer in ("pq", "hlg")


def warn_of_depth(shape: FrameShape, pix_fmt: str, encoder: str, container: Container) -> None:
    """Warn if such pictures become samples that are too few: they will show bands."""
    stored = describe(pix_fmt)
    if not is_hdr(shape) or stored is None or stored.depth >= _LEAST:
        return
    found = next((codec for codec in _DEEP if _is_held(codec, container)), None)
    remedy = f"codec='{found or 'hevc'}' keeps 10 bits" + ("" if found else " in .mp4 and .mkv")
    name = (shape.color_space.transfer or "").upper()
    warn(
        f"the pictures are HDR ({name}), for which the {stored.depth} bits of {encoder} are too "
        f"few: bands will show; {remedy}; for players without HDR, tone mapping comes first"
    )


def _is_held(codec: str, container: Container) -> bool:
    if container.name == "avi":  # which says no colours
        return False
    try:
        return container.can_hold(codec_id(codec), codec)
    except NotSupportedError:
        return False
