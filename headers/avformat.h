/* What ffwebcodecs uses of libavformat; the conventions are those of avutil.h.
   Types and numbers come first: they need its headers only. The functions, after the line
   "//@ functions", are linked by an extension of their own, so that the package works without
   libavformat. Callbacks of AVIOContext are void *: see ffi_build.py for those in Python. io_open is Python
   (_av/files/opener.py). */

struct AVCodecTag;

typedef struct AVIOContext {
    const AVClass *av_class;
    unsigned char *buffer;
    int buffer_size;
    unsigned char *buf_ptr;
    unsigned char *buf_end;
    void *opaque;
    int64_t pos;
    int eof_reached;
    int error;
    int seekable;
    ...;
} AVIOContext;

typedef struct AVInputFormat {
    const char *name;
    const char *long_name;
    int flags;
    const char *extensions;
    const char *mime_type;
    ...;
} AVInputFormat;

typedef struct AVOutputFormat {
    const char *name;
    const char *long_name;
    const char *mime_type;
    const char *extensions;
    int audio_codec;
    int video_codec;
    int flags;
    const struct AVCodecTag *const *codec_tag;
    ...;
} AVOutputFormat;

typedef struct AVChapter {
    int id; //@ avformat<59
    int64_t id; //@ avformat>=59
    AVRational time_base;
    int64_t start;
    int64_t end;
    AVDictionary *metadata;
    ...;
} AVChapter;

typedef struct AVStream {
    int index;
    int id;
    AVCodecParameters *codecpar;
    void *priv_data;
    AVRational time_base;
    int64_t start_time;
    int64_t duration;
    int64_t nb_frames;
    int disposition;
    int discard;
    AVRational sample_aspect_ratio;
    AVDictionary *metadata;
    AVRational avg_frame_rate;
    AVPacket attached_pic;
    AVPacketSideData *side_data; //@ avformat<61
    int nb_side_data; //@ avformat<61
    int event_flags;
    AVRational r_frame_rate;
    int pts_wrap_bits; //@ avformat>=59
    ...;
} AVStream;

typedef struct AVFormatContext {
    const AVClass *av_class;
    AVInputFormat *iformat; //@ avformat<59
    const AVInputFormat *iformat; //@ avformat>=59
    AVOutputFormat *oformat; //@ avformat<59
    const AVOutputFormat *oformat; //@ avformat>=59
    void *priv_data;
    AVIOContext *pb;
    int ctx_flags;
    unsigned int nb_streams;
    AVStream **streams;
    char *url;
    int64_t start_time;
    int64_t duration;
    int64_t bit_rate;
    int max_delay;
    int flags;
    int64_t probesize;
    int64_t max_analyze_duration;
    unsigned int nb_chapters;
    AVChapter **chapters;
    AVDictionary *metadata;
    int error_recognition;
    int64_t max_interleave_delta;
    int strict_std_compliance;
    int avoid_negative_ts;
    int flush_packets;
    int duration_estimation_method;
    int (*io_open)(struct AVFormatContext *s, AVIOContext **pb, const char *url, int flags, AVDictionary **options);
    ...;
} AVFormatContext;

#define LIBAVFORMAT_VERSION_MAJOR ...
#define AVFMT_DURATION_FROM_BITRATE ...
#define AVFMT_NOFILE ...
#define AVFMT_SHOW_IDS ...
#define AVFMT_GLOBALHEADER ...
#define AVFMT_NOTIMESTAMPS ...
#define AVFMT_GENERIC_INDEX ...
#define AVFMT_TS_DISCONT ...
#define AVFMT_VARIABLE_FPS ...
#define AVFMT_NODIMENSIONS ...
#define AVFMT_NOSTREAMS ...
#define AVFMT_NOBINSEARCH ...
#define AVFMT_NOGENSEARCH ...
#define AVFMT_NO_BYTE_SEEK ...
#define AVFMT_TS_NONSTRICT ...
#define AVFMT_TS_NEGATIVE ...
#define AVFMT_SEEK_TO_PTS ...
#define AVFMT_FLAG_GENPTS ...
#define AVFMT_FLAG_IGNIDX ...
#define AVFMT_FLAG_NONBLOCK ...
#define AVFMT_FLAG_NOFILLIN ...
#define AVFMT_FLAG_NOPARSE ...
#define AVFMT_FLAG_NOBUFFER ...
#define AVFMT_FLAG_CUSTOM_IO ...
#define AVFMT_FLAG_DISCARD_CORRUPT ...
#define AVFMT_FLAG_FLUSH_PACKETS ...
#define AVFMT_FLAG_BITEXACT ...
#define AVFMT_AVOID_NEG_TS_AUTO ...
#define AVFMT_AVOID_NEG_TS_DISABLED ... //@ avformat>=59
#define AVFMT_AVOID_NEG_TS_MAKE_NON_NEGATIVE ...
#define AVFMT_AVOID_NEG_TS_MAKE_ZERO ...
#define AVFMTCTX_NOHEADER ...
#define AVFMTCTX_UNSEEKABLE ...
#define AVSEEK_FLAG_BACKWARD ...
#define AVSEEK_FLAG_BYTE ...
#define AVSEEK_FLAG_ANY ...
#define AVSEEK_FLAG_FRAME ...
#define AVSEEK_SIZE ...
#define AVSEEK_FORCE ...
#define AVIO_FLAG_READ ...
#define AVIO_FLAG_WRITE ...
#define AVIO_FLAG_READ_WRITE ...
#define AVIO_SEEKABLE_NORMAL ...
#define AV_DISPOSITION_DEFAULT ...
#define AV_DISPOSITION_ATTACHED_PIC ...

