"""What a file being written must know of its video."""

from __future__ import annotations

from ..._spec.frames.color import UNSPECIFIED
from ..codecs.parameters import StreamParameters
from .side_data import SideData


class VideoStream:
    """What a video stream is, in FFmpeg's terms; plain values."""

    __slots__ = (
        "alpha",
        "codec",
        "codec_tag",
        "color",
        "display_matrix",
        "disposition",
        "extradata",
        "height",
        "level",
        "native",
        "pix_fmt",
        "profile",
        "sample_aspect_ratio",
        "side_data",
        "tags",
        "timecode_rate",
        "width",
    )

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.codec_tag = 0
        self.extradata = b""
        self.width = 0
        self.height = 0
        self.profile: int | None = None
        self.level: int | None = None
        self.pix_fmt: str | None = None
        self.color = (*UNSPECIFIED, 0)
        self.sample_aspect_ratio = (0, 1)
        self.display_matrix: tuple[int, ...] | None = None
        self.native: StreamParameters | None = None
        self.alpha = False
        self.disposition: int | None = None
        self.timecode_rate: tuple[int, int] | None = None  # of what the timecode counts
        self.tags: dict[str, str] = {}
        self.side_data: tuple[SideData, ...] = ()
