/* RemuxRun: packets from one file into another, as long as all is plain. Part of `ffi_pump.c`. */
static int is_near(int64_t time)
{
    return time < FAR && time > -FAR;
}
static int says_of(const void *packet, int64_t kind)
{
    const char *sides = FIELD(const char *, packet, packet_side);
    int index, count = FIELD(int, packet, packet_sides);
    for (index = 0; index < count; index++)
        if (*(const int *)(sides + at.side_size * index + at.side_type) == kind)
            return 1;
    return 0;
}
static double seconds_of(const Track *track)
{
    return (double)track->of[TRACK_WRITTEN] * (double)track->of[TRACK_TO_NUM] /
           (double)track->of[TRACK_TO_DEN];
}
/* Tells whether Python is to look whether what waits for the sparse stream has waited enough. */
static int has_waited(const RemuxRun *self, const Track *track)
{
    const Track *sparse = &self->video;
    double since = self->let_go, own;
    int index;
    if (self->plan[COPY_SPARSE] < 0 || track->of[TRACK_OUT] == self->plan[COPY_SPARSE])
        return 0;
    if (!self->plan[COPY_WANTS] || sparse->of[TRACK_OUT] != self->plan[COPY_SPARSE]) {
        for (index = 0, sparse = NULL; index < self->tracks && !sparse; index++)
            if (self->track[index].of[TRACK_KIND] == TRACK_COPIED &&
                self->track[index].of[TRACK_OUT] == self->plan[COPY_SPARSE])
                sparse = &self->track[index];
    }
    own = !sparse || sparse->of[TRACK_WRITTEN] == NOPTS ? 0 : seconds_of(sparse);
    if (own > since)
        since = own;
    return seconds_of(track) - since > 9.99;
}
/* Writes a packet as `MuxerCore._write` does; COPY_UNWRITABLE: its times are as they were. */
static int write_out(RemuxRun *self, void *output, Track *track, void *packet, int *code)
{
    Rational from = {(int)track->of[TRACK_FROM_NUM], (int)track->of[TRACK_FROM_DEN]};
    Rational to = {(int)track->of[TRACK_TO_NUM], (int)track->of[TRACK_TO_DEN]};
    int64_t *pts = &FIELD(int64_t, packet, packet_pts), *dts = &FIELD(int64_t, packet, packet_dts);
    int64_t *lasting = &FIELD(int64_t, packet, packet_duration);
    int64_t before = track->of[TRACK_WRITTEN], was[3];
    void *io;
    was[0] = *pts;
    was[1] = *dts;
    was[2] = *lasting;
    *pts += track->of[TRACK_MOVED];
    *dts += track->of[TRACK_MOVED];
    call.rescale(packet, from, to);
    *pts += track->of[TRACK_LATE];
    *dts += track->of[TRACK_LATE];
    if (before != NOPTS && *dts < before + !self->plan[COPY_EQUAL]) {
        *dts = before + !self->plan[COPY_EQUAL];
        if (*pts < *dts)
            *pts = *dts;
    }
    if (!is_near(*pts) || !is_near(*dts) ||
        (self->plan[COPY_IS_ISO] &&
         (*lasting >= MOST_STEP || (before != NOPTS && *dts - before >= MOST_STEP) ||
          *pts - *dts >= 1 << 28))) {
        *pts = was[0];
        *dts = was[1];
        *lasting = was[2];
        return COPY_UNWRITABLE;
    }
    FIELD(int64_t, packet, packet_pos) = -1;
    FIELD(int, packet, packet_stream) = (int)track->of[TRACK_OUT];
    track->of[TRACK_WRITTEN] = *dts;
    track->given++;
    self->wrote = (int)track->of[TRACK_OUT];
    *code = call.write(output, packet);
    call.packet_unref(packet);
    io = FIELD(void *, output, format_io);
    if (*code < 0 || (io && FIELD(int, io, io_error) < 0))
        return COPY_WROTE;
    return has_waited(self, track) ? COPY_WAITED : COPY_PAUSED;
}
/* Writes the picture that waits in the timeline, for the next one has come. */
static int write_picture(RemuxRun *self, void *output, int *code)
{
    void *packet = self->pictures[0], *following = self->pictures[1];
    int64_t *pts = &FIELD(int64_t, packet, packet_pts), *dts = &FIELD(int64_t, packet, packet_dts);
    int64_t *lasting = &FIELD(int64_t, packet, packet_duration);
    int64_t later = FIELD(int64_t, following, packet_pts), shown = *pts, decoded;
    int reached;
    if (*dts > *pts)
        *dts = *pts;
    decoded = *dts;
    if (!*lasting)
        *lasting = !self->plan[COPY_REORDERS] && later > *pts ? later - *pts
                                                              : self->plan[COPY_USUAL];
    if (shown > self->plan[COPY_END]) {
        self->plan[COPY_END] = shown;
        self->plan[COPY_LASTING] = *lasting;
    }
    self->plan[COPY_DECODED] = decoded;
    reached = write_out(self, output, &self->video, packet, code);
    if (reached == COPY_UNWRITABLE)
        return reached;
    self->held--;
    self->released--;
    memmove(self->pictures, self->pictures + 1, (size_t)self->held * sizeof *self->pictures);
    self->pictures[self->held] = packet; /* empty by now, and to be used for the next one */
    return reached;
}
/* Takes note of a packet of the video, as `DemuxerCore.read_on` does; returns whether it is plain,
   else it is as it was, and `reached` may say more. */
