"""Say what is in files: container, duration, tags, chapters, all streams, and of the video that is
read codec, size, shape, rate, colours; what nobody says is called guessed or estimated.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import ffwebcodecs

from ._colors import add_color_space
from ._input import add_input, input_arguments, input_name
from ._lines import complain, give, give_json
from ._output import CommandError, explain
from ._values import show_time

HELP = "what is in a file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="file, URL, or - for standard input"
    )
    parser.add_argument(
        "--json", action="store_true", help="write a JSON array with an object for each file"
    )
    add_input(parser)
    add_color_space(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    documents = []
    failed = 0
    for path in options.files:
        try:
            document = _probe(path, input_arguments(options))
        except ffwebcodecs.FFmpegLoadError:
            raise  # the next file would fail as well
        except (ffwebcodecs.WebCodecsError, CommandError, OSError, MemoryError) as error:
            # The other files are still worth looking at.
            document = {"file": path, "error": explain(path, error)}
            complain(document["error"])
            failed += 1
        documents.append(document)
        if not options.json and "error" not in document:
            if len(documents) > 1:
                give("")
            give("\n".join(_lines(document)))
    if options.json:
        give_json(documents)
    elif len(documents) > 1:
        done = len(documents) - failed
        give(f"\n{done} done" + (f", {failed} failed" if failed else ""))
    return 1 if failed else 0


def _probe(path: str, input: dict[str, Any]) -> dict[str, Any]:
    from ..files._listing import Listing

    with Listing(input_name(path), **input) as listing:
        return {
            "file": path,
            "container": listing.format_name,
            "duration_us": listing.duration,
            "duration_is_estimated": listing.estimates_duration,
            **_video(listing),
            "tags": listing.tags,
            "chapters": [
                {
                    "start_us": chapter.start,
                    "stop_us": chapter.stop,
                    "title": chapter.tags.get("title"),
                    "tags": chapter.tags,
                }
                for chapter in listing.chapters
            ],
            "streams": [_stream(each, listing.stream) for each in listing.streams],
        }


# What a file without video has not.
_NO_VIDEO = dict.fromkeys(
    (
        *("stream", "codec", "supported", "width", "height", "display_aspect", "rotation", "flip"),
        "orientation_is_of_picture",
        *("frame_rate", "frame_rate_is_guessed", "frame_count", "color_space", "guessed_colors"),
    )
)


def _video(listing: Any) -> dict[str, Any]:
    """Return what there is to say of the video that is read."""
    if not listing.has_video:
        return dict(_NO_VIDEO)
    config = listing.video_config
    aspect = _aspect(config)
    return {
        "stream": listing.stream,
        "codec": config.codec,
        "supported": ffwebcodecs.VideoDecoder.is_config_supported(config).supported,
        "width": config.coded_width,
        "height": config.coded_height,
        "display_aspect": None if aspect is None else list(aspect),
        **_orientation(listing),
        "frame_rate": listing.frame_rate,
        "frame_rate_is_guessed": listing.guesses_rate,
        "frame_count": listing.frame_count,
        "color_space": _color_space(config.color_space),
        "guessed_colors": list(listing.guessed_colors),
    }


def _orientation(listing: Any) -> dict[str, Any]:
    """Return how pictures are turned: as the container says, else as the first one does."""
    config = listing.video_config
    rotation, flip = listing.first_orientation()
    return {
        "rotation": rotation,
        "flip": flip,
        "orientation_is_of_picture": (rotation, flip) != (int(config.rotation), config.flip),
    }


def _color_space(colors: Any) -> dict[str, Any] | None:
    """Return colours with the names that everything has here: those of Python."""
    if not isinstance(colors, ffwebcodecs.VideoColorSpace):
        return None
    names = ("primaries", "transfer", "matrix", "full_range")
    return {name: getattr(colors, name) for name in names}


def _stream(stream: ffwebcodecs.StreamDescription, chosen: int) -> dict[str, Any]:
    return {
        "index": stream.index,
        "chosen": stream.index == chosen,
        "kind": stream.kind,
        "codec": stream.codec,
        "codec_name": stream.codec_name,
        "language": stream.language,
        "title": stream.title,
        "disposition": sorted(stream.disposition),
        "is_cover": stream.is_cover,
        "width": stream.width,
        "height": stream.height,
        "sample_rate": stream.sample_rate,
        "channels": stream.channels,
        "channel_layout": stream.channel_layout,
        "duration_us": stream.duration,
        "duration_is_estimated": stream.duration_is_estimated,
        "bit_rate": stream.bit_rate,
        "part_of": stream.part_of,
        "side_data": list(stream.side_data),
        "file_name": stream.tags.get("filename"),
        "mime_type": stream.tags.get("mimetype"),
        "tags": stream.tags,
    }


_SHOWN_OTHERWISE = {"language", "title", "filename", "mimetype"}


def _stream_lines(stream: dict[str, Any]) -> list[str]:
    """Return a line of a stream, and one for each of its tags that is not in that."""
    size = f" {stream['width']}x{stream['height']}" if stream["width"] else ""
    if stream["sample_rate"]:
        size += f" {stream['sample_rate']} Hz"
    channels = stream["channels"]
    places = stream["channel_layout"] or (channels and f"{channels} channel{'s' * (channels > 1)}")
    rate = f"{stream['bit_rate'] / 1000:.6g} kbit/s" if stream["bit_rate"] else None
    title = stream["title"] and repr(stream["title"])
    words = [places, stream["language"], title, stream["file_name"], stream["mime_type"], rate]
    words += [*stream["disposition"], *stream["side_data"]]
    if stream["part_of"] is not None:
        words.append(f"part of {stream['part_of']}")
    said = "".join(f", {word}" for word in words if word)
    mark = "*" if stream["chosen"] else " "
    codec = "" if stream["codec"] == "none" else f" {stream['codec']}"
    first = f"  {mark} {stream['index']:<9}{stream['kind']}{codec}{size}{said}"
    rest = {k: v for k, v in stream["tags"].items() if k.lower() not in _SHOWN_OTHERWISE}
    return [first, *_tag_lines(rest, 15)]


def _tag_lines(tags: dict[str, str], indent: int) -> list[str]:
    """Return a line for each tag; a text of several lines is shown as one."""
    return [f"{'':<{indent}}{key}: {' | '.join(text.splitlines())}" for key, text in tags.items()]


def _aspect(config: ffwebcodecs.VideoDecoderConfig) -> tuple[int, int] | None:
    """Return the display aspect ratio, before rotation, in lowest terms."""
    width, height = config.display_aspect_width, config.display_aspect_height
    if width is None or height is None:
        width, height = config.coded_width, config.coded_height
    if not width or not height:
        return None
    divisor = math.gcd(width, height)
    return width // divisor, height // divisor


def _lines(document: dict[str, Any]) -> list[str]:
    duration = document["duration_us"]
    estimated = " (estimated)" if document["duration_is_estimated"] else ""
    rows = {"container": document["container"]}
    if document["stream"] is not None:
        rows.update(_video_rows(document))
    rows["duration"] = "unknown" if duration is None else f"{show_time(duration)}{estimated}"
    lines = [document["file"], *(f"  {name:<11}{value}" for name, value in rows.items())]
    if document["tags"]:
        lines += ["  tags", *_tag_lines(document["tags"], 4)]
    if document["chapters"]:
        lines.append("  chapters")
    for chapter in document["chapters"]:
        times = f"{show_time(chapter['start_us'])} to {show_time(chapter['stop_us'])}"
        rest = {key: text for key, text in chapter["tags"].items() if key != "title"}
        lines.append(f"    {times} {chapter['title'] or ''}".rstrip())
        lines += _tag_lines(rest, 15)
    lines.append("  streams")
    for stream in document["streams"]:
        lines += _stream_lines(stream)
    return lines


def _video_rows(document: dict[str, Any]) -> dict[str, str]:
    """Return what there is to say of the video that is read, in words."""
    width, height = document["width"], document["height"]
    aspect, rate = document["display_aspect"], document["frame_rate"]
    count = document["frame_count"]
    orientation = [f"{document['rotation']} degrees clockwise"] if document["rotation"] else []
    orientation += ["flipped"] if document["flip"] else []
    said = " (the picture says so)" if document["orientation_is_of_picture"] else ""
    guessed = " (guessed)" if document["frame_rate_is_guessed"] else ""
    return {
        "codec": document["codec"] + ("" if document["supported"] else " (no decoder here)"),
        "size": f"{width}x{height}" if width else "unknown",
        "aspect": f"{aspect[0]}:{aspect[1]}" if aspect else "unknown",
        "rotation": (", then ".join(orientation) or "none") + said,
        "rate": "unknown" if rate is None else f"{rate:.6g} frames/s{guessed}",
        "frames": "unknown" if count is None else str(count),
        "colours": _colors(document["color_space"], document["guessed_colors"]),
    }


def _colors(colors: dict[str, Any] | None, guessed: list[str]) -> str:
    if colors is None:
        return "not stated"
    full = {None: None, True: "full range", False: "limited range"}[colors["full_range"]]
    parts = {
        name: f"{name} {colors[name]}" if colors[name] else None
        for name in ("primaries", "transfer", "matrix")
    }
    parts["full_range"] = full
    return (
        ", ".join(
            f"{text} (guessed)" if name in guessed else text
            for name, text in parts.items()
            if text is not None
        )
        or "not stated"
    )
