"""One way to open a file, with a decoder for its video or without."""

from __future__ import annotations

from typing import Any

from .._av.files.demux import DemuxerCore
from .._av.files.opening import DEFAULT, Opening
from .._runtime.helper import HelperThread
from .._spec.codecs.config import VideoDecoderConfig
from ..codecs._decoding import Core, open_decoder
from ..codecs._file_colors import with_colors
from ..frames._shape import ShapeCache
from ._input_options import limited
from ._stream_config import parsed_config


class OpenFile:
    """An open file and the configuration of its video, parsed; `close` closes it."""

    __slots__ = ("config", "demuxer")

    def __init__(self, demuxer: DemuxerCore, config: VideoDecoderConfig) -> None:
        self.demuxer = demuxer
        self.config = config

    def close(self) -> None:
        """Close the file; twice is fine."""
        self.demuxer.close()


class DecodedFile(OpenFile):
    """An open file, the decoder of its video, and the shapes of the frames that this gives."""

    __slots__ = ("decoder", "shapes")

    def __init__(self, file: OpenFile, decoder: Core, shapes: ShapeCache) -> None:
        super().__init__(file.demuxer, file.config)
        self.decoder = decoder
        self.shapes = shapes

    def close(self) -> None:
        """Close decoder and file; twice is fine."""
        self.decoder.close()
        super().close()


def open_file(
    source: Any,
    config: VideoDecoderConfig | None = None,
    opening: Opening = DEFAULT,
    *,
    all_streams: bool = False,
) -> OpenFile:
    """Open a file; if that fails, nothing is left open.

    Parameters
    ----------
    source : path, bytes-like, binary file object, or DemuxerCore
        An open one is taken.
    config : VideoDecoderConfig, optional
        A parsed one; default: the file's own.
    opening : Opening
        How to open it.
    all_streams : bool
        Read the other streams too, which are copied.

    Raises
    ------
    OSError
        The operating system refuses the file.
    EncodingError
        FFmpeg cannot make sense of the content.
    NotSupportedError
        There is no video in it.
    """
    demuxer = source
    if not isinstance(source, DemuxerCore):
        demuxer = DemuxerCore(source, opening, all_streams=all_streams, helper=HelperThread)
    try:
        used = config or parsed_config(demuxer.info, opening.max_pixels)
        return OpenFile(demuxer, with_colors(used, opening.color_space))
    except BaseException:
        demuxer.close()
        raise


def open_for_decoding(
    source: Any,
    config: VideoDecoderConfig | None = None,
    opening: Opening = DEFAULT,
    *,
    all_streams: bool = False,
    threads: int | None = None,
    hardware_acceleration: str = "no-preference",
    explode: bool = False,
) -> DecodedFile:
    """Open a file as `open_file` does, and a decoder as `open_decoder` does."""
    file = open_file(source, config, opening, all_streams=all_streams)
    try:
        file.config = limited(file.config, opening.max_pixels)
        decoder, shapes = open_decoder(
            file.config,
            threads=threads,
            preference=hardware_acceleration,
            explode=explode,
            # Each would hold back a frame; who names a number wants them all the same.
            frame_threads=not opening.live or threads is not None,
        )
    except BaseException:
        file.close()
        raise
    return DecodedFile(file, decoder, shapes)
