"""libswscale's raw material: contexts, images in scratch memory.

A `Context` is the one owner of a SwsContext. They end in the per-thread caches of `scale`, which
are no leak: the ledger's "sws_context" counts the others, and `shelved` counts the cached ones.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from ..._ffi import avutil, ffi, swscale
from ..._spec.frames.gamut import BT601, BT709, BT2020, FCC, SMPTE240M
from ...errors import NotSupportedError
from .. import atomic, ledger
from ..averror import error
from ..frames.pixel_format import Format

if TYPE_CHECKING:
    from ..._ffi._types import Array, Bytes, Pointer, SwsContext

loose = ledger.owned("sws_context")
shelved = ledger.Owned("cached sws_context")

ONE = 1 << 16  # contrast and saturation that change nothing
_COEFFICIENTS = {BT709: 1, FCC: 4, BT601: 5, SMPTE240M: 7, BT2020: 9}  # SWS_CS_*
# From YUV to YUV of the same matrix, whichever it is, there are none to be applied.
_ANY = _COEFFICIENTS[BT709]
PAD = 256  # bytes behind every plane of scratch memory: SIMD reads and writes in whole vectors


class Look:
    """How libswscale is to read or write colours: matrix and range of YUV."""

    __slots__ = ("full", "matrix")

    def __init__(self, matrix: str, full: bool) -> None:
        self.matrix = matrix
        self.full = full

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Look) and (self.matrix, self.full) == (other.matrix, other.full)

    def __hash__(self) -> int:
        return hash((self.matrix, self.full))


RGB_LOOK = Look(BT709, True)


class Context:
    """The owner of a SwsContext."""

    __slots__ = ("_box", "_is_cached", "ptr")

    def __init__(self, what: str) -> None:
        free = swscale.sws_freeContext
        self._box = atomic.boxed_each(
            what, "struct SwsContext *[1]", free, swscale.sws_alloc_context
        )
        ptr: SwsContext = self._box[0]
        self.ptr = loose.own(ptr, self._box)
        self._is_cached = False

    def shelve(self) -> None:
        """Count it as cached from now on."""
        if not self._is_cached:
            ptr: SwsContext = self._box[0]
            self.ptr = shelved.own(ptr, self._box)
            self._is_cached = True


def make_context(
    source: tuple[Format, int, int, Look],
    target: tuple[Format, int, int, Look],
    flags: int,
    *,
    dither: bool = False,
    brightness: int = 0,
    contrast: int = ONE,
    exchanged: bool = False,
) -> Context:
    """Return a new SwsContext.

    Parameters
    ----------
    source, target : (Format, width, height, Look)
    flags : int
        SWS_* flags.
    dither : bool
        Leave libswscale its default. The SIMD converter from YUV to RGB is chosen only then, and
        does not dither.
    brightness, contrast : int
        In 1/65536, as sws_setColorspaceDetails has them.
    exchanged : bool
        Give red the factors of blue, and the other way round: U and V are exchanged.

    Raises
    ------
    NotSupportedError
        libswscale cannot do this.
    MemoryError
    """
    read, width, height, look = source
    write, out_width, out_height, out_look = target
    what = f"converting {read.name} {width}x{height} to {write.name} {out_width}x{out_height}"
    if not swscale.sws_isSupportedInput(read.id) or not swscale.sws_isSupportedOutput(write.id):
        raise NotSupportedError(f"libswscale does not support {what}")
    context = Context(what)
    ptr = context.ptr
    options = [
        (b"srcw", width),
        (b"srch", height),
        (b"src_format", read.id),
        (b"src_range", int(look.full)),
        (b"dstw", out_width),
        (b"dsth", out_height),
        (b"dst_format", write.id),
        (b"dst_range", int(out_look.full)),
        (b"sws_flags", flags),
    ]
    if not dither:
        options.append((b"sws_dither", 0))  # the default scatters bits that a depth reduction drops
    for name, value in options:
        code = avutil.av_opt_set_int(ptr, name, value, 0)
        if code < 0:
            raise error(code, f"setting {name.decode()} for {what}", NotSupportedError)
    code = swscale.sws_init_context(ptr, ffi.NULL, ffi.NULL)
    if code < 0:
        if code == -errno.ENOMEM:
            raise MemoryError(f"{what}: FFmpeg is out of memory")
        raise error(code, f"libswscale does not support {what}", NotSupportedError)
    swscale.sws_setColorspaceDetails(
        ptr,
        _factors(look, exchanged and read.yuv),
        int(look.full),
        _factors(out_look, exchanged and write.yuv),
        int(out_look.full),
        brightness,
        contrast,
        ONE,
    )
    return context


def _factors(look: Look, exchanged: bool) -> Any:
    factors = swscale.sws_getCoefficients(_COEFFICIENTS.get(look.matrix, _ANY))
    if exchanged:
        return ffi.new("int[4]", [factors[1], factors[0], factors[3], factors[2]])
    return factors


class Scratch:
    """An image in scratch memory, with room behind every plane for SIMD that goes too far.

    A `neutral` one is gray read as YUV: its chroma is a run of the middle value, with a stride of
    one sample, since libswscale takes no stride of 0. The run is the image's own: scratch memory
    does not outlast a conversion. An `exchanged` one is given to libswscale with U and V exchanged.
    """

    __slots__ = (
        "_gray",
        "_offsets",
        "_shared",
        "data",
        "exchanged",
        "format",
        "height",
        "planes",
        "strides",
        "strides_c",
        "width",
    )

    def __init__(
        self,
        format: Format,
        width: int,
        height: int,
        *,
        neutral: bool = False,
        shared: bool = False,
    ) -> None:
        self.format = format
        self.width = width
        self.height = height
        self.exchanged = False
        self.data: Array[Bytes] = ffi.new("uint8_t *[4]")
        self.strides_c: Array[int] = ffi.new("int[4]")
        self.planes: list[Bytes] = []
        self.strides: list[int] = []
        self._offsets: list[int] = []
        self._shared = shared
        self._gray: Array[int] | None = None
        if neutral:
            middle = (
                bytes([128]) if format.depth == 8 else (1 << format.depth - 1).to_bytes(2, "little")
            )
            self._gray = ffi.new("uint8_t[]", middle * (width + height + PAD))

    @property
    def is_neutral(self) -> bool:
        """Whether the chroma is not the source's."""
        return self._gray is not None

    def lay_out(self, start: int) -> int:
        """Place the planes from `start` on and return the end."""
        for plane in range(self.format.planes):
            stride = self.format.row_bytes(plane, self.width) + 63 & -64
            rows = self.format.rows(plane, self.height)
            if self._gray is not None and plane in (1, 2):
                stride, rows = 1 if self.format.depth == 8 else 2, 0
            self.strides.append(stride)
            if plane and self._shared:
                self._offsets.append(self._offsets[0])
                continue
            self._offsets.append(start)
            start += stride * rows + PAD & -64
        if self.format.palette:
            self._offsets.append(start)
            self.strides.append(1024)
            start += 1024
        for plane, stride in enumerate(self.strides):
            self.strides_c[plane] = stride
        return start

    def bind(self, base: Pointer[int]) -> None:
        """Point at `base`, which is new."""
        self.planes = [base + offset for offset in self._offsets]
        if self._gray is not None:
            self.planes[1] = self.planes[2] = self._gray
        for plane, pointer in enumerate(self.planes):
            self.data[plane] = pointer
        if self.exchanged:
            self.data[1], self.data[2] = self.planes[2], self.planes[1]
