"""Record where the C compiler puts every declared field of one FFmpeg: headers/layouts/.

``python tools/layouts.py --include DIR`` (``make layouts INCLUDE=DIR``). A probe with the
declarations of headers/ is compiled against DIR and run; it prints offsets, sizes and numbers.
Every FFmpeg header must come from DIR: a compiler silently takes what DIR lacks from /usr/include,
and a table of two releases is a crash.

On Windows a long has 32 bits ("LLP64"). So the same is done with headers in which every long is an
int, and the structs that differ are recorded too. Nothing else that FFmpeg's headers use depends on
the system, as long as pointers have 64 bits.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import ffi_build

LIBS = ffi_build.LIBRARIES
LONG = re.compile(r"(?<!long )\blong\b(?! long| double)")
NUMBER = re.compile(r"#define (\w+) \.\.\.")


def compiler() -> list[str]:
    """Return the C compiler's command."""
    return shlex.split(os.environ.get("CC", "cc"))


def probe_source(versions: ffi_build.Versions) -> str:
    """Return a C program that prints the layout of everything we declare, a line each."""
    lines = ["#include <stddef.h>", "#include <stdio.h>"]
    for library in ffi_build.LIBRARIES:
        lines += [f"#include <lib{library}/{name}.h>" for name in ffi_build.INCLUDES[library]]
    lines += ["int main(void)", "{"]
    for library in ffi_build.LIBRARIES:
        text = "".join(ffi_build.render(library, versions))
        for struct in ffi_build.STRUCT.finditer(text):
            name = struct[1]
            lines.append(f'printf("struct {name} %zu\\n", sizeof({name}));')
            for field in ffi_build.struct_fields(struct[2]):
                where = f"offsetof({name}, {field}), sizeof((({name} *)0)->{field})"
                lines.append(f'printf("field {name} {field} %zu %zu\\n", {where});')
        for constant in NUMBER.finditer(text):
            value = f"(long long)({constant[1]})"
            lines.append(f'printf("const {constant[1]} %lld\\n", {value});')
    return "\n".join([*lines, "return 0;", "}", ""])


