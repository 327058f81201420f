"""write_frames: frames from anywhere become a file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._public import public
from .._spec.frames.rect import Rect
from ..frames.video_frame import VideoFrame
from ._encoding_options import EncodingOptions
from ._fields import Fields
from ._work import Work
from .muxer import Muxer
from .transcode_result import Progress, TranscodeResult


@public
def write_frames(
    frames: Iterable[VideoFrame],
    output: Any,
    *,
    codec: str | None = None,
    bitrate: int | str | None = None,
    quantizer: int | None = None,
    width: int | None = None,
    height: int | None = None,
    crop: Rect | Sequence[int] | Mapping[str, int] | None = None,
    framerate: float | None = None,
    format: str | None = None,
    alpha: str | None = None,
    background: str | None = None,
    latency_mode: str = "quality",
    hardware_acceleration: str = "no-preference",
    encoder_options: Mapping[str, Any] | None = None,
    threads: int | None = None,
    metadata: Mapping[str, str] | None = None,
    on_progress: Progress | None = None,
    several_files: bool = False,
) -> TranscodeResult:
    """Encode frames into a file: the other half of `read_frames`.

    Parameters
    ----------
    frames : iterable of VideoFrame
        In presentation order. Each is taken: it is closed when it has been encoded. A timestamp
        that repeats, or goes back by a tenth of a second at most, becomes one microsecond more than
        that of the frame before; one that goes back further is an error. So is it if three or more
        would be shown in an instant, less than 100 us each: then nobody counted, or in another
        unit. With `framerate`, frames that all have the same timestamp are numbered.
    output : path or writable binary file object
    codec, bitrate, quantizer, width, height, crop, framerate, format, alpha, background
        As for `transcode`.
    latency_mode, hardware_acceleration, encoder_options, threads, metadata, on_progress
        As for `transcode`.
    several_files
        As for `transcode`.

    Returns
    -------
    TranscodeResult

    Raises
    ------
    InvalidArgumentError, NotSupportedError, EncodingError, DataError, OSError
        As `transcode`; there is no output then, and none of no frames.

    Examples
    --------
    >>> write_frames(read_frames("clip.mp4", step=2), "fast.mp4")
    """
    options = EncodingOptions.parse(output, locals())  # the signature is their list
    began = time.monotonic()
    with Muxer(output, format=format, metadata=metadata, several_files=several_files) as muxer:
        work = Work(muxer, options)
        work.on_progress = on_progress
        work.fields = Fields(muxer._losses, "what is written", None, of_frames=True)
        try:
            for frame in frames:
                work.take(frame)
            work.finish()
        finally:
            work.writer.close()
    return work.result(time.monotonic() - began)
