/* The pump's encoding: pictures sent, and packets received, many a call. */

#define PLANES 4
#define BUFFERS 8    /* AV_NUM_DATA_POINTERS */
#define READ_AHEAD 64 /* bytes that encoders read past a row */

enum { /* what an encoder is given */
    SAYS_FORMAT,
    SAYS_WIDTH,
    SAYS_HEIGHT,
    SAYS_PRIMARIES,
    SAYS_TRANSFER,
    SAYS_MATRIX,
    SAYS_RANGE,
    SAYS_IS_CAREFUL, /* whether it stays within the rows of its pictures */
    SAYS_COUNT
};

/* One open encoder, and what each picture is to say of itself. */
typedef struct {
    PyObject_HEAD
    PyObject *owner; /* of the codec */
    void *codec, *dressed;
    int is_busy;
    int64_t says[SAYS_COUNT];
    int64_t rows[PLANES], bytes[PLANES]; /* of a plane: rows before the last, bytes in a row */
    int planes;
} Encoder;

static PyObject *encoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *owner, *address, *says, *spans;
    Encoder *self;
    Py_ssize_t index;
    if (!PyArg_ParseTuple(args, "OO!O!O!", &owner, &PyLong_Type, &address, &PyTuple_Type, &says,
                          &PyTuple_Type, &spans))
        return NULL;
    if (PyTuple_Size(spans) < 1 || PyTuple_Size(spans) > PLANES) {
        PyErr_SetString(PyExc_ValueError, "there are one to four planes");
        return NULL;
    }
    self = PyObject_New(Encoder, type);
    if (!self)
        return NULL;
    memset((char *)self + offsetof(Encoder, owner), 0, sizeof(Encoder) - offsetof(Encoder, owner));
    Py_INCREF(owner);
    self->owner = owner;
    self->codec = PyLong_AsVoidPtr(address);
    self->planes = (int)PyTuple_Size(spans);
    if (read_numbers(says, self->says, SAYS_COUNT))
        goto fail;
    for (index = 0; index < self->planes; index++)
        if (!PyArg_ParseTuple(PyTuple_GetItem(spans, index), "LL", &self->rows[index],
                              &self->bytes[index]))
            goto fail;
    if (!self->codec || !call.send_frame || !call.receive_packet || !call.buffer_ref) {
        PyErr_SetString(PyExc_ValueError, "there is no codec");
        goto fail;
    }
    return (PyObject *)self;
fail:
    Py_DECREF(self);
    return NULL;
}
static void encoder_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Encoder *self = (Encoder *)object;
    give_frame_back(self->dressed);
    Py_CLEAR(self->owner);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* A picture that goes in, and how. */
typedef struct {
    void *frame;
    int64_t tick, duration;
    int forced, own; /* whether it is to be a key frame; whether it is ours, and fits as it is */
} Item;

static int64_t buffer_size(const void *buffer)
{
    return at.buffer_size_bytes == 4 ? (int64_t)FIELD(int, buffer, buffer_size)
                                     : FIELD(int64_t, buffer, buffer_size);
}
/* Tells whether the encoder may read a frame's planes where they are: many read some bytes past the
   last row, which FFmpeg's memory has, and what was lent may not have. */
