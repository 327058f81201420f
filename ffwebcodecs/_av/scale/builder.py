"""Puts a `Staged` conversion together: scratch images, and the libswscale calls between them."""

from __future__ import annotations

from ..._ffi import swscale
from ..frames.pixel_format import Format, get_format
from .in_place import first_step
from .steps import LOW_STRIDE, Plane, PlaneStep, Split, Staged, Step
from .sws import ONE, RGB_LOOK, Context, Look, Scratch, make_context

FILLED = {"rgb0": "rgba", "bgr0": "bgra"}  # X is written as alpha: 255
# Planes that are no YUV are passed off as YUV of this look: a change of depth is then a mere shift.
SHIFT_LOOK = Look(RGB_LOOK.matrix, False)
_BAND_BYTES = 8 << 20  # of a band, about: fewer calls matter more than caches do


class Ends:
    """What is to become what: formats and sizes of the caller's images, by which filter, and how
    exactly.
    """

    __slots__ = ("exact", "filter", "fmt", "out", "out_size", "size")

    def __init__(
        self,
        fmt: Format,
        out: Format,
        size: tuple[int, int],
        out_size: tuple[int, int],
        filter: str | None,
        exact: bool = False,
    ) -> None:
        self.fmt = fmt
        self.out = out
        self.size = size
        self.out_size = out_size
        self.filter = filter
        self.exact = exact


class Builder:
    """Collects the scratches and steps of a `Staged` conversion."""

    def __init__(self, ends: Ends, width: int, height: int | None) -> None:
        self._ends = ends
        self.width = width
        if height is None:
            lines = ends.size[1] + 3 & -4
            # About 18 bytes a pixel: source, 16-bit and 8-bit planes.
            most = max(16, _BAND_BYTES // (18 * width) & -16)
            # All bands are as high as the first: of equal ones, the last has little to spare.
            bands = -(-lines // most)
            height = min(lines, -(-lines // bands) + 15 & -16)
        self.height = height
        self.scratches: list[Scratch] = []
        self.steps: list[Step | Split | PlaneStep] = []

    def add(
        self,
        fmt: Format,
        size: tuple[int, int] | None = None,
        *,
        neutral: bool = False,
        shared: bool = False,
    ) -> Scratch:
        """Add an image in scratch memory."""
        width, height = size or (self.width, self.height)
        scratch = Scratch(fmt, width, height, neutral=neutral, shared=shared)
        self.scratches.append(scratch)
        return scratch

    def load(self, fmt: Format) -> Scratch:
        """Add the image that takes the source."""
        return self.add(fmt, neutral=fmt.yuv and not self._ends.fmt.yuv)

    def step(
        self,
        scratch: Scratch,
        fmt: Format,
        look: Look,
        out_look: Look,
        flags: int,
        *,
        size: tuple[int, int] | None = None,
        brightness: int = 0,
        contrast: int = ONE,
    ) -> Scratch:
        """Add a conversion of `scratch` and return what it gives."""
        target = self.add(fmt, size or (scratch.width, scratch.height))
        context = make_context(
            (scratch.format, scratch.width, scratch.height, look),
            (fmt, target.width, target.height, out_look),
            flags,
            brightness=brightness,
            contrast=contrast,
        )
        self.steps.append(Step(context, scratch, target))
        return target

    def high_bytes(self, scratch: Scratch, fmt: Format, *, big_endian: bool = False) -> Scratch:
        """Add a step from 16 to 8 bits."""
        target = self.add(fmt, (scratch.width, scratch.height))
        jobs: list[tuple[Plane, Plane | None, Plane | None]] = []
        for plane in range(fmt.planes):
            high = target, plane
            jobs.append(
                ((scratch, plane), high, None) if big_endian else ((scratch, plane), None, high)
            )
        self._split(fmt.row_bytes(0, scratch.width), scratch.height, jobs)
        return target

    def unpack(self, scratch: Scratch, alpha: bool) -> Scratch:
        """Add the steps from packed 32-bit RGB to planes; exact."""
        gray, (width, height) = get_format("gray"), (scratch.width, scratch.height)
        even, odd = self.add(gray, (2 * width, height)), self.add(gray, (2 * width, height))
        target = self.add(get_format("gbrap" if alpha else "gbrp"), (width, height))
        self._split(2 * width, height, [((scratch, 0), (even, 0), (odd, 0))])
        first, third = (2, 1) if scratch.format.name.startswith("rgb") else (1, 2)
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
        dummy = Scratch(get_format("gray"), pairs + LOW_STRIDE * height, 3)
        self.steps.append(Split(context, jobs, dummy))

    def pack(self, scratch: Scratch, out: Format, width: int) -> Context:
        """Return the last step: planar RGB to the caller's packed RGB."""
        target = get_format(
            FILLED.get(out.name, out.name) if not scratch.format.alpha else out.name
        )
        source = scratch.format
        if source.alpha and not out.alpha:
            source = get_format("gbrp")
            target = get_format(FILLED.get(out.name, out.name))
        return make_context(
            (source, width, scratch.height, RGB_LOOK),
            (target, width, scratch.height, RGB_LOOK),
            swscale.SWS_POINT,
        )

    def staged(
        self,
        pack: Context | None = None,
        extend: tuple[int, int] = (0, 0),
        size: tuple[int, int] | None = None,
        out_size: tuple[int, int] | None = None,
    ) -> Staged:
        """Return the conversion."""
        ends = self._ends
        return Staged(
            ends.fmt,
            ends.out,
            size or ends.size,
            out_size or ends.out_size,
            self.scratches,
            self.steps,
            pack,
            extend,
            first_step(self.steps, ends.size != ends.out_size),
        )
