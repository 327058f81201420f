/* VideoRun: reads and decodes pictures in one call. Part of `ffi_pump.c`. */
#define FRAMES 8   /* a call; more gain nothing */
#define PACKETS 64 /* of the video, and of others, a call */
#define HEADS 16   /* of key packets that are remembered, a call */
#define HEAD 1024  /* bytes, as `_spec.codecs.picture_limit` has it */
#define FAR (INT64_MAX >> 2)

enum { /* of a run */
    RUN_STREAM,  /* index */
    RUN_NUM,     /* of the time base */
    RUN_DEN,
    RUN_STEP,    /* microseconds that a packet lasts which does not say it */
    RUN_MOST,    /* pixels; a larger frame is not plain */
    RUN_WATCHED, /* flags of packets whose beginning is wanted */
    RUN_START,   /* frames before are not wanted */
    RUN_STOP,    /* nor what comes behind the first frame from here on */
    RUN_HIDES,   /* packets of VP8 need not be of a picture that is shown */
    RUN_KEEPS,   /* packets of other streams are wanted */
    RUN_TIME,    /* microseconds a call, about */
    RUN_PIXELS,  /* a call, about */
    RUN_COUNT
};
enum { VIDEO_PAUSED, VIDEO_READ_FAILED, VIDEO_READ, VIDEO_SEND_FAILED, VIDEO_RECEIVE_FAILED,
       VIDEO_GIVEN };

typedef struct {
    PyObject_HEAD
    int is_busy, spares;
    int is_wet; /* the decoder may have frames */
    int64_t plan[RUN_COUNT];
    Spans spans;
    void *packet, *spare[FRAMES + 1];
    /* Of the last call. */
    int rows, sent, given, heads, others, came, key_flags;
    int64_t last, time, next, latest; /* of packets: dts in ticks; microseconds, see `DemuxerCore` */
    int64_t latest_frame;
    /* Of packets that are known by number: the next one, where to stop before, how many bytes each
       has, and when it is to be shown; NULL: at its number. */
    int64_t number, end;
    const int32_t *sizes; /* NULL: they are not */
    const int64_t *shown;
    void *frames[FRAMES], *other[PACKETS];
    int64_t sent_times[PACKETS], given_times[PACKETS], length[FRAMES], frame_time[FRAMES];
    char is_other[FRAMES];
    int other_place[PACKETS], head_size[HEADS];
    char head[HEADS][HEAD];
} VideoRun;
static PyTypeObject *video_type;

/* VideoRun(plan, spans). */
static PyObject *video_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *plan, *spans;
    VideoRun *self;
    if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &plan, &PyTuple_Type, &spans))
        return NULL;
    self = PyObject_New(VideoRun, type);
    if (!self)
        return NULL;
    memset((char *)self + offsetof(VideoRun, is_busy), 0,
           sizeof(VideoRun) - offsetof(VideoRun, is_busy));
    if (read_numbers(plan, self->plan, RUN_COUNT) || fill_spans(&self->spans, spans))
        goto fail;
    if (self->plan[RUN_NUM] < 1 || self->plan[RUN_DEN] < 1 || self->plan[RUN_NUM] > INT_MAX ||
        self->plan[RUN_DEN] > INT_MAX || !call.read || !call.rescale)
        goto unfit;
    self->packet = call.packet_alloc();
    if (self->packet)
        return (PyObject *)self;
    PyErr_NoMemory();
    goto fail;
unfit:
    PyErr_SetString(PyExc_ValueError, "nothing can be decoded");
fail:
    Py_DECREF(self);
    return NULL;
}
static void video_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    VideoRun *self = (VideoRun *)object;
    while (self->spares)
        give_frame_back(self->spare[--self->spares]);
    if (self->packet)
        call.packet_free(&self->packet);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* Tells whether there is something of one of two types beside a packet. */
static int says_more(const void *packet)
{
    const char *sides = FIELD(const char *, packet, packet_side);
    int index, count = FIELD(int, packet, packet_sides);
    for (index = 0; index < count; index++) {
        int type = *(const int *)(sides + at.side_size * index + at.side_type);
        if (type == at.side_encryption || type == at.side_addition)
            return 1;
    }
    return 0;
}
/* Takes note of a packet of the video, as `DemuxerCore.read_on` and `DecoderCore.send` do; returns
   whether it is plain, else it is as it was. */