def strangers(source: Path, include: Path) -> list[str]:
    """Return the FFmpeg headers that the compiler would take from somewhere else."""
    command = [*compiler(), "-I", str(include), "-M", str(source)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    headers = [word for word in output.replace("\\\n", " ").split() if word.endswith(".h")]
    ours = [word for word in headers if re.search(r"/lib(av|sw)\w+/\w+\.h$", word)]
    return [word for word in ours if include.resolve() not in Path(word).resolve().parents]


def measure(include: Path, versions: ffi_build.Versions) -> list[list[str]]:
    """Compile and run the probe; returns its lines, split."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "probe.c"), Path(folder, "probe")
        source.write_text(probe_source(versions), encoding="utf-8")
        foreign = strangers(source, include)
        if foreign:
            raise SystemExit(f"{include} is not complete, these come from elsewhere: {foreign}")
        command = [*compiler(), "-w", "-I", str(include), str(source), "-o", str(program)]
        subprocess.run(command, check=True)
        output = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in output.splitlines()]


def measure_llp64(include: Path, versions: ffi_build.Versions) -> list[list[str]]:
    """Do the same with a long of 32 bits, as Windows has it."""
    with tempfile.TemporaryDirectory() as folder:
        for library in (*LIBS, "swresample"):
            if (include / f"lib{library}").is_dir():
                shutil.copytree(include / f"lib{library}", Path(folder, f"lib{library}"))
        for header in Path(folder).rglob("*.h"):
            text = header.read_text(encoding="utf-8", errors="surrogateescape")
            text = LONG.sub("int", text)
            header.write_text(text, encoding="utf-8", errors="surrogateescape")
        return measure(Path(folder), versions)


def tabled(lines: list[list[str]]) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the structs and the numbers of what was measured."""
    structs: dict[str, Any] = {}
    numbers: dict[str, int] = {}
    for words in lines:
        if words[0] == "struct":
            structs[words[1]] = {"size": int(words[2]), "fields": {}}
        elif words[0] == "field":
            structs[words[1]]["fields"][words[2]] = [int(words[3]), int(words[4])]
        else:
            numbers[words[1]] = int(words[2])
    return structs, numbers


def release_name(include: Path) -> str:
    """Read the release from libavutil/ffversion.h."""
    path = include / "libavutil" / "ffversion.h"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    match = re.search(r'FFMPEG_VERSION "n?(\d+\.\d+)', text)
    if match is None:
        raise SystemExit(f"{path} does not say the release: give --name X.Y")
    return match[1]


def full_version(include: Path, library: str) -> list[int]:
    """Read major, minor and micro of a library."""
    version = ffi_build.read_version(include, library)
    text = (include / f"lib{library}" / "version.h").read_text(encoding="utf-8")
    micro = re.search(rf"define\s+LIB{library.upper()}_VERSION_MICRO\s+(\d+)", text)
    if version is None or micro is None:
        raise SystemExit(f"{include} has no readable lib{library}/version.h")
    return [*version, int(micro[1])]


def dump(table: dict[str, Any]) -> str:
    """Write a table so that a difference between two is a short diff."""
    parts = [f'{{\n"versions": {json.dumps(table["versions"])},\n"structs": {{']
    consts = ",\n".join(f"{json.dumps(key)}: {value}" for key, value in table["consts"].items())
    parts += [dump_structs(table["structs"]), '},\n"llp64": {', dump_structs(table["llp64"])]
    return "\n".join([*parts, '},\n"consts": {', consts, "}\n}"]) + "\n"


def dump_structs(structs: dict[str, Any]) -> str:
    """Write structs, a line for each field."""
    texts = []
    for name, struct in structs.items():
        fields = ",\n  ".join(
            f"{json.dumps(field)}: {json.dumps(place)}" for field, place in struct["fields"].items()
        )
        texts.append(
            f'{json.dumps(name)}: {{"size": {struct["size"]}, "fields": {{\n  {fields}}}}}'
        )
    return ",\n".join(texts)


def write_releases() -> None:
    """Tell the loader which library majors belong together, from all recorded tables."""
    rows = []
    for path in ffi_build.LAYOUTS.glob("ffmpeg-*.json"):
        versions = json.loads(path.read_text(encoding="utf-8"))["versions"]
        series = path.stem.removeprefix("ffmpeg-").partition(".")[0]
        rows.append((versions["libavutil"][0], series, [versions[f"lib{lib}"][0] for lib in LIBS]))
    lines = [
        f'    ("{series}.x", {", ".join(map(str, row))}),\n' for _, series, row in sorted(rows)
    ]
    target = ffi_build.PACKAGE / "_releases.py"
    head = target.read_text(encoding="utf-8").partition("RELEASES = (")[0]
    target.write_text(f"{head}RELEASES = (\n{''.join(reversed(lines))})\n", encoding="utf-8")


def record(include: Path, name: str | None = None) -> Path:
    """Write headers/layouts/ffmpeg-NAME.json from the headers in this folder."""
    include = include.resolve()
    full = {f"lib{lib}": full_version(include, lib) for lib in (*LIBS, "swresample")}
    versions = {lib: (full[f"lib{lib}"][0], full[f"lib{lib}"][1]) for lib in LIBS}
    structs, numbers = tabled(measure(include, versions))
    narrow, same = tabled(measure_llp64(include, versions))
    if same != numbers:
        raise SystemExit(f"numbers depend on the size of a long: {same.items() ^ numbers.items()}")
    other = {name: struct for name, struct in narrow.items() if struct != structs[name]}
    table = {"versions": full, "structs": structs, "llp64": other, "consts": numbers}
    path = ffi_build.LAYOUTS / f"ffmpeg-{name or release_name(include)}.json"
    path.write_text(dump(table), encoding="utf-8")
    write_releases()
    return path


def main(arguments: list[str] | None = None) -> None:
    """Record the layout of the FFmpeg whose headers lie in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--include", required=True, metavar="DIR", type=Path)
    parser.add_argument("--name", metavar="X.Y", help="release (default: from ffversion.h)")
    options = parser.parse_args(arguments)
    print(record(options.include, options.name))


if __name__ == "__main__":
    main()
