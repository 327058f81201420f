"""When the pictures of a whole stream are shown whose container does not say it: `reorder`, over
columns.

What is usual is arithmetic over whole columns: a decoder that is never further behind than it was
said to be, and a clock that goes on. Everything else goes through `Reorder`, picture by picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .packet_table import NOPTS
from .reorder import EPOCH, Reorder, Stamp

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]


class Times(NamedTuple):
    """Presentation times, decoding times on the same clock (`NOPTS`: none), and durations."""

    presentation: Int64
    decoding: Int64
    duration: Int64


def keys_by_type(is_b: Bools) -> Int64:
    """Return `Keys.by_type` of all pictures from the first one on."""
    references = np.cumsum(~is_b)
    keys: Int64 = 2 * references + ~is_b
    return keys


def keys_by_count(counts: Int64, known: Bools, is_key: Bools) -> Int64:
    """Return `Keys.by_count` of all pictures from the first one on."""
    numbers = np.flatnonzero(known)
    if not len(numbers):
        return np.zeros(len(known), np.int64)
    counts = counts[numbers].astype(np.int64)
    # Between two key pictures nothing begins anew.
    begins = np.flatnonzero(is_key[numbers])
    begins = np.concatenate((np.zeros(int(is_key[numbers[0]] == 0), np.int64), begins))
    tops = np.maximum.reduceat(counts, begins).tolist()
    base, top, bases = 0, None, []
    for count, highest in zip(counts[begins].tolist(), tops, strict=True):
        if top is not None and count <= top:
            base += top + EPOCH - count
            top = None
        bases.append(base)
        top = highest if top is None else max(top, highest)
    found = counts + np.repeat(bases, np.diff(np.append(begins, len(counts))))
    # A packet without a picture has the number of the one before.
    keys = np.zeros(len(known), np.int64)
    keys[numbers[0] :] = found[np.cumsum(known)[numbers[0] :] - 1]
    return keys


def stamp(reorder: Reorder, keys: Int64, pts: Int64, dts: Int64, duration: Int64) -> Times:
    """Return the times of all pictures, given what `Reorder.push` takes of each, in decoding order.

    `reorder` is a new one, and not for pictures that are packed.
    """
    if not len(keys):
        return Times(pts, dts, duration)
    order = np.argsort(keys, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    in_time = (place >= np.arange(len(order)) - reorder.delay).all() and len(order) > reorder.delay
    found = None
    if in_time:
        columns = order, dts, duration
        found = _stored(reorder, pts, *columns) if reorder.stored else _counted(reorder, *columns)
    return found or _one_by_one(reorder, keys, pts, dts, duration)


def _counted(reorder: Reorder, order: Int64, dts: Int64, duration: Int64) -> Times | None:
    """Return the times where the container stores no presentation times."""
    delay, step = reorder.delay, reorder.step
    if (dts == NOPTS).all():
        lasting = np.where(duration != 0, duration, step)[order]
        times = np.empty_like(dts)
        times[order] = (reorder.origin or 0) + np.cumsum(lasting) - lasting
        return Times(times, dts, duration)
    gaps = np.diff(dts)
    if (dts == NOPTS).any() or (gaps <= 0).any():
        return None
    shift = dts[delay] - dts[0]
    # The shortest gap that was seen when each is decoded, and when each is shown.
    seen = np.concatenate((np.zeros(1, np.int64), np.minimum.accumulate(gaps)))
    shown = np.concatenate((seen[delay:], np.repeat(seen[-1:], delay)))
    lasting = duration[order]
    lasting = np.where((shown >= step) & (lasting > 0) & (lasting < step), step, lasting)
    result = Times(np.empty_like(dts), dts - shift, np.empty_like(duration))
    result.duration[order] = lasting
    ahead = len(order) - delay
    times = np.empty_like(dts)
    times[:ahead] = dts[delay:] - shift
    # Each of the last ones follows the end of the one before.
    if delay:
        ends = np.maximum(np.where(lasting != 0, lasting, step), seen[-1])
        times[ahead:] = times[ahead - 1] + np.cumsum(ends[ahead - 1 : -1])
    result.presentation[order] = times
    return result


def _stored(
    reorder: Reorder, pts: Int64, order: Int64, dts: Int64, duration: Int64
) -> Times | None:
    """Return the times where only some presentation times are missing."""
    delay = reorder.delay
    times, missing = pts[order], pts[order] == NOPTS
    if not missing.any():
        return Times(pts, dts, duration)
    if (reorder.counts and delay) or delay > 1:
        return None
    decoding = np.concatenate((dts[delay:], np.full(delay, NOPTS)))
    if missing[-1] and delay:  # it follows the end of the one before
        before = times[-2] if times[-2] != NOPTS else decoding[-2]
        decoding[-1] = before + (duration[order[-2]] or reorder.step)
    if (decoding[missing] == NOPTS).any():
        return None
    times[missing] = decoding[missing]
    at = np.flatnonzero(missing)
    at = at[at > 0]
    if (times[at] <= times[at - 1]).any():
        return None
    result = np.empty_like(pts)
    result[order] = times
    return Times(result, dts, duration)


def _one_by_one(reorder: Reorder, keys: Int64, pts: Int64, dts: Int64, duration: Int64) -> Times:
    columns = (each.tolist() for each in (keys, pts, dts, duration))
    pictures = [
        Stamp(key, None if shown == NOPTS else shown, None if at == NOPTS else at, lasting)
        for key, shown, at, lasting in zip(*columns, strict=True)
    ]
    for picture in pictures:
        reorder.push(picture)
    reorder.finish()
    count = len(pictures)
    return Times(
        np.fromiter((each.time or 0 for each in pictures), np.int64, count),
        np.fromiter(
            (NOPTS if each.decoded is None else each.decoded for each in pictures), np.int64, count
        ),
        np.fromiter((each.duration for each in pictures), np.int64, count),
    )
