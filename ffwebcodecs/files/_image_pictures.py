"""Frames of image files: decoded by FFmpeg, with the colours, the size and the orientation that the
file gives them.

Programs get formats that WebCodecs has: what is coded as YUV stays as it is, all else is
``"BGRA"``, or ``"BGRX"`` where nothing can be transparent. Samples of 16 bits stay so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .. import _ffi
from .._av.codecs.decoder import DecoderCore, has_decoder
from .._av.frames import frame as native
from .._av.frames.hardware import picture_of
from .._av.frames.pixel_format import describe, pix_fmt_name
from .._av.releases import reads_avif
from .._spec.codecs.picture_limit import excess
from .._spec.frames.color import names_of
from .._spec.frames.color_space import SRGB, VideoColorSpace, from_members
from .._spec.frames.formats import BY_FFMPEG
from .._spec.frames.rect import Rect
from .._spec.numbers import show
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import EncodingError, NotSupportedError
from ..frames._pixel_conversion import PixelConversion
from ..frames._shape import FrameShape
from ..frames.video_frame import VideoFrame
from ._animation import COMPOSED, Animation
from ._image_container import IsoImage
from ._image_scans import Scans, whole_file, with_end

if TYPE_CHECKING:
    from .._ffi._types import AVFrame
    from .._spec.frames.formats import PixelFormat
    from .._spec.images.facts import ImageFacts

    Data = bytes | bytearray | memoryview

_CODECS = {"jpeg": "mjpeg", "jxl": "libjxl", "avif": "av1", "pnm": "ppm"}
# What decoders are to take for an error: else they show what they have of a damaged picture.
_STRICT = frozenset({"png"})
_KEPT = frozenset(
    f"{name}{depth}" for name in ("I420", "I422", "I444") for depth in ("", "P10", "P12")
)
_JFIF = VideoColorSpace(
    primaries="bt709", transfer="iec61966-2-1", matrix="smpte170m", full_range=True
)
_VP8 = VideoColorSpace(
    primaries="bt709", transfer="iec61966-2-1", matrix="smpte170m", full_range=False
)


class ImageOptions:
    """How pictures are decoded.

    Parameters
    ----------
    keeps_colors : bool
        Whether frames say what their colours are: ``color_space_conversion="none"`` is False.
    desired : (int, int) or None
        Width and height that would do.
    max_pixels : int or None
    """

    __slots__ = ("desired", "keeps_colors", "max_pixels")

    def __init__(
        self, keeps_colors: bool, desired: tuple[int, int] | None, max_pixels: int | None
    ) -> None:
        self.keeps_colors = keeps_colors
        self.desired = desired
        self.max_pixels = max_pixels


def why_not(type: str, kind: str | None) -> NotSupportedError | None:
    """Return why images of a MIME type cannot be decoded, None if they can."""
    if kind is None:
        return NotSupportedError(
            f"images of type {show(type)} are not supported; types are given without parameters"
        )
    if kind == "avif" and not reads_avif():
        return NotSupportedError(
            f"this FFmpeg ({_ffi.report().release}) reads no stills of {show(type)}: "
            "5.1 and later do; read_frames reads its sequences"
        )
    codec = _CODECS.get(kind, kind)
    if has_decoder(codec):
        return None
    return NotSupportedError(
        f"this FFmpeg ({_ffi.report().release}) has no decoder {codec}, which {show(type)} needs; "
        "install another build of libavcodec"
    )


class ImagePictures:
    """Gives the frames of one file, on one thread."""

    __slots__ = ("_animation", "_container", "_options", "_scans", "_track")

    def __init__(self, options: ImageOptions) -> None:
        self._options = options
        self._track = -1  # of which something is kept for the next frame
        self._animation: Animation | None = None
        self._container: IsoImage | None = None
        self._scans = Scans()

    def frame(self, facts: ImageFacts, track: int, index: int, data: Data, size: int) -> VideoFrame:
        """Return a frame of a track, decoded from the first bytes.

        Raises
        ------
        EncodingError
            It cannot be decoded, or is larger than it may be.
        NotSupportedError
            This FFmpeg has no decoder for it.
        """
        part = facts.tracks[track].frames[index]
        most = self._options.max_pixels
        reason = excess(facts.width, facts.height, most)
        if reason is not None:
            raise EncodingError(f"frame {index} is too large: {reason}")
        if track != self._track:
            self.close()
            self._track = track
        if facts.kind == "avif":
            frame = self._from_container(facts, track, index, data)
        elif facts.kind in COMPOSED and (facts.tracks[track].animated or facts.kind == "gif"):
            self._animation = self._animation or Animation()
            frame = self._animation.frame(facts, track, index, data, max_pixels=most)
        elif size < len(data):
            frame = self._still(facts, with_end(bytes(data[:size])))
        else:
            frame = self._still(facts, whole_file(facts.kind, bytes(data[part.start : part.stop])))
        frame._timestamp, frame._duration = part.timestamp, part.duration
        return self._finished(facts, frame)

    def shown_of(self, facts: ImageFacts, data: Data) -> int:
        """Return how many bytes are the beginning of a picture that shows all of it, with less
        detail; 0: none are. The data is that of the call before, and more.
        """
        if facts.kind != "jpeg" or not isinstance(data, bytearray):
            return 0
        return self._scans.last(data)

    def close(self) -> None:
        """Let go of what is kept for the next frame."""
        self._animation = None
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _from_container(self, facts: ImageFacts, track: int, index: int, data: Data) -> VideoFrame:
        container = self._container
        if container is None or container.size != len(data):
            self.close()
            is_item = facts.tracks[track].frames[0].duration is None
            container = IsoImage(data, is_item, self._options.max_pixels)
            self._container, self._track = container, track
        return container.frame(index)

    def _still(self, facts: ImageFacts, content: bytes) -> VideoFrame:
        """Return the picture as it is stored, and as FFmpeg decodes it."""
        codec = _CODECS.get(facts.kind, facts.kind)
        core = DecoderCore(
            codec,
            threads=1,
            max_pixels=self._options.max_pixels,
            explode=facts.kind in _STRICT,
        )
        try:
            ptr = _decoded(core, content)
        finally:
            core.close()
        if ptr is None:
            raise EncodingError(f"{codec} finds no picture in {len(content)} bytes")
        shape = _shape(ptr, _JFIF if facts.kind != "webp" else _VP8)
        return VideoFrame._from_native(picture_of(ptr), shape, 0, None, True)

    def _finished(self, facts: ImageFacts, frame: VideoFrame) -> VideoFrame:
        """Return the frame as programs get it; the other one is closed."""
        size = self._size(facts)
        name = _format(facts, frame._shape, size is not None)
        if name is not None or size is not None:
            width, height = size or (None, None)
            frame = PixelConversion(name, width, height, "area", True, 1, False).apply(frame)
        frame._warn = False  # nobody waits for what it holds: dropping it does no harm
        frame._shape = self._labelled(facts, frame._shape)
        return frame

    def _size(self, facts: ImageFacts) -> tuple[int, int] | None:
        """Return the size to make of a JPEG's picture, None: its own.

        As browsers do it: the largest number of eighths whose area is not larger than the one that
        would do, before sides are rounded up.
        """
        desired = self._options.desired
        if desired is None or facts.kind != "jpeg" or 0 in desired:
            return None
        area, most = facts.width * facts.height, desired[0] * desired[1]
        if most >= area:
            return None
        eighths = max(1, math.isqrt(64 * most // area))
        return -(-facts.width * eighths // 8), -(-facts.height * eighths // 8)

    def _labelled(self, facts: ImageFacts, shape: FrameShape) -> FrameShape:
        colors = shape.color_space
        if shape.format is not None and shape.format.is_rgb:
            colors = VideoColorSpace()
            if self._options.keeps_colors:
                colors = _png_colors(facts) or SRGB
        visible = shape.visible_rect
        assert visible is not None
        display = visible.width, visible.height
        return FrameShape(
            shape.format,
            shape.pix_fmt,
            (shape.coded_width, shape.coded_height),
            visible,
            display[::-1] if facts.rotation % 180 else display,
            facts.rotation,
            facts.flip,
            colors,
        )


def _decoded(core: DecoderCore, content: bytes) -> AVFrame | None:
    chunk = EncodedVideoChunk(type="key", timestamp=0, data=content)
    core.send(chunk._decodable(), 0)
    ptr = core.receive()
    if ptr is None and not core.at_end:
        core.drain()
        ptr = core.receive()
    return ptr


def _shape(ptr: AVFrame, yuv: VideoColorSpace) -> FrameShape:
    number, width, height, left, top, right, bottom, *_ = native.describe(ptr)
    pix_fmt = pix_fmt_name(number)
    about = describe(pix_fmt)
    visible = Rect(left, top, width - left - right, height - top - bottom)
    return FrameShape(
        BY_FFMPEG.get(pix_fmt),
        pix_fmt,
        (width, height),
        visible,
        (visible.width, visible.height),
        0,
        False,
        SRGB if about is not None and about.rgb else yuv,
    )


def _format(facts: ImageFacts, shape: FrameShape, is_scaled: bool) -> str | None:
    """Return the format to make of a decoded picture, None: it stays as it is."""
    own: PixelFormat | None = shape.format
    if own is not None and own.name in _KEPT and not is_scaled:
        return None
    if own is not None and own.name in ("RGBA", "RGBX"):  # composed, which looks at each pixel
        return f"BGR{own.name[3]}"
    about = describe(shape.pix_fmt or "")
    has_alpha = about is not None and about.alpha
    if facts.has_alpha is not None:
        has_alpha = facts.has_alpha
    if about is not None and about.depth == 16:
        return "RGBA64" if has_alpha else "RGB48" if about.rgb else "GRAY16"
    return "BGRA" if has_alpha else "BGRX"


def _png_colors(facts: ImageFacts) -> VideoColorSpace | None:
    """Return what a PNG says of its colours, None: nothing, or nothing that has a name."""
    if facts.cicp is not None and facts.kind == "png":
        primaries, transfer, _, full = facts.cicp
        named = names_of(primaries, transfer, 0)
        if None not in named[:2]:
            return from_members((named[0], named[1], "rgb", bool(full)))
    if facts.gamma == 1:
        return from_members(("bt709", "linear", "rgb", True))
    return None
