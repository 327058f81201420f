"""What a file may make libavformat spend, before it has said what is in it.

`avformat_find_stream_info` opens decoders of its own and decodes with them. Each takes the options
of its stream, if the stream is known when the probing begins; of streams that turn up later nothing
can be said. So where a format has no header, its packets are looked through first, as far as
the probing would go, and read again; where that is not possible no decoder is allowed, and the
parameters are what headers and parsers say.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..._ffi import avcodec, avformat, avutil, ffi
from ..._spec.codecs.picture_limit import HEAD, excess, size_of
from ..._spec.files import claims
from ..._spec.files.limits import Claims
from ...errors import EncodingError, NotSupportedError
from .. import averror, forked
from ..codecs import packet
from ..codecs.picture_guard import PADDING

if TYPE_CHECKING:
    from ..._ffi._types import (
        AVDictionary,
        AVFormatContext,
        AVPacket,
        Pointer,
    )
    from .connection import Connection
    from .opening import Opening
    from .source import InputFile

_T = TypeVar("_T")
# Formats without a header that can be read twice, from the same place.
_TWICE = {"flv", "live_flv", "kux", "mpeg", "mpegts"}
# Their streams are known before probing: their header is a playlist, whose program asked for it.
_KNOWN = {"hls", "dash", "rtsp", "sdp", "sap", "mpegts", "image2", "image2pipe"}
_NO_DECODER = b"none"
_PEEK = 64  # packets
_MOST_HEADER = 1 << 28
_WINDOW = 1 << 12
_LAST_OFFSET = (1 << 63) - 1
_LONGEST_SIDE = (1 << 31) - 1
_WHITELIST = "codec_whitelist"
_PATIENCE = "analyzeduration"
# Nobody sees the pictures of the probing, which asks only what is in their headers: these codecs
# need not finish them for that.
_UNFINISHED = (avcodec.AV_CODEC_ID_H264, avcodec.AV_CODEC_ID_HEVC)
_UNSEEN = ((b"skip_loop_filter", b"all"), (b"skip_idct", b"all"))


def before_open(
    options: Pointer[AVDictionary],
    opening: Opening,
    source: InputFile,
    read_at: Callable[[int, int], bytes] | None,
) -> None:
    """Count what a file claims, and allow no decoder to formats that open others inside (concat,
    HLS, DASH): they know of no limit. `read_at` reads what is open already.

    Raises
    ------
    NotSupportedError
        It claims too much.
    """
    _check_claims(source, opening, read_at)
    if opening.max_pixels is not None and _WHITELIST not in opening.options:
        code = avutil.av_dict_set(options, _WHITELIST.encode(), _NO_DECODER, 0)
        averror.check(code, "cannot limit what is opened inside")


def _check_claims(
    source: InputFile, opening: Opening, read_at: Callable[[int, int], bytes] | None
) -> None:
    try:
        look(source, read_at, lambda read: claims.check(Claims(opening.limits), read))
    except NotSupportedError as error:
        raise NotSupportedError(f"{source.shown} is not read: {error}") from None


def look(
    source: InputFile,
    read_at: Callable[[int, int], bytes] | None,
    use: Callable[[Callable[[int, int], bytes]], _T],
) -> _T | None:
    """Return ``use(read)``, where ``read(offset, size)`` reads a regular file without moving; None
    for all other files. `read_at` reads what is open already.
    """
    if read_at is not None:
        return use(read_at)
    if source.reader is not None:
        return None
    try:
        path = source.path
        # What is no regular file might wait, or be read only once.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb", buffering=0) as file:
            return use(_reader(file.fileno()))
    except OSError:
        return None  # FFmpeg says what is wrong with it


def _reader(descriptor: int) -> Callable[[int, int], bytes]:
    """Return what reads an open file at any place; little things that are near each other at
    once.
    """
    window, begin = b"", 0

    def read(offset: int, size: int) -> bytes:
        nonlocal window, begin
        if offset > _LAST_OFFSET:
            return b""
        size = max(0, min(size, _MOST_HEADER))
        at = offset - begin
        if at >= 0 and at + size <= len(window):
            return window[at : at + size]
        if size > _WINDOW:
            return os.pread(descriptor, size, offset)
        window, begin = os.pread(descriptor, _WINDOW, offset), offset
        return window[:size]

    return read


def find_stream_info(connection: Connection, opening: Opening) -> int:
    """Find out what the streams are, with the limit of pixels for each; return FFmpeg's code."""
    most = opening.max_pixels
    if most is None:
        with forked.opening:  # it opens decoders
            return connection.call(avformat.avformat_find_stream_info, ffi.NULL)
    context = connection.context
    allowed = opening.options.get(_WHITELIST)
    if _may_decode(connection):
        _allow(context, None if allowed is None else allowed.encode())
    elif (
        ffi.string(context.iformat.name) == b"flv"
        and _PATIENCE not in opening.options
        and not opening.live
    ):
        # It would wait for 90 seconds of what only a decoder tells.
        avutil.av_opt_set_int(context, _PATIENCE.encode(), 5_000_000, 0)
    options = _options(context, most)
    with forked.opening:
        code = connection.call(avformat.avformat_find_stream_info, options[0])
    if allowed is None:
        _allow(context, _NO_DECODER)  # playlists open more later
    return code


