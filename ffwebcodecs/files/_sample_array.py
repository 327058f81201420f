"""Frames of sound gathered in one array of float32, each sample at its position."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._av.frames import samples
from ..errors import NotSupportedError
from ._sample_memory import SampleMemory
from ._silence import Gaps

if TYPE_CHECKING:
    from .._av.frames.samples import SoundShape
    from .._ffi._types import AVFrame

_TYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
_FIRST = 1 << 16  # samples
_MOST_EXPECTED = 1 << 28  # values that a header is believed


class SampleArray:
    """Takes frames in the order of their positions.

    Parameters
    ----------
    expected : int
        About how many samples will come.

    Attributes
    ----------
    first : int or None
        Position of the first sample, None: that of the first frame.
    """

    __slots__ = ("_expected", "_gaps", "_memory", "_shape", "_write", "count", "first")

    def __init__(self, expected: int) -> None:
        self.first: int | None = None
        self.count = 0
        self._expected = expected
        self._gaps = Gaps()
        self._memory: SampleMemory | None = None
        self._shape: SoundShape | None = None
        self._write: Any = None

    def add(self, ptr: AVFrame, position: int) -> None:
        """Copy a frame; the samples between it and the one before are 0.

        Raises
        ------
        NotSupportedError
            It has other channels than the frames before; or it lies too far behind them.
        """
        if self.first is None:
            self.first = position
        start = position - self.first
        count = samples.count(ptr)
        if start > self.count:
            self._gaps.add(start - self.count, samples.describe(ptr).channels.number)
        data = self._room(ptr, start + count)
        if start > self.count:
            data[self.count : start] = 0
        self._write(ptr, data[start : start + count], count)
        self.count = start + count

    def room(self) -> tuple[SoundShape, npt.NDArray[np.float32], int] | None:
        """Return what the last frame was, where the sample after it goes, and at which position
        that is; None if no frame was added.
        """
        if self._memory is None or self._shape is None or self.first is None:
            return None
        return self._shape, self._memory.data[self.count :], self.first + self.count

    def write(self, ptr: AVFrame, before: int, count: int) -> None:
        """Write a frame like the last one into the `room`, behind so many samples."""
        start = self.count + before
        assert self._memory is not None
        self._write(ptr, self._memory.data[start : start + count], count)

    def filled(self, samples: int) -> None:
        """Say how many samples have been written into the `room`."""
        self.count += samples

    def taken(self, channels: int, end: int | None) -> npt.NDArray[np.float32]:
        """Return the array, with silence up to a position; of so many channels if no frame came."""
        count = 0 if end is None or self.first is None else max(0, end - self.first)
        if count > self.count:
            self._gaps.add(count - self.count, channels)
        memory = self._memory
        if memory is None:
            return np.zeros((count, channels), np.float32)
        if count > self.count:
            self._grow(memory, count)
            memory.data[self.count : count] = 0
            self.count = count
        if self.count * 8 <= len(memory.data) * 7:
            memory.resize(self.count, self.count)
        return memory.data[: self.count] if self.count < len(memory.data) else memory.data

    def _room(self, ptr: AVFrame, end: int) -> npt.NDArray[np.float32]:
        memory = self._memory
        if memory is None or self._shape is None or not samples.is_like(ptr, self._shape):
            memory = self._adapted(ptr)
        self._grow(memory, end)
        return memory.data

    def _adapted(self, ptr: AVFrame) -> SampleMemory:
        shape = samples.describe(ptr)
        number = shape.channels.number
        if self._shape is not None and self._shape.channels.number != number:
            raise NotSupportedError(
                f"the sound changes from {self._shape.channels.number} channels to {number}; "
                "channels= makes them all of one number"
            )
        self._shape = shape
        self._write = writer_of(shape)
        if self._memory is None:
            size = max(min(self._expected, _MOST_EXPECTED // number), _FIRST)
            self._memory = SampleMemory(size, number)
        return self._memory

    def _grow(self, memory: SampleMemory, end: int) -> None:
        if end > len(memory.data):
            memory.resize(max(end, len(memory.data) * 3 // 2), self.count)


def writer_of(shape: SoundShape) -> Any:
    """Return what copies so many samples of a frame into an array of float32."""
    name, number = samples.name_of(shape.sample_fmt), shape.channels.number
    dtype = np.dtype(_TYPES[name.removesuffix("p")])
    planar = name.endswith("p") and number > 1
    scale, bias = _scale_of(dtype)
    planes, width = (number, 1) if planar else (1, number)
    size = dtype.itemsize * width
    values_of = samples.PlaneViews(planes, partial(_values, dtype, None if planar else width)).of

    def write(ptr: AVFrame, out: npt.NDArray[np.float32], count: int) -> None:
        # Plane by plane: numpy is slow where its innermost loop goes over few channels.
        for index, values in enumerate(values_of(ptr, count * size)):
            into = out[:, index] if planar else out
            if scale is None:
                into[...] = values
            elif bias:
                np.subtract(values, bias, out=into, dtype=np.float32, casting="unsafe")
                into *= np.float32(scale)
            else:
                np.multiply(values, scale, out=into, casting="same_kind")

    return write


def _values(dtype: np.dtype[Any], width: int | None, plane: Any) -> npt.NDArray[Any]:
    """Return the samples in a buffer; of several channels as rows of `width`."""
    flat = np.frombuffer(plane, dtype)
    return flat if width is None else flat.reshape(-1, width)


def _scale_of(dtype: np.dtype[Any]) -> tuple[Any, float]:
    """Return what samples are multiplied by, and what is subtracted before."""
    if dtype.kind == "f":
        return None, 0.0
    if dtype.kind == "u":
        return 1 / 128, 128.0
    # More than 16 bits are rounded once: from the product in float64, which is exact of 32.
    if dtype.itemsize == 2:
        return np.float32(1 / 32768), 0.0
    return np.float64(2.0 ** (1 - 8 * dtype.itemsize)), 0.0
