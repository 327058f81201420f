"""Say what is in files: their streams, and of the video codec, size, shape, duration, colours."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

import ffwebcodecs

from ._input import add_input, input_arguments, input_name
from ._lines import complain, give
from ._output import explain
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


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    documents = []
    status = 0
    for path in options.files:
        try:
            document = _probe(path, input_arguments(options))
        except ffwebcodecs.FFmpegLoadError:
            raise  # the next file would fail as well
        except (ffwebcodecs.WebCodecsError, OSError) as error:
            # The other files are still worth looking at.
            complain(explain(path, error))
            status = 1
            continue
        documents.append(document)
        if not options.json:
            if len(documents) > 1:
                give("")
            give("\n".join(_lines(document)))
    if options.json:
        give(json.dumps(documents, indent=2))
    elif len(options.files) > 1:
        failed = len(options.files) - len(documents)
        give(f"\n{len(documents)} done" + (f", {failed} failed" if failed else ""))
    return status


def _probe(path: str, input: dict[str, Any]) -> dict[str, Any]:
    with ffwebcodecs.Demuxer(input_name(path), **input) as demuxer:
        config = demuxer.video_config
        colors = config.color_space
        if isinstance(colors, ffwebcodecs.VideoColorSpace):
            colors = colors.to_json()
        aspect = _aspect(config)
        return {
            "file": path,
            "container": demuxer.format_name,
            "codec": config.codec,
            "supported": ffwebcodecs.VideoDecoder.is_config_supported(config).supported,
            "width": config.coded_width,
            "height": config.coded_height,
            "display_aspect": None if aspect is None else list(aspect),
            "rotation": int(config.rotation),
            "flip": config.flip,
            "duration_us": demuxer.duration,
            "frame_rate": demuxer.frame_rate,
            "frame_count": demuxer.frame_count,
            "color_space": colors,
            "stream": demuxer.stream,
            "streams": [_stream(each, demuxer.stream) for each in demuxer.streams],
        }


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
        "duration_us": stream.duration,
        "bit_rate": stream.bit_rate,
        "part_of": stream.part_of,
        "side_data": list(stream.side_data),
    }


def _stream_line(stream: dict[str, Any]) -> str:
    size = f" {stream['width']}x{stream['height']}" if stream["width"] else ""
    rate = f"{stream['bit_rate'] / 1000:.6g} kbit/s" if stream["bit_rate"] else None
    title = stream["title"] and repr(stream["title"])
    words = [stream["language"], title, rate, *stream["disposition"], *stream["side_data"]]
    if stream["part_of"] is not None:
        words.append(f"part of {stream['part_of']}")
    said = "".join(f", {word}" for word in words if word)
    mark = "*" if stream["chosen"] else " "
    return f"  {mark} {stream['index']:<9}{stream['kind']} {stream['codec']}{size}{said}"


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
    width, height = document["width"], document["height"]
    aspect = document["display_aspect"]
    duration, rate = document["duration_us"], document["frame_rate"]
    count, colors = document["frame_count"], document["color_space"]
    orientation = [f"{document['rotation']} degrees clockwise"] if document["rotation"] else []
    orientation += ["flipped"] if document["flip"] else []
    rows = {
        "container": document["container"],
        "codec": document["codec"] + ("" if document["supported"] else " (no decoder here)"),
        "size": f"{width}x{height}" if width else "unknown",
        "aspect": f"{aspect[0]}:{aspect[1]}" if aspect else "unknown",
        "rotation": ", then ".join(orientation) or "none",
        "duration": "unknown" if duration is None else show_time(duration),
        "rate": "unknown" if rate is None else f"{rate:.6g} frames/s",
        "frames": "unknown" if count is None else str(count),
        "colours": _colors(colors),
    }
    lines = [document["file"], *(f"  {name:<11}{value}" for name, value in rows.items())]
    return [*lines, "  streams", *map(_stream_line, document["streams"])]


def _colors(colors: dict[str, Any] | None) -> str:
    if colors is None:
        return "not stated"
    parts = [
        f"{name} {colors[name]}" for name in ("primaries", "transfer", "matrix") if colors[name]
    ]
    full = colors["fullRange"]
    if full is not None:
        parts.append("full range" if full else "limited range")
    return ", ".join(parts) or "not stated"
