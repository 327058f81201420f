"""The second half of the self-test: FFmpeg fills its structs by itself, and we read them.

`_selftest` compares what fresh objects hold, which says nothing about a field that is zero there.
Here options and functions of FFmpeg set sizes, colours and side data, a picture goes through the
decoder of raw video, and what comes out must be found where the layout says. Nothing is written
through the layout, and a pointer is followed only once it is known to be one.

A build without that decoder or encoder passes: what it has was checked.
"""

from __future__ import annotations

from typing import Any

from ffwebcodecs._ffi._checks import NOPTS, Checks

WIDTH, HEIGHT = 34, 18
SIZE = WIDTH * HEIGHT * 3 // 2
MATRIX_SIZE = 36
OPTIONS = {
    "video_size": f"{WIDTH}x{HEIGHT}",
    "pixel_format": "yuv420p",
    "aspect": "3:2",
    "b": "7654321",
    "profile": "77",
    "level": "33",
    "has_b_frames": "3",
    "field_order": "tb",
    "bits_per_raw_sample": "7",
    "color_primaries": "smpte432",
    "color_trc": "smpte2084",
    "colorspace": "bt2020nc",
    "color_range": "pc",
    "chroma_sample_location": "topleft",
    "codec_tag": str(0x30323449),
    "global_quality": "321",
    "time_base": "3/70",
}


class Box:
    """Owns what FFmpeg allocates here; leaving the block frees it."""

    def __init__(self, ffi: Any, struct: str, pointer: Any, free: Any) -> None:
        if not pointer:
            raise MemoryError(struct)
        self._owner = ffi.new(f"{struct} **", pointer)
        self._free = free

    def __enter__(self) -> Any:
        return self._owner[0]

    def __exit__(self, *exc_info: object) -> None:
        self._free(self._owner)


def check(checks: Checks, libs: dict[str, Any]) -> None:
    """Check the structs that carry pictures and packets."""
    _numbers(checks, libs)
    if checks.failed:
        return
    avcodec = libs["avcodec"]
    decoder = avcodec.avcodec_find_decoder_by_name(b"rawvideo")
    if decoder:
        _decode(checks, libs, decoder)
    sound = avcodec.avcodec_find_decoder_by_name(b"pcm_s16le")
    if sound and not checks.failed:
        _sound(checks, libs, sound)
    encoder = avcodec.avcodec_find_encoder_by_name(b"huffyuv")
    if encoder and not checks.failed:
        _encoder_header(checks, libs, encoder)


