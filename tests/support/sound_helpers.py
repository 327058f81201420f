"""Sound to test with: made, and its samples as numpy sees them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffwebcodecs import AudioData

FORMATS = ("u8", "s16", "s32", "f32", "u8-planar", "s16-planar", "s32-planar", "f32-planar")
DTYPES = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "f32": np.float32}


def dtype_of(format: str) -> np.dtype[Any]:
    """Return numpy's type of a format's samples."""
    return np.dtype(DTYPES[format.removesuffix("-planar")])


def noise(format: str, frames: int, channels: int, seed: int = 1) -> np.ndarray[Any, Any]:
    """Return samples of a format, shape (frames, channels), over all that it can hold."""
    random = np.random.default_rng(seed)
    dtype = dtype_of(format)
    if dtype.kind == "f":
        return random.uniform(-1.2, 1.2, (frames, channels)).astype(dtype)
    ends = np.iinfo(dtype)
    return random.integers(ends.min, ends.max, (frames, channels), dtype, endpoint=True)


def laid_out(array: np.ndarray[Any, Any], format: str) -> bytes:
    """Return the bytes of samples of shape (frames, channels) as a format has them."""
    return (array.T if format.endswith("-planar") else array).tobytes()


def make(
    format: str = "f32", frames: int = 64, channels: int = 2, data: Any = None, **options: Any
) -> AudioData:
    """Return sound at 48 kHz, of noise unless `data` is given."""
    if data is None:
        data = laid_out(noise(format, frames, channels), format)
    given: dict[str, Any] = {"sample_rate": 48000, "timestamp": 0, **options}
    return AudioData(
        format=format, number_of_frames=frames, number_of_channels=channels, data=data, **given
    )


def content(data: AudioData, format: str | None = None, **options: Any) -> bytes:
    """Return all planes that `copy_to` gives, one after another."""
    name = format or str(data.format)
    found = b""
    for plane in range(data.number_of_channels if name.endswith("-planar") else 1):
        part = bytearray(data.allocation_size(plane_index=plane, format=format, **options))
        data.copy_to(part, plane_index=plane, format=format, **options)
        found += part
    return found
