"""Files for sound alone: which streams of an input they get."""

from __future__ import annotations

from .._av.files.demux import DemuxerCore
from .._av.files.stream_info import NO_VIDEO
from .._av.files.streams import CopiedStream
from ..errors import NotSupportedError
from ._losses import Losses
from .muxer import Muxer


def copy_sound(
    demuxer: DemuxerCore, muxer: Muxer, losses: Losses
) -> tuple[list[str], list[str], dict[int, int]]:
    """Add the sound and the covers of an input to a muxer for sound; return as `copy_streams` does.

    Raises
    ------
    NotSupportedError
        There is no sound, or none that fits.
    """
    container = muxer._container
    suffix = container.sound_suffix or container.name
    chosen = _chosen(demuxer, muxer, suffix)
    copied: list[str] = []
    dropped: list[str] = []
    numbers: dict[int, int] = {}
    if demuxer.info.index != NO_VIDEO:
        dropped.append(f"video {demuxer.info.codec}")
    has_chapters = bool(demuxer.chapters)
    for stream in demuxer.others:
        if has_chapters and stream.names_chapters:
            continue  # the chapters are copied, and make it again
        name = f"{stream.kind} {stream.codec}"
        if stream in chosen or (stream.is_cover and stream.is_known and muxer._can_hold(stream)):
            number = numbers[stream.index] = muxer._add_copied_stream(stream)
            if muxer._refused is not None:
                muxer._refused.names[number] = name
            copied.append(name)
            continue
        dropped.append(name)
        if stream.kind == "audio" or stream.is_cover:
            one = container.holds_one_stream and stream.kind == "audio"
            why = f"{suffix} holds one stream of sound" if one else f"{suffix} cannot hold it"
            what = f"the {'cover' if stream.is_cover else 'audio'} {stream.codec}"
            losses.add(
                name, why, f"{what} of {demuxer.shown} is left out: {why} (.mka holds all of it)"
            )
    return copied, dropped, numbers


def _chosen(demuxer: DemuxerCore, muxer: Muxer, suffix: str) -> list[CopiedStream]:
    sounds = [stream for stream in demuxer.others if stream.kind == "audio"]
    if not sounds:
        raise NotSupportedError(f"{demuxer.shown} has no sound, and {suffix} files hold no video")
    fitting = [stream for stream in sounds if muxer._can_hold(stream)]
    if not fitting:
        muxer._container.require(sounds[0].codec_id, sounds[0].codec)
    if muxer._container.holds_one_stream:
        return [next((stream for stream in fitting if stream.is_default), fitting[0])]
    return fitting
