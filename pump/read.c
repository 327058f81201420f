/* `read`: many packets a call from a file. Part of `ffi_pump.c`. */
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
