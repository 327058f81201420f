"""AVIOContext for reading: a stream of bytes opened, and looked at without being consumed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..._ffi import avformat, avutil, ffi
from ...errors import NotSupportedError
from .. import atomic
from .opening import DEFAULT, Opening

if TYPE_CHECKING:
    from ..._ffi._types import (
        AVDictionary,
        AVFormatContext,
        AVInputFormat,
        AVIOContext,
        Pointer,
    )

SHORTEST = 2048  # bytes: FFmpeg probes no fewer
LONGEST = 8 << 20
"""Bytes of the longest playlist that is read."""


def open_stream(
    url: bytes, options: Pointer[AVDictionary] | None = None
) -> tuple[Pointer[AVIOContext], int]:
    """Open a URL; return the owner that closes it, and FFmpeg's code."""
    file: Pointer[AVIOContext] = ffi.gc(ffi.new("AVIOContext **"), avformat.avio_closep)
    none = ffi.NULL
    code = avformat.avio_open2(file, url, avformat.AVIO_FLAG_READ, none, options or none)
    return file, code


def new_context(file: Pointer[AVIOContext] | None = None) -> Pointer[AVFormatContext]:
    """Return the owner of a new context, which will read from this stream and leave it open."""
    box: Pointer[AVFormatContext] = atomic.boxed(
        "cannot open",
        "AVFormatContext **",
        avformat.avformat_close_input,
        avformat.avformat_alloc_context,
    )
    if file is not None:
        # First the flag, without which closing the context closes the stream as well.
        box[0].flags |= avformat.AVFMT_FLAG_CUSTOM_IO
        box[0].pb = file[0]
    return box


def probe(
    pb: AVIOContext, url: bytes, opening: Opening = DEFAULT
) -> tuple[AVInputFormat | None, int]:
    """Return the format of a stream, None if FFmpeg knows none that it could be, and its code.

    It stays to be read from its beginning, also if it cannot seek.

    Parameters
    ----------
    pb : AVIOContext *
    url : bytes
        Its name, for formats that are known by it.
    opening : Opening
    """
    found = ffi.new("AVInputFormat **")
    text = opening.options.get("formatprobesize", "")
    most = int(text) if text.isdecimal() else 0
    code = avformat.av_probe_input_buffer2(pb, found, url, ffi.NULL, 0, most)
    return found[0] if code >= 0 else None, code


def location(pb: AVIOContext) -> str | None:
    """Return where redirections led, if FFmpeg can tell."""
    box = ffi.new("uint8_t **")
    if avutil.av_opt_get(pb, b"location", avutil.AV_OPT_SEARCH_CHILDREN, box) < 0 or not box[0]:
        return None
    try:
        return os.fsdecode(ffi.string(ffi.cast("char *", box[0])))
    finally:
        avutil.av_freep(box)


def format_of_name(url: bytes) -> AVInputFormat | Any:
    """Return the format that opens a name by itself, NULL if it is that of a stream of bytes."""
    name = ffi.new("char[]", url)
    data = ffi.new("void *[4]", [name])  # AVProbeData: its name, no bytes, no MIME type
    return avformat.av_probe_input_format2(data, 0, ffi.new("int *", 25))


def peek(pb: AVIOContext, size: int) -> bytes:
    """Return the first `size` bytes (a power of two, 2048 at least), fewer if it ends before.

    They stay to be read: probing reads up to its offset and puts everything back, for streams that
    cannot seek too.
    """
    nothing = ffi.new("AVInputFormat **")
    avformat.av_probe_input_buffer2(pb, nothing, b"", ffi.NULL, size - 1, size)
    return bytes(ffi.buffer(pb.buf_ptr, max(0, pb.buf_end - pb.buf_ptr)))


def read_text(pb: AVIOContext) -> bytes:
    """Return all of a playlist, which stays to be read; raises NotSupportedError if it is long."""
    text = peek(pb, LONGEST)
    if len(text) >= LONGEST:
        raise NotSupportedError(f"a playlist may have {LONGEST} bytes, and it has more")
    return text
