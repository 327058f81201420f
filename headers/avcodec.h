/* What ffwebcodecs uses of libavcodec; the conventions are those of avutil.h. */

typedef struct AVPacketSideData {
    uint8_t *data;
    int size; //@ avcodec<59
    size_t size; //@ avcodec>=59
    int type;
    ...;
} AVPacketSideData;

typedef struct AVPacket {
    AVBufferRef *buf;
    int64_t pts;
    int64_t dts;
    uint8_t *data;
    int size;
    int stream_index;
    int flags;
    AVPacketSideData *side_data;
    int side_data_elems;
    int64_t duration;
    int64_t pos;
    void *opaque; //@ avcodec>=59
    AVBufferRef *opaque_ref; //@ avcodec>=59
    AVRational time_base; //@ avcodec>=59
    ...;
} AVPacket;

typedef struct AVProfile {
    int profile;
    const char *name;
    ...;
} AVProfile;

typedef struct AVCodecDescriptor {
    int id;
    int type;
    const char *name;
    const char *long_name;
    int props;
    const AVProfile *profiles;
    ...;
} AVCodecDescriptor;

typedef struct AVCodecHWConfig {
    int pix_fmt;
    int methods;
    int device_type;
    ...;
} AVCodecHWConfig;

typedef struct AVCodec {
    const char *name;
    const char *long_name;
    int type;
    int id;
    int capabilities;
    const enum AVPixelFormat *pix_fmts; //@ avcodec<63
    const int *supported_samplerates; //@ avcodec<63
    const enum AVSampleFormat *sample_fmts; //@ avcodec<63
    const uint64_t *channel_layouts; //@ avcodec<61
    const AVChannelLayout *ch_layouts; //@ avcodec>=59.24 avcodec<63
    const AVClass *priv_class;
    const AVProfile *profiles;
    const char *wrapper_name;
    ...;
} AVCodec;

typedef struct AVCodecContext {
    const AVClass *av_class;
    int codec_type;
    const AVCodec *codec;
    int codec_id;
    unsigned int codec_tag;
    void *priv_data;
    void *opaque;
    int64_t bit_rate;
    int global_quality;
    int compression_level;
    int flags;
    int flags2;
    uint8_t *extradata;
    int extradata_size;
    AVRational time_base;
    AVRational pkt_timebase;
    AVRational framerate;
    int delay;
    int width;
    int height;
    int coded_width;
    int coded_height;
    int gop_size;
    int pix_fmt;
    enum AVPixelFormat (*get_format)(struct AVCodecContext *s, const enum AVPixelFormat *fmt);
    int max_b_frames;
    int has_b_frames;
    AVRational sample_aspect_ratio;
    int keyint_min;
    int refs;
    int slices;
    int field_order;
    int color_primaries;
    int color_trc;
    int colorspace;
    int color_range;
    int chroma_sample_location;
    int (*get_buffer2)(struct AVCodecContext *s, AVFrame *frame, int flags);
    int qmin;
    int qmax;
    int rc_buffer_size;
    int64_t rc_max_rate;
    int64_t rc_min_rate;
    int strict_std_compliance;
    int err_recognition;
    int bits_per_coded_sample;
    int bits_per_raw_sample;
    int lowres;
    int thread_count;
    int thread_type;
    int active_thread_type;
    int profile;
    int level;
    int skip_frame;
    int skip_loop_filter;
    AVBufferRef *hw_frames_ctx;
    AVBufferRef *hw_device_ctx;
    int extra_hw_frames;
    int export_side_data;
    int sample_rate;
    int sample_fmt;
    int frame_size;
    int block_align;
    int cutoff;
    int request_sample_fmt;
    int initial_padding;
    int trailing_padding;
    int seek_preroll;
    uint64_t channel_layout; //@ avcodec<61
    int channels; //@ avcodec<61
    AVChannelLayout ch_layout; //@ avcodec>=59.24
    int64_t max_pixels;
    int apply_cropping;
    int sw_pix_fmt;
    uint8_t *subtitle_header;
    int subtitle_header_size;
    AVPacketSideData *coded_side_data;
    int nb_coded_side_data;
    int64_t frame_num; //@ avcodec>=60
    ...;
} AVCodecContext;

