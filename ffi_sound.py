"""The C text that decodes sound in API mode's extensions: one packet, or many at once."""

# Sends a packet as one of the time `pts`, and receives up to two frames, of which there is hardly
# ever more than one. Returns what avcodec_send_packet said; `received` has how often
# avcodec_receive_frame was called, and what it said at last. `spare` is empty before and after.
DECODE_CDEF = (
    "int ffwc_decode(AVCodecContext *codec, AVPacket *packet, int64_t pts, AVPacket *spare, "
    "AVFrame *first, AVFrame *second, int *received);"
    # Sends packets as ones of the `times`, for as long as each is a plain one: it gives one frame,
    # of the same time. Returns how many were; the next one may have been sent, and what it gave is
    # in the frames behind theirs: `state`, numbered as FFWC_RUN_ below. `about` has two numbers for
    # each frame: its samples, and whether it may be of another kind than the one before.
    "int ffwc_decode_run(AVCodecContext *codec, int count, AVPacket **packets, int64_t *times, "
    "int unit, AVPacket *spare, AVFrame **frames, int64_t *about, int64_t *state);"
)
DECODE = """
#include <libavutil/time.h>
static int ffwc_decode(AVCodecContext *codec, AVPacket *packet, int64_t pts, AVPacket *spare,
                       AVFrame *first, AVFrame *second, int *received)
{
    int code = 0;
    received[0] = 0;
    if (packet->pts != pts) {
        code = av_packet_ref(spare, packet);
        if (code < 0)
            return code;
        spare->pts = pts;
        spare->dts = AV_NOPTS_VALUE;
        packet = spare;
    }
    code = avcodec_send_packet(codec, packet);
    av_packet_unref(spare);
    if (code < 0)
        return code;
    received[0] = 1;
    received[1] = avcodec_receive_frame(codec, first);
    if (!received[1]) {
        received[0] = 2;
        received[1] = avcodec_receive_frame(codec, second);
    }
    return code;
}
enum {
    FFWC_RUN_FORMAT,    /* of the frame before: AVSampleFormat, hertz, channels, their places */
    FFWC_RUN_RATE,
    FFWC_RUN_CHANNELS,
    FFWC_RUN_PLACES,
    FFWC_RUN_TIME,      /* to take at most, about: microseconds */
    FFWC_RUN_RECEIVED,  /* of a packet that is not plain: -1: it was not sent; how often */
    FFWC_RUN_SENT,      /* avcodec_receive_frame was called, what the sending gave, */
    FFWC_RUN_RESULT     /* and what the last receiving did */
};
/* Tells whether a frame may be of another kind than the one before, and notes its own. */
static int ffwc_is_other(const AVFrame *frame, int64_t *state)
{
    int64_t channels, places;
    int same, is_listed = 0;
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 24, 100)
    channels = frame->ch_layout.nb_channels * 16 + frame->ch_layout.order;
    places = (int64_t)frame->ch_layout.u.mask;
    is_listed = frame->ch_layout.order > AV_CHANNEL_ORDER_NATIVE;
#else
    channels = frame->channels;
    places = (int64_t)frame->channel_layout;
#endif
    same = frame->format == state[FFWC_RUN_FORMAT] && frame->sample_rate == state[FFWC_RUN_RATE] &&
           channels == state[FFWC_RUN_CHANNELS] && places == state[FFWC_RUN_PLACES];
    state[FFWC_RUN_FORMAT] = frame->format;
    state[FFWC_RUN_RATE] = frame->sample_rate;
    state[FFWC_RUN_CHANNELS] = channels;
    state[FFWC_RUN_PLACES] = places;
    return !same || is_listed;
}
static int ffwc_decode_run(AVCodecContext *codec, int count, AVPacket **packets, int64_t *times,
                           int unit, AVPacket *spare, AVFrame **frames, int64_t *about,
                           int64_t *state)
{
    int64_t begin = av_gettime_relative();
    int done, received[2];
    state[FFWC_RUN_RECEIVED] = -1;
    for (done = 0; done < count; done++) {
        int size = packets[done]->size;
        if (size <= 0 || size % unit || times[done] == AV_NOPTS_VALUE)
            break;
        if (done && av_gettime_relative() - begin > state[FFWC_RUN_TIME])
            break;
        received[1] = 0;
        state[FFWC_RUN_SENT] = ffwc_decode(codec, packets[done], times[done], spare, frames[done],
                                           frames[done + 1], received);
        if (state[FFWC_RUN_SENT] < 0 || received[0] != 2 || received[1] != AVERROR(EAGAIN) ||
            frames[done]->pts != times[done]) {
            state[FFWC_RUN_RECEIVED] = received[0];
            state[FFWC_RUN_RESULT] = received[1];
            break;
        }
        about[2 * done] = frames[done]->nb_samples;
        about[2 * done + 1] = ffwc_is_other(frames[done], state);
    }
    return done;
}
"""

