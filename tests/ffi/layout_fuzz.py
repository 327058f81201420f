"""Wrong layouts, one field at a time: does the self-test see it, without crashing?"""

from __future__ import annotations

import copy
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from cffi import FFI
from ffi_helpers import build_script

from ffwebcodecs._ffi import _needed, _open, _selftest
from ffwebcodecs._ffi._find import CORE, LibrarySet

ffi_build = build_script("ffi_build")
SHIFTS = (4, 8, 16, -4, -8)


def fields(layout: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (struct, field) for everything a layout records and a declaration names."""
    text = "".join(path.read_text() for path in ffi_build.HEADERS.glob("*.h"))
    bodies = dict(re.findall(r"typedef struct (\w+) \{\n(.*?)\n\} \1;", text, re.DOTALL))
    for struct, known in layout["structs"].items():
        for field in known["fields"]:
            if re.search(rf"\b{field}\b", bodies.get(struct, "")):
                yield struct, field


def moved(layout: dict[str, Any], struct: str, field: str, shift: int) -> dict[str, Any] | None:
    """Return the layout with one field somewhere else; None if that is before the struct."""
    offset, size = layout["structs"][struct]["fields"][field]
    if offset + shift < 0:
        return None
    wrong = copy.deepcopy(layout)
    known = wrong["structs"][struct]
    known["fields"][field] = [offset + shift, size]
    known["size"] = max(known["size"], offset + shift + size)
    return wrong


_kept = set(" ".join(_needed.FUNCTIONS.values()).split()) | {"dladdr"}


def declare(layout: dict[str, Any]) -> Any:
    """Return an ffi with these declarations; of the functions only those the self-test may call."""
    lines = ffi_build.abi_declarations(layout).splitlines()
    call = re.compile(
        r"(?!typedef|\s|#).*?\b(\w+)\([^*].*\);$|(?!typedef|\s|#).*?\b(\w+)\(\*?.*\);$"
    )
    kept = []
    for line in lines:
        found = call.match(line)
        if found is None or (found[1] or found[2]) in _kept:
            kept.append(line)
    ffi = FFI()
    ffi.cdef("\n".join(kept))
    ffi.error = AttributeError  # what a module made ahead calls so
    return ffi


def failures(ffi: Any, files: LibrarySet) -> list[str]:
    """Return what the self-test finds wrong, libavformat's part included."""
    libs = _open.open_set(ffi, files, CORE)
    failed = _selftest.check(ffi, libs)
    if not failed and "avformat" in files.paths:
        avformat = _open.open_set(ffi, files, ("avformat",))["avformat"]
        failed = _selftest.check_avformat(ffi, libs, avformat)
    return failed


def verdict(layout: dict[str, Any], files: LibrarySet) -> str:
    """Run the self-test in a child of this process: "caught", "missed", or how it died."""
    ffi = declare(layout)
    child = os.fork()
    if child == 0:
        code = 3
        try:
            code = 1 if failures(ffi, files) else 0
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "missed", 1: "caught"}.get(status, f"died with {status}")
