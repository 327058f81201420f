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
#else
#include <pthread.h>
#define FFWC_THREAD() ((uint64_t)(unsigned long)pthread_self())
#endif
static struct { uint64_t thread; int level; char text[FFWC_LINE]; } ffwc_lines[FFWC_LINES];
static uint64_t ffwc_log_written;
static int ffwc_log_enter(void)
{
    int tries;
    for (tries = 0; tries < 10000; tries++)
        if (FFWC_TRY())
            return 1;
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
static void ffwc_log_keep(void) { av_log_set_callback(ffwc_log); }
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
