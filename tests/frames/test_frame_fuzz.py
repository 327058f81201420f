"""Random arguments: only our own errors come out, and good ones give what arithmetic says."""

from __future__ import annotations

import array
import decimal
import fractions
import random
from typing import Any

import numpy as np
import pytest
from frame_helpers import (
    FORMATS,
    content,
    cut,
    make,
    pattern,
    planes_of,
    row_bytes,
    rows_of,
    scatter,
    size_of,
)
from suite import SEED, count

from ffwebcodecs import (
    EncodedVideoChunk,
    InvalidArgumentError,
    NotSupportedError,
    PlaneLayout,
    Rect,
    VideoColorSpace,
    VideoFrame,
    WebCodecsError,
)

CALLS = count(60_000, 1 / 4)


class Hostile:
    """Every question about it fails."""

    def __index__(self) -> int:
        raise ZeroDivisionError

    __len__ = __iter__ = __float__ = __bool__ = __index__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __hash__(self) -> int:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        raise ZeroDivisionError


class Endless:
    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, index: object) -> int:
        return 1


NUMBERS = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 16, 64, -1, -2, 255, 4096, 16385),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**400, -(2**63)),
    *(0.0, 2.0, 1.5, -0.5, 1e308, float("nan"), float("inf"), -float("inf")),
)
OBJECTS = (
    *(None, True, False, "", "4", "I420", b"4", (), [], {}, set(), 1j, object(), int, len),
    *(Hostile(), Endless(), range(4), fractions.Fraction(8, 2), decimal.Decimal("NaN")),
    *(np.int64(4), np.float32(4), np.float64("nan"), np.bool_(True), np.str_("I420")),
    *(np.zeros(0), np.zeros(4), np.arange(4), np.array(4), np.zeros((2, 2, 3), np.uint8)),
    *(Rect(0, 0, 2, 2), PlaneLayout(0, 4), VideoColorSpace(), memoryview(b"abcd")),
    *((0, 0, 2, 2), {"width": 2, "height": 2}, {"x": "0"}, "abcd", [[0, 4], [16, 2], [20, 2]]),
    *({"offset": 0}, [{"offset": 0, "stride": 4}], [PlaneLayout(0, 8)] * 3, [None] * 3, "srgb"),
)


