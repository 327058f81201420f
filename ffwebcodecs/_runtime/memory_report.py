"""What the process holds, and the limit that its caches keep together."""

from __future__ import annotations

from typing import NamedTuple

from .._public import public
from .._spec.numbers import to_integer
from ..errors import InvalidArgumentError
from . import memory


@public
class MemoryReport(NamedTuple):
    """How many bytes this process holds at one moment; `str` of it is a table.

    Attributes
    ----------
    bytes : dict of str to int
        Bytes by kind. ``"frames"``: pictures and sound that the program holds, or that are on
        their way to it. ``"chunks"``: encoded data, those in the queues of codecs too.
        ``"scratch"``: what conversions work in, by thread. ``"shared frames"``: the slots of
        `SharedFrames` that are open here. All other kinds are caches:
        ``"frame caches"`` is `FrameCache`, ``"videos"`` what each `Video` keeps around its
        position, ``"references"`` the indices of files that `FrameRef` has opened.
    counts : dict of str to int
        How many there are of each: frames, chunks, threads, caches.
    total : int
        The sum of all bytes.
    droppable : int
        The sum of the caches' bytes: what the limit is for.
    limit : int or None
        What `set_memory_limit` was given.
    """

    bytes: dict[str, int]
    counts: dict[str, int]
    total: int
    droppable: int
    limit: int | None

    def __str__(self) -> str:
        rows = [(kind, self.counts[kind], size) for kind, size in self.bytes.items()]
        wide = max(len(kind) for kind in self.bytes)
        lines = [f"{'':{wide}}  {'number':>8}  {'bytes':>15}"]
        lines += [f"{kind:{wide}}  {number:8,}  {size:15,}" for kind, number, size in rows]
        lines.append(f"{'total':{wide}}  {'':8}  {self.total:15,}")
        limit = "no limit" if self.limit is None else f"limit {self.limit:,}"
        lines.append(f"{'caches':{wide}}  {'':8}  {self.droppable:15,}  ({limit})")
        return "\n".join(lines)


@public
def memory_report() -> MemoryReport:
    """Return how many bytes of pictures, sound and encoded data this process holds, and where.

    Counts what ffwebcodecs has made and what it keeps; not what codecs hold inside of themselves,
    not what lies on a GPU. Memory that a program has lent to frames (``transfer=True``) counts as
    theirs. What a forked process has from its parent is not counted in it: it begins with zeros.
    Takes some four microseconds for each frame and chunk that is alive, so it is for looking now
    and then; nothing is counted while nobody looks.

    Returns
    -------
    MemoryReport

    Examples
    --------
    >>> print(memory_report())
    """
    from .._av.codecs import alive
    from .._av.scale import arena

    found = memory.holders()
    caches: dict[str, list[int]] = {"frame caches": [], "videos": []}
    kept, droppable = [], 0
    for holder in found:
        if getattr(holder, "closed", False):
            continue
        size = memory.held(holder)
        caches.setdefault(holder._memory_kind, []).append(size)
        droppable += size if memory.is_cache(holder) else 0
        frames = getattr(holder, "_memory_frames", None)
        if frames is not None:
            kept += frames()
    kinds = {"frames": alive.frames(kept), "chunks": alive.packets(), "scratch": arena.held()}
    kinds |= {kind: (len(sizes), sum(sizes)) for kind, sizes in sorted(caches.items())}
    return MemoryReport(
        {kind: size for kind, (_, size) in kinds.items()},
        {kind: number for kind, (number, _) in kinds.items()},
        sum(size for _, size in kinds.values()),
        droppable,
        memory.limit(),
    )


@public
def set_memory_limit(limit: int | None) -> None:
    """Bound the bytes that all caches of this process hold together.

    If there are more, what was used longest ago goes first, whichever cache has it; from then on
    each addition makes room. The bounds of each cache, such as `FrameCache`'s `max_bytes` and
    `Video`'s `cache_bytes`, stay as well. Only what can be had again is dropped: frames, chunks and
    bitmaps that the program holds are never freed, and do not count (`memory_report` has them).
    What another thread uses at this very moment goes with the next addition.

    Any limit is safe, 0 too: then nothing is kept, and everything still works. It is of this
    process; one that is forked from it begins with the same.

    Parameters
    ----------
    limit : int or None
        Bytes; None: no limit, as in the beginning.

    Raises
    ------
    InvalidArgumentError
        It is no integer, or less than 0.
    """
    number = None if limit is None else to_integer(limit, "limit")
    if number is not None and number < 0:
        raise InvalidArgumentError(f"limit is {number}, it must be 0 or more, or None")
    memory.set_limit(number)
