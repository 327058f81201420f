/* Decoder: many packets a call into frames. Part of `ffi_pump.c`. */
typedef struct {
    PyObject_HEAD
    PyObject *owner; /* of the codec */
    void *codec, *shown;
    int is_busy;
    Spans spans;
} Decoder;

static PyObject *decoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *owner, *address, *spans;
    Decoder *self;
    if (!PyArg_ParseTuple(args, "OO!O!", &owner, &PyLong_Type, &address, &PyTuple_Type, &spans))
        return NULL;
    self = PyObject_New(Decoder, type);
    if (!self)
        return NULL;
    memset((char *)self + offsetof(Decoder, owner), 0, sizeof(Decoder) - offsetof(Decoder, owner));
    Py_INCREF(owner);
    self->owner = owner;
    self->codec = PyLong_AsVoidPtr(address);
    if (fill_spans(&self->spans, spans))
        goto fail;
    if (!self->codec) {
        PyErr_SetString(PyExc_ValueError, "there is no codec");
        goto fail;
    }
    return (PyObject *)self;
fail:
    Py_DECREF(self);
    return NULL;
}
static void decoder_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Decoder *self = (Decoder *)object;
    call.packet_free(&self->shown);
    Py_CLEAR(self->owner);
    PyObject_Free(self);
    Py_DECREF(type);
}
/* The orders of channels above the native one are not all said by the spans. */
static int is_other(Decoder *self, const void *frame)
{
    int other = differs(&self->spans, frame);
    return other || (at.frame_order >= 0 && FIELD(int, frame, frame_order) > NATIVE_ORDER);
}
/* What a call of `decode` has come to. */
typedef struct {
    int count, done, unit;
    int received; /* of a packet that is not plain: -1: it was not sent; how often receiving was */
    int sent, result;   /* called; what the sending gave, and what the last receiving did */
    int64_t limit;
    void *packets[MOST], *frames[MOST + 1]; /* at `done`: what comes of the next packet */
    int64_t times[MOST];
    char others[MOST];
} Batch;

/* Sends packets as ones of the `times`, for as long as each is a plain one: it gives one frame, of
   the same time. The next one may have been sent, and what it gave is in the frames behind. */
static void run_batch(Decoder *self, Batch *batch)
{
    int64_t begin = now();
    for (; batch->done < batch->count; batch->done++) {
        void *packet = batch->packets[batch->done];
        int64_t time = batch->times[batch->done];
        void *frame;
        int size = FIELD(int, packet, packet_size);
        if (size <= 0 || size % batch->unit || time == NOPTS)
            return;
        if (batch->done && now() - begin > batch->limit)
            return;
        frame = batch->frames[batch->done];
        batch->received = batch->result = batch->sent = 0;
        if (FIELD(int64_t, packet, packet_pts) != time) {
            batch->sent = call.packet_ref(self->shown, packet);
            if (batch->sent < 0)
                return;
            packet = self->shown;
            FIELD(int64_t, packet, packet_pts) = time;
            FIELD(int64_t, packet, packet_dts) = NOPTS;
        }
        batch->sent = call.send(self->codec, packet);
        if (packet == self->shown)
            call.packet_unref(packet);
        if (batch->sent < 0)
            return;
        batch->received = 1;
        batch->result = call.receive(self->codec, frame);
        if (!batch->result) {
            batch->received = 2;
            batch->result = call.receive(self->codec, batch->frames[batch->done + 1]);
        }
        if (batch->received != 2 || batch->result != AGAIN ||
            FIELD(int64_t, frame, frame_pts) != time)
            return;
        batch->received = -1;
        batch->others[batch->done] = (char)is_other(self, frame);
    }
}
static int fill_batch(Batch *batch, PyObject *packets, PyObject *times)
{
    int index;
    for (index = 0; index < batch->count; index++) {
        PyObject *packet = PyTuple_GetItem(packets, index);
        PyObject *time = PyList_GetItem(times, index);
        if (!packet || !time)
            return -1;
        batch->packets[index] = Py_TYPE(packet) == packet_type ? ((Native *)packet)->native
                                                               : PyLong_AsVoidPtr(packet);
        batch->times[index] = PyLong_AsLongLong(time);
        if (PyErr_Occurred())
            return -1;
        if (!batch->packets[index]) {
            PyErr_SetString(PyExc_ValueError, "there is no packet");
            return -1;
        }
    }
    return 0;
}
/* Returns pictures, and their samples: one number if all are of the kind and length of the one
   before the batch, else a list of (samples, whether it may be of another kind). */
