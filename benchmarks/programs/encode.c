/* Encode frames that are there with libx264, threads 1; the yardstick for VideoEncoder.
 * usage: encode WIDTH HEIGHT FRAMES    Making the frames and opening the encoder is not counted. */
#include "bench.h"
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

static int drain(AVCodecContext *encoder, AVPacket *packet) {
    int count = 0;
    while (avcodec_receive_packet(encoder, packet) == 0) {
        count++;
        av_packet_unref(packet);
    }
    return count;
}

static void measure(char **argv) {
    int width = atoi(argv[0]), height = atoi(argv[1]), count = atoi(argv[2]);
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    need(codec && encoder, "libx264");
    encoder->width = width;
    encoder->height = height;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, 1000000};
    encoder->framerate = (AVRational){30, 1};
    encoder->thread_count = 1;
    av_opt_set(encoder->priv_data, "preset", "ultrafast", 0);
    av_opt_set(encoder->priv_data, "crf", "23", 0);
    need(avcodec_open2(encoder, codec, NULL) == 0, "avcodec_open2");
    AVFrame **frames = calloc(count, sizeof *frames);
    AVPacket *packet = av_packet_alloc();
    need(frames && packet, "calloc");
    for (int i = 0; i < count; i++) {
        AVFrame *frame = frames[i] = av_frame_alloc();
        frame->width = width, frame->height = height, frame->format = AV_PIX_FMT_YUV420P;
        need(av_frame_get_buffer(frame, 0) == 0, "av_frame_get_buffer");
        frame->pts = i * 1000000LL / 30;
        /* The same picture as cases/encoding.py makes: stripes that move by a pixel a frame. */
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? height / 2 : height); y++)
                for (int x = 0; x < (p ? width / 2 : width); x++)
                    frame->data[p][y * frame->linesize[p] + x] = 16 + (x + y * 3 + i) * 7 % 219;
    }
    begin();
    for (int i = 0; i < count; i++) {
        need(avcodec_send_frame(encoder, frames[i]) == 0, "avcodec_send_frame");
        measured.frames += drain(encoder, packet);
        av_frame_free(&frames[i]);
    }
    avcodec_send_frame(encoder, NULL);
    measured.frames += drain(encoder, packet);
    end();
    free(frames);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

int main(int argc, char **argv) {
    need(argc == 4, "usage: encode WIDTH HEIGHT FRAMES;");
    av_log_set_level(AV_LOG_ERROR);
    return serve(measure, argv + 1);
}