# Reads packets of a stream, decodes them and writes their samples as interleaved floats, without
# the GIL, for as long as each packet is a plain one: it begins where the one before ends, nothing
# of it is to be left out, it gives one frame, of the same kind as before, and there is room. What
# is not plain is left as it is, at the point reached: for Python to go on with, from there. Or it
# keeps the frames, for which there is `room`, and `counts` has how many samples each has.
#
# `plan`: what stays, numbered as FFWC_PLAN_ below; `state`: what goes on. It stops after so many
# bytes, or some milliseconds, so that signals are heard.
SOUND_CDEF = (
    "int ffwc_sound(AVFormatContext *context, AVPacket *packet, AVCodecContext *codec, "
    "AVFrame *first, AVFrame *second, int64_t *plan, int64_t *state, uint8_t *to, AVFrame **kept, "
    "int room, int64_t *counts);"
    # Reads packets of a stream, for as long as there is room and not too much was read; returns how
    # many. `about` has five numbers of each: pts, dts, duration, flags, size; `code` is what
    # av_read_frame said at last.
    "int ffwc_read_run(AVFormatContext *context, int stream, int room, AVPacket **packets, "
    "int64_t bytes, int64_t time, int64_t *about, int *code);"
)
SOUND = """
#include <libavutil/time.h>
enum {
    FFWC_STREAM,      /* index */
    FFWC_FORMAT,      /* of frames: AVSampleFormat, hertz, channels */
    FFWC_RATE,
    FFWC_CHANNELS,
    FFWC_TYPE,        /* of samples: 0 u8, 1 s16, 2 s32, 3 f32, 4 s64, 5 f64 */
    FFWC_PLANES,
    FFWC_UNIT,        /* packets have a multiple of so many bytes */
    FFWC_ZERO,        /* the tick that counts as 0 */
    FFWC_NUM,         /* a tick is NUM / DEN samples */
    FFWC_DEN,
    FFWC_TOLERANCE,   /* in samples times DEN: what a time may be off; -1: times say nothing */
    FFWC_STRICT,      /* the same, where it is to be noted; -1: it is not */
    FFWC_BIAS,
    FFWC_ENDS,        /* durations say what is heard */
    FFWC_MARKS,       /* 1: of the first byte, 2: of the size: whether it is always MARK */
    FFWC_MARK,
    FFWC_LIMIT,       /* no sample from this position on */
    FFWC_BYTES,       /* to read at most, about */
    FFWC_TIME         /* to take at most, about: microseconds */
};
enum {
    FFWC_POSITION,    /* of the next sample */
    FFWC_LEAST,       /* how far off times were, in samples times DEN */
    FFWC_MOST,
    FFWC_IS_MIXED,    /* not all marks were equal */
    FFWC_TICKS,       /* of the last frame */
    FFWC_SAMPLES_OF,  /* the last frame */
    FFWC_SENT,        /* what avcodec_send_packet said, and how often avcodec_receive_frame was */
    FFWC_RECEIVED,    /* called, with what result at last */
    FFWC_RESULT,
    FFWC_KEPT         /* frames */
};
enum { FFWC_PAUSED, FFWC_READ_FAILED, FFWC_READ, FFWC_DECODED };  /* what is to be gone on with */
#define FFWC_TO_FLOAT(name, type, value) \\
static void ffwc_float_##name(float *to, uint8_t **from, int planes, int width, int64_t count) \\
{ \\
    int plane; \\
    int64_t k; \\
    type s; \\
    if (planes == 2) { \\
        const uint8_t *left = from[0], *right = from[1]; \\
        for (k = 0; k < count; k++) { \\
            memcpy(&s, left + sizeof(type) * k, sizeof(type)); \\
            to[2 * k] = value; \\
            memcpy(&s, right + sizeof(type) * k, sizeof(type)); \\
            to[2 * k + 1] = value; \\
        } \\
    } else if (planes == 1) { \\
        for (k = 0; k < count * width; k++) { \\
            memcpy(&s, from[0] + sizeof(type) * k, sizeof(type)); \\
            to[k] = value; \\
        } \\
    } else { \\
        for (plane = 0; plane < planes; plane++) \\
            for (k = 0; k < count; k++) { \\
                memcpy(&s, from[plane] + sizeof(type) * k, sizeof(type)); \\
                to[planes * k + plane] = value; \\
            } \\
    } \\
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3", "no-trapping-math", "fp-contract=off")
#elif defined(__clang__)
#pragma clang fp contract(off)
#endif
FFWC_TO_FLOAT(u8, uint8_t, ((float)s - 128.0f) * (1.0f / 128.0f))
FFWC_TO_FLOAT(s16, int16_t, (float)s * (1.0f / 32768.0f))
FFWC_TO_FLOAT(s32, int32_t, (float)s * (1.0f / 2147483648.0f))
FFWC_TO_FLOAT(f32, float, s)
FFWC_TO_FLOAT(s64, int64_t, (float)((double)s * (1.0 / 9223372036854775808.0)))
FFWC_TO_FLOAT(f64, double, (float)s)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
static int ffwc_skips(const AVPacket *packet)
{
    int index;
    for (index = 0; index < packet->side_data_elems; index++)
        if (packet->side_data[index].type == AV_PKT_DATA_SKIP_SAMPLES)
            return 1;
    return 0;
}
/* Tells whether a packet is plain as far as that is seen before it is decoded, and notes what it
   says. */
static int ffwc_is_plain(const AVPacket *packet, const int64_t *plan, int64_t *state)
{
    int64_t ticks = packet->pts, position = state[FFWC_POSITION], off;
    if (packet->size <= 0 || packet->size % plan[FFWC_UNIT] || packet->pts == AV_NOPTS_VALUE ||
        packet->flags & AV_PKT_FLAG_DISCARD || ffwc_skips(packet))
        return 0;
    if (plan[FFWC_TOLERANCE] >= 0) {
        if (ticks < -(INT64_MAX >> 2) || ticks > INT64_MAX >> 2)
            return 0;
        ticks -= plan[FFWC_ZERO];
        if (ticks < -(INT64_MAX >> 2) / plan[FFWC_NUM] || ticks > (INT64_MAX >> 2) / plan[FFWC_NUM])
            return 0;
        if (position < -(INT64_MAX >> 2) / plan[FFWC_DEN] ||
            position > (INT64_MAX >> 2) / plan[FFWC_DEN])
            return 0;
        off = ticks * plan[FFWC_NUM] - position * plan[FFWC_DEN];
        if (off > plan[FFWC_TOLERANCE] || off < -plan[FFWC_TOLERANCE])
            return 0;
        if (plan[FFWC_STRICT] >= 0) {
            int64_t biased = off - plan[FFWC_BIAS];
            if (biased > plan[FFWC_STRICT] || biased < -plan[FFWC_STRICT])
                return 0;
            if (off < state[FFWC_LEAST])
                state[FFWC_LEAST] = off;
            if (off > state[FFWC_MOST])
                state[FFWC_MOST] = off;
        }
    }
    if (plan[FFWC_MARKS] == 1)
        state[FFWC_IS_MIXED] |= packet->data[0] != plan[FFWC_MARK];
    else if (plan[FFWC_MARKS] == 2)
        state[FFWC_IS_MIXED] |= packet->size != plan[FFWC_MARK];
    return 1;
}
/* Tells whether all samples of a packet's frame are heard, and there is room for them. */
static int ffwc_fits(const AVPacket *packet, const AVFrame *frame, const int64_t *plan,
                     int64_t position)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 24, 100)
    int channels = frame->ch_layout.nb_channels;
#else
    int channels = frame->channels;
#endif
    int64_t count = frame->nb_samples;
    if (frame->pts != packet->pts || count <= 0 || frame->format != plan[FFWC_FORMAT] ||
        frame->sample_rate != plan[FFWC_RATE] || channels != plan[FFWC_CHANNELS] ||
        count > plan[FFWC_LIMIT] - position)
        return 0;
    if (plan[FFWC_ENDS] && packet->duration) {
        int64_t lasting = packet->duration, den = plan[FFWC_DEN];
        if (lasting < 0 || lasting > (INT64_MAX >> 2) / plan[FFWC_NUM])
            return 0;
        return (2 * lasting * plan[FFWC_NUM] + den) / (2 * den) >= count;
    }
    return 1;
}
static void ffwc_floats(float *to, const AVFrame *frame, const int64_t *plan)
{
    static void (*const writers[])(float *, uint8_t **, int, int, int64_t) = {
        ffwc_float_u8, ffwc_float_s16, ffwc_float_s32, ffwc_float_f32, ffwc_float_s64,
        ffwc_float_f64};
    int channels = (int)plan[FFWC_CHANNELS];
    if (plan[FFWC_TYPE] == 3 && plan[FFWC_PLANES] == 1)
        memcpy(to, frame->extended_data[0], sizeof(float) * channels * frame->nb_samples);
    else
        writers[plan[FFWC_TYPE]](to, frame->extended_data, (int)plan[FFWC_PLANES], channels,
                                 frame->nb_samples);
}
/* Tells whether two frames have their channels at the same places, which FFmpeg does not list one
   by one. */
static int ffwc_is_placed_as(const AVFrame *frame, const AVFrame *other)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 24, 100)
    return frame->ch_layout.order <= AV_CHANNEL_ORDER_NATIVE &&
           frame->ch_layout.order == other->ch_layout.order &&
           frame->ch_layout.u.mask == other->ch_layout.u.mask;
#else
    return frame->channel_layout == other->channel_layout;
#endif
}
/* `to` is where the sample at the position goes that `state` has; without it frames are kept. */
static int ffwc_sound(AVFormatContext *context, AVPacket *packet, AVCodecContext *codec,
                      AVFrame *first, AVFrame *second, int64_t *plan, int64_t *state, uint8_t *to,
                      AVFrame **kept, int room, int64_t *counts)
{
    int64_t begin = av_gettime_relative(), left = plan[FFWC_BYTES], *frames = &state[FFWC_KEPT];
    int done;
    for (done = 0; left > 0 && (to || *frames < room); done++) {
        int code;
        if (done % 8 == 7 && av_gettime_relative() - begin > plan[FFWC_TIME])
            break;
        code = av_read_frame(context, packet);
        if (code < 0) {
            state[FFWC_RESULT] = code;
            return FFWC_READ_FAILED;
        }
        left -= (int64_t)packet->size + 1024;
        if (packet->stream_index != plan[FFWC_STREAM]) {
            av_packet_unref(packet);
            continue;
        }
        if (!ffwc_is_plain(packet, plan, state))
            return FFWC_READ;
        state[FFWC_RECEIVED] = 0;
        code = avcodec_send_packet(codec, packet);
        state[FFWC_SENT] = code;
        if (code < 0)
            return FFWC_DECODED;
        code = avcodec_receive_frame(codec, first);
        state[FFWC_RECEIVED] = 1;
        if (!code) {
            code = avcodec_receive_frame(codec, second);
            state[FFWC_RECEIVED] = 2;
        }
        state[FFWC_RESULT] = code;
        if (code != AVERROR(EAGAIN) || state[FFWC_RECEIVED] != 2 ||
            !ffwc_fits(packet, first, plan, state[FFWC_POSITION]))
            return FFWC_DECODED;
        if (to) {
            ffwc_floats((float *)to, first, plan);
            to += sizeof(float) * plan[FFWC_CHANNELS] * first->nb_samples;
        } else {
            if (!ffwc_is_placed_as(first, *frames ? kept[*frames - 1] : first))
                return FFWC_DECODED;
            counts[*frames] = first->nb_samples;
        }
        state[FFWC_POSITION] += first->nb_samples;
        state[FFWC_TICKS] = first->pts;
        state[FFWC_SAMPLES_OF] = first->nb_samples;
        if (to)
            av_frame_unref(first);
        else
            av_frame_move_ref(kept[(*frames)++], first);
        av_packet_unref(packet);
    }
    return FFWC_PAUSED;
}
static int ffwc_read_run(AVFormatContext *context, int stream, int room, AVPacket **packets,
                         int64_t bytes, int64_t time, int64_t *about, int *code)
{
    int64_t begin = av_gettime_relative();
    int count = 0;
    *code = 0;
    while (count < room && bytes > 0) {
        AVPacket *packet = packets[count];
        *code = av_read_frame(context, packet);
        if (*code < 0)
            break;
        bytes -= (int64_t)packet->size + 256;
        if (packet->stream_index == stream) {
            about[0] = packet->pts;
            about[1] = packet->dts;
            about[2] = packet->duration;
            about[3] = packet->flags;
            about[4] = packet->size;
            about += 5;
            count++;
        } else {
            av_packet_unref(packet);
        }
        if (av_gettime_relative() - begin > time)
            break;
    }
    return count;
}
"""
