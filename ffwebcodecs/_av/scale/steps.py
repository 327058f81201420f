"""What a conversion does, step by step: `recipes` makes Conversions, `cache` keeps and runs them.

Safety rules, each with a test that puts an unreadable page behind the pixels:

* libswscale's SIMD reads and writes in whole vectors. It is given the caller's memory only where
  that is known to stay inside: the YUV to RGB converter on widths that are multiples of 16
  (`direct`), and the packing of planar RGB, which is plain C. Everything else goes through scratch
  memory with room behind every plane, and rows are copied exactly.
* A Conversion belongs to one thread; the pointer arrays are reused by each run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..._ffi import avutil, ffi, swscale
from ..frames.pixel_format import Format
from .arena import Arena, GaveUpError
from .image import Image
from .sws import Context, Scratch

if TYPE_CHECKING:
    from ..._ffi._types import Array, Bytes, Pointer, SwsContext
    from .gamut import Gamut

LOW_STRIDE = 64  # rows of bytes that nobody reads may overlap, but SIMD likes them aligned


class Conversion(Protocol):
    """What converts between two kinds of image.

    Attributes
    ----------
    room : int
        Bytes of scratch memory that it needs.
    is_by_rows : bool
        Whether one for some of the rows, of a height that 16 divides, makes the same of them.
    """

    @property
    def room(self) -> int: ...

    @property
    def is_by_rows(self) -> bool: ...

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Convert; the images are of the formats and sizes it was made for."""

    def shelve(self) -> None:
        """Count the contexts as cached."""


class FirstStep(Protocol):
    """What reads the caller's image itself."""

    def run(self, image: Image) -> None:
        """Convert the image to where the second step reads."""


def sws_scale(
    context: SwsContext,
    data: Array[Bytes],
    strides: Array[int],
    rows: int,
    out: Array[Bytes],
    out_strides: Array[int],
) -> None:
    if swscale.sws_scale(context, data, strides, 0, rows, out, out_strides) <= 0:
        raise GaveUpError


class Step:
    """One sws_scale call from scratch to scratch."""

    __slots__ = ("context", "rows", "source", "target")

    def __init__(self, context: Context, source: Scratch, target: Scratch) -> None:
        self.context = context
        self.source = source
        self.target = target
        self.rows = source.height

    def run(self) -> None:
        """Convert the whole image."""
        source, target = self.source, self.target
        sws_scale(
            self.context.ptr,
            source.data,
            source.strides_c,
            self.rows,
            target.data,
            target.strides_c,
        )


Plane = tuple[Scratch, int]


class Split:
    """Take pairs of bytes apart: high bytes of 16-bit samples, or the channels of packed pixels.

    From 16 to 8 bits libswscale's own way is seven times slower, and from RGBA to planes ten
    times. Its SIMD that takes interleaved chroma apart does just this: the pairs are given as the
    chroma of NV24. The luma it insists on copying has a stride of one byte (0 is refused), which
    costs nothing.

    Parameters
    ----------
    context : Context
        NV24 to 4:4:4, as wide as there are pairs in a row.
    jobs : list of (Plane, Plane or None, Plane or None)
        The pairs, where their first bytes go, and where their second bytes go; None for nowhere.
    dummy : Scratch
        Three rows of rubbish: luma to read, luma to write, bytes that go nowhere.
    """

    __slots__ = ("_args", "_jobs", "context", "dummy")

    def __init__(
        self, context: Context, jobs: list[tuple[Plane, Plane | None, Plane | None]], dummy: Scratch
    ) -> None:
        self.context = context
        self.dummy = dummy
        self._jobs = jobs
        self._args: list[tuple[Array[Bytes], Array[int], int, Array[Bytes], Array[int]]] = []

    def bind(self) -> None:
        """Prepare the pointer arrays; the scratch images have just been bound."""
        self._args = []
        row, step = self.dummy.planes[0], self.dummy.strides[0]
        nowhere = row + 2 * step, LOW_STRIDE
        for (source, plane), *outputs in self._jobs:
            out = [
                nowhere if each is None else (each[0].planes[each[1]], each[0].strides[each[1]])
                for each in outputs
            ]
            self._args.append(
                (
                    ffi.new("uint8_t *[4]", [row, source.planes[plane]]),
                    ffi.new("int[4]", [1, source.strides[plane]]),
                    source.height,
                    ffi.new("uint8_t *[4]", [row + step, *(pointer for pointer, _ in out)]),
                    ffi.new("int[4]", [1, *(stride for _, stride in out)]),
                )
            )

    def run(self) -> None:
        """Convert all planes."""
        for args in self._args:
            sws_scale(self.context.ptr, *args)


