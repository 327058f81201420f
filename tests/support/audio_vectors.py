"""Chromium's answers about sound (tests/data/audio_*.json.xz), replayed step by step.

A case is a list of steps, each with an `op`; `Replay` does them and gives an outcome for each:
``{"value": ...}``, ``{"throws": error}`` or ``{"skipped": ...}`` as the answers have. What an op
does is a function in `Replay.ops` that takes the replay and the step: other families add theirs.
"""

from __future__ import annotations

import base64
import json
import lzma
from collections.abc import Callable
from typing import Any, ClassVar

from chromium import python_value, snake_names
from clips import DATA

from ffwebcodecs import (
    AbortError,
    AudioData,
    DataCloneError,
    DataError,
    EncodedAudioChunk,
    EncodingError,
    InvalidStateError,
    NotSupportedError,
    OperationError,
)

ERRORS: dict[str, type[BaseException]] = {
    "AbortError": AbortError,
    "DataCloneError": DataCloneError,
    "DataError": DataError,
    "EncodingError": EncodingError,
    "InvalidStateError": InvalidStateError,
    "NotSupportedError": NotSupportedError,
    "OperationError": OperationError,
    "RangeError": IndexError,
    "TypeError": TypeError,  # what Python says of a missing argument, and InvalidArgumentError
}
Step = dict[str, Any]
Op = Callable[["Replay", Step], Any]


def load(family: str) -> dict[str, Any]:
    """Return the answers of a family: `cases`, `media`."""
    text = lzma.decompress((DATA / f"{family}.json.xz").read_bytes())
    loaded: dict[str, Any] = json.loads(text)
    return loaded


class Replay:
    """The objects and the media of one case, while its steps are done."""

    ops: ClassVar[dict[str, Op]] = {}

    def __init__(self, media: dict[str, Any]) -> None:
        self.media = media
        self.objects: dict[str, Any] = {}
        self.sources: dict[str, bytearray] = {}

    def run(self, steps: list[Step]) -> list[dict[str, Any]]:
        """Do the steps; return an outcome for each."""
        outcomes = []
        for step in steps:
            needed = step.get("target", step.get("src", step.get("of")))
            if needed is not None and needed not in self.objects:
                outcomes.append({"skipped": f"there is no {needed}"})
                continue
            try:
                outcomes.append({"value": self.ops[step["op"]](self, step)})
            except Exception as error:
                outcomes.append({"throws": error})
        return outcomes

    def close(self) -> None:
        """Close what has to be closed."""
        for each in self.objects.values():
            if hasattr(each, "close"):
                each.close()

    def buffer_of(self, data: dict[str, Any]) -> tuple[bytearray, memoryview]:
        """Return the memory that `data` describes, and the view of it that is given."""
        content = self._content(data)
        pre, post = data.get("pre", 0), data.get("post", 0)
        memory = bytearray(b"\xee" * pre + content + b"\xee" * post)
        return memory, memoryview(memory)[pre : pre + len(content)]

    def _content(self, data: dict[str, Any]) -> bytes:
        if "media" in data:
            raise NotImplementedError("media have their own ops")
        if "zeros" in data:
            return bytes(data["zeros"])
        if "base64" in data:
            return base64.b64decode(data["base64"])
        return bytes.fromhex(data["hex"])


def op(name: str) -> Callable[[Op], Op]:
    """Register what a step does."""

    def register(function: Op) -> Op:
        assert name not in Replay.ops, name
        Replay.ops[name] = function
        return function

    return register