def _numbers(checks: Checks, libs: dict[str, Any]) -> None:
    """Compare tables that are constant in FFmpeg."""
    avutil, avcodec, ffi = libs["avutil"], libs["avcodec"], checks.ffi
    planar, rgb = avutil.AV_PIX_FMT_FLAG_PLANAR, avutil.AV_PIX_FMT_FLAG_RGB
    expected = {
        b"p010le": (3, 1, 1, planar, (0, 2, 0, 6, 10), (1, 4, 0, 6, 10), (1, 4, 2, 6, 10)),
        b"yuv422p12le": (3, 1, 0, planar, (0, 2, 0, 0, 12), (1, 2, 0, 0, 12), (2, 2, 0, 0, 12)),
        b"bgra": (4, 0, 0, rgb, (0, 4, 2, 0, 8), (0, 4, 1, 0, 8), (0, 4, 0, 0, 8)),
    }
    for name, (count, wide, high, flag, *components) in expected.items():
        about = avutil.av_pix_fmt_desc_get(avutil.av_get_pix_fmt(name))
        if not about:
            checks.equal(f"AVPixFmtDescriptor of {name.decode()}", None, name)
            continue
        checks.fields("AVPixFmtDescriptor", about, nb_components=count, log2_chroma_w=wide)
        checks.fields("AVPixFmtDescriptor", about, log2_chroma_h=high)
        checks.equal("AVPixFmtDescriptor.flags", bool(about.flags & flag), True)
        checks.equal("AVPixFmtDescriptor.flags", about.flags >> 16, 0)
        for comp, numbers in zip(about.comp, components, strict=False):
            plane, step, offset, shift, depth = numbers
            checks.fields("AVComponentDescriptor", comp, plane=plane, step=step, offset=offset)
            checks.fields("AVComponentDescriptor", comp, shift=shift, depth=depth)
        checks.own_string("AVPixFmtDescriptor.name", about.name, name)
    for name, reordered in ((b"h264", True), (b"mjpeg", False)):
        descriptor = avcodec.avcodec_descriptor_get_by_name(name)
        if not descriptor:
            continue
        checks.fields("AVCodecDescriptor", descriptor, type=avutil.AVMEDIA_TYPE_VIDEO)
        codec_id = getattr(avcodec, f"AV_CODEC_ID_{name.decode().upper()}")
        checks.fields("AVCodecDescriptor", descriptor, id=codec_id)
        for flag, holds in (("LOSSY", True), ("REORDER", reordered)):
            bit = getattr(avcodec, f"AV_CODEC_PROP_{flag}")
            checks.equal("AVCodecDescriptor.props", bool(descriptor.props & bit), holds)
        checks.equal("AVCodecDescriptor.props", descriptor.props >> 20, 0)
        checks.own_string("AVCodecDescriptor.name", descriptor.name, name)
    fresh = avcodec.avcodec_alloc_context3(ffi.NULL)
    with Box(ffi, "AVCodecContext", fresh, avcodec.avcodec_free_context) as context:
        option = avutil.av_opt_find(context, b"b", ffi.NULL, 0, 0)
        if option:
            video = avutil.AV_OPT_FLAG_VIDEO_PARAM | avutil.AV_OPT_FLAG_ENCODING_PARAM
            checks.fields("AVOption", option, type=avutil.AV_OPT_TYPE_INT64)
            checks.equal("AVOption.flags", option.flags & video, video)
            checks.equal("AVOption.flags", option.flags >> 24, 0)
            checks.own_string("AVOption.name", option.name, b"b")
    _dictionary(checks, libs)
    _filter(checks, libs)
    decoder = avcodec.avcodec_find_decoder_by_name(b"h264")
    if decoder:
        config = avcodec.avcodec_get_hw_config(decoder, 0)
        if config:
            about = avutil.av_pix_fmt_desc_get(config.pix_fmt)
            on_device = about and about.flags & avutil.AV_PIX_FMT_FLAG_HWACCEL
            checks.equal("AVCodecHWConfig.pix_fmt", bool(on_device), True)
            checks.equal("AVCodecHWConfig.methods", 0 < config.methods < 16, True)
            name = avutil.av_hwdevice_get_type_name(config.device_type)
            checks.equal("AVCodecHWConfig.device_type", bool(name), True)
        checks.own_string("AVCodec.name", decoder.name, b"h264")
        checks.fields("AVCodec", decoder, type=avutil.AVMEDIA_TYPE_VIDEO)
        checks.fields("AVCodec", decoder, id=avcodec.AV_CODEC_ID_H264)
        both = avcodec.AV_CODEC_CAP_DR1 | avcodec.AV_CODEC_CAP_FRAME_THREADS
        checks.equal("AVCodec.capabilities", decoder.capabilities & both, both)
        checks.equal("AVCodec.capabilities", decoder.capabilities >> 31 & 1, 0)


def _dictionary(checks: Checks, libs: dict[str, Any]) -> None:
    """Give two strings away to a dictionary, which keeps the very pointers."""
    avutil, ffi = libs["avutil"], checks.ffi
    owner = ffi.new("AVDictionary **")
    key, value = avutil.av_strdup(b"key"), avutil.av_strdup(b"value")
    if avutil.av_dict_set(owner, key, value, 4 | 8) < 0:  # AV_DICT_DONT_STRDUP_KEY and _VAL
        raise MemoryError("av_dict_set")
    entry = avutil.av_dict_get(owner[0], b"key", ffi.NULL, 0)
    checks.fields("AVDictionaryEntry", entry, key=key, value=value)
    avutil.av_dict_free(owner)


def _filter(checks: Checks, libs: dict[str, Any]) -> None:
    """Look at the filter that does nothing: it has parameters, and nothing private."""
    avcodec, ffi = libs["avcodec"], checks.ffi
    about = avcodec.av_bsf_get_by_name(b"null")
    owner = ffi.new("AVBSFContext **")
    if not about or avcodec.av_bsf_alloc(about, owner) < 0:
        return
    found = [int(ffi.cast("uintptr_t", getattr(owner[0], name))) for name in ("par_in", "par_out")]
    checks.equal("AVBSFContext.par_in", found[0] > 4096 and found[0] % 8 == 0, True)
    checks.equal("AVBSFContext.par_out", found[1] > 4096 and found[1] != found[0], True)
    avcodec.av_bsf_free(owner)


