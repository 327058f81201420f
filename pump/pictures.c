/* Decoder: many packets of video a call into pictures. Part of `ffi_pump.c`. */

enum { /* what is said of a picture */
    CHANGED = 1, /* it may look otherwise than the one before */
    STRANGE = 2, /* Python has to look at it */
    LARGE = 4    /* it is larger than allowed: nothing is decoded after it */
};
enum { /* how a call has ended */
    ALL,     /* everything that could be received was */
    SEND,    /* the last packet was refused */
    RECEIVE, /* receiving failed */
    ROOM,    /* there may be more to receive */
};
/* What is received. */
typedef struct {
    int room, count, result;
    int sides; /* pictures with something beside them are strange */
    int64_t pixels, latest; /* the most that are allowed; the time of the picture before */
    void *frames[MOST];
    unsigned char marks[MOST];
    int places[MOST]; /* the packet that a picture came after */
} Pictures;

static int take_frames(Pictures *pictures)
{
    int index;
    for (index = 0; index < pictures->room; index++)
        if (!(pictures->frames[index] = take(&frame_stock, call.frame_alloc)))
            break;
    if (index)
        pictures->room = index; /* there is no memory for more */
    return index ? 0 : (PyErr_NoMemory(), -1);
}
/* Those that nothing was received into. */
static void give_frames_back(Pictures *pictures)
{
    while (pictures->room > pictures->count)
        give_frame_back(pictures->frames[--pictures->room]);
}
static int marks_of(Decoder *self, Pictures *pictures, const void *frame)
{
    int mark = differs(&self->spans, frame) ? CHANGED : 0;
    int64_t time = FIELD(int64_t, frame, frame_pts);
    if (time == NOPTS || time == pictures->latest || FIELD(int, frame, frame_linesize) < 0 ||
        FIELD(void *, frame, frame_surfaces) ||
        (pictures->sides && FIELD(int, frame, frame_sides)))
        mark |= STRANGE;
    if ((int64_t)FIELD(int, frame, frame_width) * FIELD(int, frame, frame_height) >
        pictures->pixels)
        mark |= LARGE;
    pictures->latest = time;
    return mark;
}
/* Receives what there is after the packet at `place`; returns how that has ended. */
static int receive_pictures(Decoder *self, Pictures *pictures, int place)
{
    while (pictures->count < pictures->room) {
        void *frame = pictures->frames[pictures->count];
        int mark;
        pictures->result = call.receive(self->codec, frame);
        if (pictures->result)
            return pictures->result == AGAIN ? ALL : RECEIVE;
        mark = marks_of(self, pictures, frame);
        pictures->marks[pictures->count] = (unsigned char)mark;
        pictures->places[pictures->count++] = place;
        if (mark & LARGE)
            break;
    }
    return ROOM;
}
/* Returns (Picture, shape, time, duration or None); takes the frame. */
static PyObject *picture_row(void *frame, PyObject *shape)
{
    PyObject *row = PyTuple_New(4), *picture, *time, *duration;
    int64_t lasting = FIELD(int64_t, frame, frame_duration);
    time = row ? PyLong_FromLongLong(FIELD(int64_t, frame, frame_pts)) : NULL;
    duration = time && lasting ? PyLong_FromLongLong(lasting) : (Py_INCREF(Py_None), Py_None);
    picture = new_picture(new_frame(frame));
    if (!row || !time || !duration || !picture) {
        Py_XDECREF(row);
        Py_XDECREF(time);
        Py_XDECREF(duration);
        Py_XDECREF(picture);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    Py_INCREF(shape);
    PyTuple_SetItem(row, 0, picture);
    PyTuple_SetItem(row, 1, shape);
    PyTuple_SetItem(row, 2, time);
    PyTuple_SetItem(row, 3, duration);
    return row;
}
/* Returns a list of rows; *MARKS becomes None, or a list with what is said of each and 8 times the
   place of its packet. */
static PyObject *picture_rows(Pictures *pictures, PyObject *shape, PyObject **marks)
{
    PyObject *rows = PyList_New(pictures->count);
    int index, any = 0;
    for (index = 0; index < pictures->count; index++) {
        PyObject *row;
        any |= pictures->marks[index];
        if (!rows) {
            give_frame_back(pictures->frames[index]);
            continue;
        }
        row = picture_row(pictures->frames[index], shape);
        if (row)
            PyList_SetItem(rows, index, row);
        else
            Py_CLEAR(rows);
    }
    *marks = NULL;
    if (!rows)
        return NULL;
    *marks = any ? PyList_New(pictures->count) : (Py_INCREF(Py_None), Py_None);
    for (index = 0; any && *marks && index < pictures->count; index++) {
        PyObject *mark = PyLong_FromLong(8L * pictures->places[index] + pictures->marks[index]);
        if (mark)
            PyList_SetItem(*marks, index, mark);
        else
            Py_CLEAR(*marks);
    }
    if (!*marks)
        Py_CLEAR(rows);
    return rows;
}

typedef struct {
    int count, done, sent; /* packets: given, taken; what the last sending said */
    int watched, is_watched, alone; /* flags of packets that begin a call; sides end it */
    int64_t limit;
    void *packets[MOST];
} Sending;

static int is_sendable(const Sending *sending, const void *packet)
{
    if (FIELD(int, packet, packet_size) <= 0 || FIELD(int64_t, packet, packet_pts) == NOPTS ||
        (sending->alone && FIELD(int, packet, packet_sides)))
        return 0;
    return !(FIELD(int, packet, packet_flags) & sending->watched) ||
           (sending->is_watched && !sending->done);
}
static int run_pictures(Decoder *self, Sending *sending, Pictures *pictures)
{
    int64_t begin = now();
    int most = pictures->room - 1; /* one more shows that there is no more */
    while (sending->done < sending->count) {
        void *packet = sending->packets[sending->done];
        int ended;
        if (!is_sendable(sending, packet) || pictures->count >= most ||
            (sending->done && now() - begin > sending->limit))
            break;
        sending->sent = call.send(self->codec, packet);
        sending->done++;
        if (sending->sent < 0)
            return SEND;
        ended = receive_pictures(self, pictures, sending->done - 1);
        if (ended != ALL)
            return ended;
    }
    return ALL;
}
static int fill_packets(PyObject *given, void **packets)
{
    Py_ssize_t index, count = PyTuple_Size(given);
    for (index = 0; index < count && index < MOST; index++) {
        PyObject *packet = PyTuple_GetItem(given, index);
        packets[index] = Py_TYPE(packet) == packet_type ? ((Native *)packet)->native
                                                        : PyLong_AsVoidPtr(packet);
        if (!packets[index]) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_ValueError, "there is no packet");
            return -1;
        }
    }
    return (int)index;
}
/* pictures(packets, most, microseconds, shape, latest, pixels, sides, watched, is_watched, alone):
   sends packets and receives what comes of them, until they or the time is over, one needs a look
   (those whose flags are `watched` but for the first with `is_watched`; with `alone` those that
   bring something beside them), or there are more than `most` pictures: then the last one is one
   too many.
   Returns rows (Picture, shape, time, duration or None), what is said of them or None, how many
   packets were sent, how it has ended, and what FFmpeg said at last. */
