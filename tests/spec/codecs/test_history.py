"""Which chunk an error is about, without a decoder."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.codecs.history import History


def history(name: str, delay: int, sent: list[int], drained: bool = False) -> History:
    made = History(name, delay)
    made.sent.extend(sent)
    made.drained = drained
    return made


@pytest.mark.parametrize(
    ("name", "delay", "sent", "given", "rest", "drained", "failed"),
    [
        ("h264", 0, [0, 3, 1, 2], [0], [1, 3], False, 3),  # the last one
        ("h264", 2, [0, 3, 1, 2], [0], [1, 2, 3], False, 1),  # counted, whoever gives a picture
        ("h264", 2, [0, 3, 1, 2], [], [0, 2, 3], True, 2),
        ("vp8", 3, [0, 1, 2, 3, 4], [0], [2, 3, 4], False, 1),
        ("vp9", 3, [0, 1, 2, 3, 4], [0, 1], [2, 4], False, 3),  # two packets in a chunk
        ("libdav1d", 0, [0, 1, 2, 3, 4], [0, 1], [2, 4], False, 3),
        ("libdav1d", 0, [0, 1, 2, 3, 4], [0, 1], [2, 3], True, 4),
        ("png", 3, [0, 1, 2, 3], [], [1, 2, 3], False, 0),
        ("png", 3, [7, 7, 7, 7, 7], [7], [7, 7, 7], False, 1),  # nothing but the count
        ("png", 3, [], [], [], False, 0),
    ],
)
def test_the_chunk_that_failed(
    name: str,
    delay: int,
    sent: list[int],
    given: list[int],
    rest: list[int],
    drained: bool,
    failed: int,
) -> None:
    assert history(name, delay, sent, drained).failed(given, rest, refused=False) == failed


def test_a_chunk_that_is_not_taken_is_the_last_one() -> None:
    assert history("vp8", 3, [0, 1, 2]).failed([], [0, 1], refused=True) == 2


def test_pictures_before_the_one_that_failed() -> None:
    assert history("h264", 3, [0, 3, 1, 2, 6, 4]).before(2, [0, 2, 3, 4, 6]) == [0, 2]
    # One picture of each chunk, as long as nothing is known of them.
    assert history("png", 3, [7, 7, 7, 7, 7]).before(2, [7, 7, 7, 7]) == [0, 1]
    assert history("png", 3, [7, 7, 7, 7, 7]).before(1, [7, 7]) == []
