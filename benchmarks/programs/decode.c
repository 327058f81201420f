/* Demux and decode every frame of a clip's first video stream; the yardstick for the Python side.
 * usage: decode FILE THREADS [rgb24 WIDTH HEIGHT FLAGS]     (0 threads: FFmpeg chooses)
 * With a format every frame is also converted, into a new array each time, as a caller who keeps arrays does;
 * with "rgba" instead, into one reused buffer; with "first" it ends at the first frame, and counts from the start of
 * the process, which FFWEBCODECS_BENCH_STARTED tells. Otherwise opening the file and the codec is not counted. */
#include "bench.h"
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

static struct SwsContext *converter;
static uint8_t *reused;

static void take(const AVFrame *frame, char **wanted) {
    measured.frames++;
    if (!wanted[0])
        return;
    if (!strcmp(wanted[0], "first")) {
        double taken = time_of(CLOCK_MONOTONIC) - atof(getenv("FFWEBCODECS_BENCH_STARTED"));
        printf("{\"frames\": 1, \"seconds\": %.9f, \"cpu\": %.9f, \"peak\": %ld}\n", taken,
               time_of(CLOCK_PROCESS_CPUTIME_ID), peak());
        exit(0);
    }
    int is_rgba = !strcmp(wanted[0], "rgba");
    int width = is_rgba ? frame->width : atoi(wanted[1]), height = is_rgba ? frame->height : atoi(wanted[2]);
    int flags = is_rgba ? SWS_BILINEAR : atoi(wanted[3]), pixel = is_rgba ? 4 : 3;
    converter = sws_getCachedContext(converter, frame->width, frame->height, frame->format, width, height,
                                     is_rgba ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, flags, NULL, NULL, NULL);
    need(converter != NULL, "sws_getCachedContext");
    if (!reused || !is_rgba)
        need((reused = malloc((size_t)pixel * width * height + 64)) != NULL, "malloc");
    uint8_t *planes[4] = {reused};
    int strides[4] = {pixel * width};
    sws_scale(converter, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, planes, strides);
    if (!is_rgba)
        free(reused);
}

static void measure(char **argv) {
    AVFormatContext *file = NULL;
    need(avformat_open_input(&file, argv[0], NULL, NULL) == 0, "avformat_open_input");
    need(avformat_find_stream_info(file, NULL) >= 0, "avformat_find_stream_info");
    int index = av_find_best_stream(file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    need(index >= 0, "av_find_best_stream");
    AVCodecParameters *parameters = file->streams[index]->codecpar;
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    AVCodecContext *decoder = avcodec_alloc_context3(codec);
    need(decoder && avcodec_parameters_to_context(decoder, parameters) >= 0, "avcodec_parameters_to_context");
    decoder->thread_count = atoi(argv[1]);
    need(avcodec_open2(decoder, codec, NULL) == 0, "avcodec_open2");

    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int at_end = 0;
    begin();
    while (!at_end) {
        at_end = av_read_frame(file, packet) < 0;
        if (!at_end && packet->stream_index != index) {
            av_packet_unref(packet);
            continue;
        }
        need(avcodec_send_packet(decoder, at_end ? NULL : packet) == 0, "avcodec_send_packet");
        av_packet_unref(packet);
        while (avcodec_receive_frame(decoder, frame) == 0) {
            take(frame, argv + 2);
            av_frame_unref(frame);
        }
    }
    end();
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avformat_close_input(&file);
}

int main(int argc, char **argv) {
    need(argc >= 3, "usage: decode FILE THREADS [rgb24 WIDTH HEIGHT FLAGS];");
    return serve(measure, argv + 1);
}
