"""Chromium's answers about codecs of sound, replayed step by step on an event loop.

`CodecReplay` has a method for each op that decoders need; a subclass adds those of encoders. `told`
is what callbacks did, in order, as the answers have it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from audio_vectors import ERRORS, Replay, Step, chunk_attributes, sound_attributes
from chromium import camel, python_value, snake_names
from decode_helpers import TIMEOUT

from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    EncodedAudioChunk,
)
from ffwebcodecs._av.codecs.audio_decoder import find_audio_decoder
from ffwebcodecs._ffi import ffi

OURS = {"channelLayout", "initialPadding", "Native"}  # members that browsers do not have
SLACK = 2  # microseconds
PRE_SKIP = 100_000  # more than any of the answers has


class MadeCodec:
    """A codec of ours, and what its callbacks got."""

    def __init__(self, told: list[str], name: str) -> None:
        self.told, self.name = told, name
        self.sounds: list[dict[str, Any]] = []
        self.errors: list[BaseException] = []
        self.due: list[tuple[int, int]] = []  # since the last flush: times of chunks, durations
        self.heard = 0  # how many sounds were checked
        self.skips = False  # samples at the beginning, as an OpusHead says
        self.codec: Any = None

    def sound(self, data: AudioData) -> None:
        with data:
            self.told.append(f"{self.name}:output {data.timestamp}")
            shape = data.number_of_channels, data.number_of_frames
            planes = np.empty(shape, np.float32)
            for index, plane in enumerate(planes):
                data.copy_to(plane, plane_index=index, format="f32-planar")
            self.sounds.append({**sound_attributes(data), "samples": planes, "own": data.clone()})

    def error(self, error: BaseException) -> None:
        self.errors.append(error)
        self.told.append(f"{self.name}:error {type(error).__name__} state={self.codec.state}")

    @property
    def queue(self) -> int:
        codec = self.codec
        size: int = (
            codec.decode_queue_size if isinstance(codec, AudioDecoder) else codec.encode_queue_size
        )
        return size

    def check_times(self) -> None:
        """Assert what the specification says: each output has the timestamp of its chunk. A first
        one that lost samples begins that much later.
        """
        due, self.due = self.due, []
        for index, each in enumerate(self.sounds[self.heard :]):
            lost = 0
            while due:
                time, duration = due.pop(0)
                if index == 0 and not duration and self.skips:
                    lost = each["timestamp"] - time  # of how much, nobody has said
                    assert 0 <= lost < PRE_SKIP
                if index == 0 and duration > each["duration"] + SLACK and self.skips:
                    lost = duration - each["duration"]
                if abs(time + lost - each["timestamp"]) <= SLACK:
                    break
            else:
                raise AssertionError(f"no chunk has the time of {each['own']}")
        self.heard = len(self.sounds)

    def close(self) -> None:
        self.codec.close()
        for each in self.sounds:
            each["own"].close()


def json_of(config: Any) -> dict[str, Any]:
    """Return the members that are not None by the specification's names."""
    found: dict[str, Any] = {}
    for each in fields(config):
        value, name = getattr(config, each.name), camel(each.name)
        if value is None or name in OURS:
            continue
        found[name] = json_of(value) if hasattr(value, "__dataclass_fields__") else value
    return found


