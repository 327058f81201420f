"""Streams of one picture: its alpha channel in a stream or an item of its own, tiles of a grid.

libavformat gives them as streams like any other, or not at all; the boxes of the file tell.
"""

from __future__ import annotations

import os
import stat
import struct
import warnings
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ... import _ffi
from ..._ffi import avcodec, avformat, avutil, ffi
from ..._spec.files.iso_pictures import BRANDS, IsoPictures
from ..._spec.frames.geometry import display_matrix
from ...errors import NotSupportedError
from ..codecs import packet
from ..codecs.packet import JOINED
from .stream import SHORTEST, peek
from .streams import read_tags

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket
    from .connection import Connection
    from .source import InputFile

_ANIMATIONS = (b"GIF8", b"\x89PNG", b"RIFF")
_MOST_AHEAD = 256  # packets; libavformat gives tracks that belong together within a second
_MOST_HEAD = 1 << 20  # bytes of a pipe that are looked at first
_MOST_BYTES = 1 << 24  # read at once


class PictureStreams:
    """What the streams of an ISO file are to each other.

    Attributes
    ----------
    partners : dict of int to (int or None)
        Streams that are no pictures to look at, and of which stream each is a part.
    """

    def __init__(self, context: AVFormatContext, pictures: IsoPictures, is_picture: bool) -> None:
        self._pictures = pictures
        self._is_picture = is_picture
        self._tracks: dict[int, int] = {}  # track to stream
        self._items: dict[int, int] = {}
        streams = [context.streams[i] for i in range(context.nb_streams)]
        known = {track.identifier for track in pictures.tracks}
        for stream in reversed(streams):  # items come before tracks, which may have their numbers
            if stream.id in known and stream.id not in self._tracks:
                self._tracks[stream.id] = stream.index
            elif stream.id in pictures.items:
                self._items[stream.id] = stream.index
        # FFmpeg before 6.1 gives one item, whatever its number.
        if pictures.items and not known and len(streams) == 1:
            self._items = {pictures.primary: 0}
        self.partners: dict[int, int | None] = {}
        for number, track in pictures.auxiliary_tracks.items():
            if number in self._tracks:
                self.partners[self._tracks[number]] = self._tracks.get(track.partner or 0)
        for number, item in pictures.items.items():
            whole = next(iter(item.refers_to(b"auxl")), 0)
            if number in self._items and (item.auxiliary or item.hidden):
                self.partners[self._items[number]] = self._items.get(whole)
        self._alpha: bytes | None = None
        number = pictures.alpha_item or 0
        if number and pictures.items[number].kind == b"av01":
            self._alpha = pictures.bytes_of(number)

    def require_whole(
        self, index: int, context: AVFormatContext, shown: str, is_wanted: bool
    ) -> None:
        """Raise NotSupportedError if a stream that nobody named is but a part of the picture of the
        file, or one that this FFmpeg does not read.
        """
        if index in self._tracks.values():
            return
        derived = self._pictures.derived
        is_unread = self._is_picture and context.streams[index].codecpar.width <= 0
        if derived is not None and (is_unread or not is_wanted):
            raise NotSupportedError(
                f"{shown} is {derived}, which are not put together here: one of them would be a "
                "part of the picture; heif-convert or ImageMagick make one picture of it"
            )
        if is_unread:
            item = self._pictures.items.get(self._pictures.primary)
            kind = (
                "without a main one" if item is None else f"of kind {item.kind.decode('latin-1')}"
            )
            raise NotSupportedError(
                f"{shown} holds its picture as an item {kind}, which this FFmpeg "
                f"({_ffi.report().release}) does not read; newer releases read more"
            )

    def matrix_of(self, index: int) -> tuple[int, ...] | None:
        """Return the display matrix of the still picture, which FFmpeg before 7.1 does not read."""
        turned = self._pictures.orientation
        if self._items.get(self._pictures.primary) != index or turned == (0, False):
            return None
        return display_matrix(*turned)

    def not_copied_with(self, index: int) -> set[int]:
        """Return the streams that go with a stream: its alpha channel; with a sequence of pictures
        the still ones, which stand for the file where nothing moves.
        """
        if index in self._tracks.values():
            return self._alpha_streams(index) | set(self._items.values())
        return self._alpha_streams(index)

    def _alpha_streams(self, index: int) -> set[int]:
        pictures = self._pictures
        tracks = {one.identifier for one in pictures.auxiliary_tracks.values() if one.is_alpha}
        found = {self._tracks.get(number) for number in tracks}
        found.add(self._items.get(pictures.alpha_item or 0))
        return {one for one in found if one is not None and self.partners.get(one) == index}

    def alpha_of(self, index: int, context: AVFormatContext, shown: str) -> int | bytes | None:
        """Return the stream, or the coded picture, that is the alpha channel of a stream; None if
        there is none, or none that is joined here: there is a warning then.
        """
        track = next((key for key, value in self._tracks.items() if value == index), None)
        if track is not None:
            number = self._pictures.alpha_track_of(track)
            partner = self._tracks.get(number or 0)
            if partner is None:
                return None
            name = avcodec.avcodec_get_name(context.streams[partner].codecpar.codec_id)
            codec = ffi.string(name).decode()
            if codec in JOINED:
                return partner
            _warn(shown, f"{codec}, stream {partner}")
        elif self._items.get(self._pictures.primary) == index and self._pictures.alpha_item:
            if self._alpha is None:
                kind = self._pictures.items[self._pictures.alpha_item].kind
                _warn(shown, kind.decode("latin-1"))
            return self._alpha
        return None


