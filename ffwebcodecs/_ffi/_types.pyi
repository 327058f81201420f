"""The structs of headers/ as types, for type checkers alone: written by ffi_types.py.

A struct's class stands for the struct and for a pointer to it. A field that not every release has
says which ones do, as headers/ does.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar, overload

from typing_extensions import Self

_T = TypeVar("_T")
_Fields = TypeVar("_Fields")

class _Address:
    def __bool__(self) -> bool: ...
    def __add__(self, count: int) -> Self: ...
    @overload
    def __sub__(self, count: int) -> Self: ...
    @overload
    def __sub__(self, start: Self) -> int: ...
    def __lt__(self, other: Self) -> bool: ...
    def __le__(self, other: Self) -> bool: ...
    def __gt__(self, other: Self) -> bool: ...
    def __ge__(self, other: Self) -> bool: ...

class Pointer(_Address, Generic[_T]):
    """A pointer to a number, or to another pointer."""

    def __getitem__(self, index: int) -> _T: ...
    def __setitem__(self, index: int, value: _T) -> None: ...

class Array(Generic[_T]):
    """An array within a struct."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[_T]: ...
    def __getitem__(self, index: int) -> _T: ...
    def __setitem__(self, index: int, value: _T) -> None: ...
    def __add__(self, count: int) -> Pointer[_T]: ...

Bytes = Pointer[int] | Array[int]

class Struct(_Address):
    """A struct, or a pointer to one or to the first of several."""

    def __getitem__(self, index: int) -> Self: ...

class Value(Generic[_T, _Fields]):
    """A struct within a struct, which a tuple of its fields may be assigned to."""

    def __get__(self, holder: object, owner: object = None) -> _T: ...
    def __set__(self, holder: object, value: _T | _Fields) -> None: ...

class AVClass(Struct): ...
class AVBuffer(Struct): ...
class AVDictionary(Struct): ...

class AVRational(Struct):
    num: int
    den: int

class AVDictionaryEntry(Struct):
    key: Pointer[bytes]
    value: Pointer[bytes]

class AVBufferRef(Struct):
    buffer: AVBuffer
    data: Pointer[int]
    size: int

class AVFrameSideData(Struct):
    type: int
    data: Pointer[int]
    size: int
    metadata: AVDictionary
    buf: AVBufferRef

class AVChannelLayout(Struct):
    order: int  # avutil>=57.24
    nb_channels: int  # avutil>=57.24

class AVFrame(Struct):
    data: Array[Pointer[int]]
    linesize: Array[int]
    extended_data: Pointer[Pointer[int]]
    width: int
    height: int
    nb_samples: int
    format: int
    key_frame: int  # avutil<60
    pict_type: int
    sample_aspect_ratio: Value[AVRational, tuple[int, int]]
    pts: int
    pkt_dts: int
    time_base: Value[AVRational, tuple[int, int]]  # avutil>=57
    quality: int
    opaque: Any
    repeat_pict: int
    interlaced_frame: int  # avutil<60
    top_field_first: int  # avutil<60
    sample_rate: int
    channel_layout: int  # avutil<59
    buf: Array[AVBufferRef]
    extended_buf: Pointer[AVBufferRef]
    nb_extended_buf: int
    side_data: Pointer[AVFrameSideData]
    nb_side_data: int
    flags: int
    color_range: int
    color_primaries: int
    color_trc: int
    colorspace: int
    chroma_location: int
    best_effort_timestamp: int
    pkt_duration: int  # avutil<59
    metadata: AVDictionary
    decode_error_flags: int
    channels: int  # avutil<59
    hw_frames_ctx: AVBufferRef
    opaque_ref: AVBufferRef
    crop_top: int
    crop_bottom: int
    crop_left: int
    crop_right: int
    ch_layout: AVChannelLayout  # avutil>=57.24
    duration: int  # avutil>=58

class AVComponentDescriptor(Struct):
    plane: int
    step: int
    offset: int
    shift: int
    depth: int

class AVPixFmtDescriptor(Struct):
    name: Pointer[bytes]
    nb_components: int
    log2_chroma_w: int
    log2_chroma_h: int
    flags: int
    comp: Array[AVComponentDescriptor]
    alias: Pointer[bytes]

class AVHWDeviceContext(Struct):
    type: int
    hwctx: Any