static int may_read(const Encoder *self, void *frame)
{
    char **data = &FIELD(char *, frame, frame_planes);
    void **buffers = &FIELD(void *, frame, frame_buffers);
    const int *strides = &FIELD(int, frame, frame_linesize);
    int index, other;
    for (index = 0; index < self->planes; index++) {
        char *begin = data[index];
        const char *end = begin + strides[index] * self->rows[index] + self->bytes[index];
        if (!begin)
            return 0;
        for (other = 0; !self->says[SAYS_IS_CAREFUL] && other < PLANES; other++) {
            char *first = buffers[other] ? FIELD(char *, buffers[other], buffer_data) : NULL;
            if (first && first <= begin && end + READ_AHEAD <= first + buffer_size(buffers[other]))
                break;
        }
        if (other == PLANES)
            return 0;
    }
    return 1;
}
/* Lets `dressed`, an empty frame, show another one's planes, which it keeps alive. */
static int dress(const Encoder *self, void *dressed, void *frame)
{
    char **data = &FIELD(char *, frame, frame_planes), **to = &FIELD(char *, dressed, frame_planes);
    void **buffers = &FIELD(void *, frame, frame_buffers);
    void **kept = &FIELD(void *, dressed, frame_buffers);
    const int *strides = &FIELD(int, frame, frame_linesize);
    int *to_strides = &FIELD(int, dressed, frame_linesize), index;
    for (index = 0; index < BUFFERS && buffers[index]; index++)
        if (!(kept[index] = call.buffer_ref(buffers[index])))
            return -ENOMEM;
    for (index = 0; index < self->planes; index++) {
        to[index] = data[index];
        to_strides[index] = strides[index];
    }
    FIELD(int, dressed, frame_format) = (int)self->says[SAYS_FORMAT];
    FIELD(int, dressed, frame_width) = (int)self->says[SAYS_WIDTH];
    FIELD(int, dressed, frame_height) = (int)self->says[SAYS_HEIGHT];
    return 0;
}
static void tag(const Encoder *self, void *frame, const Item *item)
{
    FIELD(int64_t, frame, frame_pts) = item->tick;
    FIELD(int64_t, frame, frame_duration) = item->duration;
    FIELD(int, frame, frame_type) = item->forced; /* AV_PICTURE_TYPE_I is 1 */
    FIELD(int, frame, frame_primaries) = (int)self->says[SAYS_PRIMARIES];
    FIELD(int, frame, frame_transfer) = (int)self->says[SAYS_TRANSFER];
    FIELD(int, frame, frame_matrix) = (int)self->says[SAYS_MATRIX];
    FIELD(int, frame, frame_range) = (int)self->says[SAYS_RANGE];
}
/* What a call of `encode` has come to. */
typedef struct {
    Item items[MOST];
    void *packets[MOST];
    int count, done, found, sent, received;
} Encoding;

/* Receives what is there; tells whether the encoder wants pictures. */
static int receive_packets(Encoder *self, Encoding *encoding)
{
    while (encoding->found < MOST) {
        void **place = &encoding->packets[encoding->found];
        if (!*place && !(*place = call.packet_alloc())) {
            encoding->received = -ENOMEM;
            return 0;
        }
        encoding->received = call.receive_packet(self->codec, *place);
        if (encoding->received < 0)
            return encoding->received == AGAIN;
        /* libwebp_anim of FFmpeg 4.3 gives one for each frame, before the one that counts. */
        if (!FIELD(int, *place, packet_size) && !FIELD(int, *place, packet_sides))
            call.packet_unref(*place);
        else
            encoding->found++;
    }
    return 0;
}
static void encode_all(Encoder *self, Encoding *encoding)
{
    if (!encoding->count)
        receive_packets(self, encoding);
    for (; encoding->done < encoding->count; encoding->done++) {
        const Item *item = &encoding->items[encoding->done];
        void *frame = item->frame;
        if (!item->own) {
            if (!may_read(self, frame)) {
                encoding->sent = 1; /* wants a copy */
                return;
            }
            encoding->sent = dress(self, self->dressed, frame);
            frame = self->dressed;
        }
        if (!encoding->sent) {
            tag(self, frame, item);
            encoding->sent = call.send_frame(self->codec, frame);
        }
        if (!item->own)
            call.frame_unref(self->dressed);
        if (encoding->sent < 0)
            return;
        encoding->sent = 0;
        if (!receive_packets(self, encoding)) {
            encoding->done++;
            return;
        }
    }
}
static int read_items(Encoding *encoding, PyObject *rows)
{
    int index;
    encoding->count = (int)(PyTuple_Size(rows) > MOST ? MOST : PyTuple_Size(rows));
    for (index = 0; index < encoding->count; index++) {
        Item *item = &encoding->items[index];
        long long tick, duration;
        PyObject *frame, *row = PyTuple_GetItem(rows, index);
        if (!PyTuple_Check(row)) {
            PyErr_SetString(PyExc_TypeError, "a picture comes in a tuple");
            return -1;
        }
        if (!PyArg_ParseTuple(row, "OLLii", &frame, &tick, &duration, &item->forced, &item->own))
            return -1;
        item->tick = tick;
        item->duration = duration;
        item->frame = Py_TYPE(frame) == frame_type ? ((Native *)frame)->native
                                                   : PyLong_AsVoidPtr(frame);
        if (!item->frame) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_ValueError, "there is no picture");
            return -1;
        }
    }
    return 0;
}
/* Returns the packets, each with both its times, its duration and its flags. */
static PyObject *give_packets(Encoding *encoding)
{
    PyObject *rows = PyList_New(encoding->found);
    int index;
    for (index = 0; index < encoding->found; index++) {
        void *packet = encoding->packets[index];
        PyObject *owner, *row = NULL;
        encoding->packets[index] = NULL;
        if (!rows) {
            give_packet_back(packet);
            continue;
        }
        owner = new_packet(packet);
        if (owner)
            row = Py_BuildValue("(NLLi)", owner, (long long)FIELD(int64_t, packet, packet_pts),
                                (long long)FIELD(int64_t, packet, packet_dts),
                                FIELD(int, packet, packet_flags));
        if (row)
            PyList_SetItem(rows, index, row);
        else
            Py_CLEAR(rows);
    }
    return rows;
}
/* encode(pictures): `pictures` is a tuple of (the pump's Frame or an address, tick, duration in
   ticks, whether it is to be a key frame, whether it is a frame of ours that fits as it is). Sends
   them one after the other, and receives what is there after each, without any at once; returns the packets, how many
   pictures were sent, what the sending of the next one said (1: the encoder may not read it where
   it is, and it was not sent) and what the receiving said at last. */
