"""What this FFmpeg's DASH demuxer does before it opens a file that a manifest names.

No version tells: distributions and point releases have it otherwise than the release. So it is
tried, once, with a manifest of ours.
"""

from __future__ import annotations

import os
from functools import cache

from ..._ffi import avformat, avutil, ffi
from .. import averror
from .opener import Opener
from .spool import Spool
from .stream import new_context, open_stream

_MANIFEST = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" mediaPresentationDuration="PT1S">'
    '<Period><AdaptationSet contentType="audio">'
    '<Representation id="a" mimeType="audio/wav" bandwidth="1">'
    '<SegmentList duration="1"><SegmentURL media="file:{}"/></SegmentList>'
    "</Representation></AdaptationSet></Period></MPD>"
)
_SOUND = (  # a quarter of a second of silence
    b"RIFF\xc4\x0f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0"
    b"data\xa0\x0f\0\0" + bytes(4000)
)


class _Asked(Opener):
    """Opens nothing, and knows that it was asked."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    def answer(self, *_: object) -> int:
        """Open nothing."""
        self.asked = True
        return averror.EXIT


@cache
def _behaviour() -> tuple[bool, bool]:
    sound, manifest = Spool(in_memory=True), Spool(in_memory=True)
    try:
        sound.fill(memoryview(_SOUND))
        manifest.fill(memoryview(_MANIFEST.format(sound.name).encode()))
        return _try(manifest.name)
    finally:
        sound.close()
        manifest.close()


def _try(name: str) -> tuple[bool, bool]:
    asked, refused = _open(name, b"none")
    # If it fails with every protocol, its failing without any tells nothing.
    return asked, refused and not asked and not _open(name, None)[1]


def _open(name: str, protocols: bytes | None) -> tuple[bool, bool]:
    """Return whether it asked (if there are no protocols), and whether it failed."""
    file, _ = open_stream(os.fsencode(f"file:{name}"))
    options = ffi.gc(ffi.new("AVDictionary **"), avutil.av_dict_free)
    avutil.av_dict_set(options, b"allowed_extensions", b"ALL", 0)
    opener = _Asked()
    box = new_context(file)
    if protocols is not None:
        avutil.av_dict_set(options, b"protocol_whitelist", protocols, 0)
        opener.attach(box[0])
    format = avformat.av_find_input_format(b"dash")
    failed = avformat.avformat_open_input(box, b"", format, options) < 0
    avformat.avformat_close_input(box)  # before the stream that it reads from
    return opener.asked, failed


def asks() -> bool:
    """Return whether it opens files through ``io_open``."""
    return _behaviour()[0]


def heeds_protocols() -> bool:
    """Return whether it heeds ``protocol_whitelist``, or asks."""
    return any(_behaviour())