def _decode(checks: Checks, libs: dict[str, Any], decoder: Any) -> None:
    """Let the decoder of raw video make a frame, and look for what it was told."""
    avutil, avcodec, ffi = libs["avutil"], libs["avcodec"], checks.ffi
    null = ffi.NULL
    free = avcodec.avcodec_free_context
    with Box(ffi, "AVCodecContext", avcodec.avcodec_alloc_context3(decoder), free) as context:
        checks.fields("AVCodecContext", context, codec=decoder, codec_id=decoder.id)
        checks.fields("AVCodecContext", context, codec_type=avutil.AVMEDIA_TYPE_VIDEO)
        known = {
            name
            for name, value in OPTIONS.items()
            if avutil.av_opt_set(context, name.encode(), value.encode(), 0) >= 0
        }
        if len(known) < len(OPTIONS) or avcodec.avcodec_open2(context, null, null) < 0:
            checks.equal(f"options of AVCodecContext ({set(OPTIONS) - known})", False, True)
            return
        told = {
            "width": WIDTH,
            "height": HEIGHT,
            "sample_aspect_ratio": (3, 2),
            "color_primaries": avutil.AVCOL_PRI_SMPTE432,
            "color_trc": avutil.AVCOL_TRC_SMPTE2084,
            "color_range": avutil.AVCOL_RANGE_JPEG,
        }
        shared = {"profile": 77, "level": 33, "field_order": 4, "bits_per_raw_sample": 7}
        shared |= {"codec_tag": 0x30323449, "bit_rate": 7654321}
        space, topleft = avutil.AVCOL_SPC_BT2020_NCL, avutil.AVCHROMA_LOC_TOPLEFT
        pix_fmt = avutil.AV_PIX_FMT_YUV420P
        checks.fields("AVCodecContext", context, pix_fmt=pix_fmt, colorspace=space, has_b_frames=3)
        checks.fields("AVCodecContext", context, chroma_sample_location=topleft)
        checks.fields("AVCodecContext", context, global_quality=321, time_base=(3, 70))
        checks.fields("AVCodecContext", context, **told, **shared)
        parameters = avcodec.avcodec_parameters_alloc()
        with Box(ffi, "AVCodecParameters", parameters, avcodec.avcodec_parameters_free) as copied:
            avcodec.avcodec_parameters_from_context(copied, context)
            checks.fields("AVCodecParameters", copied, codec_type=0, codec_id=decoder.id)
            checks.fields("AVCodecParameters", copied, format=pix_fmt, color_space=space)
            checks.fields("AVCodecParameters", copied, chroma_location=topleft, video_delay=3)
            checks.fields("AVCodecParameters", copied, **told, **shared)
        if checks.failed:
            return
        with (
            Box(ffi, "AVPacket", avcodec.av_packet_alloc(), avcodec.av_packet_free) as packet,
            Box(ffi, "AVFrame", avutil.av_frame_alloc(), avutil.av_frame_free) as frame,
        ):
            if not _fill_packet(checks, libs, packet):
                return
            sent = avcodec.avcodec_send_packet(context, packet)
            if sent < 0 or avcodec.avcodec_receive_frame(context, frame) < 0:
                checks.equal("raw video", sent, 0)
                return
            checks.fields("AVFrame", frame, format=pix_fmt, colorspace=space, **told)
            checks.fields("AVFrame", frame, chroma_location=topleft, nb_side_data=1, pts=NOPTS)
            checks.fields("AVFrame", frame, decode_error_flags=0)
            checks.fields("AVFrame", frame, pict_type=avutil.AV_PICTURE_TYPE_I)
            if "key_frame" in dict(ffi.typeof("AVFrame").fields):
                checks.fields("AVFrame", frame, key_frame=1)
            else:
                key = frame.flags & avutil.AV_FRAME_FLAG_KEY and not frame.flags >> 8
                checks.equal("AVFrame.flags", bool(key), True)
            _look_at_picture(checks, libs, frame)


