"""Choose between API and ABI mode, load one FFmpeg, and check it before anything is written.

Order: what FFWEBCODECS_LIBRARY_PATH names (and then nothing else), or the extension that was
compiled for the libraries at hand, or else the newest complete set; docs/libraries.md has the
places. Whatever was tried and rejected is kept for `LoadReport.problems`: a fallback is never
silent.

A set is used only if its files are whole (`_elf`), the functions are there, the versions that its
libraries state are those of one release, and in ABI mode only if the layout passes `_selftest`.
Libraries of a rejected set may stay mapped, but nothing of them is used: a set in which the loader
puts one of them is rejected as well.
"""

from __future__ import annotations

import _thread
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from ffwebcodecs._ffi import _places, _pyav, _settle
from ffwebcodecs._ffi._find import CORE, KNOWN, RELEASES, Found, LibrarySet, system_set
from ffwebcodecs._ffi._open import (
    RejectedError,
    abi_module,
    check_files,
    check_together,
    check_version,
    library_of,
    open_file,
    open_set,
    opened_folders,
    opener,
    same_file,
)
from ffwebcodecs._ffi._report import LoadReport, dotted, install_hint, release_of, split_version
from ffwebcodecs.errors import FFmpegLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ffwebcodecs._ffi._find import Release

PACKAGE = "ffwebcodecs._ffi"
_rejected: set[str] = set()  # folders of which libraries were opened and found unfit
AV_LOG_QUIET, AV_LOG_INFO = -8, 32


class Loaded:
    """A loaded FFmpeg: the ffi, one lib object per library, and how it came to be."""

    def __init__(self, ffi: Any, libs: dict[str, Any], files: LibrarySet, report: LoadReport):
        self.ffi = ffi
        self.libs = libs
        self.files = files
        self.report = report
        info = ffi.string(libs["avutil"].av_version_info()).decode(errors="replace")
        report.version_info = info
        report.release = release_of(info, files.release.series)

    def avformat(self) -> Any:
        """Load libavformat of the same release; raises FFmpegLoadError if it is not there."""
        if "avformat" not in self.libs:
            try:
                self._open_avformat()
            except RejectedError as error:
                self.report.avformat_problem = str(error)
                raise FFmpegLoadError(
                    f"libavformat of FFmpeg {self.report.release} is needed to open files and "
                    f"could not be loaded: {error}.\n{install_hint()}"
                ) from None
        return self.libs["avformat"]

    def beside(self, name: str) -> Any:
        """Load libswresample or libavfilter of the same set; raises FFmpegLoadError if it is not
        there.
        """
        from ffwebcodecs._ffi import _beside

        if name not in self.libs:
            try:
                found, where = _beside.open_beside(name, self.ffi, self.files, self.report)
            except RejectedError as error:
                raise FFmpegLoadError(
                    f"lib{name} of FFmpeg {self.report.release} is needed to "
                    f"{_beside.LIBRARIES[name].purpose} and could not be loaded: {error}.\n"
                    f"{_beside.install_beside_hint(name, self.files.release.key)}"
                ) from None
            self.report.beside[name] = where
            self.libs[name] = found
        return self.libs[name]

    def _open_avformat(self) -> None:
        release = self.files.release
        if "avformat" not in self.files.paths:
            raise RejectedError(f"it is not in {self.files.folder}")
        wanted = self.files.paths["avformat"]
        check_files(self.files, ("avformat",))
        if self.report.mode == "api":
            if self.files.folder is not None:
                open_set(abi_module(release).ffi, self.files, ("avformat",))
            try:
                module = importlib.import_module(f"{self.report.module}_format")
            except ModuleNotFoundError:
                raise RejectedError(
                    "the extension was compiled without libavformat's headers"
                ) from None
            except ImportError as error:
                raise RejectedError(f"the extension's libavformat part: {error}") from None
            lib = module.lib
            raw = lib.ffwc_format_path()
            path = os.fsdecode(self.ffi.string(raw)) if raw else wanted
        else:
            lib = open_set(self.ffi, self.files, ("avformat",))["avformat"]
            path = library_of(self.ffi, lib, "avformat_version") or wanted
        if self.files.folder is not None and not same_file(path, wanted):
            raise RejectedError(f"{path} is loaded instead of {wanted}")
        version = check_version("avformat", lib, release, path)
        check_together(self.report.libraries | {"avformat": (path, version)})
        if self.report.mode == "abi":
            from ffwebcodecs._ffi import _selftest

            failed = _selftest.check_avformat(self.ffi, self.libs, lib)
            if failed:
                raise RejectedError(
                    f"{path} does not have the recorded layout: {', '.join(failed)}"
                )
        _settle.settle_functions(self.ffi, [lib])
        self.libs["avformat"] = lib
        self.report.libraries["avformat"] = (path, version)


