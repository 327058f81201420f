"""Puts a `Staged` plan together: scratch pictures, and the libswscale calls between them."""

from __future__ import annotations

from ..._ffi import swscale
from .steps import LOW_STRIDE, Plane, Split, Staged, Step
from .sws import ONE, RGB_LOOK, Context, Format, Look, Picture, get_format, make_context

FILLED = {"rgb0": "rgba", "bgr0": "bgra"}  # X is written as alpha: 255
# Planes that are no YUV are passed off as YUV of this look: a change of depth is then a mere shift.
SHIFT_LOOK = Look(RGB_LOOK.matrix, False)
_SCRATCH = 8 << 20  # bytes of a band, about: fewer calls matter more than caches do


class Request:
    """What is to become what: formats and sizes of the caller's images."""

    __slots__ = ("fmt", "out", "out_size", "size")

    def __init__(
        self, fmt: Format, out: Format, size: tuple[int, int], out_size: tuple[int, int]
    ) -> None:
        self.fmt = fmt
        self.out = out
        self.size = size
        self.out_size = out_size


class Builder:
    """Collects the pictures and steps of a `Staged` plan."""

    def __init__(self, request: Request, width: int, height: int | None) -> None:
        self._request = request
        self.width = width
        if height is None:
            lines = request.size[1] + 3 & -4
            # About 18 bytes a pixel: source, 16-bit and 8-bit planes.
            height = max(16, min(lines, _SCRATCH // (18 * width) & -16))
        self.height = height
        self.pictures: list[Picture] = []
        self.steps: list[Step | Split] = []

    def picture(
        self, fmt: Format, size: tuple[int, int] | None = None, *, neutral: bool = False
    ) -> Picture:
        """Add a picture."""
        width, height = size or (self.width, self.height)
        picture = Picture(fmt, width, height, neutral=neutral)
        self.pictures.append(picture)
        return picture

    def load(self, fmt: Format) -> Picture:
        """Add the picture that takes the source."""
        return self.picture(fmt, neutral=fmt.yuv and not self._request.fmt.yuv)

    def step(
        self,
        picture: Picture,
        fmt: Format,
        look: Look,
        out_look: Look,
        flags: int,
        *,
        size: tuple[int, int] | None = None,
        brightness: int = 0,
        contrast: int = ONE,
    ) -> Picture:
        """Add a conversion of `picture` and return what it gives."""
        target = self.picture(fmt, size or (picture.width, picture.height))
        context = make_context(
            (picture.format, picture.width, picture.height, look),
            (fmt, target.width, target.height, out_look),
            flags,
            brightness=brightness,
            contrast=contrast,
        )
        self.steps.append(Step(context, picture, target))
        return target

    def high_bytes(self, picture: Picture, fmt: Format, *, big_endian: bool = False) -> Picture:
        """Add a step from 16 to 8 bits."""
        target = self.picture(fmt, (picture.width, picture.height))
        jobs: list[tuple[Plane, Plane | None, Plane | None]] = []
        for plane in range(fmt.planes):
            high = target, plane
            jobs.append(
                ((picture, plane), high, None) if big_endian else ((picture, plane), None, high)
            )
        self._split(fmt.row_bytes(0, picture.width), picture.height, jobs)
        return target

    def unpack(self, picture: Picture, alpha: bool) -> Picture:
        """Add the steps from packed 32-bit RGB to planes; exact."""
        gray, (width, height) = get_format("gray"), (picture.width, picture.height)
        even, odd = self.picture(gray, (2 * width, height)), self.picture(gray, (2 * width, height))
        target = self.picture(get_format("gbrap" if alpha else "gbrp"), (width, height))
        self._split(2 * width, height, [((picture, 0), (even, 0), (odd, 0))])
        first, third = (2, 1) if picture.format.name.startswith("rgb") else (1, 2)
        fourth = (target, 3) if alpha else None
        self._split(
            width,
            height,
            [((even, 0), (target, first), (target, third)), ((odd, 0), (target, 0), fourth)],
        )
        return target

    def _split(
        self, pairs: int, height: int, jobs: list[tuple[Plane, Plane | None, Plane | None]]
    ) -> None:
        look = SHIFT_LOOK
        context = make_context(
            (get_format("nv24"), pairs, height, look),
            (get_format("yuv444p"), pairs, height, look),
            swscale.SWS_POINT,
        )
        dummy = Picture(get_format("gray"), pairs + LOW_STRIDE * height, 3)
        self.steps.append(Split(context, jobs, dummy))

    def pack(self, picture: Picture, out: Format, width: int) -> Context:
        """Return the last step: planar RGB to the caller's packed RGB."""
        target = get_format(
            FILLED.get(out.name, out.name) if not picture.format.alpha else out.name
        )
        source = picture.format
        if source.alpha and not out.alpha:
            source = get_format("gbrp")
            target = get_format(FILLED.get(out.name, out.name))
        return make_context(
            (source, width, picture.height, RGB_LOOK),
            (target, width, picture.height, RGB_LOOK),
            swscale.SWS_POINT,
        )

    def staged(
        self,
        pack: Context | None = None,
        extend: tuple[int, int] = (0, 0),
        size: tuple[int, int] | None = None,
        out_size: tuple[int, int] | None = None,
    ) -> Staged:
        """Return the plan."""
        request = self._request
        return Staged(
            request.fmt,
            request.out,
            size or request.size,
            out_size or request.out_size,
            self.pictures,
            self.steps,
            pack,
            extend,
        )
