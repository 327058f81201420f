/* What ffwebcodecs uses of libswresample, which is loaded when samples are converted; the
   conventions are those of avutil.h. Both modes reach it by its functions' addresses, so the
   functions become the fields of a struct (ffi_build.py), and gates name libavutil. */

typedef struct SwrContext SwrContext;

unsigned swresample_version(void);
const char *swresample_configuration(void);
SwrContext *swr_alloc(void);
SwrContext *swr_alloc_set_opts(SwrContext *context, int64_t out_layout, int out_format, int out_rate, int64_t in_layout, int in_format, int in_rate, int log_offset, void *log_context); //@ avutil<59
int swr_alloc_set_opts2(SwrContext **context, AVChannelLayout *out_layout, int out_format, int out_rate, AVChannelLayout *in_layout, int in_format, int in_rate, int log_offset, void *log_context); //@ avutil>=57.24 avutil<58
int swr_alloc_set_opts2(SwrContext **context, const AVChannelLayout *out_layout, int out_format, int out_rate, const AVChannelLayout *in_layout, int in_format, int in_rate, int log_offset, void *log_context); //@ avutil>=58
int swr_init(SwrContext *context);
int swr_is_initialized(SwrContext *context);
void swr_close(SwrContext *context);
void swr_free(SwrContext **context);
int swr_config_frame(SwrContext *context, const AVFrame *out, const AVFrame *in);
int swr_convert(SwrContext *context, uint8_t **out, int out_count, const uint8_t **in, int in_count); //@ avutil<59
int swr_convert(SwrContext *context, uint8_t *const *out, int out_count, const uint8_t *const *in, int in_count); //@ avutil>=59
int swr_convert_frame(SwrContext *context, AVFrame *out, const AVFrame *in);
int64_t swr_get_delay(SwrContext *context, int64_t base);
int swr_get_out_samples(SwrContext *context, int in_samples);
int swr_drop_output(SwrContext *context, int count);
int swr_inject_silence(SwrContext *context, int count);
