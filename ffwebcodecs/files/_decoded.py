"""What came out of a whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._av.files.stated import Stated
    from .._spec.frames.color import ColorMembers

    Mask = npt.NDArray[np.bool_]


class Decoded:
    """What came out when all packets were decoded from the first to the last.

    Attributes
    ----------
    came, patched : bool array, (packets,)
        Which packets gave a picture, and whether the decoder had to make up a part of it.
    errors : dict of int to str
        What the decoder said of which packet.
    holes : dict of int to int
        Bytes before a packet that belong to none.
    stated : Stated or None
        What the file states; None of what is no file.
    read_error : str or None
        What ended the reading before the end of the file.
    shortfall : str or None
        What is missing at the end, as the sizes say that are written in the file.
    stop : int or None
        When the last packet of the other streams ends, in microseconds.
    color : (primaries, transfer, matrix, full range) or None
        Of the first frame, as it is shown.
    sizes : dict of (int, int) to int
        Sizes of the frames, and which packet was the first of each.
    """

    def __init__(self, packets: int) -> None:
        self.came: Mask = np.zeros(packets, np.bool_)
        self.patched: Mask = np.zeros(packets, np.bool_)
        self.errors: dict[int, str] = {}
        self.holes: dict[int, int] = {}
        self.stated: Stated | None = None
        self.read_error: str | None = None
        self.shortfall: str | None = None
        self.stop: int | None = None
        self.color: ColorMembers | None = None
        self.sizes: dict[tuple[int, int], int] = {}
