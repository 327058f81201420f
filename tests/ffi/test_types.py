"""The structs as types: the file is current, and a type checker finds a mistyped field."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ffi_helpers
import pytest

from ffwebcodecs import _ffi

ffi_build: Any = ffi_helpers.build_script("ffi_build")
ffi_types: Any = ffi_helpers.build_script("ffi_types")
STUB: Path = ffi_build.PACKAGE / "_types.pyi"

HEADER = """
/* struct AVComment; */
typedef struct Point { int x; double y; } Point;
typedef struct Hidden Hidden;
typedef struct Thing {
    const struct Hidden *const *list;
    Point at;
    Point *from;
    char name[8];
    unsigned char *bytes;
    int size; //@ avutil<57
    size_t size; //@ avutil>=57
    int64_t late; //@ avutil>=58
    void *opaque;
    enum AVPixelFormat (*choose)(struct Thing *s, const enum AVPixelFormat *fmt);
    const enum AVPixelFormat *formats;
    ...;
} Thing;
"""
# The lines that a type checker must refuse have the error's kind behind them.
PROGRAM = """
from _types import AVCodecContext, AVFormatContext, AVFrame

def good(ptr: AVFrame, context: AVCodecContext, file: AVFormatContext) -> int:
    ptr.pts = context.time_base.num if ptr else 0
    context.time_base = (1, 25)
    context.framerate = context.time_base
    ptr.buf[0] = ptr[0].buf[1]
    row = ptr.data[0] + ptr.linesize[0]
    start, plane = ptr.buf[0].data, min(ptr.data)
    return row[2] + (plane - start) + file.streams[0].codecpar.width + ptr.extended_data[0][0]

def bad(ptr: AVFrame, context: AVCodecContext, file: AVFormatContext) -> None:
    ptr.widht  # attr-defined
    ptr.pts = None  # assignment
    context.time_base = 25  # assignment
    ptr.buf[0] = ptr.data[0]  # assignment
    file.streams.codecpar  # attr-defined
    context.codec = context  # assignment
    name: str = context.codec.name  # assignment
"""


def test_the_types_in_use_are_what_the_headers_say() -> None:
    assert STUB.read_text(encoding="utf-8") == ffi_build.types_text()


def test_a_struct_has_each_field_as_python_sees_it() -> None:
    text = ffi_types.stub([HEADER]).removeprefix(ffi_types.HEAD)
    assert text == (
        "\nclass Hidden(Struct): ...\n\nclass Point(Struct):\n    x: int\n    y: float\n"
        "\nclass Thing(Struct):\n"
        "    list: Pointer[Hidden]\n"
        "    at: Value[Point, tuple[int, float]]\n"
        "    from: Point\n"
        "    name: Array[bytes]\n"
        "    bytes: Pointer[int]\n"
        "    size: int\n"
        "    late: int  # avutil>=58\n"
        "    opaque: Any\n"
        "    choose: Any\n"
        "    formats: Pointer[int]\n"
    )


def test_every_field_of_the_loaded_release_is_there() -> None:
    classes = re.findall(
        r"^class (\w+)\(Struct\):\n((?:    .*\n)+)", STUB.read_text(), re.MULTILINE
    )
    found = 0
    for name, body in classes:
        for field, _ in _ffi.ffi.typeof(name).fields:
            if not field.startswith("_pad"):
                assert f"    {field}: " in body, name
                found += 1
    assert found > 200


@pytest.mark.slow
@pytest.mark.skipif(_ffi.report().mode == "abi", reason="does not depend on the mode")
def test_a_type_checker_finds_a_mistyped_field_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    shutil.copy(STUB, tmp_path)
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "program.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    found = dict(re.findall(r"^program\.py:(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.M))
    lines = dict(enumerate(PROGRAM.splitlines(), 1))
    wanted = {
        str(line): text.partition("#")[2].strip() for line, text in lines.items() if "#" in text
    }
    assert found == wanted, done.stdout
