"""What differs between FFmpeg releases: one function a fact, asked once.

Each names the release that changed it, and nothing else in `_av` or above asks for a version or
whether a struct has a field. Known by version is only what cannot be seen: a field is looked for.
What an FFmpeg was built with differs as well, but not by its release: that is asked where it
matters.
"""

from __future__ import annotations

from functools import cache

from .. import _ffi


@cache
def frame_has_duration() -> bool:
    """Whether AVFrame's field is ``duration``: since FFmpeg 6.0, ``pkt_duration`` before."""
    return _ffi.has_field("AVFrame", "duration")


@cache
def codec_lists_formats() -> bool:
    """Whether AVCodec has ``pix_fmts``: until FFmpeg 8. ``avcodec_get_supported_config`` tells
    since 7.1.
    """
    return _ffi.has_field("AVCodec", "pix_fmts")


@cache
def regions_of_interest() -> int:
    """Return AV_FRAME_DATA_REGIONS_OF_INTEREST: two types before it went with FFmpeg 5.0."""
    return 18 if _ffi.version("avutil") >= (57,) else 20


@cache
def apng_crashes() -> bool:
    """Whether the decoder of APNG is not used because it crashes: that of FFmpeg 4.3 did in each
    run of the whole suite, never alone; why is not known.
    """
    return _ffi.version("avcodec") < (59,)