typedef struct AVCodecParameters {
    int codec_type;
    int codec_id;
    uint32_t codec_tag;
    uint8_t *extradata;
    int extradata_size;
    AVPacketSideData *coded_side_data; //@ avcodec>=61
    int nb_coded_side_data; //@ avcodec>=61
    int format;
    int64_t bit_rate;
    int bits_per_coded_sample;
    int bits_per_raw_sample;
    int profile;
    int level;
    int width;
    int height;
    AVRational sample_aspect_ratio;
    AVRational framerate; //@ avcodec>=60
    int field_order;
    int color_range;
    int color_primaries;
    int color_trc;
    int color_space;
    int chroma_location;
    int video_delay;
    uint64_t channel_layout; //@ avcodec<61
    int channels; //@ avcodec<61
    AVChannelLayout ch_layout; //@ avcodec>=59.24
    int sample_rate;
    int block_align;
    int frame_size;
    int initial_padding;
    int trailing_padding;
    int seek_preroll;
    ...;
} AVCodecParameters;

typedef struct AVCodecParserContext {
    void *priv_data;
    int pict_type;
    int64_t pts;
    int64_t dts;
    int flags;
    int key_frame;
    int64_t pos;
    int picture_structure;
    int output_picture_number;
    int width;
    int height;
    int coded_width;
    int coded_height;
    int format;
    ...;
} AVCodecParserContext;

typedef struct AVBitStreamFilter {
    const char *name;
    ...;
} AVBitStreamFilter;

typedef struct AVBSFContext {
    void *priv_data;
    AVCodecParameters *par_in;
    AVCodecParameters *par_out;
    AVRational time_base_in;
    AVRational time_base_out;
    ...;
} AVBSFContext;

typedef struct AVSubtitleRect AVSubtitleRect;

typedef struct AVSubtitle {
    uint16_t format;
    uint32_t start_display_time;
    uint32_t end_display_time;
    unsigned num_rects;
    AVSubtitleRect **rects;
    int64_t pts;
    ...;
} AVSubtitle;

unsigned avcodec_version(void);
const char *avcodec_configuration(void);

const AVCodec *avcodec_find_decoder(int id);
const AVCodec *avcodec_find_decoder_by_name(const char *name);
const AVCodec *avcodec_find_encoder(int id);
const AVCodec *avcodec_find_encoder_by_name(const char *name);
const AVCodec *av_codec_iterate(void **opaque);
int av_codec_is_decoder(const AVCodec *codec);
int av_codec_is_encoder(const AVCodec *codec);
const AVCodecHWConfig *avcodec_get_hw_config(const AVCodec *codec, int index);
int avcodec_get_supported_config(const AVCodecContext *avctx, const AVCodec *codec, int config, unsigned flags, const void **out_configs, int *out_num_configs); //@ avcodec>=61.13

const char *avcodec_get_name(int id);
int av_get_audio_frame_duration2(AVCodecParameters *par, int frame_bytes);
const AVCodecDescriptor *avcodec_descriptor_get(int id);
const AVCodecDescriptor *avcodec_descriptor_get_by_name(const char *name);
const AVCodecDescriptor *avcodec_descriptor_next(const AVCodecDescriptor *prev);
const char *av_get_profile_name(const AVCodec *codec, int profile);
const char *avcodec_profile_name(int codec_id, int profile);

AVCodecContext *avcodec_alloc_context3(const AVCodec *codec);
void avcodec_free_context(AVCodecContext **avctx);
int avcodec_open2(AVCodecContext *avctx, const AVCodec *codec, AVDictionary **options);
int avcodec_is_open(AVCodecContext *s);
void avcodec_flush_buffers(AVCodecContext *avctx);
const AVClass *avcodec_get_class(void);
int avcodec_send_packet(AVCodecContext *avctx, const AVPacket *avpkt);
int avcodec_receive_frame(AVCodecContext *avctx, AVFrame *frame);
int avcodec_send_frame(AVCodecContext *avctx, const AVFrame *frame);
int avcodec_receive_packet(AVCodecContext *avctx, AVPacket *avpkt);
int avcodec_decode_subtitle2(AVCodecContext *avctx, AVSubtitle *sub, int *got_sub_ptr, AVPacket *avpkt);
int avcodec_encode_subtitle(AVCodecContext *avctx, uint8_t *buf, int buf_size, const AVSubtitle *sub);
void avsubtitle_free(AVSubtitle *sub);
enum AVPixelFormat avcodec_default_get_format(AVCodecContext *s, const enum AVPixelFormat *fmt);
int avcodec_default_get_buffer2(AVCodecContext *s, AVFrame *frame, int flags);
int avcodec_get_hw_frames_parameters(AVCodecContext *avctx, AVBufferRef *device_ref, int hw_pix_fmt, AVBufferRef **out_frames_ref);