def measure(
    connection: Connection, index: int, most: int | None, shown: str
) -> deque[AVPacket | EncodingError]:
    """Check the size of a stream's pictures, and find it in their headers if probing did not;
    return the packets that were read for that, for who reads on. Waiting for them is part of the
    opening.

    Raises
    ------
    NotSupportedError
        They are larger than allowed.
    """
    ahead: deque[AVPacket | EncodingError] = deque()
    if index < 0:
        return ahead  # there is no video
    par = connection.context.streams[index].codecpar
    size: tuple[int, int] | None = (par.width, par.height)
    if most is not None and par.width <= 0:
        codec = ffi.string(avcodec.avcodec_get_name(par.codec_id)).decode()
        size = size_of(codec, _head(par.extradata, par.extradata_size))
        while size is None and len(ahead) < _PEEK:
            ptr = packet.allocate()
            if connection.call(avformat.av_read_frame, ptr) < 0:
                break
            ahead.append(ptr)
            if ptr.stream_index == index:
                size = size_of(codec, _head(ptr.data, min(ptr.size, HEAD)))
                break
    problem = None if size is None else excess(*size, most)
    if problem is not None:
        raise NotSupportedError(f"{shown} is not read: {problem}")
    if size is not None and max(size) <= _LONGEST_SIDE:  # others FFmpeg has no number for
        par.width, par.height = size
    return ahead


def _head(data: object, size: int) -> bytes:
    return bytes(ffi.buffer(data, size)) if size else b""


def error(code: int, what: str) -> Exception:
    """Return the exception for an input that cannot be opened.

    A file that claims too much is told from a machine without memory: the demuxers say "out of
    memory" of more than 1000 streams too.
    """
    if code == -errno.ENOMEM:
        probe = avutil.av_malloc(1 << 20)
        if probe:
            avutil.av_free(probe)
            failure = EncodingError(
                f"{what}: it claims more than fits into memory, or more streams than FFmpeg's "
                'limit; if the source is trusted, raise that with options={"max_streams": ...}'
            )
            failure.code = code
            return failure
    return averror.error(code, what, EncodingError)


def _allow(context: AVFormatContext, decoders: bytes | None) -> None:
    if decoders is None:
        # It forgets the old string; older releases then say that they could not copy the new one.
        avutil.av_opt_set(context, _WHITELIST.encode(), ffi.NULL, 0)
        return
    code = avutil.av_opt_set(context, _WHITELIST.encode(), decoders, 0)
    averror.check(code, "cannot limit the decoders")


def _may_decode(connection: Connection) -> bool:
    """Return whether all streams that will be probed are known now."""
    context = connection.context
    name = ffi.string(context.iformat.name).decode().split(",")[0]
    if name == "concat":
        return False
    if not context.ctx_flags & avformat.AVFMTCTX_NOHEADER or name.endswith("_pipe"):
        return True
    if name in _TWICE and context.pb and context.pb.seekable & avformat.AVIO_SEEKABLE_NORMAL:
        return _look_ahead(connection)
    return name in _KNOWN


def _look_ahead(connection: Connection) -> bool:
    """Read as far as the probing will go, and go back; False if a stream changes its codec."""
    context = connection.context
    flags = context.flags
    # Neither parsers nor timestamps: nothing of this pass is to be seen in the next one.
    context.flags |= avformat.AVFMT_FLAG_NOPARSE | avformat.AVFMT_FLAG_NOFILLIN
    codecs: dict[int, int] = {}
    same, left = True, context.probesize
    ptr = packet.allocate()
    try:
        while left > 0:
            if connection.call(avformat.av_read_frame, ptr) < 0:
                break
            left -= ptr.size
            index = ptr.stream_index
            codec = context.streams[index].codecpar.codec_id
            same = same and codecs.setdefault(index, codec) == codec
            avcodec.av_packet_unref(ptr)
    finally:
        context.flags = flags
    code = connection.call(avformat.av_seek_frame, -1, 0, avformat.AVSEEK_FLAG_BYTE)
    averror.check(code, "cannot go back to the beginning", EncodingError)
    return same


def _options(context: AVFormatContext, most: int) -> tuple[Any, ...]:
    """Return an array of the options of each stream's decoder and what frees them; those of many
    videos share the limit.
    """
    count = context.nb_streams
    if not count:
        return (ffi.NULL,)
    kinds = [context.streams[i].codecpar.codec_type for i in range(count)]
    videos = kinds.count(avutil.AVMEDIA_TYPE_VIDEO)
    share = most if videos <= 2 else 2 * most // videos
    share = min(share + min(PADDING, share // 16 + (1 << 16)), 0x7FFFFFFF)

    options = ffi.new("AVDictionary *[]", count)
    # A tuple lets go of its last item first: the array is freed after what is in it.
    holders = (options, *(ffi.gc(options + i, avutil.av_dict_free) for i in range(count)))
    for i, kind in enumerate(kinds):
        if kind == avutil.AVMEDIA_TYPE_VIDEO:
            unseen = _UNSEEN if context.streams[i].codecpar.codec_id in _UNFINISHED else ()
            for name, value in ((b"max_pixels", b"%d" % share), *unseen):
                code = avutil.av_dict_set(options + i, name, value, 0)
                averror.check(code, "cannot limit a decoder")
    return holders
