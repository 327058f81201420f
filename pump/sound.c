/* `sound`: reads and decodes samples in one call. Part of `ffi_pump.c`. */
enum { /* what stays */
    PLAN_STREAM,    /* index */
    PLAN_FORMAT,    /* of frames: AVSampleFormat, hertz, channels */
    PLAN_RATE,
    PLAN_CHANNELS,
    PLAN_TYPE,      /* of samples: 0 u8, 1 s16, 2 s32, 3 f32, 4 s64, 5 f64 */
    PLAN_PLANES,
    PLAN_UNIT,      /* packets have a multiple of so many bytes */
    PLAN_ZERO,      /* the tick that counts as 0 */
    PLAN_NUM,       /* a tick is NUM / DEN samples */
    PLAN_DEN,
    PLAN_TOLERANCE, /* in samples times DEN: what a time may be off; -1: times say nothing */
    PLAN_STRICT,    /* the same, where it is to be noted; -1: it is not */
    PLAN_BIAS,
    PLAN_ENDS,      /* durations say what is heard */
    PLAN_MARKS,     /* 1: of the first byte, 2: of the size: whether it is always MARK */
    PLAN_MARK,
    PLAN_LIMIT,     /* no sample from this position on */
    PLAN_BYTES,     /* to read at most, about */
    PLAN_TIME,      /* to take at most, about: microseconds */
    PLAN_COUNT
};
enum { /* what goes on */
    STATE_POSITION, /* of the next sample */
    STATE_LEAST,    /* how far off times were, in samples times DEN */
    STATE_MOST,
    STATE_IS_MIXED, /* not all marks were equal */
    STATE_TICKS,    /* of the last frame */
    STATE_SAMPLES,  /* of the last frame */
    STATE_SENT,     /* what avcodec_send_packet said, how often avcodec_receive_frame was called, */
    STATE_RECEIVED, /* with what result at last */
    STATE_RESULT,
    STATE_KEPT,     /* frames */
    STATE_COUNT
};
enum { PAUSED, READ_FAILED, READ, DECODED }; /* what is to be gone on with */

