/* Read every packet of a file, decode none; the yardstick for the scan of an index.
 * usage: scan FILE
 * Prints {"frames": N, "seconds": S, "cpu": S}; opening the file is not counted. The sums keep the
 * compiler from leaving out what an index has to look at. */
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    AVFormatContext *file = NULL;
    if (argc != 2 || avformat_open_input(&file, argv[1], NULL, NULL) < 0 || avformat_find_stream_info(file, NULL) < 0) {
        fprintf(stderr, "usage: scan FILE\n");
        return 1;
    }
    int index = av_find_best_stream(file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    AVPacket *packet = av_packet_alloc();
    if (index < 0 || !packet)
        return 1;
    for (unsigned i = 0; i < file->nb_streams; i++)
        if ((int)i != index)
            file->streams[i]->discard = AVDISCARD_ALL;
    long frames = 0, keys = 0;
    int64_t sum = 0;
    double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    while (av_read_frame(file, packet) >= 0) {
        if (packet->stream_index == index) {
            frames++;
            keys += packet->flags & AV_PKT_FLAG_KEY;
            sum ^= packet->pts + packet->dts + packet->duration + packet->pos + packet->size;
        }
        av_packet_unref(packet);
    }
    printf("{\"frames\": %ld, \"seconds\": %.9f, \"cpu\": %.9f, \"keys\": %ld, \"sum\": %lld}\n", frames,
           now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - cpu, keys, (long long)sum);
    av_packet_free(&packet);
    avformat_close_input(&file);
    return 0;
}
