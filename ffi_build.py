"""Build both FFI modes from the declarations in headers/.

One text drives both. The renderer drops the lines whose version gate does not hold, then

* API mode compiles the rest against the installed headers, as ``ffwebcodecs/_ffi/_apiNN`` (NN: the
  major version of libavutil; an extension for another major is simply not chosen at run time), and
  libavformat's functions apart as ``_apiNN_format``, so that the package works without libavformat;
* ABI mode completes the structs with the offsets recorded in headers/layouts/ and writes them,
  parsed, for every FFmpeg major we know, as one module ``ffwebcodecs/_ffi/_abi.py``
  (`ffi_tables.py`);
* both have a struct of function pointers for each library that is opened only when it is needed.

Beside them `ffi_pump.c`, whose parts are in `pump/`, is compiled as ``ffwebcodecs/_ffi/_pump``, for
both modes and every FFmpeg: it needs none of its headers.

Type checkers read the structs of all versions in ``ffwebcodecs/_ffi/_types.pyi`` (`ffi_types.py`),
which is committed.

Run ``python ffi_build.py`` to build in place. ``FFWEBCODECS_BUILD=api`` makes a failing extension
an error, ``FFWEBCODECS_BUILD=abi`` never compiles, ``FFWEBCODECS_BUILD=pump`` compiles the pump
alone and makes its failure an error. ``tools/layouts.py`` records the layout of another FFmpeg.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
HEADERS = ROOT / "headers"
LAYOUTS = HEADERS / "layouts"
PACKAGE = ROOT / "ffwebcodecs" / "_ffi"
PUMP = "ffwebcodecs._ffi._pump"
CORE = ("avutil", "avcodec", "swscale")
LIBRARIES = (*CORE, "avformat")
MODES = ("auto", "api", "abi", "pump")
BESIDE = ("swresample", "avfilter")  # opened when they are needed, by their functions' addresses
ANY_MINOR = 9999
Versions = dict[str, tuple[int, int]]

GATE = re.compile(r"(\w+)(<|>=)(\d+)(?:\.(\d+))?$")
STRUCT = re.compile(r"typedef struct (\w+) \{\n(.*?)\n\} \1;", re.DOTALL)
CONSTANT = re.compile(r"#define (\w+) \.\.\.\n")

INCLUDES = {
    "avutil": (
        "avutil", "buffer", "channel_layout", "cpu", "dict", "display", "error", "frame",
        "hwcontext", "imgutils", "log", "mathematics", "mem", "opt", "pixdesc", "rational",
        "version",
    ),
    "avcodec": ("avcodec", "bsf", "version"),
    "swscale": ("swscale", "version"),
    "avformat": ("avformat", "avio", "version"),
}  # fmt: skip


def gate_holds(gate: str, versions: Versions) -> bool:
    """Tell whether a line with this gate belongs to these library versions."""
    for condition in gate.split():
        match = GATE.match(condition)
        if match is None or match[1] not in LIBRARIES:
            raise ValueError(f"cannot read the version gate {gate!r}")
        if match[1] not in versions:
            return False
        wanted = (int(match[3]), int(match[4] or 0))
        if (versions[match[1]] >= wanted) != (match[2] == ">="):
            return False
    return True


def render(library: str, versions: Versions) -> tuple[str, str]:
    """Return one header's types and numbers, and its functions, as these versions have them."""
    text = (HEADERS / f"{library}.h").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        code, _, gate = line.partition("//@")
        if gate.strip() == "functions":
            parts.append([])
        elif not gate or gate_holds(gate.strip(), versions):
            parts[-1].append(code.rstrip())
    texts = ["\n".join(lines) + "\n" for lines in parts]
    return texts[0], "".join(texts[1:])


def beside(versions: Versions) -> str:
    """Return the declarations of the libraries beside the others: their types, and for each a
    struct ``ffwc_NAME`` whose fields are pointers to its functions. Neither mode needs the library
    or its headers for that.
    """
    texts = []
    for library in BESIDE:
        types: list[str] = []
        fields: list[str] = []
        for line in render(library, versions)[0].splitlines():
            if "(" in line:
                fields.append(re.sub(r"(\w+)\(", r"(*\1)(", line, count=1))
            elif line:
                types.append(line)
        name = f"ffwc_{library}"
        body = "".join(f"    {field}\n" for field in fields)
        texts += [*types, f"typedef struct {name} {{\n{body}}} {name};"]
    return "\n".join(texts) + "\n"


