"""The fast ways from YUV to packed RGB of the same size, per format and release.

Measured on 1080p (x86-64, one thread, FFmpeg 4.3 to 9.0) over random samples of the whole range:

* 4:2:0 and 4:2:2 of 8 bits, by the SIMD converter: 0.7 ms. Three products are truncated: always too
  dark, by 3 at most. Of limited range, raising the luma by 3/4 centres the error (2.1), and black
  and white stay exact; of full range luma is a whole number, and 2.0 is all. It does not take
  SWS_ACCURATE_RND.
* More than 8 bits, copied to 8 bits first: 1.5 ms. The copy rounds since FFmpeg 8.1; before, it
  truncates (4.2), which is too much. Rounded, it is within 3.0 (`_few_errors`).
* More than 8 bits, by the generic code: its SIMD writes BGRA and BGR24 only (2.5 ms, RGBA 5), with
  2.1 (limited) and 2.9 (full). RGBA is had by exchanging U and V, and their factors. The last two
  rows of a picture are left to C code with twice that error: so the picture is said to have two
  more, which never come.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..._spec.frames.gamut import BT709, BT2020
from ..frames.pixel_format import Format, exists, get_format
from .builder import FILLED
from .probe import copy_rounds
from .sws import Look

_EIGHT = ("yuv420p", "yuv422p", "yuva420p", "yuva422p", "nv12", "gray")
_DEEP = tuple(f"yuv{chroma}p{depth}le" for chroma in (420, 422) for depth in (9, 10, 12))
# What the generic code writes by SIMD, with red and blue exchanged or not.
_GENERIC = {
    "bgra": ("bgra", False),
    "rgba": ("bgra", True),
    "bgr24": ("bgr24", False),
    "rgb24": ("bgr24", True),
}
MORE_ROWS = 2  # that never come, for the generic code


class Way:
    """A way of conversion.

    Attributes
    ----------
    inner : Format
        What the converter reads.
    written : Format
        What it writes, or says that it does.
    generic : bool
        It is libswscale's generic code, not the converter from 8-bit YUV.
    exchanged : bool
        Red and blue are exchanged by exchanging U and V.
    shallows : bool
        Samples are copied to 8 bits first.
    """

    __slots__ = ("exchanged", "generic", "inner", "shallows", "written")

    def __init__(
        self,
        inner: Format,
        written: Format,
        *,
        generic: bool = False,
        exchanged: bool = False,
        shallows: bool = False,
    ) -> None:
        self.inner = inner
        self.written = written
        self.generic = generic
        self.exchanged = exchanged
        self.shallows = shallows

    @property
    def name(self) -> str:
        """What it is called."""
        return "generic" if self.generic else "through bytes" if self.shallows else "converter"

    def biases(self, full: bool) -> tuple[int, ...]:
        """Return the brightnesses to try, in 1/256: what centres the errors of truncation."""
        if not full:
            return 192, 0
        return (64, 0) if self.generic else (0,)


def ways(fmt: Format, out: Format, look: Look) -> Iterator[Way]:
    """Yield the ways from one format to another, the fastest first."""
    target = get_format(FILLED.get(out.name, out.name))
    name = fmt.name
    if fmt.alpha:
        if not out.alpha:
            name = name.replace("yuva", "yuv")
        elif name != "yuva420p":
            return  # the converter has no other
    if fmt.name in _EIGHT:
        yield Way(get_format("yuv420p" if name in ("nv12", "gray") else name), target)
        return
    if name not in _DEEP or not exists(name):
        return
    if _few_errors(fmt, look) and copy_rounds(name, name[:7]):
        yield Way(get_format(name[:7]), target, shallows=True)
    written, exchanged = _GENERIC[target.name]
    yield Way(get_format(name), get_format(written), generic=True, exchanged=exchanged)


def _few_errors(fmt: Format, look: Look) -> bool:
    """Tell whether samples rounded to 8 bits and then converted are within 3.

    Green has the errors of three samples; those of chroma count more with other matrices: BT.601
    has 3.01 with 10 bits and 3.23 with 12, BT.709 2.77 and 2.99, BT.2020 2.83 and 3.05.
    """
    return look.full or look.matrix == BT709 or (look.matrix == BT2020 and fmt.depth <= 10)
