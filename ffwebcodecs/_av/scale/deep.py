"""To packed pixels of 16 bits a sample, and to gray of 16 bits.

libswscale's 16-bit RGB has white at 65280, 255 * 256, whatever it is made of: here it is 65535. So
everything goes through planar RGB of 16 bits, or gray, that has it there; the packing of planes is
plain C and changes nothing.

* YUV is converted with the contrast that makes white 65535; alpha is another plane, for itself.
* Planes of RGB and full-range gray with fewer bits are copied as gray, which makes the largest
  value the largest one of 16 bits.
* Gray of YUV is any plane of the RGB that its luma makes alone.

RGB and gray are scaled when they have 16 bits, RGB as if it were 4:4:4: planes are planes.
"""

from __future__ import annotations

from ..._ffi import swscale
from ..frames.pixel_format import Format, get_format
from .builder import SHIFT_LOOK, Builder, Ends
from .choices import accurate, as_yuv, integer_planes, scaling
from .spread import to_weighed, to_whole
from .steps import Plane, PlaneStep, Staged, Step
from .sws import RGB_LOOK, Look, Scratch, make_context

FORMATS = ("rgb48le", "rgba64le", "gray16le")
_BYTES = ("rgba", "rgb0", "bgra", "bgr0", "rgb24", "bgr24")
_WORDS = ("rgb48", "bgr48", "rgba64", "bgra64")
# Packed and semiplanar YUV, and planes with the same samples.
_PLANAR = {
    **dict.fromkeys(("yuyv422", "uyvy422", "yvyu422"), "yuv422p"),
    "p010le": "yuv420p10le",
    "nv12": "yuv420p",
    "nv21": "yuv420p",
}


def deep(ends: Ends, look: Look, out_look: Look) -> Staged:
    """Return the conversion of images of one look to one of `FORMATS`."""
    return _Deep(ends, look, out_look).staged()


