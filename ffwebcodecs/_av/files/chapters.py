"""Chapters of a file: read as plain values, and written before the header."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from operator import setitem
from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import avutil, ffi
from .. import atomic, averror
from .streams import read_tags, set_tag

if TYPE_CHECKING:
    from ..._ffi._types import AVChapter, AVFormatContext

_MICROSECONDS = (1, 1000000)
_NOPTS = -(2**63)
# Where FFmpeg's own arithmetic is far from its limits: 36,000 years.
_LATEST = 2**60


class Chapter(NamedTuple):
    """A named stretch of a file; microseconds."""

    start: int
    stop: int
    tags: dict[str, str]


def read(context: AVFormatContext) -> list[Chapter]:
    """Return the chapters of an open input, by their start; those without a usable time are left
    out.
    """
    found = []
    for index in range(context.nb_chapters):
        chapter = context.chapters[index]
        base = (chapter.time_base.num, chapter.time_base.den)
        if chapter.start == _NOPTS or base[0] <= 0 or base[1] <= 0:
            continue
        start = avutil.av_rescale_q(chapter.start, base, _MICROSECONDS)
        stop = start
        if chapter.end != _NOPTS:
            stop = max(start, avutil.av_rescale_q(chapter.end, base, _MICROSECONDS))
        if -_LATEST < start <= stop < _LATEST:
            found.append(Chapter(start, stop, read_tags(chapter.metadata)))
    return sorted(found, key=lambda chapter: chapter.start)


def write(context: AVFormatContext, chapters: Iterable[Chapter]) -> None:
    """Give chapters to an output, whose header is not written yet; they go with the context."""
    chapters = list(chapters)
    if not chapters:
        return
    box = ffi.addressof(context, "chapters")
    atomic.fill(box, avutil.av_mallocz, len(chapters) * ffi.sizeof("AVChapter *"))
    averror.check_pointer(box[0], "cannot add chapters")
    for number, one in enumerate(chapters):
        size = ffi.sizeof("AVChapter")
        own = atomic.boxed(
            "cannot add a chapter", "AVChapter **", avutil.av_freep, avutil.av_mallocz, size
        )
        chapter: AVChapter = own[0]
        atomic.together(
            partial(setitem, context.chapters, number, chapter),
            partial(setattr, context, "nb_chapters", number + 1),
            partial(setitem, own, 0, ffi.NULL),
        )
        chapter.id = number + 1
        chapter.time_base = _MICROSECONDS
        chapter.start, chapter.end = one.start, one.stop
        for key, value in one.tags.items():
            set_tag(chapter, key, value)