class AVHWFramesContext(Struct):
    device_ref: AVBufferRef
    device_ctx: AVHWDeviceContext
    hwctx: Any
    initial_pool_size: int
    format: int
    sw_format: int
    width: int
    height: int

class AVHWFramesConstraints(Struct):
    valid_hw_formats: Pointer[int]
    valid_sw_formats: Pointer[int]
    min_width: int
    min_height: int
    max_width: int
    max_height: int

class AVOption(Struct):
    name: Pointer[bytes]
    help: Pointer[bytes]
    offset: int
    type: int
    flags: int
    unit: Pointer[bytes]

class AVSubtitleRect(Struct): ...

class AVPacketSideData(Struct):
    data: Pointer[int]
    size: int
    type: int

class AVPacket(Struct):
    buf: AVBufferRef
    pts: int
    dts: int
    data: Pointer[int]
    size: int
    stream_index: int
    flags: int
    side_data: AVPacketSideData
    side_data_elems: int
    duration: int
    pos: int
    opaque: Any  # avcodec>=59
    opaque_ref: AVBufferRef  # avcodec>=59
    time_base: Value[AVRational, tuple[int, int]]  # avcodec>=59

class AVProfile(Struct):
    profile: int
    name: Pointer[bytes]

class AVCodecDescriptor(Struct):
    id: int
    type: int
    name: Pointer[bytes]
    long_name: Pointer[bytes]
    props: int
    profiles: AVProfile

class AVCodecHWConfig(Struct):
    pix_fmt: int
    methods: int
    device_type: int

class AVCodec(Struct):
    name: Pointer[bytes]
    long_name: Pointer[bytes]
    type: int
    id: int
    capabilities: int
    pix_fmts: Pointer[int]  # avcodec<63
    supported_samplerates: Pointer[int]  # avcodec<63
    sample_fmts: Pointer[int]  # avcodec<63
    channel_layouts: Pointer[int]  # avcodec<61
    ch_layouts: AVChannelLayout  # avcodec>=59.24 avcodec<63
    priv_class: AVClass
    profiles: AVProfile
    wrapper_name: Pointer[bytes]

class AVCodecContext(Struct):
    av_class: AVClass
    codec_type: int
    codec: AVCodec
    codec_id: int
    codec_tag: int
    priv_data: Any
    opaque: Any
    bit_rate: int
    global_quality: int
    compression_level: int
    flags: int
    flags2: int
    extradata: Pointer[int]
    extradata_size: int
    time_base: Value[AVRational, tuple[int, int]]
    pkt_timebase: Value[AVRational, tuple[int, int]]
    framerate: Value[AVRational, tuple[int, int]]
    delay: int
    width: int
    height: int
    coded_width: int
    coded_height: int
    gop_size: int
    pix_fmt: int
    get_format: Any
    max_b_frames: int
    has_b_frames: int
    sample_aspect_ratio: Value[AVRational, tuple[int, int]]
    keyint_min: int
    refs: int
    slices: int
    field_order: int
    color_primaries: int
    color_trc: int
    colorspace: int
    color_range: int
    chroma_sample_location: int
    get_buffer2: Any
    qmin: int
    qmax: int
    rc_buffer_size: int
    rc_max_rate: int
    rc_min_rate: int
    strict_std_compliance: int
    err_recognition: int
    bits_per_coded_sample: int
    bits_per_raw_sample: int
    lowres: int
    thread_count: int
    thread_type: int
    active_thread_type: int
    profile: int
    level: int
    skip_frame: int
    skip_loop_filter: int
    hw_frames_ctx: AVBufferRef
    hw_device_ctx: AVBufferRef
    extra_hw_frames: int
    export_side_data: int
    sample_rate: int
    sample_fmt: int
    frame_size: int
    block_align: int
    cutoff: int
    request_sample_fmt: int
    initial_padding: int
    trailing_padding: int
    seek_preroll: int
    channel_layout: int  # avcodec<61
    channels: int  # avcodec<61
    ch_layout: AVChannelLayout  # avcodec>=59.24
    max_pixels: int
    apply_cropping: int
    sw_pix_fmt: int
    subtitle_header: Pointer[int]
    subtitle_header_size: int
    coded_side_data: AVPacketSideData
    nb_coded_side_data: int
    frame_num: int  # avcodec>=60

