"""Side data of a video, for all its pictures: what an output keeps of it, and what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.files import holds, side_data
from .._av.files.containers import Container
from .._av.files.video_stream import VideoStream
from .._spec.codecs import light_messages
from .._spec.frames.color import UNSPECIFIED
from ._hdr import is_hdr
from ._losses import Losses
from ._original import Original

if TYPE_CHECKING:
    from .._spec.encoders.light import Light
    from ..frames._shape import FrameShape

# True of pictures that were encoded anew as well.
_OF_PICTURES = {"Stereo 3D", "Spherical Mapping", "ICC Profile"}
_OF_LIGHT = {side_data.MASTERING, side_data.LIGHT_LEVEL, "Ambient viewing environment"}
# Set anew, or of the bytes and not of the pictures.
_OURS = {"Display Matrix", "Fallback track"}
_OF_BYTES = {
    *("CPB properties", "Palette", "New Extradata", "MPEGTS Stream ID", "Quality stats"),
    *("Skip Samples", "Encryption initialization data", "Encryption info", "unknown"),
    *("Producer Reference Time", "RTCP Sender Report"),
}
_IN_WORDS = {
    side_data.MASTERING: "the mastering display",
    side_data.LIGHT_LEVEL: "the content light level",
    "Stereo 3D": "the stereo mode",
    "Spherical Mapping": "the spherical mapping",
    "ICC Profile": "the ICC profile",
    "DOVI configuration record": "the Dolby Vision metadata",
    "Ambient viewing environment": "the ambient viewing environment",
}
_SAID = {side_data.MASTERING, side_data.LIGHT_LEVEL}
_MESSAGES = {
    side_data.MASTERING: light_messages.DISPLAY,
    side_data.LIGHT_LEVEL: light_messages.LEVEL,
}
_HDR_CODES = (0, UNSPECIFIED[1], 16, 18)  # nothing said, PQ, HLG, in FFmpeg's numbers
_ENCODED = "the pictures are encoded anew"
# What is where in the pictures.
_OF_PLACES = {"Stereo 3D", "Spherical Mapping"}
_MOVED = "the pictures are turned or cropped"


def light_for(found: dict[str, bytes], shape: FrameShape) -> Light | None:
    """Return what an encoder is to say of frames of this shape; None if they are not HDR."""
    stays = is_hdr(shape) or shape.color_space.transfer is None
    return side_data.light_of(found) if stays else None


def keep_side_data(
    video: VideoStream, original: Original, chunk: object, container: Container, losses: Losses
) -> None:
    """Give a video, whose first chunk has these bytes, what is still true of it, and tell what is
    lost.
    """
    if original.is_encoded:
        _keep_encoded(video, original, container, losses)
        return
    # Of the bytes it is all true, whatever it is.
    found = [(side_data.name_of(one[0]), one) for one in original.parameters.side_data]
    video.side_data = tuple(one for name, one in found if name not in _OURS)
    unheld = [
        name
        for name, _ in found
        if name not in _OURS | _OF_BYTES and not holds.side_data(container.name, name)
    ]
    in_bitstream = light_messages.said(video.codec, video.extradata, chunk) if unheld else ()
    for name in unheld:
        if _MESSAGES.get(name) not in in_bitstream:
            _tell(name, f"{container.name} cannot hold it", losses)


def _keep_encoded(
    video: VideoStream, original: Original, container: Container, losses: Losses
) -> None:
    kept = []
    # Pictures that were given another curve have another light.
    stays = video.color[1] in _HDR_CODES
    for name, data in original.side_data.items():
        if name in _OURS | _OF_BYTES:
            continue
        if name in _OF_LIGHT and not stays:
            # Where the container can say it, somebody wanted that; elsewhere the format did it.
            if not holds.side_data(container.name, name):
                _tell(name, f"{container.name} cannot hold it", losses)
        elif name in _OF_PLACES and original.is_moved:
            _tell(name, _MOVED, losses)
        elif name not in _OF_PICTURES | _OF_LIGHT:
            _tell(name, _ENCODED, losses)
        elif holds.side_data(container.name, name):
            kind = side_data.kind_of(name)
            if kind is not None:
                kept.append((kind, data))
        elif not (original.says_light and name in _SAID):
            _tell(name, f"{container.name} cannot hold it", losses)
    video.side_data = tuple(kept)
    for told in () if original.pictures is None else original.pictures.own:
        _tell(told, _ENCODED, losses)


def _tell(name: str, why: str, losses: Losses) -> None:
    what = _IN_WORDS.get(name, name)
    hint = "" if why in (_ENCODED, _MOVED) else " (.mp4 and .mkv hold most)"
    losses.add(what, why, f"{what} of the video cannot be kept: {why}{hint}")
