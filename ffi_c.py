"""The C text that API mode's extensions have besides what cffi writes for them."""

# Where a symbol really came from: the loader compares it with the files it found.
DLADDR = """
typedef struct {
    const char *dli_fname; void *dli_fbase; const char *dli_sname; void *dli_saddr;
} Dl_info;
int dladdr(const void *address, Dl_info *info);
"""
PATH_OF = """
#if defined(_WIN32)
static const char *ffwc_path_of(void *address) { (void)address; return NULL; }
#else
#include <dlfcn.h>
static const char *ffwc_path_of(void *address)
{
    Dl_info info;
    return dladdr(address, &info) ? info.dli_fname : NULL;
}
#endif
"""
CALLBACKS = """
extern "Python" void ffwc_release(void *opaque, uint8_t *data);
extern "Python" int ffwc_read(void *opaque, uint8_t *data, int size);
extern "Python" int ffwc_write(void *opaque, const uint8_t *data, int size);
extern "Python" int64_t ffwc_seek(void *opaque, int64_t offset, int whence);
"""
CORE_PATH = """
static const char *ffwc_library_path(int library)
{
    switch (library) {
    case 0: return ffwc_path_of((void *)avutil_version);
    case 1: return ffwc_path_of((void *)avcodec_version);
    case 2: return ffwc_path_of((void *)swscale_version);
    default: return NULL;
    }
}
"""
# Once Python is being taken apart, what the callback was to let go is gone, and cffi would print
# that nobody is there to be called.
RELEASE = """
static void ffwc_release(void *opaque, uint8_t *data);
static void ffwc_release_until_exit(void *opaque, uint8_t *data)
{
#ifndef PYPY_VERSION  /* which has no such end */
    if (!Py_IsInitialized())
        return;
#endif
    ffwc_release(opaque, data);
}
"""
# Samples become samples of another type, or lie otherwise, without the GIL: what
# _spec/frames/sample_conversion.py does with numpy, to the last bit. Types: 0 u8, 1 s16, 2 s32,
# 3 f32, 4 s64, 5 f64, of which the last two are only read.
SAMPLES_CDEF = (
    "void ffwc_samples(uint8_t *to, int to_type, uint8_t **from, int from_type, int planes, "
    "int64_t first, int64_t step, int64_t count);"
)
SAMPLES = """
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3", "no-trapping-math", "fp-contract=off")
#elif defined(__clang__)
#pragma clang fp contract(off)
#endif
#define FFWC_SAMPLES 512
#define FFWC_READ(name, type, value) \\
static void ffwc_read_##name(float *to, const uint8_t *from, int64_t step, int count) \\
{ \\
    int64_t k; \\
    type s; \\
    if (step == 1) \\
        for (k = 0; k < count; k++) { \\
            memcpy(&s, from + sizeof(type) * k, sizeof(type)); \\
            to[k] = value; \\
        } \\
    else \\
        for (k = 0; k < count; k++) { \\
            memcpy(&s, from + sizeof(type) * step * k, sizeof(type)); \\
            to[k] = value; \\
        } \\
}
static inline float ffwc_scaled(float d, float below, float above)
{
    float a = d * below, b = d * above;
    return a > b ? a : b;
}
FFWC_READ(u8, uint8_t, ffwc_scaled((float)s - 128.0f, 1.0f / 128.0f, 1.0f / 127.0f))
FFWC_READ(s16, int16_t, ffwc_scaled((float)s, 1.0f / 32768.0f, 1.0f / 32767.0f))
FFWC_READ(s32, int32_t, (float)s * (1.0f / 2147483648.0f))
FFWC_READ(f32, float, s)
FFWC_READ(s64, int64_t, (float)s * (1.0f / 9223372036854775808.0f))
FFWC_READ(f64, double, (float)s)
/* What compares false is NaN. */
static inline float ffwc_kept(float y, float low, float high)
{
    y = y > low ? y : y == y ? low : 0.0f;
    return y < high ? y : high;
}
static inline float ffwc_spread(float x, float below, float above)
{
    float a = x * below, b = x * above;
    return a < b ? a : b;
}
static inline int32_t ffwc_whole(float y)
{
    float kept = y < 2147483648.0f ? y : 0.0f;
    int32_t whole;
    kept = kept > -2147483648.0f ? kept : -2147483648.0f;
    whole = (int32_t)kept;
    whole = y == y ? whole : INT32_MIN;
    return y >= 2147483648.0f ? INT32_MAX : whole;
}
#define FFWC_WRITE(name, type, value) \\
static void ffwc_write_##name(uint8_t *to, int64_t step, const float *from, int count) \\
{ \\
    int64_t k; \\
    if (step == 1) \\
        for (k = 0; k < count; k++) { \\
            float x = from[k]; \\
            type s = value; \\
            memcpy(to + sizeof(type) * k, &s, sizeof(type)); \\
        } \\
    else \\
        for (k = 0; k < count; k++) { \\
            float x = from[k]; \\
            type s = value; \\
            memcpy(to + sizeof(type) * step * k, &s, sizeof(type)); \\
        } \\
}
FFWC_WRITE(u8, uint8_t,
    (uint8_t)(int32_t)ffwc_kept(ffwc_spread(x, 128.0f, 127.0f) + 128.0f, 0.0f, 255.0f))
FFWC_WRITE(s16, int16_t,
    (int16_t)(int32_t)ffwc_kept(ffwc_spread(x, 32768.0f, 32767.0f), -32768.0f, 32767.0f))
FFWC_WRITE(s32, int32_t, ffwc_whole(x * 2147483648.0f))
FFWC_WRITE(f32, float, x)
#define FFWC_MOVE(bits) \\
static void ffwc_move_##bits(uint8_t *to, int64_t to_step, const uint8_t *from, \\
                             int64_t from_step, int count) \\
{ \\
    int64_t k; \\
    uint##bits##_t s; \\
    if (to_step == 1 && from_step == 2) \\
        for (k = 0; k < count; k++) { \\
            memcpy(&s, from + bits / 4 * k, bits / 8); \\
            memcpy(to + bits / 8 * k, &s, bits / 8); \\
        } \\
    else \\
        for (k = 0; k < count; k++) { \\
            memcpy(&s, from + bits / 8 * from_step * k, bits / 8); \\
            memcpy(to + bits / 8 * to_step * k, &s, bits / 8); \\
        } \\
} \\
static void ffwc_pair_##bits(uint8_t *to, const uint8_t *left, const uint8_t *right, int count) \\
{ \\
    int64_t k; \\
    uint##bits##_t a, b; \\
    for (k = 0; k < count; k++) { \\
        memcpy(&a, left + bits / 8 * k, bits / 8); \\
        memcpy(&b, right + bits / 8 * k, bits / 8); \\
        memcpy(to + bits / 4 * k, &a, bits / 8); \\
        memcpy(to + bits / 4 * k + bits / 8, &b, bits / 8); \\
    } \\
}
FFWC_MOVE(8)
FFWC_MOVE(16)
FFWC_MOVE(32)
static const int ffwc_bytes[] = {1, 2, 4, 4, 8, 8};
static void ffwc_piece(uint8_t *to, int to_type, int64_t to_step, const uint8_t *from,
                       int from_type, int64_t from_step, int count)
{
    static void (*const readers[])(float *, const uint8_t *, int64_t, int) = {
        ffwc_read_u8, ffwc_read_s16, ffwc_read_s32, ffwc_read_f32, ffwc_read_s64, ffwc_read_f64};
    static void (*const writers[])(uint8_t *, int64_t, const float *, int) = {
        ffwc_write_u8, ffwc_write_s16, ffwc_write_s32, ffwc_write_f32};
    static void (*const movers[])(uint8_t *, int64_t, const uint8_t *, int64_t, int) = {
        ffwc_move_8, ffwc_move_16, ffwc_move_32, ffwc_move_32};
    float between[FFWC_SAMPLES];
    if (to_type == from_type) {
        movers[to_type](to, to_step, from, from_step, count);
    } else {
        readers[from_type](between, from, from_step, count);
        writers[to_type](to, to_step, between, count);
    }
}
/* Writes `count` samples of each of `planes` planes, interleaved: those from number `first` on,
   `step` apart. */
static void ffwc_samples(uint8_t *to, int to_type, uint8_t **from, int from_type, int planes,
                         int64_t first, int64_t step, int64_t count)
{
    static void (*const pairs[])(uint8_t *, const uint8_t *, const uint8_t *, int) = {
        ffwc_pair_8, ffwc_pair_16, ffwc_pair_32, ffwc_pair_32};
    int64_t done;
    int to_bytes = ffwc_bytes[to_type], from_bytes = ffwc_bytes[from_type];
    for (done = 0; done < count; done += FFWC_SAMPLES) {
        int part = count - done < FFWC_SAMPLES ? (int)(count - done) : FFWC_SAMPLES, plane;
        uint8_t *place = to + to_bytes * planes * done;
        int64_t start = from_bytes * (first + step * done);
        if (planes == 2 && step == 1 && to_type == from_type)
            pairs[to_type](place, from[0] + start, from[1] + start, part);
        else
            for (plane = 0; plane < planes; plane++)
                ffwc_piece(place + to_bytes * plane, to_type, planes, from[plane] + start,
                           from_type, step, part);
    }
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
"""
FORMAT_PATH = """
static const char *ffwc_format_path(void) { return ffwc_path_of((void *)avformat_version); }
"""
# The last lines of FFmpeg's log, errors and warnings, each with the thread that wrote it: written
# by whatever thread, without Python. A line that comes while another one is being written, or read,
# is dropped after a few tries; so is all after a fork in the middle of that, and nothing hangs.
LOG = """
#define FFWC_LINES 64
#define FFWC_LINE 1024
#if defined(_MSC_VER)
#include <windows.h>
#include <intrin.h>
static volatile long ffwc_log_busy;
#define FFWC_TRY() (!_InterlockedExchange(&ffwc_log_busy, 1))
#define FFWC_LEAVE() _InterlockedExchange(&ffwc_log_busy, 0)
#else
static char ffwc_log_busy;
#define FFWC_TRY() (!__atomic_test_and_set(&ffwc_log_busy, __ATOMIC_ACQUIRE))
#define FFWC_LEAVE() __atomic_clear(&ffwc_log_busy, __ATOMIC_RELEASE)
#endif
#if defined(_WIN32)
#include <windows.h>
#define FFWC_THREAD() ((uint64_t)GetCurrentThreadId())
#define FFWC_YIELD() SwitchToThread()
#else
#include <pthread.h>
#include <sched.h>
#define FFWC_THREAD() ((uint64_t)(unsigned long)pthread_self())
#define FFWC_YIELD() sched_yield()
#endif
static struct { uint64_t thread; int level; char text[FFWC_LINE]; } ffwc_lines[FFWC_LINES];
static uint64_t ffwc_log_written;
static int ffwc_log_enter(void)
{
    int tries;
    for (tries = 0; tries < 10000; tries++) {
        if (FFWC_TRY())
            return 1;
        if (tries % 100 == 99)  /* whoever is inside may have lost its core */
            FFWC_YIELD();
    }
    return 0;
}
static void ffwc_log(void *context, int level, const char *format, va_list arguments)
{
    int severity = level >= 0 ? level & 0xff : level;
    if (severity >= AV_LOG_PANIC && severity <= AV_LOG_WARNING) {
        char text[FFWC_LINE];
        int prefix = 1;
        va_list copy;
        va_copy(copy, arguments);
        av_log_format_line2(context, severity, format, copy, text, sizeof(text), &prefix);
        va_end(copy);
        if (ffwc_log_enter()) {
            int slot = (int)(ffwc_log_written % FFWC_LINES);
            ffwc_lines[slot].thread = FFWC_THREAD();
            ffwc_lines[slot].level = severity;
            memcpy(ffwc_lines[slot].text, text, FFWC_LINE);
            ffwc_lines[slot].text[FFWC_LINE - 1] = 0;
            ffwc_log_written++;
            FFWC_LEAVE();
        }
    }
    av_log_default_callback(context, level, format, arguments);
}
/* In a forked child, whoever was inside is not there to leave. */
static void ffwc_log_after_fork(void) { FFWC_LEAVE(); }
static void ffwc_log_keep(void)
{
#if !defined(_WIN32)
    static int is_ready;
    if (!is_ready)
        is_ready = !pthread_atfork(NULL, NULL, ffwc_log_after_fork);
#endif
    av_log_set_callback(ffwc_log);
}
static uint64_t ffwc_log_count(void)
{
    uint64_t count = UINT64_MAX;  /* unknown: nothing comes after it */
    if (ffwc_log_enter()) {
        count = ffwc_log_written;
        FFWC_LEAVE();
    }
    return count;
}
static int ffwc_log_since(uint64_t since, uint64_t thread, char *buffer, int size)
{
    int used = 0;
    uint64_t line;
    if (!ffwc_log_enter())
        return 0;
    line = ffwc_log_written > FFWC_LINES ? ffwc_log_written - FFWC_LINES : 0;
    for (line = line > since ? line : since; line < ffwc_log_written; line++) {
        int slot = (int)(line % FFWC_LINES), length;
        if (ffwc_lines[slot].thread != thread)
            continue;
        length = (int)strlen(ffwc_lines[slot].text);
        if (used + length + 2 > size)
            break;
        buffer[used] = ffwc_lines[slot].level <= AV_LOG_ERROR ? 'E' : 'W';
        memcpy(buffer + used + 1, ffwc_lines[slot].text, length + 1);
        used += length + 2;
    }
    FFWC_LEAVE();
    return used;
}
"""
# What an index holds of packets, many of them without the GIL: six numbers each, and, if they are
# wanted, its first 31 bytes and its last one, the first 256 of key packets, and what a parser says.
# Reads until there are `count` of the stream, and not much further than `bytes`, so that signals
# are heard. `code` is the last one of av_read_frame. With `stops` it is 1 at a packet of the stream
# that has no presentation time: that is left in `packet`.
SCAN = """
static void ffwc_parse(AVCodecParserContext *parser, AVCodecContext *codec, AVPacket *packet,
                       int32_t *order)
{
    uint8_t *data;
    int size;
    parser->output_picture_number = INT32_MIN;
    if (packet->size > 0)
        av_parser_parse2(parser, codec, &data, &size, packet->data, packet->size,
                         AV_NOPTS_VALUE, AV_NOPTS_VALUE, -1);
    order[0] = parser->pict_type;
    order[1] = parser->output_picture_number;
    order[2] = parser->key_frame;
    order[3] = parser->picture_structure;
}
static void ffwc_head(AVPacket *packet, uint8_t *head)
{
    int size = packet->size;
    memset(head, 0, 32);
    if (size > 0) {
        memcpy(head, packet->data, size < 31 ? size : 31);
        head[31] = packet->data[size - 1];
    }
}
static int ffwc_scan(AVFormatContext *context, AVPacket *packet, int stream, int stops, int count,
                     int64_t bytes, int64_t *rows, uint8_t *heads, uint8_t *keys,
                     AVCodecParserContext *parser, AVCodecContext *codec, int32_t *orders,
                     int *code)
{
    int found = 0;
    while (found < count && bytes > 0) {
        *code = av_read_frame(context, packet);
        if (*code < 0)
            break;
        bytes -= (int64_t)packet->size + 1024;
        if (packet->stream_index == stream) {
            if (stops && packet->pts == AV_NOPTS_VALUE) {
                *code = 1;
                break;
            }
            int64_t *row = rows + 6 * (int64_t)found;
            row[0] = packet->pts;
            row[1] = packet->dts;
            row[2] = packet->duration;
            row[3] = packet->pos;
            row[4] = packet->size;
            row[5] = packet->flags;
            if (heads)
                ffwc_head(packet, heads + 32 * (int64_t)found);
            if (parser)
                ffwc_parse(parser, codec, packet, orders + 4 * (int64_t)found);
            if (keys && packet->flags & AV_PKT_FLAG_KEY) {
                int size = packet->size < 256 ? packet->size : 256;
                memset(keys, 0, 256);
                if (size > 0)
                    memcpy(keys, packet->data, size);
                keys += 256;
            }
            found++;
        }
        av_packet_unref(packet);
    }
    return found;
}
"""
