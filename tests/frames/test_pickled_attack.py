"""Pickles with wrong numbers, names and memory: an error of ours, or a frame that can be used."""

from __future__ import annotations

import pickle
import random
from typing import Any

import attack
import numpy as np
import pytest
from frame_helpers import FORMATS, pattern

from ffwebcodecs import AudioData, EncodedVideoChunk, VideoFrame, WebCodecsError
from ffwebcodecs.frames._regions import regions_of

NUMBERS = (0, 1, 2, 3, 5, 16, 17, 63, 64, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64)
OTHERS = (None, "", "x", 1.5, (), (1,), b"1", True, {}, [1, 2], "pal8", "yuyv422", "monow", "nv12")


def wrong(dice: random.Random, value: Any) -> Any:
    """Return something else of the same kind, or of another."""
    if isinstance(value, tuple) and value and dice.random() < 0.8:
        index = dice.randrange(len(value))
        return (*value[:index], wrong(dice, value[index]), *value[index + 1 :])
    if type(value) is int and dice.random() < 0.8:
        near = value + dice.randrange(-2, 3)
        return dice.choice((near, near, -value, dice.choice(NUMBERS), -dice.choice(NUMBERS)))
    if isinstance(value, bytes) and dice.random() < 0.8:
        return value[: dice.randrange(len(value) + 1)]
    return dice.choice((*OTHERS, *FORMATS, *NUMBERS))


def damaged(dice: random.Random, state: Any) -> Any:
    version, maker, said, pieces = state
    said = dict(said)
    for _ in range(dice.randrange(1, 4)):
        if dice.random() < 0.3 and pieces:
            pieces = wrong(dice, pieces)
        else:
            key = dice.choice(list(said))
            said[key] = wrong(dice, said[key])
    return version, maker, said, pieces


def use(made: Any) -> None:
    if isinstance(made, VideoFrame):
        if made.coded_width * made.coded_height > 1 << 16:
            return
        if made.format is not None:
            made.copy_to(bytearray(made.allocation_size()))
            assert all(len(bytes(plane.data)) for plane in made.planes)
        assert all(bytes(view) for view, _ in regions_of(made._open_picture(), made._shape))
        pickle.loads(pickle.dumps(made, 5)).close()
        made.to_ndarray("RGB")
    elif isinstance(made, AudioData):
        made.to_ndarray()
    else:
        assert len(bytes(made.data)) == made.byte_length
        made._decodable()


@pytest.mark.attack
def test_damaged_states_are_refused_or_can_be_used() -> None:
    dice = attack.dice("damaged pickles")
    rounds, survived = attack.rounds(200, 30_000), 0
    chunk = EncodedVideoChunk(type="key", timestamp=5, data=bytes(range(99)))
    samples = np.ones((64, 3), np.float32)
    for _ in range(rounds):
        format = dice.choice(FORMATS)
        size = dice.randrange(1, 40), dice.randrange(1, 9)
        with (
            VideoFrame(
                pattern(format, *size),
                format=format,
                coded_width=size[0],
                coded_height=size[1],
                timestamp=0,
                transfer=True,
            ) as frame,
            AudioData.from_ndarray(samples, sample_rate=8000, timestamp=0) as sound,
        ):
            thing = dice.choice((frame, frame, frame, sound, chunk))
            state = damaged(dice, thing.__reduce_ex__(4)[2])
            made = type(thing).__new__(type(thing))
            try:
                made.__setstate__(state)
                use(made)
                survived += 1
            except (WebCodecsError, MemoryError):
                pass
            finally:
                if not isinstance(made, EncodedVideoChunk):
                    made.close()
    assert survived > rounds // 100
    attack.report("damaged pickles", rounds, 0, "a crash, or another error than ours")


def test_damaged_sound_is_refused() -> None:
    with AudioData.from_ndarray(np.ones((64, 3), np.float32), sample_rate=8000, timestamp=0) as one:
        version, maker, said, pieces = one.__reduce_ex__(4)[2]
    for change in ({"frames": 65}, {"frames": 0}, {"channels": 4}, {"format": "s99"}):
        made = AudioData.__new__(AudioData)
        with pytest.raises(WebCodecsError):
            made.__setstate__((version, maker, said | change, pieces))
        assert made.closed
    with pytest.raises(WebCodecsError, match="format 2, made by 'y'"):
        AudioData.__new__(AudioData).__setstate__((2, "y"))
