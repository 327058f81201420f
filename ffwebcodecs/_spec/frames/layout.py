"""Where the planes of an image lie in a buffer (spec 1.2.5 and 1.5.5, "Compute Layout").

A plane occupies ``offset`` to ``offset + stride * rows``: the last row counts as a full stride.
The default layout is tight: no padding, planes one after another. Default layouts are cached,
because this runs for every frame; the cached objects are shared and must not be changed, which is
why their members are tuples.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

from ..._public import public
from ...errors import InvalidArgumentError
from ..numbers import UINT32_MAX, show, to_dimension, to_uint32

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .formats import PixelFormat

_new_tuple = tuple.__new__


@public
class PlaneLayout(tuple[int, int]):
    """Where one plane lies in a buffer; immutable, and a tuple of the two.

    Parameters
    ----------
    offset : int
        Of the first byte, in bytes from the start of the buffer.
    stride : int
        From the start of a row to the start of the next, in bytes.

    Raises
    ------
    InvalidArgumentError
        A member is not an integer from 0 to 2^32 - 1.
    """

    __slots__ = ()
    __match_args__ = ("offset", "stride")

    def __new__(cls, offset: object, stride: object) -> PlaneLayout:
        return _new_tuple(cls, (to_uint32(offset, "offset"), to_uint32(stride, "stride")))

    @property
    def offset(self) -> int:
        """Of the first byte, in bytes."""
        return self[0]

    @property
    def stride(self) -> int:
        """From row to row, in bytes."""
        return self[1]

    def to_json(self) -> dict[str, int]:
        """Return the two members as a dictionary."""
        return {"offset": self[0], "stride": self[1]}

    def __repr__(self) -> str:
        return f"PlaneLayout(offset={self[0]}, stride={self[1]})"

    def __getnewargs__(self) -> tuple[int, int]:
        return self[0], self[1]


class ComputedLayout:
    """The layout of all planes of one image; shared, never change it.

    Attributes
    ----------
    planes : tuple of PlaneLayout
    row_bytes : tuple of int
        Pixel bytes of a row in each plane, without padding.
    rows : tuple of int
        Rows of each plane.
    size : int
        Bytes a buffer needs to hold all planes (the allocation size).
    """

    __slots__ = ("planes", "row_bytes", "rows", "size")

    def __init__(
        self,
        planes: tuple[PlaneLayout, ...],
        row_bytes: tuple[int, ...],
        rows: tuple[int, ...],
        size: int,
    ) -> None:
        self.planes = planes
        self.row_bytes = row_bytes
        self.rows = rows
        self.size = size

    def __repr__(self) -> str:
        return f"ComputedLayout(planes={self.planes}, size={self.size})"


_CACHE_LIMIT = 512
# One get or one store is atomic, with the GIL and without. Two threads that miss together both
# compute the same thing; clearing costs a recomputation and nothing else.
_default_layouts: dict[tuple[PixelFormat, int, int], ComputedLayout] = {}


def compute_layout(
    fmt: PixelFormat, width: int, height: int, layout: object = None
) -> ComputedLayout:
    """Return where the planes of a `width` by `height` image lie.

    Parameters
    ----------
    fmt : PixelFormat
    width, height : int
        Of the image that is stored, in pixels.
    layout : sequence of PlaneLayout, optional
        One per plane; default: tight.

    Raises
    ------
    InvalidArgumentError
        A size is not from 1 to 2^31 - 1, a stride is shorter than a row, planes overlap, the
        number of entries is wrong, or a plane ends beyond 2^32 - 1 bytes.
    """
    if layout is None:
        try:
            return _default_layouts[fmt, width, height]
        except (KeyError, TypeError):  # TypeError: a size that cannot be hashed
            return _default(fmt, width, height)
    return _explicit(fmt, width, height, layout)


def _default(fmt: PixelFormat, width: int, height: int) -> ComputedLayout:
    width, height = to_dimension(width, "width"), to_dimension(height, "height")
    row_bytes = tuple(plane.row_bytes(width) for plane in fmt.planes)
    rows = tuple(plane.rows(height) for plane in fmt.planes)
    entries, end = [], 0
    for stride, count in zip(row_bytes, rows, strict=True):
        entries.append((end, stride))
        end += stride * count
    if end > UINT32_MAX:
        raise InvalidArgumentError(
            f"{fmt.name} {width}x{height} takes {end} bytes, the limit is {UINT32_MAX}"
        )
    planes = tuple(_new_tuple(PlaneLayout, entry) for entry in entries)
    computed = ComputedLayout(planes, row_bytes, rows, end)
    if len(_default_layouts) >= _CACHE_LIMIT:
        _default_layouts.clear()
    _default_layouts[fmt, width, height] = computed
    return computed


def _explicit(fmt: PixelFormat, width: int, height: int, layout: object) -> ComputedLayout:
    width, height = to_dimension(width, "width"), to_dimension(height, "height")
    planes = parse_layout(layout, len(fmt.planes), fmt.name)
    row_bytes = tuple(plane.row_bytes(width) for plane in fmt.planes)
    rows = tuple(plane.rows(height) for plane in fmt.planes)
    ranges: list[tuple[int, int, int]] = []
    for index, ((offset, stride), needed, count) in enumerate(
        zip(planes, row_bytes, rows, strict=True)
    ):
        if stride < needed:
            raise InvalidArgumentError(
                f"layout[{index}].stride is {stride}, "
                f"a row of {fmt.name} at width {width} needs {needed} bytes"
            )
        end = offset + stride * count
        if end > UINT32_MAX:
            raise InvalidArgumentError(
                f"layout[{index}] ends at byte {end} ({offset} + {stride} * {count}), "
                f"the limit is {UINT32_MAX}"
            )
        ranges.append((offset, end, index))
    ranges.sort()
    for (_, end, first), (offset, _, second) in pairwise(ranges):
        if offset < end:
            raise InvalidArgumentError(
                f"layout[{second}] starts at byte {offset}, inside layout[{first}] "
                f"which ends at byte {end}: planes may not overlap"
            )
    return ComputedLayout(planes, row_bytes, rows, max(end for _, end, _ in ranges))


def parse_layout(value: object, count: int, name: str) -> tuple[PlaneLayout, ...]:
    """Return `value` as exactly `count` plane layouts, for a format called `name`."""
    entries = _members(value, "layout")
    if len(entries) != count:
        raise InvalidArgumentError(
            f"layout has {len(entries)} entries, {name} has {count} "
            f"plane{'' if count == 1 else 's'}"
        )
    return tuple(
        entry if type(entry) is PlaneLayout else _parse_plane(entry, f"layout[{index}]")
        for index, entry in enumerate(entries)
    )


def _parse_plane(value: object, what: str) -> PlaneLayout:
    members: Collection[object]
    if isinstance(value, Mapping):
        try:
            members = [value.get("offset"), value.get("stride")]
        except Exception as error:
            raise InvalidArgumentError(f"{what} cannot be read: {show(error)}") from error
    else:
        members = _members(value, what)
        if len(members) != 2:
            raise InvalidArgumentError(f"{what} needs (offset, stride), got {show(value)}")
    offset, stride = members
    return _new_tuple(
        PlaneLayout, (to_uint32(offset, f"{what}.offset"), to_uint32(stride, f"{what}.stride"))
    )


def _members(value: object, what: str) -> tuple[object, ...]:
    # No iterators: one without an end would hang here.
    if isinstance(value, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(
        value, Collection
    ):
        raise InvalidArgumentError(f"{what} must be a sequence, got {show(value)}")
    try:
        return tuple(value)
    except Exception as error:
        raise InvalidArgumentError(f"{what} cannot be read: {show(error)}") from error
