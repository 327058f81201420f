"""What whole-file conversions share: what of a file goes along."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._av.files import containers
from .._av.files.demux import DemuxerCore
from .._av.files.opening import Opening
from .._av.files.stream_info import NO_VIDEO
from .._av.files.streams import CopiedStream
from .._spec.numbers import show
from .._spec.texts import buffer_of, is_path, to_path
from ..errors import InvalidArgumentError
from ._labels import is_of_stream
from ._losses import BEGINS_LATE, PROBE_MORE, Losses
from ._orientation import tell_rotation
from ._original import original_of
from ._subtitles import converted, wanted
from ._told_sound import tell_copied_apart
from .muxer import Muxer

if TYPE_CHECKING:
    from ._kept_sound import KeptSound

# All tags of the output, or a function that makes them of the input's.
Metadata = Mapping[str, str] | Callable[[dict[str, str]], Mapping[str, str]] | None

_ABOUT_FILE = {
    *("major_brand", "minor_version", "compatible_brands", "encoder", "software"),
    # What FLV and ASF say of themselves.
    *("hasvideo", "hasaudio", "hasmetadata", "haskeyframes", "hascuepoints", "canseektoend"),
    *("datasize", "videosize", "audiosize", "lasttimestamp", "lastkeyframetimestamp", "stereo"),
    *("lastkeyframelocation", "metadatacreator", "metadatadate", "audiodelay", "starttime"),
    *("wmfsdkversion", "wmfsdkneeded", "isvbr", "deviceconformancetemplate"),
}


def refuse_same_file(input: Any, output: Any) -> None:
    """Raise InvalidArgumentError if both are the same file: it would be gone before it is read."""
    if is_path(input) and is_path(output):
        source, target = to_path(input), to_path(output)
        try:
            # Both ends of a socket may be one device; only a file is gone before it is read.
            same = os.path.isfile(source) and os.path.samefile(source, target)
        except OSError:
            return
        if same:
            raise InvalidArgumentError(f"input and output are the same file: {target!r}")


def begin_labels(muxer: Muxer, demuxer: DemuxerCore, tags: Collection[str], losses: Losses) -> None:
    """Let a muxer label what it gets as the input does, and tell which of the `tags` of the whole
    file it cannot hold.
    """
    muxer._losses = losses
    muxer._original = original_of(demuxer)
    container = muxer._container
    lost = [key for key in tags if not container.holds_tag(key)]
    if lost and not container.needs_keys(tags):
        listed = f"the tag{'s' * (len(lost) > 1)} {', '.join(lost)}"
        losses.add(
            listed,
            f"{container.name} cannot hold {'them' if len(lost) > 1 else 'it'}",
            f"{container.name} cannot hold {listed} of {demuxer.shown} (.mkv holds all tags)",
        )


def copy_streams(
    demuxer: DemuxerCore,
    muxer: Muxer,
    losses: Losses,
    subtitles: bool = True,
    video: str | None = None,
    sound: KeptSound | None = None,
    *,
    is_part: bool = False,
) -> tuple[list[str], list[str], dict[int, int]]:
    """Add the streams that are copied to a muxer, those that are subtitles only with `subtitles`,
    and those that `sound` encodes; return the copied ones, the ones left out, and the number in the
    output of each. `video` is FFmpeg's name of the video's codec there, as far as that is known;
    with `is_part` the output begins somewhere else.
    """
    if demuxer.info.loop is not None:  # an animation is played as often as the input
        muxer._open_core().set_loop_count(demuxer.info.loop)
    copied: list[str] = []
    dropped = demuxer.left_out()  # with audio=False
    numbers: dict[int, int] = {}
    refused, has_chapters = muxer._refused, bool(demuxer.chapters)
    has_video = demuxer.info.index != NO_VIDEO
    has_timecode = has_video and "timecode" in dict(demuxer.info.parameters.tags)
    muxer._wanted = [
        wanted(each, muxer)
        for each in demuxer.others
        if each.is_known and not each.names_chapters and (subtitles or each.kind != "subtitle")
    ]
    for stream in demuxer.others:
        if has_chapters and stream.names_chapters:
            continue  # the chapters are copied, and make it again
        if stream.is_timecode and has_timecode:
            continue  # a label of the video, which makes it again
        if stream.kind == "subtitle" and not subtitles:
            continue  # asked for, as sound that audio=False leaves out
        name = f"{stream.kind} {stream.codec}"
        if sound is not None and stream.kind == "audio":
            if not sound.takes(stream):
                dropped.append(name)
                continue
            if sound.encodes(stream, muxer) and sound.add(stream, muxer):
                continue
            if sound.cuts(stream, muxer):
                copied.append(name)
                continue
        kept: CopiedStream | None = stream
        if stream.is_known and not muxer._can_hold(stream):
            kept = converted(stream, muxer)
            name += "" if kept is None else f" as {kept.codec}"
        if stream.is_known and kept is not None:
            number = numbers[stream.index] = muxer._add_copied_stream(kept)
            container, whose = muxer._container, f" of stream {stream.index}"
            tell_rotation(stream.display_matrix, container, losses, whose)
            if refused is not None:
                refused.names[number] = name
            if not is_part:
                tell_copied_apart(stream, demuxer, container, losses, muxer._shown)
            copied.append(name)
            continue
        dropped.append(name)
        if stream.is_known:
            why = f"{muxer.format_name} cannot hold it"
            said = f"{muxer.format_name} cannot hold the {name} stream of {demuxer.shown}"
            if sound is not None and stream.index in sound.reasons:
                said += f", nor can it be encoded ({sound.reasons[stream.index]})"
            without = "subtitles" if stream.kind == "subtitle" else "audio"
            if stream.kind == "audio" and sound is None:
                said += ", and remux encodes nothing, as transcode does"
            hint = f"{_way_out(muxer, video)}{without}=False leaves it out without a word"
        else:
            why = f"it {BEGINS_LATE}"
            said = f"the {name} stream of {demuxer.shown} {BEGINS_LATE}"
            hint = f"input_{PROBE_MORE}"
        losses.add(name, why, f"{said}: it is left out ({hint})")
    return copied, dropped, numbers


def _way_out(muxer: Muxer, video: str | None) -> str:
    """Return which other containers hold all that is asked for."""
    wanted = list(muxer._wanted)
    if video is not None:
        wanted.append(containers.Wanted("video", containers.codec_id(video), video))
    suffixes = containers.suffixes_for(wanted)
    return f"{containers.any_of(suffixes)} would hold it; " if suffixes else ""


def open_whole(opening: Opening, input: Any, output: Any, format: str | None) -> None:
    """Let an animated WebP that is copied to WebP be read in one piece, for FFmpeg writes no other;
    from 9.0 on it would be taken apart.
    """
    suffix = os.path.splitext(to_path(output))[1] if is_path(output) else ""
    wanted: object = suffix if format is None else format
    if not isinstance(wanted, str):
        return  # `Muxer` says what is wrong
    if opening.format is not None or wanted.lower() not in ("webp", ".webp"):
        return
    head = b""
    if not is_path(input):
        head = bytes((buffer_of(input) or b"")[:12])
    elif os.path.isfile(to_path(input)):
        with suppress(OSError), open(to_path(input), "rb") as file:  # opening it says what is wrong
            head = file.read(12)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        opening.format = "webp_pipe"


def late_streams(demuxer: DemuxerCore, losses: Losses, subtitles: bool = True) -> list[str]:
    """Return the streams that turned up when the output's were settled; they are lost."""
    late = demuxer.late_streams() if demuxer.copies else []
    if not subtitles:
        late = [name for name in late if not name.startswith("subtitle ")]
    for name in late:
        losses.add(
            name,
            "it begins late",
            f"the {name} stream of {demuxer.shown} begins late: it is left out "
            f"(input_{PROBE_MORE})",
        )
    return late


