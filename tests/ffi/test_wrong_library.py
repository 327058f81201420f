"""A library that does not fit is refused with its path and the next step, and never crashes."""

from __future__ import annotations

import ast
import os
import random
import re
import struct
import tempfile
from pathlib import Path

import ffi_helpers
import pytest
from ffi_helpers import ROOT, load_error, run_python
from library_shim import CORE, LIBRARIES, build, here, link, renamed, soname, stating

from ffwebcodecs import _ffi
from ffwebcodecs._ffi import _beside, _elf, _needed
from ffwebcodecs._ffi._find import KNOWN, RELEASES

NEWEST = RELEASES[0].majors
OURS = _ffi.version("avutil")[0]
MODES = ["auto", "api", "abi"]
pytestmark = [
    pytest.mark.once,
    pytest.mark.slow,
    pytest.mark.skipif(not _elf.is_elf_platform(), reason="the cases are made of ELF libraries"),
    ffi_helpers.needs_the_systems,
]
LOADS = """
import ffwebcodecs._ffi as f
try:
    r = f.report()
    print("loaded", r.mode, r.libraries["avutil"][0], r.problems, r.avformat_problem)
except f.FFmpegLoadError as error:
    print("refused", error)
"""


def put(folder: Path, library: str, data: bytes) -> Path:
    path = folder / soname(library)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return path


def other_major() -> int:
    return next(key for key in sorted(KNOWN) if key != OURS)


# ---- files that are no whole library -------------------------------------------------------------


@pytest.mark.parametrize("library", CORE)
def test_a_library_cut_short_at_any_length_is_refused(library: str, tmp_path: Path) -> None:
    # one process tries them all: the loader would kill it at the first that reached it
    data = here()[library].read_bytes()
    lengths = [1, 3, 4, 15, 16, 63, 64, 65, 120, 4096, len(data) // 2, len(data) - 1]
    pick = random.Random(library)
    lengths += [pick.randrange(len(data)) for _ in range(100)]
    link(tmp_path, *CORE)
    path = put(tmp_path, library, data)
    code = f"""
import os
from ffwebcodecs._ffi import _load, _explain
for mode in ("auto", "abi"):
    for length in {sorted(set(lengths), reverse=True)!r}:
        os.truncate({str(path)!r}, length)
        problems = []
        assert _load._from_folder({str(tmp_path)!r}, mode, problems) is None, length
        problems = [p for p in problems if "no extension for" not in p]  # where none was built
        assert problems
        assert all("cut short" in p or "no ELF header" in p for p in problems), problems
        assert all({str(path)!r} in p for p in problems), problems
    open({str(path)!r}, "wb").write(open({str(here()[library])!r}, "rb").read())
print("all refused")
"""
    assert run_python(code) == "all refused"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("empty", "is empty"),
        ("text", "is not a library: no ELF header"),
        ("folder", "is not a file"),
        ("fifo", "is not a file"),
        ("loop", "cannot be read"),
        ("dangling", "cannot be read"),
        ("cut", "is cut short"),
        ("32-bit", "is for another processor"),
        ("machine", "is for another processor"),
        ("object", "is not a shared library"),
        ("segments", "is damaged"),
    ],
)
def test_what_is_no_library_is_refused(kind: str, words: str, mode: str, tmp_path: Path) -> None:
    ffi_helpers.need_extension(mode)
    link(tmp_path, *CORE)
    path = tmp_path / soname("avcodec")
    data = bytearray(here()["avcodec"].read_bytes())
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("INPUT ( -lavcodec )\n" * 10)
    elif kind == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        if kind == "32-bit":
            data[4] = 1
        elif kind == "machine":
            struct.pack_into("<H", data, 18, 243 if data[18] != 243 else 183)
        elif kind == "object":
            struct.pack_into("<H", data, 16, 1)
        else:
            struct.pack_into("<H", data, 56, 0)
        path.write_bytes(data)
    message = load_error(tmp_path, mode)
    assert f"{path} {words}" in message
    assert "FFWEBCODECS_LIBRARY_PATH" in message.splitlines()[0]


