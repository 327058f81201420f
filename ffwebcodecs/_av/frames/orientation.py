"""How a decoded picture itself says that it is to be turned: by EXIF, or by H.264's and HEVC's
display orientation.

FFmpeg puts a display matrix beside the picture; FFmpeg 4.3 leaves EXIF's number among its tags.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..._ffi import avcodec, avutil, ffi
from ..._spec.frames.exif import has_exif, orientation
from ..._spec.frames.geometry import display_matrix, exif_orientation
from .. import averror, releases
from . import frame as frames

if TYPE_CHECKING:
    from ..._ffi._types import AVDictionaryEntry, AVFrame, AVFrameSideData, AVPacket

_SIZE = 36  # bytes of nine int32
_MOST_WAITING = 256  # pictures, more than any decoder holds
# What else says what is where in a picture, and would be wrong of one that was turned: pan and
# scan, stereo, active format, motion vectors, sphere, EXIF. Where there is such a type, it has this
# number.
_PLACES = (0, 2, 7, 8, 13, 31)


def matrix_of(ptr: AVFrame) -> tuple[int, ...]:
    """Return the display matrix of a picture, nothing if it has none."""
    matrix = _matrix_beside(ptr) if ptr.nb_side_data else ()
    if releases.orientation_is_old():
        if matrix:
            return _forwards(matrix)
        if ptr.metadata:
            return _matrix_of_tag(ptr)
    return matrix


def reader_of_matrices() -> Callable[[AVFrame], tuple[int, ...]]:
    """Return the quickest function that does as `matrix_of` with this FFmpeg."""
    return matrix_of if releases.orientation_is_old() else _matrix_of_new


def _matrix_of_new(ptr: AVFrame) -> tuple[int, ...]:
    return _matrix_beside(ptr) if ptr.nb_side_data else ()


def _matrix_beside(ptr: AVFrame) -> tuple[int, ...]:
    kind, entries = avutil.AV_FRAME_DATA_DISPLAYMATRIX, ptr.side_data
    for index in range(ptr.nb_side_data):
        entry = entries[index]
        if entry.type == kind and entry.size >= _SIZE:
            return tuple(ffi.unpack(ffi.cast("int32_t *", entry.data), 9))
    return ()


def _forwards(matrix: tuple[int, ...]) -> tuple[int, ...]:
    """Return what H.264's and HEVC's display orientation means, of which old releases turn the
    other way what is not mirrored.
    """
    a, b, u, c, d, *rest = matrix
    return matrix if a * d - b * c < 0 else (a, c, u, b, d, *rest)


def _matrix_of_tag(ptr: AVFrame) -> tuple[int, ...]:
    entry: AVDictionaryEntry = avutil.av_dict_get(ptr.metadata, b"Orientation", ffi.NULL, 0)
    text = ffi.string(entry.value).strip() if entry else b""
    turned = exif_orientation(int(text)) if text.isdigit() else (0, False)
    return () if turned == (0, False) else display_matrix(*turned)


def forget(ptr: AVFrame) -> None:
    """Take from a picture that nobody else has seen yet what says how it is turned, and what is
    where in it.
    """
    for kind in (avutil.AV_FRAME_DATA_DISPLAYMATRIX, *_PLACES):
        avutil.av_frame_remove_side_data(ptr, kind)
    if ptr.metadata:
        avutil.av_dict_set(ffi.addressof(ptr, "metadata"), b"Orientation", ffi.NULL, 0)


class Lasting:
    """Gives pictures of H.264 the display orientation of one before.

    It lasts until a key frame comes without one (ITU-T H.264, D.2.27); FFmpeg gives it to the very
    picture that it stands beside.
    """

    __slots__ = ("matrix",)
    sent: Callable[[AVPacket, int], None] | None = None

    def __init__(self) -> None:
        self.matrix: tuple[int, ...] = ()

    def look_at(self, ptr: AVFrame) -> None:
        """Take a picture's matrix, or give it the last one; in the order in which they are
        shown.
        """
        own = _matrix_beside(ptr)
        if own or frames.is_key(ptr):
            self.matrix = own
        elif self.matrix:
            _turn(ptr, self.matrix)

    def restart(self) -> None:
        """Forget what lasts."""
        self.matrix = ()


class InFile:
    """Gives pictures the orientation that stands in their files, which FFmpeg before 8.1 passes
    over; what it finds itself stays.
    """

    __slots__ = ("_codec", "matrix")

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self.matrix: dict[int, tuple[int, ...]] = {}  # by the pictures' times

    def sent(self, packet: AVPacket, timestamp: int) -> None:
        """Look at a packet on its way to the decoder, whose picture will have this time."""
        data = memoryview(ffi.buffer(packet.data, packet.size)) if packet.size else memoryview(b"")
        turned = exif_orientation(orientation(self._codec, data))
        if turned != (0, False):
            if len(self.matrix) >= _MOST_WAITING:
                self.matrix.clear()
            self.matrix[timestamp] = display_matrix(*turned)

    def look_at(self, ptr: AVFrame) -> None:
        """Give a picture what its file says."""
        found = self.matrix.pop(ptr.pts, None)
        if found and not _matrix_beside(ptr):
            _turn(ptr, found)

    def restart(self) -> None:
        """Forget what was sent."""
        self.matrix.clear()


def told_beside(identifier: int, codec: str) -> Lasting | InFile | None:
    """Return what knows more of the orientation of a codec's pictures than FFmpeg says."""
    if identifier == avcodec.AV_CODEC_ID_H264:
        return Lasting()
    return InFile(codec) if has_exif(codec) else None


def _turn(ptr: AVFrame, matrix: tuple[int, ...]) -> None:
    kind = avutil.AV_FRAME_DATA_DISPLAYMATRIX
    side: AVFrameSideData = averror.check_pointer(
        avutil.av_frame_new_side_data(ptr, kind, _SIZE), "cannot turn a picture"
    )
    ffi.memmove(side.data, ffi.new("int32_t[9]", matrix), _SIZE)
