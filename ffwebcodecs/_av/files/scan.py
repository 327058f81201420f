"""All packets of a video stream as columns, without a Python object for each.

Nothing is decoded. The reading stops where Python hears signals often enough, and what came before
an error is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._ffi import avcodec
from ..._spec.files.packet_table import CORRUPT, DISCARD, KEY, PacketTable
from ..codecs import packet

if TYPE_CHECKING:
    from .demux import DemuxerCore


def scan(core: DemuxerCore) -> PacketTable:
    """Read all that is left of an input, which has to be at its beginning; return its packets."""
    rows = []
    ptr = packet.allocate()
    key, hidden = avcodec.AV_PKT_FLAG_KEY, avcodec.AV_PKT_FLAG_DISCARD
    while core.read(ptr):
        flags = ptr.flags
        bits = (
            (KEY if flags & key else 0)
            | (DISCARD if flags & hidden else 0)
            | (CORRUPT if flags & 2 else 0)
        )
        rows.append((ptr.pts, ptr.dts, ptr.duration, ptr.pos, ptr.size, bits))
        packet.unref(ptr)
    columns = np.array(rows, np.int64).reshape(-1, 6).T.copy()
    return PacketTable(
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        columns[4].astype(np.int32),
        columns[5].astype(np.uint8),
        (1, 1000000),
        core.info.frame_rate,
    )
