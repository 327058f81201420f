"""Where a part of a picture is before and after it is turned and mirrored."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ffwebcodecs._spec.frames.geometry import shown_rect, stored_rect
from ffwebcodecs._spec.frames.rect import Rect

WIDTH, HEIGHT = 5, 3


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", [False, True])
def test_part_is_where_numpy_turns_it(rotation: int, flip: bool) -> None:
    stored = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
    shown = np.rot90(stored, -rotation // 90)
    shown = shown[:, ::-1] if flip else shown
    for x, y in itertools.product(range(WIDTH), range(HEIGHT)):
        for width, height in itertools.product(range(1, WIDTH - x + 1), range(1, HEIGHT - y + 1)):
            rect = Rect(x, y, width, height)
            turned = shown_rect(rect, WIDTH, HEIGHT, rotation, flip)
            left, top, wide, high = turned
            part = shown[top : top + high, left : left + wide]
            assert part.shape == (high, wide)
            assert set(part.flat) == set(stored[y : y + height, x : x + width].flat)
            assert stored_rect(turned, WIDTH, HEIGHT, rotation, flip) == rect
