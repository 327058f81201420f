"""The self-test finds every field of a layout that lies elsewhere, and passes the right one."""

from __future__ import annotations

import random

import ffi_helpers
import layout_fuzz
import pytest
from ffi_helpers import run_python
from suite import count, part

from ffwebcodecs import _ffi
from ffwebcodecs._ffi import _elf
from ffwebcodecs._ffi._find import KNOWN, system_set

OURS = _ffi.version("avutil")[0]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _elf.is_elf_platform(), reason="the cases are made of ELF libraries"),
    ffi_helpers.needs_the_systems,
]


@pytest.mark.once
@pytest.mark.parametrize("table", [key for key in KNOWN if key != OURS])
def test_the_layout_of_another_major_fails_the_self_test(table: int) -> None:
    code = f"""
from ffwebcodecs._ffi import _open, _selftest
from ffwebcodecs._ffi._find import CORE, KNOWN, LibrarySet, system_set
files = system_set(KNOWN[{OURS}])
files = LibrarySet(KNOWN[{table}], files.paths, None)
ffi = _open.abi_module(files.release).ffi
libs = _open.open_set(ffi, files, CORE)
print(len(_selftest.check(ffi, libs)))
"""
    assert int(run_python(code)) > 0


@pytest.mark.once
def test_the_right_layout_passes_the_self_test() -> None:
    code = f"""
from ffwebcodecs._ffi import _open, _selftest
from ffwebcodecs._ffi._find import CORE, KNOWN, system_set
files = system_set(KNOWN[{OURS}])
ffi = _open.abi_module(files.release).ffi
libs = _open.open_set(ffi, files, CORE)
lib = _open.open_set(ffi, files, ("avformat",))["avformat"]
print(_selftest.check(ffi, libs), _selftest.check_avformat(ffi, libs, lib))
"""
    assert run_python(code) == "[] []"


@pytest.mark.sweep
def test_a_layout_with_one_field_elsewhere_fails_the_self_test() -> None:
    if _ffi.load().mode == "api":
        pytest.skip("the layouts are ABI mode's; this is run there")
    layout = layout_fuzz.ffi_build.load_layouts()[OURS]
    files = system_set(KNOWN[OURS])
    assert layout_fuzz.failures(layout_fuzz.declare(layout), files) == []
    pick, wrong, caught = random.Random(1), [], 0
    cases = [
        (owner, field, pick.choice(layout_fuzz.SHIFTS))
        for owner, field in layout_fuzz.fields(layout)
        if not layout_fuzz.excused(owner, field)
    ]
    for owner, field, shift in part(cases, 1 / 5):
        found = layout_fuzz.judge(layout, owner, field, shift, files)
        caught += found == "caught"
        if found not in ("caught", "same"):
            wrong.append(f"{owner}.{field} {shift:+}: {found}")
    assert caught > count(50, 1 / 5)
    assert wrong == []