class _Deep:
    """How it is put together."""

    def __init__(self, ends: Ends, look: Look, out_look: Look) -> None:
        self._ends = ends
        self._look = look
        self._out_look = out_look
        width, height = ends.size
        self._stays = ends.size == ends.out_size
        if self._stays:
            self._builder = Builder(ends, width + 15 & -16, None)
            self._size = self._builder.width, self._builder.height
            self._flag = swscale.SWS_POINT
        else:
            self._builder = Builder(ends, width, height)
            self._size = ends.out_size
            self._flag = scaling(ends.size, ends.out_size, ends.filter)

    def staged(self) -> Staged:
        """Return the conversion."""
        fmt, out, builder = self._ends.fmt, self._ends.out, self._builder
        if fmt.rgb:
            made = self._of_rgb()
        elif fmt.yuv:
            made = self._of_yuv()
        else:
            made = self._of_gray()
        if out.name == "gray16le":
            if fmt.rgb or _is_xyz(fmt):
                self._weigh(made)
            return builder.staged()
        # Of what has alpha that is not wanted, the other planes.
        source = made.format if out.alpha else get_format("gbrp16le")
        width = self._ends.out_size[0]
        pack = make_context(
            (source, width, made.height, RGB_LOOK),
            (out, width, made.height, RGB_LOOK),
            swscale.SWS_POINT,
        )
        return builder.staged(pack=pack)

    # ---- RGB -------------------------------------------------------------------------------------

    def _of_rgb(self) -> Scratch:
        fmt, builder = self._ends.fmt, self._builder
        alpha = fmt.alpha and self._ends.out.alpha
        planar = self._planes(builder.load(fmt), alpha)
        if planar.format.depth != 16:
            whole = self._add("gbrap16le" if alpha else "gbrp16le", planar)
            for plane in range(whole.format.planes):
                self._copy((planar, plane), _gray(planar.format), (whole, plane))
            planar = whole
        if self._stays:
            return planar
        kin = get_format("yuva444p16le" if planar.format.alpha else "yuv444p16le")
        context = make_context(
            (kin, planar.width, planar.height, SHIFT_LOOK),
            (kin, *self._size, SHIFT_LOOK),
            self._flag | swscale.SWS_ACCURATE_RND,
        )
        scaled = builder.add(planar.format, self._size)
        builder.steps.append(Step(context, planar, scaled))
        return scaled

    def _planes(self, first: Scratch, alpha: bool) -> Scratch:
        """Return planes of RGB with as many bits as there are."""
        builder, name = self._builder, first.format.name
        point = swscale.SWS_POINT
        if name.startswith("gbr") and name.endswith("be") and "f" not in name:
            return builder.step(first, get_format(f"{name[:-2]}le"), RGB_LOOK, RGB_LOOK, point)
        if integer_planes(first.format):
            return first
        if name[:-2] in _WORDS:
            target = get_format("gbrap16le" if first.format.alpha else "gbrp16le")
            return builder.step(first, target, RGB_LOOK, RGB_LOOK, point)
        if first.format.depth > 8:
            depth = min(first.format.depth, 16)
            target = get_format(f"gbr{'a' if first.format.alpha else ''}p{depth}le")
            return builder.step(first, target, RGB_LOOK, RGB_LOOK, accurate(point))
        if name not in _BYTES:
            target = get_format("rgba" if alpha else "rgb24")
            first = builder.step(first, target, RGB_LOOK, RGB_LOOK, accurate(point))
        if first.format.name.endswith("24"):
            return builder.step(first, get_format("gbrp"), RGB_LOOK, RGB_LOOK, point)
        return builder.unpack(first, alpha)

    def _weigh(self, made: Scratch) -> None:
        """Append the steps to the luma of RGB: of limited range first, as all releases have it."""
        builder, limited = self._builder, Look(self._out_look.matrix, False)
        flags = accurate(swscale.SWS_POINT)
        yuv = builder.step(made, get_format("yuv444p16le"), RGB_LOOK, limited, flags)
        to_weighed(builder, self._neutral(yuv), limited)

    # ---- YUV -------------------------------------------------------------------------------------

    def _of_yuv(self) -> Scratch:
        fmt, builder, look = self._ends.fmt, self._builder, self._look
        first = builder.load(fmt)
        if self._ends.out.name == "gray16le" and not _is_xyz(fmt):
            return self._of_luma(first)
        alpha = fmt.alpha and self._ends.out.alpha
        if alpha and fmt.name.endswith("be"):  # a plane is copied as it is read: little-endian
            little = get_format(f"{fmt.name[:-2]}le")
            first = builder.step(first, little, look, look, swscale.SWS_POINT)
        veil = self._whole((first, 3)) if alpha else None
        made = to_whole(builder, first, look, self._size, self._flag, alpha)
        if veil is not None:
            self._copy((veil, 0), veil.format, (made, 3))
        return made

    def _of_luma(self, first: Scratch) -> Scratch:
        """Return planes of the gray that the luma is."""
        builder, look = self._builder, self._look
        planar = _PLANAR.get(first.format.name)
        if first.format.name.endswith("be"):
            planar = f"{first.format.name[:-2]}le"
        if planar is not None:
            first = builder.step(first, get_format(planar), look, look, swscale.SWS_POINT)
        luma = self._neutral(first)
        return to_whole(builder, luma, look, self._size, self._flag, False)

    def _neutral(self, first: Scratch) -> Scratch:
        """Return an image of the same luma without colour."""
        gray = _gray(first.format)
        luma = self._builder.add(
            get_format(as_yuv(gray.name)), (first.width, first.height), neutral=True
        )
        self._copy((first, 0), gray, (luma, 0), gray)
        return luma

    # ---- gray ------------------------------------------------------------------------------------

    def _of_gray(self) -> Scratch:
        """Return the gray, three times for RGB."""
        fmt, builder, look = self._ends.fmt, self._builder, self._look
        is_gray = self._ends.out.name == "gray16le"
        alpha = fmt.alpha and self._ends.out.alpha
        if not look.full and not fmt.alpha:
            name = as_yuv(fmt.name)
            if name == fmt.name:  # big-endian: `_of_luma` turns it
                return self._of_luma(builder.load(fmt))
            return to_whole(
                builder, builder.load(get_format(name)), look, self._size, self._flag, False
            )
        first = builder.load(fmt)
        if fmt.alpha:
            kin = "yuva444p" if fmt.depth == 8 else "yuva444p16le"
            first = builder.step(
                first, get_format(kin), RGB_LOOK, RGB_LOOK, accurate(swscale.SWS_POINT)
            )
            if not look.full:
                return self._of_veiled(first, alpha)
        elif fmt.name.endswith("be") or fmt.depth < 8 or "f" in fmt.name:
            little = {1: "gray", 32: "gray16le"}.get(fmt.depth, f"{fmt.name[:-2]}le")
            first = builder.step(
                first, get_format(little), RGB_LOOK, RGB_LOOK, accurate(swscale.SWS_POINT)
            )
        luma = self._whole((first, 0))
        veil = self._whole((first, 3)) if alpha else None
        name = "gray16le" if is_gray else "gbrap16le" if alpha else "gbrp16le"
        made = builder.add(get_format(name), self._size, shared=not alpha and not is_gray)
        for plane in range(3 if alpha else 1):
            self._copy((luma, 0), luma.format, (made, plane))
        if veil is not None:
            self._copy((veil, 0), veil.format, (made, 3))
        return made

    def _of_veiled(self, first: Scratch, alpha: bool) -> Scratch:
        """Return what gray of limited range with alpha is."""
        veil = self._whole((first, 3)) if alpha else None
        made = to_whole(self._builder, first, self._look, self._size, self._flag, alpha)
        if veil is not None:
            self._copy((veil, 0), veil.format, (made, 3))
        return made

    # ---- planes ----------------------------------------------------------------------------------

    def _add(self, name: str, like: Scratch) -> Scratch:
        return self._builder.add(get_format(name), (like.width, like.height))

    def _whole(self, plane: Plane) -> Scratch:
        """Return a plane with 16 bits."""
        made = self._add("gray16le", plane[0])
        self._copy(plane, _gray(plane[0].format), (made, 0))
        return made

    def _copy(
        self, source: Plane, read: Format, target: Plane, write: Format | None = None
    ) -> None:
        """Append a copy of a plane, which takes the size of its target."""
        size, out_size = ((each[0].width, each[0].height) for each in (source, target))
        flags = swscale.SWS_POINT
        if size != out_size:
            flags = accurate(self._flag)
        context = make_context(
            (read, *size, RGB_LOOK), (write or get_format("gray16le"), *out_size, RGB_LOOK), flags
        )
        self._builder.steps.append(PlaneStep(context, source, target))


def _is_xyz(fmt: Format) -> bool:
    """Tell whether it is none of the YUV that its three components make it look like."""
    return fmt.name.startswith("xyz")


def _gray(fmt: Format) -> Format:
    """Return the gray format whose plane is one of those of a planar one."""
    return get_format("gray" if fmt.depth == 8 else f"gray{fmt.depth}le")
