"""Many frames into one array: each is converted, scaled and turned into its own row of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._av.frames import buffers
from .._av.frames.picture import Picture
from .._spec.frames.fitting import FILTERS, FITS, covering, inside, whole_size
from .._spec.frames.formats import PixelFormat, get_format
from .._spec.frames.layout import compute_layout
from .._spec.frames.rect import Rect
from .._spec.numbers import to_dimension, to_flag, to_threads
from .._spec.texts import one_of
from ..errors import InvalidArgumentError
from ..frames._array_format import array_shape, is_stacked
from ..frames._arrays import writable
from ..frames._copy import Source, convert_pixels, copy_pixels, destination_layout
from ..frames._shape import FrameShape
from ..frames._turning import turned as turned_pixels
from ._frame_requests import FrameRequests
from ._overlap import overlapping
from ._video_core import VideoCore

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Pixels = npt.NDArray[Any]

LAYOUTS = ("NHWC", "NCHW")


class BatchOptions:
    """What `Video.read` is asked for, checked."""

    __slots__ = (
        "exact",
        "filter",
        "fit",
        "format",
        "height",
        "is_channels_first",
        "threads",
        "upright",
        "width",
    )

    def __init__(
        self,
        format: Any = "RGB",
        width: Any = None,
        height: Any = None,
        fit: Any = "fill",
        filter: Any = "bilinear",
        layout: Any = "NHWC",
        exact: Any = False,
        threads: Any = None,
        upright: bool = False,
    ) -> None:
        self.format: PixelFormat = get_format(format)
        self.width = None if width is None else to_dimension(width, "width")
        self.height = None if height is None else to_dimension(height, "height")
        self.fit: str = one_of(fit, FITS, "fit")
        self.filter: str = one_of(filter, FILTERS, "filter")
        self.is_channels_first = one_of(layout, LAYOUTS, "layout") == "NCHW"
        self.exact = to_flag(exact, "exact")
        self.threads = to_threads(threads)
        self.upright = upright
        fmt = self.format
        if self.is_stacked and not self.is_channels_first:
            raise InvalidArgumentError(f"{fmt.name} lies in planes: its layout is 'NCHW'")
        if len(fmt.planes) > 1 and not self.is_stacked and self.is_channels_first:
            raise InvalidArgumentError(f"planes of {fmt.name} differ in size: no layout is 'NCHW'")
        if len(fmt.planes) > 1 and self.fit == "contain":
            raise InvalidArgumentError(
                f"fit='contain' needs packed pixels such as 'RGB', not {fmt.name}"
            )

    @property
    def is_stacked(self) -> bool:
        """Whether the format is planes of one size."""
        return is_stacked(self.format)

    def dtype(self) -> np.dtype[Any]:
        """Return the type of a sample."""
        return np.dtype(self.format.dtype)

    def shape(self, width: int, height: int) -> tuple[int, ...]:
        """Return the shape of a frame's row in the array."""
        size = array_shape(self.format, width, height)
        if not self.is_channels_first or len(self.format.planes) > 1:
            return size
        return (size[2], *size[:2]) if len(size) == 3 else (1, *size)