def load() -> Loaded:
    """Load FFmpeg as the environment asks; raises FFmpegLoadError saying what was tried."""
    mode = os.environ.get("FFWEBCODECS_FFI", "") or "auto"
    if mode not in ("auto", "api", "abi"):
        raise FFmpegLoadError(f"FFWEBCODECS_FFI is {mode!r}; it may be auto, api or abi")
    if sys.maxsize <= 1 << 32:
        raise FFmpegLoadError(
            "this is a 32-bit Python: FFmpeg's structs are laid out differently there, "
            "ffwebcodecs needs a 64-bit one"
        )
    _require_cffi()
    folder = os.environ.get("FFWEBCODECS_LIBRARY_PATH", "")
    problems: list[str] = []
    loaded = None
    if folder:
        for entry in _places.named(folder):
            loaded = _from_folder(entry, mode, problems)
            if loaded is not None:
                break
    else:
        places = _Places()
        if mode != "abi":
            loaded = _first_api(places, mode, problems)
        if mode != "api" and loaded is None:
            loaded = _first_abi(places, mode, problems)
    if loaded is None:
        from ffwebcodecs._ffi import _explain

        raise FFmpegLoadError(_explain.failure(mode, folder, problems))
    loaded.report.problems = problems
    _settle.settle(loaded.ffi, [loaded.libs[name] for name in ("avcodec", "swscale", "avutil")])
    if loaded.report.mode == "abi":
        _settle.load_incref()
    avutil = loaded.libs["avutil"]
    # somebody else in this process may have chosen a level already: then it is theirs
    if avutil.av_log_get_level() == AV_LOG_INFO:
        avutil.av_log_set_level(AV_LOG_QUIET)
        loaded.report.listens = not _pyav.has(loaded.report.libraries["avutil"][0])
        if loaded.report.listens and loaded.report.mode == "api":
            avutil.ffwc_log_keep()
    return loaded


def _require_cffi() -> None:
    try:
        # An isolated subinterpreter is told by this. Not even tried there: cffi would refuse, and
        # in Python 3.12 a refused import leaves a cffi that crashes the main interpreter later.
        if not getattr(_thread, "daemon_threads_allowed", lambda: True)():
            raise ImportError("it does not support loading in isolated subinterpreters")
        importlib.import_module("_cffi_backend")
    except ImportError as error:
        advice = "reinstall cffi for this Python"
        if "subinterpreter" in str(error):
            advice = (
                "ffwebcodecs works in the main interpreter only: use threads, which run FFmpeg in "
                "parallel, or processes"
            )
        raise FFmpegLoadError(f"cffi does not load here: {error}. {advice}") from None


def _from_folder(folder: str, mode: str, problems: list[str]) -> Loaded | None:
    """Load from a folder the user named, or from the library folder of a prefix."""
    found = Found(folder)
    if not found.files:
        found = next((inner for inner in map(Found, _places.inside(folder)) if inner.files), found)
    sets = found.sets()
    why = "FFWEBCODECS_FFI=abi"
    for files in sets if mode != "abi" else ():
        loaded = _try_api(files, f"the extension fits {files}", problems)
        if loaded is not None:
            return loaded
        why = f"no extension fits: {problems[-1]}"
    for files in sets if mode != "api" else ():
        loaded = _try_abi(files, why, problems)
        if loaded is not None:
            return loaded
    trouble = found.trouble()
    if trouble:
        problems.append(trouble)
    elif not found.files:
        from ffwebcodecs._ffi import _explain

        problems.append(_explain.nothing_in(folder))
    return None


