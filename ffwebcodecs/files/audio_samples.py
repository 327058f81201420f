"""AudioSamples: a part of a file's sound as an array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._public import public


@public
@dataclass(frozen=True, eq=False)
class AudioSamples:
    """What `read_audio` returns.

    Attributes
    ----------
    data : numpy.ndarray
        float32, shape (samples, channels), C-contiguous, from -1 to 1; yours. Samples of integers
        are divided by the power of two that their lowest value is: of up to 24 bits they are exact.
    sample_rate : int
        In hertz.
    timestamp : int
        Time of the first sample in microseconds, cut off; `first_sample` is exact.
    first_sample : int
        Which sample the first one is, at `sample_rate`, counted from time 0 of the file.
    """

    data: npt.NDArray[np.float32]
    sample_rate: int
    timestamp: int
    first_sample: int

    @property
    def duration(self) -> int:
        """Microseconds, cut off."""
        return len(self.data) * 1_000_000 // self.sample_rate

    def __len__(self) -> int:
        return len(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is None:
            return np.asarray(self.data, dtype)
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self) -> str:
        count, channels = self.data.shape
        return (
            f"<AudioSamples {count} of {channels} channels at {self.sample_rate} Hz, "
            f"timestamp={self.timestamp}>"
        )
