"""Which chunk an error is about, when the decoder works on several of them at once."""

from __future__ import annotations

from collections import deque

# As many pictures as any of FFmpeg's decoders holds back to give them in presentation order, and as
# dav1d has threads for.
_REORDERED = 32
# They have threads of their own, and say of an error only that it is one.
_OWN_THREADS = frozenset({"libdav1d", "libgav1", "libuavs3d", "libdavs2", "libxevd"})
# A chunk that fails may give a picture all the same, or a sound one none (a field, a frame that is
# not shown); but each chunk is one packet to their threads, so it can be counted which one it is.
_COUNTED = frozenset({"h264", "hevc", "vvc", "vp7", "vp8"})


class History:
    """The timestamps of the last chunks and pictures of a decoder.

    Results come in the order of the chunks: of those up to the newest one that has given a picture
    none has failed. Which one has is then counted, or it is the first without a picture.

    Parameters
    ----------
    name : str
        FFmpeg's name of the decoder.
    delay : int
        How many packets frame threads take before the first result comes.
    """

    __slots__ = ("_counted", "delay", "drained", "given", "sent")

    def __init__(self, name: str, delay: int) -> None:
        self.delay = _REORDERED if name in _OWN_THREADS else delay
        self._counted = name in _COUNTED
        size = self.delay + 1 + _REORDERED
        self.sent: deque[int] = deque(maxlen=size)
        self.given: deque[int] = deque(maxlen=size)
        self.drained = False

    def clear(self) -> None:
        """Forget all of them."""
        self.sent.clear()
        self.given.clear()
        self.drained = False

    def failed(self, given: list[int], rest: list[int], refused: bool) -> int:
        """Return the place in `sent` of the chunk that an error is about.

        Parameters
        ----------
        given : list of int
            The pictures that came before the error.
        rest : list of int
            Those that have come since.
        refused : bool
            The decoder has not taken the last chunk at all.
        """
        sent = list(self.sent)
        last = max(len(sent) - 1, 0)
        # At the end of the stream there is a result without a chunk for each question.
        first = min(max(last - self.delay + self.drained, 0), last)
        if refused or first == last:
            return last
        places = {timestamp: place for place, timestamp in enumerate(sent)}
        if len(places) < len(sent):
            return first
        first = max([first, *(places[each] + 1 for each in given if each in places)])
        if self._counted and not self.drained:
            return min(first, last)
        return next((place for place in range(first, last) if sent[place] not in rest), last)

    def before(self, place: int, rest: list[int]) -> list[int]:
        """Return which of `rest` are pictures of the chunks before the one at `place`."""
        sent = list(self.sent)
        if len(set(sent)) < len(sent):
            later = max(len(sent) - 1 - place, 0)
            return list(range(max(len(rest) - later, 0)))
        bad = set(sent[place:])
        return [index for index, timestamp in enumerate(rest) if timestamp not in bad]