static PyObject *encoder_encode(PyObject *object, PyObject *pictures)
{
    Encoder *self = (Encoder *)object;
    Encoding *encoding;
    PyThreadState *thread;
    PyObject *rows, *answer = NULL;
    int index;
    if (!PyTuple_Check(pictures) || self->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "no tuple, or another thread encodes with it");
        return NULL;
    }
    if (!self->dressed && !(self->dressed = take(&frame_stock, call.frame_alloc)))
        return PyErr_NoMemory();
    encoding = PyMem_Malloc(sizeof *encoding);
    if (!encoding)
        return PyErr_NoMemory();
    memset(encoding, 0, sizeof *encoding);
    encoding->received = AGAIN;
    if (read_items(encoding, pictures)) {
        PyMem_Free(encoding);
        return NULL;
    }
    /* One for each, and one in which to ask for more; others are allocated when they are there. */
    for (index = 0; index <= encoding->count && index < MOST; index++)
        encoding->packets[index] = take(&packet_stock, call.packet_alloc);
    self->is_busy = 1;
    Py_INCREF(self);
    Py_INCREF(pictures);
    thread = PyEval_SaveThread();
    encode_all(self, encoding);
    PyEval_RestoreThread(thread);
    self->is_busy = 0;
    rows = give_packets(encoding);
    for (index = 0; index < MOST; index++)
        give_packet_back(encoding->packets[index]);
    if (rows)
        answer = Py_BuildValue("(Niii)", rows, encoding->done, encoding->sent, encoding->received);
    PyMem_Free(encoding);
    Py_DECREF(pictures);
    Py_DECREF(self);
    return answer;
}
static PyMethodDef encoder_methods[] = {{"encode", encoder_encode, METH_O, NULL}, {0}};
static PyType_Slot encoder_slots[] = {{Py_tp_new, encoder_new},
                                      {Py_tp_dealloc, encoder_dealloc},
                                      {Py_tp_methods, encoder_methods},
                                      {0, NULL}};
static PyType_Spec encoder_spec = {
    "ffwebcodecs._ffi._pump.Encoder", sizeof(Encoder), 0, Py_TPFLAGS_DEFAULT, encoder_slots};
