"""Times of pictures that FFmpeg filled in before it knew that they are shown later than decoded.

In program streams several pictures may share one time. FFmpeg gives the others theirs while it
looks for the streams, and a file that can seek is read once more after that.
"""

from __future__ import annotations

from ..codecs.picture_order import PictureOrder


class GuessedTimes:
    """Tells the guesses among the times of one stream, in decoding order."""

    __slots__ = ("_held_back",)

    def __init__(self) -> None:
        self._held_back = False

    def has(self, pts: int | None, dts: int | None, order: PictureOrder) -> bool:
        """Return whether the time of the last picture is not its own: it is shown when it is
        decoded, though no B picture, and one before was held back.
        """
        if pts is None or dts is None or order.is_shown_at_once:
            return False
        if pts == dts:
            return self._held_back
        self._held_back = True
        return False
