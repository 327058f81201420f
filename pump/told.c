/* What `setup` tells the pump: functions of FFmpeg and offsets. Part of `ffi_pump.c`. */
#include <Python.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <structmember.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

#define MOST 256 /* packets a call */
#define STOCK 256 /* of empty frames, and of empty packets */
#define NOPTS INT64_MIN
#define AGAIN (-EAGAIN)
#define NATIVE_ORDER 1 /* AV_CHANNEL_ORDER_NATIVE: the orders above list the channels one by one */

typedef struct {
    int num, den;
} Rational; /* AVRational, which FFmpeg takes by value */
static struct {
    void *(*frame_alloc)(void), *(*packet_alloc)(void);
    void (*frame_free)(void **), (*packet_free)(void **), (*packet_unref)(void *);
    void (*frame_unref)(void *);
    int (*packet_ref)(void *, const void *), (*send)(void *, void *), (*receive)(void *, void *);
    int (*read)(void *, void *);
    void (*packet_move)(void *, void *), (*rescale)(void *, Rational, Rational);
    int (*send_frame)(void *, const void *), (*receive_packet)(void *, void *);
    void *(*buffer_ref)(const void *);
    int (*write)(void *, void *);
} call;
/* Of fields, in bytes; and what FFmpeg has numbers for. -1: this release has no such thing. */
static struct {
    int64_t frame_pts, frame_samples, frame_data, frame_format, frame_rate, frame_channels;
    int64_t frame_order, frame_places, frame_width, frame_height, frame_linesize;
    int64_t frame_duration, frame_surfaces, frame_side, frame_sides, frame_side_type;
    int64_t frame_metadata;
    int64_t packet_pts, packet_dts, packet_size, packet_flags, packet_duration, packet_data;
    int64_t packet_stream, packet_side, packet_sides, side_type, side_size, side_skips;
    int64_t side_matrix, side_encryption, side_addition;
    int64_t flag_discard;
    int64_t frame_planes, frame_buffers, frame_type;
    int64_t frame_primaries, frame_transfer, frame_matrix, frame_range;
    int64_t buffer_data, buffer_size, buffer_size_bytes;
    int64_t packet_pos, format_io, io_error, flag_corrupt, side_headers;
} at;
static const struct { const char *name; void *place; int is_function; } told[] = {
    {"av_frame_alloc", &call.frame_alloc, 1},
    {"av_frame_free", &call.frame_free, 1},
    {"av_frame_unref", &call.frame_unref, 1},
    {"av_packet_alloc", &call.packet_alloc, 1},
    {"av_packet_free", &call.packet_free, 1},
    {"av_packet_ref", &call.packet_ref, 1},
    {"av_packet_unref", &call.packet_unref, 1},
    {"avcodec_send_packet", &call.send, 1},
    {"avcodec_receive_frame", &call.receive, 1},
    {"av_read_frame", &call.read, 1},
    {"av_packet_move_ref", &call.packet_move, 1},
    {"av_packet_rescale_ts", &call.rescale, 1},
    {"frame_pts", &at.frame_pts, 0},
    {"frame_samples", &at.frame_samples, 0},
    {"frame_data", &at.frame_data, 0},
    {"frame_format", &at.frame_format, 0},
    {"frame_rate", &at.frame_rate, 0},
    {"frame_channels", &at.frame_channels, 0},
    {"frame_order", &at.frame_order, 0},
    {"frame_places", &at.frame_places, 0},
    {"frame_width", &at.frame_width, 0},
    {"frame_height", &at.frame_height, 0},
    {"frame_linesize", &at.frame_linesize, 0},
    {"frame_duration", &at.frame_duration, 0},
    {"frame_side", &at.frame_side, 0},
    {"frame_sides", &at.frame_sides, 0},
    {"frame_side_type", &at.frame_side_type, 0},
    {"frame_metadata", &at.frame_metadata, 0},
    {"frame_surfaces", &at.frame_surfaces, 0},
    {"packet_pts", &at.packet_pts, 0},
    {"packet_dts", &at.packet_dts, 0},
    {"packet_size", &at.packet_size, 0},
    {"packet_flags", &at.packet_flags, 0},
    {"packet_duration", &at.packet_duration, 0},
    {"packet_data", &at.packet_data, 0},
    {"packet_stream", &at.packet_stream, 0},
    {"packet_side", &at.packet_side, 0},
    {"packet_sides", &at.packet_sides, 0},
    {"side_type", &at.side_type, 0},
    {"side_size", &at.side_size, 0},
    {"side_skips", &at.side_skips, 0},
    {"side_matrix", &at.side_matrix, 0},
    {"side_encryption", &at.side_encryption, 0},
    {"side_addition", &at.side_addition, 0},
    {"flag_discard", &at.flag_discard, 0},
    {"av_buffer_ref", &call.buffer_ref, 1},
    {"avcodec_send_frame", &call.send_frame, 1},
    {"avcodec_receive_packet", &call.receive_packet, 1},
    {"frame_planes", &at.frame_planes, 0},
    {"frame_buffers", &at.frame_buffers, 0},
    {"frame_type", &at.frame_type, 0},
    {"frame_primaries", &at.frame_primaries, 0},
    {"frame_transfer", &at.frame_transfer, 0},
    {"frame_matrix", &at.frame_matrix, 0},
    {"frame_range", &at.frame_range, 0},
    {"buffer_data", &at.buffer_data, 0},
    {"buffer_size", &at.buffer_size, 0},
    {"buffer_size_bytes", &at.buffer_size_bytes, 0},
    {"av_interleaved_write_frame", &call.write, 1},
    {"packet_pos", &at.packet_pos, 0},
    {"format_io", &at.format_io, 0},
    {"io_error", &at.io_error, 0},
    {"flag_corrupt", &at.flag_corrupt, 0},
    {"side_headers", &at.side_headers, 0},
};
#define FIELD(type, object, name) (*(type *)((char *)(object) + at.name))

static int64_t now(void)
{
#ifdef _WIN32
    return (int64_t)GetTickCount64() * 1000;
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
#endif
}
