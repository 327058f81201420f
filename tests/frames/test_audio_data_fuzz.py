"""Random arguments of sound: only our own errors come out, and good ones give what numpy says."""

from __future__ import annotations

import decimal
import fractions
import random
from collections.abc import Callable
from typing import Any

import attack
import numpy as np
import pytest
from sound_helpers import FORMATS, content, dtype_of, laid_out, make, noise
from suite import SEED

from ffwebcodecs import AudioData, EncodedAudioChunk, WebCodecsError
from ffwebcodecs._spec.frames.sample_conversion import convert

pytestmark = pytest.mark.attack


class Hostile:
    """Every question about it fails."""

    def __index__(self) -> int:
        raise ZeroDivisionError

    __len__ = __iter__ = __float__ = __bool__ = __array__ = __index__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __hash__(self) -> int:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        raise ZeroDivisionError


RELEASED = memoryview(bytearray(64))
RELEASED.release()
NUMBERS = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 64, -1, -2, 255, 4096, 65535, 65536),
    *(2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64, 10**400, -(2**63)),
    *(0.0, 2.0, 1.5, -0.5, 1e308, 1e-308, float("nan"), float("inf"), -float("inf")),
)
OBJECTS = (
    *(None, True, False, "", "4", "f32", "s16", "u8-planar", "S16", "s24", b"s16", (), [], {}),
    *(set(), 1j, object(), int, len, Hostile(), range(4), RELEASED, "5.1", "stereo"),
    *(fractions.Fraction(8, 2), decimal.Decimal("NaN"), np.int64(4), np.float32(4), np.bool_(1)),
    *(np.float64("nan"), np.zeros(0), np.zeros(4, np.float32), np.array(4), [b"1", b"2"]),
    *([bytearray(9)] * 2, [None] * 2, (bytes(64), bytes(64)), [Hostile(), Hostile()]),
)
BUFFERS = (
    *(bytearray(8192), np.zeros(4096, np.float32), np.zeros((64, 64), np.int16)[:, ::2]),
    *(np.zeros((8, 8, 8), np.uint8, order="F"), np.array([None] * 64, object), bytes(600)),
    *(memoryview(bytearray(512))[::-1], bytearray(24), bytearray(), memoryview(bytearray(901))[1:]),
)


class Draws:
    """Draws arguments that fit most of the time, so that the later checks are reached as well."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def odd(self) -> Any:
        return self.random.choice((self.random.choice(NUMBERS), self.random.choice(OBJECTS)))

    def maybe(self, value: Any, odds: float = 0.07) -> Any:
        return self.odd() if self.random.random() < odds else value

    def buffer(self) -> Any:
        return self.maybe(self.random.choice(BUFFERS[:2] * 3 + BUFFERS))

    def some(self, **drawers: Callable[[], Any]) -> dict[str, Any]:
        return {name: draw() for name, draw in drawers.items() if self.random.random() < 0.4}

    def init(self) -> dict[str, Any]:
        pick = self.random.choice
        return {
            "format": self.maybe(pick(FORMATS)),
            "sample_rate": self.maybe(pick((8000, 44100, 48000, 44100.5))),
            "number_of_frames": self.maybe(pick((1, 2, 7, 64))),
            "number_of_channels": self.maybe(pick((1, 2, 3, 9))),
            "timestamp": self.maybe(pick((0, -5, 10**9))),
            "data": self.buffer(),
            **self.some(
                transfer=lambda: self.maybe(pick((False, True))),
                channel_layout=lambda: self.maybe(pick((None, "stereo", "mono"))),
            ),
        }

    def options(self) -> dict[str, Any]:
        pick = self.random.choice
        return {
            "plane_index": self.maybe(pick((0, 0, 1, 2))),
            **self.some(
                frame_offset=lambda: self.maybe(pick((0, 1, 5))),
                frame_count=lambda: self.maybe(pick((0, 1, 5))),
                format=lambda: self.maybe(pick(FORMATS)),
            ),
        }


def attempt(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return what a call gives, None if it refuses in a way that we know."""
    try:
        return call(*arguments, **options)
    except (WebCodecsError, IndexError, MemoryError):
        return None


def use(draws: Draws, data: AudioData) -> int:
    """Ask for samples in odd ways; return how often they can be had."""
    had = 0
    for _ in range(3):
        options, before = draws.options(), data.format
        size = attempt(data.allocation_size, **options)
        assert size is None or size >= 0
        attempt(data.copy_to, draws.buffer(), **options)
        assert data.format == before
        had += size is not None
    attempt(data.to_ndarray, draws.maybe("f32", 0.5))
    attempt(getattr, data, "planes")
    repr(data)
    return had


def test_nothing_but_our_errors_comes_out_of_sound() -> None:
    draws = Draws(SEED)
    made = had = 0
    rounds = attack.rounds(1500, 60_000)
    for _ in range(rounds):
        data = attempt(AudioData, **draws.init())
        made += data is not None
        with data or make("s16", 7, 2) as data:
            if draws.random.random() < 0.1:
                data.close()
            had += use(draws, data)
    assert made > rounds / 5
    assert had > rounds / 2


def test_nothing_but_our_errors_comes_out_of_arrays_and_chunks() -> None:
    draws = Draws(SEED + 1)
    pick = draws.random.choice
    arrays = [noise(each, 9, 2) for each in ("u8", "s16", "s32", "f32")]
    for _ in range(attack.rounds(1000, 30_000)):
        array = draws.maybe(pick((pick(arrays), draws.buffer())), 0.3)
        options = draws.some(
            format=lambda: draws.maybe(pick(FORMATS)),
            transfer=lambda: draws.maybe(True),
            channel_layout=lambda: draws.maybe("stereo"),
        )
        rate, time = draws.maybe(48000), draws.maybe(5)
        found = attempt(AudioData.from_ndarray, array, sample_rate=rate, timestamp=time, **options)
        if found is not None:
            found.close()
        kind, more = (
            draws.maybe(pick(("key", "delta"))),
            draws.some(duration=lambda: draws.maybe(4)),
        )
        chunk = attempt(EncodedAudioChunk, type=kind, timestamp=time, data=draws.buffer(), **more)
        if chunk is not None:
            attempt(chunk.copy_to, draws.buffer())
            assert len(chunk.data) == chunk.byte_length


def test_good_arguments_give_what_numpy_says() -> None:
    random_ = random.Random(SEED + 2)
    for turn in range(attack.rounds(250, 10_000)):
        source, wanted = random_.choice(FORMATS), random_.choice(FORMATS)
        frames, channels = random_.randint(1, 700), random_.choice((1, 2, 2, 3, 6, 9))
        array = noise(source, frames, channels, turn)
        offset = random_.randrange(frames)
        count = random_.randint(0, frames - offset)
        part = np.ascontiguousarray(array[offset : offset + count])
        result = np.empty(part.shape, dtype_of(wanted))
        convert(part.reshape(-1), result.reshape(-1))
        transfer = random_.random() < 0.5
        data = make(source, frames, channels, laid_out(array, source), transfer=transfer)
        with data:
            found = content(data, wanted, frame_offset=offset, frame_count=count)
        assert found == laid_out(result, wanted), (source, wanted, frames, channels)
