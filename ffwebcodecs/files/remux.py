"""remux: a file's streams in another container, without decoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._public import public
from .._spec.codecs.picture_limit import MAX_PIXELS
from ._conversion import Metadata
from ._remuxing import Remuxing
from .transcode_result import Progress, TranscodeResult


@public
def remux(
    input: Any,
    output: Any,
    *,
    start: int | None = None,
    stop: int | None = None,
    keep_start: bool = False,
    audio: bool = True,
    subtitles: bool = True,
    format: str | None = None,
    metadata: Metadata = None,
    on_progress: Progress | None = None,
    several_files: bool = False,
    errors: str = "raise",
    strict: bool = False,
    input_format: str | None = None,
    input_options: Mapping[str, Any] | None = None,
    playlists: bool | str | None = None,
    max_pixels: int | None = MAX_PIXELS,
    timeout: float | None = None,
    stream: int | None = None,
    require_all: bool = False,
) -> TranscodeResult:
    """Put a file's streams into another container, without decoding: every packet stays as it is.

    Parameters
    ----------
    input : path, bytes-like or binary file object
    output : path or writable binary file object
    keep_start, audio, subtitles, format, metadata, on_progress, several_files
    input_format, input_options, playlists, max_pixels, timeout, stream, require_all
        As for `transcode`.
    errors : {"raise", "skip"}, optional
        "skip" reads on behind what of the input cannot be read. Packets are not looked into.
    strict : bool, optional
        True: an input that ends before it should by what its own index or header says is an
        EncodingError, instead of a UserWarning; so is a packet that is damaged, or that the output
        cannot hold, which is left out otherwise.

    Returns
    -------
    TranscodeResult
        Its frames are packets of the video.

    Raises
    ------
    InvalidArgumentError, NotSupportedError, EncodingError, OSError, TimeoutError
        As `transcode`; there is no output then.
    """
    given = dict(locals())  # the signature is the list of options
    return Remuxing(input, output, given).run()
