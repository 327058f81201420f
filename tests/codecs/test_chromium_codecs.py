"""Chromium 156's answers about decoders and encoders (tests/data/video_codecs.json), replayed.

The file's `doc` says how to compare. Replayed are the cases that it tags core, to be matched
literally, and tolerance: not compared there are a coded size (the decoder's padding, compared are
the visible and the display size), and what is in the bytes. Where Chromium departs from the
specification (`chromium_deviation`), the specification's answer is expected. Ours differs where
`ENCODED` and `same_config` say so.
"""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import Any

import pytest
from chromium import ERRORS, answers, attributes, camel, python_value, snake_names
from decode_helpers import TIMEOUT
from encode_helpers import need

from ffwebcodecs import (
    EncodedVideoChunk,
    EncodedVideoChunkMetadata,
    VideoDecoder,
    VideoDecoderConfig,
    VideoEncoder,
    VideoEncoderConfig,
    VideoFrame,
)

ORACLE = answers("video_codecs.json")
CASES = [case for case in ORACLE["cases"] if {"core", "tolerance"} & set(case["tags"])]
# RGB is encoded as BT.709 in limited range here, and said to be that; Chromium says that it keeps
# the range and the curve of the frames.
ENCODED = {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "fullRange": False}
ENCODERS = {
    "vp8": ("libvpx",),
    "vp09": ("libvpx-vp9",),
    "av01": ("libaom-av1", "libsvtav1", "librav1e"),
}
OURS = {"threads", "maxPixels", "encoderOptions", "Native"}  # members that browsers do not have


class Made:
    """A codec of ours, and what its callbacks got."""

    def __init__(self, cls: str, log: list[str], name: str) -> None:
        self.is_decoder = cls == "VideoDecoder"
        self.frames: list[dict[str, Any]] = []
        self.chunks: list[dict[str, Any]] = []
        self.errors: list[BaseException] = []
        self.log, self.name = log, name
        self.codec: VideoDecoder | VideoEncoder = (
            VideoDecoder(self.frame, self.error)
            if self.is_decoder
            else VideoEncoder(self.chunk, self.error)
        )

    @property
    def queue(self) -> int:
        codec = self.codec
        return (
            codec.decode_queue_size if isinstance(codec, VideoDecoder) else codec.encode_queue_size
        )

    def frame(self, frame: VideoFrame) -> None:
        with frame:
            self.frames.append(attributes(frame))

    def chunk(self, chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata) -> None:
        said: dict[str, Any] = {}
        if metadata.decoder_config is not None:
            said["decoderConfig"] = json_of(metadata.decoder_config)
        if metadata.svc is not None:
            said["svc"] = {"temporalLayerId": metadata.svc.temporal_layer_id}
        self.chunks.append(
            {
                "type": chunk.type,
                "timestamp": chunk.timestamp,
                "duration": chunk.duration,
                "metadata": said,
            }
        )

    def error(self, error: BaseException) -> None:
        self.errors.append(error)
        self.log.append(f"{self.name}:error {type(error).__name__} state={self.codec.state}")


def json_of(config: VideoDecoderConfig | VideoEncoderConfig) -> dict[str, Any]:
    """Return the members that are not None by the specification's names."""
    found: dict[str, Any] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        if value is None or camel(each.name) in OURS:
            continue
        found[camel(each.name)] = value.to_json() if hasattr(value, "to_json") else value
    return found


