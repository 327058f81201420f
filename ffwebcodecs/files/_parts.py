"""What is called where a part of a conversion is worked on."""

from __future__ import annotations

from ._part import Part, PartResult
from ._part_work import PartWork


def run_part(part: Part) -> PartResult:
    """Decode and encode a part.

    Raises
    ------
    WebCodecsError, OSError
        As `transcode`, with the part's name before what it says.
    BaseException
        Whatever `map_frame` raises.
    """
    return PartWork(part).run()