def _warn(shown: str, what: str) -> None:
    warnings.warn(
        f"the alpha channel of {shown} ({what}) is left out: only that of AV1, VP8 and VP9 is "
        "joined with its picture",
        UserWarning,
        stacklevel=4,
    )


def head_of(connection: Connection) -> bytes:
    """Return the beginning of a stream of pictures, which stays to be read; empty for others.

    A pipe cannot go back to the boxes. They come first there, or libavformat finds no streams.
    """
    found: list[bytes] = []
    connection.call(_peek, SHORTEST, found)
    head = found[0]
    if head[:4] in _ANIMATIONS:
        return head  # what is looked for stands in front
    if head[4:8] != b"ftyp" or not _has_brand(head[8 : struct.unpack_from(">I", head)[0]]):
        return b""
    connection.call(_peek, _MOST_HEAD, found)
    return found[1]


def _peek(context: AVFormatContext, size: int, found: list[bytes]) -> int:
    found.append(peek(context.pb, size))
    return 0


def examine(connection: Connection, source: InputFile, head: bytes) -> PictureStreams | None:
    """Return what the streams of an open file are to each other, None where nothing tells.

    Parameters
    ----------
    connection : Connection
    source : InputFile
    head : bytes
        Of a pipe.

    Raises
    ------
    NotSupportedError
        There are several pictures in it, and it cannot be read what they are to each other.
    """
    context = connection.context
    if not ffi.string(context.iformat.name).startswith(b"mov"):
        return None
    kinds = [context.streams[i].codecpar.codec_type for i in range(context.nb_streams)]
    videos, is_picture = kinds.count(avutil.AVMEDIA_TYPE_VIDEO), _is_picture(context)
    if videos < 2 and not is_picture:
        return None
    file = _opened(source) if connection.read_at is None else None
    try:
        if file is not None:
            descriptor = file.fileno()

            def read(offset: int, size: int) -> bytes:
                if offset >= 1 << 63:
                    return b""
                return os.pread(descriptor, min(size, _MOST_BYTES), offset)

            return PictureStreams(context, IsoPictures(read), is_picture)
        pictures = IsoPictures(reader(connection, head))
        if not pictures.tracks and not pictures.items and videos > 1 and is_picture:
            raise NotSupportedError(
                f"{source.shown} has {videos} streams of pictures, and cannot go back to read what "
                "they are to each other: write it to a file first"
            )
        return PictureStreams(context, pictures, is_picture)
    finally:
        if file is not None:
            file.close()


def _is_picture(context: AVFormatContext) -> bool:
    tags = read_tags(context.metadata)
    text = tags.get("major_brand", "") + tags.get("compatible_brands", "")
    return _has_brand(text.encode("latin-1", "replace"))


def _has_brand(text: bytes) -> bool:
    return any(text[i : i + 4] in BRANDS for i in range(0, len(text), 4))


def _opened(source: InputFile) -> Any:
    """Return a file that is a regular one, None for others: opening them again is not for us."""
    try:
        if source.reader is None and stat.S_ISREG(os.stat(source.path).st_mode):
            return open(source.path, "rb", buffering=0)
    except OSError:
        pass
    return None


