"""Run by test_scale_memory.py in a process of its own: a touch outside the pixels kills it.

usage: scale_guards.py PART PARTS
"""

from __future__ import annotations

import faulthandler
import itertools
import random
import sys
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:0] = [str(here), str(here.parents[1])]

from scale_reference import PACKED, YUV, Pixels, Shape, image

from ffwebcodecs._av.scale import cache

SOURCES = [
    *YUV,
    "gray",
    "gray10le",
    "p010le",
    "yuv411p",
    "yuv440p",
    "yuv410p",
    "gbrp",
    "gbrap",
    "gbrp10le",
    *PACKED,
]
TARGETS = [*YUV, "gray", "gbrp", *PACKED]
SIZES = [
    (1, 1),
    (2, 1),
    (1, 2),
    (3, 3),
    (7, 5),
    (8, 2),
    (16, 2),
    (17, 3),
    (31, 3),
    (32, 2),
    (33, 3),
    (47, 4),
    (66, 2),
]


def convert(
    source: str, target: str, size: tuple[int, int], guard: str, pad: int, scaled: bool
) -> None:
    width, height = size
    out_size = (width * 3 // 2 + 1, max(1, height // 2)) if scaled else size
    pixels = Pixels(source, width, height, pad * Shape(source).element, guard=guard).fill("random")
    out = Pixels(target, *out_size, pad * Shape(target).element, guard=guard)
    cache.convert(image(pixels, full_range=bool(height % 2)), image(out))
    assert out.padding_is_untouched(), (source, target, size, guard, pad, scaled)
    pixels.close()
    out.close()


def main() -> None:
    faulthandler.enable()
    part, parts = int(sys.argv[1]), int(sys.argv[2])
    pairs = list(itertools.product(SOURCES, TARGETS))
    random.Random(0).shuffle(pairs)  # so that each part has all sources and all targets
    count = 0
    for source, target in pairs[part::parts]:
        for number, size in enumerate(SIZES):
            for guard, pad in itertools.product(("after", "before"), (0, 1)):
                convert(source, target, size, guard, pad, False)
                if number % 3 == count % 3 and not pad:
                    convert(source, target, size, guard, pad, True)
                count += 1
    print(count)


if __name__ == "__main__":
    main()
