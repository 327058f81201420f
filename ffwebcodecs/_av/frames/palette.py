"""Pictures in 256 colours, which libswscale does not make: each colour as it is where there are no
more, else the mean of those that it stands for (median cut). No pattern is laid over them, so what
does not move stays the same from picture to picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import ffi

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..._ffi._types import AVFrame

    Bytes8 = npt.NDArray[np.uint8]
    Colors = npt.NDArray[np.uint32]

_MOST = 256
_OPAQUE = 0xFF000000
_TRANSPARENT = 0x00FFFFFF
_HALF = 128  # alpha: below that a pixel is transparent, for there is nothing between
_BINS = 1 << 16
_AT_ONCE = 8192  # colours whose distances are computed together
# A palette is kept while it does nearly as well as on the picture that it was made for.
_WORSE, _SLACK = 1.5, 4.0


class Palette:
    """Finds the colours of one stream's pictures."""

    def __init__(self) -> None:
        import numpy as np

        self._colors: Colors | None = None
        self._error = 0.0  # mean square of the distance, of the picture that it was made for
        self._measured = 0.0
        # The nearest colour of what has 5, 6 and 5 bits, as far as it was looked for.
        self._table = np.zeros(_BINS, np.uint8)
        self._known = np.zeros(_BINS, np.bool_)

    def index(self, bgra: Bytes8, keeps_alpha: bool) -> tuple[Bytes8, Colors]:
        """Return each pixel's number, and the palette, 256 colours as 0xAARRGGBB.

        Parameters
        ----------
        bgra : ndarray
            uint8 (height, width, 4).
        keeps_alpha : bool
            Whether pixels of little alpha become transparent.
        """
        import numpy as np

        values = bgra.view("<u4")[..., 0].astype(np.uint32, copy=False)
        clear = values >> 24 < _HALF if keeps_alpha else None
        values = values | np.uint32(_OPAQUE)
        room = _MOST - keeps_alpha
        seen = values if clear is None else values[~clear]
        chosen = self._few(seen, room) if seen.size else (seen.astype(np.uint8), seen[:0])
        numbers, colors = chosen or self._many(seen, room)
        if colors is not self._colors:
            self._colors = colors
            self._known[:] = False
        palette = np.full(_MOST, _OPAQUE, np.uint32)
        palette[: len(colors)] = colors
        if clear is None:
            return numbers, palette
        palette[_MOST - 1] = _TRANSPARENT
        whole = np.full(values.shape, _MOST - 1, np.uint8)
        whole[~clear] = numbers
        return whole, palette

    def _few(self, values: Colors, room: int) -> tuple[Bytes8, Colors] | None:
        """Return numbers and colours where there is room for each, else None."""
        import numpy as np

        flat, bins = values.ravel(), _bins(values).ravel()
        used = np.flatnonzero(np.bincount(bins, minlength=_BINS))
        if len(used) > room:
            return None
        one_of = np.zeros(_BINS, np.uint32)
        one_of[bins] = flat
        if (one_of[bins] == flat).all():  # as usual: faster than to sort all pixels
            found, order = np.unique(one_of[used], return_inverse=True)
            table = np.zeros(_BINS, np.uint8)
            table[used] = order
            numbers: Any = table[bins]
        else:
            found, numbers = np.unique(flat, return_inverse=True)
        if len(found) > room:
            return None
        colors = self._colors
        if colors is not None and np.isin(found, colors).all():
            order = np.argsort(colors)
            numbers = order[np.searchsorted(colors, found, sorter=order)][numbers]
        else:
            colors, self._error = found, 0.0
        return numbers.reshape(values.shape).astype(np.uint8), colors

    def _many(self, values: Colors, room: int) -> tuple[Bytes8, Colors]:
        import numpy as np

        bins = _bins(values).ravel()
        counts = np.bincount(bins, minlength=_BINS)
        used = np.flatnonzero(counts)
        weights = counts[used].astype(np.float64)
        flat = values.ravel()
        points = np.stack(
            [
                np.bincount(bins, (flat >> shift & 255).astype(np.float64), _BINS)[used] / weights
                for shift in (16, 8, 0)
            ],
            axis=1,
        )
        colors = self._colors
        if colors is None or not len(colors) or not self._suits(used, points, weights):
            colors = self._colors = _median_cut(points, weights, room)
            self._error = 0.0
            self._known[:] = False
            self._suits(used, points, weights)
            self._error = self._measured
        return self._table[bins].reshape(values.shape), colors

    def _suits(self, used: Any, points: Any, weights: Any) -> bool:
        """Find the nearest colours of what is used, and return whether they are near enough."""
        import numpy as np

        assert self._colors is not None
        named = np.stack([self._colors >> shift & 255 for shift in (16, 8, 0)], 1)
        named = named.astype(np.float32)
        new = ~self._known[used]
        self._table[used[new]] = _nearest(points[new].astype(np.float32), named)
        self._known[used] = True
        squares = ((points - named[self._table[used]]) ** 2).sum(1)
        self._measured = float(weights @ squares / weights.sum())
        return self._measured <= self._error * _WORSE + _SLACK