static int note_packet(VideoRun *self, Upcoming *upcoming)
{
    static const Rational microseconds = {1, 1000000};
    Rational base = {(int)self->plan[RUN_NUM], (int)self->plan[RUN_DEN]};
    void *packet = self->packet;
    int64_t pts = FIELD(int64_t, packet, packet_pts), dts = FIELD(int64_t, packet, packet_dts);
    int64_t lasting = FIELD(int64_t, packet, packet_duration), time;
    int size = FIELD(int, packet, packet_size), flags = FIELD(int, packet, packet_flags);
    const char *data = FIELD(const char *, packet, packet_data);
    if (pts == NOPTS || size <= 0 || says_more(packet) || (upcoming && !has_room(upcoming)))
        return 0;
    if (flags & self->plan[RUN_WATCHED] && size >= 8 && !memcmp(data, "\211PNG\r\n\032\n", 8))
        return 0;
    if (self->sizes && size != self->sizes[self->number])
        return 0;
    call.rescale(packet, base, microseconds);
    time = FIELD(int64_t, packet, packet_pts);
    if (time > FAR || time < -FAR || FIELD(int64_t, packet, packet_duration) > FAR ||
        FIELD(int64_t, packet, packet_duration) < 0) {
        FIELD(int64_t, packet, packet_pts) = pts;
        FIELD(int64_t, packet, packet_dts) = dts;
        FIELD(int64_t, packet, packet_duration) = lasting;
        return 0;
    }
    self->came++;
    self->last = dts;
    self->key_flags = flags;
    lasting = FIELD(int64_t, packet, packet_duration);
    self->time = time;
    self->next = time + (lasting ? lasting : self->plan[RUN_STEP]);
    if (self->next > self->latest)
        self->latest = self->next;
    if (upcoming && (!self->plan[RUN_HIDES] || data[0] & 16))
        add_time(upcoming, time, FIELD(int64_t, packet, packet_dts));
    if (self->sizes) {
        time = self->shown ? self->shown[self->number] : self->number;
        FIELD(int64_t, packet, packet_pts) = time;
        if (!self->shown)
            FIELD(int64_t, packet, packet_dts) = NOPTS;
        self->number++;
    }
    self->sent_times[self->sent++] = time;
    if (flags & self->plan[RUN_WATCHED]) {
        self->head_size[self->heads] = size < HEAD ? size : HEAD;
        memcpy(self->head[self->heads++], data, (size_t)(size < HEAD ? size : HEAD));
    }
    return 1;
}
/* Tells whether a frame is one about which nothing is to be looked at. */
static int is_plain_frame(const VideoRun *self, const void *frame)
{
    int64_t time = FIELD(int64_t, frame, frame_pts);
    int index, count = FIELD(int, frame, frame_sides);
    if (time == self->latest_frame || time > FAR || time < -FAR ||
        FIELD(int, frame, frame_linesize) < 0 ||
        (int64_t)FIELD(int, frame, frame_width) * FIELD(int, frame, frame_height) >
            self->plan[RUN_MOST])
        return 0;
    if (at.frame_metadata >= 0 && FIELD(void *, frame, frame_metadata))
        return 0;
    for (index = 0; index < count; index++) {
        const char *side = FIELD(const char **, frame, frame_side)[index];
        if (*(const int *)(side + at.frame_side_type) == at.side_matrix)
            return 0;
    }
    return 1;
}
static int64_t frame_pixels(const void *frame)
{
    return (int64_t)FIELD(int, frame, frame_width) * FIELD(int, frame, frame_height);
}

/* Goes on until there are as many frames as there is room for, or something is not plain; `code` is
   FFmpeg's then. A frame that is not is the last one of `spare`. */