AVCodecParameters *avcodec_parameters_alloc(void);
void avcodec_parameters_free(AVCodecParameters **par);
int avcodec_parameters_copy(AVCodecParameters *dst, const AVCodecParameters *src);
int avcodec_parameters_from_context(AVCodecParameters *par, const AVCodecContext *codec);
int avcodec_parameters_to_context(AVCodecContext *codec, const AVCodecParameters *par);

AVPacket *av_packet_alloc(void);
void av_packet_free(AVPacket **pkt);
AVPacket *av_packet_clone(const AVPacket *src);
int av_packet_ref(AVPacket *dst, const AVPacket *src);
void av_packet_unref(AVPacket *pkt);
void av_packet_move_ref(AVPacket *dst, AVPacket *src);
int av_new_packet(AVPacket *pkt, int size);
int av_grow_packet(AVPacket *pkt, int grow_by);
void av_shrink_packet(AVPacket *pkt, int size);
int av_packet_from_data(AVPacket *pkt, uint8_t *data, int size);
int av_packet_make_refcounted(AVPacket *pkt);
int av_packet_copy_props(AVPacket *dst, const AVPacket *src);
void av_packet_rescale_ts(AVPacket *pkt, AVRational tb_src, AVRational tb_dst);
const char *av_packet_side_data_name(int type);
uint8_t *av_packet_new_side_data(AVPacket *pkt, int type, int size); //@ avcodec<59
uint8_t *av_packet_new_side_data(AVPacket *pkt, int type, size_t size); //@ avcodec>=59
int av_packet_add_side_data(AVPacket *pkt, int type, uint8_t *data, size_t size);
uint8_t *av_packet_get_side_data(const AVPacket *pkt, int type, int *size); //@ avcodec<59
uint8_t *av_packet_get_side_data(const AVPacket *pkt, int type, size_t *size); //@ avcodec>=59
const AVPacketSideData *av_packet_side_data_get(const AVPacketSideData *sd, int nb_sd, int type); //@ avcodec>=61
AVPacketSideData *av_packet_side_data_new(AVPacketSideData **psd, int *pnb_sd, int type, size_t size, int flags); //@ avcodec>=61

AVCodecParserContext *av_parser_init(int codec_id);
int av_parser_parse2(AVCodecParserContext *s, AVCodecContext *avctx, uint8_t **poutbuf, int *poutbuf_size, const uint8_t *buf, int buf_size, int64_t pts, int64_t dts, int64_t pos);
void av_parser_close(AVCodecParserContext *s);

const AVBitStreamFilter *av_bsf_get_by_name(const char *name);
const AVBitStreamFilter *av_bsf_iterate(void **opaque);
int av_bsf_alloc(const AVBitStreamFilter *filter, AVBSFContext **ctx);
int av_bsf_init(AVBSFContext *ctx);
int av_bsf_send_packet(AVBSFContext *ctx, AVPacket *pkt);
int av_bsf_receive_packet(AVBSFContext *ctx, AVPacket *pkt);
void av_bsf_flush(AVBSFContext *ctx);
void av_bsf_free(AVBSFContext **ctx);

#define LIBAVCODEC_VERSION_MAJOR ...
#define AV_INPUT_BUFFER_PADDING_SIZE ...

#define AV_CODEC_ID_NONE ...
#define AV_CODEC_ID_H264 ...
#define AV_CODEC_ID_HEVC ...
#define AV_CODEC_ID_VP8 ...
#define AV_CODEC_ID_VP9 ...
#define AV_CODEC_ID_AV1 ...
#define AV_CODEC_ID_MJPEG ...
#define AV_CODEC_ID_PNG ...
#define AV_CODEC_ID_VVC ... //@ avcodec>=59

#define AV_PROFILE_UNKNOWN ... //@ avcodec>=61

#define AV_PKT_FLAG_KEY ...
#define AV_PKT_FLAG_CORRUPT ...
#define AV_PKT_FLAG_DISCARD ...
#define AV_PKT_FLAG_DISPOSABLE ...
#define AV_PKT_DATA_NEW_EXTRADATA ...
#define AV_PKT_DATA_PARAM_CHANGE ...
#define AV_PKT_DATA_DISPLAYMATRIX ...
#define AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL ...
#define AV_PKT_DATA_SKIP_SAMPLES ...
#define AV_PKT_DATA_WEBVTT_SETTINGS ...
#define AV_PKT_DATA_ENCRYPTION_INFO ...

