"""From anything to anything but packed RGB: one libswscale call, after the detours that make its
result right.
"""

from __future__ import annotations

from collections.abc import Callable

from ..._ffi import swscale
from ..frames.pixel_format import Format, exists, get_format
from .builder import Builder, Ends
from .choices import accurate, as_yuv, extension, scaling, with_depth
from .from_rgb import is_careless
from .spread import to_deep
from .steps import Staged
from .sws import RGB_LOOK, Look, Scratch


class _Route:
    """Where the image is, and where it is to go: format, look and size."""

    __slots__ = (
        "_exact",
        "_flags",
        "_name",
        "builder",
        "image",
        "look",
        "out_look",
        "size",
        "stays",
        "target",
    )

    def __init__(
        self,
        builder: Builder,
        image: Scratch,
        look: Look,
        target: Format,
        out_look: Look,
        size: tuple[int, int],
        stays: bool,
        ends: Ends,
    ) -> None:
        self.builder = builder
        self.image = image
        self.look = look
        self.target = target
        self.out_look = out_look
        self.size = size
        self.stays = stays  # as large as it is
        self._flags: int | None = None
        self._name = ends.filter
        self._exact = ends.exact or not stays

    def go(self, fmt: Format) -> None:
        """Append the step to the size and look that are wanted, in `fmt`, whose chroma is the
        target's.
        """
        if self._flags is None:  # a second step finds chroma and size as they are to be
            self._flags = self._filter()
            read = self.image.format
            deep = max(read.depth, self.target.depth) > 8
            if self._exact or deep or not read.rgb or is_careless(read, self.target):
                self._flags = accurate(self._flags)
            else:
                self._flags |= swscale.SWS_FULL_CHR_H_INP  # see `from_rgb`
        self.image = self.builder.step(
            self.image, fmt, self.look, self.out_look, self._flags, size=self.size
        )
        self.look = self.out_look

    def _filter(self) -> int:
        """Return the filter: nearest for chroma that gets finer, the mean where it gets coarser."""
        fmt, target = self.image.format, self.target
        if not self.stays:
            return scaling((self.image.width, self.image.height), self.size, self._name)
        coarser = target.sub_x > fmt.sub_x or target.sub_y > fmt.sub_y
        flag: int = swscale.SWS_AREA if coarser else swscale.SWS_POINT
        return flag

    @property
    def shallow(self) -> str:
        """The name of the target's format with as many bits as the image has now."""
        return with_depth(self.target.name, self.image.format.depth)


# ---- detours -------------------------------------------------------------------------------------


def _has_packed_alpha(way: _Route) -> bool:
    return way.image.format.name in ("rgba", "bgra") and way.target.alpha


def _unpack(way: _Route) -> None:
    way.image = way.builder.unpack(way.image, True)


def _has_few_bits(way: _Route) -> bool:
    return way.image.format.rgb and way.image.format.depth < 8


def _widen(way: _Route) -> None:
    flags = accurate(swscale.SWS_POINT)
    way.image = way.builder.step(way.image, get_format("rgb24"), RGB_LOOK, RGB_LOOK, flags)


def _changes_matrix(way: _Route) -> bool:
    return way.image.format.yuv and way.target.yuv and way.look.matrix != way.out_look.matrix


def _loses_blue(way: _Route) -> bool:
    return way.image.format.yuv and way.target.rgb and not way.look.full


def _go_to_rgb(way: _Route) -> None:
    alpha = way.image.format.alpha and way.target.alpha
    way.image = to_deep(way.builder, way.image, way.look, alpha)
    way.look = RGB_LOOK


def _deepens_paired_chroma(way: _Route) -> bool:
    return way.image.format.name == "nv12" and way.target.depth > 8 and way.stays


def _part_chroma(way: _Route) -> None:
    fmt = get_format("yuv420p")
    way.image = way.builder.step(way.image, fmt, way.look, way.look, swscale.SWS_POINT)


def _deepens_while_resampling(way: _Route) -> bool:
    fmt, target = way.image.format, way.target
    resampled = (fmt.sub_x, fmt.sub_y) != (target.sub_x, target.sub_y) or not way.stays
    return (
        target.yuv
        and target.depth > fmt.depth
        and (fmt.rgb or resampled)
        and (way.out_look.full or (fmt.alpha and target.alpha))
        and exists(way.shallow)
    )


def _resample_first(way: _Route) -> None:
    way.go(get_format(way.shallow))


# Each is asked for in turn, of the image as those before have left it.
_DETOURS: tuple[tuple[Callable[[_Route], bool], Callable[[_Route], None]], ...] = (
    # Of RGB with 5 or fewer bits it makes luma that is up to 23 off.
    (_has_few_bits, _widen),
    # libswscale reads packed alpha with an error of one.
    (_has_packed_alpha, _unpack),
    # From YUV to YUV it leaves the matrix as it is.
    (_changes_matrix, _go_to_rgb),
    # All RGB but that of 16 bits, made by SIMD, is black where it is bluest (`spread`).
    (_loses_blue, _go_to_rgb),
    # Only the planar copy scales full range to more bits as it should.
    (_deepens_paired_chroma, _part_chroma),
    # Only the copy from planes to planes makes the largest value the largest one of more bits.
    (_deepens_while_resampling, _resample_first),
)


# ---- the whole way -------------------------------------------------------------------------------


def repack(ends: Ends, look: Look, out_look: Look) -> Staged:
    """Return the conversion of images of one look to images of another."""
    width, height = ends.size
    stays = ends.size == ends.out_size
    target = _written(ends.out, out_look)
    stage = _read(ends.fmt, look, target)
    builder = Builder(ends, width + 15 & -16, None) if stays else Builder(ends, width, height)
    size = (builder.width, builder.height) if stays else ends.out_size
    way = _Route(builder, builder.load(stage), look, target, out_look, size, stays, ends)
    for is_needed, take in _DETOURS:
        if is_needed(way):
            take(way)
    way.go(target)
    return builder.staged(extend=extension(ends.size, target, stage) if stays else (0, 0))


def _written(out: Format, look: Look) -> Format:
    """Return the format to write: of limited-range gray, which libswscale does not know, a YUV one
    with that luma.
    """
    gray = not out.yuv and not out.rgb
    return get_format(as_yuv(out.name)) if gray and not look.full else out


def _read(fmt: Format, look: Look, target: Format) -> Format:
    """Return the format to read as: gray is the luma of a YUV one, but for full-range gray that
    does not become RGB, which libswscale knows. Of that it writes no chroma into NV12 (up to 6.1).
    """
    if not fmt.yuv and look.full and not target.rgb and target.name != "nv12":
        return fmt
    return get_format(as_yuv(fmt.name))
