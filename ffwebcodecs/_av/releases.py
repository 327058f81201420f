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
def frame_has_key_field() -> bool:
    """Whether AVFrame has ``key_frame``: until FFmpeg 7. Since 6.1 there is AV_FRAME_FLAG_KEY."""
    return _ffi.has_field("AVFrame", "key_frame")


@cache
def frame_has_interlaced_field() -> bool:
    """Whether AVFrame has ``interlaced_frame``: until FFmpeg 7. Since 6.1 there is
    AV_FRAME_FLAG_INTERLACED.
    """
    return _ffi.has_field("AVFrame", "interlaced_frame")


@cache
def filters_take_colors() -> bool:
    """Whether the filter ``buffer`` has options for matrix and range: since FFmpeg 7.0."""
    # libavcodec's version: libavfilter is loaded only when something is filtered.
    return _ffi.version("avcodec") >= (61,)


@cache
def has_large_buffers() -> bool:
    """Whether a buffer may hold more bytes than a C ``int`` counts: since FFmpeg 5.0."""
    return _ffi.version("avutil") >= (57,)


@cache
def codec_lists_formats() -> bool:
    """Whether AVCodec has ``pix_fmts`` and the lists of its kind: until FFmpeg 8.
    ``avcodec_get_supported_config`` tells since 7.1.
    """
    return _ffi.has_field("AVCodec", "pix_fmts")


@cache
def regions_of_interest() -> int:
    """Return AV_FRAME_DATA_REGIONS_OF_INTEREST: two types before it went with FFmpeg 5.0."""
    return 18 if _ffi.version("avutil") >= (57,) else 20


@cache
def of_structs() -> tuple[int, int, int]:
    """Return by what another process's structs of libavutil are known to be the same: its version.
    They grow with any release; AVStereo3D is three times as long since FFmpeg 7.1.
    """
    return _ffi.version("avutil")


@cache
def parameters_have_side_data() -> bool:
    """Whether AVCodecParameters has ``coded_side_data``: since FFmpeg 7.0. The stream keeps what
    it holds before.
    """
    return _ffi.has_field("AVCodecParameters", "coded_side_data")


@cache
def has_channel_layouts() -> bool:
    """Whether AVCodecParameters has ``ch_layout``: since FFmpeg 5.1, ``channel_layout`` and
    ``channels`` before.
    """
    has_field = _ffi.has_field("AVCodecParameters", "ch_layout")
    return has_field and _ffi.version("avcodec") >= (59, 24)  # one layout for 5.0 and 5.1


@cache
def matroska_holds_rotation() -> bool:
    """Whether Matroska's ProjectionPoseRoll is written: since FFmpeg 6.1."""
    # libavcodec's version, since only what opens files asks libavformat anything.
    return _ffi.version("avcodec") >= (60, 31)


@cache
def mov_text_falls_over_fonts() -> bool:
    """Whether the encoder of MP4's subtitles reads what is not there where a font's name ends, and
    so ends the process: before FFmpeg 5.0.
    """
    return _ffi.version("avcodec") < (59,)


@cache
def matroska_adds_codec_delay() -> bool:
    """Whether the times of Opus that Matroska gets are moved by what its CodecDelay says, which
    readers take away again: since FFmpeg 6.1. Before, sound would be early by that.
    """
    # libavcodec's version, since only what opens files asks libavformat anything.
    return _ffi.version("avcodec") >= (60, 31)


@cache
def matroska_delays_all_sound() -> bool:
    """Whether Matroska says of all sound, not of Opus alone, how much comes before its beginning:
    since FFmpeg 9.0. Before, such packets move all others so that none lies before 0.
    """
    return _ffi.version("avcodec") >= (63,)


@cache
def mov_holds_space() -> bool:
    """Whether MOV says of stereo and spherical pictures that they are: since FFmpeg 7.1."""
    return _ffi.version("avcodec") >= (61, 19)


@cache
def writes_all_dispositions() -> bool:
    """Whether MP4 and Matroska say which stream is dubbed, a comment, for impaired people ..., and
    MP4 has colour profiles: since FFmpeg 5.0.
    """
    # libavcodec's version, since only what opens files asks libavformat anything.
    return _ffi.version("avcodec") >= (59,)


@cache
def http_ends_in_silence() -> bool:
    """Whether an HTTP connection that drops is no error but the film's end: before FFmpeg 5.0."""
    return _ffi.version("avcodec") < (59,)


@cache
def hls_goes_to_its_beginning() -> bool:
    """Whether a seek in HLS can lead to its first key frame: since FFmpeg 5.0."""
    return _ffi.version("avcodec") >= (59,)


@cache
def hls_fragments_seek() -> bool:
    """Whether HLS of fragmented MP4 is read from where a seek leads to: since FFmpeg 8.1; nothing,
    or garbage, before.
    """
    return _ffi.version("avcodec") >= (62, 28)


@cache
def converter_reads_past_rows() -> bool:
    """Whether libswscale's SIMD converter from YUV to RGB reads behind the last pixel of a row,
    beyond the end of a plane.

    Until FFmpeg 4.4 its loop loads the next 8 or 16 samples before it sees that there are none
    (`test_scale_memory`). Only guard pages show it.
    """
    return _ffi.version("swscale") < (6,)


@cache
def reads_avif() -> bool:
    """Whether stills in ISO files (AVIF) are read: since FFmpeg 5.1. Those before know tracks."""
    # libavcodec's version, since only what opens files asks libavformat anything.
    return _ffi.version("avcodec") >= (59, 37)


@cache
def apng_crashes() -> bool:
    """Whether the decoder of APNG is not used because it crashes: that of FFmpeg 4.3 did in each
    run of the whole suite, never alone; why is not known.
    """
    return _ffi.version("avcodec") < (59,)


@cache
def apng_waits_for_itself() -> bool:
    """Whether the threads of the APNG decoder wait for ever for a picture that is damaged: those of
    FFmpeg 5.1 do, 8.1 and 9.0 do not; taken to be so until 7.1, whose threads are others.
    """
    return _ffi.version("avcodec") < (61, 19)


@cache
def gif_clears_pictures() -> bool:
    """Whether the GIF encoder lets a transparent picture take the place of the one before: known of
    FFmpeg 5.0 and later. That of 4.3 lays it over that.
    """
    return _ffi.version("avcodec") >= (59,)


@cache
def orientation_is_old() -> bool:
    """Whether the orientation of a JPEG is a tag of the frame: until FFmpeg 4.4. There is a display
    matrix since, and that of H.264 and HEVC turns to the right side.
    """
    return _ffi.version("avutil") < (57,)


@cache
def decodes_usac() -> bool:
    """Whether the decoder of AAC knows xHE-AAC, audio object type 42: since FFmpeg 7.1."""
    return _ffi.version("avcodec") >= (61, 19)
