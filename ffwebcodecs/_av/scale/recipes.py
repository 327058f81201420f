"""Which libswscale calls make a conversion right, and which of those is fastest.

The fast ways, within 3 of exact arithmetic, are in `ways`. Where there is none, or 1 is asked for,
it is the *chain*, measured on 1080p (FFmpeg 5.1, x86-64, one thread):

* YUV to planar 16-bit RGB: in SIMD, exact, no wrapping. High bytes. Packing.
* YUV to planar 8-bit RGB, of full range: error 1. Of limited range blue wraps round to 0 where it
  exceeds 512, as in packed RGB with "full chroma, accurate", which takes four times as long.

SWS_POINT makes chroma nearest-neighbour.
"""

from __future__ import annotations

from ..._ffi import swscale
from ..._spec.frames.gamut import LUMA_WEIGHTS, primaries_name
from ...errors import NotSupportedError
from ..frames.pixel_format import Format, exists, get_format
from .builder import FILLED, SHIFT_LOOK, Builder, Ends
from .choices import accurate, as_yuv, integer_planes, look_of, plain_name, scaling
from .deep import FORMATS as DEEP
from .deep import deep
from .fast import fast
from .from_rgb import from_rgb
from .gamut import Gamut
from .image import Image
from .repack import repack
from .spread import to_planar
from .steps import Conversion, Copy, Regamut, Step
from .sws import RGB_LOOK, Look, Scratch, make_context

_PACKED = ("rgba", "rgb0", "bgra", "bgr0", "rgb24", "bgr24")
_MAX_PIXELS = (1 << 31) // 8  # FFmpeg's own limit: a row of 8 bytes a pixel, times rows, is an int


def build(source: Image, destination: Image) -> Conversion:
    """Make the conversion for images like these.

    Raises
    ------
    NotSupportedError
        Naming both formats and sizes.
    MemoryError
    """
    try:
        return _Recipe(source, destination).conversion()
    except NotSupportedError as cause:
        raise NotSupportedError(
            f"cannot convert {source.pix_fmt} {source.width}x{source.height}"
            f" to {destination.pix_fmt} {destination.width}x{destination.height}: {cause}",
            code=cause.code,
        ) from None