//@ functions
unsigned avformat_version(void);
const char *avformat_configuration(void);
const AVClass *avformat_get_class(void);

AVFormatContext *avformat_alloc_context(void);
void avformat_free_context(AVFormatContext *s);
int avformat_open_input(AVFormatContext **ps, const char *url, AVInputFormat *fmt, AVDictionary **options); //@ avformat<59
int avformat_open_input(AVFormatContext **ps, const char *url, const AVInputFormat *fmt, AVDictionary **options); //@ avformat>=59
int avformat_find_stream_info(AVFormatContext *ic, AVDictionary **options);
void avformat_close_input(AVFormatContext **s);
int avformat_seek_file(AVFormatContext *s, int stream_index, int64_t min_ts, int64_t ts, int64_t max_ts, int flags);
int av_index_search_timestamp(AVStream *st, int64_t timestamp, int flags);
int av_seek_frame(AVFormatContext *s, int stream_index, int64_t timestamp, int flags);
int avformat_flush(AVFormatContext *s);
int av_read_frame(AVFormatContext *s, AVPacket *pkt);
int av_find_best_stream(AVFormatContext *ic, int type, int wanted_stream_nb, int related_stream, AVCodec **decoder_ret, int flags); //@ avformat<59
int av_find_best_stream(AVFormatContext *ic, int type, int wanted_stream_nb, int related_stream, const AVCodec **decoder_ret, int flags); //@ avformat>=59
const AVInputFormat *av_find_input_format(const char *short_name);
const AVInputFormat *av_demuxer_iterate(void **opaque);
AVInputFormat *av_probe_input_format2(const void *pd, int is_opened, int *score_max); //@ avformat<59
const AVInputFormat *av_probe_input_format2(const void *pd, int is_opened, int *score_max); //@ avformat>=59
int av_probe_input_buffer2(AVIOContext *pb, AVInputFormat **fmt, const char *url, void *logctx, unsigned int offset, unsigned int max_probe_size); //@ avformat<59
int av_probe_input_buffer2(AVIOContext *pb, const AVInputFormat **fmt, const char *url, void *logctx, unsigned int offset, unsigned int max_probe_size); //@ avformat>=59
AVRational av_guess_frame_rate(AVFormatContext *ctx, AVStream *stream, AVFrame *frame);
AVRational av_guess_sample_aspect_ratio(AVFormatContext *format, AVStream *stream, AVFrame *frame);
uint8_t *av_stream_get_side_data(const AVStream *stream, int type, int *size); //@ avformat<59
uint8_t *av_stream_get_side_data(const AVStream *stream, int type, size_t *size); //@ avformat>=59 avformat<62
uint8_t *av_stream_new_side_data(AVStream *stream, int type, int size); //@ avformat<59
uint8_t *av_stream_new_side_data(AVStream *stream, int type, size_t size); //@ avformat>=59 avformat<62

AVOutputFormat *av_guess_format(const char *short_name, const char *filename, const char *mime_type); //@ avformat<59
const AVOutputFormat *av_guess_format(const char *short_name, const char *filename, const char *mime_type); //@ avformat>=59
const AVOutputFormat *av_muxer_iterate(void **opaque);
int avformat_alloc_output_context2(AVFormatContext **ctx, AVOutputFormat *oformat, const char *format_name, const char *filename); //@ avformat<59
int avformat_alloc_output_context2(AVFormatContext **ctx, const AVOutputFormat *oformat, const char *format_name, const char *filename); //@ avformat>=59
AVStream *avformat_new_stream(AVFormatContext *s, const AVCodec *c);
int avformat_query_codec(const AVOutputFormat *ofmt, int codec_id, int std_compliance);
unsigned int av_codec_get_tag(const struct AVCodecTag *const *tags, int id);
int av_codec_get_id(const struct AVCodecTag *const *tags, unsigned int tag);
int av_codec_get_tag2(const struct AVCodecTag *const *tags, int id, unsigned int *tag);
int avformat_init_output(AVFormatContext *s, AVDictionary **options);
int avformat_write_header(AVFormatContext *s, AVDictionary **options);
int av_write_frame(AVFormatContext *s, AVPacket *pkt);
int av_interleaved_write_frame(AVFormatContext *s, AVPacket *pkt);
int av_write_trailer(AVFormatContext *s);

int avio_open(AVIOContext **s, const char *url, int flags);
int avio_open2(AVIOContext **s, const char *url, int flags, const void *int_cb, AVDictionary **options);
int avio_close(AVIOContext *s);
int avio_closep(AVIOContext **s);
int avio_open_dyn_buf(AVIOContext **s);
int avio_close_dyn_buf(AVIOContext *s, uint8_t **pbuffer);
AVIOContext *avio_alloc_context(unsigned char *buffer, int buffer_size, int write_flag, void *opaque, void *read_packet, void *write_packet, void *seek);
void avio_context_free(AVIOContext **s);
void avio_flush(AVIOContext *s);
void avio_write(AVIOContext *s, const unsigned char *buf, int size);
int avio_read(AVIOContext *s, unsigned char *buf, int size);
int64_t avio_seek(AVIOContext *s, int64_t offset, int whence);
int64_t avio_size(AVIOContext *s);
