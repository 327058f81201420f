"""Packed RGB to other primaries, in place, through linear light (spec 1.6, b and c).

The rare path. It works in chunks of rows that fit a cache, so a 4K frame needs a few megabytes,
not hundreds. Known weak point: the input is already rounded to its bits, as the rule says; where a
wide gamut is cut off, one step there can become several steps near black.

Of 8 bits every curve is a table. Of 16 bits only decoding is one: near black the steps of a table
of light would be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import ffi
from ..._spec.frames.gamut import gamut_matrix

if TYPE_CHECKING:
    from ..._ffi._types import Bytes

_CHUNK_PIXELS = 1 << 16
_STEPS = 65535  # of linear light: one step is 0.05 of an 8-bit step where the curve is steepest

_tables: tuple[Any, Any, Any] | None = None


def _make_tables() -> tuple[Any, Any, Any]:
    """Return sRGB decoding, linear decoding, sRGB encoding; numpy is imported on first use."""
    global _tables
    if _tables is None:
        import numpy as np

        encoded = _encoded(np.arange(_STEPS + 1) / _STEPS)
        _tables = *_decoding(255), np.rint(encoded * 255).astype(np.uint8)
    return _tables


def _decoding(most: int) -> tuple[Any, Any]:
    """Return the light of each code, of sRGB and if codes are linear."""
    import numpy as np

    code = np.arange(most + 1) / most
    curve = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return curve.astype(np.float32), code.astype(np.float32)


def _encoded(light: Any) -> Any:
    import numpy as np

    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


class Gamut:
    """A change of primaries, ready to be applied to packed RGB of one byte order."""

    __slots__ = ("_channels", "_is_deep", "_linear", "_matrix", "_order")

    def __init__(self, source: str, target: str, linear: bool, pix_fmt: str) -> None:
        self._matrix = gamut_matrix(source, target)
        self._linear = linear
        self._is_deep = pix_fmt in ("rgb48le", "rgba64le")
        self._channels = 3 if pix_fmt in ("rgb24", "bgr24", "rgb48le") else 4
        self._order = (2, 1, 0) if pix_fmt.startswith("bgr") else (0, 1, 2)

    def apply(self, plane: Bytes, stride: int, width: int, height: int) -> None:
        """Convert the pixels in place; bytes between the rows and alpha stay as they are."""
        import numpy as np

        encode: Any = None
        if self._is_deep:
            decode, straight = _decoding(65535)
        else:
            decode, straight, encode = _make_tables()
        if self._linear:
            decode = straight
        size = 2 if self._is_deep else 1
        dtype, item = f"<u{size}", size * self._channels
        row_bytes = width * item
        step = max(1, _CHUNK_PIXELS // width)
        for y in range(0, height, step):
            rows = min(step, height - y)
            memory = np.frombuffer(
                ffi.buffer(plane + y * stride, stride * (rows - 1) + row_bytes), np.uint8
            )
            pixels: Any = np.ndarray(
                (rows, width, self._channels), dtype, memory, 0, (stride, item, size)
            )
            channels = [decode[pixels[..., index]] for index in self._order]
            for weights, index in zip(self._matrix, self._order, strict=True):
                light = sum(
                    np.float32(weight) * channel
                    for weight, channel in zip(weights, channels, strict=True)
                )
                np.clip(light, 0, 1, out=light)
                if self._is_deep:
                    pixels[..., index] = np.rint(_encoded(light) * 65535)
                    continue
                light *= _STEPS
                np.rint(light, out=light)
                pixels[..., index] = encode[light.astype(np.uint16)]