class Batch:
    """The array, and how frames get into it.

    Parameters
    ----------
    options : BatchOptions
    count : int
        Frames.
    out : array or None
        Where to write.
    """

    def __init__(self, options: BatchOptions, count: int, out: Any) -> None:
        self._options = options
        self._count = count
        self._given = out
        self._size: tuple[int, int] | None = None  # width and height of each picture in the array
        self._natural: tuple[int, int] | None = None
        self._scratch: Pixels | None = None
        self.array: Pixels = np.empty(0, np.uint8)

    def settle(self, natural: tuple[int, int], shown: tuple[int, int]) -> None:
        """Fix the size by the first picture, and make or check the array."""
        options = self._options
        self._natural = natural
        width, height = whole_size(natural, shown, options.width, options.height)
        self._size = width, height
        compute_layout(options.format, width, height)  # which refuses what is too large
        wanted = (self._count, *options.shape(width, height))
        if self._given is None:
            self.array = np.empty(wanted, options.dtype())
            return
        self.array = writable(self._given, wanted, options.dtype())

    def put(self, row: int, index: int, picture: Picture, shape: FrameShape) -> None:
        """Write a picture into its row."""
        options = self._options
        turned = options.upright and shape.rotation % 180 != 0
        assert shape.visible_rect is not None
        stored = shape.visible_rect.width, shape.visible_rect.height
        shown = shape.display_width, shape.display_height
        if shape.rotation % 180:  # the display size is that of the turned picture
            shown = shown[::-1]
        if self._size is None:
            self.settle(_flipped(stored, turned), _flipped(shown, turned))
        assert self._size is not None
        no_size = options.width is None and options.height is None
        if no_size and _flipped(stored, turned) != self._natural:
            raise InvalidArgumentError(
                f"frame {index} is {stored[0]}x{stored[1]}, others are not: give width and height"
            )
        size = _flipped(self._size, turned)
        target = self.array[row]
        is_plain = (
            not (options.upright and (shape.rotation or shape.flip))
            and (not options.is_channels_first or options.is_stacked)
            and target.flags.c_contiguous
        )
        pixels = target if is_plain else self._room(size)
        self._draw(pixels, size, shown, Source(picture.ptr, shape, shape.visible_rect))
        if is_plain:
            return
        if options.upright:
            pixels = turned_pixels(pixels, shape)
        if options.is_channels_first and not options.is_stacked:
            pixels = pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels[np.newaxis]
        target[...] = pixels

    def _room(self, size: tuple[int, int]) -> Pixels:
        """Return an array for a picture on its way."""
        wanted = array_shape(self._options.format, *size)
        if self._scratch is None or self._scratch.shape != wanted:
            self._scratch = np.empty(wanted, self._options.dtype())
        return self._scratch

    def _draw(
        self, pixels: Pixels, size: tuple[int, int], shown: tuple[int, int], source: Source
    ) -> None:
        """Convert a picture, as it is stored, into a contiguous array."""
        options, shape = self._options, source.shape
        _, destination, _ = destination_layout(shape, None, None, options.format.name, None)
        fmt = destination.format
        place, layout = Rect(0, 0, *size), None
        if options.fit == "contain":
            place = inside(shown, size)
            if (place.width, place.height) != size:
                pixels[...] = 0
            item = fmt.planes[0].element_bytes
            layout = [(place.y * size[0] * item + place.x * item, size[0] * item)]
        elif options.fit == "cover":
            own = shape.format
            align = (1, 1) if own is None else (own.align_x, own.align_y)
            source.region = covering(source.region, shown, size, align)
        where = compute_layout(fmt, place.width, place.height, layout)
        exported = buffers.export(pixels, "out", writable=True)
        try:
            if (source.region.width, source.region.height) == (place.width, place.height):
                copy_pixels(source, destination, where, exported, options.exact, options.threads)
            else:
                convert_pixels(
                    source,
                    destination,
                    where,
                    exported,
                    place.width,
                    place.height,
                    options.filter,
                    options.exact,
                    options.threads,
                )
        finally:
            buffers.unexport(exported)


def _flipped(size: tuple[int, int], turned: bool) -> tuple[int, int]:
    return size[::-1] if turned else size


def read_batch(
    core: VideoCore, indices: Iterable[int], options: BatchOptions, out: Any, nothing: Any
) -> Pixels:
    """Return an array of frames; see `Video.read`. `nothing` is the size where there are none."""
    wanted = np.fromiter(indices, np.int64)
    batch = Batch(options, len(wanted), out)
    if not len(wanted):
        batch.settle(nothing, nothing)
        return batch.array
    # In the order of decoding, whatever theirs is: then none of them has to wait for its turn.
    unique, inverse = np.unique(wanted, return_inverse=True)
    rows = np.argsort(inverse, kind="stable")
    first_row = np.searchsorted(inverse[rows], np.arange(len(unique)))
    # Packed pixels are turned in the array, where they may be fewer.
    turns = options.upright and len(options.format.planes) > 1
    frames = FrameRequests(core, unique.tolist(), None, is_sized=True, turns=turns)
    with overlapping(core, frames, len(unique), options.threads) as decoded:
        for place, frame in enumerate(decoded):
            with frame:
                row = int(rows[first_row[place]])
                batch.put(row, int(unique[place]), frame._open_picture(), frame._shape)
    for place, row in enumerate(inverse):
        original = rows[first_row[row]]
        if original != place:
            batch.array[place] = batch.array[original]
    return batch.array