class Arguments:
    """Draws arguments that fit most of the time, so that the later checks are reached as well."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.sources = self.buffers(writable=False)
        self.destinations = self.buffers(writable=True)

    @staticmethod
    def buffers(*, writable: bool) -> list[Any]:
        closed = memoryview(bytearray(64))
        closed.release()
        found = [
            bytearray(4096),
            memoryview(bytearray(1024)),
            np.zeros((16, 16, 4), np.uint8),
            np.zeros((32, 32), np.uint16),
            array.array("H", bytes(512)),
            bytearray(24),
            bytearray(),
            np.zeros((64, 64), np.uint8)[:, ::2],
            np.zeros((4, 8, 8), np.uint8, order="F"),
            memoryview(bytearray(512))[::-1],
            np.array([None] * 64, object),
            closed,
            *OBJECTS,
        ]
        return (
            [*found, b"read-only" * 60]
            if writable
            else [*found, *(bytes(n) for n in (4, 64, 2000))]
        )

    def odd(self) -> Any:
        return self.random.choice(NUMBERS if self.random.random() < 0.5 else OBJECTS)

    def maybe(self, value: Any, odds: float = 0.06) -> Any:
        return self.odd() if self.random.random() < odds else value

    def buffer(self, of: list[Any]) -> Any:
        return of[0] if self.random.random() < 0.5 else self.random.choice(of)

    def format(self) -> Any:
        return self.maybe(self.random.choice(FORMATS))

    def small(self) -> Any:
        return self.maybe(self.random.randint(1, 20))

    def rect(self) -> Any:
        members = [self.maybe(2 * self.random.randint(0, 3)) for _ in "xy"]
        return self.maybe((*members, self.maybe(self.small()), self.maybe(self.small())))

    def layout(self) -> Any:
        entries, end = [], self.random.randint(0, 9)
        for _ in range(self.random.choice((1, 2, 3, 4))):
            stride = self.random.randint(1, 80)
            entries.append(self.maybe((self.maybe(end), self.maybe(stride))))
            end += stride * self.random.randint(1, 12)
        return self.maybe(entries)

    def options(self, **drawers: Any) -> dict[str, Any]:
        return {name: draw() for name, draw in drawers.items() if self.random.random() < 0.25}

    def frame_options(self) -> dict[str, Any]:
        pick = self.random.choice
        return self.options(
            duration=lambda: self.maybe(40),
            visible_rect=self.rect,
            display_width=self.small,
            display_height=self.small,
            rotation=lambda: self.maybe(pick((0, 90, -45, 1e6))),
            flip=lambda: self.maybe(pick((True, False))),
            alpha=lambda: self.maybe(pick(("keep", "discard"))),
            metadata=lambda: self.maybe({"a": self.odd()}, 0.2),
        )

    def buffer_options(self) -> dict[str, Any]:
        pick = self.random.choice
        return self.frame_options() | self.options(
            layout=self.layout,
            color_space=lambda: self.maybe({"matrix": self.maybe("bt709", 0.3)}),
            transfer=lambda: self.maybe(pick((True, False))),
        )

    def copy_options(self) -> dict[str, Any]:
        pick = self.random.choice
        return self.options(
            rect=self.rect,
            layout=self.layout,
            format=self.format,
            color_space=lambda: self.maybe(pick(("srgb", "display-p3", "rec2020"))),
        )


def call(function: Any, *arguments: Any, **options: Any) -> Any:
    """Return the result, or None after an error of ours."""
    try:
        return function(*arguments, **options)
    except (WebCodecsError, MemoryError):
        return None


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_only_our_errors_come_out_of_random_calls(seed):
    draw = Arguments(seed)
    pool = [make(format, 8, 6) for format in FORMATS]
    made = done = 0
    while done < CALLS // 2:
        kind = draw.random.random()
        victim = draw.random.randrange(len(pool))
        frame: Any = None
        done += 1
        if kind < 0.35:
            frame = call(
                VideoFrame,
                draw.buffer(draw.sources),
                format=draw.format(),
                coded_width=draw.small(),
                coded_height=draw.small(),
                timestamp=draw.maybe(5),
                **draw.buffer_options(),
            )
        elif kind < 0.5:
            frame = call(VideoFrame, draw.maybe(pool[victim], 0.02), **draw.frame_options())
        elif kind < 0.55:
            options = draw.options(format=draw.format, transfer=lambda: True) | draw.frame_options()
            frame = call(
                VideoFrame.from_ndarray, draw.buffer(draw.sources[2:]), timestamp=0, **options
            )
        elif kind < 0.6:
            call(
                EncodedVideoChunk,
                type=draw.maybe("key"),
                timestamp=draw.maybe(0),
                duration=draw.maybe(None),
                data=draw.buffer(draw.sources),
                transfer=draw.maybe(True),
            )
        elif kind < 0.65:
            call(pool[victim].to_ndarray, draw.maybe(draw.format(), 0.2))
        elif kind < 0.75:
            call(pool[victim].allocation_size, **draw.copy_options())
        else:
            call(pool[victim].copy_to, draw.buffer(draw.destinations), **draw.copy_options())
        if frame is not None:
            made += 1
            pool[victim].close()
            pool[victim] = frame
    assert made > CALLS // 40, "most random arguments should be good enough to make frames"
    for frame in pool:
        frame.close()


def random_layout(
    rng: random.Random, format: str, width: int, height: int
) -> list[tuple[int, int]]:
    planes = list(enumerate(planes_of(format)))
    rng.shuffle(planes)
    layout, end = [(0, 0)] * len(planes), rng.randint(0, 5)
    for index, plane in planes:
        stride = row_bytes(plane, width) + rng.randint(0, 9)
        layout[index] = end, stride
        end += stride * rows_of(plane, height) + rng.randint(0, 9)
    return layout


def random_rect(rng: random.Random, format: str, width: int, height: int) -> Rect:
    step_x = max(plane[0] for plane in planes_of(format))
    step_y = max(plane[1] for plane in planes_of(format))
    x, y = rng.randrange(0, width, step_x), rng.randrange(0, height, step_y)
    return Rect(x, y, rng.randint(1, width - x), rng.randint(1, height - y))


@pytest.mark.slow
@pytest.mark.sweep
def test_random_good_arguments_give_what_arithmetic_says():
    rng = random.Random(SEED)
    for _ in range(count(6000, 1 / 4)):
        format = rng.choice(FORMATS)
        width, height = rng.randint(1, 20), rng.randint(1, 20)
        tight = pattern(format, width, height, rng.randint(1, 9))
        source_layout = random_layout(rng, format, width, height)
        data = scatter(tight, format, width, height, source_layout, 0xEE)
        visible = random_rect(rng, format, width, height)
        transfer = rng.random() < 0.5
        options = {"layout": source_layout, "visible_rect": visible, "transfer": transfer}
        with make(format, width, height, data, **options) as frame:
            shown = cut(tight, format, width, height, visible)
            assert content(frame) == shown
            if not transfer:
                tight, width, height = shown, visible.width, visible.height
            rect = random_rect(rng, format, width, height)
            layout = random_layout(rng, format, rect.width, rect.height)
            part = cut(tight, format, width, height, rect)
            expected = scatter(part, format, rect.width, rect.height, layout, 0x77) + b"\x77" * 3
            destination = bytearray(b"\x77" * len(expected))
            assert frame.copy_to(destination, rect=rect, layout=layout) == layout
            assert destination == expected
            assert frame.allocation_size(rect=rect, layout=layout) == size_of(
                format, rect.width, rect.height, layout
            )


def test_every_conversion_between_two_formats_works_or_says_that_it_cannot():
    for source in FORMATS:
        with make(source, 6, 4) as frame:
            for target in FORMATS:
                if source != target and "I420AP12" in (source, target):
                    with pytest.raises(NotSupportedError, match="I420AP12"):
                        content(frame, format=target)
                else:
                    assert len(content(frame, format=target)) == size_of(target, 6, 4)


def test_hostile_objects_are_refused_by_name():
    with make() as frame:
        for options in ({"rect": Hostile()}, {"layout": Hostile()}, {"format": Hostile()}):
            with pytest.raises(InvalidArgumentError, match=next(iter(options))):
                frame.copy_to(bytearray(24), **options)
