/* The pump: reads, sends and receives without the GIL, many packets a call.
 *
 * One extension for every FFmpeg and both modes: it needs libc and Python's limited API only. The
 * addresses of FFmpeg's functions, and where the fields lie, it is told by `_av/pump.py` (`setup`),
 * once for the process. All addresses it is given are of objects of ours; whoever calls keeps what
 * they belong to, and sees to it that nobody else uses a context meanwhile.
 *
 * What it makes frees itself without one line of Python: a Frame its AVFrame, a Packet its AVPacket.
 * FFmpeg may call Python back on the way, from this thread (a file object's `read`): such callbacks
 * take the GIL by themselves.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

#define MOST 256 /* packets a call */
#define STOCK 256 /* of empty frames, and of empty packets */
#define SPANS 8
#define NOPTS INT64_MIN
#define AGAIN (-EAGAIN)
#define NATIVE_ORDER 1 /* AV_CHANNEL_ORDER_NATIVE: the orders above list the channels one by one */

static struct {
    void *(*frame_alloc)(void), *(*packet_alloc)(void);
    void (*frame_free)(void **), (*packet_free)(void **), (*packet_unref)(void *);
    void (*frame_unref)(void *);
    int (*packet_ref)(void *, const void *), (*send)(void *, void *), (*receive)(void *, void *);
    int (*read)(void *, void *);
} call;
/* Of fields, in bytes; and what FFmpeg has numbers for. -1: this release has no such thing. */
static struct {
    int64_t frame_pts, frame_samples, frame_data, frame_format, frame_rate, frame_channels;
    int64_t frame_order, frame_places;
    int64_t packet_pts, packet_dts, packet_size, packet_flags, packet_duration, packet_data;
    int64_t packet_stream, packet_side, packet_sides, side_type, side_size, side_skips;
    int64_t flag_discard;
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
    {"frame_pts", &at.frame_pts, 0},
    {"frame_samples", &at.frame_samples, 0},
    {"frame_data", &at.frame_data, 0},
    {"frame_format", &at.frame_format, 0},
    {"frame_rate", &at.frame_rate, 0},
    {"frame_channels", &at.frame_channels, 0},
    {"frame_order", &at.frame_order, 0},
    {"frame_places", &at.frame_places, 0},
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
    {"flag_discard", &at.flag_discard, 0},
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

/* ---- what it makes ------------------------------------------------------------------------- */

typedef struct Native Native;
struct Native { /* a Frame or a Packet */
    PyObject_HEAD
    void *native;
    Native *before, *after; /* of all that are alive */
    int generation;         /* of processes: what a forked child has from its parent is older */
};
typedef struct {
    PyObject_HEAD
    PyObject *frame, *lease;
} Picture; /* as `_av.frames.picture.Picture` */

static PyTypeObject *frame_type, *packet_type, *picture_type, *decoder_type;
static PyObject *wrap_frame, *wrap_packet; /* Python's: make a pointer that keeps a Native */
static Py_ssize_t frames_alive, packets_alive;
static Native *last_frame, *last_packet;
static int generation;

static void link_in(Native *made, Native **last)
{
    made->generation = generation;
    made->before = *last;
    made->after = NULL;
    if (*last)
        (*last)->after = made;
    *last = made;
}
static void link_out(Native *gone, Native **last)
{
    if (gone->before)
        gone->before->after = gone->after;
    *(gone->after ? &gone->after->before : last) = gone->before;
}
/* Lists those that this process has made. */
static PyObject *held(Native **last)
{
    PyObject *found = PyList_New(0); /* before the look: it may run the collector */
    Native *each;
    for (each = *last; found && each; each = each->before)
        if (each->generation == generation && PyList_Append(found, (PyObject *)each))
            Py_CLEAR(found);
    return found;
}

/* Empty ones, to be used again: to allocate one costs more than all else that is done with it. */
typedef struct {
    void *natives[STOCK];
    int count;
} Stock;
static Stock frame_stock, packet_stock;

/* These want the GIL. */
static void *take(Stock *stock, void *(*alloc)(void))
{
    return stock->count ? stock->natives[--stock->count] : alloc();
}
static void give_back(Stock *stock, void *native, void (*unref)(void *), void (*free)(void **))
{
    if (!native)
        return;
    unref(native);
    if (stock->count < STOCK) /* looked at after: what is unreferenced may run anything */
        stock->natives[stock->count++] = native;
    else
        free(&native);
}
static void give_frame_back(void *native)
{
    give_back(&frame_stock, native, call.frame_unref, call.frame_free);
}
static void give_packet_back(void *native)
{
    give_back(&packet_stock, native, call.packet_unref, call.packet_free);
}

/* Takes `native`, which is freed if there is no memory for the object. */
static PyObject *new_frame(void *native)
{
    Native *made = native ? PyObject_New(Native, frame_type) : NULL;
    if (!made) {
        give_frame_back(native);
        return NULL;
    }
    made->native = native;
    link_in(made, &last_frame);
    frames_alive++;
    return (PyObject *)made;
}
static void frame_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    link_out((Native *)self, &last_frame);
    give_frame_back(((Native *)self)->native);
    frames_alive--;
    PyObject_Free(self);
    Py_DECREF(type);
}
static PyObject *new_packet(void *native)
{
    Native *made = PyObject_New(Native, packet_type);
    if (!made) {
        give_packet_back(native);
        return NULL;
    }
    made->native = native;
    link_in(made, &last_packet);
    packets_alive++;
    return (PyObject *)made;
}
static void packet_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    link_out((Native *)self, &last_packet);
    give_packet_back(((Native *)self)->native);
    packets_alive--;
    PyObject_Free(self);
    Py_DECREF(type);
}
static PyObject *native_address(PyObject *self, void *closure)
{
    return PyLong_FromVoidPtr(((Native *)self)->native);
}
static PyObject *frame_ptr(PyObject *self, void *closure)
{
    return PyObject_CallFunctionObjArgs(wrap_frame, self, NULL);
}
static PyObject *packet_ptr(PyObject *self, void *closure)
{
    return PyObject_CallFunctionObjArgs(wrap_packet, self, NULL);
}
static PyObject *packet_bytes(PyObject *self, void *closure)
{
    return PyLong_FromLong(FIELD(int, ((Native *)self)->native, packet_size));
}
static PyGetSetDef frame_gets[] = {
    {"address", native_address, NULL, NULL, NULL}, {"ptr", frame_ptr, NULL, NULL, NULL}, {0}};
