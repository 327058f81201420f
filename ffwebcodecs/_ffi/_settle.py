"""Have cffi make all of its types at once, while nothing can come between.

cffi makes a type when it is first needed: a function's, a struct's with its fields, that of a text
such as ``"AVFrame **"``. If a garbage collection comes in the middle of that and runs a destructor
that needs the same one, the process is aborted (seen with cffi 2.1 and a destructor that lends a
buffer). So they are made when FFmpeg is loaded, with the collector off; it costs half a
millisecond.
"""

from __future__ import annotations

import importlib
from typing import Any

TYPES = (
    "AVBSFContext **",
    "AVBufferRef",
    "AVBufferRef **",
    "AVChapter **",
    "AVCodecContext **",
    "AVCodecParameters **",
    "AVCodecParserContext **",
    "AVCodecParserContext *[1]",
    "AVDictionary **",
    "AVDictionary *[]",
    "AVFormatContext",
    "AVFormatContext **",
    "AVFormatContext *[1]",
    "AVFilterContext **",
    "AVFilterGraph **",
    "AVFrame *",
    "AVFrame **",
    "AVFrame *[]",
    "AVHWDeviceContext *",
    "AVHWFramesConstraints **",
    "AVHWFramesContext *",
    "AVIOContext **",
    "AVInputFormat **",
    "AVPacket *",
    "AVPacket **",
    "AVPacket *[]",
    "AVPacketSideData",
    "AVRational[2]",
    "SwrContext **",
    "AVSubtitle *",
    "char *",
    "char[]",
    "enum AVPixelFormat *",
    "int *",
    "int32_t *",
    "int32_t[9]",
    "int32_t[]",
    "int64_t[]",
    "int[4]",
    "size_t *",
    "struct SwsContext *[1]",
    "uint8_t *",
    "uint8_t **",
    "uint8_t *[4]",
    "uint8_t[]",
    "uintptr_t",
    "unsigned char **",
    "unsigned int *",
    "void *",
    "void **",
    "void *[2]",
    "void *[4]",
    "unsigned(*)(void)",
    "void(*)(void *)",
    "void(*)(void *, uint8_t *)",
)
"""The texts that the code gives to ``ffi.new``, ``ffi.cast`` and their like."""


def load_incref() -> None:
    """Load what `make_release_callback` needs in ABI mode: it may be called in a collection, too
    late to import anything.

    The module of C alone takes half a millisecond, ctypes two.
    """
    try:
        importlib.import_module("_ctypes")
    except ImportError:  # a Python that was built without it
        pass


def settle(ffi: Any, libs: list[Any]) -> None:
    """Make the types of `ffi`, and those of the functions of `libs`, each looked for in turn."""
    for text in TYPES:
        ffi.typeof(text)
    typedefs, structs, _ = ffi.list_types()
    for name in (*typedefs, *(f"struct {name}" for name in structs)):
        ctype = ffi.typeof(name)
        try:
            ffi.sizeof(ctype)
        except ffi.error:
            continue  # FFmpeg keeps to itself what is in it
        getattr(ctype, "fields", None)
    settle_functions(ffi, libs)


def settle_functions(ffi: Any, libs: list[Any]) -> None:
    """Make the types of the functions of `libs`; a name is looked for in each in turn."""
    for name in dir(libs[0]):
        if name.islower():  # the others are numbers
            for lib in libs:
                try:
                    getattr(lib, name)
                    break
                except (ffi.error, AttributeError):
                    continue  # another library's, or another release's
