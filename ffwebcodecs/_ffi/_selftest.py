"""Prove a recorded layout against the library in hand, reading only.

A wrong layout is a crash, so ABI mode runs these checks before it writes to any struct: what
FFmpeg itself puts into fresh objects, where FFmpeg's own option tables say a field is, and a few
numbers looked up by name; if all that fits, `_selfuse` goes on with what FFmpeg fills in when it
works. A wrong table fails several of them; the right one fails none. FFmpeg allocates and frees
every object here, and writes all that is written.
"""

from __future__ import annotations

from typing import Any

from ffwebcodecs._ffi import _selfuse
from ffwebcodecs._ffi._checks import NOPTS, Checks

UNSPECIFIED = 2  # of primaries, transfer and matrix alike (H.273)

CODEC_OPTIONS = {
    "b": "bit_rate",
    "err_detect": "err_recognition",
    "g": "gop_size",
    "bf": "max_b_frames",
    "flags": "flags",
    "flags2": "flags2",
    "time_base": "time_base",
    "pkt_timebase": "pkt_timebase",
    "threads": "thread_count",
    "thread_type": "thread_type",
    "qmin": "qmin",
    "qmax": "qmax",
    "bufsize": "rc_buffer_size",
    "maxrate": "rc_max_rate",
    "refs": "refs",
    "color_primaries": "color_primaries",
    "colorspace": "colorspace",
    "color_range": "color_range",
    "strict": "strict_std_compliance",
    "max_pixels": "max_pixels",
    "apply_cropping": "apply_cropping",
    "extra_hw_frames": "extra_hw_frames",
    "lowres": "lowres",
    "skip_frame": "skip_frame",
    "ar": "sample_rate",
    "frame_size": "frame_size",
    "block_align": "block_align",
    "cutoff": "cutoff",
    "request_sample_fmt": "request_sample_fmt",
}
FORMAT_OPTIONS = {
    "probesize": "probesize",
    "fflags": "flags",
    "analyzeduration": "max_analyze_duration",
    "max_delay": "max_delay",
    "strict": "strict_std_compliance",
    "max_interleave_delta": "max_interleave_delta",
    "avoid_negative_ts": "avoid_negative_ts",
    "flush_packets": "flush_packets",
    "err_detect": "error_recognition",
}


def check(ffi: Any, libs: dict[str, Any]) -> list[str]:
    """Check libavutil and libavcodec; returns the names of what does not fit."""
    avutil, avcodec = libs["avutil"], libs["avcodec"]
    checks = Checks(ffi)
    null = ffi.NULL

    hevc = avcodec.avcodec_descriptor_get_by_name(b"hevc")
    av1 = avcodec.avcodec_descriptor_get_by_name(b"av1")
    checks.equal("AV_CODEC_ID_HEVC", hevc.id if hevc else None, avcodec.AV_CODEC_ID_HEVC)
    checks.equal("AV_CODEC_ID_AV1", av1.id if av1 else None, avcodec.AV_CODEC_ID_AV1)
    for name in ("p010le", "yuv420p12le", "vulkan"):
        constant = getattr(avutil, f"AV_PIX_FMT_{name.upper()}")
        checks.equal(f"AV_PIX_FMT_{name}", avutil.av_get_pix_fmt(name.encode()), constant)

    owner = ffi.new("AVFrame **", avutil.av_frame_alloc())
    frame = owner[0]
    if not frame:
        raise MemoryError("av_frame_alloc")
    try:
        checks.fields("AVFrame", frame, pts=NOPTS, pkt_dts=NOPTS, best_effort_timestamp=NOPTS)
        checks.fields("AVFrame", frame, format=-1, sample_aspect_ratio=(0, 1), opaque=null)
        checks.fields("AVFrame", frame, color_primaries=UNSPECIFIED, color_trc=UNSPECIFIED)
        checks.fields("AVFrame", frame, colorspace=UNSPECIFIED, nb_side_data=0, metadata=null)
        checks.fields("AVFrame", frame, hw_frames_ctx=null, opaque_ref=null, crop_right=0)
        # extended_data points at the frame's own data, which is its first field
        checks.equal("AVFrame.extended_data", frame.extended_data, ffi.cast("uint8_t **", frame))
    finally:
        avutil.av_frame_free(owner)

    holder = ffi.new("AVCodecContext **", avcodec.avcodec_alloc_context3(null))
    context = holder[0]
    if not context:
        raise MemoryError("avcodec_alloc_context3")
    try:
        checks.options("AVCodecContext", avutil, context, CODEC_OPTIONS)
        checks.fields("AVCodecContext", context, pix_fmt=-1, sw_pix_fmt=-1, framerate=(0, 1))
        checks.fields("AVCodecContext", context, sample_fmt=-1)
        checks.fields("AVCodecContext", context, codec_type=-1, extradata=null, extradata_size=0)
        checks.fields("AVCodecContext", context, hw_frames_ctx=null, hw_device_ctx=null)
        for field in ("get_format", "get_buffer2"):
            default = ffi.addressof(avcodec, f"avcodec_default_{field}")
            checks.equal(f"AVCodecContext.{field}", getattr(context, field), default)
    finally:
        avcodec.avcodec_free_context(holder)

    parameters = ffi.new("AVCodecParameters **", avcodec.avcodec_parameters_alloc())
    if not parameters[0]:
        raise MemoryError("avcodec_parameters_alloc")
    try:
        checks.fields("AVCodecParameters", parameters[0], codec_type=-1, format=-1)
        checks.fields("AVCodecParameters", parameters[0], profile=-99, level=-99)
        checks.fields("AVCodecParameters", parameters[0], sample_aspect_ratio=(0, 1), width=0)
        checks.fields("AVCodecParameters", parameters[0], color_space=UNSPECIFIED)
    finally:
        avcodec.avcodec_parameters_free(parameters)
    if not checks.failed:
        _selfuse.check(checks, libs)
    return list(dict.fromkeys(checks.failed))