class Replay:
    """Runs the steps of one case; `run` returns what the oracle's `value` holds."""

    def __init__(self) -> None:
        self.codecs: dict[str, Made] = {}
        self.pictures: dict[str, VideoFrame] = {}
        self.told: list[str] = []
        self.pending: list[asyncio.Task[None]] = []

    async def run(self, step: dict[str, Any]) -> Any:
        answer = getattr(self, step["op"])(step)
        return await answer if asyncio.iscoroutine(answer) else answer

    def close(self) -> None:
        for made in self.codecs.values():
            made.codec.close()
        for picture in self.pictures.values():
            picture.close()

    def arguments(self, step: dict[str, Any]) -> dict[str, Any]:
        [config] = step["args"]
        config = dict(config)
        description = config.pop("description", None)
        found: dict[str, Any] = snake_names(config)
        if description is not None:
            found["description"] = bytes.fromhex(
                ORACLE["media"][description["media"]]["description"]
            )
        return found

    def is_config_supported(self, step: dict[str, Any]) -> Any:
        cls = VideoDecoder if step["cls"] == "VideoDecoder" else VideoEncoder
        answer = cls.is_config_supported(self.arguments(step))
        return {"supported": answer.supported, "config": json_of(answer.config)}

    def new_codec(self, step: dict[str, Any]) -> Any:
        made = self.codecs[step["as"]] = Made(step["cls"], self.told, step["as"])
        return {"state": made.codec.state, "queue": made.queue}

    def configure(self, step: dict[str, Any]) -> Any:
        made = self.codecs[step["target"]]
        returned: object = made.codec.configure(self.arguments(step))  # type: ignore[func-returns-value]
        return {"returned": returned, "state": made.codec.state}

    async def flush(self, step: dict[str, Any]) -> Any:
        made = self.codecs[step["target"]]
        if step.get("noWait"):
            self.told.append(f"{made.name}:flush-called")
            self.pending.append(asyncio.ensure_future(self._rejected(made)))
            return None
        await asyncio.wait_for(made.codec.flush(), TIMEOUT)
        return {"resolved": True, "state": made.codec.state}

    async def _rejected(self, made: Made) -> None:
        try:
            await made.codec.flush()
        except Exception as error:
            name = type(error).__name__
            self.told.append(f"{made.name}:flush-rejected {name} errors={len(made.errors)}")

    async def wait(self, step: dict[str, Any]) -> None:
        await asyncio.wait_for(asyncio.gather(*self.pending), TIMEOUT)

    def log(self, step: dict[str, Any]) -> Any:
        return self.told

    def reset(self, step: dict[str, Any]) -> Any:
        made = self.codecs[step["target"]]
        made.codec.reset()
        return {"state": made.codec.state, "queue": made.queue}

    def codec_state(self, step: dict[str, Any]) -> Any:
        made = self.codecs[step["target"]]
        names = [{"name": type(error).__name__} for error in made.errors]
        return {"state": made.codec.state, "queue": made.queue, "errors": names}

    def decode_media(self, step: dict[str, Any]) -> Any:
        decoder = self.codecs[step["target"]].codec
        assert isinstance(decoder, VideoDecoder)
        packets = ORACLE["media"][step["media"]]["packets"][step.get("from", 0) : step.get("to")]
        for packet in packets:
            chunk = EncodedVideoChunk(
                type=step.get("type", packet["type"]),
                timestamp=packet["timestamp"] + step.get("tsOffset", 0),
                duration=packet["duration"] if step.get("withDuration", True) else None,
                data=bytes.fromhex(packet["hex"]),
            )
            decoder.decode(chunk)
        return {"decoded": len(packets)}

    def frame_outputs(self, step: dict[str, Any]) -> Any:
        return self.codecs[step["target"]].frames

    def chunk_outputs(self, step: dict[str, Any]) -> Any:
        return self.codecs[step["target"]].chunks

    def encode_frames(self, step: dict[str, Any]) -> Any:
        encoder = self.codecs[step["target"]].codec
        assert isinstance(encoder, VideoEncoder)
        for index in range(step["count"]):
            timestamp = step.get("start", 0) + index * step["step"]
            with picture(step, index, timestamp, step.get("duration")) as frame:
                encoder.encode(frame, key_frame=index in step.get("keyAt", ()))
        return {"encoded": step["count"]}

    def video_frame(self, step: dict[str, Any]) -> Any:
        made = picture(step, 0, step.get("timestamp", 0), None, step.get("rotation", 0))
        self.pictures[step["as"]] = made
        return {"displayWidth": made.display_width, "displayHeight": made.display_height}

    def encode(self, step: dict[str, Any]) -> Any:
        made = self.codecs[step["target"]]
        assert isinstance(made.codec, VideoEncoder)
        made.codec.encode(self.pictures[step["data"]])
        return {"returned": None, "state": made.codec.state}


