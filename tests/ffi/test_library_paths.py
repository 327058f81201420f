"""Real libraries in the places where package managers put them are found; the order is kept."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import ffi_helpers
import pytest
from ffi_helpers import load_error, run_python
from library_shim import CORE, LIBRARIES, build, compiler, here, soname, stating

from ffwebcodecs import _ffi
from ffwebcodecs._ffi import _elf
from ffwebcodecs._ffi._find import KNOWN

OURS = _ffi.version("avutil")[0]
TRIPLET = f"{os.uname().machine}-linux-gnu" if hasattr(os, "uname") else ""
pytestmark = [
    pytest.mark.once,
    pytest.mark.slow,
    pytest.mark.skipif(not _elf.is_elf_platform(), reason="the layouts are those of ELF systems"),
    ffi_helpers.needs_the_systems,
]

REPORT = """
import json
import ffwebcodecs._ffi as f
r = f.report()
print(json.dumps([r.mode, [path for path, _ in r.libraries.values()], r.problems]))
"""
# This machine's own FFmpeg is on the loader's path and would be found first.
WITHOUT_THE_SYSTEM = """
from ffwebcodecs._ffi import _load, _find
def nowhere(release):
    files = _find.system_set(release)
    return _find.LibrarySet(release, {k: "no-" + v for k, v in files.paths.items()}, None)
_load.system_set = nowhere
try_api = _load._try_api
_load._try_api = lambda files, *rest: try_api(files, *rest) if files.folder else None
"""


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with copies of the real libraries under their full names."""
    folder = tmp_path_factory.mktemp("copies")
    for library, path in here().items():
        major, minor, micro = _ffi.version(library)
        shutil.copyfile(path, folder / f"lib{library}.so.{major}.{minor}.{micro}")
        for name in _elf.read(str(path)).needed:
            if _elf.FAMILY.match(name) and path.with_name(name).exists():
                shutil.copyfile(path.with_name(name), folder / name)
    for library in LIBRARIES:  # the copies of what they need of each other are there already
        (folder / soname(library)).unlink(missing_ok=True)
    return folder