def _bins(values: Colors) -> npt.NDArray[np.intp]:
    """Return colours with 5, 6 and 5 bits."""
    import numpy as np

    found = (values >> 8 & 0xF800) | (values >> 5 & 0x07E0) | (values >> 3 & 0x001F)
    return found.astype(np.intp)


def _nearest(points: Any, named: Any) -> Any:
    """Return the number of the nearest of some colours to each point."""
    import numpy as np

    half = (named**2).sum(1) / 2
    numbers = np.empty(len(points), np.uint8)
    for begin in range(0, len(points), _AT_ONCE):
        part = points[begin : begin + _AT_ONCE]
        numbers[begin : begin + _AT_ONCE] = (half - part @ named.T).argmin(1)
    return numbers


def _median_cut(points: Any, weights: Any, room: int) -> Colors:
    """Return the means of as many boxes, cut where most is lost: at the mean of the widest side."""
    import heapq

    import numpy as np

    def box(members: Any) -> tuple[float, int, Any, int, float]:
        inside, heavy = points[members], weights[members]
        total = heavy.sum()
        mean = heavy @ inside / total
        spread = heavy @ (inside - mean) ** 2
        axis = int(spread.argmax())
        # The second member keeps what is equal from being compared further.
        return -float(spread[axis]), int(members[0]), members, axis, float(mean[axis])

    boxes = [box(np.arange(len(points)))]
    while len(boxes) < room and boxes[0][0] < 0:
        _, _, members, axis, cut = heapq.heappop(boxes)
        below = points[members, axis] < cut
        if below.all() or not below.any():  # a rounding error away from one colour
            heapq.heappush(boxes, (0.0, int(members[0]), members, axis, cut))
            continue
        heapq.heappush(boxes, box(members[below]))
        heapq.heappush(boxes, box(members[~below]))
    means = [
        weights[members] @ points[members] / weights[members].sum() for _, _, members, _, _ in boxes
    ]
    red, green, blue = np.rint(np.array(means)).astype(np.uint32).T
    found: Colors = np.unique(np.uint32(_OPAQUE) | red << 16 | green << 8 | blue)
    return found


def pixels_of(frame: AVFrame) -> Bytes8:
    """Return the pixels of a packed frame of four bytes each, uint8 (height, width, 4); they are
    the frame's own, borrowed.
    """
    import numpy as np

    stride, height, width = frame.linesize[0], frame.height, frame.width
    rows = np.frombuffer(ffi.buffer(frame.data[0], stride * height), np.uint8)
    return rows.reshape(height, stride)[:, : 4 * width].reshape(height, width, 4)


def fill(frame: AVFrame, numbers: Bytes8, colors: Colors) -> None:
    """Write pixels and palette into a frame with a palette that nobody else has seen yet."""
    import numpy as np

    stride = frame.linesize[0]
    rows = np.frombuffer(ffi.buffer(frame.data[0], stride * frame.height), np.uint8)
    rows.reshape(frame.height, stride)[:, : frame.width] = numbers
    np.frombuffer(ffi.buffer(frame.data[1], 4 * _MOST), np.uint32)[:] = colors
