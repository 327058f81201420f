/* Upcoming: what `_spec.files.upcoming.Upcoming` does, for `VideoRun` too. Part of `ffi_pump.c`. */
typedef struct {
    PyObject_HEAD
    int64_t *times; /* a heap: none is later than the two at twice its place */
    Py_ssize_t count, room;
    int64_t latest; /* decoding time */
    int is_end, is_shown, is_hidden;
} Upcoming;
static PyTypeObject *upcoming_type;

static PyObject *upcoming_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    Upcoming *self = PyObject_New(Upcoming, type);
    if (self) {
        self->times = NULL;
        self->count = self->room = 0;
        self->latest = INT64_MIN;
        self->is_end = self->is_shown = self->is_hidden = 0;
    }
    return (PyObject *)self;
}
static void upcoming_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    free(((Upcoming *)object)->times);
    PyObject_Free(object);
    Py_DECREF(type);
}
/* Makes room for one more; wants no GIL, as all that is not a method. */
static int has_room(Upcoming *self)
{
    Py_ssize_t room = self->room ? 2 * self->room : 64;
    int64_t *times = self->times;
    if (self->count < self->room)
        return 1;
    if (room > PY_SSIZE_T_MAX / 16 || !(times = realloc(times, sizeof *times * (size_t)room)))
        return 0;
    self->times = times;
    self->room = room;
    return 1;
}
/* There is room. */
static void add_time(Upcoming *self, int64_t time, int64_t dts)
{
    int64_t *times = self->times;
    Py_ssize_t place;
    if (self->is_end || dts < self->latest) { /* reading goes on elsewhere */
        self->count = 0;
        self->is_shown = self->is_end = 0;
    }
    self->latest = dts;
    for (place = self->count++; place && times[(place - 1) / 2] > time; place = (place - 1) / 2)
        times[place] = times[(place - 1) / 2];
    times[place] = time;
}
static void pop_time(Upcoming *self)
{
    int64_t *times = self->times, last = times[--self->count];
    Py_ssize_t place = 0, next;
    while ((next = 2 * place + 1) < self->count) {
        if (next + 1 < self->count && times[next + 1] < times[next])
            next++;
        if (times[next] >= last)
            break;
        times[place] = times[next];
        place = next;
    }
    times[place] = last;
}
/* Returns whether it is known how long the picture at `time` is shown: that is `gap` then. */
static int find_gap(Upcoming *self, int64_t time, int64_t stated, uint64_t *gap, int *is_last)
{
    Py_ssize_t passed = 0;
    *is_last = 0;
    for (; self->count && self->times[0] <= time; passed++)
        pop_time(self);
    if (passed > 1 && self->is_shown)
        self->is_hidden = 1; /* there are packets without a picture: their times say nothing */
    self->is_shown = 1;
    if (self->is_hidden)
        return 0;
    if (!self->count) {
        *is_last = self->is_end;
        return 0;
    }
    *gap = (uint64_t)self->times[0] - (uint64_t)time;
    /* A picture that is decoded later is not shown before then: none comes in between. Else the
       time to the next one may be shorter than this, but not longer. */
    return self->is_end || self->times[0] <= self->latest ||
           (stated > 0 && *gap < (uint64_t)stated);
}
static PyObject *upcoming_add(PyObject *object, PyObject *args)
{
    long long time, dts;
    if (!PyArg_ParseTuple(args, "LL", &time, &dts))
        return NULL;
    if (!has_room((Upcoming *)object))
        return PyErr_NoMemory();
    add_time((Upcoming *)object, time, dts);
    Py_RETURN_NONE;
}
static PyObject *upcoming_end(PyObject *object, PyObject *ignored)
{
    ((Upcoming *)object)->is_end = 1;
    Py_RETURN_NONE;
}
/* Returns None for the last one of all, of which the file may know more. */
static PyObject *upcoming_lasting(PyObject *object, PyObject *args)
{
    long long time, stated;
    uint64_t gap;
    int is_last;
    if (!PyArg_ParseTuple(args, "LL", &time, &stated))
        return NULL;
    if (find_gap((Upcoming *)object, time, stated, &gap, &is_last))
        return PyLong_FromUnsignedLongLong(gap);
    if (is_last)
        Py_RETURN_NONE;
    return PyLong_FromLongLong(stated);
}
static PyMethodDef upcoming_methods[] = {{"add", upcoming_add, METH_VARARGS, NULL},
                                         {"end", upcoming_end, METH_NOARGS, NULL},
                                         {"lasting", upcoming_lasting, METH_VARARGS, NULL},
                                         {0}};
static PyType_Slot upcoming_slots[] = {{Py_tp_new, upcoming_new},
                                       {Py_tp_dealloc, upcoming_dealloc},
                                       {Py_tp_methods, upcoming_methods},
                                       {0, NULL}};
static PyType_Spec upcoming_spec = {
    "ffwebcodecs._ffi._pump.Upcoming", sizeof(Upcoming), 0, Py_TPFLAGS_DEFAULT, upcoming_slots};