class AVCodecParameters(Struct):
    codec_type: int
    codec_id: int
    codec_tag: int
    extradata: Pointer[int]
    extradata_size: int
    coded_side_data: AVPacketSideData  # avcodec>=61
    nb_coded_side_data: int  # avcodec>=61
    format: int
    bit_rate: int
    bits_per_coded_sample: int
    bits_per_raw_sample: int
    profile: int
    level: int
    width: int
    height: int
    sample_aspect_ratio: Value[AVRational, tuple[int, int]]
    framerate: Value[AVRational, tuple[int, int]]  # avcodec>=60
    field_order: int
    color_range: int
    color_primaries: int
    color_trc: int
    color_space: int
    chroma_location: int
    video_delay: int
    channel_layout: int  # avcodec<61
    channels: int  # avcodec<61
    ch_layout: AVChannelLayout  # avcodec>=59.24
    sample_rate: int
    block_align: int
    frame_size: int
    initial_padding: int
    trailing_padding: int
    seek_preroll: int

class AVCodecParserContext(Struct):
    priv_data: Any
    pict_type: int
    pts: int
    dts: int
    flags: int
    key_frame: int
    pos: int
    picture_structure: int
    output_picture_number: int
    width: int
    height: int
    coded_width: int
    coded_height: int
    format: int

class AVBitStreamFilter(Struct):
    name: Pointer[bytes]

class AVBSFContext(Struct):
    priv_data: Any
    par_in: AVCodecParameters
    par_out: AVCodecParameters
    time_base_in: Value[AVRational, tuple[int, int]]
    time_base_out: Value[AVRational, tuple[int, int]]

class AVSubtitle(Struct):
    format: int
    start_display_time: int
    end_display_time: int
    num_rects: int
    rects: Pointer[AVSubtitleRect]
    pts: int

class SwsContext(Struct): ...
class SwsVector(Struct): ...
class SwsFilter(Struct): ...
class AVCodecTag(Struct): ...

class AVIOContext(Struct):
    av_class: AVClass
    buffer: Pointer[int]
    buffer_size: int
    buf_ptr: Pointer[int]
    buf_end: Pointer[int]
    opaque: Any
    pos: int
    eof_reached: int
    error: int
    seekable: int

class AVInputFormat(Struct):
    name: Pointer[bytes]
    long_name: Pointer[bytes]
    flags: int
    extensions: Pointer[bytes]
    mime_type: Pointer[bytes]

class AVOutputFormat(Struct):
    name: Pointer[bytes]
    long_name: Pointer[bytes]
    mime_type: Pointer[bytes]
    extensions: Pointer[bytes]
    audio_codec: int
    video_codec: int
    flags: int
    codec_tag: Pointer[AVCodecTag]

class AVChapter(Struct):
    id: int
    time_base: Value[AVRational, tuple[int, int]]
    start: int
    end: int
    metadata: AVDictionary

class AVStream(Struct):
    index: int
    id: int
    codecpar: AVCodecParameters
    priv_data: Any
    time_base: Value[AVRational, tuple[int, int]]
    start_time: int
    duration: int
    nb_frames: int
    disposition: int
    discard: int
    sample_aspect_ratio: Value[AVRational, tuple[int, int]]
    metadata: AVDictionary
    avg_frame_rate: Value[AVRational, tuple[int, int]]
    attached_pic: AVPacket
    side_data: AVPacketSideData  # avformat<61
    nb_side_data: int  # avformat<61
    event_flags: int
    r_frame_rate: Value[AVRational, tuple[int, int]]
    pts_wrap_bits: int  # avformat>=59

class AVFormatContext(Struct):
    av_class: AVClass
    iformat: AVInputFormat
    oformat: AVOutputFormat
    priv_data: Any
    pb: AVIOContext
    ctx_flags: int
    nb_streams: int
    streams: Pointer[AVStream]
    url: Pointer[bytes]
    start_time: int
    duration: int
    bit_rate: int
    max_delay: int
    flags: int
    probesize: int
    max_analyze_duration: int
    nb_chapters: int
    chapters: Pointer[AVChapter]
    metadata: AVDictionary
    error_recognition: int
    max_interleave_delta: int
    strict_std_compliance: int
    avoid_negative_ts: int
    flush_packets: int
    duration_estimation_method: int
    io_open: Any

class SwrContext(Struct): ...
class AVFilter(Struct): ...
class AVFilterContext(Struct): ...
class AVFilterGraph(Struct): ...
