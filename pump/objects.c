/* What the pump makes: Frame, Packet and Picture, which free themselves, and the lists of them. Part of `ffi_pump.c`. */
typedef struct Native Native;
struct Native { /* a Frame or a Packet */
    PyObject_HEAD
    void *native;
    Native *before, *after; /* of all that are alive */
    int generation;         /* of processes: what a forked child has from its parent is older */
};
typedef struct {
    PyObject_HEAD
    PyObject *frame, *lease, *ptr; /* the latter once somebody wanted it */
} Picture; /* as `_av.frames.picture.Picture` */

static PyTypeObject *frame_type, *packet_type, *picture_type, *decoder_type, *encoder_type;
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
static PyObject *packet_flags(PyObject *self, void *closure)
{
    return PyLong_FromLong(FIELD(int, ((Native *)self)->native, packet_flags));
}
static PyObject *packet_lasting(PyObject *self, void *closure)
{
    return PyLong_FromLongLong(FIELD(int64_t, ((Native *)self)->native, packet_duration));
}
/* stamp(pts, dts, duration): writes them into a packet that nobody else has seen yet. */
static PyObject *packet_stamp(PyObject *self, PyObject *args)
{
    void *packet = ((Native *)self)->native;
    long long pts, dts, duration;
    if (!PyArg_ParseTuple(args, "LLL", &pts, &dts, &duration))
        return NULL;
    FIELD(int64_t, packet, packet_pts) = pts;
    FIELD(int64_t, packet, packet_dts) = dts;
    FIELD(int64_t, packet, packet_duration) = duration;
    Py_RETURN_NONE;
}
static PyMethodDef packet_methods[] = {{"stamp", packet_stamp, METH_VARARGS, NULL}, {0}};
static PyGetSetDef frame_gets[] = {
    {"address", native_address, NULL, NULL, NULL}, {"ptr", frame_ptr, NULL, NULL, NULL}, {0}};
static PyGetSetDef packet_gets[] = {{"address", native_address, NULL, NULL, NULL},
                                    {"ptr", packet_ptr, NULL, NULL, NULL},
                                    {"size", packet_bytes, NULL, NULL, NULL},
                                    {"flags", packet_flags, NULL, NULL, NULL},
                                    {"duration", packet_lasting, NULL, NULL, NULL},
                                    {0}};
static PyType_Slot frame_slots[] = {
    {Py_tp_dealloc, frame_dealloc}, {Py_tp_getset, frame_gets}, {0, NULL}};
static PyType_Slot packet_slots[] = {{Py_tp_dealloc, packet_dealloc},
                                     {Py_tp_getset, packet_gets},
                                     {Py_tp_methods, packet_methods},
                                     {0, NULL}};
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
    made->lease = made->ptr = NULL;
    return (PyObject *)made;
}
static void picture_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Picture *picture = (Picture *)self;
    /* The memory first: whoever hears of the lease may want it. */
    Py_CLEAR(picture->ptr);
    Py_CLEAR(picture->frame);
    Py_CLEAR(picture->lease);
    PyObject_Free(self);
    Py_DECREF(type);
}
static PyObject *picture_ptr(PyObject *self, void *closure)
{
    Picture *picture = (Picture *)self;
    if (!picture->ptr) {
        PyObject *made = PyObject_CallFunctionObjArgs(wrap_frame, picture->frame, NULL);
        if (!made || picture->ptr) /* another thread was quicker */
            return made;
        picture->ptr = made;
    }
    Py_INCREF(picture->ptr);
    return picture->ptr;
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
