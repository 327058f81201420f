"""What a conversion reads and writes: pixels in the caller's memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame, Bytes


class Image:
    """Pixels in the caller's memory: borrowed, exactly as large as the format and strides say.

    Parameters
    ----------
    planes : sequence of cdata ``uint8_t *``
        A palette format has its 1024 bytes of palette as second plane.
    strides : list of int
        In bytes.
    pix_fmt : str
        FFmpeg's name.
    width, height : int
        In pixels.
    matrix, full_range, primaries, transfer
        WebCodecs names. Of a source None means BT.709, limited range (full for RGB, gray and yuvj
        formats), BT.709 primaries and the sRGB curve. Of a destination without RGB None means what
        the source has.
    filter : str, optional
        Of a destination: "bilinear", "bicubic", "area" or "lanczos", for other sizes; default: see
        `cache.convert`.
    exact : bool
        Of a destination: within 1 of exact arithmetic, whatever it takes; else within 3.
    frame : AVFrame, optional
        Of a source: the one whose buffers the planes lie in.
    threads : int, optional
        Of a destination: how many threads convert it, at most; default: see `sharing`.
    """

    __slots__ = (
        "exact",
        "filter",
        "frame",
        "full_range",
        "height",
        "matrix",
        "pix_fmt",
        "planes",
        "primaries",
        "strides",
        "threads",
        "transfer",
        "width",
    )

    def __init__(
        self,
        planes: Sequence[Bytes],
        strides: list[int],
        pix_fmt: str,
        width: int,
        height: int,
        matrix: str | None = None,
        full_range: bool | None = None,
        primaries: str | None = None,
        transfer: str | None = None,
        filter: str | None = None,
        exact: bool = False,
        frame: AVFrame | None = None,
        threads: int | None = None,
    ) -> None:
        self.planes = planes
        self.strides = strides
        self.pix_fmt = pix_fmt
        self.width = width
        self.height = height
        self.matrix = matrix
        self.full_range = full_range
        self.primaries = primaries
        self.transfer = transfer
        self.filter = filter
        self.exact = exact
        self.frame = frame
        self.threads = threads
