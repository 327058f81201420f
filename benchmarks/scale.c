/* I420 to RGBA with one reused SwsContext and one reused buffer; the yardstick for copy_to.
 * usage: scale WIDTH HEIGHT ROUNDS
 * Prints {"frames": ROUNDS, "seconds": S, "cpu": S}; one conversion before the clock starts pays for page faults and set-up. */
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

/* CPU time of all threads: other load on the machine hardly changes it. */
static double cpu_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    int width = atoi(argv[1]), height = atoi(argv[2]), rounds = atoi(argv[3]);
    int size = av_image_get_buffer_size(AV_PIX_FMT_YUV420P, width, height, 1);
    uint8_t *pixels = malloc(size), *rgba = malloc(4 * (size_t)width * height);
    if (!pixels || !rgba)
        return 1;
    for (int i = 0; i < size; i++)
        pixels[i] = 16 + i * 7 % 219;
    uint8_t *source[4], *target[4] = {rgba};
    int source_strides[4], target_strides[4] = {4 * width};
    av_image_fill_arrays(source, source_strides, pixels, AV_PIX_FMT_YUV420P, width, height, 1);

    struct SwsContext *converter = sws_getContext(width, height, AV_PIX_FMT_YUV420P, width, height, AV_PIX_FMT_RGBA,
                                                  SWS_BILINEAR, NULL, NULL, NULL);
    if (!converter)
        return 1;
    const int *bt709 = sws_getCoefficients(SWS_CS_ITU709);
    sws_setColorspaceDetails(converter, bt709, 0, bt709, 1, 0, 1 << 16, 1 << 16);

    double start = 0, cpu_start = 0;
    for (int i = -1; i < rounds; i++) {
        if (i == 0) {
            start = now();
            cpu_start = cpu_now();
        }
        sws_scale(converter, (const uint8_t *const *)source, source_strides, 0, height, target, target_strides);
    }
    printf("{\"frames\": %d, \"seconds\": %.9f, \"cpu\": %.9f}\n", rounds, now() - start, cpu_now() - cpu_start);
    sws_freeContext(converter);
    free(pixels);
    free(rgba);
    return 0;
}
