"""How arguments are written: times, sizes, counts, formats. Each is a ``type`` for argparse."""

from __future__ import annotations

import argparse


def parse_time(text: str) -> int:
    """Return microseconds of ``1.5``, ``90``, ``1:02`` or ``00:01:02.5``."""
    parts = text.strip().split(":")
    try:
        if len(parts) > 3 or any(not part.strip().isdigit() for part in parts[:-1]):
            raise ValueError
        seconds = float(parts[-1])
        if not 0 <= seconds < (60 if len(parts) > 1 else 1e12):
            raise ValueError
        whole = 0
        for part in parts[:-1]:
            whole = (whole + int(part)) * 60
        if len(parts) == 3 and int(parts[1]) >= 60:
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write seconds such as 1.5, or 00:01:02.5"
        ) from None
    return whole * 1_000_000 + round(seconds * 1_000_000)


def parse_seconds(text: str) -> float:
    """Return seconds of ``2`` or ``0.5``."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} are no seconds, more than 0; write 2 or 0.5")
    return seconds


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height of ``1920x1080``."""
    size = _numbers(text)
    if size is None or min(size) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 1920x1080")
    return size


def parse_scale(text: str) -> tuple[int, int]:
    """Return width and height of ``640x360``, ``640x-1`` or ``-1x360``."""
    size = _numbers(text)
    if size is None or max(size) < 1 or min(size) < -1 or 0 in size:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 640x360, 640x-1 or -1x360")
    return size


def parse_crop(text: str) -> tuple[int, int, int, int]:
    """Return x, y, width and height of ``640x360+0+60``."""
    size, *offsets = text.strip().lower().split("+")
    try:
        (width, height), (x, y) = map(int, size.split("x")), map(int, offsets)
    except ValueError:
        width = height = x = y = 0
    if min(width, height) < 1 or min(x, y) < 0 or max(x + width, y + height) > 65535:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no part of a picture; write WIDTHxHEIGHT+X+Y, such as 640x360+0+60"
        )
    return x, y, width, height


def _numbers(text: str) -> tuple[int, int] | None:
    width, by, height = text.strip().lower().partition("x")
    try:
        size = int(width), int(height)
    except ValueError:
        return None
    return size if by and max(size) <= 65535 else None


def parse_count(text: str) -> int:
    """Return an integer of 1 or more."""
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return count


def parse_bitrate(text: str) -> int:
    """Return bits per second of ``2M``, ``800k`` or ``1500000``."""
    from ..errors import InvalidArgumentError
    from ..files._encoding_options import bits_of

    try:
        return bits_of(text)
    except InvalidArgumentError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parse_rate(text: str) -> float:
    """Return frames per second of ``25``, ``29.97`` or ``30000/1001``."""
    number, _, divisor = text.strip().partition("/")
    try:
        rate = float(number) / float(divisor or 1)
    except (ValueError, ZeroDivisionError):
        rate = 0.0
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no rate up to 1000; write 25, 29.97 or 30000/1001"
        )
    return rate


def parse_times(text: str) -> list[int]:
    """Return microseconds of ``1.5,2.0,00:01:02``."""
    return [parse_time(part) for part in text.split(",")]


def parse_indices(text: str) -> list[int]:
    """Return integers of ``0,10,-1``."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} are no indices; write 0,10,-1 (-1 is the last frame)"
        ) from None


def parse_option(text: str) -> tuple[str, str]:
    """Return key and value of ``KEY=VALUE``."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no option; write KEY=VALUE")
    return key.strip(), value


def parse_tag(text: str) -> tuple[str, str]:
    """Return key and value of ``KEY=VALUE``; the value may be empty."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no tag; write KEY=VALUE, or KEY= to leave it out"
        )
    return key.strip(), value


def parse_format(text: str) -> str:
    """Return a pixel format's name, in capitals; the library knows which there are."""
    return text.strip().upper()


def show_time(microseconds: int) -> str:
    """Return ``00:01:02.500``, rounded."""
    sign = -1 if microseconds < 0 else 1
    return show_exact_time(sign * ((abs(microseconds) + 500) // 1000 * 1000))


def show_exact_time(microseconds: int) -> str:
    """Return ``00:01:02.500``, or ``00:01:02.500001``."""
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if microseconds < 0 else ""
    digits = f"{fraction:06}" if fraction % 1000 else f"{fraction // 1000:03}"
    return f"{sign}{hours:02}:{minutes:02}:{seconds:02}.{digits}"


def show_count(count: int, noun: str) -> str:
    """Return ``1 frame``, or ``2 frames``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
