"""What a notebook shows of a conversion: a player of what was written, and what it lacks.

All texts that come from files, names too, are escaped: a notebook runs what is in its HTML.
"""

from __future__ import annotations

import base64
import os
from html import escape
from typing import Any
from urllib.parse import quote

EMBEDDED = 4 << 20  # bytes; larger files are linked: a notebook keeps what it shows
_WIDEST = 640
_FILMS = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".ogv": "video/ogg",
}
_SOUNDS = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".mka": "audio/x-matroska",
}
_PICTURES = {
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".apng": "image/apng",
    ".png": "image/png",
}


def player(result: Any) -> str:
    """Return the HTML of a TranscodeResult."""
    parts = [f"<div>{_film(result)}<div>{escape(_summary(result))}</div>"]
    lacks = _lacks(result)
    if lacks:
        parts.append("".join(["<ul>", *(f"<li>{escape(each)}</li>" for each in lacks), "</ul>"]))
    return "".join([*parts, "</div>"])


def _film(result: Any) -> str:
    """Return the element that plays the file; nothing if it is gone, or no browser plays it."""
    try:
        return _element(result)
    except OSError:
        return ""


def _element(result: Any) -> str:
    path = result.output
    if path is None or not os.path.isfile(path):
        return ""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in _PICTURES:
        return f'<img src="{_address(path, _PICTURES[suffix])}" style="max-width:{_WIDEST}px">'
    is_heard = not result.frames_written
    mime = _SOUNDS.get(suffix)
    if mime is None and suffix in _FILMS:
        mime = _FILMS[suffix].replace("video", "audio" if is_heard else "video")
    if mime is None:
        return ""
    kind = "audio" if mime.startswith("audio") else "video"
    style = "" if kind == "audio" else f' style="max-width:{_WIDEST}px"'
    return f'<{kind} controls preload="metadata" src="{_address(path, mime)}"{style}></{kind}>'


def _address(path: str, mime: str) -> str:
    """Return the file itself as a URL, or where it lies, seen from the notebook's folder."""
    if os.path.getsize(path) <= EMBEDDED:
        with open(path, "rb") as file:
            return f"data:{mime};base64,{base64.b64encode(file.read()).decode()}"
    try:
        path = os.path.relpath(path)
    except ValueError:  # on another of Windows' drives
        path = os.path.abspath(path)
    # In front of a colon it would be a scheme.
    return "./" + quote(path.replace(os.sep, "/"), errors="surrogateescape")


def _summary(result: Any) -> str:
    name = "" if result.output is None else f"{_shown(os.path.basename(result.output))}: "
    count = result.frames_written
    made = [f"{count} frame{'s' * (count != 1)}"] if count else []
    if result.codec is not None:
        made[-1:] = [f"{made[-1] if made else ''} {result.codec}".strip()]
    if result.encoder is not None:
        made.append(f"by {result.encoder}")
    made += [*result.encoded_streams, *result.copied_streams]
    return f"{name}{', '.join(made)} in {result.seconds:.1f} s"


def _lacks(result: Any) -> list[str]:
    said = [_shown(each) for each in result.lost]
    if result.shortfall is not None:
        said.append(_shown(result.shortfall))
    for count, what in (
        (result.skipped_chunks, "chunks gave no frame because of damage"),
        (result.concealed_frames, "frames are not what was encoded"),
        (result.dropped_packets, "damaged packets of copied streams are left out"),
    ):
        if count:
            said.append(f"{count} {what}")
    return said


def _shown(text: str) -> str:
    """Return a text that can be encoded, whatever bytes a file's name has."""
    return text.encode("utf-8", "replace").decode()
