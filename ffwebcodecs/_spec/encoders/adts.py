"""The header that ADTS puts before each frame of AAC (ISO/IEC 14496-3, 1.A.2)."""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs.aac import RATES, parse_config

_LENGTH = 7  # without a checksum
_MOST = (1 << 13) - 1


class AdtsHeaders:
    """Makes the headers of one stream.

    Parameters
    ----------
    config : bytes
        Its AudioSpecificConfig.

    Raises
    ------
    NotSupportedError
        ADTS cannot say what that says.
    """

    __slots__ = ("_head",)

    def __init__(self, config: bytes) -> None:
        told = parse_config(config)
        if told.sample_rate not in RATES:
            raise NotSupportedError(f"ADTS cannot say a rate of {told.sample_rate} Hz")
        if not 0 < told.channel_configuration < 8:
            raise NotSupportedError(
                "ADTS cannot say where these channels are; it can of 1 to 6 and 8 channels at "
                "their usual places"
            )
        # Sync word, MPEG-4, layer 0, no checksum; profile, rate, channels.
        self._head = 0xFFF1 << 40
        self._head |= (min(told.object_type, 4) - 1) << 38 | RATES.index(told.sample_rate) << 34
        self._head |= told.channel_configuration << 30

    def of(self, size: int) -> bytes:
        """Return the header for a frame of so many bytes."""
        length = size + _LENGTH
        if length > _MOST:
            raise NotSupportedError(f"a frame of {size} bytes is too long for ADTS")
        # The fullness of the buffer: all ones, which says that the rate varies.
        return (self._head | length << 13 | 0x7FF << 2).to_bytes(_LENGTH, "big")
