"""FFmpeg runs out of memory at each of its allocations in turn: an error of ours each time, nothing
lost, and the next call works.

A library that is loaded before the others (`fault_shim.c`, compiled here) makes the n-th allocation
of FFmpeg fail, and counts what FFmpeg did not free. Where there is no compiler, ``av_max_alloc``
remains, which fails all allocations above a size.

Frame threads are left to ``av_max_alloc``: out of memory in the middle of a stream, libavcodec 59
(FFmpeg 5.1) aborts in avcodec_free_context ("Assertion src->f->buf[0] failed at
libavcodec/h264_picture.c"), or loses memory; flushing before freeing makes it worse.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clips import B_FRAMES, ROOT, SUPPORT, VPX, Clip
from convert_helpers import made
from suite import FULL

MADE = ("construct", "transfer", "clone", "copy_plain", "copy_converting", "planes", "sound")
KEPT = ("bitmap", "cache", "save", "chunk", "pickles")
DECODED = ("decoder", "sound_decoder", "sound_encoder", "demux", "read")
HEARD = ("hear", "convert_sound")
OBJECTS = ("read_object", "write_object")
LIMITED = (*MADE, *KEPT, *DECODED, *HEARD, "read_threaded", "resample")
CLIPS = (
    Clip("h264-64x64.mp4", "libx264", *B_FRAMES, size="64x64", frames=10),
    Clip("vp9-64x64.webm", "libvpx-vp9", *VPX, size="64x64", frames=10),
)
# What FFmpeg does when it swallows a failure of its own: conceals a frame, skips an index.
SWALLOWED = {"success", "other result"}
# FFmpeg follows a null pointer of its own at six points of some 1,600 (5.1 and 9.0 were swept):
# libavformat in avformat_open_input (MP4), libavcodec in avcodec_open2 (the list of bitstream
# filters, copied without a check) and in the AAC decoder at its first packet, and when a VP9
# decoder is freed whose table of tiles could not be allocated. 4.3 has more of them, and assertions
# that abort.
# (No Python function frees a decoder: it goes where the last reference does, after the error.)
OWN = (
    ("demux.py", "in _open"),
    ("connection.py", "in _made"),
    ("object_connection.py", "in _made"),
    ("opener.py", "in open"),
    ("decoder.py", "in __init__"),
    ("audio_decoder.py", "in _open"),
    ("audio_decoder.py", "in send"),
    ("audio_decoder.py", "in _decode"),
    ("fault_child.py", "in in_child"),
)

pytestmark = [pytest.mark.slow, pytest.mark.sweep]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and glibc: LD_PRELOAD")
    library = tmp_path_factory.mktemp("shim") / "fault_shim.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", library, SUPPORT / "fault_shim.c"]
    done = subprocess.run([*command, "-lpthread"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the shim does not compile here: {done.stderr[-300:]}")
    return library


@functools.cache
def sweep(
    operations: tuple[str, ...], method: str, shim: Path | None = None
) -> dict[str, dict[str, Any]]:
    """Run the failures of some operations in one child; return its summary of each."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SUPPORT)])}
    if shim is not None:
        environment["LD_PRELOAD"] = str(shim)
    command = [sys.executable, str(SUPPORT / "fault_child.py"), ",".join(operations), method]
    command += [str(clip.path()) for clip in CLIPS]
    sine = ("-f", "lavfi", "-i", "sine=duration=0.3:sample_rate=16000", "-c:a", "aac")
    command.append(str(made("short-sine.m4a", *sine)))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    summaries = {each["operation"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert tuple(summaries) == operations
    assert all(summary["points"] > 2 for summary in summaries.values())
    return summaries


def errors(summary: dict[str, Any]) -> int:
    return sum(n for name, n in summary["outcomes"].items() if name.endswith("Error"))


@pytest.mark.divided
@pytest.mark.parametrize("method", ["once", "after"])
@pytest.mark.parametrize("operation", MADE + KEPT)
def test_each_failing_allocation_is_an_error_and_nothing_is_lost(
    operation: str, method: str, shim: Path
) -> None:
    summary = sweep(MADE + KEPT, method, shim)[operation]
    assert not summary["problems"], summary["problems"][:3]
    # libswscale does without a few of its tables; the result is the same then.
    others = set(summary["outcomes"]) - {"success"}
    assert all(name.endswith("Error") for name in others), summary
    assert summary["outcomes"].get("success", 0) <= 5, summary


@pytest.mark.parametrize("method", ["once", "after"])
def test_resampling_survives_each_failing_allocation(method: str, shim: Path) -> None:
    summary = sweep(("resample",), method, shim)["resample"]
    assert not summary["problems"], summary["problems"][:3]
    # libswresample itself forgets a buffer that it cannot make larger (swri_realloc_audio).
    forgotten = "MemoryError, 1 allocations lost"
    assert set(summary["outcomes"]) <= {"MemoryError", forgotten}, summary
    assert summary["outcomes"].get(forgotten, 0) <= 4, summary


@pytest.mark.divided
@pytest.mark.parametrize(
    ("operation", "method"),
    [*itertools.product(DECODED, ("once", "after")), *((each, "once") for each in HEARD)],
)
def test_decoding_survives_each_failing_allocation(operation: str, method: str, shim: Path) -> None:
    group = HEARD if operation in HEARD else DECODED
    summary = sweep(group, method, shim)[operation]
    # FFmpeg swallows most failures while it opens a file: a sample of those may have few errors.
    share = 4 if FULL else 20 if operation in ("demux", *HEARD) else 8
    assert errors(summary) > summary["points"] // share, summary
    for problem in summary["problems"]:
        assert "most recent call first):" in problem, problem
        where = problem.split("most recent call first):")[1].split("\n")[1]  # the one that crashed
        assert "crash -11" in problem or "crash -6" in problem, problem
        assert any(file in where and where.endswith(function) for file, function in OWN), problem
    # Of few points, two may be unlucky ones; of a file of sound with few allocations, four.
    unlucky = 4 if operation in HEARD else 2
    assert len(summary["problems"]) <= max(unlucky, summary["points"] // 25), summary["problems"]
    lost = [name for name in summary["outcomes"] if name.endswith("allocations lost")]
    # FFmpeg's own: avformat_open_input goes on after a failure and loses a dictionary.
    some = 0 if "decoder" in operation else max(2, summary["points"] // 50)
    if operation in HEARD:  # since 6.0, av_tx_init loses 640 bytes in each transform of AAC
        some = max(5, summary["points"] // 8)
    assert sum(summary["outcomes"][name] for name in lost) <= some, summary
    known = (
        {name.split(",")[0] for name in summary["outcomes"]} - SWALLOWED - {"crash -11", "crash -6"}
    )
    if "decoder" in operation:  # how many chunks go together is a matter of time
        known.discard("not reached")
    assert all(name.endswith("Error") for name in known), summary


def test_reading_a_file_object_survives_each_failing_allocation(shim: Path) -> None:
    summary = sweep(OBJECTS, "once", shim)["read_object"]
    assert not summary["problems"], summary["problems"][:3]
    assert errors(summary) > summary["points"] // 6, summary
    known = {name.split(",")[0] for name in summary["outcomes"]} - SWALLOWED
    assert all(name.endswith("Error") for name in known), summary
    lost = [name for name in summary["outcomes"] if name.endswith("allocations lost")]
    some = max(2, summary["points"] // 20)  # as where a path is opened
    assert sum(summary["outcomes"][name] for name in lost) <= some, summary


def test_writing_to_a_file_object_survives_each_failing_allocation(shim: Path) -> None:
    summary = sweep(OBJECTS, "once", shim)["write_object"]
    assert not summary["problems"], summary["problems"][:3]
    assert set(summary["outcomes"]) <= {"MemoryError", "success", "other result"}, summary
    assert errors(summary) > summary["points"] // 2, summary
    # FFmpeg's muxer of MP4 puts boxes together in memory, and does not look whether there was any.
    assert summary["outcomes"].get("other result", 0) <= max(2, summary["points"] // 20), summary


@pytest.mark.parametrize("operation", LIMITED)
def test_allocations_above_any_limit_may_fail(operation: str) -> None:
    summary = sweep(LIMITED, "limit")[operation]
    assert not summary["problems"], summary["problems"][:3]
    others = set(summary["outcomes"]) - {"success"}
    assert "MemoryError" in others
    assert all(name.endswith("Error") for name in others), summary