static int run_video(VideoRun *self, void *context, void *codec, Upcoming *upcoming, int room,
                     int *code)
{
    int64_t begin = now(), *plan = self->plan, pixels = 0;
    void *packet = self->packet;
    for (;;) {
        if (self->is_wet) {
            void *frame = self->spare[self->spares - 1];
            int64_t time;
            *code = call.receive(codec, frame);
            if (!*code) {
                uint64_t gap;
                int is_last;
                if (!is_plain_frame(self, frame))
                    return VIDEO_GIVEN;
                time = self->latest_frame = FIELD(int64_t, frame, frame_pts);
                self->given_times[self->given++] = time;
                if (time < plan[RUN_START]) {
                    call.frame_unref(frame);
                    if (self->given == PACKETS)
                        return VIDEO_PAUSED;
                    continue;
                }
                self->spares--;
                self->frames[self->rows] = frame;
                self->frame_time[self->rows] = time;
                self->is_other[self->rows] = (char)differs(&self->spans, frame);
                self->length[self->rows] = FIELD(int64_t, frame, frame_duration);
                if (time < plan[RUN_STOP] && upcoming &&
                    find_gap(upcoming, time, self->length[self->rows], &gap, &is_last))
                    self->length[self->rows] = (int64_t)gap;
                pixels += frame_pixels(frame);
                if (++self->rows >= room || time >= plan[RUN_STOP] || self->given == PACKETS ||
                    pixels + pixels / self->rows > plan[RUN_PIXELS] ||
                    now() - begin > plan[RUN_TIME])
                    return VIDEO_PAUSED;
                continue;
            }
            if (*code != AGAIN)
                return VIDEO_RECEIVE_FAILED;
            self->is_wet = 0;
        }
        if (self->sent == PACKETS || self->others == PACKETS || self->heads == HEADS ||
            (self->sizes && self->number >= self->end) || now() - begin > plan[RUN_TIME])
            return VIDEO_PAUSED;
        *code = call.read(context, packet);
        if (*code < 0)
            return VIDEO_READ_FAILED;
        if (FIELD(int, packet, packet_stream) != plan[RUN_STREAM]) {
            if (!plan[RUN_KEEPS]) {
                call.packet_unref(packet);
                continue;
            }
            if (!(self->other[self->others] = call.packet_alloc()))
                return VIDEO_READ;
            call.packet_move(self->other[self->others], packet);
            self->other_place[self->others++] = self->rows;
            continue;
        }
        if (!note_packet(self, upcoming))
            return VIDEO_READ;
        *code = call.send(codec, packet);
        call.packet_unref(packet);
        if (*code < 0)
            return VIDEO_SEND_FAILED;
        self->is_wet = 1;
    }
}

static PyObject *numbers_list(const int64_t *numbers, int count)
{
    PyObject *list = PyList_New(count);
    int index;
    for (index = 0; list && index < count; index++) {
        PyObject *number = PyLong_FromLongLong(numbers[index]);
        if (number)
            PyList_SetItem(list, index, number);
        else
            Py_CLEAR(list);
    }
    return list;
}
/* The frames, the first one at the end: (Picture, time, length, whether it may look other). */
static PyObject *given_rows(VideoRun *self)
{
    PyObject *rows = PyList_New(self->rows);
    int index;
    for (index = 0; index < self->rows; index++) {
        void *frame = self->frames[index];
        PyObject *values[4], *row;
        int each;
        if (!rows) {
            give_frame_back(frame);
            continue;
        }
        values[0] = new_picture(new_frame(frame));
        values[1] = PyLong_FromLongLong(self->frame_time[index]);
        values[2] = PyLong_FromLongLong(self->length[index]);
        values[3] = PyBool_FromLong(self->is_other[index]);
        row = values[0] && values[1] && values[2] ? PyTuple_New(4) : NULL;
        for (each = 0; each < 4; each++)
            if (row)
                PyTuple_SetItem(row, each, values[each]);
            else
                Py_XDECREF(values[each]);
        if (row)
            PyList_SetItem(rows, self->rows - 1 - index, row);
        else
            Py_CLEAR(rows);
    }
    self->rows = 0;
    return rows;
}
/* The packets of other streams: (Packet, how many frames came before it). */
static PyObject *given_others(VideoRun *self)
{
    PyObject *others = PyList_New(self->others);
    int index;
    for (index = 0; index < self->others; index++) {
        PyObject *row, *made;
        if (!others) {
            give_packet_back(self->other[index]);
            continue;
        }
        made = new_packet(self->other[index]);
        row = made ? Py_BuildValue("(Ni)", made, self->other_place[index]) : NULL;
        if (row)
            PyList_SetItem(others, index, row);
        else
            Py_CLEAR(others);
    }
    self->others = 0;
    return others;
}
static PyObject *given_heads(VideoRun *self)
{
    PyObject *heads = PyList_New(self->heads);
    int index;
    for (index = 0; heads && index < self->heads; index++) {
        PyObject *head = PyBytes_FromStringAndSize(self->head[index], self->head_size[index]);
        if (head)
            PyList_SetItem(heads, index, head);
        else
            Py_CLEAR(heads);
    }
    return heads;
}
/* What is not plain, and taken out. */
static PyObject *given_rest(VideoRun *self, int reached)
{
    void *native;
    if (reached == VIDEO_GIVEN)
        return new_frame(self->spare[--self->spares]);
    if (reached == VIDEO_READ) {
        if (!(native = take(&packet_stock, call.packet_alloc)))
            return PyErr_NoMemory();
        call.packet_move(native, self->packet);
        return new_packet(native);
    }
    Py_RETURN_NONE;
}

