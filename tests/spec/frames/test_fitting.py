"""Into which rectangle, and out of which, a picture goes that is to have another shape."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.frames.fitting import covering, inside, whole_size
from ffwebcodecs._spec.frames.rect import Rect


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (None, None, (720, 576)),  # the pixels that there are
        (512, None, (512, 288)),  # 16:9 as it is shown
        (None, 288, (512, 288)),
        (100, 100, (100, 100)),
        (1, None, (1, 1)),
    ],
)
def test_a_missing_size_follows_from_what_is_shown(
    width: int | None, height: int | None, size: tuple[int, int]
) -> None:
    assert whole_size((720, 576), (1024, 576), width, height) == size


@pytest.mark.parametrize(
    ("shown", "size", "place"),
    [
        ((64, 64), (96, 48), Rect(24, 0, 48, 48)),
        ((1920, 1080), (224, 224), Rect(0, 49, 224, 126)),
        ((100, 50), (200, 100), Rect(0, 0, 200, 100)),
        ((10000, 1), (64, 64), Rect(0, 31, 64, 1)),
        ((1, 10000), (64, 64), Rect(31, 0, 1, 64)),
    ],
)
def test_contain_keeps_all_of_it_in_the_middle(
    shown: tuple[int, int], size: tuple[int, int], place: Rect
) -> None:
    assert inside(shown, size) == place


@pytest.mark.parametrize(
    ("region", "shown", "size", "part"),
    [
        (Rect(0, 0, 64, 64), (64, 64), (64, 32), Rect(0, 16, 64, 32)),
        (Rect(0, 0, 1920, 1080), (1920, 1080), (224, 224), Rect(420, 0, 1080, 1080)),
        (Rect(0, 0, 720, 576), (1024, 576), (576, 576), Rect(156, 0, 405, 576)),
        (Rect(8, 4, 100, 50), (100, 50), (200, 100), Rect(8, 4, 100, 50)),
        (Rect(0, 0, 7, 7), (7, 7), (1, 7), Rect(2, 0, 1, 7)),  # 3, but chroma begins at 2
    ],
)
def test_cover_takes_the_middle_where_chroma_begins(
    region: Rect, shown: tuple[int, int], size: tuple[int, int], part: Rect
) -> None:
    assert covering(region, shown, size, (2, 2)) == part