static int note_copied(RemuxRun *self, int *reached)
{
    static const Rational microseconds = {1, 1000000};
    const int64_t *plan = self->plan;
    Rational base = {(int)plan[COPY_NUM], (int)plan[COPY_DEN]};
    void *packet = self->packet, *before;
    int64_t pts = FIELD(int64_t, packet, packet_pts), dts = FIELD(int64_t, packet, packet_dts);
    int64_t lasting = FIELD(int64_t, packet, packet_duration), time, decoded, length;
    int64_t low, floor;
    int flags = FIELD(int, packet, packet_flags), is_plain;
    if (pts == NOPTS || dts == NOPTS || FIELD(int, packet, packet_size) <= 0 ||
        lasting < 0 || says_of(packet, at.side_encryption))
        return 0;
    call.rescale(packet, base, microseconds);
    time = FIELD(int64_t, packet, packet_pts);
    decoded = FIELD(int64_t, packet, packet_dts);
    length = FIELD(int64_t, packet, packet_duration);
    is_plain = is_near(time) && is_near(decoded) && is_near(length);
    if (is_plain && plan[COPY_WANTS]) {
        before = self->pictures[self->held - 1];
        low = FIELD(int64_t, before, packet_dts);
        floor = FIELD(int64_t, before, packet_pts);
        if (floor > low)
            floor = low;
        if (time >= plan[COPY_HIGH])
            *reached = COPY_BEYOND;
        is_plain = !(flags & at.flag_corrupt) && time >= plan[COPY_LOW] &&
                   time < plan[COPY_HIGH] && decoded > low &&
                   (time < decoded ? time : decoded) > floor;
    }
    if (!is_plain) {
        FIELD(int64_t, packet, packet_pts) = pts;
        FIELD(int64_t, packet, packet_dts) = dts;
        FIELD(int64_t, packet, packet_duration) = lasting;
        return 0;
    }
    self->came++;
    self->last = dts;
    self->flags = flags;
    self->time = time;
    self->next = time + (length ? length : plan[COPY_STEP]);
    if (self->next > plan[COPY_LATEST])
        self->plan[COPY_LATEST] = self->next;
    return 1;
}
static void tell_time(RemuxRun *self, int stream, int64_t time)
{
    self->row_stream[self->rows] = stream;
    self->row_time[self->rows++] = time;
}
/* Takes a plain packet of the video, as `LastPicture` does. */
static void push_picture(RemuxRun *self)
{
    int64_t time = FIELD(int64_t, self->packet, packet_pts);
    int is_last = time >= self->plan[COPY_SHOWN], waiting = self->held - 1;
    call.packet_move(self->pictures[self->held++], self->packet);
    self->frames++;
    if (self->plan[COPY_TELLS] == 1)
        tell_time(self, (int)self->plan[COPY_VIDEO], time);
    if (is_last)
        self->plan[COPY_SHOWN] = time;
    if (is_last || waiting > MOST_DELAY) {
        self->released = waiting;
        waiting = 0;
    }
    if (!is_last && !waiting)
        self->released++;
}
/* Writes a packet of another stream, if it is plain; else it is as it was. */
static int copy_packet(RemuxRun *self, void *output, int stream, int *code)
{
    Track *track = &self->track[stream];
    const int64_t *of = track->of;
    void *packet = self->packet;
    int64_t pts = FIELD(int64_t, packet, packet_pts), dts = FIELD(int64_t, packet, packet_dts);
    int64_t lasting = FIELD(int64_t, packet, packet_duration), when = dts + of[TRACK_MOVED];
    int size = FIELD(int, packet, packet_size), reached;
    const unsigned char *data = FIELD(const unsigned char *, packet, packet_data);
    if (of[TRACK_KIND] == TRACK_ODD || !is_near(pts) || !is_near(dts) || !is_near(lasting) ||
        size <= 0 || FIELD(int, packet, packet_flags) & at.flag_corrupt ||
        says_of(packet, at.side_headers))
        return COPY_ODD;
    if (pts < of[TRACK_LOW] || pts >= of[TRACK_HIGH] ||
        pts + of[TRACK_MOVED] == of[TRACK_BEFORE] || pts + of[TRACK_MOVED] == of[TRACK_BEGIN])
        return COPY_ODD;
    if (of[TRACK_LAST] != NOPTS &&
        (when < of[TRACK_LAST] || when - of[TRACK_LAST] > of[TRACK_GAP]))
        return COPY_ODD;
    if (of[TRACK_ADTS] && (size < 8 || data[0] != 0xFF || (data[1] & 0xF0) != 0xF0))
        return COPY_ODD;
    reached = write_out(self, output, track, packet, code);
    if (reached == COPY_UNWRITABLE)
        return COPY_ODD;
    track->of[TRACK_LAST] = when;
    track->lasting = lasting;
    track->size = size;
    self->packets++;
    if (self->plan[COPY_TELLS] == 2)
        tell_time(self, stream, pts);
    return reached;
}
static int run_remux(RemuxRun *self, void *input, void *output, int *code)
{
    int64_t begin = now();
    int count, reached, stream;
    for (count = 0;; count++) {
        void **room;
        while (self->released)
            if ((reached = write_picture(self, output, code)))
                return reached;
        room = &self->pictures[self->held];
        if (count >= ROWS || (!(count & 7) && now() - begin > self->plan[COPY_TIME]))
            return COPY_PAUSED;
        if ((*code = call.read(input, self->packet)) < 0)
            return COPY_READ_FAILED;
        stream = FIELD(int, self->packet, packet_stream);
        if (stream == self->plan[COPY_VIDEO]) {
            reached = COPY_ODD;
            if ((!*room && !(*room = call.packet_alloc())) || !note_copied(self, &reached))
                return reached;
            if (self->plan[COPY_WANTS])
                push_picture(self);
            else
                call.packet_unref(self->packet);
        } else if (stream >= self->tracks || self->track[stream].of[TRACK_KIND] == TRACK_DROPPED) {
            call.packet_unref(self->packet);
        } else if ((reached = copy_packet(self, output, stream, code))) {
            return reached;
        }
    }
}

