/* `read_video`: many packets of video a call from a file. Part of `ffi_pump.c`. */
#define FAR_AWAY (INT64_MAX >> 2)

/* What goes on from packet to packet: as `DemuxerCore.read_on` has it. */
typedef struct {
    Rational base;
    int64_t step, latest; /* microseconds; `latest` is where the last one on the screen ends */
    int64_t dts, time, next; /* of the last packet: ticks, microseconds, its end */
    int flags;
} VideoClock;

static int is_encrypted(const void *packet)
{
    const char *sides = FIELD(const char *, packet, packet_side);
    int index, count = FIELD(int, packet, packet_sides);
    for (index = 0; index < count; index++)
        if (*(const int *)(sides + at.side_size * index + at.side_type) == at.side_encryption)
            return 1;
    return 0;
}
/* Makes a packet's times microseconds; returns whether it is plain, else it is as it was. */
static int to_microseconds(VideoClock *clock, void *packet)
{
    static const Rational microsecond = {1, 1000000};
    int64_t pts = FIELD(int64_t, packet, packet_pts), dts = FIELD(int64_t, packet, packet_dts);
    int64_t lasting = FIELD(int64_t, packet, packet_duration), time, duration;
    if (pts == NOPTS || is_encrypted(packet))
        return 0;
    call.rescale(packet, clock->base, microsecond);
    time = FIELD(int64_t, packet, packet_pts);
    duration = FIELD(int64_t, packet, packet_duration);
    if (time > FAR_AWAY || time < -FAR_AWAY || duration > FAR_AWAY || duration < 0) {
        FIELD(int64_t, packet, packet_pts) = pts;
        FIELD(int64_t, packet, packet_dts) = dts;
        FIELD(int64_t, packet, packet_duration) = lasting;
        return 0;
    }
    clock->dts = dts;
    clock->flags = FIELD(int, packet, packet_flags);
    clock->time = time;
    clock->next = time + (duration ? duration : clock->step);
    if (clock->next > clock->latest)
        clock->latest = clock->next;
    return 1;
}
/* Returns (Packet, time); takes the packet. */
static PyObject *timed_row(void *packet)
{
    PyObject *time = PyLong_FromLongLong(FIELD(int64_t, packet, packet_pts));
    PyObject *owner = new_packet(packet), *row = time && owner ? PyTuple_New(2) : NULL;
    if (row) {
        PyTuple_SetItem(row, 0, owner);
        PyTuple_SetItem(row, 1, time);
        return row;
    }
    Py_XDECREF(owner);
    Py_XDECREF(time);
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

/* read_video(context, stream, room, bytes, microseconds, num, den, step, latest): reads packets of a
   stream whose clock is num / den, as `read` does, up to one that is not plain.
   Returns a list of (Packet, time), now in microseconds; what av_read_frame said at last;
   (how many, dts in ticks and flags of the last one); (its time, where it ends, where the last one
   on the screen ends); and the packet that is not plain, or None. */
static PyObject *pump_read_video(PyObject *module, PyObject *args)
{
    PyObject *address, *rows, *rest = NULL;
    void *context, *packets[MOST];
    PyThreadState *thread;
    VideoClock clock;
    long long left, limit, step, latest;
    int stream, room, count = 0, plain = 1, code = 0, index;
    int64_t begin;
    memset(&clock, 0, sizeof clock);
    if (!PyArg_ParseTuple(args, "O!iiLLiiLL", &PyLong_Type, &address, &stream, &room, &left,
                          &limit, &clock.base.num, &clock.base.den, &step, &latest))
        return NULL;
    clock.step = step;
    clock.latest = latest;
    context = PyLong_AsVoidPtr(address);
    if (!context || clock.base.num < 1 || clock.base.den < 1 || room < 1 || room > MOST ||
        !call.read) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "nothing can be read");
        return NULL;
    }
    for (index = 0; index < room; index++)
        if (!(packets[index] = take(&packet_stock, call.packet_alloc)))
            break;
    room = index; /* there is no memory for more */
    if (!room)
        return PyErr_NoMemory();
    thread = PyEval_SaveThread();
    begin = now();
    while (count < room && left > 0) {
        void *packet = packets[count];
        code = call.read(context, packet);
        if (code < 0)
            break;
        left -= FIELD(int, packet, packet_size);
        if (FIELD(int, packet, packet_stream) != stream)
            call.packet_unref(packet);
        else if (!(plain = to_microseconds(&clock, packet)))
            break;
        else
            count++;
        if (now() - begin > limit)
            break;
    }
    PyEval_RestoreThread(thread);
    if (!plain) {
        rest = new_packet(packets[count]);
        packets[count] = NULL;
    } else {
        rest = (Py_INCREF(Py_None), Py_None);
    }
    for (index = count; index < room; index++)
        give_packet_back(packets[index]);
    rows = rest ? PyList_New(count) : NULL;
    for (index = 0; index < count; index++) {
        PyObject *row;
        if (!rows) {
            give_packet_back(packets[index]);
            continue;
        }
        row = timed_row(packets[index]);
        if (row)
            PyList_SetItem(rows, index, row);
        else
            Py_CLEAR(rows);
    }
    if (rows)
        return Py_BuildValue("(Ni(iLi)(LLL)N)", rows, code < 0 ? code : 0, count,
                             (long long)clock.dts, clock.flags, (long long)clock.time,
                             (long long)clock.next, (long long)clock.latest, rest);
    Py_XDECREF(rest);
    return NULL;
}
