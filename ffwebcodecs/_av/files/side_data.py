"""What a stream has beside its packets, for all of them: AVPacketSideData of the whole stream."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from ..._ffi import avcodec, avformat, ffi
from .. import averror, releases

if TYPE_CHECKING:
    from ..._ffi._types import AVPacketSideData, AVStream
    from ..._spec.encoders.light import Light


SideData = tuple[int, bytes]
"""One entry: FFmpeg's number of what it is, and its bytes, a struct of libavutil."""


MASTERING, LIGHT_LEVEL = "Mastering display metadata", "Content light level metadata"
PROFILE = "ICC Profile"
_MOST = 100  # kinds: there are half as many


def name_of(kind: int) -> str:
    """Return FFmpeg's name of a kind of side data, ``"unknown"`` if it has none."""
    name = avcodec.av_packet_side_data_name(kind)
    return ffi.string(name).decode() if name else "unknown"


def read(stream: AVStream) -> tuple[SideData, ...]:
    """Return all of a stream's."""
    if releases.parameters_have_side_data():
        entries, count = stream.codecpar.coded_side_data, stream.codecpar.nb_coded_side_data
    else:
        entries, count = stream.side_data, stream.nb_side_data
    return tuple(
        (entries[i].type, bytes(ffi.buffer(entries[i].data, entries[i].size))) for i in range(count)
    )


def write(stream: AVStream, one: SideData) -> None:
    """Give an entry to a stream of an output, before its header is written."""
    kind, size = one[0], len(one[1])
    if releases.parameters_have_side_data():
        par = stream.codecpar
        entries = ffi.addressof(par, "coded_side_data")
        count = ffi.addressof(par, "nb_coded_side_data")
        entry: AVPacketSideData = avcodec.av_packet_side_data_new(entries, count, kind, size, 0)
        data = entry.data if entry else ffi.NULL
    else:
        data = avformat.av_stream_new_side_data(stream, kind, size)
    averror.check_pointer(data, f"cannot set {name_of(kind)}")
    ffi.memmove(data, one[1], size)


@cache
def kind_of(name: str) -> int | None:
    """Return FFmpeg's number of side data with this name, None if this release has none."""
    return next((kind for kind in range(_MOST) if name_of(kind) == name), None)


def light_of(found: Mapping[str, bytes]) -> Light | None:
    """Return mastering display and light level out of side data by name, None if there is none."""
    from fractions import Fraction  # here: readers import this module, and need none of it

    from ..._spec.encoders.light import Light

    display, levels = (found.get(name, b"") for name in (MASTERING, LIGHT_LEVEL))
    light = Light()
    if len(display) >= ffi.sizeof("int32_t") * 22:
        # AVMasteringDisplayMetadata: ten AVRational, and which of them count.
        numbers = ffi.unpack(ffi.cast("int32_t *", ffi.from_buffer(display)), 22)
        pairs = list(zip(numbers[:20:2], numbers[1:20:2], strict=True))
        if all(below > 0 for _, below in pairs):
            values = [Fraction(*pair) for pair in pairs]
            points = list(zip(values[:8:2], values[1:8:2], strict=True))
            light.primaries = points if numbers[20] else None
            light.luminance = (values[8], values[9]) if numbers[21] else None
    if len(levels) >= ffi.sizeof("int32_t") * 2:
        most, average = ffi.unpack(ffi.cast("int32_t *", ffi.from_buffer(levels)), 2)
        light.levels = (most, average)
    return light if light.primaries or light.levels else None
