"""What Windows and macOS need of us, as far as it can be seen without them.

Each system is played to a process of its own: `sys.platform` says its name, and the modules,
functions and constants that it lacks are gone. Names of files are those of real builds.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ffi_helpers import run_python

from ffwebcodecs._ffi._find import FILE_NAME, Found

pytestmark = pytest.mark.once

PRETEND = """
import asyncio, concurrent.futures, multiprocessing, os, select, shutil, signal, socket, sys
import subprocess, tempfile, threading, mmap, urllib.request, numpy, cffi, _cffi_backend
LACKS = {
    os: "memfd_create MFD_CLOEXEC sched_getaffinity eventfd splice copy_file_range posix_fallocate",
}
WINDOWS = {
    os: "register_at_fork fork geteuid getuid uname pread pwrite setpriority mkfifo killpg setsid "
    "fchmod fchown O_NONBLOCK O_CLOEXEC WNOHANG sysconf statvfs posix_spawn getloadavg",
    signal: "SIGKILL SIGPIPE SIGHUP SIGALRM SIGUSR1 SIGCHLD pthread_sigmask setitimer",
    select: "poll epoll POLLIN POLLOUT POLLHUP EPOLLIN",
    mmap: "MAP_SHARED MAP_PRIVATE MAP_ANONYMOUS PROT_READ PROT_WRITE MADV_DONTNEED",
    socket: "AF_UNIX send_fds recv_fds CMSG_LEN",
}
def pretend(system):
    for lacks in (LACKS, WINDOWS) if system == "win32" else (LACKS,):
        for module, names in lacks.items():
            for name in names.split():
                if hasattr(module, name):
                    delattr(module, name)
    if system == "win32":
        for name in "fcntl resource termios pwd grp posix pty tty syslog".split():
            sys.modules[name] = None
        os.name = "nt"
        os.add_dll_directory = os.fspath  # some modules load FFmpeg: this machine's
    sys.platform = system
"""
IMPORT_ALL = """
pretend({system!r})
import importlib, pkgutil, ffwebcodecs
compiled = ("._api", "._pump", "__main__")
names = [m.name for m in pkgutil.walk_packages(ffwebcodecs.__path__, "ffwebcodecs.")]
names = [name for name in names if not any(part in name for part in compiled)]
for name in names:
    importlib.import_module(name)
for name in ffwebcodecs.__all__:
    getattr(ffwebcodecs, name)