class _Places:
    """The sets outside the loader's path, looked for when they are first wanted."""

    def __init__(self) -> None:
        self._before: list[LibrarySet] | None = None
        self._after: list[LibrarySet] | None = None
        self.folders: list[Found] = []

    def _sets(self, folders: list[str]) -> list[LibrarySet]:
        found = [Found(folder) for folder in folders]
        self.folders += found
        return [files for each in found for files in each.sets()]

    def before(self) -> list[LibrarySet]:
        """Return those that come before the system's."""
        if self._before is None:
            self._before = self._sets(_places.before_the_system())
        return self._before

    def after(self) -> list[LibrarySet]:
        """Return those that come after the system's."""
        if self._after is None:
            self._after = self._sets(_places.after_the_system())
        return self._after


# --- API mode -------------------------------------------------------------------------------


def _built(suffix: str = "") -> list[int]:
    """Return the libavutil majors we have an extension for, newest first."""
    majors = set()
    try:
        names = os.listdir(os.path.dirname(__file__))
    except OSError:
        names = []  # imported from a zip file, from which no extension can be loaded
    for name in names:
        head, _, tail = name.partition(".")
        number = head.removeprefix("_api").removesuffix(suffix)
        if head == f"_api{number}{suffix}" and number.isdigit() and tail.endswith(("so", "pyd")):
            majors.add(int(number))
    return sorted(majors, reverse=True)


def _first_api(places: _Places, mode: str, problems: list[str]) -> Loaded | None:
    majors = _built()
    if not majors:
        problems.append("API mode: no extension was built when ffwebcodecs was installed")
    for major in majors:
        if major not in KNOWN:
            problems.append(f"API mode: libavutil {major} of the extension is not known")
            continue
        for files in _api_candidates(places, KNOWN[major]):
            loaded = _try_api(files, "the compiled extension fits the libraries", problems)
            if loaded is None:
                continue
            if mode == "auto" and major not in _built("_format") and _has_avformat(files):
                problems.append(
                    "API mode: the extension was compiled without libavformat's headers, "
                    "and libavformat is here"
                )
                break
            return loaded
    return None


def _try_api(files: LibrarySet, reason: str, problems: list[str]) -> Loaded | None:
    """Load a set in API mode, or note why not."""
    try:
        return _load_api(files, reason)
    except RejectedError as error:
        where = f", {files}" if files.folder is not None else ""
        problems.append(f"API mode{where}: {error}")
        _reject(files)
        return None


def _api_candidates(places: _Places, release: Release) -> Iterator[LibrarySet]:
    yield from (files for files in places.before() if files.release is release)
    yield system_set(release)
    yield from (files for files in places.after() if files.release is release)


def _has_avformat(files: LibrarySet) -> bool:
    if "avformat" not in files.paths:
        return False
    try:
        check_files(files, ("avformat",))
        open_file(opener(), files.paths["avformat"])
    except RejectedError:
        return False  # nobody has libavformat: nothing is lost
    return True


def _load_api(files: LibrarySet, reason: str) -> Loaded:
    """Import the extension for this set and see that it uses these files and no others."""
    release = files.release
    name = f"_api{release.key}"
    if release.key not in _built():
        have = ", ".join(f"libavutil {major}" for major in _built()) or "nothing"
        raise RejectedError(f"no extension for libavutil {release.key} (compiled for: {have})")
    if files.mangled:
        raise RejectedError(f"the files in {files.folder} are renamed, so {name} cannot find them")
    check_files(files, CORE)
    if files.folder is not None:
        open_set(abi_module(release).ffi, files, CORE)
    try:
        module = importlib.import_module(f"{PACKAGE}.{name}")
    except ImportError as error:
        raise RejectedError(f"{name} does not load: {error}") from None
    lib = module.lib
    report = LoadReport("api", f"{PACKAGE}.{name}", reason)
    for index, library in enumerate(CORE):
        raw = lib.ffwc_library_path(index)
        path = os.fsdecode(module.ffi.string(raw)) if raw else files.paths[library]
        version = check_version(library, lib, release, path)
        compiled = split_version(getattr(lib, f"LIB{library.upper()}_VERSION_INT"))
        if version[:2] < compiled[:2]:
            raise RejectedError(
                f"{name} was compiled for lib{library} {dotted(compiled)}, "
                f"{path} is the older {dotted(version)}"
            )
        if files.folder is not None and not same_file(path, files.paths[library]):
            raise RejectedError(f"{name} uses {path}, not {files.paths[library]}")
        report.libraries[library] = (path, version)
    _check_set(files, report)
    return Loaded(module.ffi, dict.fromkeys(CORE, lib), files, report)


