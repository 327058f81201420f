"""Run by test_scale_in_place.py in a process of its own: what reads too far kills it.

Planes with 256 readable bytes behind them and an unreadable page behind those are scaled where they
lie, and once more as copies: the results must not differ in a bit.

usage: scale_rooms.py SEED CASES
"""

from __future__ import annotations

import faulthandler
import random
import sys
from pathlib import Path
from types import SimpleNamespace

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:0] = [str(here), str(here.parents[1])]

import numpy as np
from scale_reference import PACKED, YUV, Memory, Pixels, Shape, image

from ffwebcodecs import NotSupportedError
from ffwebcodecs._av.scale.cache import convert
from ffwebcodecs._av.scale.image import Image
from ffwebcodecs._ffi import ffi

ROOM = 256
SOURCES = [*YUV, "gray", "gray10le", "p010le", "yuv411p", "yuv440p", "yuv410p"]
SOURCES += [*PACKED, "gbrp", "gbrap", "gbrp10le"]
TARGETS = ["rgb24", "rgba", "yuv420p", "yuv444p", "nv12", "gray", "gbrp", "yuv420p10le"]
WIDTHS = [width - less for width in (32, 64, 128, 320, 1024) for less in (0, 0, 1, 2, 5)]
HEIGHTS = [1, 2, 3, 17, 64, 101, 240]
OUT_WIDTHS = [1, 3, 16, 17, 33, 100, 224, 300]
OUT_HEIGHTS = [1, 2, 7, 31, 64, 224, 400]


class Planes:
    """The planes of a picture, each with room behind it, as a frame has them."""

    def __init__(self, name: str, width: int, height: int, noise: np.random.Generator) -> None:
        shape = Shape(name)
        self._memory: list[Memory] = []
        self.planes, self.strides = [], []
        buffers = []
        for row, rows in shape.planes(width, height):
            stride = -(-row // 16) * 16
            pixels = stride * (rows - 1) + row
            size = pixels + ROOM + -pixels % 16
            memory = Memory(size)
            memory.bytes[:] = noise.integers(0, 256, size)
            if shape.depth > 8:
                values = memory.bytes[: size // 2 * 2].view("<u2")
                values &= (1 << shape.depth) - 1 << shape.shift
            self._memory.append(memory)
            self.planes.append(ffi.cast("uint8_t *", memory.address))
            self.strides.append(stride)
            buffers.append(SimpleNamespace(data=self.planes[-1], size=size))
        self.frame = SimpleNamespace(buf=[*buffers, None, None, None, None])

    def close(self) -> None:
        for memory in self._memory:
            memory.close()


def main(seed: int, cases: int) -> None:
    faulthandler.enable()
    pick, noise = random.Random(seed), np.random.default_rng(seed)
    count = 0
    while count < cases:
        source, target = pick.choice(SOURCES), pick.choice(TARGETS)
        size = pick.choice(WIDTHS), pick.choice(HEIGHTS)
        out_size = pick.choice(OUT_WIDTHS), pick.choice(OUT_HEIGHTS)
        filter = pick.choice((None, "area", "bilinear", "bicubic", "lanczos"))
        full = pick.choice((False, True))
        given = Planes(source, *size, noise)
        results = []
        for frame in (given.frame, None):
            out = Pixels(target, *out_size)
            wanted = image(out)
            wanted.filter = filter
            try:
                convert(
                    Image(given.planes, given.strides, source, *size, full_range=full, frame=frame),
                    wanted,
                )
            except (NotSupportedError, MemoryError):  # some extremes are too much for libswscale
                continue
            results.append(b"".join(out.rows(plane).tobytes() for plane in range(len(out.memory))))
        given.close()
        if results:
            assert results[0] == results[1], (source, target, size, out_size, filter, full)
            count += 1
    print(count)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