def reader(connection: Connection, head: bytes) -> Callable[[int, int], bytes]:
    """Return what reads an open file at any place, and stays where it is; of a pipe only `head`."""
    if head:
        return lambda offset, size: head[offset : offset + size]

    def read(offset: int, size: int) -> bytes:
        if offset >= 1 << 63:
            return b""
        size = min(size, _MOST_BYTES)
        room = ffi.new("char[]", size)
        count = connection.call(_read_at, offset, room, size)
        return bytes(ffi.buffer(room, max(count, 0)))

    return read if connection.read_at is None else connection.read_at


def _read_at(context: AVFormatContext, offset: int, room: Any, size: int) -> int:
    """Read from where it can be read again, and go back; return how much it was."""
    pb = context.pb
    if not pb or not pb.seekable & avformat.AVIO_SEEKABLE_NORMAL:
        return 0
    place: int = avformat.avio_seek(pb, 0, os.SEEK_CUR)
    count: int = 0
    if avformat.avio_seek(pb, offset, os.SEEK_SET) >= 0:
        count = avformat.avio_read(pb, room, size)
    avformat.avio_seek(pb, place, os.SEEK_SET)
    return count


class AlphaItem:
    """Reads a still picture; its alpha channel, an item of the file, comes with the packet."""

    def __init__(self, index: int, data: bytes, read: Callable[[Any, AVPacket], int]) -> None:
        self._index = index
        self._read = read
        self._alpha = data

    def read(self, context: AVFormatContext, ptr: AVPacket) -> int:
        """Read a packet, as ``av_read_frame`` does."""
        code = self._read(context, ptr)
        if code >= 0 and ptr.stream_index == self._index:
            packet.add_alpha(ptr, self._alpha, len(self._alpha))
        return code

    def clear(self) -> None:
        """Forget what was read ahead: nothing."""


class AlphaTrack:
    """Reads a file in which the alpha channel of a stream is another stream: each packet of the one
    comes with that of the other that is decoded at the same time, or the last one before.
    """

    def __init__(
        self,
        context: AVFormatContext,
        index: int,
        alpha: int,
        read: Callable[[Any, AVPacket], int],
    ) -> None:
        self._index, self._alpha = index, alpha
        self._read = read
        self._scales = self._scale(context, index, alpha), self._scale(context, alpha, index)
        self._waiting: deque[AVPacket] = deque()
        self._alphas: deque[AVPacket] = deque()
        self._code = 0  # of the read that gave no packet
        self._begun = False  # a packet got alpha since reading began here

    def _scale(self, context: AVFormatContext, index: int, other: int) -> int:
        return context.streams[index].time_base.num * context.streams[other].time_base.den

    def read(self, context: AVFormatContext, ptr: AVPacket) -> int:
        """Read a packet, as ``av_read_frame`` does."""
        waiting = self._waiting
        while True:
            if waiting and (waiting[0].stream_index != self._index or self._join(waiting[0])):
                avcodec.av_packet_move_ref(ptr, waiting.popleft())
                return 0
            if self._code:
                code, self._code = self._code, 0
                return code
            new = packet.allocate()
            self._code = min(0, self._read(context, new))
            if not self._code:
                queue = self._alphas if new.stream_index == self._alpha else waiting
                queue.append(new)

    def _join(self, ptr: AVPacket) -> bool:
        """Add alpha to a packet; False if it is yet to come."""
        time, other = self._scales
        when = _decoded_at(ptr) * time
        alphas = self._alphas
        count = sum(_decoded_at(alpha) * other <= when for alpha in alphas)
        is_last = count == len(alphas)
        exact = count > 0 and _decoded_at(alphas[count - 1]) * other == when
        if is_last and not (exact or self._code or len(self._waiting) > _MOST_AHEAD):
            return False
        for _ in range(count):
            alpha = alphas.popleft()
        if count:
            packet.add_alpha(ptr, alpha.data, alpha.size)
            # The two are a key frame if both are.
            ptr.flags &= alpha.flags | ~avcodec.AV_PKT_FLAG_KEY
        elif self._begun:
            ptr.flags &= ~avcodec.AV_PKT_FLAG_KEY  # its alpha is that of a packet before
        self._begun = self._begun or count > 0
        return True

    def clear(self) -> None:
        """Forget what was read ahead, after a seek."""
        self._waiting.clear()
        self._alphas.clear()
        self._code = 0
        self._begun = False


def _decoded_at(ptr: AVPacket) -> int:
    return ptr.pts if ptr.dts == packet.NOPTS else ptr.dts
