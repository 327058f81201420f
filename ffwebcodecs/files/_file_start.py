"""The beginning of an output: its streams, chapters and header, when the first chunks are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .._av.files import containers
from .._av.files.chapters import Chapter
from .._av.files.mux import MuxerCore
from .._av.files.side_data import PROFILE, name_of
from .._av.files.streams import CopiedStream
from .._av.files.video_stream import VideoStream
from .._spec.files.timeline import Timeline
from .._spec.frames.color import UNSPECIFIED
from ._labels import timecode_rate
from ._mux_setup import clock

_INT32_MAX = 2**31 - 1
_LONGEST_CHAPTER = _INT32_MAX * 1000  # microseconds; MP4 counts milliseconds


class FileStart(NamedTuple):
    """What an output begins with.

    Attributes
    ----------
    video : VideoStream or None
        None: there is none.
    native_times : bool
        Whether the chunks are straight from a file, whose clock is the output's then.
    copied : sequence of CopiedStream
    chapters : sequence of Chapter
        On the clock of the chunks.
    """

    video: VideoStream | None
    native_times: bool
    copied: Sequence[CopiedStream]
    chapters: Sequence[Chapter]


def set_up(core: MuxerCore, path: str | None, *, faststart: bool, fragmented: bool) -> None:
    """Choose how a container is written."""
    container = core.container
    if container.is_iso:
        # With delay_moov the first fragment is looked at before the index is written, so
        # that there is an edit list.
        flags = "+frag_keyframe+delay_moov+default_base_moof" if fragmented else ""
        flags += "+faststart" if faststart and not fragmented else ""
        if flags:
            core.set_option("movflags", flags)
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


def start_file(
    core: MuxerCore, container: containers.Container, start: FileStart, timeline: Timeline
) -> int:
    """Write the header; return the video's index in the file, -1 if there is none."""
    index = -1
    if start.video is not None:
        index = _add_video(core, container, start.video, start.native_times, timeline)
    for stream in start.copied:
        core.add_copied_stream(stream)
    core.set_chapters(_moved(start.chapters, timeline.offset, container))
    core.write_header()
    return index


def _add_video(
    core: MuxerCore,
    container: containers.Container,
    video: VideoStream,
    native_times: bool,
    timeline: Timeline,
) -> int:
    native = video.native if native_times else None
    time_base, rate = clock(container, native, timeline)
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
    if container.is_iso and core.has_option("movie_timescale"):
        scale = time_base[1]
        while scale < 10000:  # as FFmpeg chooses that of the track
            scale *= 2
        core.set_option("movie_timescale", str(min(scale, _INT32_MAX)))
    if container.is_iso and native is None and time_base[1] <= 1000:
        # Left alone, FFmpeg takes a finer one.
        core.set_option("video_track_timescale", str(time_base[1]))
    return index


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