def _sound(checks: Checks, libs: dict[str, Any], decoder: Any) -> None:
    """Tell a context rate and channels, decode a few samples, and look for what it was told."""
    avutil, avcodec, ffi = libs["avutil"], libs["avcodec"], checks.ffi
    is_new = "ch_layout" in dict(ffi.typeof("AVCodecParameters").fields)
    layout = {"ch_layout": "2.1"} if is_new else {"channel_layout": "11", "ac": "3"}
    told = {"frame_size": 77, "block_align": 6}
    with (
        Box(
            *(ffi, "AVCodecContext", avcodec.avcodec_alloc_context3(decoder)),
            avcodec.avcodec_free_context,
        ) as context,
        Box(
            *(ffi, "AVCodecParameters", avcodec.avcodec_parameters_alloc()),
            avcodec.avcodec_parameters_free,
        ) as copied,
        Box(ffi, "AVPacket", avcodec.av_packet_alloc(), avcodec.av_packet_free) as packet,
        Box(ffi, "AVFrame", avutil.av_frame_alloc(), avutil.av_frame_free) as frame,
    ):
        for name, value in (layout | {"ar": 44123} | told).items():
            if avutil.av_opt_set(context, name.encode(), str(value).encode(), 0) < 0:
                return  # FFmpeg 5.0, where nobody reads channels through the layout of 5.1
        avcodec.avcodec_parameters_from_context(copied, context)
        checks.fields("AVCodecParameters", copied, sample_rate=44123, **told)
        _channels(checks, "AVCodecParameters", copied)
        null = ffi.NULL
        if avcodec.avcodec_open2(context, null, null) < 0 or avcodec.av_new_packet(packet, 30) < 0:
            checks.equal("AVCodecContext of sound", False, True)
            return
        s16 = avutil.AV_SAMPLE_FMT_S16
        checks.fields("AVCodecContext", context, sample_rate=44123, sample_fmt=s16)
        _channels(checks, "AVCodecContext", context)
        sent = avcodec.avcodec_send_packet(context, packet)
        if sent < 0 or avcodec.avcodec_receive_frame(context, frame) < 0:
            checks.equal("sound", sent, 0)
            return
        checks.fields("AVFrame", frame, sample_rate=44123, format=s16, nb_samples=5)
        _channels(checks, "AVFrame", frame)
        checks.fields("AVFrame", frame, nb_extended_buf=0, extended_buf=null)
    encoder = avcodec.avcodec_find_encoder_by_name(b"ac3")
    if encoder:
        # 48,000 Hz, planar floating point, and mono are the first that it takes.
        first = {"supported_samplerates": b"\x80\xbb", "sample_fmts": b"\x08"}
        first |= {"channel_layouts": b"\x04", "ch_layouts": b"\x01"}
        for name in first.keys() & dict(ffi.typeof("AVCodec").fields):
            checks.own_string(f"AVCodec.{name}", getattr(encoder, name), first[name])


def _channels(checks: Checks, struct: str, holder: Any) -> None:
    """Look for left, right and bass, under each name that the struct has for them."""
    fields = dict(checks.ffi.typeof(struct).fields)
    if "ch_layout" in fields:
        checks.fields(f"{struct}.ch_layout", holder.ch_layout, order=1, nb_channels=3)
    if "channels" in fields:
        checks.fields(struct, holder, channels=3, channel_layout=11)


def _fill_packet(checks: Checks, libs: dict[str, Any], packet: Any) -> bool:
    """Let FFmpeg put data and side data into a packet; return whether all is where it should be."""
    avcodec, ffi = libs["avcodec"], checks.ffi
    null = ffi.NULL
    checks.fields("AVPacket", packet, pts=NOPTS, dts=NOPTS, pos=-1, duration=0, buf=null)
    checks.fields("AVPacket", packet, data=null, size=0, side_data=null, side_data_elems=0)
    checks.fields("AVPacket", packet, stream_index=0, flags=0)
    if avcodec.av_new_packet(packet, SIZE) < 0:
        raise MemoryError("av_new_packet")
    checks.fields("AVPacket", packet, pts=NOPTS, dts=NOPTS, pos=-1, duration=0, size=SIZE)
    pointers = {int(ffi.cast("uintptr_t", getattr(packet, name))) for name in ("buf", "data")}
    checks.equal("AVPacket.buf and data", len(pointers) == 2 and 0 not in pointers, True)
    kind = avcodec.AV_PKT_DATA_DISPLAYMATRIX
    matrix = avcodec.av_packet_new_side_data(packet, kind, MATRIX_SIZE)
    if not matrix:
        raise MemoryError("av_packet_new_side_data")
    checks.fields("AVPacket", packet, side_data_elems=1, size=SIZE, flags=0)
    address = int(ffi.cast("uintptr_t", packet.side_data))
    checks.equal("AVPacket.side_data", address > 1 and address not in pointers, True)
    if checks.failed:
        return False
    checks.fields("AVPacketSideData", packet.side_data[0], data=matrix, size=MATRIX_SIZE, type=kind)
    # a tag for the picture: AV_PKT_DATA_STRINGS_METADATA, in memory that a function gave us
    tag = avcodec.av_packet_new_side_data(packet, avcodec.AV_PKT_DATA_SKIP_SAMPLES + 2, 4)
    if tag:
        ffi.memmove(tag, b"k\0v\0", 4)
    checks.fields("AVPacket", packet, side_data_elems=2)
    return not checks.failed