def field_name(declaration: str) -> str:
    """Return the name that one line of a struct declares."""
    match = re.search(r"\(\*(\w+)\)\(", declaration) or re.search(
        r"(\w+)\s*(?:\[\w+\])?;$", declaration.strip()
    )
    if match is None:
        raise ValueError(f"cannot find the field name in {declaration!r}")
    return match[1]


def struct_fields(body: str) -> dict[str, str]:
    """Return the fields of a rendered struct body, name to declaration."""
    lines = (line.strip() for line in body.splitlines())
    return {field_name(line): line for line in lines if line and line != "...;"}


# --- ABI mode -------------------------------------------------------------------------------


def complete_struct(name: str, body: str, layout: dict[str, Any]) -> str:
    """Write a struct with every declared field at its recorded offset, padding between them."""
    known = layout["structs"][name]
    fields = struct_fields(body)
    lines, end = [], 0
    for field, (offset, size) in sorted(known["fields"].items(), key=lambda item: item[1][0]):
        if field not in fields:
            continue
        if offset > end:
            lines.append(f"char _pad{end}[{offset - end}];")
        lines.append(fields[field])
        end = offset + size
    if known["size"] > end:
        lines.append(f"char _pad{end}[{known['size'] - end}];")
    inner = "\n    ".join(lines)
    return f"typedef struct {name} {{\n    {inner}\n}} {name};"


def of_llp64(layout: dict[str, Any]) -> dict[str, Any]:
    """Return a layout table as it is where a long has 32 bits: on Windows."""
    return {**layout, "structs": {**layout["structs"], **layout["llp64"]}}


def abi_declarations(layout: dict[str, Any], *, functions: bool = True) -> str:
    """Return complete declarations for the FFmpeg major of a layout table.

    One table serves all minor versions of its major: a function of a later minor stays
    declared, and looking it up says whether this library has it. Without `functions` they are its
    types alone, which is half of the parser's work.
    """
    versions = {key[3:]: (value[0], ANY_MINOR) for key, value in layout["versions"].items()}
    consts = layout["consts"]
    import ffi_c

    texts = [ffi_c.DLADDR]
    for library in LIBRARIES:
        text = "".join(render(library, versions)[: 2 if functions else 1]).replace(", ... }", " }")
        text = STRUCT.sub(lambda match: complete_struct(match[1], match[2], layout), text)
        text = CONSTANT.sub(
            lambda match: f"#define {match[1]} {consts[match[1]]}\n" if match[1] in consts else "",
            text,
        )
        texts.append(text)
    return "\n".join([*texts, beside(versions)] if functions else texts)


def load_layouts() -> dict[int, dict[str, Any]]:
    """Return the recorded layouts by libavutil major."""
    tables = (json.loads(path.read_text(encoding="utf-8")) for path in LAYOUTS.glob("*.json"))
    return {table["versions"]["libavutil"][0]: table for table in tables}


def abi_builder(major: int, layout: dict[str, Any], *, functions: bool = True) -> Any:
    """Return cffi's builder with the declarations of a recorded major."""
    from cffi import FFI

    builder = FFI()
    builder.set_source(f"ffwebcodecs._ffi._abi{major}", None)
    builder.cdef(abi_declarations(layout, functions=functions))
    return builder


def abi_text() -> str:
    """Return the text of _abi.py: the declarations of every recorded major, parsed and merged."""
    import ffi_tables

    def major(number: int, layout: dict[str, Any], functions: bool) -> ffi_tables.Major:
        builder = abi_builder(number, layout, functions=functions)
        return ffi_tables.Major(ffi_tables.parsed(builder))

    layouts = sorted(load_layouts().items())
    everywhere = {number: major(number, layout, True) for number, layout in layouts}
    windows = {number: major(number, of_llp64(layout), False) for number, layout in layouts}
    return ffi_tables.write_module(everywhere, windows)


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all; it is only touched when its text changes."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    print(f"writing {path}")
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def build_abi(root: Path = ROOT) -> None:
    """Write _abi.py, in the package below this folder."""
    write(root / PACKAGE.relative_to(ROOT) / "_abi.py", abi_text())


