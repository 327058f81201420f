"""Chromium 156's answers to 670 cases (tests/data/chromium.json), replayed.

The file's `tags_doc` says how to compare:

* core: exactly.
* impl_choice: errors, visible size, allocation size and copied bytes; the coded size and the
  visible rect's origin may differ (we store odd sizes as they are, Chromium rounds up to whole
  chroma samples).
* rgb_tolerance: bytes within the case's `tol`, colour ignored where alpha is 0, and 255 // alpha
  more where it is below 255.

The fourth byte of RGBX and BGRX is always ignored. `EXCEPTIONS` is everything else that differs.
"""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from chromium import ERRORS, answers, attributes, python_value

from ffwebcodecs import (
    EncodedVideoChunk,
    InvalidArgumentError,
    VideoColorSpace,
    VideoFrame,
)

ORACLE = answers("chromium.json")
CASES = [case for group in ORACLE["groups"] for case in group["cases"]]
NAMES = {
    "codedWidth": "coded_width",
    "codedHeight": "coded_height",
    "visibleRect": "visible_rect",
    "displayWidth": "display_width",
    "displayHeight": "display_height",
    "colorSpace": "color_space",
}

REFUSED = "the first step is InvalidArgumentError"
ODD_SIZE = "compare attributes as impl_choice"
EXCEPTIONS = {
    # JavaScript truncates fractions; ours are refused where an integer is meant (spec, decision 3).
    "display_size/frac": REFUSED,
    "init_values/ts_neg_frac": REFUSED,
    # Odd sizes are not rounded up to whole chroma samples (decision 4); these have no impl_choice.
    "convert_rgb/chroma_gradient/I420/5x3": ODD_SIZE,
    "convert_rgb/chroma_gradient/I422/5x3": ODD_SIZE,
    "convert_rgb/chroma_gradient/NV12/5x3": ODD_SIZE,
}


def arguments(members: dict[str, Any] | None) -> dict[str, Any]:
    return {NAMES.get(name, name): python_value(each) for name, each in (members or {}).items()}


def source_buffer(data: dict[str, Any]) -> tuple[bytearray, Any]:
    """Return the memory and the buffer over it that stands for the JavaScript view."""
    pixels = bytes.fromhex(data["hex"])
    pre, post = data.get("pre", 0), data.get("post", 0)
    memory = bytearray(b"\xa5" * pre + pixels + b"\xa5" * post)
    if data.get("wrap") == "Uint16Array":
        return memory, array("H", pixels)
    if pre or post:
        return memory, memoryview(memory)[pre : pre + len(pixels)]
    return memory, memory