static PyGetSetDef packet_gets[] = {{"address", native_address, NULL, NULL, NULL},
                                    {"ptr", packet_ptr, NULL, NULL, NULL},
                                    {"size", packet_bytes, NULL, NULL, NULL},
                                    {0}};
static PyType_Slot frame_slots[] = {
    {Py_tp_dealloc, frame_dealloc}, {Py_tp_getset, frame_gets}, {0, NULL}};
static PyType_Slot packet_slots[] = {
    {Py_tp_dealloc, packet_dealloc}, {Py_tp_getset, packet_gets}, {0, NULL}};
#define NO_NEW (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION)
static PyType_Spec frame_spec = {
    "ffwebcodecs._ffi._pump.Frame", sizeof(Native), 0, NO_NEW, frame_slots};
static PyType_Spec packet_spec = {
    "ffwebcodecs._ffi._pump.Packet", sizeof(Native), 0, NO_NEW, packet_slots};

/* Takes the reference to `frame`, and NULL for one that could not be made. */
static PyObject *new_picture(PyObject *frame)
{
    Picture *made = frame ? PyObject_New(Picture, picture_type) : NULL;
    if (!made) {
        Py_XDECREF(frame);
        return NULL;
    }
    made->frame = frame;
    made->lease = NULL;
    return (PyObject *)made;
}
static void picture_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Picture *picture = (Picture *)self;
    /* The memory first: whoever hears of the lease may want it. */
    Py_CLEAR(picture->frame);
    Py_CLEAR(picture->lease);
    PyObject_Free(self);
    Py_DECREF(type);
}
static PyObject *picture_ptr(PyObject *self, void *closure)
{
    return PyObject_CallFunctionObjArgs(wrap_frame, ((Picture *)self)->frame, NULL);
}
static PyGetSetDef picture_gets[] = {{"ptr", picture_ptr, NULL, NULL, NULL}, {0}};
static PyMemberDef picture_members[] = {
    {"frame", T_OBJECT, offsetof(Picture, frame), READONLY, NULL},
    {"lease", T_OBJECT, offsetof(Picture, lease), 0, NULL},
    {0}};