# --- ABI mode -------------------------------------------------------------------------------


def _first_abi(places: _Places, mode: str, problems: list[str]) -> Loaded | None:
    why = "; ".join(problems) if mode == "auto" else "FFWEBCODECS_FFI=abi"
    attempts = (_try_abi(files, why, problems) for files in _abi_candidates(places, problems))
    return next((loaded for loaded in attempts if loaded is not None), None)


def _try_abi(files: LibrarySet, reason: str, problems: list[str]) -> Loaded | None:
    """Load a set in ABI mode, or note why not."""
    try:
        return _load_abi(files, reason)
    except RejectedError as error:
        problems.append(f"ABI mode, {files}: {error}")
        _reject(files)
        return None


def _abi_candidates(places: _Places, problems: list[str]) -> Iterator[LibrarySet]:
    """Yield the sets in the usual places and on the loader's path, newest first in each."""
    yield from places.before()
    for release in RELEASES:
        files = system_set(release)
        try:
            check_files(files, CORE)
        except RejectedError as error:
            problems.append(f"ABI mode, {files}: {error}")
            continue
        try:
            open_file(opener(), files.paths["avutil"])
        except RejectedError:
            continue  # not installed: no problem worth telling while there are others
        yield files
    yield from places.after()


def _load_abi(files: LibrarySet, reason: str) -> Loaded:
    """Open a set with the pre-parsed declarations of its release, and check the layout."""
    module = abi_module(files.release)
    ffi = module.ffi
    check_files(files, CORE)
    libs = open_set(ffi, files, CORE)
    report = LoadReport("abi", module.__name__, reason)
    for library, lib in libs.items():
        path = library_of(ffi, lib, f"{library}_version") or files.paths[library]
        version = check_version(library, lib, files.release, path)
        if files.folder is not None and not same_file(path, files.paths[library]):
            raise RejectedError(f"{path} is loaded instead of {files.paths[library]}")
        report.libraries[library] = (path, version)
        # what this library calls in libavutil must be the libavutil we call
        used = library_of(ffi, lib, "avutil_version")
        if used is not None and not same_file(used, report.libraries["avutil"][0]):
            raise RejectedError(f"{path} uses {used}: different FFmpeg builds are mixed")
    _check_set(files, report)
    from ffwebcodecs._ffi import _selftest

    failed = _selftest.check(ffi, libs)
    if failed:
        raise RejectedError(
            f"{report.libraries['avcodec'][0]} does not have the layout recorded for FFmpeg "
            f"{files.release.series} ({', '.join(failed)})"
        )
    return Loaded(ffi, libs, files, report)


def _reject(files: LibrarySet) -> None:
    """Remember that libraries of this folder were opened for nothing."""
    if files.folder in opened_folders:
        _rejected.add(files.folder)


def _check_set(files: LibrarySet, report: LoadReport) -> None:
    """See that what was loaded belongs together, and that nothing of it is of a rejected set."""
    check_together(report.libraries)
    folders = {path: os.path.dirname(path) for path, _ in report.libraries.values()}
    strangers = [path for path, folder in folders.items() if folder in _rejected]
    if files.folder is None and strangers:
        raise RejectedError(f"{', '.join(strangers)} was loaded while that folder was tried")
