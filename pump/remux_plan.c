/* What RemuxRun has: the plan, the streams, the pictures that are held. Part of `ffi_pump.c`. */
#define HELD 80     /* pictures: one waits in the timeline, 65 at most for the last one to be known */
#define MOST_DELAY 64 /* as in `files._held_picture` */
#define TRACKS 64   /* streams of the input */
#define ROWS 1024   /* packets a call */
#define MOST_STEP 0x7FFFFFFF /* ticks of MP4 */

enum { /* of a run */
    COPY_VIDEO,    /* index of the video that the demuxer notes, -1: none */
    COPY_WANTS,    /* the video is copied */
    COPY_NUM,      /* of the video's time base */
    COPY_DEN,
    COPY_STEP,     /* microseconds that a packet lasts which does not say it */
    COPY_LATEST,   /* end of the last picture that came, as `DemuxerCore` has it */
    COPY_LOW,      /* pictures before are not plain */
    COPY_HIGH,     /* nor those from here on */
    COPY_REORDERS, /* pictures may be shown in another order */
    COPY_USUAL,    /* microseconds that a picture of the file lasts which does not say it */
    COPY_SHOWN,    /* when the last picture on the screen is shown, of those that are held */
    COPY_DECODED,  /* when the one before the held ones is decoded */
    COPY_END,      /* when the last one on the screen is shown, of those before the held ones */
    COPY_LASTING,  /* and for how long */
    COPY_IS_ISO,   /* the container is one of those that hold differences of 31 bits */
    COPY_EQUAL,    /* it allows equal decoding times */
    COPY_SPARSE,   /* output's index of a stream that libavformat waits for, -1: none */
    COPY_TELLS,    /* 0: no times are wanted; 1: those of pictures; 2: those of other packets */
    COPY_TIME,     /* microseconds a call, about */
    COPY_COUNT
};
enum { /* of a stream of the input */
    TRACK_KIND,
    TRACK_OUT, /* index in the output */
    TRACK_FROM_NUM,
    TRACK_FROM_DEN,
    TRACK_TO_NUM,
    TRACK_TO_DEN,
    TRACK_MOVED,   /* ticks of the input that are added */
    TRACK_LATE,    /* ticks of the output */
    TRACK_LOW,     /* ticks of the input: what is before is not plain */
    TRACK_HIGH,    /* nor what comes from here on */
    TRACK_GAP,     /* moved ticks by which one may come after the one before */
    TRACK_LAST,    /* when that one came */
    TRACK_BEFORE,  /* moved ticks of two packets that are not plain */
    TRACK_BEGIN,
    TRACK_ADTS,    /* each packet has to begin with that header */
    TRACK_WRITTEN, /* decoding time in the output of the one before */
    TRACK_COUNT
};
enum { TRACK_DROPPED, TRACK_COPIED, TRACK_ODD };
enum { COPY_PAUSED, COPY_READ_FAILED, COPY_ODD, COPY_BEYOND, COPY_WROTE, COPY_UNWRITABLE,
       COPY_WAITED };

typedef struct {
    int64_t of[TRACK_COUNT];
    int64_t lasting; /* of the last packet */
    int size, given; /* of it, -1: there is none; how many were written */
} Track;
typedef struct {
    PyObject_HEAD
    int is_busy, tracks, held, released; /* of those held behind the first: how many go on */
    int64_t plan[COPY_COUNT];
    Track track[TRACKS], video;
    void *packet, *pictures[HELD]; /* the first one waits in the timeline */
    double let_go;                 /* seconds, of the sparse stream */
    /* Of the last call. */
    int came, flags, frames, packets, rows, wrote;
    int64_t last, time, next;
    int64_t row_time[ROWS];
    int row_stream[ROWS];
} RemuxRun;
static PyTypeObject *remux_type;

static int read_track(PyObject *tuple, Track *track)
{
    track->size = -1;
    if (!PyTuple_Check(tuple) || read_numbers(tuple, track->of, TRACK_COUNT))
        return -1;
    if (track->of[TRACK_KIND] == TRACK_COPIED &&
        (track->of[TRACK_FROM_NUM] < 1 || track->of[TRACK_FROM_NUM] > INT_MAX ||
         track->of[TRACK_FROM_DEN] < 1 || track->of[TRACK_FROM_DEN] > INT_MAX ||
         track->of[TRACK_TO_NUM] < 1 || track->of[TRACK_TO_NUM] > INT_MAX ||
         track->of[TRACK_TO_DEN] < 1 || track->of[TRACK_TO_DEN] > INT_MAX)) {
        PyErr_SetString(PyExc_ValueError, "there is no such clock");
        return -1;
    }
    return 0;
}
/* RemuxRun(plan, video, tracks, addresses of held packets, seconds): the packets are not taken. */
static PyObject *remux_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *plan, *video, *tracks, *held;
    RemuxRun *self;
    Py_ssize_t index;
    double let_go;
    if (!PyArg_ParseTuple(args, "O!O!O!O!d", &PyTuple_Type, &plan, &PyTuple_Type, &video,
                          &PyTuple_Type, &tracks, &PyTuple_Type, &held, &let_go))
        return NULL;
    self = PyObject_New(RemuxRun, type);
    if (!self)
        return NULL;
    memset((char *)self + offsetof(RemuxRun, is_busy), 0,
           sizeof(RemuxRun) - offsetof(RemuxRun, is_busy));
    self->let_go = let_go;
    if (read_numbers(plan, self->plan, COPY_COUNT) || read_track(video, &self->video))
        goto fail;
    if (PyTuple_Size(tracks) > TRACKS || PyTuple_Size(held) > MOST_DELAY + 2 || !call.read ||
        !call.write || self->plan[COPY_NUM] < 1 || self->plan[COPY_NUM] > INT_MAX ||
        self->plan[COPY_DEN] < 1 || self->plan[COPY_DEN] > INT_MAX ||
        (self->plan[COPY_WANTS] && !PyTuple_Size(held))) {
        PyErr_SetString(PyExc_ValueError, "nothing can be copied");
        goto fail;
    }
    for (index = 0; index < PyTuple_Size(tracks); index++, self->tracks++)
        if (read_track(PyTuple_GetItem(tracks, index), &self->track[index]))
            goto fail;
    if (!(self->packet = call.packet_alloc())) {
        PyErr_NoMemory();
        goto fail;
    }
    for (index = 0; index < PyTuple_Size(held); index++) {
        void *packet, *source = PyLong_AsVoidPtr(PyTuple_GetItem(held, index));
        if (!source) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_ValueError, "there is no packet");
            goto fail;
        }
        packet = take(&packet_stock, call.packet_alloc);
        if (packet)
            self->pictures[self->held++] = packet;
        if (!packet || call.packet_ref(packet, source) < 0) {
            PyErr_NoMemory();
            goto fail;
        }
    }
    return (PyObject *)self;
fail:
    Py_DECREF(self);
    return NULL;
}
static void remux_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    RemuxRun *self = (RemuxRun *)object;
    int index;
    for (index = 0; index < HELD; index++) /* also the empty ones behind those that are held */
        give_packet_back(self->pictures[index]);
    if (self->packet)
        call.packet_free(&self->packet);
    PyObject_Free(self);
    Py_DECREF(type);
}