static PyType_Slot picture_slots[] = {{Py_tp_dealloc, picture_dealloc},
                                      {Py_tp_getset, picture_gets},
                                      {Py_tp_members, picture_members},
                                      {0, NULL}};
static PyType_Spec picture_spec = {
    "ffwebcodecs._ffi._pump.Picture", sizeof(Picture), 0, NO_NEW, picture_slots};

/* ---- leases -------------------------------------------------------------------------------- */

/* What a pool has lent, oldest first: as `_runtime.pool.FramePool` keeps it in Python. A Lease gives
   itself back when it goes, without a line of Python, unless a worker waits for that (`wake`). */
typedef struct Lease Lease;
typedef struct {
    PyObject_HEAD
    Lease *first, *last;
    Py_ssize_t out, peak, returns;
    PyObject *wake;
} Leases;
struct Lease {
    PyObject_HEAD
    Leases *pool;
    Lease *before, *after;
    PyObject *places; /* a list, once somebody has noted one */
    int64_t timestamp, since;
};
static PyTypeObject *leases_type, *lease_type;

static PyObject *leases_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    Leases *self = PyObject_New(Leases, type);
    if (self) {
        self->first = self->last = NULL;
        self->out = self->peak = self->returns = 0;
        self->wake = NULL;
    }
    return (PyObject *)self;
}
static void leases_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Py_CLEAR(((Leases *)object)->wake);
    PyObject_Free(object);
    Py_DECREF(type);
}
static PyObject *leases_lend(PyObject *object, PyObject *timestamp)
{
    Leases *self = (Leases *)object;
    Lease *made;
    int64_t time = PyLong_AsLongLong(timestamp);
    if (time == -1 && PyErr_Occurred())
        return NULL;
    made = PyObject_New(Lease, lease_type);
    if (!made)
        return NULL;
    Py_INCREF(self);
    made->pool = self;
    made->places = NULL;
    made->timestamp = time;
    made->since = now();
    made->before = self->last;
    made->after = NULL;
    *(self->last ? &self->last->after : &self->first) = made;
    self->last = made;
    if (++self->out > self->peak)
        self->peak = self->out;
    return (PyObject *)made;
}
static void lease_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Lease *self = (Lease *)object;
    Leases *pool = self->pool;
    *(self->before ? &self->before->after : &pool->first) = self->after;
    *(self->after ? &self->after->before : &pool->last) = self->before;
    pool->out--;
    if (pool->wake) {
        PyObject *kind, *value, *trace, *wake = pool->wake, *result;
        PyErr_Fetch(&kind, &value, &trace);
        Py_INCREF(wake);
        pool->returns++;
        result = PyObject_CallFunctionObjArgs(wake, NULL);
        if (!result)
            PyErr_WriteUnraisable(wake);
        Py_XDECREF(result);
        Py_DECREF(wake);
        PyErr_Restore(kind, value, trace);
    }
    Py_CLEAR(self->places);
    Py_DECREF(pool);
    PyObject_Free(self);
    Py_DECREF(type);
}
/* Returns (timestamp, microseconds since then, places or None) of those that are out, the first
   `most` of them. */