def check_avformat(ffi: Any, libs: dict[str, Any], avformat: Any) -> list[str]:
    """Check libavformat; returns the names of what does not fit."""
    checks = Checks(ffi)
    null = ffi.NULL
    context = avformat.avformat_alloc_context()
    if not context:
        raise MemoryError("avformat_alloc_context")
    try:
        checks.options("AVFormatContext", libs["avutil"], context, FORMAT_OPTIONS)
        checks.fields("AVFormatContext", context, iformat=null, oformat=null, pb=null)
        checks.fields("AVFormatContext", context, nb_streams=0, metadata=null, url=null)
        checks.fields("AVFormatContext", context, streams=null, priv_data=null)
        # The function that closes follows the one that opens.
        opens = ffi.cast("char *", context) + ffi.offsetof("AVFormatContext", "io_open")
        checks.own_functions("AVFormatContext.io_open", opens, avformat.avformat_version)
        for field in ("duration", "start_time"):  # 0 until a header is read, in some releases
            known = getattr(context, field) in (0, NOPTS)
            checks.equal(f"AVFormatContext.{field}", known, True)
        if checks.failed:
            return checks.failed
        stream = avformat.avformat_new_stream(context, null)
        if not stream:
            raise MemoryError("avformat_new_stream")
        checks.fields("AVFormatContext", context, nb_streams=1, pb=null, metadata=null)
        # of the pointers only this one has changed: no other field may be followed
        address = int(ffi.cast("uintptr_t", context.streams))
        checks.equal("AVFormatContext.streams", address > 4096 and address % 8 == 0, True)
        if checks.failed:
            return checks.failed
        checks.equal("AVFormatContext.streams", context.streams[0], stream)
        checks.fields("AVStream", stream, index=0, start_time=NOPTS, duration=NOPTS, nb_frames=0)
        checks.fields("AVStream", stream, sample_aspect_ratio=(0, 1), metadata=null)
        address = int(ffi.cast("uintptr_t", stream.codecpar))
        checks.equal("AVStream.codecpar", address > 4096 and address % 8 == 0, True)
        if checks.failed:
            return checks.failed
        checks.fields("AVStream.codecpar", stream.codecpar, codec_type=-1, format=-1)
        _formats(checks, avformat)
    finally:
        avformat.avformat_free_context(context)
    return checks.failed


def _formats(checks: Checks, avformat: Any) -> None:
    """Look at containers whose properties have always been the same."""
    muxer = avformat.av_guess_format(b"matroska", checks.ffi.NULL, checks.ffi.NULL)
    if muxer:
        checks.own_string("AVOutputFormat.name", muxer.name, b"matroska")
        both = avformat.AVFMT_GLOBALHEADER | avformat.AVFMT_VARIABLE_FPS
        checks.equal("AVOutputFormat.flags", muxer.flags & both, both)
        checks.equal("AVOutputFormat.flags", muxer.flags >> 24, 0)
        raw = avformat.av_guess_format(b"rawvideo", checks.ffi.NULL, checks.ffi.NULL)
        if raw:  # the other way round: half of a pointer is not both
            found = raw.flags & (both | avformat.AVFMT_NOTIMESTAMPS)
            checks.equal("AVOutputFormat.flags", found, avformat.AVFMT_NOTIMESTAMPS)
        checks.equal("AVOutputFormat.codec_tag", bool(muxer.codec_tag), True)
    demuxer = avformat.av_find_input_format(b"mov")
    if demuxer:
        checks.own_string("AVInputFormat.name", demuxer.name, b"mov,mp4,m4a,3gp,3g2,mj2")
        seeks = avformat.AVFMT_SEEK_TO_PTS
        checks.equal("AVInputFormat.flags", demuxer.flags & seeks, seeks)
        checks.equal("AVInputFormat.flags", demuxer.flags >> 28, 0)