class CodecReplay:
    """Runs the steps of one case; `run` returns what the answer's `value` holds."""

    def __init__(self, media: dict[str, Any]) -> None:
        self.media = media
        self.codecs: dict[str, MadeCodec] = {}
        self.things: dict[str, Any] = {}
        self.told: list[str] = []
        self.pending: list[asyncio.Task[None]] = []

    async def run(self, step: Step) -> Any:
        answer = getattr(self, step["op"])(step)
        return await answer if asyncio.iscoroutine(answer) else answer

    def close(self) -> None:
        for made in self.codecs.values():
            made.close()
        for thing in self.things.values():
            if hasattr(thing, "close"):
                thing.close()

    def make(self, made: MadeCodec, step: Step) -> Any:
        """Return a codec of the step's class."""
        assert step["cls"] == "AudioDecoder"
        callbacks: dict[str, Any] = {"output": made.sound, "error": made.error}
        return AudioDecoder(**self.callbacks(callbacks, step))

    def callbacks(self, callbacks: dict[str, Any], step: Step) -> dict[str, Any]:
        """Return what a codec is made with: some cases leave out a callback, or replace it."""
        kept = {name: each for name, each in callbacks.items() if name not in step.get("drop", ())}
        return kept | step.get("replace", {})

    def kind_of(self, step: Step) -> Any:
        """Return the class that a step asks."""
        assert step["cls"] == "AudioDecoder"
        return AudioDecoder

    def arguments(self, step: Step) -> Any:
        [config] = step["args"]
        if not isinstance(config, dict):
            return config
        found: dict[str, Any] = {}
        for name, value in config.items():
            if name == "description":
                found[name] = self.described(value)
            else:
                found.update(snake_names({name: value}))
        return found

    def described(self, value: Any) -> Any:
        if isinstance(value, dict) and value.get("$") == "description":
            return bytes.fromhex(self.media[value["media"]]["description"])
        if isinstance(value, dict) and value.get("$") == "bytes":
            return bytes.fromhex(value["hex"])
        return python_value(value)

    # ---- ops -------------------------------------------------------------------------------------

    def is_config_supported(self, step: Step) -> Any:
        answer = self.kind_of(step).is_config_supported(self.arguments(step))
        return {"supported": answer.supported, "config": json_of(answer.config)}

    def new_codec(self, step: Step) -> Any:
        made = MadeCodec(self.told, step["as"])
        made.codec = self.make(made, step)
        self.codecs[step["as"]] = made
        return {"state": made.codec.state, "queue": made.queue}

    def configure(self, step: Step) -> Any:
        made = self.codecs[step["target"]]
        config = self.arguments(step)
        returned = made.codec.configure(config)
        made.skips = config["codec"].lower() == "opus"
        return {"returned": returned, "state": made.codec.state}

    async def flush(self, step: Step) -> Any:
        made = self.codecs[step["target"]]
        if step.get("noWait"):
            self.told.append(f"{made.name}:flush-called")
            self.pending.append(asyncio.ensure_future(self._flushed(made, made.codec.flush())))
            return None
        await asyncio.wait_for(made.codec.flush(), TIMEOUT)
        made.check_times()
        return {"resolved": True, "state": made.codec.state}

    async def _flushed(self, made: MadeCodec, flush: Any) -> None:
        try:
            await flush
        except Exception as error:
            name = type(error).__name__
            self.told.append(f"{made.name}:flush-rejected {name} errors={len(made.errors)}")
        else:
            self.told.append(f"{made.name}:flush-resolved")

    async def wait(self, step: Step) -> None:
        await asyncio.wait_for(asyncio.gather(*self.pending), TIMEOUT)
        for made in self.codecs.values():
            # An error that nobody waits for: the worker has it when a later flush is settled.
            await asyncio.gather(made.codec.flush(), return_exceptions=True)

    def log(self, step: Step) -> Any:
        return list(self.told)

    def reset(self, step: Step) -> Any:
        made = self.codecs[step["target"]]
        made.due.clear()
        made.codec.reset()
        return {"state": made.codec.state, "queue": made.queue}

    def codec_close(self, step: Step) -> Any:
        made = self.codecs[step["target"]]
        made.codec.close()
        return {"state": made.codec.state, "queue": made.queue}

    def codec_state(self, step: Step) -> Any:
        made = self.codecs[step["target"]]
        names = [{"name": type(error).__name__} for error in made.errors]
        return {"state": made.codec.state, "queue": made.queue, "errors": names}

    def chunk(self, step: Step) -> Any:
        options = snake_names(step["init"])
        data = step["data"]
        if "media" in data:
            options["data"] = self.piece(data)
        else:
            options["data"] = Replay(self.media).buffer_of(data)[1]
        chunk = self.things[step["as"]] = EncodedAudioChunk(**options)
        return chunk_attributes(chunk)

    def piece(self, data: dict[str, Any]) -> bytes:
        content = bytearray.fromhex(self.media[data["media"]]["packets"][data["packet"]]["hex"])
        for place, patch in data.get("patch", ()):
            content[place : place + len(patch) // 2] = bytes.fromhex(patch)
        return bytes(content[data.get("from", 0) : data.get("to", data.get("cut"))])

    def decode(self, step: Step) -> Any:
        made = self.codecs[step["target"]]
        chunk = self.things[step["chunk"]]
        returned = made.codec.decode(chunk)
        made.due.append((chunk.timestamp, 0))
        return {"returned": returned, "state": made.codec.state}

    def decode_media(self, step: Step) -> Any:
        made, media = self.codecs[step["target"]], self.media[step["media"]]
        packets = media["packets"][step.get("from", 0) : step.get("to")]
        first = step.get("from", 0)
        count = 0
        for index, packet in enumerate(packets):
            if first + index in step.get("skip", ()):
                continue
            timestamp = packet["timestamp"] + step.get("tsOffset", 0)
            if "timestamps" in step:
                timestamp = step["timestamps"][index]
            chunk = EncodedAudioChunk(
                type=step.get("type", packet["type"]),
                timestamp=timestamp,
                duration=packet["duration"] if step.get("withDuration", True) else None,
                data=bytes.fromhex(packet["hex"]),
            )
            made.codec.decode(chunk)
            made.due.append((timestamp, packet["duration"]))
            count += 1
        return {"decoded": count}

    def audio_total(self, step: Step) -> Any:
        sounds = self.codecs[step["target"]].sounds
        times = [each["timestamp"] for each in sounds] or [None]
        return {
            "outputs": len(sounds),
            "frames": sum(each["numberOfFrames"] for each in sounds),
            "firstTimestamp": times[0],
            "lastTimestamp": times[-1],
        }

    def audio_outputs(self, step: Step) -> Any:
        return self.codecs[step["target"]].sounds


def fails_alike(result: dict[str, Any]) -> type[BaseException] | None:
    """Return the error that a step has to raise, None if none."""
    failure = result.get("throws") or result.get("rejects")
    return None if failure is None else ERRORS[failure["name"]]


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """Return how a piece of sound differs from Chromium's, in all but its time and format."""
    for name in ("sampleRate", "numberOfFrames", "numberOfChannels"):
        if ours[name] != theirs[name]:
            return f"{name} {ours[name]}, not {theirs[name]}"
    if abs(ours["duration"] - theirs["duration"]) > SLACK:
        return f"duration {ours['duration']}, not {theirs['duration']}"
    for index, plane in enumerate(theirs.get("planes", ())):
        sound: AudioData = ours["own"]
        memory = bytearray(len(plane["hex"]) // 2)
        sound.copy_to(memory, plane_index=index, format=theirs["format"])
        if memory.hex() != plane["hex"]:
            return f"plane {index} {memory.hex()[:60]}, not {plane['hex'][:60]}"
    for index, said in enumerate(theirs.get("channels", ())):
        channel = ours["samples"][index]
        half = len(channel) // 2
        parts = {"first": channel[:4], "mid": channel[half : half + 4], "last": channel[-2:]}
        for name, samples in parts.items():
            if not np.allclose(samples, said[name], rtol=0, atol=1e-4):
                return f"channel {index} {name} {samples}, not {said[name]}"
        rms = float(np.sqrt(np.mean(channel.astype(np.float64) ** 2)))
        if abs(rms - said["rms"]) > 1e-3 or abs(abs(channel).max() - said["peak"]) > 1e-3:
            return f"channel {index} rms {rms}, not {said['rms']}"
    return None


def same_config(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Tell whether a configuration is echoed alike."""
    given = dict(theirs)
    if "description" in given:
        given["description"] = bytes.fromhex(given["description"]["hex"])
    return ours == given


def by_kind(log: list[str]) -> list[str]:
    """Return a log without times of outputs and without dequeue events, of which ours are fewer."""
    return [
        entry.split(" ")[0] if ":output" in entry else entry
        for entry in log
        if ":dequeue" not in entry
    ]


def need_good_opus(case: dict[str, Any]) -> None:
    codec = find_audio_decoder("opus")
    exact = codec is not None and ffi.string(codec.name) == b"libopus"
    if not exact and "opus" in json.dumps(case["steps"]):
        pytest.skip("FFmpeg's own decoder of Opus is not exact, and there is no libopus")