static PyObject *leases_held(PyObject *object, PyObject *most)
{
    Leases *self = (Leases *)object;
    Lease *lease = self->first, *next;
    long long left = PyLong_AsLongLong(most);
    int64_t time = now();
    PyObject *found = left == -1 && PyErr_Occurred() ? NULL : PyList_New(0);
    Py_XINCREF(lease);
    while (lease) {
        /* A row may run the collector, and that anything: but this lease does not go meanwhile, nor
           does the next one while this one does. */
        PyObject *row = NULL;
        if (found && left-- > 0) {
            row = Py_BuildValue("(LLO)", (long long)lease->timestamp,
                                (long long)(time - lease->since),
                                lease->places ? lease->places : Py_None);
            if (!row || PyList_Append(found, row))
                Py_CLEAR(found);
        }
        next = row && found ? lease->after : NULL;
        Py_XDECREF(row);
        Py_XINCREF(next);
        Py_DECREF(lease);
        lease = next;
    }
    return found;
}
static PyMethodDef leases_methods[] = {
    {"lend", leases_lend, METH_O, NULL}, {"held", leases_held, METH_O, NULL}, {0}};
static PyMemberDef leases_members[] = {
    {"out", T_PYSSIZET, offsetof(Leases, out), READONLY, NULL},
    {"peak", T_PYSSIZET, offsetof(Leases, peak), READONLY, NULL},
    {"returns", T_PYSSIZET, offsetof(Leases, returns), READONLY, NULL},
    {0}};
static PyObject *leases_get_wake(PyObject *object, void *closure)
{
    PyObject *wake = ((Leases *)object)->wake;
    wake = wake ? wake : Py_None;
    Py_INCREF(wake);
    return wake;
}
static int leases_set_wake(PyObject *object, PyObject *value, void *closure)
{
    Leases *self = (Leases *)object;
    PyObject *before = self->wake;
    self->wake = value == Py_None ? NULL : value;
    Py_XINCREF(self->wake);
    Py_XDECREF(before);
    return 0;
}
static PyGetSetDef leases_gets[] = {{"wake", leases_get_wake, leases_set_wake, NULL, NULL}, {0}};
static PyType_Slot leases_slots[] = {{Py_tp_new, leases_new},
                                     {Py_tp_dealloc, leases_dealloc},
                                     {Py_tp_methods, leases_methods},
                                     {Py_tp_members, leases_members},
                                     {Py_tp_getset, leases_gets},
                                     {0, NULL}};
static PyType_Spec leases_spec = {
    "ffwebcodecs._ffi._pump.Leases", sizeof(Leases), 0, Py_TPFLAGS_DEFAULT, leases_slots};

/* Forgets holders that are gone, now and then: a frame may be sent very often. */
static void forget_gone(PyObject *places)
{
    Py_ssize_t size = PyList_Size(places), index = size;
    if (size < 64 || size & (size - 1))
        return;
    while (index-- > 0)
        if (PyWeakref_GetObject(PyList_GetItem(places, index)) == Py_None)
            PySequence_DelItem(places, index);
}
/* Remembers a weak reference to one more holder. */
static PyObject *lease_note(PyObject *object, PyObject *place)
{
    Lease *self = (Lease *)object;
    PyObject *reference = PyWeakref_NewRef(place, NULL);
    int failed = !reference;
    if (!failed && !self->places)
        failed = !(self->places = PyList_New(0));
    failed = failed || PyList_Append(self->places, reference);
    Py_XDECREF(reference);
    if (failed)
        return NULL;
    forget_gone(self->places);
    Py_RETURN_NONE;
}
/* What matters where dropping does not free at once. */
static PyObject *lease_ignore(PyObject *object, PyObject *holder) { Py_RETURN_NONE; }
static PyMethodDef lease_methods[] = {{"note", lease_note, METH_O, NULL},
                                      {"hold", lease_ignore, METH_O, NULL},
                                      {"let_go", lease_ignore, METH_O, NULL},
                                      {0}};
static PyType_Slot lease_slots[] = {
    {Py_tp_dealloc, lease_dealloc}, {Py_tp_methods, lease_methods}, {0, NULL}};
