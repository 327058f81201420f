"""One large picture, converted by one thread and by several."""

from __future__ import annotations

from .clock import Result
from .converting import _frame, _repeat


def shared_out(
    source: str,
    target: str,
    name: str,
    width: str,
    height: str,
    full: str,
    threads: str,
    rounds: str,
) -> Result:
    """Convert with so many threads: `threads` is a number, or "auto"."""
    with _frame(source, name, width, height, full) as frame:
        pixels = bytearray(frame.allocation_size(format=target))
        count = None if threads == "auto" else int(threads)
        return _repeat(lambda: frame.copy_to(pixels, format=target, threads=count), rounds)
