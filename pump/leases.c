/* Leases and Lease. Part of `ffi_pump.c`. */
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