/* go(input, output): returns what was reached, FFmpeg's code, to which stream of the output the last
   packet went, how many pictures and other packets came, [(stream, time)] of them if that is wanted, (packets of the video, dts, flags, time, next,
   latest) and a packet that is not plain. */
static PyObject *remux_go(PyObject *object, PyObject *args)
{
    RemuxRun *self = (RemuxRun *)object;
    PyObject *addresses[2], *rows, *rest = NULL;
    PyThreadState *thread;
    void *input, *output;
    int reached, code = 0, index;
    if (!PyArg_ParseTuple(args, "O!O!", &PyLong_Type, &addresses[0], &PyLong_Type, &addresses[1]))
        return NULL;
    input = PyLong_AsVoidPtr(addresses[0]);
    output = PyLong_AsVoidPtr(addresses[1]);
    if (self->is_busy || !input || !output || (self->plan[COPY_WANTS] && !self->held)) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "nothing can be copied");
        return NULL;
    }
    self->came = self->frames = self->packets = self->rows = 0;
    self->is_busy = 1;
    Py_INCREF(self);
    thread = PyEval_SaveThread();
    reached = run_remux(self, input, output, &code);
    PyEval_RestoreThread(thread);
    self->is_busy = 0;
    rows = PyList_New(self->rows);
    for (index = 0; rows && index < self->rows; index++) {
        PyObject *row =
            Py_BuildValue("(iL)", self->row_stream[index], (long long)self->row_time[index]);
        if (row)
            PyList_SetItem(rows, index, row);
        else
            Py_CLEAR(rows);
    }
    if (reached == COPY_ODD || reached == COPY_BEYOND) {
        void *native = take(&packet_stock, call.packet_alloc);
        if (native) {
            call.packet_move(native, self->packet);
            rest = new_packet(native);
        } else {
            PyErr_NoMemory();
        }
    } else {
        Py_INCREF(Py_None);
        rest = Py_None;
    }
    if (rows && rest) {
        PyObject *result = Py_BuildValue(
            "(iiiiiN(iLiLLL)N)", reached, code, self->wrote, self->frames, self->packets, rows, self->came,
            (long long)self->last, self->flags, (long long)self->time, (long long)self->next,
            (long long)self->plan[COPY_LATEST], rest);
        Py_DECREF(self);
        return result;
    }
    Py_XDECREF(rows);
    Py_XDECREF(rest);
    Py_DECREF(self);
    return NULL;
}
static PyObject *given_track(const Track *track)
{
    return Py_BuildValue("(LLiLi)", (long long)track->of[TRACK_LAST], (long long)track->lasting,
                         track->size, (long long)track->of[TRACK_WRITTEN], track->given);
}
/* leave(): returns the pictures that are held, how many of them behind the first go on, (shown,
   decoded, end, lasting), and of the video and of each stream (last, lasting, size, written, given):
   see the plan. Nothing is held any more. */
