/* The pump: reads, sends and receives without the GIL, many packets a call.
 *
 * One extension for every FFmpeg and both modes: it needs libc and Python's limited API only. The
 * addresses of FFmpeg's functions, and where the fields lie, it is told by `_av/pump.py` (`setup`),
 * once for the process. All addresses it is given are of objects of ours; whoever calls keeps what
 * they belong to, and sees to it that nobody else uses a context meanwhile.
 *
 * What it makes frees itself without one line of Python: a Frame its AVFrame, a Packet its AVPacket.
 * FFmpeg may call Python back on the way, from this thread (a file object's `read`): such callbacks
 * take the GIL by themselves.
 *
 * The parts are texts of one program: what one has, those after it may use.
 */
#include "pump/told.c"
#include "pump/objects.c"
#include "pump/leases.c"
#include "pump/spans.c"
#include "pump/decode.c"
#include "pump/pictures.c"
#include "pump/read.c"
#include "pump/read_video.c"
#include "pump/sound.c"
#include "pump/upcoming.c"
#include "pump/video.c"
#include "pump/copy.c"
#include "pump/encode.c"
#include "pump/remux_plan.c"
#include "pump/remux.c"

/* setup(numbers, wrap_frame, wrap_packet): `numbers` has an address or offset for each name; those
   that were told before have to be the same. A name that is not there is left as it is. */
static PyObject *pump_setup(PyObject *module, PyObject *args)
{
    PyObject *numbers, *frame, *packet;
    size_t index;
    if (!PyArg_ParseTuple(args, "O!OO", &PyDict_Type, &numbers, &frame, &packet))
        return NULL;
    for (index = 0; index < sizeof told / sizeof *told; index++) {
        PyObject *number = PyDict_GetItemString(numbers, told[index].name);
        int64_t offset;
        if (!number)
            continue;
        if (told[index].is_function) {
            void *address = PyLong_AsVoidPtr(number);
            void *known;
            memcpy(&known, told[index].place, sizeof known);
            if (known && known != address)
                PyErr_SetString(PyExc_RuntimeError, "another FFmpeg is in use");
            if (PyErr_Occurred())
                return NULL;
            memcpy(told[index].place, &address, sizeof address);
        } else {
            offset = PyLong_AsLongLong(number);
            if (PyErr_Occurred())
                return NULL;
            memcpy(told[index].place, &offset, sizeof offset);
        }
    }
    Py_INCREF(frame);
    Py_INCREF(packet);
    Py_XDECREF(wrap_frame);
    Py_XDECREF(wrap_packet);
    wrap_frame = frame;
    wrap_packet = packet;
    Py_RETURN_NONE;
}
static PyObject *pump_names(PyObject *module, PyObject *ignored)
{
    size_t index;
    PyObject *names = PyList_New(sizeof told / sizeof *told);
    for (index = 0; names && index < sizeof told / sizeof *told; index++) {
        PyObject *name = PyUnicode_FromString(told[index].name);
        if (!name || PyList_SetItem(names, index, name))
            Py_CLEAR(names);
    }
    return names;
}
/* How many are alive. */
static PyObject *pump_frames(PyObject *module, PyObject *ignored)
{
    return PyLong_FromSsize_t(frames_alive);
}
static PyObject *pump_packets(PyObject *module, PyObject *ignored)
{
    return PyLong_FromSsize_t(packets_alive);
}
static PyObject *pump_held_frames(PyObject *module, PyObject *ignored)
{
    return held(&last_frame);
}
static PyObject *pump_held_packets(PyObject *module, PyObject *ignored)
{
    return held(&last_packet);
}
/* After a fork, in the child. */
static PyObject *pump_inherit(PyObject *module, PyObject *ignored)
{
    generation++;
    Py_RETURN_NONE;
}
/* What it is told are functions of one interpreter, and the objects it makes are of that one. */
static PyObject *pump_is_main(PyObject *module, PyObject *ignored)
{
    return PyBool_FromLong(PyInterpreterState_GetID(PyInterpreterState_Get()) == 0);
}
static PyMethodDef functions[] = {
    {"setup", pump_setup, METH_VARARGS, NULL},  {"names", pump_names, METH_NOARGS, NULL},
    {"is_main", pump_is_main, METH_NOARGS, NULL},
    {"read", pump_read, METH_VARARGS, NULL},
    {"read_video", pump_read_video, METH_VARARGS, NULL},    {"sound", pump_sound, METH_VARARGS, NULL},
    {"frames", pump_frames, METH_NOARGS, NULL}, {"packets", pump_packets, METH_NOARGS, NULL},
    {"copy", pump_copy, METH_VARARGS, NULL},
    {"held_frames", pump_held_frames, METH_NOARGS, NULL},
    {"held_packets", pump_held_packets, METH_NOARGS, NULL},
    {"inherit", pump_inherit, METH_NOARGS, NULL},
    {0}};
/* Of one phase: what it knows is the process's, as FFmpeg is. */
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_pump", NULL, -1, functions, NULL, NULL, NULL, NULL};

static int add(PyObject *module, PyTypeObject **type, PyType_Spec *spec, const char *name)
{
    if (!*type)
        *type = (PyTypeObject *)PyType_FromSpec(spec);
    if (!*type)
        return -1;
    Py_INCREF(*type);
    if (!PyModule_AddObject(module, name, (PyObject *)*type))
        return 0;
    Py_DECREF(*type);
    return -1;
}
PyMODINIT_FUNC PyInit__pump(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (!module)
        return NULL;
    if (add(module, &frame_type, &frame_spec, "Frame") ||
        add(module, &packet_type, &packet_spec, "Packet") ||
        add(module, &picture_type, &picture_spec, "Picture") ||
        add(module, &leases_type, &leases_spec, "Leases") ||
        add(module, &lease_type, &lease_spec, "Lease") ||
        add(module, &decoder_type, &decoder_spec, "Decoder") ||
        add(module, &upcoming_type, &upcoming_spec, "Upcoming") ||
        add(module, &video_type, &video_spec, "VideoRun") ||
        add(module, &encoder_type, &encoder_spec, "Encoder") ||
        add(module, &remux_type, &remux_spec, "RemuxRun")) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
