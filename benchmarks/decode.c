/* Demux and decode every frame of a clip's first video stream; the yardstick for the Python side.
 * usage: decode FILE THREADS [rgba]     (0 threads: FFmpeg chooses)
 * With "rgba" every frame is also converted with one reused SwsContext into one reused buffer.
 * Prints {"frames": N, "seconds": S, "cpu": S}; opening the file and the codec is not counted. */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void need(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

static long frames;
static struct SwsContext *converter;
static uint8_t *rgba;

static void take(const AVFrame *frame) {
    frames++;
    if (!rgba)
        return;
    converter = sws_getCachedContext(converter, frame->width, frame->height, frame->format, frame->width,
                                     frame->height, AV_PIX_FMT_RGBA, SWS_BILINEAR, NULL, NULL, NULL);
    need(converter != NULL, "sws_getCachedContext");
    uint8_t *planes[4] = {rgba};
    int strides[4] = {4 * frame->width};
    sws_scale(converter, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, planes, strides);
}

int main(int argc, char **argv) {
    need(argc >= 3, "usage: decode FILE THREADS [rgba];");
    AVFormatContext *file = NULL;
    need(avformat_open_input(&file, argv[1], NULL, NULL) == 0, "avformat_open_input");
    need(avformat_find_stream_info(file, NULL) >= 0, "avformat_find_stream_info");
    int index = av_find_best_stream(file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    need(index >= 0, "av_find_best_stream");
    AVCodecParameters *parameters = file->streams[index]->codecpar;
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    AVCodecContext *decoder = avcodec_alloc_context3(codec);
    need(decoder && avcodec_parameters_to_context(decoder, parameters) >= 0, "avcodec_parameters_to_context");
    decoder->thread_count = atoi(argv[2]);
    need(avcodec_open2(decoder, codec, NULL) == 0, "avcodec_open2");
    if (argc > 3 && !strcmp(argv[3], "rgba"))
        need((rgba = malloc(4 * (size_t)parameters->width * parameters->height + 64)) != NULL, "malloc");

    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    double start = now(), cpu_start = cpu_now();
    int at_end = 0;
    while (!at_end) {
        at_end = av_read_frame(file, packet) < 0;
        if (!at_end && packet->stream_index != index) {
            av_packet_unref(packet);
            continue;
        }
        need(avcodec_send_packet(decoder, at_end ? NULL : packet) == 0, "avcodec_send_packet");
        av_packet_unref(packet);
        while (avcodec_receive_frame(decoder, frame) == 0) {
            take(frame);
            av_frame_unref(frame);
        }
    }
    printf("{\"frames\": %ld, \"seconds\": %.9f, \"cpu\": %.9f}\n", frames, now() - start, cpu_now() - cpu_start);
    av_frame_free(&frame);
    av_packet_free(&packet);
    sws_freeContext(converter);
    free(rgba);
    avcodec_free_context(&decoder);
    avformat_close_input(&file);
    return 0;
}
