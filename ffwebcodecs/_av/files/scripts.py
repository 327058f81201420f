"""Formats whose content names other files, or is a program: never what a video may be.

By FFmpeg's names, of all releases from 4.3 to 9.0. docs/security.md says for each what it opens.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ..._ffi import avformat, ffi

if TYPE_CHECKING:
    from ..._ffi._types import AVInputFormat

HLS, DASH, CONCAT = "hls", "dash", "concat"
PLAYLISTS = frozenset((HLS, DASH, CONCAT))
"""What can be kept within a folder, and is read if the program allows it."""
_SESSIONS = {"sdp", "sap", "rtp", "rtsp", "rdt", "satip"}  # name hosts and ports
_PROGRAMS = {"avisynth", "vapoursynth", "lavfi"}
_OTHERS = {"imf", "vobsub", "dvdvideo", "webm_dash_manifest"}
SCRIPTS = PLAYLISTS | _SESSIONS | _PROGRAMS | _OTHERS
# Text that becomes a picture: a playlist would show what a file beside it says.
_TEXT_ART = {"tty", "bin", "xbin", "adf", "idf"}
_IN_PARTS = {"mlv"}  # opens its other parts by their names
IMAGES = "image2"


def names(format: AVInputFormat) -> str:
    """Return FFmpeg's names of a format, with commas between them."""
    name: str = ffi.string(format.name).decode()
    return name


def script(format: AVInputFormat) -> str | None:
    """Return under which name a format is one of `SCRIPTS`, if it is."""
    return next((name for name in names(format).split(",") if name in SCRIPTS), None)


def opens_by_name(format: AVInputFormat) -> bool:
    """Return whether a format opens the name itself, so that it cannot be given bytes."""
    return bool(format.flags & avformat.AVFMT_NOFILE)


@cache
def content() -> str:
    """Return the formats that what a playlist names may have, as a list for FFmpeg."""
    found, cursor = [], ffi.new("void **")
    while format := avformat.av_demuxer_iterate(cursor):
        given = names(format).split(",")
        if not opens_by_name(format) and not (SCRIPTS | _TEXT_ART | _IN_PARTS).intersection(given):
            found += given
    return ",".join(found)
