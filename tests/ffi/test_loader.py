"""The loader: the mode asked for, whole sets only, and one clear error for each way to fail."""

from __future__ import annotations

import json
import os
import threading
import zipfile
from pathlib import Path

import ffi_helpers
import pytest
from ffi_helpers import load_error, run_python

import ffwebcodecs
from ffwebcodecs import _ffi
from ffwebcodecs.errors import FFmpegLoadError, NotSupportedError

pytestmark = pytest.mark.divided

MODES = ["api", "abi"]
REPORT = """
import json, sys
import ffwebcodecs._ffi as f
r = f.report()
mods = sorted(m for m in sys.modules if m.startswith("ffwebcodecs._ffi._a"))
print(json.dumps([r.mode, r.reason, r.libraries, r.problems, mods, r.avformat_problem, r.release]))
"""


def here() -> dict[str, Path]:
    """Return the real files of the FFmpeg this process uses."""
    return {name: Path(path) for name, (path, _) in _ffi.report().libraries.items()}


def major_of(library: str) -> int:
    return _ffi.version(library)[0]


def link(folder: Path, library: str, major: int) -> None:
    """Put this machine's library into a folder under the name of a major."""
    (folder / f"lib{library}.so.{major}").symlink_to(here()[library].resolve())


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    ffi_helpers.need_extension(request.param)
    return str(request.param)


def test_the_mode_under_test_is_the_one_asked_for() -> None:
    asked = os.environ.get("FFWEBCODECS_FFI", "auto")
    report = _ffi.load()
    assert report.mode == asked or asked == "auto"
    assert report.module == f"ffwebcodecs._ffi._{report.mode}{report.libraries['avutil'][1][0]}"
    assert report.reason


def test_each_mode_runs_on_its_own_module_only(mode: str) -> None:
    got, reason, libraries, _, modules, avformat_problem, release = json.loads(
        run_python(REPORT, FFWEBCODECS_FFI=mode)
    )
    assert got == mode
    assert reason
    assert all(name.startswith(f"ffwebcodecs._ffi._{mode}") for name in modules)
    assert set(libraries) == {"avutil", "avcodec", "swscale", "avformat"}
    assert all(Path(path).is_file() for path, _ in libraries.values())
    assert avformat_problem is None
    assert release == _ffi.load().release


def test_a_package_in_a_zip_file_runs_in_abi_mode(tmp_path: Path) -> None:
    archive = tmp_path / "a wheel.zip"
    package = Path(ffwebcodecs.__file__).parent
    with zipfile.ZipFile(archive, "w") as file:
        for path in package.rglob("*.py"):
            file.write(path, path.relative_to(package.parent))
    code = f"import sys; sys.path.insert(0, {str(archive)!r}); import ffwebcodecs\n"
    code += "print(ffwebcodecs.__file__)\n" + REPORT
    name, report = run_python(code).splitlines()
    assert name.startswith(str(archive))
    mode, reason, *_ = json.loads(report)
    assert mode == "abi"
    assert "no extension" in reason


def test_auto_takes_the_extension_that_fits() -> None:
    ffi_helpers.need_extension()
    assert json.loads(run_python(REPORT))[0] == "api"


def test_an_unknown_mode_is_an_error() -> None:
    code = """
import ffwebcodecs._ffi as f
try:
    f.load()
except f.FFmpegLoadError as error:
    print(error)
"""
    message = run_python(code, FFWEBCODECS_FFI="fast")
    assert message == "FFWEBCODECS_FFI is 'fast'; it may be auto, api or abi"


def test_a_32_bit_python_is_refused() -> None:
    code = """
import sys
sys.maxsize = 2**31 - 1
import ffwebcodecs._ffi as f
try:
    f.load()
except f.FFmpegLoadError as error:
    print(error)
"""
    assert "32-bit" in run_python(code)


def test_importing_loads_neither_ffmpeg_nor_heavy_modules() -> None:
    code = """
import sys
from ffwebcodecs._ffi import avcodec, avformat, avutil, ffi, swscale
import ffwebcodecs._ffi as f
unwanted = {"numpy", "asyncio", "pycparser", "cffi", "_cffi_backend", "ctypes"}
assert not unwanted & set(sys.modules), unwanted & set(sys.modules)
f.report()
assert not (unwanted - {"_cffi_backend"}) & set(sys.modules)
"""
    for mode in ("auto", "abi"):
        run_python(code, FFWEBCODECS_FFI=mode)


