"""Subtitles of text: which are written as which, and what is lost on the way.

FFmpeg's decoders of such subtitles all give events of ASS, and its encoders take those. What it
has no word for in the other format it leaves out.
"""

from __future__ import annotations

import re

# Formats of text that FFmpeg reads, whose packets each hold what is shown from their time on.
READ = frozenset(
    {
        *("ass", "ssa", "subrip", "srt", "webvtt", "mov_text", "text"),
        *("microdvd", "mpl2", "sami", "realtext", "subviewer", "subviewer1", "stl", "vplayer"),
        *("pjs", "jacosub"),
    }
)
# Of those, the ones whose fonts `without_fonts` knows, and those without any.
WITHOUT_FONTS = frozenset(("ass", "ssa", "subrip", "srt", "webvtt", "text"))
# What is tried for a container that cannot hold a stream, what holds most first.
WRITTEN = "ass", "mov_text", "webvtt", "subrip"

_BLOCK = re.compile(rb"\{([^}]*)\}")
_OVERRIDE = re.compile(rb"\\([1-4]?[A-Za-z]+)")
_HELD = {
    "mov_text": re.compile(rb"[biu]|r.*|[1-4]?c|[1-4]a|alpha|fn.*|fs|[Nnh]"),
    "webvtt": re.compile(rb"[biu]|r.*|[Nnh]"),
    "subrip": re.compile(rb"[bius]|r.*|1?c|fn.*|fs|an?|[Nnh]"),
}
# What of WebVTT's text is none: the tags that FFmpeg's encoder writes, and what is escaped already.
_MARKED = re.compile(rb"(</?[biu]>|&(?:\w+|#\w+);)|([&<>])")
_ENTITIES = {b"&": b"&amp;", b"<": b"&lt;", b">": b"&gt;"}
_FONT = re.compile(rb"<font\b", re.IGNORECASE)
_TAG = re.compile(rb"<[^<>]*>")
_FACE = re.compile(rb"face", re.IGNORECASE)
_FONT_NAME = re.compile(rb"\\fn[^\\}]*")
_CUE = re.compile(rb"<(?:[vc][ .]|ruby|lang)")


def lacks(codec: str, data: bytes, target: str) -> bool:
    """Return whether `target` cannot say all of a packet's styles and positions.

    Parameters
    ----------
    codec : str
        FFmpeg's name of what the packet holds.
    data : bytes
    target : str
        FFmpeg's name of what is made of it.
    """
    if codec == "webvtt":
        return _CUE.search(data) is not None
    held = _HELD.get(target)
    if held is None or codec not in ("ass", "ssa", "subrip", "srt"):
        return False
    if target == "webvtt" and codec in ("subrip", "srt") and _FONT.search(data):
        return True
    return any(
        not held.fullmatch(tag)
        for block in _BLOCK.findall(data)
        for tag in _OVERRIDE.findall(block)
    )


def escaped(data: bytes) -> bytes:
    """Return the text of a cue of WebVTT with what FFmpeg's encoder forgets: a ``<`` that begins no
    tag hides what follows it, and ``-->`` ends the cue.
    """
    return _MARKED.sub(lambda found: found[1] or _ENTITIES[found[2]], data)


def without_fonts(data: bytes) -> bytes:
    """Return text of SubRip or ASS that names no fonts."""
    plain = _FONT_NAME.sub(b"", data)
    return _TAG.sub(lambda found: _FACE.sub(b"", found[0]), plain)