def agree(outcome: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Tell whether an outcome is the answer, literally."""
    if "skipped" in answer:
        return "skipped" in outcome
    for key in ("throws", "rejects"):
        if key in answer:
            kind = ERRORS[answer[key]["name"]]
            return key in outcome and isinstance(outcome[key], kind)
    return "value" in outcome and outcome["value"] == python_value(answer["value"])


def replay(case: dict[str, Any], media: dict[str, Any]) -> list[dict[str, Any]]:
    """Do a case's steps and close what was made; return the outcomes."""
    replaying = Replay(media)
    try:
        return replaying.run(case["steps"])
    finally:
        replaying.close()


def differences(case: dict[str, Any], outcomes: list[dict[str, Any]]) -> list[str]:
    """Return where outcomes are not the answers."""
    return [
        f"step {index} {case['steps'][index]}: {outcome}, not {answer}"
        for index, (outcome, answer) in enumerate(zip(outcomes, case["results"], strict=True))
        if not agree(outcome, answer)
    ]


def destination_of(dest: dict[str, Any], fill: int = 0xEE) -> tuple[bytearray, memoryview]:
    """Return the memory of a destination, and the view of it that is given."""
    pre, size, post = dest.get("pre", 0), dest["size"], dest.get("post", 0)
    memory = bytearray([fill]) * (pre + size + post)
    return memory, memoryview(memory)[pre : pre + size]


# ---- sound ---------------------------------------------------------------------------------------


def sound_attributes(data: AudioData) -> dict[str, Any]:
    return {
        "format": data.format,
        "sampleRate": data.sample_rate,
        "numberOfFrames": data.number_of_frames,
        "numberOfChannels": data.number_of_channels,
        "duration": data.duration,
        "timestamp": data.timestamp,
    }


@op("audio_data")
def _make_sound(replaying: Replay, step: Step) -> dict[str, Any]:
    options = snake_names(step["init"])
    if "data" in step and step["data"] is not None:
        memory, options["data"] = replaying.buffer_of(step["data"])
        replaying.sources[step["as"]] = memory
    data = replaying.objects[step["as"]] = AudioData(**options)
    return sound_attributes(data)


@op("audio_attrs")
def _attributes(replaying: Replay, step: Step) -> dict[str, Any]:
    return sound_attributes(replaying.objects[step["target"]])


@op("audio_allocation_size")
def _allocation_size(replaying: Replay, step: Step) -> int:
    size: int = replaying.objects[step["target"]].allocation_size(**_options(step))
    return size


@op("audio_copy_to")
def _copy_to(replaying: Replay, step: Step) -> dict[str, Any]:
    memory, view = destination_of(step["dest"], step.get("fill", 0xEE))
    returned = replaying.objects[step["target"]].copy_to(view, **_options(step))
    return {"returned": returned, "bytes": memory.hex()}


def _options(step: Step) -> dict[str, Any]:
    options: dict[str, Any] = snake_names(step.get("options") or {})
    return options


@op("audio_clone")
def _clone(replaying: Replay, step: Step) -> dict[str, Any]:
    source = step.get("target", step.get("src"))
    clone = replaying.objects[step["as"]] = replaying.objects[source].clone()
    return sound_attributes(clone)


@op("close")
def _close(replaying: Replay, step: Step) -> None:
    replaying.objects[step["target"]].close()


@op("poke_source")
def _poke(replaying: Replay, step: Step) -> None:
    memory = replaying.sources[step.get("target", step.get("of", "a"))]
    memory[:] = bytes([0x55]) * len(memory)


# ---- chunks --------------------------------------------------------------------------------------


def chunk_attributes(chunk: EncodedAudioChunk) -> dict[str, Any]:
    return {
        "type": chunk.type,
        "timestamp": chunk.timestamp,
        "duration": chunk.duration,
        "byteLength": chunk.byte_length,
    }


@op("chunk")
def _make_chunk(replaying: Replay, step: Step) -> dict[str, Any]:
    options = snake_names(step["init"])
    known = ("type", "timestamp", "duration")
    options = {name: value for name, value in options.items() if name in known}
    if "data" in step and step["data"] is not None:
        memory, options["data"] = replaying.buffer_of(step["data"])
        replaying.sources[step["as"]] = memory
    chunk = replaying.objects[step["as"]] = EncodedAudioChunk(**options)
    return chunk_attributes(chunk)


@op("chunk_attrs")
def _chunk_attributes(replaying: Replay, step: Step) -> dict[str, Any]:
    return chunk_attributes(replaying.objects[step["target"]])


@op("chunk_copy_to")
def _chunk_copy_to(replaying: Replay, step: Step) -> dict[str, Any]:
    memory, view = destination_of(step["dest"], step.get("fill", 0xEE))
    returned = replaying.objects[step["target"]].copy_to(view)
    return {"returned": returned, "bytes": memory.hex()}