@pytest.mark.parametrize("mode", ["api", "abi"])
def test_a_folder_whose_name_is_no_text_is_refused(mode: str, tmp_path: Path) -> None:
    ffi_helpers.need_extension(mode)
    folder = link(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")), *CORE)
    code = "import ffwebcodecs._ffi as f\ntry: f.load()\nexcept ImportError as e: print(ascii(e))"
    message = run_python(code, FFWEBCODECS_FFI=mode, FFWEBCODECS_LIBRARY_PATH=str(folder))
    assert "its name is not UTF-8" in message


def test_a_library_that_may_not_be_read_is_refused() -> None:
    # a folder that another user may look into: root, who may read all, becomes nobody
    with tempfile.TemporaryDirectory(prefix="ffwebcodecs-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        link(folder, *CORE)
        path = put(folder, "avcodec", here()["avcodec"].read_bytes())
        path.chmod(0)
        code = f"""
import os
from ffwebcodecs._ffi import _find, _load, _open
_open.abi_module(_find.KNOWN[{OURS}])
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
problems = []
print(_load._from_folder({name!r}, "abi", problems), problems)
"""
        assert f"None ['ABI mode, FFmpeg {KNOWN[OURS].series} in {name}: {path} " in (
            said := run_python(code)
        )
        assert "cannot be read: Permission denied" in said


@pytest.mark.parametrize("mode", MODES)
def test_a_dependency_cut_short_is_refused(mode: str, tmp_path: Path) -> None:
    ffi_helpers.need_extension(mode)
    needed = [name for name in _elf.read(str(here()["avcodec"])).needed if "swresample" in name]
    if not needed:
        pytest.skip("libavcodec does not need libswresample here")
    link(tmp_path, *CORE)
    real = here()["avcodec"].with_name(needed[0]).read_bytes()
    (tmp_path / needed[0]).write_bytes(real[: len(real) // 2])
    assert f"{tmp_path / needed[0]} is cut short" in load_error(tmp_path, mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_library_cut_short_on_the_loaders_path_is_refused(mode: str, tmp_path: Path) -> None:
    ffi_helpers.need_extension(mode)
    link(tmp_path, *CORE)
    data = here()["avcodec"].read_bytes()
    path = put(tmp_path, "avcodec", data[: len(data) // 3])
    said = run_python(LOADS, FFWEBCODECS_FFI=mode, LD_LIBRARY_PATH=str(tmp_path))
    assert said.startswith("refused")
    assert f"{path} is cut short" in said


@pytest.mark.parametrize("mode", MODES)
def test_libavformat_cut_short_leaves_the_rest_usable(mode: str, tmp_path: Path) -> None:
    ffi_helpers.need_extension(mode)
    link(tmp_path, *CORE)
    path = put(tmp_path, "avformat", here()["avformat"].read_bytes()[:-1000])
    said = run_python(LOADS, FFWEBCODECS_FFI=mode, FFWEBCODECS_LIBRARY_PATH=str(tmp_path))
    assert said.startswith("loaded")
    assert f"{path} is cut short" in said


# ---- whole libraries of the wrong FFmpeg ---------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("library", CORE)
def test_a_library_that_states_another_major_is_refused(
    library: str, mode: str, tmp_path: Path
) -> None:
    link(tmp_path, *(name for name in CORE if name != library))
    version = (KNOWN[other_major()].majors[library], 1, 100)
    path = stating(tmp_path, library, version, _ffi.version(library)[0])
    message = load_error(tmp_path, mode)
    if mode == "api" and OURS not in ffi_helpers.built_majors():
        assert "no extension for" in message
        return
    assert f"{path} says it is lib{library} {version[0]}.1.100" in message
    assert "different FFmpeg releases are mixed" in message


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("named", ["by its own name", "by a known name"])
def test_an_ffmpeg_newer_than_all_layouts_names_make_layouts(
    named: str, mode: str, tmp_path: Path
) -> None:
    major = NEWEST["avutil"] if named == "by a known name" else NEWEST["avutil"] + 1
    for library in CORE:
        name = NEWEST[library] if named == "by a known name" else NEWEST[library] + 1
        stating(tmp_path, library, (NEWEST[library] + 1, 0, 100), name)
    message = load_error(tmp_path, mode)
    if named == "by a known name" and mode == "api":
        assert f"no extension for libavutil {major}" in message
        return
    assert f"libavutil.so.{major}" in message
    assert "make layouts INCLUDE=" in message


@pytest.mark.parametrize("mode", MODES)
def test_an_ffmpeg_newer_than_all_layouts_on_the_loaders_path(mode: str, tmp_path: Path) -> None:
    # The system's own libraries are what is then used; where there are none the message says it.
    for library in CORE:
        stating(tmp_path, library, (NEWEST[library] + 1, 0, 100), NEWEST[library] + 1)
    code = f"""
from ffwebcodecs._ffi import _explain
print(_explain.failure({mode!r}, "", []))
"""
    message = run_python(code, LD_LIBRARY_PATH=str(tmp_path))
    assert f"{tmp_path}: libavutil.so.{NEWEST['avutil'] + 1}" in message
    assert "make layouts INCLUDE=" in message


def test_a_newer_minor_of_a_known_major_is_judged_by_the_self_test(tmp_path: Path) -> None:
    for library in CORE:
        major, minor, _ = _ffi.version(library)
        stating(tmp_path, library, (major, minor + 50, 100), major)
    env = {"FFWEBCODECS_LIBRARY_PATH": str(tmp_path)}
    for mode in ("abi", "auto"):
        assert run_python(LOADS, FFWEBCODECS_FFI=mode, **env).startswith("loaded")
    # ... and refused by it where it has changed something
    code = f"""
typedef struct AVFrame {{ char bytes[1024]; }} AVFrame;
#include <stdlib.h>
AVFrame *av_frame_alloc(void) {{ return calloc(1, sizeof(AVFrame)); }}
void av_frame_free(AVFrame **frame) {{ free(*frame); *frame = NULL; }}
unsigned avutil_version(void) {{ return {OURS} << 16 | 200 << 8 | 100; }}
"""
    path = tmp_path / soname("avutil")
    path.unlink()
    build(path, code, renamed("avutil"))
    said = run_python(LOADS, FFWEBCODECS_FFI="abi", **env)
    assert "does not have the layout recorded for FFmpeg" in said
    assert "AVFrame.pts" in said


@pytest.mark.parametrize("library", CORE)
def test_an_older_minor_than_the_extension_was_compiled_for(library: str, tmp_path: Path) -> None:
    ffi_helpers.need_extension()
    major, minor, _ = _ffi.version(library)
    link(tmp_path, *(name for name in CORE if name != library))
    stating(tmp_path, library, (major, minor - 1, 100), major)
    message = load_error(tmp_path, "api")
    assert f"was compiled for lib{library} {major}.{minor}." in message
    assert f"is the older {major}.{minor - 1}.100" in message
    # without the extension the layouts serve all minor versions
    env = {"FFWEBCODECS_LIBRARY_PATH": str(tmp_path), "FFWEBCODECS_FFI": "auto"}
    assert run_python(LOADS, **env).startswith("loaded abi")


@pytest.mark.parametrize("release", [name for name, row in _needed.RELEASED.items()])
def test_libraries_of_two_releases_with_the_same_names_are_refused(release: str) -> None:
    rows = dict(_needed.RELEASED)
    same = [name for name in rows if rows[name][0][0] == rows[release][0][0] and name != release]
    for other in same:
        for index, library in enumerate(LIBRARIES):
            versions = {
                name: (*rows[release][at], 100)
                for at, name in enumerate(LIBRARIES)
                if name != library
            }
            assert _needed.mixed(versions) is None
            assert _needed.mixed(versions | {library: (*rows[other][index], 100)})
            # a build from git between two releases has numbers of its own
            major, minor = rows[other][index]
            assert _needed.mixed(versions | {library: (major, minor + 1, 100)}) is None


def test_libraries_of_two_releases_are_refused_on_loading(tmp_path: Path) -> None:
    row = _needed.RELEASED.get(_ffi.load().release)
    others = [r for r in _needed.RELEASED.values() if row and r[0][0] == row[0][0] and r != row]
    if not others:
        pytest.skip("no other release has the library names of this one")
    link(tmp_path, "avutil", "swscale")
    stating(tmp_path, "avcodec", (*others[0][1], 100), _ffi.version("avcodec")[0])
    message = load_error(tmp_path, "abi")
    assert "different FFmpeg releases are mixed" in message
    assert str(tmp_path / soname("avcodec")) in message


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("mode", ["auto", "abi"])
def test_a_library_without_its_functions_is_refused(
    library: str, mode: str, tmp_path: Path
) -> None:
    link(tmp_path, *(name for name in LIBRARIES if name != library))
    major, minor, micro = _ffi.version(library)
    number = major << 16 | minor << 8 | micro
    path = build(
        tmp_path / soname(library), f"unsigned {library}_version(void) {{ return {number}u; }}"
    )
    said = run_python(LOADS, FFWEBCODECS_FFI=mode, FFWEBCODECS_LIBRARY_PATH=str(tmp_path))
    assert f"{path} lacks" in said
    assert "more functions: it is no complete" in said
    assert said.startswith("loaded" if library == "avformat" else "refused")


def test_the_functions_asked_for_are_those_that_are_called() -> None:
    gates = "\n".join(path.read_text() for path in (ROOT / "headers").glob("*.h"))
    always = {
        name
        for line in gates.splitlines()
        if "//@" not in line and (found := re.match(r"[^#]*?\b(\w+)\(.*\);", line))
        for name in [found[1]]
    }
    libraries = (*LIBRARIES, *_beside.LIBRARIES)
    called: dict[str, set[str]] = {library: set() for library in libraries}
    for path in (ROOT / "ffwebcodecs").rglob("*.py"):
        if path.parent.name == "_ffi":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                called.get(node.value.id, set()).add(node.attr)
    for library in libraries:
        asked = set(_needed.FUNCTIONS[library].split())
        # with a gate in every line, a function is there under one signature or the other
        gated = {name for name in called[library] if f"{name}(" in gates} - always
        assert called[library] & always <= asked
        assert asked <= called[library] | always | gated