def copy_chapters(
    demuxer: DemuxerCore,
    muxer: Muxer,
    losses: Losses,
    start: int | None = None,
    stop: int | None = None,
    *,
    keeps_clock: bool = False,
) -> None:
    """Give the input's chapters between two times of its clock to a muxer, or note their loss.

    They are counted from `start` as frames are, or with `keeps_clock` on the input's clock as
    chunks are.
    """
    first = start or 0
    less = 0 if keeps_clock else first
    chapters = [
        one._replace(
            start=max(one.start, first) - less,
            stop=(one.stop if stop is None else min(one.stop, stop)) - less,
        )
        for one in demuxer.chapters
        if (one.stop > first or one.start >= first) and (stop is None or one.start < stop)
    ]
    if chapters and not muxer._set_chapters(chapters):
        losses.add(
            f"{len(chapters)} chapters",
            f"{muxer.format_name} cannot hold them",
            f"{muxer.format_name} cannot hold the {len(chapters)} chapters of {demuxer.shown}: "
            "they are left out (.mkv, .webm, .mp4 and .mov hold them)",
        )


def take_tags(demuxer: DemuxerCore) -> dict[str, str]:
    """Return the tags of the whole input; those of a song in Ogg are taken from its only stream,
    where that container has them.
    """
    tags = demuxer.tags
    songs = [stream for stream in demuxer.others if not stream.is_cover]
    alone = len(songs) == 1 and songs[0].kind == "audio" and demuxer.info.index == NO_VIDEO
    if alone and demuxer.info.format_name == "ogg":
        own = songs[0].metadata
        songs[0].metadata = {key: own[key] for key in own if is_of_stream(key)}
        tags |= {key: own[key] for key in own if key not in songs[0].metadata}
    return tags


def content_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that belong to the content, not to the file that it came in."""
    kept = {}
    values = {key.lower(): value for key, value in tags.items()}
    for key, value in tags.items():
        # MP4's are there once more with their language: title-eng.
        name = key.lower()
        base = name[:-4] if name[-4:-3] == "-" else name
        is_again = base != name and values.get(base) == value
        if base not in _ABOUT_FILE and not is_again:
            kept[key] = value
    if "creation_time" in kept:
        # FFmpeg joins what two places say, and understands no such list.
        kept["creation_time"] = kept["creation_time"].partition(";")[0]
    return kept


def output_tags(tags: Mapping[str, str], metadata: Metadata) -> Mapping[str, str]:
    """Return the tags of the output, given those of the input and what the caller says of them.

    Raises
    ------
    InvalidArgumentError
        `metadata` is a function, and returned something else than a mapping.
    """
    if metadata is None:
        return content_tags(tags)
    if not callable(metadata):
        return metadata
    chosen = metadata(content_tags(tags))
    if not isinstance(chosen, Mapping):
        raise InvalidArgumentError(
            f"the function given as metadata must return a mapping of str to str, "
            f"got {show(chosen)}"
        )
    return chosen