static PyObject *decoder_pictures(PyObject *object, PyObject *args)
{
    Decoder *self = (Decoder *)object;
    PyObject *packets, *shape, *latest, *rows, *marks;
    PyThreadState *thread;
    long long limit, pixels;
    int ended;
    Sending sending;
    Pictures pictures;
    memset(&sending, 0, offsetof(Sending, packets));
    memset(&pictures, 0, offsetof(Pictures, frames));
    if (!PyArg_ParseTuple(args, "O!iLOOLpipp", &PyTuple_Type, &packets, &pictures.room, &limit,
                          &shape, &latest, &pixels, &pictures.sides, &sending.watched,
                          &sending.is_watched, &sending.alone))
        return NULL;
    if (self->is_busy || pictures.room < 1 || pictures.room >= MOST) {
        PyErr_SetString(PyExc_RuntimeError, "another thread decodes with it, or there is no room");
        return NULL;
    }
    pictures.room++;
    pictures.pixels = pixels;
    pictures.latest = latest == Py_None ? NOPTS : PyLong_AsLongLong(latest);
    if (PyErr_Occurred() || (sending.count = fill_packets(packets, sending.packets)) < 0)
        return NULL;
    sending.limit = limit;
    if (take_frames(&pictures))
        return NULL;
    self->is_busy = 1;
    Py_INCREF(self);
    thread = PyEval_SaveThread();
    ended = run_pictures(self, &sending, &pictures);
    PyEval_RestoreThread(thread);
    self->is_busy = 0;
    Py_DECREF(self);
    give_frames_back(&pictures);
    rows = picture_rows(&pictures, shape, &marks);
    if (!rows)
        return NULL;
    return Py_BuildValue("(NNiii)", rows, marks, sending.done, ended,
                         ended == SEND ? sending.sent : pictures.result);
}
static PyMethodDef decoder_methods[] = {{"decode", decoder_decode, METH_VARARGS, NULL},
                                        {"pictures", decoder_pictures, METH_VARARGS, NULL},
                                        {0}};
static PyType_Slot decoder_slots[] = {{Py_tp_new, decoder_new},
                                      {Py_tp_dealloc, decoder_dealloc},
                                      {Py_tp_methods, decoder_methods},
                                      {0, NULL}};
static PyType_Spec decoder_spec = {
    "ffwebcodecs._ffi._pump.Decoder", sizeof(Decoder), 0, Py_TPFLAGS_DEFAULT, decoder_slots};
