"""Subtitles of text that an output holds in another format only."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from .._av.files.containers import Wanted, codec_id
from .._av.files.stream_info import NO_VIDEO
from .._spec.files.subtitles import WRITTEN
from ..errors import NotSupportedError
from ._losses import Losses

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._av.files.streams import CopiedStream
    from .muxer import Muxer


def converted(stream: CopiedStream, muxer: Muxer) -> CopiedStream | None:
    """Return subtitles in a format that the output holds, None if there is none for them."""
    target = _target(stream, muxer)
    if target is not None:
        with suppress(NotSupportedError):  # it is told as one that cannot be held
            return stream.converted(target)
    return None


def copy_text(
    demuxer: DemuxerCore, muxer: Muxer, losses: Losses
) -> tuple[list[str], list[str], dict[int, int]]:
    """Add the subtitles of an input to a muxer for one stream of them; return as `copy_streams`
    does. The default ones are taken, or the first.

    Raises
    ------
    NotSupportedError
        There are none of text.
    """
    others = [one for one in demuxer.others if one.kind == "subtitle"]
    fitting: list[tuple[CopiedStream, CopiedStream]] = []
    for stream in others:
        kept = stream if muxer._can_hold(stream) else converted(stream, muxer)
        if kept is not None:
            fitting.append((stream, kept))
    if not fitting:
        have = ", ".join(one.codec for one in others)
        told = f"its subtitles ({have}) are no text" if have else "it has none"
        raise NotSupportedError(f"{demuxer.shown} has no subtitles for {muxer._shown}: {told}")
    chosen, kept = next((pair for pair in fitting if pair[0].is_default), fitting[0])
    name = f"subtitle {chosen.codec}"
    if kept is not chosen:
        name += f" as {kept.codec}"
    number = muxer._add_copied_stream(kept)
    if muxer._refused is not None:
        muxer._refused.names[number] = name
    dropped = [f"{one.kind} {one.codec}" for one in demuxer.others if one is not chosen]
    if demuxer.info.index != NO_VIDEO:
        dropped.insert(0, f"video {demuxer.info.codec}")
    for stream in others:
        if stream is not chosen:
            what = f"subtitle {stream.codec} (stream {stream.index})"
            why = f"{muxer.format_name} holds one stream"
            losses.add(what, why, f"{what} of {demuxer.shown} is left out: {why}")
    return [name], dropped, {chosen.index: number}


def wanted(stream: CopiedStream, muxer: Muxer) -> Wanted:
    """Return what a container must hold for a stream to be in it."""
    target = None if muxer._can_hold(stream) else _target(stream, muxer)
    name = stream.codec if target is None else target
    return Wanted(stream.kind, stream.codec_id if target is None else codec_id(target), name)


def _target(stream: CopiedStream, muxer: Muxer) -> str | None:
    if stream.kind != "subtitle":
        return None
    for name in WRITTEN:
        with suppress(NotSupportedError):
            holds = muxer._container.can_copy("subtitle", codec_id(name), name)
            if holds and stream.can_become(name):
                return name
    return None


def tell(streams: Iterable[CopiedStream], losses: Losses, shown: str) -> None:
    """Tell what the subtitles that were converted lack."""
    for stream in streams:
        conversion = stream.conversion
        if conversion is None:
            continue
        name, target = conversion.name, conversion.target
        what = f"of the subtitles {name} (stream {stream.index})"
        if conversion.lacks_style:
            losses.add(
                f"styles and positions {what}",
                f"{target} cannot hold all of them",
                f"{shown}: {target} cannot hold all styles and positions {what}: the text is kept",
            )
        if conversion.lacks_overlap:
            losses.add(
                f"overlaps {what}",
                f"{target} shows one at a time",
                f"{shown}: some {what[7:]} are shown at the same time: in {target} each ends "
                "where the next begins (.mkv holds them)",
            )
