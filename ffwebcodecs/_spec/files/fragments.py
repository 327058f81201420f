"""Where a file that is written as it is made is cut, and where its first fragment begins."""

from __future__ import annotations

_SLACK = 1000  # microseconds: clocks of files tick in milliseconds at worst
SOUND = 1_000_000
"""Microseconds of a fragment of sound alone, if nobody says how many."""
_TYPE = slice(4, 8)


class FragmentCuts:
    """Decides before which packet the next fragment begins; times in microseconds.

    A fragment begins with a key frame. Groups of pictures are gathered until they are as long as is
    wanted. A group that is longer by itself is cut wherever that is reached, and the next group
    begins another fragment.

    Parameters
    ----------
    wanted : int or None
        How long a fragment is to be. None: each group of pictures is one.
    """

    __slots__ = ("_began", "_film_end", "_is_inside", "_mark", "_wanted")

    def __init__(self, wanted: int | None) -> None:
        self._wanted = wanted
        self._began: int | None = None  # None: the next packet begins a fragment
        self._is_inside = False  # it began within a group of pictures
        self._mark = 0  # the last key frame or cut
        self._film_end: int | None = None

    def is_due(self, time: int, is_key: bool) -> bool:
        """Return whether a picture, which is shown at `time`, begins the next fragment."""
        if self._began is None:
            return False
        if is_key:
            return (
                self._wanted is None
                or self._is_inside
                or time - self._began >= self._wanted - _SLACK
            )
        return self._wanted is not None and time - self._mark >= self._wanted - _SLACK

    def is_due_for_sound(self, time: int) -> bool:
        """Return whether a packet of sound begins the next one, where no picture says that."""
        if self._began is None:
            return False
        since = self._began if self._film_end is None else max(self._began, self._film_end)
        return time - since >= (self._wanted or SOUND) - _SLACK

    def cut(self) -> None:
        """Begin the next one with the next packet."""
        self._began = None

    def note_picture(self, time: int, end: int, is_key: bool) -> None:
        """Note a picture that is written, and when it ends."""
        if is_key or self._began is None:
            self._mark = time
        if self._began is None:
            self._is_inside = not is_key
        self._film_end = end if self._film_end is None else max(end, self._film_end)
        self._note(time)

    def note_sound(self, time: int) -> None:
        """Note a packet of sound that is written."""
        if self._began is None:
            self._is_inside = False
        self._note(time)

    def _note(self, time: int) -> None:
        if self._began is None:
            self._began = time


def length_of_index(data: bytes) -> int:
    """Return how many bytes of the beginning of an MP4 file its init segment has: all to the end of
    ``moov``.
    """
    place = 0
    while place + 8 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        if size == 1:
            size = int.from_bytes(data[place + 8 : place + 16], "big")
        end = place + size if size else len(data)
        if data[place : place + 8][_TYPE] == b"moov":
            return end
        place = end
    return len(data)


def mime_type(kind: str, codecs: list[str]) -> str:
    """Return the type of a file, with its codecs if the web has a name for each."""
    if not codecs or any(codec.startswith("ffmpeg:") for codec in codecs):
        return kind
    return f'{kind}; codecs="{", ".join(dict.fromkeys(codecs))}"'
