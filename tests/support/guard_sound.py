"""Sound in buffers with a forbidden page right before or behind them.

Run as a program by test_audio_data_bounds.py, which looks at how it ends.
"""

from __future__ import annotations

import itertools

from guard_pages import Guarded
from sound_helpers import FORMATS, dtype_of, laid_out, make, noise
from suite import part

from ffwebcodecs import AudioData, EncodedAudioChunk, open_handles

SIZES = ((1, 1), (3, 2), (17, 1), (515, 2), (64, 3), (5, 9))


def sounds(format: str, frames: int, channels: int, at_end: bool) -> list[AudioData]:
    """Return sound over guarded memory: copied, lent, and lent plane by plane."""
    array = noise(format, frames, channels)
    data = laid_out(array, format)
    source = Guarded(len(data), at_end=at_end).fill(data)
    made = [make(format, frames, channels, source.memory, transfer=each) for each in (False, True)]
    if format.endswith("-planar"):
        size = len(data) // channels
        planes = [
            Guarded(size, at_end=at_end).fill(data[index * size : (index + 1) * size]).memory
            for index in range(channels)
        ]
        made += [make(format, frames, channels, planes, transfer=each) for each in (False, True)]
    return made


def copies() -> None:
    for format, (frames, channels), at_end in part(
        list(itertools.product(FORMATS, SIZES, (True, False))), 1 / 5
    ):
        for data in sounds(format, frames, channels, at_end):
            with data:
                for wanted, offset in itertools.product(FORMATS, {0, frames // 2, frames - 1}):
                    for plane in range(channels if wanted.endswith("-planar") else 1):
                        options = {"plane_index": plane, "format": wanted, "frame_offset": offset}
                        size = data.allocation_size(**options)
                        data.copy_to(Guarded(size, at_end=at_end).memory, **options)
                assert data.to_ndarray().shape == (frames, channels)
                assert data.to_ndarray(dtype_of(format)).tobytes()
                assert b"".join(data.planes)


def chunks() -> None:
    for size, at_end in itertools.product((1, 7, 64, 4096, 5000), (True, False)):
        source = Guarded(size, at_end=at_end)
        for transfer in (False, True):
            chunk = EncodedAudioChunk(
                type="key", timestamp=0, data=source.memory, transfer=transfer
            )
            chunk.copy_to(Guarded(size, at_end=at_end).memory)
            assert len(bytes(chunk.data)) == size


if __name__ == "__main__":
    copies()
    chunks()
    assert not any(open_handles().values()), open_handles()
    print("done")