class Replay:
    """Runs the steps of one case; `run` returns what the oracle's `value` holds."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.memory: dict[str, bytearray] = {}

    def run(self, step: dict[str, Any]) -> Any:
        return getattr(self, step["op"])(step)

    def frame_from_buffer(self, step: dict[str, Any]) -> Any:
        memory, source = source_buffer(step["data"])
        frame = self.made[step["as"]] = VideoFrame(source, **arguments(step["init"]))
        self.memory[step["as"]] = memory
        return attributes(frame)

    def frame_from_frame(self, step: dict[str, Any]) -> Any:
        frame = VideoFrame(self.made[step["src"]], **arguments(step.get("init")))
        self.made[step["as"]] = frame
        return attributes(frame)

    def clone(self, step: dict[str, Any]) -> Any:
        frame = self.made[step["as"]] = self.made[step["src"]].clone()
        return attributes(frame)

    def attrs(self, step: dict[str, Any]) -> Any:
        return attributes(self.made[step["target"]])

    def metadata(self, step: dict[str, Any]) -> Any:
        return self.made[step["target"]].metadata()

    def close(self, step: dict[str, Any]) -> None:
        self.made[step["target"]].close()

    def poke_source(self, step: dict[str, Any]) -> None:
        memory = self.memory[step["of"]]
        memory[:] = bytes([step["fill"]]) * len(memory)

    def allocation_size(self, step: dict[str, Any]) -> Any:
        return self.made[step["target"]].allocation_size(**arguments(step.get("options")))

    def copy_to(self, step: dict[str, Any]) -> Any:
        frame, dest = self.made[step["target"]], step["dest"]
        pre, size, post = dest.get("pre", 0), dest["size"], dest.get("post", 0)
        memory = bytearray([dest.get("fill", 0)]) * (pre + size + post)
        layout = frame.copy_to(
            memoryview(memory)[pre : pre + size], **arguments(step.get("options"))
        )
        if step.get("thenClose"):
            frame.close()
        return {"layout": [each.to_json() for each in layout], "bytes": memory}

    def color_space(self, step: dict[str, Any]) -> Any:
        init = python_value(step["init"])
        if "fullRange" in init:
            init["full_range"] = init.pop("fullRange")
        return VideoColorSpace(**init).to_json()

    def chunk(self, step: dict[str, Any]) -> Any:
        init = arguments(step["init"])
        # A missing keyword is Python's own TypeError; None is how an absent member reaches us.
        init = {"type": None, "timestamp": None, "data": None, **init}
        if "data" in step:
            self.memory[step["as"]], init["data"] = source_buffer(step["data"])
        chunk = self.made[step["as"]] = EncodedVideoChunk(**init)
        return {
            "type": chunk.type,
            "timestamp": chunk.timestamp,
            "duration": chunk.duration,
            "byteLength": chunk.byte_length,
        }

    def chunk_copy_to(self, step: dict[str, Any]) -> Any:
        memory = bytearray(step["dest"]["size"])
        returned = self.made[step["target"]].copy_to(memory)
        return {"returned": returned, "bytes": memory}


def output_format(replay: Replay, step: dict[str, Any]) -> str | None:
    asked: str | None = (step.get("options") or {}).get("format")
    return asked or replay.made[step["target"]].format


def compare_bytes(ours: bytearray, theirs: bytes, format: str | None, case: dict[str, Any]) -> None:
    assert len(ours) == len(theirs)
    opaque = format in ("RGBX", "BGRX")
    packed = format in ("RGBA", "RGBX", "BGRA", "BGRX")
    tolerance = case.get("tol") if "rgb_tolerance" in case["tags"] and packed else None
    if tolerance is None:
        if opaque:
            fill = theirs[3::4]
            ours = bytearray(ours)
            ours[3::4] = fill
        assert ours.hex() == theirs.hex()
        return
    red, green, blue, alpha = tolerance
    limits = (blue, green, red, alpha) if format in ("BGRA", "BGRX") else (red, green, blue, alpha)
    tail = len(ours) // 4 * 4
    assert ours[tail:] == theirs[tail:]
    for start in range(0, tail, 4):
        mine, other = ours[start : start + 4], theirs[start : start + 4]
        coverage = other[3]
        if not opaque:
            assert abs(mine[3] - other[3]) <= limits[3], (start, mine.hex(), other.hex())
        if coverage:
            extra = 255 // coverage if coverage < 255 else 0
            for channel in range(3):
                assert abs(mine[channel] - other[channel]) <= limits[channel] + extra, (
                    f"pixel {start // 4}: {mine.hex()} is not {other.hex()} within {limits}"
                )


def check(
    replay: Replay, case: dict[str, Any], step: dict[str, Any], result: dict[str, Any]
) -> None:
    failure = result.get("throws") or result.get("rejects")
    if failure is not None:
        with pytest.raises(ERRORS[failure["name"]]):
            replay.run(step)
        return
    if step["op"] == "copy_to":
        format = output_format(replay, step)
        value = replay.run(step)
        expected = result["value"]
        assert value["layout"] == expected["layout"]
        compare_bytes(value["bytes"], bytes.fromhex(expected["bytes"]), format, case)
        return
    value, expected = replay.run(step), result["value"]
    if step["op"] == "chunk_copy_to":
        value["bytes"] = value["bytes"].hex()
    loose = "impl_choice" in case["tags"] or EXCEPTIONS.get(case["id"]) == ODD_SIZE
    if loose and isinstance(value, dict) and "visibleRect" in value:
        for attrs in (value, expected := dict(expected)):
            if attrs["visibleRect"] is not None:
                visible = attrs["visibleRect"]
                attrs["visibleRect"] = visible["width"], visible["height"]
            for name in ("codedWidth", "codedHeight", "codedRect"):
                del attrs[name]
    assert value == python_value(expected)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_chromium_case(case: dict[str, Any]) -> None:
    replay = Replay()
    if EXCEPTIONS.get(case["id"]) == REFUSED:
        with pytest.raises(InvalidArgumentError):
            replay.run(case["steps"][0])
        return
    try:
        for _index, (step, result) in enumerate(zip(case["steps"], case["results"], strict=True)):
            if "skipped" not in result:
                check(replay, case, step, result)
    finally:
        for each in replay.made.values():
            if isinstance(each, VideoFrame):
                each.close()


def test_all_cases_are_there_and_the_exceptions_are_among_them() -> None:
    assert len({case["id"] for case in CASES}) == ORACLE["oracle"]["cases"] == 670
    assert set(EXCEPTIONS) <= {case["id"] for case in CASES}
