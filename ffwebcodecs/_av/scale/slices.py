"""A large conversion in slices, on cores that are idle; the pixels are those of one thread.

libswscale has threads of its own, but only behind sws_scale_frame, which FFmpeg 4.3 lacks and which
wants the caller's memory in reference-counted AVFrames; and it would share out single calls, where
most conversions are several, and copies between them. So whole conversions are shared out instead:
each worker has one of its own, contexts and all.

* A conversion that goes through scratch memory does so in bands, and a band knows nothing of the
  others: each worker takes the next band. The bands are those of one thread: libswscale's results
  near the edge of what it is given may differ by one from those elsewhere.
* Of a conversion in place each pair of rows is by itself: workers take slices of the rows, whose
  conversions are made for just that.
* All others are left to one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..frames.pixel_format import Format, get_format
from . import helpers
from .choices import plain_name
from .image import Image
from .sharing import ROWS_OF_SLICES
from .steps import Staged

if TYPE_CHECKING:
    from .arena import Arena
    from .steps import Conversion

    Build = Callable[[Image, Image], Conversion]

_PARTS = 2  # slices for each worker: who comes late leaves the rest to the others


def share(source: Image, destination: Image, workers: int, build: Build) -> Conversion:
    """Make the conversion for images like these, for several threads if it can be shared out.

    Parameters
    ----------
    source, destination : Image
    workers : int
        At least 2.
    build : callable
        Makes the conversion for one thread.
    """
    first = build(source, destination)
    if isinstance(first, Staged):
        count = min(workers, first.bands)
        if count < 2:
            return first
        return _Bands([first] + [_staged(build(source, destination)) for _ in range(count - 1)])
    if not first.is_by_rows:
        return first
    return _Slices(source, destination, workers, build, first)


def _staged(conversion: Conversion) -> Staged:
    assert isinstance(conversion, Staged)
    return conversion


class _Bands:
    """A conversion in bands, which workers take one by one.

    Parameters
    ----------
    conversions : list of Staged
        The same one for each worker.
    """

    __slots__ = ("_conversions", "room")

    is_by_rows = False

    def __init__(self, conversions: list[Staged]) -> None:
        self._conversions = conversions
        self.room = conversions[0].room

    def shelve(self) -> None:
        """Count the contexts as cached."""
        for each in self._conversions:
            each.shelve()

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Convert."""
        first, *others = conversions = self._conversions

        def work(worker: int, band: int, arena: Arena) -> None:
            conversions[worker].run_bands(source, destination, arena, band, 1)

        arena.get(self.room)  # out of memory is to be known before anything is written
        team = helpers.Team(work, first.bands, helpers.idle(len(others)))
        if not team.run(arena):
            # A forked child: what helpers of the parent were at is left in the middle.
            del others[:], conversions[1:]
            first.run(source, destination, arena)
        arena.trim()


class _Slices:
    """A conversion whose rows are cut into slices.

    Parameters
    ----------
    source, destination, workers, build
        As of `share`.
    whole : Conversion
        That of all rows, for a child that is forked in the middle.
    """

    __slots__ = ("_conversions", "_formats", "_is_orphaned", "_rows", "_slices", "_whole", "room")

    is_by_rows = False

    def __init__(
        self, source: Image, destination: Image, workers: int, build: Build, whole: Conversion
    ) -> None:
        height = source.height
        units = -(-height // ROWS_OF_SLICES)
        self._rows = rows = -(-units // (workers * _PARTS)) * ROWS_OF_SLICES
        self._slices = [(start, min(rows, height - start)) for start in range(0, height, rows)]
        self._formats = read, written = [
            get_format(plain_name(each.pix_fmt)) for each in (source, destination)
        ]
        # One for each worker, and one for the last slice if that is smaller.
        sizes = [rows] * workers
        if height % rows:
            sizes.append(height % rows)
        self._conversions = [
            build(_slice(source, 0, size, read), _slice(destination, 0, size, written))
            for size in sizes
        ]
        self._whole = whole
        self._is_orphaned = False
        self.room = max(each.room for each in self._conversions)

    def shelve(self) -> None:
        """Count the contexts as cached."""
        for each in (self._whole, *self._conversions):
            each.shelve()

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Convert."""
        if self._is_orphaned:
            self._whole.run(source, destination, arena)
            return
        slices, conversions, usual = self._slices, self._conversions, self._rows
        read, written = self._formats

        def work(worker: int, part: int, arena: Arena) -> None:
            start, rows = slices[part]
            conversion = conversions[worker] if rows == usual else conversions[-1]
            conversion.run(
                _slice(source, start, rows, read), _slice(destination, start, rows, written), arena
            )

        arena.get(self.room)  # as above
        workers = len(conversions) - (slices[-1][1] != usual)
        team = helpers.Team(work, len(slices), helpers.idle(workers - 1))
        if not team.run(arena):
            self._is_orphaned = True
            self._whole.run(source, destination, arena)


def _slice(image: Image, start: int, rows: int, fmt: Format) -> Image:
    """Return some rows of an image."""
    strides = image.strides
    made = Image.__new__(Image)
    for name in Image.__slots__:
        setattr(made, name, getattr(image, name))
    made.planes = [
        plane + fmt.offset(index, strides[index], 0, start) if index < fmt.planes else plane
        for index, plane in enumerate(image.planes)
    ]
    made.height = rows
    return made