def _look_at_picture(checks: Checks, libs: dict[str, Any], frame: Any) -> None:
    avutil, ffi = libs["avutil"], checks.ffi
    strides = [frame.linesize[plane] for plane in range(8)]
    fit = strides[0] >= WIDTH and strides[1] == strides[2] >= WIDTH // 2 and not any(strides[3:])
    checks.equal("AVFrame.linesize", fit and strides[0] < 4096, True)
    start = [int(ffi.cast("uintptr_t", frame.data[plane])) for plane in range(8)]
    fit = start[1] - start[0] >= HEIGHT * WIDTH and start[2] - start[1] >= SIZE // 6
    checks.equal("AVFrame.data", fit and start[0] != 0 and not any(start[3:]), True)
    checks.equal("AVFrame.buf", bool(frame.buf[0]) and not any(frame.buf[1:8]), True)
    checks.equal("AVFrame.side_data", bool(frame.side_data), True)
    checks.equal("AVFrame.metadata", bool(frame.metadata), True)
    checks.fields("AVFrame", frame, hw_frames_ctx=ffi.NULL, opaque=ffi.NULL)
    if checks.failed:
        return
    buffer = frame.buf[0]
    first = int(ffi.cast("uintptr_t", buffer.data))
    inside = start[0] >= first and start[2] + SIZE // 6 <= first + buffer.size
    checks.equal("AVBufferRef", inside and buffer.size < 1 << 20, True)
    side = frame.side_data[0]
    checks.fields("AVFrameSideData", side, type=avutil.AV_FRAME_DATA_DISPLAYMATRIX)
    checks.fields("AVFrameSideData", side, size=MATRIX_SIZE, metadata=ffi.NULL)
    checks.equal("AVFrameSideData.data", bool(side.data), True)
    checks.equal("AVFrameSideData.buf", bool(side.buf), True)


def _encoder_header(checks: Checks, libs: dict[str, Any], encoder: Any) -> None:
    """Open an encoder that always writes a header."""
    avutil, avcodec, ffi = libs["avutil"], libs["avcodec"], checks.ffi
    free = avcodec.avcodec_free_context
    if "pix_fmts" in dict(ffi.typeof("AVCodec").fields):
        checks.own_string("AVCodec.pix_fmts", encoder.pix_fmts, bytes([avutil.AV_PIX_FMT_YUV422P]))
    with Box(ffi, "AVCodecContext", avcodec.avcodec_alloc_context3(encoder), free) as context:
        for name, value in (("video_size", "16x16"), ("pixel_format", "yuv422p")):
            avutil.av_opt_set(context, name.encode(), value.encode(), 0)
        avutil.av_opt_set(context, b"time_base", b"1/25", 0)
        if avcodec.avcodec_open2(context, ffi.NULL, ffi.NULL) < 0:
            return
        size = context.extradata_size
        checks.equal("AVCodecContext.extradata_size", 16 <= size <= 4096, True)
        checks.equal("AVCodecContext.extradata", bool(context.extradata), True)
        if checks.failed:
            return
        parameters = avcodec.avcodec_parameters_alloc()
        with Box(ffi, "AVCodecParameters", parameters, avcodec.avcodec_parameters_free) as copied:
            avcodec.avcodec_parameters_from_context(copied, context)
            checks.fields("AVCodecParameters", copied, extradata_size=size)
            checks.equal("AVCodecParameters.extradata", bool(copied.extradata), True)
            if not checks.failed:
                texts = [ffi.buffer(each.extradata, size)[:] for each in (copied, context)]
                checks.equal("extradata", texts[0], texts[1])
