"""libswresample and libavfilter: those of the set in use or none, and what to install where they
are missing.
"""

from __future__ import annotations

from pathlib import Path

import ffi_helpers
import pytest
from ffi_helpers import run_python
from library_shim import build, here, link, renamed, soname

from ffwebcodecs import _ffi
from ffwebcodecs._ffi import _elf, _needed
from ffwebcodecs._ffi._beside import LIBRARIES, install_beside_hint
from ffwebcodecs._ffi._find import RELEASES

OURS = _ffi.version("avutil")[0]
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not _elf.is_elf_platform(), reason="the cases are made of ELF libraries"),
    ffi_helpers.needs_the_systems,
]
each_library = pytest.mark.parametrize("library", LIBRARIES)
each_mode = pytest.mark.parametrize("mode", ["api", "abi"])
PROGRAM = """
import ffwebcodecs
from ffwebcodecs import _ffi
assert not _ffi.load().beside
for _ in range(2):
    try:
        _ffi.{library}.{library}_version
    except ffwebcodecs.FFmpegLoadError as error:
        print(str(error).replace("\\n", " "))
    else:
        print("loaded", _ffi.load().beside["{library}"][0])
"""


def name_of(library: str, more: int = 0) -> str:
    return f"lib{library}.so.{LIBRARIES[library].majors[OURS] + more}"


def said(library: str, folder: Path, mode: str = "abi") -> str:
    """Return what is said when the library is needed, which is the same again."""
    names = {"FFWEBCODECS_FFI": mode, "FFWEBCODECS_LIBRARY_PATH": str(folder)}
    # What the libraries of `without` need is found by the loader only.
    names["LD_LIBRARY_PATH"] = str(folder)
    lines = run_python(PROGRAM.format(library=library), **names).splitlines()
    assert len(lines) == 2 and lines[0] == lines[1]
    return lines[0]


def ours(library: str) -> Path:
    """Return this machine's library."""
    path = here()["avcodec"].parent / name_of(library)
    if not path.exists():
        pytest.skip(f"there is no {path.name} beside the other libraries")
    return path


def without(library: str, folder: Path) -> Path:
    """Put this machine's libraries into a folder; what they need of `library` has another name, and
    does not say its version, as if libavcodec had it within.
    """
    link(folder)
    name = name_of(library)
    if not any(name in _elf.read(str(path)).needed for path in here().values()):
        return folder
    other = name.replace(".so", "_so")
    files = {soname(each): path for each, path in here().items()} | {other: ours(library).resolve()}
    for target, path in files.items():
        (folder / target).unlink(missing_ok=True)
        data = path.read_bytes().replace(f"{name}\0".encode(), f"{other}\0".encode())
        if target == other:
            data = data.replace(f"{library}_version\0".encode(), f"{library}_nothing\0".encode())
        (folder / target).write_bytes(data)
    return folder


@each_library
@each_mode
def test_missing_one_is_told_with_what_to_install(library: str, mode: str, tmp_path: Path) -> None:
    # There is one of the system's, but it belongs to another set.
    told = said(library, without(library, tmp_path), mode)
    name, major = name_of(library), LIBRARIES[library].majors[OURS]
    assert f"is needed to {LIBRARIES[library].purpose} and could not be loaded" in told
    assert f"{name} is not in {tmp_path}" in told
    assert f"apt install lib{library}{major} " in told
    assert "conda install" in told and "brew install" in told


@each_library
@each_mode
def test_the_one_beside_the_others_is_taken(library: str, mode: str, tmp_path: Path) -> None:
    link(tmp_path)
    name = name_of(library)
    (tmp_path / name).symlink_to(ours(library))
    assert said(library, tmp_path, mode) == f"loaded {tmp_path / name}"


@each_mode
def test_the_one_that_libavcodec_has_brought_is_taken(mode: str, tmp_path: Path) -> None:
    name = name_of("swresample")
    if name not in _elf.read(str(here()["avcodec"])).needed:
        pytest.skip("libavcodec does not need libswresample here")
    assert said("swresample", link(tmp_path), mode).endswith(f"/{name}")


@each_library
def test_one_that_is_none_or_cut_short_is_refused(library: str, tmp_path: Path) -> None:
    path = without(library, tmp_path) / name_of(library)
    build(path, f"unsigned {library}_version(void) {{ return 0; }}")
    assert f"{path} is no lib{library} of FFmpeg" in said(library, tmp_path)
    path.write_bytes(ours(library).read_bytes()[:50_000])
    assert "is cut short" in said(library, tmp_path)


@each_library
def test_one_of_another_release_or_set_is_refused(library: str, tmp_path: Path) -> None:
    needed = _needed.FUNCTIONS[library].split()
    rest = "".join(f"void {name}(void) {{}}\n" for name in needed if "_version" not in name)
    major = LIBRARIES[library].majors[OURS]
    for number, told in ((major + 1, f"has major {major}"), (major, "uses another libavutil")):
        folder = without(library, tmp_path / str(number))
        version = f"unsigned {library}_version(void) {{ return {number << 16}u; }}\n"
        build(folder / name_of(library), version + rest, renamed("avutil"))
        assert told in said(library, folder)


@each_library
def test_each_release_has_its_own(library: str) -> None:
    majors = LIBRARIES[library].majors
    assert sorted(majors) == sorted(release.key for release in RELEASES)
    for key, major in majors.items():
        hint = install_beside_hint(library, key, {"debian"})
        assert f"apt install lib{library}{major}\n" in hint
    hint = install_beside_hint(library, 57, {"fedora"})
    assert hint.splitlines()[1].split(":")[0].strip() == "Fedora"
