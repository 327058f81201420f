"""Wrong layouts, one field at a time: does the self-test see it, without crashing?"""

from __future__ import annotations

import ast
import copy
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from cffi import FFI
from ffi_helpers import ROOT, build_script

from ffwebcodecs._ffi import _needed, _open, _selftest
from ffwebcodecs._ffi._find import CORE, LibrarySet

ffi_build = build_script("ffi_build")
SHIFTS = (4, 8, 16, -4, -8)

# What no object shows that can be made without a file, a device or writing to it: it is zero there,
# or what follows it looks the same. The layouts come from the compiler, for every field alike; none
# of those that are recorded is wrong here alone.
UNSEEN = """
    AVFrameSideData.buf AVCodecHWConfig.device_type AVCodecParameters.video_delay
    AVOutputFormat.codec_tag
    AVFrame.time_base AVFrame.pkt_duration AVFrame.duration AVFrame.quality
    AVFrame.crop_top AVFrame.crop_bottom AVFrame.crop_left AVFrame.crop_right
    AVFrame.best_effort_timestamp AVFrame.opaque AVFrame.hw_frames_ctx AVFrame.key_frame
    AVPacket.stream_index AVPacket.flags AVPacket.time_base AVPacket.duration
    AVCodecContext.active_thread_type AVCodecContext.hw_frames_ctx AVCodecContext.hw_device_ctx
    AVCodecContext.initial_padding AVCodecContext.trailing_padding AVCodecContext.seek_preroll
    AVCodecParameters.initial_padding AVCodecParameters.trailing_padding
    AVCodecParameters.seek_preroll
    AVCodecContext.bits_per_coded_sample AVCodecContext.coded_side_data
    AVCodecContext.nb_coded_side_data AVCodecContext.framerate
    AVCodecParameters.bits_per_coded_sample AVCodecParameters.framerate
    AVCodecParameters.coded_side_data AVCodecParameters.nb_coded_side_data
    AVBSFContext.time_base_in AVFrame.decode_error_flags
    AVCodecContext.opaque AVCodecContext.delay AVStream.nb_side_data
    AVStream.id AVStream.time_base AVStream.disposition AVStream.discard AVStream.metadata
    AVStream.avg_frame_rate AVStream.r_frame_rate AVStream.side_data AVStream.index
    AVFormatContext.iformat AVFormatContext.pb AVFormatContext.metadata
    AVFormatContext.nb_chapters AVFormatContext.chapters
    AVFormatContext.duration_estimation_method
    AVChapter.id AVChapter.time_base AVChapter.start AVChapter.end AVChapter.metadata
""".split()  # noqa: SIM905
# Made by drivers, which are not asked at loading; and what is declared but never used.
DEVICE = ("AVHWDeviceContext", "AVHWFramesContext", "AVHWFramesConstraints")
# An input that FFmpeg has opened has one; the self-test opens none.
INPUT = ("AVIOContext",)
# It is filled when a subtitle is decoded, of which the self-test has none.
FILLED = ("AVSubtitle",)
UNUSED = ("AVCodecParserContext", "AVProfile", "AVBitStreamFilter")


def used() -> set[str]:
    """Return every name that the package's native layer uses as an attribute or names in a text."""
    names = set()
    for path in (ROOT / "ffwebcodecs" / "_av").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return names


def fields(layout: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (struct, field) for what is recorded, declared and used."""
    text = "".join(path.read_text() for path in ffi_build.HEADERS.glob("*.h"))
    bodies = dict(re.findall(r"typedef struct (\w+) \{\n(.*?)\n\} \1;", text, re.DOTALL))
    names = used()
    for struct, known in layout["structs"].items():
        for field in known["fields"]:
            if field in names and re.search(rf"\b{field}\b", bodies.get(struct, "")):
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
_call = re.compile(r"(?!typedef|\s|#)[^(]*?(\w+)\(.*\);$")


def declare(layout: dict[str, Any]) -> Any:
    """Return an ffi with these declarations; of the functions only those the self-test may call."""
    kept = []
    for line in ffi_build.abi_declarations(layout).splitlines():
        found = _call.match(line)
        if found is None or found[1] in _kept:
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


def verdict(ffi: Any, files: LibrarySet) -> str:
    """Run the self-test in a child of this process: "caught", "missed", or how it died."""
    sys.stderr.flush()
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


def judge(layout: dict[str, Any], struct: str, field: str, shift: int, files: LibrarySet) -> str:
    """Move one field and return the verdict, "same" if the declaration puts it back."""
    wrong = moved(layout, struct, field, shift)
    if wrong is None:
        return "same"
    ffi = declare(wrong)
    if ffi.offsetof(struct, field) == layout["structs"][struct]["fields"][field][0]:
        return "same"  # what is before it is in the way
    return verdict(ffi, files)


def excused(struct: str, field: str) -> bool:
    """Tell whether a field is one of those that nothing shows."""
    return struct in (*DEVICE, *INPUT, *FILLED, *UNUSED) or f"{struct}.{field}" in UNSEEN