static PyType_Spec lease_spec = {
    "ffwebcodecs._ffi._pump.Lease", sizeof(Lease), 0, NO_NEW, lease_slots};

/* ---- decoding ------------------------------------------------------------------------------ */

typedef struct {
    PyObject_HEAD
    PyObject *owner; /* of the codec */
    void *codec, *shown;
    int is_busy, is_known, spans;
    int64_t begins[SPANS], sizes[SPANS];
    char known[SPANS * 16]; /* what the spans of the frame before held */
} Decoder;

static PyObject *decoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *owner, *address, *spans;
    Decoder *self;
    Py_ssize_t count, index;
    if (!PyArg_ParseTuple(args, "OO!O!", &owner, &PyLong_Type, &address, &PyTuple_Type, &spans))
        return NULL;
    count = PyTuple_Size(spans);
    if (count > SPANS) {
        PyErr_SetString(PyExc_ValueError, "too many spans");
        return NULL;
    }
    self = PyObject_New(Decoder, type);
    if (!self)
        return NULL;
    memset((char *)self + offsetof(Decoder, owner), 0, sizeof(Decoder) - offsetof(Decoder, owner));
    Py_INCREF(owner);
    self->owner = owner;
    self->codec = PyLong_AsVoidPtr(address);
    self->spans = (int)count;
    for (index = 0; index < count; index++)
        if (!PyArg_ParseTuple(PyTuple_GetItem(spans, index), "LL", &self->begins[index],
                              &self->sizes[index]))
            goto fail;
    for (index = 0; index < count; index++)
        if (self->begins[index] < 0 || self->sizes[index] < 0 || self->sizes[index] > 16) {
            PyErr_SetString(PyExc_ValueError, "no such span");
            goto fail;
        }
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
/* Tells whether a frame may be of another kind than the one before, and notes its own. */
static int is_other(Decoder *self, const void *frame)
{
    int index, same = self->is_known;
    for (index = 0; index < self->spans; index++) {
        const char *found = (const char *)frame + self->begins[index];
        char *known = self->known + 16 * index;
        if (memcmp(known, found, (size_t)self->sizes[index])) {
            memcpy(known, found, (size_t)self->sizes[index]);
            same = 0;
        }
    }
    self->is_known = 1;
    return !same || (at.frame_order >= 0 && FIELD(int, frame, frame_order) > NATIVE_ORDER);
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
        PyObject *packet = PyList_GetItem(packets, index);
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
    if (self->is_busy || batch.unit < 1) {
        PyErr_SetString(PyExc_RuntimeError, "another thread decodes with it");
        return NULL;
    }
    kept = PyList_AsTuple(packets); /* nobody takes one out of it meanwhile */
    if (!kept)
        return NULL;
    batch.count = (int)(PyTuple_Size(kept) > MOST ? MOST : PyTuple_Size(kept));
    if (fill_batch(&batch, packets, times)) {
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
static PyMethodDef decoder_methods[] = {{"decode", decoder_decode, METH_VARARGS, NULL}, {0}};
static PyType_Slot decoder_slots[] = {{Py_tp_new, decoder_new},
                                      {Py_tp_dealloc, decoder_dealloc},
                                      {Py_tp_methods, decoder_methods},
                                      {0, NULL}};
static PyType_Spec decoder_spec = {
    "ffwebcodecs._ffi._pump.Decoder", sizeof(Decoder), 0, Py_TPFLAGS_DEFAULT, decoder_slots};

/* ---- reading ------------------------------------------------------------------------------- */

/* The nearest microseconds to a packet's times, of which FACTOR / DIVISOR are those of a tick and
   HALF is a half; as long as nothing is special about them: both are known, and none is one of the
   two that are to be looked at. */
enum { CLOCK_ZERO, CLOCK_FACTOR, CLOCK_HALF, CLOCK_DIVISOR, CLOCK_LAST, CLOCK_BEFORE, CLOCK_COUNT };
static int microseconds(const int64_t *clock, int64_t ticks, int64_t *time)
{
    int64_t most = (INT64_MAX >> 2) / clock[CLOCK_FACTOR], found, divisor = clock[CLOCK_DIVISOR];
    if (ticks > most || ticks < -most)
        return 0;
    found = ticks * clock[CLOCK_FACTOR] + clock[CLOCK_HALF];
    *time = found / divisor - (found % divisor < 0);
    return 1;
}
static PyObject *plain_row(void *packet, PyObject *owner, const int64_t *clock)
{
    int64_t start = FIELD(int64_t, packet, packet_pts), time, lasting;
    if (start == NOPTS)
        start = FIELD(int64_t, packet, packet_dts);
    if (start == NOPTS || start == clock[CLOCK_LAST] || start == clock[CLOCK_BEFORE] ||
        start > INT64_MAX >> 2 || start < -(INT64_MAX >> 2) ||
        FIELD(int64_t, packet, packet_duration) <= 0 ||
        !microseconds(clock, start - clock[CLOCK_ZERO], &time) ||
        !microseconds(clock, FIELD(int64_t, packet, packet_duration), &lasting))
        return Py_None;
    return Py_BuildValue("(OiLL)", owner, FIELD(int, packet, packet_flags) & 1, (long long)time,
                         (long long)lasting);
}
static int read_numbers(PyObject *tuple, int64_t *numbers, Py_ssize_t count)
{
    Py_ssize_t index;
    if (PyTuple_Size(tuple) != count) {
        PyErr_SetString(PyExc_ValueError, "so many numbers are not wanted");
        return -1;
    }
    for (index = 0; index < count; index++) {
        numbers[index] = PyLong_AsLongLong(PyTuple_GetItem(tuple, index));
        if (numbers[index] == -1 && PyErr_Occurred())
            return -1;
    }
    return 0;
}

/* read(context, stream, room, bytes, microseconds, clock): reads packets of a stream, for as long as
   there is room and not too much was read; returns a list of (Packet, pts, dts, duration, flags,
   size), of plain ones with a clock (Packet, whether it is a key, and both times in microseconds),
   and what av_read_frame said at last. */
static PyObject *pump_read(PyObject *module, PyObject *args)
{
    PyObject *address, *rows, *numbers;
    void *context, *packets[MOST], *packet;
    int64_t clock[CLOCK_COUNT];
    PyThreadState *thread;
    long long left, limit;
    int stream, room, count = 0, code = 0, index;
    int64_t begin;
    if (!PyArg_ParseTuple(args, "O!iiLLO", &PyLong_Type, &address, &stream, &room, &left, &limit,
                          &numbers))
        return NULL;
    if (numbers != Py_None && (!PyTuple_Check(numbers) || read_numbers(numbers, clock, CLOCK_COUNT)))
        return PyErr_Occurred() ? NULL : (PyErr_SetString(PyExc_TypeError, "no clock"), NULL);
    context = PyLong_AsVoidPtr(address);
    if (!context || (numbers != Py_None && (clock[CLOCK_FACTOR] < 1 || clock[CLOCK_DIVISOR] < 1)) || room < 0 || room > MOST || !call.read) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "nothing can be read");
        return NULL;
    }
    for (index = 0; index < room; index++)
        packets[index] = take(&packet_stock, call.packet_alloc);
    for (index = 0; index < room && packets[index]; index++)
        ;
    room = index; /* there is no memory for more */
    if (!room)
        return PyErr_NoMemory();
    thread = PyEval_SaveThread();
    begin = now();
    while (count < room && left > 0) {
        packet = packets[count];
        code = call.read(context, packet);
        if (code < 0)
            break;
        left -= FIELD(int, packet, packet_size);
        if (FIELD(int, packet, packet_stream) != stream) {
            call.packet_unref(packet);
        } else {
            count++;
        }
        if (now() - begin > limit)
            break;
    }
    PyEval_RestoreThread(thread);
    for (index = count; index < room; index++)
        give_packet_back(packets[index]);
    rows = PyList_New(count);
    for (index = 0; index < count; index++) {
        PyObject *owner, *row = NULL;
        packet = packets[index];
        if (!rows) {
            give_packet_back(packet);
            continue;
        }
        owner = new_packet(packet);
        if (owner && numbers != Py_None)
            row = plain_row(packet, owner, clock);
        if (owner && (row == Py_None || numbers == Py_None))
            row = Py_BuildValue(
                "(OLLLii)", owner, (long long)FIELD(int64_t, packet, packet_pts),
                (long long)FIELD(int64_t, packet, packet_dts),
                (long long)FIELD(int64_t, packet, packet_duration),
                FIELD(int, packet, packet_flags), FIELD(int, packet, packet_size));
        Py_XDECREF(owner);
        if (row)
            PyList_SetItem(rows, index, row);
        else
            Py_CLEAR(rows);
    }
    return rows ? Py_BuildValue("(Ni)", rows, code < 0 ? code : 0) : NULL;
}

