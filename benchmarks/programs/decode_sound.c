/* Demux and decode a file's first stream of sound; the yardstick for the Python side.
 * usage: decode_sound FILE [collect]
 * With "collect" all samples are gathered as planes of floats, each frame's copied and all of them
 * put together at the end, as torchcodec does.
 * "Frames" are samples of a channel; opening the file and the codec is not counted. */
#include "bench.h"
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#define CHANNELS 2
static struct piece { float *data[CHANNELS]; int count; } *pieces;
static long samples, number, room;

static void take(const AVFrame *frame, int collect) {
    samples += frame->nb_samples;
    if (!collect)
        return;
    need(frame->format == AV_SAMPLE_FMT_FLTP, "planar floats");
    if (number == room)
        pieces = realloc(pieces, (room = 2 * room + 64) * sizeof *pieces);
    need(pieces != NULL, "realloc");
    struct piece *piece = &pieces[number++];
    piece->count = frame->nb_samples;
    for (int channel = 0; channel < CHANNELS; channel++) {
        size_t size = frame->nb_samples * sizeof(float);
        need((piece->data[channel] = malloc(size)) != NULL, "malloc");
        memcpy(piece->data[channel], frame->extended_data[channel], size);
    }
}

static float *together(void) {
    float *whole = malloc(CHANNELS * samples * sizeof(float)), *place = whole;
    need(whole != NULL, "malloc");
    for (int channel = 0; channel < CHANNELS; channel++)
        for (long index = 0; index < number; index++) {
            memcpy(place, pieces[index].data[channel], pieces[index].count * sizeof(float));
            place += pieces[index].count;
            free(pieces[index].data[channel]);
        }
    return whole;
}

static void measure(char **argv) {
    int collect = argv[1] != NULL;
    samples = number = 0;
    AVFormatContext *file = NULL;
    need(avformat_open_input(&file, argv[0], NULL, NULL) == 0, "avformat_open_input");
    need(avformat_find_stream_info(file, NULL) >= 0, "avformat_find_stream_info");
    int index = av_find_best_stream(file, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    need(index >= 0, "av_find_best_stream");
    AVCodecParameters *parameters = file->streams[index]->codecpar;
    const AVCodec *codec = NULL;
    if (parameters->codec_id == AV_CODEC_ID_OPUS)
        codec = avcodec_find_decoder_by_name("libopus"); /* as ffwebcodecs */
    if (!codec)
        codec = avcodec_find_decoder(parameters->codec_id);
    AVCodecContext *decoder = avcodec_alloc_context3(codec);
    need(decoder && avcodec_parameters_to_context(decoder, parameters) >= 0, "avcodec_parameters_to_context");
    decoder->thread_count = 1;
    decoder->pkt_timebase = file->streams[index]->time_base;
    if (!strcmp(codec->name, "libopus"))
        decoder->request_sample_fmt = AV_SAMPLE_FMT_FLT;
    need(avcodec_open2(decoder, codec, NULL) == 0, "avcodec_open2");

    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    begin();
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
            take(frame, collect);
            av_frame_unref(frame);
        }
    }
    float *whole = collect ? together() : NULL;
    end();
    measured.frames = samples;
    free(whole);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avformat_close_input(&file);
}

int main(int argc, char **argv) {
    need(argc >= 2, "usage: decode_sound FILE [collect];");
    return serve(measure, argv + 1);
}
