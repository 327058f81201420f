"""The beginning of an output: its streams, chapters and header, when the first chunks are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .._av.files import containers, live
from .._av.files.chapters import Chapter
from .._av.files.mux import MuxerCore
from .._av.files.side_data import PROFILE, name_of
from .._av.files.streams import CopiedStream
from .._spec.files.timeline import Timeline
from .._spec.frames.color import UNSPECIFIED
from ._labels import timecode_rate
from ._sound_track import SoundTrack
from ._tracks import Tracks
from ._video_track import VideoTrack

_INT32_MAX = 2**31 - 1
_LONGEST_CHAPTER = _INT32_MAX * 1000  # microseconds; MP4 counts milliseconds


class FileStart(NamedTuple):
    """What an output begins with.

    Attributes
    ----------
    video : VideoTrack or None
        None: there is none.
    others : sequence of CopiedStream and SoundTrack
        What stands beside it, in order.
    chapters : sequence of Chapter
        On the clock of the chunks.
    offset : int
        Microseconds by which all is moved.
    """

    video: VideoTrack | None
    others: Sequence[CopiedStream | SoundTrack]
    chapters: Sequence[Chapter]
    offset: int


def set_up(core: MuxerCore, path: str | None, *, faststart: bool) -> None:
    """Choose how a container is written."""
    container = core.container
    if container.is_live:
        live.set_up(core)
    elif container.is_iso and faststart:
        core.set_option("movflags", "+faststart")
    if container.name == "mpegts" and (path or "").lower().endswith(".m2ts"):
        core.set_option("mpegts_m2ts_mode", "1")  # FFmpeg would see it by the suffix


def set_texts(core: MuxerCore, tags: Mapping[str, str], settings: Mapping[str, str]) -> None:
    """Set the tags of a file, and FFmpeg's options of its container."""
    if core.container.needs_keys(tags):
        core.use_metadata_keys()
    for key, value in tags.items():
        core.set_metadata(key, value)
    for key, value in settings.items():
        core.set_option(key, value)


def file_offset(
    container: containers.Container, timeline: Timeline | None, zero: int, tracks: Tracks
) -> int:
    """Return by how many microseconds all times of the chunks are moved: nothing that is to be seen
    or heard lies before 0 then, nor what the container cannot hide.
    """
    offset = -zero if timeline is None else timeline.offset
    if container.has_constant_rate:
        return offset  # there each stream begins at 0, whatever its times are
    for track in tracks.sounds.values():
        assert track.sound is not None
        early = -track.heard_from(container)
        offset = max(offset, -(-early * 1_000_000 // track.sound.sample_rate))
    return offset


def start_file(
    core: MuxerCore, container: containers.Container, start: FileStart
) -> tuple[int, list[int]]:
    """Write the header; return the places in the file of the video, -1 if there is none, and of
    the copied streams.
    """
    index, scale = -1, 1
    if start.video is not None:
        index, scale = _add_video(core, container, start.video)
    places = []
    for stream in start.others:
        if isinstance(stream, CopiedStream):
            places.append(core.add_copied_stream(stream))
            scale = _common(scale, stream.sample_rate or 1)
            continue
        assert stream.sound is not None
        stream.index = core.add_sound(stream.sound)
        stream.move(start.offset, container)
        scale = _common(scale, stream.sound.sample_rate)
    if container.is_iso and core.has_option("movie_timescale") and scale > 1:
        while scale < 10000:  # as FFmpeg chooses that of the track
            scale *= 2
        core.set_option("movie_timescale", str(min(scale, _INT32_MAX)))
    core.set_chapters(_moved(start.chapters, start.offset, container))
    core.write_header()
    return index, places


def _common(scale: int, rate: int) -> int:
    """Return a clock on which both can say exactly when they begin, or the finer one."""
    both = scale * rate // math.gcd(scale, rate)
    return both if both <= _INT32_MAX else max(scale, rate)


def _add_video(
    core: MuxerCore, container: containers.Container, track: VideoTrack
) -> tuple[int, int]:
    """Add it; return its index, and the ticks of its clock in a second."""
    video = track.stream
    assert video is not None
    assert track.clock is not None
    time_base, rate = track.clock
    rate = timecode_rate(video, container, rate)
    if "timecode" in video.tags:
        # That of the whole file did not move with the pictures.
        core.drop_metadata("timecode")
        if container.name == "avi":
            core.set_metadata("timecode", video.tags["timecode"])
    index = core.add_video(video, time_base, rate)
    if container.has_constant_rate:
        # FFmpeg's AVI puts the first picture at 0 whatever its time is, and the others where they
        # belong: sound that begins before it must not move it.
        core.set_option("avoid_negative_ts", "disabled")
    if container.is_iso and video.color[:3] != UNSPECIFIED:
        # Old releases write colours only if told to, new ones then write unknown ones too.
        core.set_option("movflags", "+write_colr")
    if container.is_iso and any(name_of(kind) == PROFILE for kind, _ in video.side_data):
        # One of the two has room: the profile says more, and the bitstream says the rest.
        core.set_option("movflags", "+write_colr+prefer_icc")
    if container.is_iso and not track.has_native_times and time_base[1] <= 1000:
        # Left alone, FFmpeg takes a finer one.
        core.set_option("video_track_timescale", str(time_base[1]))
    return index, time_base[1]


def _moved(
    chapters: Sequence[Chapter], offset: int, container: containers.Container
) -> list[Chapter]:
    """Return chapters on the file's clock, which may begin later than that of its chunks."""
    moved = [
        one._replace(start=max(0, one.start + offset), stop=one.stop + offset)
        for one in chapters
        if one.stop + offset >= 0
    ]
    if moved and container.is_iso:
        # They are a track of their own: one at a time, and no longer than that can be.
        starts = [*(one.start for one in moved[1:]), _LONGEST_CHAPTER]
        # Those without a title FFmpeg would leave out of the track, and move the others.
        moved = [
            one._replace(stop=min(one.stop, following), tags={"title": "", **one.tags})
            for one, following in zip(moved, starts, strict=True)
            if one.start < following
        ]
    return moved