def test_a_named_folder_is_used_in_both_modes(mode: str, tmp_path: Path) -> None:
    for library in here():
        link(tmp_path, library, major_of(library))
    env = {"FFWEBCODECS_FFI": mode, "FFWEBCODECS_LIBRARY_PATH": str(tmp_path)}
    got, _, libraries, problems, *_ = json.loads(run_python(REPORT, **env))
    assert got == mode
    assert problems == []
    for library, (path, version) in libraries.items():
        assert Path(path).samefile(here()[library])
        assert tuple(version) == _ffi.version(library)


def test_without_libavformat_all_but_files_works(mode: str, tmp_path: Path) -> None:
    for library in ("avutil", "avcodec", "swscale"):
        link(tmp_path, library, major_of(library))
    code = """
import ffwebcodecs._ffi as f
assert f.avutil.avutil_version() > 0
try:
    f.avformat.av_read_frame
except f.FFmpegLoadError as error:
    print(error)
assert f.report().avformat_problem
"""
    env = {"FFWEBCODECS_FFI": mode, "FFWEBCODECS_LIBRARY_PATH": str(tmp_path)}
    message = run_python(code, **env)
    assert "libavformat" in message
    assert f"not in {tmp_path}" in message
    assert "apt install" in message


@pytest.mark.parametrize("mode", ["auto", *MODES])
def test_a_folder_that_is_not_there(mode: str, tmp_path: Path) -> None:
    message = load_error(tmp_path / "nothing", mode)
    assert "nothing is not a folder" in message


@pytest.mark.parametrize("mode", ["auto", *MODES])
def test_a_folder_without_ffmpeg(mode: str, tmp_path: Path) -> None:
    message = load_error(tmp_path, mode)
    assert "holds no FFmpeg libraries" in message
    assert "FFWEBCODECS_LIBRARY_PATH" in message


@pytest.mark.parametrize("mode", ["auto", *MODES])
def test_a_missing_library_is_named(mode: str, tmp_path: Path) -> None:
    link(tmp_path, "avutil", major_of("avutil"))
    link(tmp_path, "avcodec", major_of("avcodec"))
    message = load_error(tmp_path, mode)
    assert "libswscale missing" in message
    assert f"found libavutil.so.{major_of('avutil')}" in message


@pytest.mark.parametrize("mode", ["auto", *MODES])
def test_an_unknown_major_is_named(mode: str, tmp_path: Path) -> None:
    for library, major in (("avutil", 99), ("avcodec", 101), ("swscale", 48)):
        link(tmp_path, library, major)
    message = load_error(tmp_path, mode)
    assert "libavutil.so.99" in message
    assert "does not know" in message


@pytest.mark.parametrize("mode", ["auto", *MODES])
def test_mixed_releases_in_one_folder(mode: str, tmp_path: Path) -> None:
    for library, major in (("avutil", 57), ("avcodec", 61), ("swscale", 9)):
        link(tmp_path, library, major)
    message = load_error(tmp_path, mode)
    assert "different FFmpeg releases are mixed" in message


@pytest.mark.parametrize("mode", ["auto", "abi"])
def test_a_library_under_another_releases_name(mode: str, tmp_path: Path) -> None:
    other = 59 if major_of("avutil") != 59 else 60
    from ffwebcodecs._ffi._find import KNOWN

    for library, major in KNOWN[other].majors.items():
        link(tmp_path, library, major)
    message = load_error(tmp_path, mode)
    version = ".".join(map(str, _ffi.version("avutil")))
    assert f"says it is libavutil {version}" in message
    assert "mixed" in message


def test_api_mode_without_a_fitting_extension_says_what_it_was_compiled_for(tmp_path: Path) -> None:
    other = 59 if major_of("avutil") != 59 else 60
    from ffwebcodecs._ffi._find import KNOWN

    for library, major in KNOWN[other].majors.items():
        link(tmp_path, library, major)
    message = load_error(tmp_path, "api")
    assert f"no extension for libavutil {other}" in message
    assert "FFWEBCODECS_BUILD=api" in message