#define TO_FLOAT(name, type, value) \
static void float_##name(float *to, uint8_t **from, int planes, int width, int64_t count) \
{ \
    int plane; \
    int64_t k; \
    type s; \
    if (planes == 2) { \
        const uint8_t *left = from[0], *right = from[1]; \
        for (k = 0; k < count; k++) { \
            memcpy(&s, left + sizeof(type) * k, sizeof(type)); \
            to[2 * k] = value; \
            memcpy(&s, right + sizeof(type) * k, sizeof(type)); \
            to[2 * k + 1] = value; \
        } \
    } else if (planes == 1) { \
        for (k = 0; k < count * width; k++) { \
            memcpy(&s, from[0] + sizeof(type) * k, sizeof(type)); \
            to[k] = value; \
        } \
    } else { \
        for (plane = 0; plane < planes; plane++) \
            for (k = 0; k < count; k++) { \
                memcpy(&s, from[plane] + sizeof(type) * k, sizeof(type)); \
                to[planes * k + plane] = value; \
            } \
    } \
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3", "no-trapping-math", "fp-contract=off")
#elif defined(__clang__)
#pragma clang fp contract(off)
#endif
TO_FLOAT(u8, uint8_t, ((float)s - 128.0f) * (1.0f / 128.0f))
TO_FLOAT(s16, int16_t, (float)s * (1.0f / 32768.0f))
TO_FLOAT(s32, int32_t, (float)s * (1.0f / 2147483648.0f))
TO_FLOAT(f32, float, s)
TO_FLOAT(s64, int64_t, (float)((double)s * (1.0 / 9223372036854775808.0)))
TO_FLOAT(f64, double, (float)s)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
static void write_floats(float *to, const void *frame, const int64_t *plan)
{
    static void (*const writers[])(float *, uint8_t **, int, int, int64_t) = {
        float_u8, float_s16, float_s32, float_f32, float_s64, float_f64};
    uint8_t **data = FIELD(uint8_t **, frame, frame_data);
    int channels = (int)plan[PLAN_CHANNELS];
    int64_t count = FIELD(int, frame, frame_samples);
    if (plan[PLAN_TYPE] == 3 && plan[PLAN_PLANES] == 1)
        memcpy(to, data[0], sizeof(float) * channels * count);
    else
        writers[plan[PLAN_TYPE]](to, data, (int)plan[PLAN_PLANES], channels, count);
}
static int skips(const void *packet)
{
    const char *sides = FIELD(const char *, packet, packet_side);
    int index, count = FIELD(int, packet, packet_sides);
    for (index = 0; index < count; index++)
        if (*(const int *)(sides + at.side_size * index + at.side_type) == at.side_skips)
            return 1;
    return 0;
}
/* Tells whether a packet is plain as far as that is seen before it is decoded, and notes what it
   says. */
static int is_plain(const void *packet, const int64_t *plan, int64_t *state)
{
    int64_t ticks = FIELD(int64_t, packet, packet_pts), position = state[STATE_POSITION], off;
    int size = FIELD(int, packet, packet_size);
    if (size <= 0 || size % plan[PLAN_UNIT] || ticks == NOPTS ||
        FIELD(int, packet, packet_flags) & at.flag_discard || skips(packet))
        return 0;
    if (plan[PLAN_TOLERANCE] >= 0) {
        if (ticks < -(INT64_MAX >> 2) || ticks > INT64_MAX >> 2)
            return 0;
        ticks -= plan[PLAN_ZERO];
        if (ticks < -(INT64_MAX >> 2) / plan[PLAN_NUM] || ticks > (INT64_MAX >> 2) / plan[PLAN_NUM])
            return 0;
        if (position < -(INT64_MAX >> 2) / plan[PLAN_DEN] ||
            position > (INT64_MAX >> 2) / plan[PLAN_DEN])
            return 0;
        off = ticks * plan[PLAN_NUM] - position * plan[PLAN_DEN];
        if (off > plan[PLAN_TOLERANCE] || off < -plan[PLAN_TOLERANCE])
            return 0;
        if (plan[PLAN_STRICT] >= 0) {
            int64_t biased = off - plan[PLAN_BIAS];
            if (biased > plan[PLAN_STRICT] || biased < -plan[PLAN_STRICT])
                return 0;
            if (off < state[STATE_LEAST])
                state[STATE_LEAST] = off;
            if (off > state[STATE_MOST])
                state[STATE_MOST] = off;
        }
    }
    if (plan[PLAN_MARKS] == 1)
        state[STATE_IS_MIXED] |= FIELD(uint8_t *, packet, packet_data)[0] != plan[PLAN_MARK];
    else if (plan[PLAN_MARKS] == 2)
        state[STATE_IS_MIXED] |= size != plan[PLAN_MARK];
    return 1;
}
/* Tells whether all samples of a packet's frame are heard, and there is room for them. */
static int fits(const void *packet, const void *frame, const int64_t *plan, int64_t position)
{
    int64_t count = FIELD(int, frame, frame_samples), den = plan[PLAN_DEN];
    int64_t lasting = FIELD(int64_t, packet, packet_duration);
    if (FIELD(int64_t, frame, frame_pts) != FIELD(int64_t, packet, packet_pts) || count <= 0 ||
        FIELD(int, frame, frame_format) != plan[PLAN_FORMAT] ||
        FIELD(int, frame, frame_rate) != plan[PLAN_RATE] ||
        FIELD(int, frame, frame_channels) != plan[PLAN_CHANNELS] ||
        count > plan[PLAN_LIMIT] - position)
        return 0;
    if (plan[PLAN_ENDS] && lasting) {
        if (lasting < 0 || lasting > (INT64_MAX >> 2) / plan[PLAN_NUM])
            return 0;
        return (2 * lasting * plan[PLAN_NUM] + den) / (2 * den) >= count;
    }
    return 1;
}
/* Tells whether two frames have their channels at the same places, which FFmpeg does not list one
   by one. */
static int is_placed_as(const void *frame, const void *other)
{
    if (at.frame_order >= 0 && (FIELD(int, frame, frame_order) > NATIVE_ORDER ||
                                FIELD(int, frame, frame_order) != FIELD(int, other, frame_order)))
        return 0;
    return FIELD(int64_t, frame, frame_places) == FIELD(int64_t, other, frame_places);
}
/* Of a run. `to` is where the sample at the position goes that `state` has; without it frames are
   kept. */
typedef struct {
    void *context, *packet, *codec, *first, *second, *kept[MOST];
    void *spare[MOST + 2]; /* empty frames */
    int spares;
    int64_t plan[PLAN_COUNT], state[STATE_COUNT];
    uint8_t *to;
    int room;
} Run;

static int run_sound(Run *run)
{
    int64_t begin = now(), *state = run->state, *plan = run->plan, left = plan[PLAN_BYTES];
    void *packet = run->packet;
    int done, code;
    for (done = 0; left > 0 && (run->to || state[STATE_KEPT] < run->room); done++) {
        if (done % 8 == 7 && now() - begin > plan[PLAN_TIME])
            break;
        if (!run->first)
            run->first = run->spare[--run->spares];
        code = call.read(run->context, packet);
        if (code < 0) {
            state[STATE_RESULT] = code;
            return READ_FAILED;
        }
        left -= (int64_t)FIELD(int, packet, packet_size) + 1024;
        if (FIELD(int, packet, packet_stream) != plan[PLAN_STREAM]) {
            call.packet_unref(packet);
            continue;
        }
        if (!is_plain(packet, plan, state))
            return READ;
        state[STATE_RECEIVED] = 0;
        code = call.send(run->codec, packet);
        state[STATE_SENT] = code;
        if (code < 0)
            return DECODED;
        code = call.receive(run->codec, run->first);
        state[STATE_RECEIVED] = 1;
        if (!code) {
            code = call.receive(run->codec, run->second);
            state[STATE_RECEIVED] = 2;
        }
        state[STATE_RESULT] = code;
        if (code != AGAIN || state[STATE_RECEIVED] != 2 ||
            !fits(packet, run->first, plan, state[STATE_POSITION]))
            return DECODED;
        if (!run->to) {
            void *before = state[STATE_KEPT] ? run->kept[state[STATE_KEPT] - 1] : run->first;
            if (!is_placed_as(run->first, before))
                return DECODED;
        }
        code = FIELD(int, run->first, frame_samples);
        state[STATE_TICKS] = FIELD(int64_t, run->first, frame_pts);
        state[STATE_SAMPLES] = code;
        state[STATE_POSITION] += code;
        if (run->to) {
            write_floats((float *)run->to, run->first, plan);
            run->to += sizeof(float) * plan[PLAN_CHANNELS] * code;
        } else {
            run->kept[state[STATE_KEPT]++] = run->first;
            run->first = NULL;
        }
        call.packet_unref(packet);
    }
    return PAUSED;
}
static PyObject *pump_sound(PyObject *module, PyObject *args)
{
    PyObject *addresses[4], *plan, *kept, *first = NULL, *second = NULL;
    PyThreadState *thread;
    long long position;
    int reached, index;
    Run run;
    memset(&run, 0, sizeof run);
    if (!PyArg_ParseTuple(args, "O!O!O!O!LO!i", &PyLong_Type, &addresses[0], &PyLong_Type,
                          &addresses[1], &PyLong_Type, &addresses[2], &PyTuple_Type, &plan,
                          &position, &PyLong_Type, &addresses[3], &run.room))
        return NULL;
    run.context = PyLong_AsVoidPtr(addresses[0]);
    run.packet = PyLong_AsVoidPtr(addresses[1]);
    run.codec = PyLong_AsVoidPtr(addresses[2]);
    run.to = PyLong_AsVoidPtr(addresses[3]);
    if (PyErr_Occurred() || read_numbers(plan, run.plan, PLAN_COUNT))
        return NULL;
    if (!run.context || !run.packet || !run.codec || run.room < 0 || run.room > MOST ||
        !call.read || run.plan[PLAN_TYPE] < 0 || run.plan[PLAN_TYPE] > 5 ||
        run.plan[PLAN_UNIT] < 1 || run.plan[PLAN_NUM] < 1 || run.plan[PLAN_DEN] < 1) {
        PyErr_SetString(PyExc_ValueError, "nothing can be decoded");
        return NULL;
    }
    run.state[STATE_POSITION] = position;
    run.state[STATE_LEAST] = INT64_MAX;
    run.state[STATE_MOST] = -INT64_MAX;
    /* For each that is kept one, and two for what comes next. */
    while (run.spares < (run.to ? 2 : run.room + 2) &&
           (run.spare[run.spares] = take(&frame_stock, call.frame_alloc)))
        run.spares++;
    if (run.spares < 3 && (run.spares < 2 || !run.to)) {
        PyErr_NoMemory();
        while (run.spares)
            give_frame_back(run.spare[--run.spares]);
        return NULL;
    }
    if (!run.to && run.room > run.spares - 2)
        run.room = run.spares - 2; /* there is no memory for more */
    run.second = run.spare[--run.spares];
    thread = PyEval_SaveThread();
    reached = run_sound(&run);
    PyEval_RestoreThread(thread);
    kept = PyList_New(run.state[STATE_KEPT]);
    for (index = 0; index < run.state[STATE_KEPT]; index++) {
        void *frame = run.kept[index];
        PyObject *row = NULL;
        int count = FIELD(int, frame, frame_samples);
        if (!kept) {
            give_frame_back(frame);
            continue;
        }
        row = new_picture(new_frame(frame));
        row = row ? Py_BuildValue("(NLi)", row, (long long)position, count) : NULL;
        position += count;
        if (row)
            PyList_SetItem(kept, index, row);
        else
            Py_CLEAR(kept);
    }
    if (kept && reached == DECODED && run.state[STATE_RECEIVED]) {
        if (run.state[STATE_RECEIVED] == 2 || !run.state[STATE_RESULT])
            first = given_frame(&run.first);
        if (run.state[STATE_RECEIVED] == 2 && !run.state[STATE_RESULT])
            second = given_frame(&run.second);
    }
    give_frame_back(run.first);
    give_frame_back(run.second);
    while (run.spares)
        give_frame_back(run.spare[--run.spares]);
    if (!kept || PyErr_Occurred()) {
        Py_XDECREF(kept);
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    return Py_BuildValue(
        "(i(LLLLLLLLLL)NNN)", reached, (long long)run.state[0], (long long)run.state[1],
        (long long)run.state[2], (long long)run.state[3], (long long)run.state[4],
        (long long)run.state[5], (long long)run.state[6], (long long)run.state[7],
        (long long)run.state[8], (long long)run.state[9], kept,
        first ? first : (Py_INCREF(Py_None), Py_None),
        second ? second : (Py_INCREF(Py_None), Py_None));
}
