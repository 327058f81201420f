"""Files for sound alone: which streams of an input they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.files.demux import DemuxerCore
from .._av.files.stream_info import NO_VIDEO
from .._av.files.streams import CopiedStream
from ..errors import NotSupportedError
from ._losses import BEGINS_LATE, PROBE_MORE, Losses
from .muxer import Muxer

if TYPE_CHECKING:
    from ._kept_sound import KeptSound


def copy_sound(
    demuxer: DemuxerCore, muxer: Muxer, losses: Losses, sound: KeptSound | None = None
) -> tuple[list[str], list[str], dict[int, int]]:
    """Add the sound and the covers of an input to a muxer for sound; take and return what
    `copy_streams` does.

    Raises
    ------
    NotSupportedError
        There is no sound, or none that fits.
    """
    container = muxer._container
    suffix = container.sound_suffix or container.name
    chosen = _chosen(demuxer, muxer, suffix, sound)
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
        if sound is not None and stream.kind == "audio" and not sound.takes(stream):
            dropped.append(name)
            continue
        if sound is not None and stream in chosen and sound.encodes(stream, muxer):
            if sound.add(stream, muxer):
                continue
            _require(stream, muxer, sound)
        if sound is not None and stream in chosen and sound.cuts(stream, muxer):
            copied.append(name)
            continue
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


def _require(stream: CopiedStream, muxer: Muxer, sound: KeptSound) -> None:
    """Raise NotSupportedError if a stream that could not be encoded cannot be copied either."""
    try:
        muxer._container.require(stream.codec_id, stream.codec)
    except NotSupportedError as error:
        why = sound.reasons.get(stream.index)
        more = f", nor can it be encoded ({why})" if why else ""
        raise NotSupportedError(f"{error}{more}") from None


def best_sound(demuxer: DemuxerCore) -> CopiedStream:
    """Return the stream of sound that the input says is the one to take, else the first.

    Raises
    ------
    NotSupportedError
        There is no sound.
    """
    sounds = [stream for stream in demuxer.others if stream.kind == "audio"]
    if not sounds:
        raise NotSupportedError(f"{demuxer.shown} has no sound")
    return next((stream for stream in sounds if stream.is_default), sounds[0])


def _chosen(
    demuxer: DemuxerCore, muxer: Muxer, suffix: str, kept: KeptSound | None
) -> list[CopiedStream]:
    sounds = [
        stream
        for stream in demuxer.others
        if stream.kind == "audio" and (kept is None or kept.takes(stream))
    ]
    if not sounds:
        raise NotSupportedError(f"{demuxer.shown} has no sound, and {suffix} files hold no video")
    sounds = [stream for stream in sounds if stream.is_known]
    if not sounds:
        raise NotSupportedError(f"the sound of {demuxer.shown} {BEGINS_LATE} (input_{PROBE_MORE})")
    fitting = [
        stream
        for stream in sounds
        if muxer._can_hold(stream) or (kept is not None and kept.encodes(stream, muxer))
    ]
    if not fitting:
        try:
            muxer._container.require(sounds[0].codec_id, sounds[0].codec)
        except NotSupportedError as error:
            raise NotSupportedError(f"{error}; transcode encodes it") from None
    if muxer._container.holds_one_stream:
        return [next((stream for stream in fitting if stream.is_default), fitting[0])]
    return fitting