/* Takes None, or the next packet's number, where to stop, and the addresses of what is said of all
   of them. */
static int fill_numbers(VideoRun *self, PyObject *told)
{
    PyObject *sizes, *shown;
    long long number, end;
    self->sizes = NULL;
    if (told == Py_None)
        return 0;
    if (!PyArg_ParseTuple(told, "LLO!O!", &number, &end, &PyLong_Type, &sizes, &PyLong_Type,
                          &shown))
        return -1;
    self->number = number;
    self->end = end;
    self->sizes = PyLong_AsVoidPtr(sizes);
    self->shown = PyLong_AsVoidPtr(shown);
    if (!PyErr_Occurred() && (!self->sizes || number < 0))
        PyErr_SetString(PyExc_ValueError, "there is no such packet");
    return PyErr_Occurred() ? -1 : 0;
}

/* go(context, codec, upcoming, room, latest_frame, latest, numbers): returns what was reached, FFmpeg's code,
   (frames, times sent, times given, heads, others), what is not plain, whether the decoder may have
   more, and (packets that came, dts, flags, time, next, latest). */
static PyObject *video_go(PyObject *object, PyObject *args)
{
    VideoRun *self = (VideoRun *)object;
    PyObject *addresses[2], *upcoming, *numbers, *rows, *sent, *given, *heads, *others,
        *rest;
    PyThreadState *thread;
    void *context, *codec;
    long long latest_frame, latest;
    int reached, room, code = 0;
    if (!PyArg_ParseTuple(args, "O!O!OiLLO", &PyLong_Type, &addresses[0], &PyLong_Type,
                          &addresses[1], &upcoming, &room, &latest_frame, &latest, &numbers))
        return NULL;
    context = PyLong_AsVoidPtr(addresses[0]);
    codec = PyLong_AsVoidPtr(addresses[1]);
    if (PyErr_Occurred())
        return NULL;
    if (self->is_busy || !context || !codec || room < 1 || room > FRAMES ||
        (upcoming != Py_None && Py_TYPE(upcoming) != upcoming_type)) {
        PyErr_SetString(PyExc_ValueError, "nothing can be decoded");
        return NULL;
    }
    if (fill_numbers(self, numbers))
        return NULL;
    while (self->spares <= room) {
        if (!(self->spare[self->spares] = take(&frame_stock, call.frame_alloc)))
            return PyErr_NoMemory();
        self->spares++;
    }
    self->rows = self->sent = self->given = self->heads = self->others = self->came = 0;
    self->latest_frame = latest_frame;
    self->latest = latest;
    self->is_busy = 1;
    Py_INCREF(self);
    thread = PyEval_SaveThread();
    reached = run_video(self, context, codec,
                        upcoming == Py_None ? NULL : (Upcoming *)upcoming, room, &code);
    PyEval_RestoreThread(thread);
    rows = given_rows(self);
    others = given_others(self);
    rest = given_rest(self, reached);
    sent = numbers_list(self->sent_times, self->sent);
    given = numbers_list(self->given_times, self->given);
    heads = given_heads(self);
    self->is_busy = 0;
    if (rows && others && rest && sent && given && heads) {
        PyObject *result = Py_BuildValue(
            "(iiNNNNNNi(iLiLLLL))", reached, code, rows, sent, given, heads, others, rest,
            self->is_wet, self->came, (long long)self->last, self->key_flags,
            (long long)self->time, (long long)self->next, (long long)self->latest,
            (long long)self->latest_frame);
        Py_DECREF(self);
        return result;
    }
    Py_XDECREF(rows);
    Py_XDECREF(others);
    Py_XDECREF(rest);
    Py_XDECREF(sent);
    Py_XDECREF(given);
    Py_XDECREF(heads);
    Py_DECREF(self);
    return NULL;
}
/* dry(is_wet): says whether the decoder may have frames. */
static PyObject *video_set_wet(PyObject *object, PyObject *value)
{
    ((VideoRun *)object)->is_wet = value == Py_True;
    Py_RETURN_NONE;
}
static PyMethodDef video_methods[] = {{"go", video_go, METH_VARARGS, NULL},
                                      {"set_wet", video_set_wet, METH_O, NULL},
                                      {0}};
static PyType_Slot video_slots[] = {{Py_tp_new, video_new},
                                    {Py_tp_dealloc, video_dealloc},
                                    {Py_tp_methods, video_methods},
                                    {0, NULL}};
static PyType_Spec video_spec = {
    "ffwebcodecs._ffi._pump.VideoRun", sizeof(VideoRun), 0, Py_TPFLAGS_DEFAULT, video_slots};