def install(copies: Path, folder: Path, names: str = "soname") -> Path:
    """Put real files into a folder, with the names that a package would give them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in copies.iterdir():
        target = folder / path.name
        os.link(path, target)
        if path.name.startswith(tuple(f"lib{library}.so" for library in LIBRARIES)):
            stem, _, number = path.name.partition(".so.")
            if names == "soname":
                (folder / f"{stem}.so.{number.split('.')[0]}").symlink_to(path.name)
            elif names == "unnumbered":
                target.rename(folder / f"{stem}.so")
    return folder


def loaded(code: str = REPORT, **env: str) -> tuple[str, list[Path], list[str]]:
    mode, paths, problems = json.loads(run_python(code, **env))
    return mode, [Path(path) for path in paths], problems


def all_in(paths: list[Path], folder: Path) -> bool:
    return len(paths) == 4 and all(path.parent == folder for path in paths)


# ---- FFWEBCODECS_LIBRARY_PATH --------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["auto", "abi"])
@pytest.mark.parametrize("names", ["soname", "full", "unnumbered"])
def test_a_named_folder_with_any_names(names: str, mode: str, copies: Path, tmp_path: Path) -> None:
    folder = install(copies, tmp_path, names)
    got, paths, problems = loaded(FFWEBCODECS_FFI=mode, FFWEBCODECS_LIBRARY_PATH=str(folder))
    assert all_in(paths, folder)
    built = OURS in ffi_helpers.built_majors()
    assert got == ("api" if mode == "auto" and built else "abi")
    # in "auto" a missing extension is worth a word
    assert len(problems) == (mode == "auto" and not built)


@pytest.mark.parametrize("inner", ["lib", "lib64", f"lib/{TRIPLET}"])
def test_a_named_prefix(inner: str, copies: Path, tmp_path: Path) -> None:
    folder = install(copies, tmp_path / inner)
    _, paths, _ = loaded(FFWEBCODECS_LIBRARY_PATH=str(tmp_path))
    assert all_in(paths, folder)


@pytest.mark.parametrize("name", ["with spaces", "größe-動画", "a:b", "new\nline", "%s{}"])
def test_a_folder_with_an_uncommon_name(name: str, copies: Path, tmp_path: Path) -> None:
    folder = install(copies, tmp_path / name)
    for mode in ("auto", "abi"):
        env = {"FFWEBCODECS_FFI": mode, "FFWEBCODECS_LIBRARY_PATH": str(folder)}
        assert all_in(loaded(**env)[1], folder)


def test_a_relative_folder_and_one_in_the_home(copies: Path, tmp_path: Path) -> None:
    folder = install(copies, tmp_path / "ffmpeg")
    _, paths, _ = loaded(HOME=str(tmp_path), FFWEBCODECS_LIBRARY_PATH="~/ffmpeg")
    assert all_in(paths, folder)
    relative = os.path.relpath(folder)
    assert all_in(loaded(FFWEBCODECS_LIBRARY_PATH=relative)[1], folder)


def test_of_a_list_the_first_complete_folder_is_used(copies: Path, tmp_path: Path) -> None:
    missing, part = tmp_path / "missing", tmp_path / "part"
    part.mkdir()
    os.link(copies / next(p.name for p in copies.glob("libavutil*")), part / soname("avutil"))
    first = install(copies, tmp_path / "first")
    second = install(copies, tmp_path / "second")
    value = os.pathsep.join(map(str, (missing, part, "", first, second)))
    _, paths, problems = loaded(FFWEBCODECS_LIBRARY_PATH=value)
    assert all_in(paths, first)
    assert problems[0] == f"{missing} is not a folder"
    assert f"{part}: libavcodec and libswscale missing" in problems[1]


@pytest.mark.parametrize("mode", ["auto", "api", "abi"])
def test_nothing_else_is_searched_when_a_folder_is_named(mode: str, tmp_path: Path) -> None:
    value = os.pathsep.join((str(tmp_path), str(tmp_path / "other")))
    message = load_error(Path(value), mode)
    assert f"in FFWEBCODECS_LIBRARY_PATH={value}" in message
    assert f"{tmp_path} holds no FFmpeg libraries" in message
    assert f"{tmp_path / 'other'} is not a folder" in message
    assert "unset it" in message


def test_a_file_instead_of_its_folder(copies: Path, tmp_path: Path) -> None:
    folder = install(copies, tmp_path)
    message = load_error(folder / soname("avcodec"), "auto")
    assert f"is a file: name the folder that holds it, {folder}" in message


def test_the_libraries_of_a_folder_are_not_mixed_with_the_systems(
    copies: Path, tmp_path: Path
) -> None:
    folder = install(copies, tmp_path)
    (folder / soname("swscale")).unlink()
    next(folder.glob("libswscale*")).unlink()
    message = load_error(folder, "auto")
    assert f"{folder}: libswscale missing" in message


# ---- several majors ------------------------------------------------------------------------------


def test_the_newest_usable_of_several_majors_is_used(copies: Path, tmp_path: Path) -> None:
    folder = install(copies, tmp_path)
    newer = [release for key, release in KNOWN.items() if key > OURS]
    for release in newer:
        for library in CORE:  # they have the name, and are not what it says
            build(folder / soname(library, release.majors[library]), "int nothing;")
    for mode in ("auto", "abi"):
        env = {"FFWEBCODECS_FFI": mode, "FFWEBCODECS_LIBRARY_PATH": str(folder)}
        got, paths, problems = loaded(**env)
        assert all_in(paths, folder)
        if got == "abi":
            assert all(
                any(f"FFmpeg {release.series} in" in problem for problem in problems)
                for release in newer
            )


def test_the_major_of_the_extension_comes_first(copies: Path, tmp_path: Path) -> None:
    ffi_helpers.need_extension()
    folder = install(copies, tmp_path)
    for release in KNOWN.values():
        if release.key > OURS:
            for library in CORE:
                version = (release.majors[library], 0, 100)
                stating(folder, library, version, release.majors[library])
    got, paths, _ = loaded(FFWEBCODECS_LIBRARY_PATH=str(folder))
    assert got == "api"
    assert all_in(paths, folder)


# ---- places that nobody named --------------------------------------------------------------------


def test_the_loaders_path_comes_first(copies: Path, tmp_path: Path) -> None:
    folder = install(copies, tmp_path / "loader")
    other = install(copies, tmp_path / "conda" / "lib")
    env = {"LD_LIBRARY_PATH": str(folder), "CONDA_PREFIX": str(other.parent)}
    for mode in ("auto", "abi"):
        assert all_in(loaded(FFWEBCODECS_FFI=mode, **env)[1], folder)


@pytest.mark.parametrize("mode", ["auto", "abi"])
def test_the_loaders_path_may_hold_a_name_that_is_no_text(
    mode: str, copies: Path, tmp_path: Path
) -> None:
    folder = install(copies, Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")))
    assert all_in(loaded(FFWEBCODECS_FFI=mode, LD_LIBRARY_PATH=str(folder))[1], folder)


@pytest.mark.parametrize("mode", ["auto", "abi"])
@pytest.mark.parametrize(
    ("variable", "prefix", "inner"),
    [
        ("CONDA_PREFIX", "miniconda3/envs/video", "lib"),
        ("HOMEBREW_PREFIX", "home/linuxbrew/.linuxbrew", "lib"),
        ("HOMEBREW_PREFIX", "home/linuxbrew/.linuxbrew", "opt/ffmpeg@5/lib"),
        ("NIX_PROFILES", "nix/var/nix/profiles/default", "lib"),
        ("NIX_LD_LIBRARY_PATH", "nix/store/0c5v-ffmpeg-5.1-lib/lib", ""),
        ("SNAP", "snap/player/12", f"usr/lib/{TRIPLET}"),
        ("HOME", "home/user", ".nix-profile/lib"),
    ],
)
def test_a_package_managers_prefix_is_found(
    variable: str, prefix: str, inner: str, mode: str, copies: Path, tmp_path: Path
) -> None:
    folder = install(copies, tmp_path / prefix / inner)
    env = {variable: str(tmp_path / prefix), "FFWEBCODECS_FFI": mode, "PATH": str(tmp_path)}
    got, paths, _ = loaded(WITHOUT_THE_SYSTEM + REPORT, **env)
    assert all_in(paths, folder)
    assert got == ("api" if mode == "auto" and OURS in ffi_helpers.built_majors() else "abi")


@pytest.mark.parametrize("kind", ["what it was linked to", "the lib beside its bin", "$ORIGIN"])
def test_the_libraries_of_the_program_on_path_are_found(
    kind: str, copies: Path, tmp_path: Path
) -> None:
    store = tmp_path / "nix" / "store"
    program = store / "1a2b-ffmpeg-5.1-bin" / "bin" / "ffmpeg"
    program.parent.mkdir(parents=True)
    inner = "lib" if kind == "the lib beside its bin" else "private"
    folder = install(copies, program.parents[1] / inner)
    rpath = {"what it was linked to": str(folder), "$ORIGIN": "$ORIGIN/../private"}.get(kind)
    source = tmp_path / "program.c"
    source.write_text("int main(void) { return 0; }")
    flags = ["-pie", "-fPIE", f"-Wl,-rpath,{rpath}"] if rpath else []
    assert (
        os.spawnlp(os.P_WAIT, compiler(), compiler(), "-o", str(program), str(source), *flags) == 0
    )
    profile = tmp_path / "profile" / "bin"
    profile.mkdir(parents=True)
    (profile / "ffmpeg").symlink_to(program)
    _, paths, _ = loaded(WITHOUT_THE_SYSTEM + REPORT, PATH=str(profile), HOME=str(tmp_path))
    assert all_in(paths, folder)


def test_condas_own_python_takes_condas_libraries_before_the_systems(
    copies: Path, tmp_path: Path
) -> None:
    folder = install(copies, tmp_path / "lib")
    (tmp_path / "conda-meta").mkdir()
    code = f"import sys; sys.prefix = {str(tmp_path)!r}\n" + REPORT
    for mode in ("auto", "abi"):
        assert all_in(loaded(code, FFWEBCODECS_FFI=mode)[1], folder)


def test_a_broken_set_in_one_place_does_not_hide_the_next(copies: Path, tmp_path: Path) -> None:
    broken = install(copies, tmp_path / "conda" / "lib")
    path = broken / soname("avcodec")
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])
    for full in broken.glob("libavcodec.so.*.*"):
        full.unlink()
    good = install(copies, tmp_path / "brew" / "lib")
    env = {"CONDA_PREFIX": str(broken.parent), "HOMEBREW_PREFIX": str(good.parent)}
    _, paths, problems = loaded(WITHOUT_THE_SYSTEM + REPORT, PATH=str(tmp_path), **env)
    assert all_in(paths, good)
    assert any(f"{path} is cut short" in problem for problem in problems)


def test_when_nothing_is_found_the_message_says_what_to_install(tmp_path: Path) -> None:
    code = (
        WITHOUT_THE_SYSTEM
        + """
_load._places.of_the_loader = list
try:
    print(_load.load())
except _load.FFmpegLoadError as error:
    print(error)
"""
    )
    message = run_python(code, PATH=str(tmp_path), HOME=str(tmp_path), FFWEBCODECS_FFI="abi")
    assert "no libavutil, libavcodec and libswscale of FFmpeg" in message
    assert "apt install" in message
    assert "FFWEBCODECS_LIBRARY_PATH" in message
