"""The structs as types: the file is current, and a type checker finds a mistyped field."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ffi_helpers
import pytest
from house import floor_of, modules, shown, tree

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


def untyped_pointers(source: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, text) for each parameter or variable that is called a pointer and may be one to
    anything.
    """
    for node in ast.walk(source):
        if isinstance(node, ast.arg):
            name, annotation = node.arg, node.annotation
        elif isinstance(node, ast.AnnAssign):
            name = getattr(node.target, "attr", None) or getattr(node.target, "id", "")
            annotation = node.annotation
        else:
            continue
        words = [] if annotation is None else re.findall(r"\w+", ast.unparse(annotation))
        if (name == "ptr" or name.endswith("_ptr")) and (not words or "Any" in words):
            yield node.lineno, ast.unparse(node)


@pytest.mark.once
def test_every_pointer_that_is_passed_on_has_the_type_of_its_struct() -> None:
    found = [
        f"{shown(module)}:{line} {text}"
        for module, path in modules().items()
        if floor_of(module) != "_ffi"
        for line, text in untyped_pointers(tree(path))
    ]
    assert found == []


def test_the_finder_of_untyped_pointers_finds_them() -> None:
    text = (
        "def f(ptr): ...\ndef f(*, codec_ptr: Any | None): ...\ndef f(self, ptr: typing.Any): ...\n"
        "class A:\n _ptr: Any\ndef f(self): self.ptr: list[Any] = 1\nf(lambda ptr: 1)\n"
        "def f(ptr: AVFrame, pointer: Any): self.ptr: AVAnything = ptr"
    )
    assert sorted(line for line, _ in untyped_pointers(ast.parse(text))) == [1, 2, 3, 5, 6, 7]


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
