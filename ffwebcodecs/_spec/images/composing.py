"""Which pictures of an animation have to be decoded for one of them, and what is in between."""

from __future__ import annotations

from .facts import CLEAR, RESTORE

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .facts import ImagePart


def covers(part: ImagePart, width: int, height: int) -> bool:
    """Return whether a picture has the size of the whole canvas, or more."""
    x, y, own_width, own_height = part.rect
    return x <= 0 and y <= 0 and x + own_width >= width and y + own_height >= height


def stands_alone(part: ImagePart, width: int, height: int) -> bool:
    """Return whether nothing of what was there before a picture is seen when it is."""
    return covers(part, width, height) and not part.blend


def pictures_needed(
    parts: Sequence[ImagePart], index: int, width: int, height: int, known: int = -1
) -> tuple[bool, list[int]]:
    """Return what has to be done for the picture at `index`.

    Parameters
    ----------
    parts : sequence of ImagePart
    index : int
    width, height : int
        Of the canvas.
    known : int
        The picture before which the canvas is known already, -1: none.

    Returns
    -------
    bool
        Whether it begins with that canvas; else with an empty one.
    list of int
        The pictures to lay on it, in order; the last one is `index`. Those that leave no trace are
        not among them.
    """
    needed = [index]
    at = index
    while True:
        part = parts[at]
        if stands_alone(part, width, height):
            return False, needed[::-1]
        if at == known:
            return True, needed[::-1]
        # Before it is what the one before left behind.
        at -= 1
        while at >= 0 and parts[at].dispose == RESTORE:
            if at == known:
                return True, needed[::-1]
            at -= 1
        if at < 0 or (parts[at].dispose == CLEAR and covers(parts[at], width, height)):
            return False, needed[::-1]
        needed.append(at)