static int give_batch(Batch *batch, PyObject **pictures, PyObject **samples)
{
    int index, even = 1;
    *samples = NULL;
    *pictures = PyList_New(batch->done);
    for (index = 0; index < batch->done; index++) {
        void *frame = batch->frames[index];
        if (batch->others[index] || FIELD(int, frame, frame_samples) !=
                                        FIELD(int, batch->frames[0], frame_samples))
            even = 0;
    }
    if (even)
        *samples = PyLong_FromLong(
            batch->done ? FIELD(int, batch->frames[0], frame_samples) : 0);
    else
        *samples = PyList_New(batch->done);
    for (index = 0; index < batch->done; index++) {
        void *frame = batch->frames[index];
        PyObject *row;
        batch->frames[index] = NULL;
        if (!*pictures || !*samples) {
            give_frame_back(frame);
            continue;
        }
        row = even ? NULL
                   : Py_BuildValue("(ii)", FIELD(int, frame, frame_samples), batch->others[index]);
        if (!even && row)
            PyList_SetItem(*samples, index, row);
        row = !even && !row ? (give_frame_back(frame), NULL) : new_picture(new_frame(frame));
        if (row)
            PyList_SetItem(*pictures, index, row);
        else
            Py_CLEAR(*pictures);
    }
    if (*pictures && *samples)
        return 0;
    Py_CLEAR(*pictures);
    Py_CLEAR(*samples);
    return -1;
}
static PyObject *given_frame(void **place)
{
    void *frame = *place;
    *place = NULL;
    return new_frame(frame);
}
static PyObject *decoder_decode(PyObject *object, PyObject *args)
{
    Decoder *self = (Decoder *)object;
    PyObject *packets, *times, *kept, *pictures, *samples, *first = NULL, *second = NULL;
    PyThreadState *thread;
    long long limit;
    int index;
    Batch batch;
    batch.done = batch.sent = batch.result = 0;
    batch.received = -1;
    if (!PyArg_ParseTuple(args, "O!O!iL", &PyList_Type, &packets, &PyList_Type, &times, &batch.unit,
                          &limit))
        return NULL;
    batch.limit = limit;
    kept = PyList_AsTuple(packets); /* nobody takes one out of it meanwhile */
    if (!kept)
        return NULL;
    if (self->is_busy || batch.unit < 1) { /* asked last: making a tuple may let others run */
        PyErr_SetString(PyExc_RuntimeError, "another thread decodes with it");
        Py_DECREF(kept);
        return NULL;
    }
    batch.count = (int)(PyTuple_Size(kept) > MOST ? MOST : PyTuple_Size(kept));
    if (fill_batch(&batch, kept, times)) {
        Py_DECREF(kept);
        return NULL;
    }
    if (!self->shown)
        self->shown = call.packet_alloc();
    for (index = 0; index <= batch.count; index++)
        batch.frames[index] = take(&frame_stock, call.frame_alloc);
    for (index = 0; index <= batch.count && batch.frames[index] && self->shown; index++)
        ;
    if (index <= batch.count) {
        PyErr_NoMemory();
        for (index = 0; index <= batch.count; index++)
            give_frame_back(batch.frames[index]);
        Py_DECREF(kept);
        return NULL;
    }
    self->is_busy = 1;
    Py_INCREF(self);
    thread = PyEval_SaveThread();
    run_batch(self, &batch);
    PyEval_RestoreThread(thread);
    self->is_busy = 0;
    Py_DECREF(kept);
    if (batch.received == 2) {
        first = given_frame(&batch.frames[batch.done]);
        if (!batch.result)
            second = given_frame(&batch.frames[batch.done + 1]);
    }
    if (give_batch(&batch, &pictures, &samples) || PyErr_Occurred()) {
        Py_CLEAR(pictures);
        Py_CLEAR(samples);
    }
    for (index = batch.done; index <= batch.count; index++)
        give_frame_back(batch.frames[index]);
    if (!pictures)
        goto fail;
    Py_DECREF(self);
    return Py_BuildValue("(NNiiiNN)", pictures, samples, batch.received, batch.sent, batch.result,
                         first ? first : (Py_INCREF(Py_None), Py_None),
                         second ? second : (Py_INCREF(Py_None), Py_None));
fail:
    Py_XDECREF(first);
    Py_XDECREF(second);
    Py_DECREF(self);
    return NULL;
}
