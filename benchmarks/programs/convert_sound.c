/* Convert a block of stereo between sample formats, over and over; the yardstick for
 * AudioData.copy_to.
 * usage: convert_sound FROM TO SAMPLES ROUNDS [swr]     (FFmpeg's names of the formats)
 * By plain loops, with WebCodecs' rule: below silence scaled by the minimum, above by the maximum.
 * With "swr" by libswresample, whose rule is a simpler one. */
#include "bench.h"
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>

static float to_float(const void *from, enum AVSampleFormat type, int index) {
    if (type == AV_SAMPLE_FMT_S16) {
        float d = ((const int16_t *)from)[index];
        return d < 0 ? d * (1 / 32768.0f) : d * (1 / 32767.0f);
    }
    if (type == AV_SAMPLE_FMT_S32)
        return ((const int32_t *)from)[index] * (1 / 2147483648.0f);
    return ((const float *)from)[index];
}

static void from_float(void *to, enum AVSampleFormat type, int index, float x) {
    if (type == AV_SAMPLE_FMT_S16) {
        x = x < 0 ? x * 32768.0f : x * 32767.0f;
        x = x != x ? 0 : x < -32768.0f ? -32768.0f : x > 32767.0f ? 32767.0f : x;
        ((int16_t *)to)[index] = (int16_t)x;
    } else
        ((float *)to)[index] = x;
}

/* One loop for each pair of types and layouts: the arguments are constant where it is called. */
static inline __attribute__((always_inline)) void loop(uint8_t **to, enum AVSampleFormat to_type, int to_step,
                                                       uint8_t **from, enum AVSampleFormat from_type, int from_step,
                                                       int samples) {
    if (to_step == 1 && from_step == 1) {
        for (int index = 0; index < 2 * samples; index++)
            from_float(to[0], to_type, index, to_float(from[0], from_type, index));
        return;
    }
    for (int channel = 0; channel < 2; channel++)
        for (int index = 0; index < samples; index++) {
            int source = from_step == 1 ? 2 * index + channel : index;
            int target = to_step == 1 ? 2 * index + channel : index;
            from_float(to[to_step == 1 ? 0 : channel], to_type, target,
                       to_float(from[from_step == 1 ? 0 : channel], from_type, source));
        }
}

static void by_loops(uint8_t **to, enum AVSampleFormat to_format, uint8_t **from, enum AVSampleFormat from_format,
                     int samples) {
#define PAIR(from_type, from_step, from_all, to_type, to_step, to_all) \
    if (from_format == AV_SAMPLE_FMT_##from_all && to_format == AV_SAMPLE_FMT_##to_all) { \
        loop(to, AV_SAMPLE_FMT_##to_type, to_step, from, AV_SAMPLE_FMT_##from_type, from_step, samples); \
        return; \
    }
    PAIR(S16, 1, S16, FLT, 1, FLT)
    PAIR(FLT, 1, FLT, S16, 1, S16)
    PAIR(S32, 1, S32, FLT, 1, FLT)
    PAIR(FLT, 2, FLTP, FLT, 1, FLT)
    PAIR(FLT, 1, FLT, FLT, 2, FLTP)
    PAIR(S16, 1, S16, FLT, 2, FLTP)
    if (from_format == to_format)
        av_samples_copy(to, from, 0, 0, samples, 2, from_format);
    else
        need(0, "there is no loop for these formats:");
}

static void measure(char **argv) {
    enum AVSampleFormat from = av_get_sample_fmt(argv[0]), to = av_get_sample_fmt(argv[1]);
    int samples = atoi(argv[2]), rounds = atoi(argv[3]);
    uint8_t **source, **target;
    need(av_samples_alloc_array_and_samples(&source, NULL, 2, samples, from, 0) >= 0, "av_samples_alloc");
    need(av_samples_alloc_array_and_samples(&target, NULL, 2, samples, to, 0) >= 0, "av_samples_alloc");
    av_samples_set_silence(source, 0, samples, 2, from);
    struct SwrContext *context = swr_alloc();
#if LIBSWRESAMPLE_VERSION_INT >= AV_VERSION_INT(4, 5, 100)
    av_opt_set(context, "in_chlayout", "stereo", 0);
    av_opt_set(context, "out_chlayout", "stereo", 0);
#else
    av_opt_set_int(context, "icl", AV_CH_LAYOUT_STEREO, 0);
    av_opt_set_int(context, "ocl", AV_CH_LAYOUT_STEREO, 0);
#endif
    av_opt_set_int(context, "isr", 48000, 0);
    av_opt_set_int(context, "osr", 48000, 0);
    av_opt_set_sample_fmt(context, "isf", from, 0);
    av_opt_set_sample_fmt(context, "osf", to, 0);
    need(swr_init(context) == 0, "swr_init");
    for (int round = -1; round < rounds; round++) {
        if (!round)
            begin();
        if (!argv[4])
            by_loops(target, to, source, from, samples);
        else
            need(swr_convert(context, target, samples, (void *)source, samples) == samples, "swr_convert");
    }
    end();
    measured.frames = rounds;
    swr_free(&context);
    av_freep(&source[0]);
    av_freep(&target[0]);
    av_freep(&source);
    av_freep(&target);
}

int main(int argc, char **argv) {
    need(argc >= 5, "usage: convert_sound FROM TO SAMPLES ROUNDS [swr];");
    return serve(measure, argv + 1);
}