class PlaneStep:
    """One sws_scale call from plane to plane.

    Parameters
    ----------
    context : Context
        From gray, or from YUV, whose chroma is not looked at, to gray, or to planes that are equal.
    source, target : (Scratch, int)
        Image and plane.
    """

    __slots__ = ("_args", "_source", "_target", "context")

    def __init__(self, context: Context, source: Plane, target: Plane) -> None:
        self.context = context
        self._source = source
        self._target = target
        self._args: tuple[Array[Bytes], Array[int], int, Array[Bytes], Array[int]] | None = None

    def bind(self) -> None:
        """Prepare the pointer arrays; the scratch images have just been bound."""
        (source, plane), (target, written) = self._source, self._target
        self._args = (
            ffi.new("uint8_t *[4]", [source.planes[plane]] * 3),
            ffi.new("int[4]", [source.strides[plane]] * 3),
            source.height,
            ffi.new("uint8_t *[4]", [target.planes[written]] * 3),
            ffi.new("int[4]", [target.strides[written]] * 3),
        )

    def run(self) -> None:
        """Convert the plane."""
        assert self._args is not None
        sws_scale(self.context.ptr, *self._args)


class Staged:
    """A conversion in bands, through scratch memory; of a whole image or of a rectangle of it.

    Parameters
    ----------
    fmt : Format
        Of the caller's source.
    out : Format
        Of the caller's destination.
    size, out_size : (int, int)
        Width and height to convert; they differ when the image is scaled, then there is one band.
    scratches : list of Scratch
        All images in scratch memory. The first one takes the source, the last one is copied to the
        destination.
    steps : list of Step, Split or PlaneStep
    pack : Context, optional
        Turns the last of them, planar RGB, into the destination's packed format, in the caller's
        memory.
    extend : (int, int)
        How many columns and rows repeat the last one, so that chroma is averaged over what there
        is.
    from_image : FirstStep, optional
        Does the first step without a copy of the source.
    """

    __slots__ = (
        "_base",
        "_out",
        "_out_strides",
        "_row_bytes",
        "contexts",
        "extend",
        "fmt",
        "from_image",
        "out",
        "out_size",
        "pack",
        "room",
        "scratches",
        "size",
        "steps",
        "x",
        "y",
    )

    is_by_rows = False  # but by bands

    def __init__(
        self,
        fmt: Format,
        out: Format,
        size: tuple[int, int],
        out_size: tuple[int, int],
        scratches: list[Scratch],
        steps: list[Step | Split | PlaneStep],
        pack: Context | None = None,
        extend: tuple[int, int] = (0, 0),
        from_image: FirstStep | None = None,
    ) -> None:
        self.fmt = fmt
        self.out = out
        self.size = size
        self.out_size = out_size
        self.scratches = scratches
        self.steps = steps
        self.pack = pack
        self.extend = extend
        self.x = 0
        self.y = 0
        self.from_image = from_image
        self.contexts = [step.context for step in steps]
        if pack is not None:
            self.contexts.append(pack)
        extra = [step.dummy for step in steps if isinstance(step, Split)]
        scratches[1:1] = extra
        self.room = 64
        for scratch in scratches:
            self.room = scratch.lay_out(self.room)
        self._base: Pointer[int] | None = None
        self._out: Array[Bytes] = ffi.new("uint8_t *[4]")
        self._out_strides: Array[int] = ffi.new("int[4]")
        self._row_bytes = [out.row_bytes(plane, out_size[0]) for plane in range(out.planes)]

    def shelve(self) -> None:
        """Count the contexts as cached."""
        for context in self.contexts:
            context.shelve()

    @property
    def bands(self) -> int:
        """In how many bands it is made; none depends on another one."""
        if self.size != self.out_size:
            return 1
        return -(-self.size[1] // self.scratches[0].height)

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Convert the rectangle at (x, y) of the size it was made for."""
        self.run_bands(source, destination, arena, 0, self.bands)
        arena.trim()

    def run_bands(
        self, source: Image, destination: Image, arena: Arena, first: int, count: int
    ) -> None:
        """Convert some of its bands."""
        base = arena.get(self.room)
        if base is not self._base:
            for scratch in self.scratches:
                scratch.bind(base)
            for step in self.steps:
                if not isinstance(step, Step):
                    step.bind()
            self._base = base
        if self.size != self.out_size:
            self._scale(source, destination)
            return
        band = self.scratches[0].height
        for start in range(first * band, min((first + count) * band, self.size[1]), band):
            rows = min(band, self.size[1] - start)
            self._load(source, self.y + start, rows)
            for step in self.steps:
                step.run()
            self._store(destination, self.y + start, rows)

    def _scale(self, source: Image, destination: Image) -> None:
        """Convert the whole image, which gets another size."""
        steps = self.steps
        if self.from_image is not None:
            self.from_image.run(source)
            steps = steps[1:]
        else:
            self._load(source, 0, self.size[1])
        for step in steps:
            step.run()
        self._store(destination, 0, self.out_size[1])

    def _load(self, source: Image, y: int, rows: int) -> None:
        scratch, fmt = self.scratches[0], self.fmt
        stage = scratch.format
        width = self.size[0]
        for plane in range(min(fmt.planes, stage.planes)):
            stride = source.strides[plane]
            target, target_stride = scratch.planes[plane], scratch.strides[plane]
            row, count = fmt.row_bytes(plane, width), fmt.rows(plane, rows)
            avutil.av_image_copy_plane(
                target,
                target_stride,
                source.planes[plane] + fmt.offset(plane, stride, self.x, y),
                stride,
                row,
                count,
            )
            chroma = plane in (1, 2)
            more, below = self.extend
            if more and not (chroma and fmt.sub_x > 1):
                unit = fmt.row_bytes(plane, 1)
                for column in range(more):
                    end = target + row + column * unit
                    avutil.av_image_copy_plane(
                        end, target_stride, end - unit, target_stride, unit, count
                    )
                row += more * unit
            if below and not (chroma and fmt.sub_y > 1) and y + rows == self.y + self.size[1]:
                for line in range(count, count + below):
                    end = target + line * target_stride
                    avutil.av_image_copy_plane(
                        end, target_stride, end - target_stride, target_stride, row, 1
                    )
        if fmt.palette:
            avutil.av_image_copy_plane(scratch.planes[1], 1024, source.planes[1], 1024, 1024, 1)

    def _store(self, destination: Image, y: int, rows: int) -> None:
        scratch, out = self.scratches[-1], self.out
        planes, strides = destination.planes, destination.strides
        if self.pack is not None:
            stride = strides[0]
            self._out[0] = planes[0] + out.offset(0, stride, self.x, y)
            self._out_strides[0] = stride
            sws_scale(
                self.pack.ptr, scratch.data, scratch.strides_c, rows, self._out, self._out_strides
            )
            return
        for plane, row in enumerate(self._row_bytes):
            stride = strides[plane]
            avutil.av_image_copy_plane(
                planes[plane] + out.offset(plane, stride, self.x, y),
                stride,
                scratch.planes[plane],
                scratch.strides[plane],
                row,
                out.rows(plane, rows),
            )


class Copy:
    """The same bytes: rows are copied plane by plane."""

    __slots__ = ("_planes",)

    room = 0
    is_by_rows = True

    def __init__(self, fmt: Format, out: Format, width: int, height: int) -> None:
        self._planes = [
            (plane, out.row_bytes(plane, width), out.rows(plane, height))
            for plane in range(out.planes)
        ]
        if out.palette:
            self._planes.append((1, 1024, 1))

    def shelve(self) -> None:
        """Have no contexts."""

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Copy."""
        for plane, row, rows in self._planes:
            target, stride = destination.planes[plane], destination.strides[plane]
            avutil.av_image_copy_plane(
                target, stride, source.planes[plane], source.strides[plane], row, rows
            )


class Regamut:
    """A conversion followed by a change of primaries in the destination."""

    __slots__ = ("_gamut", "_inner")

    is_by_rows = False

    def __init__(self, inner: Conversion, gamut: Gamut) -> None:
        self._inner = inner
        self._gamut = gamut

    @property
    def room(self) -> int:
        """Bytes of scratch memory that it needs."""
        return self._inner.room

    def shelve(self) -> None:
        """Count the contexts as cached."""
        self._inner.shelve()

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Convert."""
        self._inner.run(source, destination, arena)
        self._gamut.apply(
            destination.planes[0], destination.strides[0], destination.width, destination.height
        )