#define AV_CODEC_FLAG_UNALIGNED ...
#define AV_CODEC_FLAG_QSCALE ...
#define AV_CODEC_FLAG_OUTPUT_CORRUPT ...
#define AV_CODEC_FLAG_COPY_OPAQUE ... //@ avcodec>=61
#define AV_CODEC_FLAG_FRAME_DURATION ... //@ avcodec>=61
#define AV_CODEC_FLAG_GRAY ...
#define AV_CODEC_FLAG_LOW_DELAY ...
#define AV_CODEC_FLAG_GLOBAL_HEADER ...
#define AV_CODEC_FLAG_BITEXACT ...
#define AV_CODEC_FLAG_CLOSED_GOP ...
#define AV_CODEC_FLAG_INTERLACED_DCT ...
#define AV_CODEC_FLAG2_FAST ...
#define AV_CODEC_FLAG2_LOCAL_HEADER ...
#define AV_CODEC_FLAG2_CHUNKS ...
#define AV_CODEC_FLAG2_SHOW_ALL ...
#define AV_CODEC_FLAG2_SKIP_MANUAL ...
#define AV_EF_CRCCHECK ...
#define AV_EF_BITSTREAM ...
#define AV_EF_BUFFER ...
#define AV_EF_EXPLODE ...
#define AV_EF_IGNORE_ERR ...
#define AV_EF_CAREFUL ...
#define FF_THREAD_FRAME ...
#define FF_THREAD_SLICE ...
#define FF_COMPLIANCE_STRICT ...
#define FF_COMPLIANCE_NORMAL ...
#define FF_COMPLIANCE_UNOFFICIAL ...
#define FF_COMPLIANCE_EXPERIMENTAL ...
#define FF_LAMBDA_SHIFT ...
#define FF_QP2LAMBDA ...
#define AVDISCARD_NONE ...
#define AVDISCARD_DEFAULT ...
#define AVDISCARD_NONREF ...
#define AVDISCARD_NONKEY ...
#define AVDISCARD_ALL ...
#define AV_FIELD_UNKNOWN ...
#define AV_FIELD_PROGRESSIVE ...

#define AV_CODEC_CAP_DR1 ...
#define AV_CODEC_CAP_DELAY ...
#define AV_CODEC_CAP_SMALL_LAST_FRAME ...
#define AV_CODEC_CAP_VARIABLE_FRAME_SIZE ...
#define AV_CODEC_CAP_PARAM_CHANGE ...
#define AV_CODEC_CAP_EXPERIMENTAL ...
#define AV_CODEC_CAP_FRAME_THREADS ...
#define AV_CODEC_CAP_SLICE_THREADS ...
#define AV_CODEC_CAP_OTHER_THREADS ... //@ avcodec>=59
#define AV_CODEC_CAP_AVOID_PROBING ...
#define AV_CODEC_CAP_HARDWARE ...
#define AV_CODEC_CAP_HYBRID ...
#define AV_CODEC_CAP_ENCODER_REORDERED_OPAQUE ...
#define AV_CODEC_CAP_ENCODER_FLUSH ...
#define AV_CODEC_PROP_INTRA_ONLY ...
#define AV_CODEC_PROP_LOSSY ...
#define AV_CODEC_PROP_LOSSLESS ...
#define AV_CODEC_PROP_REORDER ...
#define AV_CODEC_PROP_TEXT_SUB ...
#define AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX ...
#define AV_CODEC_HW_CONFIG_METHOD_HW_FRAMES_CTX ...
#define AV_CODEC_HW_CONFIG_METHOD_INTERNAL ...
#define AV_CODEC_HW_CONFIG_METHOD_AD_HOC ...
#define AV_CODEC_CONFIG_PIX_FORMAT ... //@ avcodec>=61.13
#define AV_CODEC_CONFIG_FRAME_RATE ... //@ avcodec>=61.13
#define AV_CODEC_CONFIG_SAMPLE_RATE ... //@ avcodec>=61.13
#define AV_CODEC_CONFIG_SAMPLE_FORMAT ... //@ avcodec>=61.13
#define AV_CODEC_CONFIG_CHANNEL_LAYOUT ... //@ avcodec>=61.13
#define AV_CODEC_CONFIG_COLOR_RANGE ... //@ avcodec>=61.13
#define AV_CODEC_CONFIG_COLOR_SPACE ... //@ avcodec>=61.13
#define PARSER_FLAG_COMPLETE_FRAMES ...