# --- for type checkers ----------------------------------------------------------------------


def types_text() -> str:
    """Return the text of _types.pyi: the structs of all headers."""
    import ffi_types

    paths = [HEADERS / f"{library}.h" for library in (*LIBRARIES, *BESIDE)]
    return ffi_types.stub(path.read_text(encoding="utf-8") for path in paths)


def build_types() -> None:
    """Write _types.pyi."""
    write(PACKAGE / "_types.pyi", types_text())


# --- API mode -------------------------------------------------------------------------------


class Installed:
    """The headers of one installed FFmpeg: versions, and the compiler's arguments."""

    def __init__(self, versions: Versions, include: list[str], lib: list[str]) -> None:
        self.versions = versions
        self.include_dirs = include
        self.library_dirs = lib


def read_version(folder: Path, library: str) -> tuple[int, int] | None:
    """Read a library's version from its headers in this include folder."""
    text = ""
    for name in ("version_major.h", "version.h"):
        path = folder / f"lib{library}" / name
        if path.is_file():
            text += path.read_text(encoding="utf-8", errors="replace")
    found = [
        re.search(rf"define\s+LIB{library.upper()}_VERSION_{part}\s+(\d+)", text)
        for part in ("MAJOR", "MINOR")
    ]
    if found[0] is None or found[1] is None:
        return None
    return int(found[0][1]), int(found[1][1])


