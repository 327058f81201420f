/* Encodes the same 64 I420 pictures of 64x64 again and again; prints frames and seconds.
 *
 * encode ENCODER FRAMES [OPTION VALUE]...: the least that anybody can do with libavcodec. */
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE 64
#define PICTURES 64

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}
static void fail(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}
int main(int count, char **arguments)
{
    const AVCodec *codec = count > 2 ? avcodec_find_encoder_by_name(arguments[1]) : NULL;
    AVFrame *frames[PICTURES];
    AVPacket *packet = av_packet_alloc();
    AVCodecContext *context;
    long most, number, got = 0, bytes = 0;
    double begin;
    int index, x, y;
    if (!codec)
        fail("encode ENCODER FRAMES [OPTION VALUE]...");
    context = avcodec_alloc_context3(codec);
    most = atol(arguments[2]);
    context->width = context->height = SIZE;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = (AVRational){1, 30};
    context->framerate = (AVRational){30, 1};
    context->thread_count = 1;
    for (index = 3; index + 1 < count; index += 2)
        if (av_opt_set(context, arguments[index], arguments[index + 1], AV_OPT_SEARCH_CHILDREN) < 0)
            fail("there is no such option");
    if (avcodec_open2(context, codec, NULL) < 0)
        fail("it does not open");
    for (index = 0; index < PICTURES; index++) {
        AVFrame *frame = frames[index] = av_frame_alloc();
        frame->format = AV_PIX_FMT_YUV420P;
        frame->width = frame->height = SIZE;
        if (av_frame_get_buffer(frame, 0) < 0)
            fail("there is no memory");
        for (y = 0; y < SIZE; y++)
            for (x = 0; x < SIZE; x++)
                frame->data[0][y * frame->linesize[0] + x] = (uint8_t)(x + y - index);
        for (y = 0; y < SIZE / 2; y++)
            for (x = 0; x < SIZE / 2; x++) {
                frame->data[1][y * frame->linesize[1] + x] = (uint8_t)(64 + x + y - index);
                frame->data[2][y * frame->linesize[2] + x] = (uint8_t)(80 + x + y - index);
            }
    }
    begin = now();
    for (number = 0; number <= most; number++) {
        AVFrame *frame = number < most ? frames[number % PICTURES] : NULL;
        if (frame)
            frame->pts = number;
        if (avcodec_send_frame(context, frame) < 0)
            fail("it cannot be encoded");
        while (avcodec_receive_packet(context, packet) >= 0) {
            got++;
            bytes += packet->size;
            av_packet_unref(packet);
        }
    }
    printf("%ld %.6f\n", got, now() - begin);
    return got != most;
}
