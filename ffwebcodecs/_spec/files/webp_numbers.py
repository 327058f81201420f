"""Where a WebP animation has its numbers: the delay of the last picture, the loop count.

libwebp is told when a picture begins, and never when the last one ends: it writes the mean of the
others there. How often all is played FFmpeg 4.3 does not tell it either.
"""

from __future__ import annotations

_LONGEST = (1 << 24) - 1  # milliseconds


def loop_place(data: bytes | memoryview) -> int | None:
    """Return where the two bytes of the loop count are, None if there are none."""
    data = memoryview(data)
    if bytes(data[:4]) != b"RIFF" or bytes(data[8:12]) != b"WEBP":
        return None
    place = 12
    while place + 14 <= len(data) and bytes(data[place : place + 4]) != b"ANMF":
        if bytes(data[place : place + 4]) == b"ANIM":
            return place + 12
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    return None


def last_delay_place(data: bytes | memoryview, whole: int) -> tuple[int, bytes] | None:
    """Return where a file has the delay of its last picture, and the three bytes that let the whole
    take `whole` milliseconds; None if it is no animation, or has no time left.
    """
    data = memoryview(data)
    if bytes(data[:4]) != b"RIFF" or bytes(data[8:12]) != b"WEBP":
        return None
    place, found, others, last = 12, -1, 0, 0
    while place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        if bytes(data[place : place + 4]) == b"ANMF" and place + 24 <= len(data):
            others += last
            found = place + 8 + 12
            last = int.from_bytes(data[found : found + 3], "little")
        place += 8 + size + size % 2
    delay = whole - others
    if found < 0 or delay <= 0:
        return None
    return found, min(delay, _LONGEST).to_bytes(3, "little")
