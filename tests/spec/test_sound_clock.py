"""Which sample a packet begins with, from clocks that say it in milliseconds only."""

from __future__ import annotations

import random

import pytest

from ffwebcodecs._spec.files.sound_clock import SoundClock
from ffwebcodecs._spec.files.sound_grid import flac_block, grid_of


def rounded(position: int, rate: int, base: int) -> int:
    return round(position * base / rate)


@pytest.mark.parametrize(("rate", "grid"), [(44100, 1024), (48000, 960), (48000, 1152)])
@pytest.mark.parametrize("delay", [0, -312, -1105, 77])
def test_every_packet_is_found_after_a_seek(rate: int, grid: int, delay: int) -> None:
    dice = random.Random(f"{rate} {grid}")
    for _ in range(200):
        number = dice.randrange(10**6)
        # Whole milliseconds were subtracted, as muxers do that begin at 0.
        late = rounded(delay, rate, 1000)
        clock = SoundClock(rate, (1, 1000))
        clock.begin(0, grid)
        clock.has_landed = True
        ticks = rounded(number * grid + delay, rate, 1000) - late
        assert clock.position(ticks, None) == number * grid
        assert clock.is_certain


def test_what_may_be_two_multiples_is_not_certain() -> None:
    clock = SoundClock(44100, (1, 1000))
    clock.begin(0, 64)
    clock.has_landed = True
    clock.position(3000, None)
    assert not clock.is_certain


def test_errors_from_the_beginning_on_tell_short_multiples_apart() -> None:
    clock = SoundClock(44100, (1, 1000))
    clock.begin(0, 64)
    position = 0
    for count in (576, 1024, 128, 1024, 576, 64, 64, 1024) * 4:
        assert clock.position(rounded(position, 44100, 1000), position) == position
        position += count
    clock.calibrate()
    clock.has_landed = True
    for number in range(100_000, 100_300):
        assert clock.position(rounded(number * 64, 44100, 1000), None) == number * 64
        assert clock.is_certain


def test_a_gap_is_one_beyond_the_rounding_of_the_clock() -> None:
    clock = SoundClock(48000, (1, 1000))
    clock.begin(0, None)
    assert clock.position(21, 1024) == 1024
    assert clock.position(22, 1024) == 1024
    assert clock.position(31, 1024) == 31 * 48
    exact = SoundClock(48000, (1, 48000))
    exact.begin(0, None)
    assert exact.position(1025, 1024) == 1024
    assert exact.position(1034, 1024) == 1034


def test_blocks_of_flac_say_which_they_are() -> None:
    info = (4096).to_bytes(2, "big") * 2 + bytes(30)
    assert grid_of("flac", info, 44100, 0) == 4096
    for number in (0, 5, 127, 128, 2047, 2048, 65535, 65536, 200_000):
        coded = chr(number).encode() if number < 0xD800 or number >= 0xE000 else b""
        head = (b"\xff\xf8\xc9\x18" + coded + bytes(8))[:8]
        assert flac_block(head, info) == number * 4096
    assert flac_block(b"\xff\xf9\xc9\x18" + bytes(4), b"\x10\x00\x12\x00" + bytes(30)) is None
    assert flac_block(b"", info) is None