/* ---- reading and decoding ------------------------------------------------------------------ */

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

/* ---- copying ------------------------------------------------------------------------------- */

/* Python's buffers are in its limited API since 3.11; they were the same before. */
#ifndef _WIN32
typedef struct {
    void *buf;
    PyObject *obj;
    Py_ssize_t len, itemsize;
    int readonly, ndim;
    char *format;
    Py_ssize_t *shape, *strides, *suboffsets;
    void *internal;
} View;
#if Py_LIMITED_API + 0 < 0x030B0000
extern int PyObject_GetBuffer(PyObject *, View *, int);
extern void PyBuffer_Release(View *);
#endif
#define WRITABLE_FORMAT_CONTIGUOUS (0x1 | 0x4 | 0x38)
#define FEW (1 << 16) /* bytes that are copied sooner than the GIL is given away and asked for */
#endif

/* copy(destination, frame, plane, first, size): copies bytes of a plane from one on; returns
   whether that was possible, else nothing was done, and Python says why. The frame is the pump's,
   or its address. */
static PyObject *pump_copy(PyObject *module, PyObject *args)
{
#ifdef _WIN32
    Py_RETURN_FALSE;
#else
    PyObject *destination, *picture;
    Py_ssize_t first, size;
    const void *frame;
    int plane, done = 0;
    View view;
    if (!PyArg_ParseTuple(args, "OOinn", &destination, &picture, &plane, &first, &size))
        return NULL;
    if (Py_TYPE(picture) == frame_type)
        frame = ((Native *)picture)->native;
    else if (!(frame = PyLong_AsVoidPtr(picture)))
        return PyErr_Occurred() ? NULL : (Py_INCREF(Py_False), Py_False);
    if (PyObject_GetBuffer(destination, &view, WRITABLE_FORMAT_CONTIGUOUS)) {
        PyErr_Clear();
        Py_RETURN_FALSE;
    }
    if (view.len >= size && size >= 0 && !(view.format && strchr(view.format, 'O'))) {
        const uint8_t *from = FIELD(uint8_t **, frame, frame_data)[plane] + first;
        if (size > FEW) {
            PyThreadState *thread = PyEval_SaveThread();
            memmove(view.buf, from, (size_t)size);
            PyEval_RestoreThread(thread);
        } else {
            memmove(view.buf, from, (size_t)size);
        }
        done = 1;
    }
    PyBuffer_Release(&view);
    return PyBool_FromLong(done);
#endif
}

