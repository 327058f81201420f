"""libavfilter: that of the set in use or none, and what to install where it is missing."""

from __future__ import annotations

from pathlib import Path

import ffi_helpers
import pytest
from ffi_helpers import run_python
from library_shim import build, here, link, renamed

from ffwebcodecs import _ffi
from ffwebcodecs._ffi import _elf
from ffwebcodecs._ffi._filters import FUNCTIONS, MAJORS, install_filters_hint
from ffwebcodecs._ffi._find import RELEASES

MAJOR = MAJORS[_ffi.version("avutil")[0]]
NAME = f"libavfilter.so.{MAJOR}"
pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not _elf.is_elf_platform(), reason="the cases are made of ELF libraries"),
    ffi_helpers.needs_the_systems,
]
PROGRAM = """
import ffwebcodecs
from ffwebcodecs import _ffi
for _ in range(2):
    try:
        ffwebcodecs.transcode("absent.mp4", "out.mp4", deinterlace=True)
    except ffwebcodecs.FFmpegLoadError as error:
        print(str(error).replace("\\n", " "))
    except OSError:
        print("loaded", _ffi.load().avfilter[0])
"""


def said(folder: Path, mode: str = "abi") -> str:
    """Return what is said when something is to be deinterlaced, which is the same again."""
    lines = run_python(
        PROGRAM, FFWEBCODECS_FFI=mode, FFWEBCODECS_LIBRARY_PATH=str(folder)
    ).splitlines()
    assert len(lines) == 2 and lines[0] == lines[1]
    return lines[0]


def ours() -> Path:
    """Return this machine's libavfilter."""
    path = here()["avcodec"].parent / NAME
    if not path.exists():
        pytest.skip(f"there is no {NAME} beside the other libraries")
    return path


@pytest.mark.parametrize("mode", ["api", "abi"])
def test_missing_one_is_told_with_what_to_install(mode: str, tmp_path: Path) -> None:
    # There is one of the system's, but it belongs to another set.
    told = said(link(tmp_path), mode)
    assert "is needed to deinterlace and could not be loaded" in told
    assert f"{NAME} is not in {tmp_path}" in told
    assert f"apt install libavfilter{MAJOR} " in told
    assert "conda install" in told and "brew install" in told


@pytest.mark.parametrize("mode", ["api", "abi"])
def test_the_one_beside_the_others_is_taken(mode: str, tmp_path: Path) -> None:
    link(tmp_path)
    (tmp_path / NAME).symlink_to(ours())
    assert said(tmp_path, mode) == f"loaded {tmp_path / NAME}"


def test_one_that_is_none_or_cut_short_is_refused(tmp_path: Path) -> None:
    build(link(tmp_path) / NAME, "unsigned avfilter_version(void) { return 0; }")
    assert f"{tmp_path / NAME} is no libavfilter of FFmpeg" in said(tmp_path)
    (tmp_path / NAME).write_bytes(ours().read_bytes()[:100_000])
    assert "is cut short" in said(tmp_path)


def test_one_of_another_release_or_set_is_refused(tmp_path: Path) -> None:
    others = [name for name in FUNCTIONS if name != "avfilter_version"]
    rest = "".join(f"void {name}(void) {{}}\n" for name in others)
    for number, told in ((MAJOR + 1, f"has major {MAJOR}"), (MAJOR, "uses another libavutil")):
        folder = link(tmp_path / str(number))
        version = f"unsigned avfilter_version(void) {{ return {number << 16}u; }}\n"
        build(folder / NAME, version + rest, renamed("avutil"))
        assert told in said(folder)


def test_each_release_has_its_libavfilter() -> None:
    assert sorted(MAJORS) == sorted(release.key for release in RELEASES)
    for key, major in MAJORS.items():
        assert f"apt install libavfilter{major}\n" in install_filters_hint(key, {"debian"})
    assert install_filters_hint(57, {"fedora"}).splitlines()[1].split(":")[0].strip() == "Fedora"
