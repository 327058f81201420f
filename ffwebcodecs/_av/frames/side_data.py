"""What a decoded picture says besides its pixels: AVFrameSideData."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ..._ffi import ffi
from .. import releases

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame

# Numbers of AVFrameSideDataType, part of FFmpeg's ABI. The structs are those that streams have
# under the same names as AVPacketSideData. A colour profile is not among them: it is a still
# picture's, whose samples are not those that are encoded.
_OF_STREAMS = {
    2: "Stereo 3D",
    11: "Mastering display metadata",
    13: "Spherical Mapping",
    14: "Content light level metadata",
}
_LATER = {26: "Ambient viewing environment"}
# What each picture has of its own, in words.
_OF_PICTURES = {1: "the closed captions"}
_OF_PICTURES_LATER = {
    17: "the HDR10+ metadata",
    23: "the Dolby Vision metadata",
    24: "the Dolby Vision metadata",
    25: "the HDR Vivid metadata",
}


@cache
def _kinds() -> tuple[dict[int, str], dict[int, str]]:
    shift = releases.regions_of_interest() - 18  # by types that there were before FFmpeg 5.0
    later, pictures = ({n + shift: t for n, t in d.items()} for d in (_LATER, _OF_PICTURES_LATER))
    return {**_OF_STREAMS, **later}, {**_OF_PICTURES, **pictures}


def read(ptr: AVFrame) -> tuple[dict[str, bytes], list[str]]:
    """Return what a picture says of all of its stream, by FFmpeg's names of packets' side data,
    and in words what it says of itself.
    """
    whole: dict[str, bytes] = {}
    own: list[str] = []
    of_streams, of_pictures = _kinds()
    for index in range(ptr.nb_side_data):
        entry = ptr.side_data[index]
        name = of_streams.get(entry.type)
        if name is not None:
            whole[name] = bytes(ffi.buffer(entry.data, entry.size))
        elif (told := of_pictures.get(entry.type)) is not None and told not in own:
            own.append(told)
    return whole, own
