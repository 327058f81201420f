/* Convert one picture again and again with a reused SwsContext into a reused buffer; the yardstick for copy_to.
 * usage: convert FROM TO WIDTH HEIGHT TO_WIDTH TO_HEIGHT FULL ROUNDS FLAGS...
 *        convert copy - WIDTH HEIGHT TO_WIDTH TO_HEIGHT - ROUNDS   (memcpy of 4 bytes a pixel, a figure)
 * Of several FLAGS, which give the same pixels, those that turn out the fastest here are taken. With an "x" behind
 * them BGR is asked for, and U and V are exchanged, which makes RGB: libswscale has SIMD for that order alone. */
#include "bench.h"
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

static uint8_t *source[4], *exchanged[4], *target[4];
static int source_strides[4], target_strides[4], height;
static struct SwsContext *converter;
static size_t copied;
static int is_exchanged;

static void once(void) {
    if (copied)
        memcpy(target[0], source[0], copied);
    else
        sws_scale(converter, (const uint8_t *const *)(is_exchanged ? exchanged : source), source_strides, 0, height, target,
                  target_strides);
}

static double fastest_of(int times) {
    double best = 1e9;
    while (times--) {
        double start = time_of(CLOCK_MONOTONIC);
        once();
        double taken = time_of(CLOCK_MONOTONIC) - start;
        best = taken < best ? taken : best;
    }
    return best;
}

static void measure(char **argv) {
    int rounds = atoi(argv[7]);
    once();
    begin();
    for (; measured.frames < rounds; measured.frames++)
        once();
    end();
}

static void prepare(int argc, char **argv) {
    enum AVPixelFormat from = av_get_pix_fmt(argv[0]), to = av_get_pix_fmt(argv[1]);
    int width = atoi(argv[2]), to_width = atoi(argv[4]), to_height = atoi(argv[5]), full = atoi(argv[6]);
    need(av_image_alloc(source, source_strides, width, height, from, 64) > 0, "av_image_alloc");
    need(av_image_alloc(target, target_strides, to_width, to_height, to, 64) > 0, "av_image_alloc");
    int deep = av_pix_fmt_desc_get(from)->comp[0].depth > 8;
    int size = av_image_get_buffer_size(from, width, height, 64);
    for (int i = 0; i < size; i++)
        source[0][i] = deep && i % 2 ? i / 2 * 7 % 4 : 16 + i * 7 % 219;
    const int *bt709 = sws_getCoefficients(SWS_CS_ITU709);
    const int other[4] = {bt709[1], bt709[0], bt709[3], bt709[2]};
    uint8_t *planes[4] = {source[0], source[2], source[1], source[3]};
    memcpy(exchanged, planes, sizeof planes);
    int is_rgb = av_pix_fmt_desc_get(from)->flags & AV_PIX_FMT_FLAG_RGB, best_exchanged = 0;
    double best = 1e9;
    for (int i = 8; i < argc; i++) {
        struct SwsContext *old = converter;
        char *behind;
        int flags = strtol(argv[i], &behind, 10);
        is_exchanged = *behind == 'x';
        enum AVPixelFormat made = to == AV_PIX_FMT_RGBA ? AV_PIX_FMT_BGRA : AV_PIX_FMT_BGR24;
        /* Two rows more that are never given: else its last rows would be done without SIMD. */
        int more = is_exchanged ? 2 : 0;
        converter = sws_getContext(width, height + more, from, to_width, to_height + more, is_exchanged ? made : to, flags,
                                   NULL, NULL, NULL);
        need(converter != NULL, "sws_getContext");
        sws_setColorspaceDetails(converter, is_exchanged ? other : bt709, is_rgb ? 1 : full, bt709, is_rgb ? full : 1, 0,
                                 1 << 16, 1 << 16);
        double taken = fastest_of(4);
        if (taken < best) {
            best = taken;
            best_exchanged = is_exchanged;
            sws_freeContext(old);
        } else {
            sws_freeContext(converter);
            converter = old;
        }
    }
    is_exchanged = best_exchanged;
}

int main(int argc, char **argv) {
    need(argc > 8, "usage: convert FROM TO WIDTH HEIGHT TO_WIDTH TO_HEIGHT FULL ROUNDS FLAGS...;");
    height = atoi(argv[4]);
    if (!strcmp(argv[1], "copy")) {
        copied = 4 * (size_t)atoi(argv[3]) * height;
        need((source[0] = calloc(copied, 1)) && (target[0] = calloc(copied, 1)), "calloc");
        memset(source[0], 1, copied);
    } else
        prepare(argc - 1, argv + 1);
    return serve(measure, argv + 1);
}
