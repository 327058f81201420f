/* Spans: what stays the same from frame to frame of a stream. Part of `ffi_pump.c`. */
#define SPANS 16
#define WIDEST 16

typedef struct {
    int count, is_known;
    int64_t begins[SPANS], sizes[SPANS]; /* where a frame says it, and in how many bytes */
    char known[SPANS * WIDEST];          /* what the frame before said */
} Spans;

/* Takes the places from a tuple of (offset, bytes). */
static int fill_spans(Spans *spans, PyObject *places)
{
    Py_ssize_t index, count = PyTuple_Size(places);
    if (count > SPANS) {
        PyErr_SetString(PyExc_ValueError, "too many spans");
        return -1;
    }
    for (index = 0; index < count; index++) {
        long long begin, size;
        if (!PyArg_ParseTuple(PyTuple_GetItem(places, index), "LL", &begin, &size))
            return -1;
        if (begin < 0 || size < 0 || size > WIDEST) {
            PyErr_SetString(PyExc_ValueError, "no such span");
            return -1;
        }
        spans->begins[index] = begin;
        spans->sizes[index] = size;
    }
    spans->count = (int)count;
    spans->is_known = 0;
    return 0;
}
/* Tells whether a frame may be of another kind than the one before, and notes its own. */
static int differs(Spans *spans, const void *frame)
{
    int index, same = spans->is_known;
    for (index = 0; index < spans->count; index++) {
        const char *found = (const char *)frame + spans->begins[index];
        char *known = spans->known + WIDEST * index;
        if (memcmp(known, found, (size_t)spans->sizes[index])) {
            memcpy(known, found, (size_t)spans->sizes[index]);
            same = 0;
        }
    }
    spans->is_known = 1;
    return !same;
}
