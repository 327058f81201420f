"""Whether a stream stays within the level of its codec string: picture size, rate, bits per second.

The levels themselves are each codec family's (`limits_of`).
"""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs import families
from ..codecs.strings import CodecInfo


def check_level(
    info: CodecInfo, width: int, height: int, framerate: float | None, bitrate: int | None
) -> None:
    """Raise NotSupportedError if such a stream would exceed the level, or there is no such
    level.
    """
    limits = families.of(info).limits_of(info)
    if limits is None:
        return
    across, down = -(-width // limits.block), -(-height // limits.block)
    amount = across * down
    if amount > limits.per_picture or across > limits.widest or down > limits.highest:
        counted = "" if limits.block == 1 else f"{across}x{down} {limits.unit}, "
        raise NotSupportedError(
            f"{info.string}: {width}x{height} is too large for its level: {counted}{limits.most}"
        )
    if framerate is not None and amount * framerate > limits.per_second * 1.001:
        raise NotSupportedError(
            f"{info.string}: {framerate:g} frames per second are too many for its level: "
            f"{int(amount * framerate)} {limits.unit} per second, the most is {limits.per_second}"
        )
    if bitrate is not None and bitrate > limits.bitrate:
        raise NotSupportedError(
            f"{info.string}: {bitrate} bits per second are too many for its level, "
            f"the most is {limits.bitrate}"
        )
