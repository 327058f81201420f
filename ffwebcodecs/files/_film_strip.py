"""What a notebook shows of a `Video`: a few of its key frames, side by side."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from .._av.codecs import still
from .._av.frames import buffers
from .._av.frames import frame as native
from .._spec.frames.formats import get_format
from .._spec.frames.layout import compute_layout
from ..errors import WebCodecsError
from ._batch_read import BatchOptions, read_batch
from ._video_core import VideoCore

if TYPE_CHECKING:
    import numpy.typing as npt

_PICTURES = 8
_HEIGHT = 96
_WIDEST = 256
_GAP = 4


def film_strip(core: VideoCore, shape: tuple[int, int]) -> bytes | None:
    """Return a PNG of up to eight key frames, None if there are none that can be decoded.

    They cost one decoded picture each. The place of a damaged one stays dark.
    """
    count = len(core.shown)
    if not count:
        return None
    keys = np.flatnonzero(core.engine.table.key_frames)
    candidates = keys if len(keys) else np.arange(1)
    places = np.linspace(0, len(candidates) - 1, min(_PICTURES, len(candidates))).round()
    indices = candidates[places.astype(np.int64)]
    width = min(_WIDEST, max(1, round(_HEIGHT * shape[0] / shape[1])))
    options = BatchOptions("RGB", width, _HEIGHT, "contain", "area", upright=True)
    strip = np.full((_HEIGHT, len(indices) * (width + _GAP) - _GAP, 3), 24, np.uint8)
    shown = 0
    for place in range(len(indices)):
        left = place * (width + _GAP)
        with suppress(WebCodecsError, OSError):
            pictures = read_batch(core, indices[place : place + 1], options, None, (1, 1))
            strip[:, left : left + width] = pictures[0]
            shown += 1
    return _encode(strip) if shown else None


def _encode(pixels: npt.NDArray[Any]) -> bytes:
    height, width = pixels.shape[:2]
    fmt = get_format("RGB")
    where = compute_layout(fmt, width, height)
    exported = buffers.export(pixels, "pixels")
    return still.encode_png(
        native.wrap(exported, where.size, fmt.ffmpeg, width, height, where.planes)
    )
