"""Times of a whole stream at once: what `Reorder` finds picture by picture, on random streams."""

from __future__ import annotations

import random

import numpy as np
import pytest

from ffwebcodecs._spec.files.packet_table import NOPTS
from ffwebcodecs._spec.files.reorder import Keys, Reorder, Stamp
from ffwebcodecs._spec.files.whole_stream import keys_by_count, keys_by_type, stamp


def test_order_by_type() -> None:
    chance = random.Random(1)
    for count in range(40):
        is_b = np.array([chance.random() < 0.6 for _ in range(count)], bool)
        number = Keys().by_type
        assert keys_by_type(is_b).tolist() == [number(each) for each in is_b.tolist()]


def test_order_by_count() -> None:
    chance = random.Random(2)
    for _ in range(400):
        size = chance.randrange(30)
        counts = np.array([chance.randrange(-3, 12) for _ in range(size)], np.int32)
        known = np.array([chance.random() < 0.8 for _ in range(size)], bool)
        is_key = np.array([chance.random() < 0.3 for _ in range(size)], bool)
        number = Keys().by_count
        pictures = zip(counts.tolist(), known.tolist(), is_key.tolist(), strict=True)
        wanted = [number(count if there else None, key) for count, there, key in pictures]
        assert keys_by_count(counts, known, is_key).tolist() == wanted


def order_of(chance: random.Random, count: int) -> list[int]:
    """Return keys of pictures in groups: one ahead, those before it after it."""
    if chance.random() < 0.5:
        number = Keys().by_type
        return [number(chance.random() < 0.5) for _ in range(count)]
    keys: list[int] = []
    while len(keys) < count:
        group = list(range(len(keys), len(keys) + chance.randrange(1, 5)))
        keys += [group[-1], *chance.sample(group[:-1], len(group) - 1)]
    return keys[:count]


def some(chance: random.Random, values: list[int], share: float) -> list[int]:
    """Return the values without a share of them."""
    return [NOPTS if chance.random() < share else value for value in values]


@pytest.mark.parametrize("stored", [False, True])
def test_times(stored: bool) -> None:
    for seed in range(1500):
        chance = random.Random(seed)
        count, delay = chance.randrange(1, 14), chance.randrange(4)
        keys = order_of(chance, count)
        lasting = chance.choice((1, 10, 40))
        dts = np.cumsum([chance.choice((1, 2, 3)) * lasting for _ in range(count)]).tolist()
        dts = some(chance, dts, chance.choice((0, 0, 0, 0.3, 1)))
        duration = [chance.choice((0, 1, 10, 40)) for _ in range(count)]
        pts = [NOPTS] * count
        if stored:
            shown = np.argsort(np.argsort(keys, kind="stable"))
            pts = some(chance, (10 * shown).tolist(), 0.4)
        options = {"counts": stored and chance.random() < 0.5, "step": chance.choice((1, 10, 40))}
        pictures = [
            Stamp(key, None if at == NOPTS else at, None if decoded == NOPTS else decoded, lasts)
            for key, at, decoded, lasts in zip(keys, pts, dts, duration, strict=True)
        ]
        reorder = Reorder(delay, stored=stored, **options)  # type: ignore[arg-type]
        for each in pictures:
            reorder.push(each)
        reorder.finish()
        columns = (np.array(each, np.int64) for each in (keys, pts, dts, duration))
        new = Reorder(delay, stored=stored, **options)  # type: ignore[arg-type]
        found = stamp(new, *columns)
        assert found.presentation.tolist() == [each.time or 0 for each in pictures], seed
        decoded = [NOPTS if each.decoded is None else each.decoded for each in pictures]
        assert found.decoding.tolist() == decoded, seed
        assert found.duration.tolist() == [each.duration for each in pictures], seed


def test_no_picture() -> None:
    none = np.empty(0, np.int64)
    assert [len(column) for column in stamp(Reorder(1), none, none, none, none)] == [0, 0, 0]