def picture(
    step: dict[str, Any], index: int, timestamp: int, duration: int | None, rotation: int = 0
) -> VideoFrame:
    width, height = step["width"], step["height"]
    # One pattern that gets brighter: libvpx takes neither flat pictures nor others for a new scene.
    pixels = b"".join(
        bytes((2 * index + x * 7 % 60, 90 + y * 5 % 60, (x * y) % 200, 255))
        for y in range(height)
        for x in range(width)
    )
    return VideoFrame(
        pixels,
        format="RGBA",
        coded_width=width,
        coded_height=height,
        timestamp=timestamp,
        duration=duration,
        rotation=rotation,
    )


def same_config(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Tell whether a configuration is echoed alike; a hint that was not given is no member here."""
    given = {name: value for name, value in theirs.items() if (name, value) != ("contentHint", "")}
    return ours == given


def visible(frame: dict[str, Any]) -> dict[str, Any]:
    """Return what is compared of a frame: all but how the decoder pads it."""
    padding = ("codedWidth", "codedHeight", "codedRect", "visibleRect")
    kept = {name: value for name, value in frame.items() if name not in padding}
    return {**kept, "size": (frame["visibleRect"]["width"], frame["visibleRect"]["height"])}


def expected_chunk(case: dict[str, Any], chunk: dict[str, Any]) -> dict[str, Any]:
    """Return a chunk as it is to be: the specification's."""
    # Chromium makes 0 of a duration that a frame does not have, in all cases.
    chunk = {**chunk, "duration": chunk["duration"] or None}
    if chunk["duration"] is None and "chromium_deviation" in case["tags"]:
        assert case["spec"] == "chunk.duration null"
    if "decoderConfig" in chunk["metadata"]:
        config = {**chunk["metadata"]["decoderConfig"], "colorSpace": ENCODED}
        chunk["metadata"] = {**chunk["metadata"], "decoderConfig": config}
    return chunk


async def check(
    replay: Replay, case: dict[str, Any], step: dict[str, Any], result: dict[str, Any]
) -> None:
    failure = result.get("throws") or result.get("rejects")
    if failure is not None:
        with pytest.raises(ERRORS[failure["name"]]):
            await replay.run(step)
        if "state" in result:
            assert replay.codecs[step["target"]].codec.state == result["state"]
        return
    value, expected = await replay.run(step), python_value(result["value"])
    if step["op"] == "is_config_supported":
        assert value["supported"] == expected["supported"]
        assert same_config(value["config"], expected["config"]), value["config"]
    elif step["op"] == "frame_outputs":
        assert list(map(visible, value)) == list(map(visible, expected))
    elif step["op"] == "chunk_outputs":
        assert value == [expected_chunk(case, chunk) for chunk in expected]
    elif step["op"] == "log":
        # Our codecs have no dequeue event.
        told = [entry for entry in expected if ":dequeue" not in entry]
        assert sorted(value) == sorted(told)
    else:
        for error in (expected or {}).get("errors", ()):
            del error["message"], error["dom"]
        (expected or {}).pop("queueGrew", None)  # the worker may have taken the frame already
        assert value == expected


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_chromium_case(case: dict[str, Any]) -> None:
    encoded = [
        step["args"][0]
        for step in case["steps"]
        if "args" in step and "width" in step["args"][0] and "codec" in step["args"][0]
    ]
    for config in encoded:
        names = ENCODERS.get(config["codec"].split(".")[0])
        if names is not None:
            need(*names)

    async def run() -> None:
        replay = Replay()
        try:
            for step, result in zip(case["steps"], case["results"], strict=True):
                await check(replay, case, step, result)
        finally:
            replay.close()

    asyncio.run(run())


def test_all_cases_are_there() -> None:
    assert len(ORACLE["cases"]) == 98
    assert len(CASES) == 55
    assert {tag for case in CASES for tag in case["tags"]} == {
        "core",
        "tolerance",
        "chromium_deviation",
    }
