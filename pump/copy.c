/* `copy`: bytes of a plane into a buffer. Part of `ffi_pump.c`. */
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