class _Recipe:
    """How one conversion is chosen and put together."""

    def __init__(self, source: Image, destination: Image) -> None:
        self.source = source
        self.destination = destination
        self.fmt = get_format(plain_name(source.pix_fmt))
        self.out = get_format(plain_name(destination.pix_fmt))
        self.size = source.width, source.height
        self.out_size = destination.width, destination.height
        self.ends = Ends(
            self.fmt, self.out, self.size, self.out_size, destination.filter, destination.exact
        )
        self.look = look_of(source, self.fmt)
        self.out_look = self._destination_look()
        self._check_matrices()
        for width, height in (self.size, self.out_size):
            if width < 1 or height < 1 or (width + 128) * (height + 128) >= _MAX_PIXELS:
                raise NotSupportedError(
                    f"{width}x{height} pixels are none, or more than libswscale counts"
                )

    def _check_matrices(self) -> None:
        """Refuse what would need a matrix that libswscale has no coefficients for."""
        if self.fmt.yuv and self.out.yuv and self.look.matrix == self.out_look.matrix:
            return  # samples are resampled, and keep their meaning
        if any(not fmt.rgb and not fmt.yuv for fmt in (self.fmt, self.out)):
            return  # gray is the same with every matrix
        for look in (self.look, self.out_look):
            if look.matrix not in LUMA_WEIGHTS:
                raise NotSupportedError(
                    f"libswscale has no coefficients for the matrix {look.matrix!r}; "
                    "the planes can be copied as they are, or give color_space to read them as "
                    "another matrix"
                )

    def _destination_look(self) -> Look:
        image, out = self.destination, self.out
        look = look_of(image, out)
        if out.rgb or self.fmt.rgb:
            return look
        gray = not out.yuv
        has_matrix = image.matrix is not None and (self.fmt.yuv or out.yuv)
        return Look(
            look.matrix if has_matrix else self.look.matrix,
            look.full if gray or image.full_range is not None or look.full else self.look.full,
        )

    # ---- deciding -------------------------------------------------------------------------------

    def conversion(self) -> Conversion:
        """Return the conversion."""
        is_deep = self.out.name in DEEP
        if self.out.name not in _PACKED and (not is_deep or not self.out.rgb):
            return self._to_deep() if is_deep else self._to_other()
        source = primaries_name(self.source.primaries)
        target = primaries_name(self.destination.primaries)
        linear = self.source.transfer == "linear" and self.destination.transfer != "linear"
        if source == target and not linear:
            return self._to_deep() if is_deep else self._to_packed(self.destination.exact)
        made = self._to_deep() if is_deep else self._to_packed(accurate=True)
        return Regamut(made, Gamut(source, target, linear, self.out.name))

    def _to_deep(self) -> Conversion:
        fmt, out = self.fmt, self.out
        if fmt is out and self.size == self.out_size and (fmt.rgb or self.look == self.out_look):
            return Copy(fmt, out, *self.size)
        return deep(self.ends, self.look, self.out_look)

    def _to_packed(self, accurate: bool) -> Conversion:
        if self.size != self.out_size:
            return self._scaled_packed()
        if self.fmt.rgb:
            return self._rgb_to_packed()
        # Gray has no chroma to lose precision with.
        if not accurate or (self.fmt.name == "gray" and self.look.full):
            found = fast(self.ends, self.look)
            if found is not None:
                return found
        return self._chain()

    # ---- the chain ------------------------------------------------------------------------------

    def _chain(self) -> Conversion:
        width = self.size[0]
        builder = Builder(self.ends, width + 15 & -16, None)
        planar = self._to_planar(builder, (builder.width, builder.height), swscale.SWS_POINT)
        return builder.staged(pack=builder.pack(planar, self.out, width))

    def _planar(self) -> Conversion:
        stays = self.size == self.out_size
        if stays:
            builder = Builder(self.ends, self.size[0] + 15 & -16, None)
            size, flag = (builder.width, builder.height), swscale.SWS_POINT
        else:
            builder = Builder(self.ends, *self.size)
            size, flag = self.out_size, scaling(self.size, self.out_size, self.ends.filter)
        planar = self._to_planar(builder, size, flag)
        if planar.format is not self.out:  # alpha is wanted
            builder.step(planar, self.out, RGB_LOOK, RGB_LOOK, swscale.SWS_POINT)
        return builder.staged()

    def _to_planar(self, builder: Builder, size: tuple[int, int], filter_flag: int) -> Scratch:
        """Append the steps from the source, YUV, to planar 8-bit RGB of `size`."""
        first = builder.load(get_format(as_yuv(self.fmt.name)))
        alpha = first.format.alpha and self.out.alpha
        return to_planar(builder, first, self.look, size, filter_flag, alpha)

    # ---- RGB to RGB -----------------------------------------------------------------------------

    def _rgb_to_packed(self) -> Conversion:
        width, height = self.size
        if self.fmt is self.out or self.fmt.name == FILLED.get(self.out.name):
            return Copy(self.fmt, self.out, width, height)
        found = from_rgb(self.ends, RGB_LOOK, RGB_LOOK)
        if found is not None:
            return found
        builder = Builder(self.ends, width + 15 & -16, None)
        first = builder.load(self.fmt)
        if integer_planes(self.fmt):
            return builder.staged(pack=builder.pack(self._shallow(builder, first), self.out, width))
        self._to_bytes(builder, first, get_format(FILLED.get(self.out.name, self.out.name)))
        return builder.staged()

    def _shallow(self, builder: Builder, first: Scratch) -> Scratch:
        """Return planar RGB with 8 bits, with alpha only if it is wanted."""
        name = first.format.name
        alpha = "a" if first.format.alpha and self.out.alpha else ""
        target = get_format(f"gbr{alpha}p")
        if first.format.depth == 8:
            return first  # packing ignores a fourth plane
        if first.format.depth == 16:
            return builder.high_bytes(first, target)
        # From more bits to fewer libswscale has plain shifts, but for YUV only. Planes are planes.
        # (FFmpeg 5.1 truncates here, 8.0 rounds up: see the test of RGB to RGB.)
        kin = "yuva444p" if first.format.alpha else "yuv444p"
        deep = f"{kin}{name[name.index('p') + 1 :]}"
        if not exists(deep):
            return builder.step(first, target, RGB_LOOK, RGB_LOOK, accurate(swscale.SWS_POINT))
        context = make_context(
            (get_format(deep), builder.width, builder.height, SHIFT_LOOK),
            (get_format(f"yuv{alpha}444p"), builder.width, builder.height, SHIFT_LOOK),
            swscale.SWS_POINT,
        )
        scratch = builder.add(target)
        builder.steps.append(Step(context, first, scratch))
        return scratch

    def _to_bytes(self, builder: Builder, first: Scratch, target: Format) -> Scratch:
        """Append the steps from packed RGB of any kind to packed RGB of 8 bits."""
        name = first.format.name
        deep = {"rgb48": "rgb24", "bgr48": "bgr24", "rgba64": "rgba", "bgra64": "bgra"}.get(
            name[:-2]
        )
        if deep is None:
            return builder.step(first, target, RGB_LOOK, RGB_LOOK, accurate(swscale.SWS_POINT))
        scratch = builder.high_bytes(first, get_format(deep), big_endian=name.endswith("be"))
        if scratch.format is target:
            return scratch
        return builder.step(scratch, target, RGB_LOOK, RGB_LOOK, swscale.SWS_POINT)

    # ---- to anything else -----------------------------------------------------------------------

    def _to_other(self) -> Conversion:
        fmt, out = self.fmt, self.out
        same_look = self.look == self.out_look
        if fmt is out and self.size == self.out_size and (same_look or fmt.rgb):
            return Copy(fmt, out, *self.size)
        found = from_rgb(self.ends, self.look, self.out_look)
        if found is not None:
            return found
        if out.name in ("gbrp", "gbrap") and fmt.yuv:
            return self._planar()
        is_copy = self.look.full and self.out_look.full and self.size == self.out_size
        if is_copy and fmt.name[:-2] == "gray16" and out.name == "gray":
            # libswscale's own copy is 1.5 off, from 8.1 on.
            builder = Builder(self.ends, self.size[0] + 15 & -16, None)
            builder.high_bytes(builder.load(fmt), out, big_endian=fmt.name.endswith("be"))
            return builder.staged()
        return repack(self.ends, self.look, self.out_look)

    # ---- scaling to RGB -------------------------------------------------------------------------

    def _scaled_packed(self) -> Conversion:
        width, height = self.size
        builder = Builder(self.ends, width, height)
        flag = scaling(self.size, self.out_size, self.ends.filter)
        alpha = "a" if self.fmt.alpha and self.out.alpha else ""
        # Packed alpha is read with an error of one.
        if not self.destination.exact and not alpha:
            planar = self._scaled_planar(builder, flag)
            if planar is not None:
                return builder.staged(pack=builder.pack(planar, self.out, self.out_size[0]))
        if not self.fmt.rgb:
            planar = self._to_planar(builder, self.out_size, flag)
            return builder.staged(pack=builder.pack(planar, self.out, self.out_size[0]))
        scratch = builder.load(self.fmt)
        if integer_planes(self.fmt):
            scratch = self._shallow(builder, scratch)
        else:
            if self.fmt.name not in _PACKED:
                scratch = self._to_bytes(builder, scratch, get_format("rgba" if alpha else "rgb24"))
            if scratch.format.name.endswith("24"):
                scratch = builder.step(
                    scratch, get_format("gbrp"), RGB_LOOK, RGB_LOOK, swscale.SWS_POINT
                )
            else:
                scratch = builder.unpack(scratch, bool(alpha))
        # Planes are planes: scaled as 4:4:4, the colours never leave RGB.
        kin = get_format("yuva444p" if scratch.format.alpha else "yuv444p")
        context = make_context(
            (kin, width, height, SHIFT_LOOK),
            (kin, *self.out_size, SHIFT_LOOK),
            flag | swscale.SWS_ACCURATE_RND,
        )
        scaled = builder.add(scratch.format, self.out_size)
        builder.steps.append(Step(context, scratch, scaled))
        return builder.staged(pack=builder.pack(scaled, self.out, self.out_size[0]))

    def _scaled_planar(self, builder: Builder, filter_flag: int) -> Scratch | None:
        """Append the steps, for some formats, that give planar RGB of the wanted size faster, and
        as right but for rounding.
        """
        # Weights of few samples, or of very many, are rounded worse here.
        for length, wanted in zip(self.size, self.out_size, strict=True):
            if length < 32 or length > 16 * wanted:
                return None
        flags, planar = accurate(filter_flag), get_format("gbrp")
        # By way of YUV with 15 bits and whole chroma: half the time of taking planes apart. A
        # filter that goes beyond black and white would be cut off later.
        never_beyond = filter_flag in (swscale.SWS_AREA, swscale.SWS_BILINEAR)
        if self.fmt.name in _PACKED and never_beyond:
            first = builder.load(self.fmt)
            return builder.step(first, planar, RGB_LOOK, RGB_LOOK, flags, size=self.out_size)
        if self.fmt.name != "gray":
            return None
        luma, gray = builder.load(self.fmt), (self.fmt, *self.out_size, RGB_LOOK)
        full = self.look.full
        # Samples beyond white count as they are in a mean, so the range changes afterwards.
        scaled = builder.add(
            planar if full else get_format("yuv420p"), self.out_size, neutral=not full, shared=full
        )
        context = make_context((self.fmt, *self.size, RGB_LOOK), gray, flags)
        builder.steps.append(Step(context, luma, scaled))
        if full:
            return scaled
        context = make_context((scaled.format, *self.out_size, self.look), gray, flags)
        result = builder.add(planar, self.out_size, shared=True)
        builder.steps.append(Step(context, scaled, result))
        return result
