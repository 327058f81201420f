"""Memory for arrays of samples that may be large: pages come as they are written, and go when the
array does.

numpy asks the kernel for huge pages where an array has 4 MiB. To find them for an hour of sound
(1.4 GB) takes 1 to 7 s where memory is in pieces, and decoding it 2.5 s. A mapping of our own has
small pages, 0.8 s in all, unless the machine is set to give huge ones to everybody; and it grows
and shrinks without a copy.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

_LEAST = 1 << 22  # bytes: from there on numpy asks for huge pages
_SIZE = np.dtype(np.float32).itemsize
_NONE = np.empty((0, 0), np.float32)
_GROWS = sys.platform == "linux"  # elsewhere mappings do not, and numpy asks for nothing


class SampleMemory:
    """An array of float32 that can be made longer and shorter.

    Parameters
    ----------
    samples, channels : int

    Attributes
    ----------
    data : array
        Of shape (samples, channels); what was not written is there by chance.

    Raises
    ------
    MemoryError
    """

    __slots__ = ("_channels", "_map", "data")

    def __init__(self, samples: int, channels: int) -> None:
        self._channels = channels
        self._map: Any = None
        size = samples * channels * _SIZE
        if _GROWS and size >= _LEAST:
            import mmap

            try:
                self._map = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            except (OSError, OverflowError):
                pass  # numpy says how much was wanted
        self.data = self._new(samples) if self._map is None else self._mapped(samples)

    def resize(self, samples: int, kept: int) -> None:
        """Have room for so many samples, of which the first ones are kept; without a copy if nobody
        else has the array, or a part of it.

        Raises
        ------
        MemoryError
            Nothing has changed.
        """
        if self._map is not None and samples:
            self.data = _NONE
            try:
                self._map.resize(samples * self._channels * _SIZE)
            except (BufferError, OSError, OverflowError, SystemError, ValueError):
                pass
            finally:
                self.data = self._mapped(len(self._map) // (self._channels * _SIZE))
        if len(self.data) != samples:
            data = self._new(samples)
            data[:kept] = self.data[:kept]
            self.data, self._map = data, None

    def _new(self, samples: int) -> npt.NDArray[np.float32]:
        return np.empty((samples, self._channels), np.float32)

    def _mapped(self, samples: int) -> npt.NDArray[np.float32]:
        flat = np.frombuffer(self._map, np.float32, samples * self._channels)
        return flat.reshape(samples, self._channels)