static PyObject *remux_leave(PyObject *object, PyObject *ignored)
{
    RemuxRun *self = (RemuxRun *)object;
    PyObject *held, *tracks, *video;
    const int64_t *plan = self->plan;
    int index, count = self->held;
    if (self->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "another thread uses it");
        return NULL;
    }
    held = PyList_New(count);
    tracks = PyList_New(self->tracks);
    video = given_track(&self->video);
    self->held = 0;
    for (index = 0; index < count; index++) {
        void *packet = self->pictures[index];
        PyObject *made;
        self->pictures[index] = NULL;
        if (!held) {
            give_packet_back(packet);
            continue;
        }
        made = new_packet(packet);
        if (made)
            PyList_SetItem(held, index, made);
        else
            Py_CLEAR(held);
    }
    for (index = 0; tracks && index < self->tracks; index++) {
        PyObject *row = given_track(&self->track[index]);
        if (row)
            PyList_SetItem(tracks, index, row);
        else
            Py_CLEAR(tracks);
    }
    if (held && tracks && video)
        return Py_BuildValue("(Ni(LLLL)NN)", held, self->released, (long long)plan[COPY_SHOWN],
                             (long long)plan[COPY_DECODED], (long long)plan[COPY_END],
                             (long long)plan[COPY_LASTING], video, tracks);
    Py_XDECREF(held);
    Py_XDECREF(tracks);
    Py_XDECREF(video);
    return NULL;
}
static PyMethodDef remux_methods[] = {{"go", remux_go, METH_VARARGS, NULL},
                                      {"leave", remux_leave, METH_NOARGS, NULL},
                                      {0}};
static PyType_Slot remux_slots[] = {{Py_tp_new, remux_new},
                                    {Py_tp_dealloc, remux_dealloc},
                                    {Py_tp_methods, remux_methods},
                                    {0, NULL}};
static PyType_Spec remux_spec = {
    "ffwebcodecs._ffi._pump.RemuxRun", sizeof(RemuxRun), 0, Py_TPFLAGS_DEFAULT, remux_slots};