print(len(names))
"""


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_every_module_is_imported_where_a_system_lacks_what_linux_has(system: str) -> None:
    assert int(run_python(PRETEND + IMPORT_ALL.format(system=system))) > 500


# Names in wheels of PyAV 18 (delvewheel, delocate), and in shared builds, vcpkg, conda, Homebrew
BUILDS = {
    "delvewheel": (
        "avcodec-62-984de33114b7fa384296817dec999c9d.dll",
        "avformat-62-b6d6bb16ff0b7753371e2d0b285c9dc0.dll",
        "avutil-60-cc1777f859dcfd98b8019bdf459e774e.dll",
        "swscale-9-0c9886c118598c54e159ef2267ff99f3.dll",
    ),
    "delocate": (
        "libavcodec.62.28.102.dylib",
        "libavformat.62.12.102.dylib",
        "libavutil.60.26.102.dylib",
        "libswscale.9.5.102.dylib",
    ),
    "shared build": ("avcodec-62.dll", "avformat-62.dll", "avutil-60.dll", "swscale-9.dll"),
    "Homebrew": (
        *("libavcodec.62.28.102.dylib", "libavcodec.62.dylib", "libavcodec.dylib"),
        *("libavformat.62.12.102.dylib", "libavformat.62.dylib", "libavformat.dylib"),
        *("libavutil.60.26.102.dylib", "libavutil.60.dylib", "libavutil.dylib"),
        *("libswscale.9.5.102.dylib", "libswscale.9.dylib", "libswscale.dylib"),
    ),
}
STRANGERS = (
    *("libx264-165-f3a909470ddc2d85ed21eda3d0fb7954.dll", "avdevice-62.dll", "zlib1.dll"),
    *("libavfilter.11.dylib", "libdav1d.7.dylib", "libswresample.6.3.102.dylib", "avcodec.lib"),
    *("libavcodec.dll.a", "swresample-6.dll", "ffmpeg.exe", "postproc-58.dll"),
)


@pytest.mark.parametrize("build", BUILDS)
def test_libraries_of_other_systems_are_known_by_their_names(build: str, tmp_path: Path) -> None:
    for name in (*BUILDS[build], *STRANGERS):
        (tmp_path / name).touch()
    (found,) = Found(str(tmp_path)).sets()
    assert found.release.key == 60
    assert found.mangled is (build == "delvewheel")
    names = {library: os.path.basename(path) for library, path in found.paths.items()}
    # the shortest is the name that the others' headers ask for
    shortest = sorted(BUILDS[build], key=lambda name: (len(name), name))
    expected = [name for name in shortest if FILE_NAME.match(name)][:4]
    assert sorted(names.values()) == sorted(expected)


PLACES = """
pretend({system!r})
from ffwebcodecs._ffi import _find, _open, _places
import json
found = _find.Found({folder!r}).sets()
print(json.dumps([
    _find.soname("avutil", 60),
    _places.inside({prefix!r}),
    _places.after_the_system(),
    [os.path.basename(path) for path in _open.dependencies(found[0])] if found else [],
]))
"""


def places(system: str, folder: Path, **env: str) -> list[list[str]]:
    code = PLACES.format(system=system, folder=str(folder), prefix=str(folder.parent))
    answer: list[list[str]] = json.loads(run_python(PRETEND + code, **env))
    return answer


def filled(folder: Path, build: str, *others: str) -> Path:
    folder.mkdir(parents=True)
    for name in (*BUILDS[build], *others):
        (folder / name).touch()
    return folder


def test_the_places_of_windows_are_looked_at(tmp_path: Path) -> None:
    winget = "Microsoft/WinGet/Packages/Gyan.FFmpeg.Shared_Source_8wekyb/ffmpeg-8.1-full_build/bin"
    there = [
        filled(tmp_path / "conda/Library/bin", "shared build"),
        filled(tmp_path / "path", "shared build"),
        filled(tmp_path / "local" / winget, "shared build"),
        filled(tmp_path / "choco/lib/ffmpeg-shared/tools/ffmpeg-8.1-full/bin", "shared build"),
        filled(tmp_path / "scoop/apps/ffmpeg-shared/current/bin", "shared build"),
        filled(tmp_path / "vcpkg/installed/x64-windows/bin", "shared build"),
        filled(tmp_path / "programs/ffmpeg/bin", "shared build", "swresample-6.dll", "zlib1.dll"),
    ]
    soname, inside, after, needed = places(
        "win32",
        there[-1],
        CONDA_PREFIX=str(tmp_path / "conda"),
        PATH=str(tmp_path / "path"),
        LOCALAPPDATA=str(tmp_path / "local"),
        ChocolateyInstall=str(tmp_path / "choco"),
        SCOOP=str(tmp_path / "scoop"),
        VCPKG_ROOT=str(tmp_path / "vcpkg"),
        ProgramFiles=str(tmp_path / "programs"),
    )
    assert soname == "avutil-60.dll"
    assert inside == [str(there[-1])]
    assert after == [str(folder) for folder in there]
    # a folder of others' DLLs too: only FFmpeg's family is opened before it is asked for
    assert "swresample-6.dll" in needed
    assert "zlib1.dll" not in needed


def test_the_places_of_macos_are_looked_at(tmp_path: Path) -> None:
    there = [
        filled(tmp_path / "conda/lib", "Homebrew"),
        filled(tmp_path / "brew/lib", "Homebrew"),
        filled(tmp_path / "brew/opt/ffmpeg-full/lib", "Homebrew"),
        filled(
            tmp_path / "brew/opt/ffmpeg@7/lib", "Homebrew", "libswresample.6.dylib", "libx.dylib"
        ),
    ]
    soname, inside, after, needed = places(
        "darwin",
        there[-1],
        CONDA_PREFIX=str(tmp_path / "conda"),
        HOMEBREW_PREFIX=str(tmp_path / "brew"),
        PATH=str(tmp_path),
    )
    assert soname == "libavutil.60.dylib"
    assert inside == [str(there[-1])]
    assert after[: len(there)] == [str(folder) for folder in there]
    assert "libswresample.6.dylib" in needed
    assert "libx.dylib" not in needed


def test_a_list_of_folders_is_split_as_windows_does() -> None:
    code = """
pretend("win32")
os.pathsep = ";"
from ffwebcodecs._ffi import _places
print([os.path.basename(folder) for folder in _places.named(r"C:\\ffmpeg;D:\\x;;C:\\ffmpeg")])
"""
    assert run_python(PRETEND + code).strip() == repr(["C:\\ffmpeg", "D:\\x"])
