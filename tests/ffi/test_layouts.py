"""The recorded layouts agree with the headers, with the compiler, and with the library in hand."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import ffi_helpers
import pytest
from library_shim import compiler

pytestmark = pytest.mark.once

ffi_build: Any = ffi_helpers.build_script("ffi_build")
layouts: Any = ffi_helpers.build_script("layouts", "tools")
TABLES = sorted(ffi_build.load_layouts())


def declared(major: int) -> dict[str, list[str]]:
    """Return the fields that headers/ declares for a recorded FFmpeg, by struct."""
    layout = ffi_build.load_layouts()[major]
    versions = {name[3:]: tuple(value[:2]) for name, value in layout["versions"].items()}
    text = "".join("".join(ffi_build.render(library, versions)) for library in ffi_build.LIBRARIES)
    return {
        match[1]: list(ffi_build.struct_fields(match[2]))
        for match in ffi_build.STRUCT.finditer(text)
    }


@pytest.fixture(scope="module")
def compiled() -> tuple[Any, Any]:
    """Give the extension and the ABI module of one FFmpeg major."""
    majors = ffi_helpers.built_majors()
    if not majors:
        pytest.skip("no extension was built, so there is no compiler's word to compare with")
    try:
        extension = ffi_helpers.module(f"_api{majors[0]}")
    except ImportError as error:
        pytest.skip(f"the extension does not load: {error}")
    return extension, ffi_helpers.module("_tables").module(majors[0])


def test_there_is_a_table_for_every_known_release() -> None:
    from ffwebcodecs._ffi import _beside, _find

    assert sorted(_find.KNOWN) == TABLES
    for key, layout in ffi_build.load_layouts().items():
        majors = {name[3:]: value[0] for name, value in layout["versions"].items()}
        assert majors.pop("swresample") == _beside.LIBRARIES["swresample"].majors[key]
        assert majors == _find.KNOWN[key].majors


@pytest.mark.parametrize("major", TABLES)
def test_every_declared_field_has_a_recorded_place(major: int) -> None:
    structs = ffi_build.load_layouts()[major]["structs"]
    for struct, fields in declared(major).items():
        assert set(fields) <= set(structs[struct]["fields"]), struct


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("major", TABLES)
def test_abi_module_has_every_field_where_the_table_says(major: int, windows: bool) -> None:
    ffi = ffi_helpers.module("_tables")._make("ffi", major, windows)
    layout = ffi_build.load_layouts()[major]
    structs = (ffi_build.of_llp64(layout) if windows else layout)["structs"]
    for struct, fields in declared(major).items():
        assert ffi.sizeof(struct) == structs[struct]["size"]
        types = {name: field.type for name, field in ffi.typeof(struct).fields}
        for field in fields:
            place = [ffi.offsetof(struct, field), ffi.sizeof(types[field])]
            assert place == structs[struct]["fields"][field], (struct, field)


def test_abi_offsets_and_sizes_equal_the_compilers(compiled: tuple[Any, Any]) -> None:
    extension, abi = compiled
    count = 0
    for struct in declared(ffi_helpers.built_majors()[0]):
        ours = {n: f for n, f in abi.ffi.typeof(struct).fields if not n.startswith("_pad")}
        theirs = dict(extension.ffi.typeof(struct).fields)
        assert set(ours) == set(theirs), struct
        for field in theirs:
            assert ours[field].offset == theirs[field].offset, (struct, field)
            assert abi.ffi.sizeof(ours[field].type) == extension.ffi.sizeof(theirs[field].type)
            assert ours[field].type.cname == theirs[field].type.cname, (struct, field)
            count += 1
    assert count > 200


def test_what_differs_on_windows_is_recorded_as_the_compiler_has_it() -> None:
    installed = ffi_build.find_headers()
    if installed is None or "avformat" not in installed.versions:
        pytest.skip("FFmpeg's headers are not here")
    layout = ffi_build.load_layouts()[installed.versions["avutil"][0]]
    include = Path(installed.include_dirs[0])
    structs, numbers = layouts.tabled(layouts.measure_llp64(include, installed.versions))
    assert numbers == layout["consts"]
    assert structs == ffi_build.of_llp64(layout)["structs"]
    assert structs["AVIOContext"] != layout["structs"]["AVIOContext"]


def test_abi_numbers_equal_the_compilers(compiled: tuple[Any, Any]) -> None:
    extension, _ = compiled
    consts = ffi_build.load_layouts()[ffi_helpers.built_majors()[0]]["consts"]
    there = {name: getattr(extension.lib, name) for name in consts}
    assert there == consts


def test_the_functions_of_libswresample_are_as_in_its_header(tmp_path: Path) -> None:
    installed = ffi_build.find_headers()
    if installed is None or not ffi_build.read_version(
        Path(installed.include_dirs[0]), "swresample"
    ):
        pytest.skip("libswresample's headers are not here")
    types, _, table = ffi_build.beside(installed.versions).partition("typedef struct ffwc_")
    table = f"typedef struct ffwc_{table.partition('typedef')[0]}"
    names = ffi_build.struct_fields(ffi_build.STRUCT.search(table)[2])
    lines = ["#include <libswresample/swresample.h>", types, table]
    lines.append("ffwc_swresample all = {" + "".join(f".{name} = {name}," for name in names) + "};")
    source = tmp_path / "functions.c"
    source.write_text("\n".join(lines))
    command = [
        compiler(),
        "-c",
        "-Werror=incompatible-pointer-types",
        "-Wno-deprecated-declarations",
    ]
    command += [f"-I{installed.include_dirs[0]}", str(source), "-o", str(tmp_path / "functions.o")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(names) > 12


WITH_TABLE = """
import json
from ffwebcodecs._ffi import _find, _open, _selftest, _tables
from ffwebcodecs._ffi._load import load
files = load().files
ffi = _tables.module({table}).ffi
libs = {{name: _open.open_file(ffi, path) for name, path in files.paths.items()}}
core = _selftest.check(ffi, libs)
whole = _selftest.check_avformat(ffi, libs, libs["avformat"]) if not core or {force} else []
print(json.dumps([files.release.key, core, whole]))
"""


@pytest.mark.parametrize("table", TABLES)
def test_selftest_accepts_this_ffmpegs_table_and_no_other(table: int) -> None:
    out = ffi_helpers.run_python(WITH_TABLE.format(table=table, force=False))
    here, core, whole = json.loads(out)
    if table == here:
        assert core == []
        assert whole == []
    else:
        assert core != []


@pytest.mark.parametrize("table", TABLES)
def test_avformat_selftest_never_crashes_with_a_wrong_table(table: int) -> None:
    # the core check refuses first; libavformat's own structs are the same in some releases
    out = ffi_helpers.run_python(WITH_TABLE.format(table=table, force=True))
    here, _, whole = json.loads(out)
    assert whole == [] or table != here