/* ---- the module ---------------------------------------------------------------------------- */

/* setup(numbers, wrap_frame, wrap_packet): `numbers` has an address or offset for each name; those
   that were told before have to be the same. A name that is not there is left as it is. */
static PyObject *pump_setup(PyObject *module, PyObject *args)
{
    PyObject *numbers, *frame, *packet;
    size_t index;
    if (!PyArg_ParseTuple(args, "O!OO", &PyDict_Type, &numbers, &frame, &packet))
        return NULL;
    for (index = 0; index < sizeof told / sizeof *told; index++) {
        PyObject *number = PyDict_GetItemString(numbers, told[index].name);
        int64_t offset;
        if (!number)
            continue;
        if (told[index].is_function) {
            void *address = PyLong_AsVoidPtr(number);
            void *known;
            memcpy(&known, told[index].place, sizeof known);
            if (known && known != address)
                PyErr_SetString(PyExc_RuntimeError, "another FFmpeg is in use");
            if (PyErr_Occurred())
                return NULL;
            memcpy(told[index].place, &address, sizeof address);
        } else {
            offset = PyLong_AsLongLong(number);
            if (PyErr_Occurred())
                return NULL;
            memcpy(told[index].place, &offset, sizeof offset);
        }
    }
    Py_INCREF(frame);
    Py_INCREF(packet);
    Py_XDECREF(wrap_frame);
    Py_XDECREF(wrap_packet);
    wrap_frame = frame;
    wrap_packet = packet;
    Py_RETURN_NONE;
}
static PyObject *pump_names(PyObject *module, PyObject *ignored)
{
    size_t index;
    PyObject *names = PyList_New(sizeof told / sizeof *told);
    for (index = 0; names && index < sizeof told / sizeof *told; index++) {
        PyObject *name = PyUnicode_FromString(told[index].name);
        if (!name || PyList_SetItem(names, index, name))
            Py_CLEAR(names);
    }
    return names;
}
/* How many are alive. */
static PyObject *pump_frames(PyObject *module, PyObject *ignored)
{
    return PyLong_FromSsize_t(frames_alive);
}
static PyObject *pump_packets(PyObject *module, PyObject *ignored)
{
    return PyLong_FromSsize_t(packets_alive);
}
static PyObject *pump_held_frames(PyObject *module, PyObject *ignored)
{
    return held(&last_frame);
}
static PyObject *pump_held_packets(PyObject *module, PyObject *ignored)
{
    return held(&last_packet);
}
/* After a fork, in the child. */
static PyObject *pump_inherit(PyObject *module, PyObject *ignored)
{
    generation++;
    Py_RETURN_NONE;
}
static PyMethodDef functions[] = {
    {"setup", pump_setup, METH_VARARGS, NULL},  {"names", pump_names, METH_NOARGS, NULL},
    {"read", pump_read, METH_VARARGS, NULL},    {"sound", pump_sound, METH_VARARGS, NULL},
    {"frames", pump_frames, METH_NOARGS, NULL}, {"packets", pump_packets, METH_NOARGS, NULL},
    {"copy", pump_copy, METH_VARARGS, NULL},
    {"held_frames", pump_held_frames, METH_NOARGS, NULL},
    {"held_packets", pump_held_packets, METH_NOARGS, NULL},
    {"inherit", pump_inherit, METH_NOARGS, NULL},
    {0}};
/* Of one phase: what it knows is the process's, as FFmpeg is. */
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_pump", NULL, -1, functions, NULL, NULL, NULL, NULL};

static int add(PyObject *module, PyTypeObject **type, PyType_Spec *spec, const char *name)
{
    if (!*type)
        *type = (PyTypeObject *)PyType_FromSpec(spec);
    if (!*type)
        return -1;
    Py_INCREF(*type);
    if (!PyModule_AddObject(module, name, (PyObject *)*type))
        return 0;
    Py_DECREF(*type);
    return -1;
}
PyMODINIT_FUNC PyInit__pump(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (!module)
        return NULL;
    if (add(module, &frame_type, &frame_spec, "Frame") ||
        add(module, &packet_type, &packet_spec, "Packet") ||
        add(module, &picture_type, &picture_spec, "Picture") ||
        add(module, &leases_type, &leases_spec, "Leases") ||
        add(module, &lease_type, &lease_spec, "Lease") ||
        add(module, &decoder_type, &decoder_spec, "Decoder")) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