def test_ffmpegs_log_is_quiet(mode: str) -> None:
    code = "import ffwebcodecs._ffi as f; print(f.avutil.av_log_get_level())"
    assert run_python(code, FFWEBCODECS_FFI=mode) == "-8"


def test_a_log_level_that_somebody_chose_stays(mode: str) -> None:
    code = f"""
import ctypes
ctypes.CDLL({str(here()["avutil"])!r}).av_log_set_level(24)
import ffwebcodecs._ffi as f
print(f.avutil.av_log_get_level())
"""
    assert run_python(code, FFWEBCODECS_FFI=mode) == "24"


def test_a_missing_function_is_named_with_the_release() -> None:
    with pytest.raises(NotSupportedError, match="avcodec_is_dreaming") as caught:
        _ffi.avcodec.avcodec_is_dreaming()
    assert _ffi.load().release in str(caught.value)


def test_fields_and_versions_can_be_asked_for() -> None:
    assert _ffi.has_field("AVFrame", "pts")
    assert not _ffi.has_field("AVFrame", "colour")
    assert _ffi.has_field("AVFrame", "duration") == (_ffi.version("avutil")[0] >= 58)
    assert _ffi.version("avcodec") == _ffi.load().libraries["avcodec"][1]


def test_what_was_looked_up_stays_in_the_proxy() -> None:
    function = _ffi.avutil.av_get_pix_fmt_name
    assert _ffi.avutil.__dict__["av_get_pix_fmt_name"] is function
    assert _ffi.ffi.NULL is _ffi.ffi.__dict__["NULL"]


def test_the_first_use_from_many_threads_loads_once(mode: str) -> None:
    code = """
import threading
import ffwebcodecs._ffi as f
barrier, seen = threading.Barrier(8), []
def first_use():
    barrier.wait()
    seen.append(f.avformat.avformat_version())
    seen.append(id(f.load()))
threads = [threading.Thread(target=first_use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(seen) == 16 and len(set(seen)) == 2, seen
"""
    run_python(code, FFWEBCODECS_FFI=mode)


def test_the_release_callback_runs_when_ffmpeg_lets_go(mode: str) -> None:
    code = """
import gc, threading
import ffwebcodecs._ffi as f
seen = []
def released(opaque, data):
    seen.append((f.ffi.from_handle(opaque), threading.current_thread() is threading.main_thread()))
callback = f.make_release_callback(released)
assert f.make_release_callback(released) is callback
try:
    f.make_release_callback(print)
except RuntimeError:
    pass
else:
    raise AssertionError
memory = f.ffi.new("uint8_t[64]")
handle = f.ffi.new_handle("mine")
ref = f.ffi.new("AVBufferRef **")
ref[0] = f.avutil.av_buffer_create(memory, 64, callback, handle, 0)
gc.collect()
other = f.ffi.new("AVBufferRef **", f.avutil.av_buffer_ref(ref[0]))
f.avutil.av_buffer_unref(ref)
assert seen == []
thread = threading.Thread(target=f.avutil.av_buffer_unref, args=(other,))
thread.start()
thread.join()
assert seen == [("mine", False)], seen
"""
    run_python(code, FFWEBCODECS_FFI=mode)


def test_the_gil_is_released_while_c_runs() -> None:
    # with the GIL held, a counter on another thread would stand still meanwhile
    avutil, ffi = _ffi.avutil, _ffi.ffi
    size = 64 << 20
    memory = ffi.gc(avutil.av_mallocz(2 * size), avutil.av_free, 2 * size)
    pixels = ffi.cast("uint8_t *", memory)
    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted[0]
        for _ in range(4):
            avutil.av_image_copy_plane(pixels + size, 65536, pixels, 65536, 65536, 1024)
        assert counted[0] > before
    finally:
        stop.set()
        thread.join()


def test_load_error_is_an_import_error() -> None:
    assert issubclass(FFmpegLoadError, ImportError)