def pkg_config(flag: str, library: str) -> list[str]:
    """Return the folders that pkg-config names, without their -I or -L."""
    command = [os.environ.get("PKG_CONFIG", "pkg-config"), flag, f"lib{library}"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [word[2:] for word in output.split() if word[:2] in ("-I", "-L")]


def usual_folders() -> list[str]:
    """Return where compilers look for headers, and where FFmpeg's are often put."""
    arch = sysconfig.get_config_var("MULTIARCH") or ""
    folders = ["/usr/local/include", f"/usr/include/{arch}", "/usr/include", "/usr/include/ffmpeg"]
    return [*folders, "/opt/homebrew/include", os.path.join(sys.prefix, "include")]


def find_headers() -> Installed | None:
    """Find FFmpeg's headers: pkg-config's folders, then the usual ones."""
    include, lib = pkg_config("--cflags-only-I", "avcodec"), pkg_config("--libs-only-L", "avcodec")
    for folder in [*include, *usual_folders()]:
        versions: Versions = {}
        for library in LIBRARIES:
            version = read_version(Path(folder), library)
            if version is not None:
                versions[library] = version
        if all(library in versions for library in CORE):
            if folder not in include:
                lib = [folder.replace("include", "lib", 1), *lib]
            return Installed(versions, [folder], lib)
    return None


def api_names(versions: Versions) -> list[str]:
    """Return the names of the extension and, where it can be, of its libavformat part."""
    name = f"ffwebcodecs._ffi._api{versions['avutil'][0]}"
    return [name, f"{name}_format"] if "avformat" in versions else [name]


def api_builders(installed: Installed) -> list[Any]:
    """Return the cffi builders of the extension and, where it can be, of its libavformat part."""
    from cffi import FFI

    import ffi_c

    versions = installed.versions
    with_format = "avformat" in versions
    source = [f"#include <lib{lib}/{h}.h>" for lib in CORE for h in INCLUDES[lib]]
    if with_format:
        source += [f"#include <libavformat/{h}.h>" for h in INCLUDES["avformat"]]
    options: dict[str, Any] = {
        "include_dirs": installed.include_dirs,
        "library_dirs": installed.library_dirs,
        "define_macros": [("_GNU_SOURCE", None)],
        "extra_compile_args": []
        if os.name == "nt"
        else ["-Wno-deprecated-declarations", "-O2", "-g0"],
    }
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        options["define_macros"].append(("_CFFI_NO_LIMITED_API", None))
    else:
        options["define_macros"].append(("Py_LIMITED_API", "0x030A0000"))
        options["py_limited_api"] = True

    core = FFI()
    name = api_names(versions)[0]
    for library in LIBRARIES if with_format else CORE:
        types, functions = render(library, versions)
        core.cdef(types + (functions if library != "avformat" else ""))
    core.cdef(beside(versions))
    core.cdef("#define LIBAVUTIL_VERSION_INT ...\n#define LIBAVCODEC_VERSION_INT ...\n")
    core.cdef("#define LIBSWSCALE_VERSION_INT ...\nconst char *ffwc_library_path(int library);\n")
    core.cdef(ffi_c.CALLBACKS)
    core.cdef("void ffwc_release_until_exit(void *opaque, uint8_t *data);")
    core.cdef("void ffwc_log_keep(void);\nuint64_t ffwc_log_count(void);")
    core.cdef("int ffwc_log_since(uint64_t since, uint64_t thread, char *buffer, int size);")
    core.cdef(ffi_c.SAMPLES_CDEF)
    if with_format:
        core.cdef(
            'extern "Python" int ffwc_io_open(AVFormatContext *s, AVIOContext **pb, '
            "const char *url, int flags, AVDictionary **options);"
        )
    text = "#include <stdarg.h>\n#include <string.h>\n" + "\n".join(source)
    text += "\n" + beside(versions) + ffi_c.PATH_OF
    core_c = ffi_c.CORE_PATH + ffi_c.RELEASE + ffi_c.LOG + ffi_c.SAMPLES
    core.set_source(name, text + core_c, libraries=list(CORE), **options)
    if not with_format:
        return [core]

    extra = FFI()
    extra.include(core)
    extra.cdef(render("avformat", versions)[1])
    extra.cdef("#define LIBAVFORMAT_VERSION_INT ...\nconst char *ffwc_format_path(void);\n")
    extra.cdef(
        "int ffwc_scan(AVFormatContext *context, AVPacket *packet, int stream, int stops, "
        "int count, int64_t bytes, int64_t *rows, uint8_t *heads, uint8_t *keys, "
        "AVCodecParserContext *parser, AVCodecContext *codec, int32_t *orders, int *code);"
    )
    text += ffi_c.FORMAT_PATH + ffi_c.SCAN
    extra.set_source(api_names(versions)[1], text, libraries=["avformat"], **options)
    return [core, extra]


def wish() -> str:
    """Return what FFWEBCODECS_BUILD asks for."""
    mode = os.environ.get("FFWEBCODECS_BUILD", "auto")
    if mode not in MODES:
        raise SystemExit(f"FFWEBCODECS_BUILD is {mode!r}; it may be {', '.join(MODES)}")
    return mode


def must_compile() -> bool:
    """Tell whether an extension that cannot be built is an error."""
    return wish() in ("api", "pump")


def api_extensions(folder: Path | None = None) -> list[Any]:
    """Return API mode's extensions: none where FFmpeg's headers or the wish are missing.

    Their C is written into `folder`. Without it they are only named: cffi takes a second to write.
    """
    mode = wish()
    if mode in ("abi", "pump"):
        return []
    installed = find_headers()
    if installed is None:
        message = "FFmpeg's headers (libavutil, libavcodec, libswscale) were not found"
        if mode == "api":
            raise SystemExit(f"FFWEBCODECS_BUILD=api: {message}")
        print(f"{message}: no extension is built, ABI mode will be used", file=sys.stderr)
        return []
    if folder is None:
        from setuptools import Extension

        abi3 = not sysconfig.get_config_var("Py_GIL_DISABLED")
        names = api_names(installed.versions)
        return [Extension(name, [], py_limited_api=abi3) for name in names]
    folder.mkdir(parents=True, exist_ok=True)
    return [builder.distutils_extension(str(folder)) for builder in api_builders(installed)]


def pump_extensions() -> list[Any]:
    """Return the pump, none where it is not wanted or Python runs without its GIL."""
    from setuptools import Extension

    if wish() == "abi" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return []
    os.chdir(ROOT)  # setuptools wants sources relative to the project
    return [
        Extension(
            PUMP,
            ["ffi_pump.c"],  # it includes those of pump/
            define_macros=[("Py_LIMITED_API", "0x030A0000")],
            py_limited_api=True,
            extra_compile_args=[] if os.name == "nt" else ["-O2", "-g0"],
        )
    ]


def extensions(folder: Path | None = None) -> list[Any]:
    """Return all extensions to build; what of their C is written first goes into `folder`."""
    return [*api_extensions(folder), *pump_extensions()]


def main() -> None:
    """Build in place."""
    build_types()
    build_abi()
    # A program of its own, for it imports this module.
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
