"""Whether a stream stays within the level of its codec string: picture size, rate, bits per second.

The levels themselves are each codec family's (`limits_of`), and which of their limits make a
configuration unsupported. The others only choose a level: of AV1 all, of H.264 the frame rate,
since what everybody writes (``av01.0.04M.08``) works in browsers at any size and rate.
"""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs import families
from ..codecs.strings import CodecInfo


def check_level(
    info: CodecInfo,
    width: int,
    height: int,
    framerate: float | None,
    bitrate: int | None,
    *,
    exact: bool = False,
) -> None:
    """Raise NotSupportedError if such a stream would exceed the level, or there is no such
    level.

    `exact` asks for all of the level's limits, not only for those that bind a configuration.
    """
    limits = families.of(info).limits_of(info)
    if limits is None:
        return
    binding = ("size", "rate", "bitrate") if exact else limits.binding
    across, down = -(-width // limits.block), -(-height // limits.block)
    amount = across * down
    too_large = amount > limits.per_picture or across > limits.widest or down > limits.highest
    if too_large and "size" in binding:
        counted = "" if limits.block == 1 else f"{across}x{down} {limits.unit}, "
        raise NotSupportedError(
            f"{info.string}: {width}x{height} is too large for its level: {counted}{limits.most}"
        )
    rate = amount * (framerate or 0)
    if "rate" in binding and rate > limits.per_second * 1.001:
        raise NotSupportedError(
            f"{info.string}: {framerate:g} frames per second are too many for its level: "
            f"{int(rate)} {limits.unit} per second, the most is {limits.per_second}"
        )
    if "bitrate" in binding and bitrate is not None and bitrate > limits.bitrate:
        raise NotSupportedError(
            f"{info.string}: {bitrate} bits per second are too many for its level, "
            f"the most is {limits.bitrate}"
        )
