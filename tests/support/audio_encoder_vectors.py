"""Chromium's answers about AudioEncoder, replayed: what `CodecReplay` lacks."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from audio_codec_vectors import CodecReplay, MadeCodec, json_of
from audio_vectors import Step
from decode_helpers import TIMEOUT

from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    AudioEncoder,
    EncodedAudioChunk,
    EncodedAudioChunkMetadata,
)

Output = tuple[EncodedAudioChunk, EncodedAudioChunkMetadata]


class MadeEncoder(MadeCodec):
    """An encoder of ours, and what its callbacks got."""

    def __init__(self, told: list[str], name: str) -> None:
        super().__init__(told, name)
        self.outputs: list[Output] = []
        self.came = asyncio.Event()

    def chunk(self, chunk: EncodedAudioChunk, metadata: EncodedAudioChunkMetadata) -> None:
        self.told.append(f"{self.name}:output {chunk.timestamp}")
        self.outputs.append((chunk, metadata))
        self.came.set()

    async def until(self, count: int) -> None:
        while len(self.outputs) < count:
            self.came.clear()
            await asyncio.wait_for(self.came.wait(), TIMEOUT)


class EncoderReplay(CodecReplay):
    """Runs the steps of one case."""

    def new_codec(self, step: Step) -> Any:
        made = MadeEncoder(self.told, step["as"])
        callbacks: dict[str, Any] = {"output": made.chunk, "error": made.error}
        made.codec = AudioEncoder(**self.callbacks(callbacks, step))
        self.codecs[step["as"]] = made
        return {"state": made.codec.state, "queue": made.queue}

    def kind_of(self, step: Step) -> Any:
        return AudioEncoder

    async def wait(self, step: Step) -> None:
        await asyncio.wait_for(asyncio.gather(*self.pending), TIMEOUT)
        for made in self.codecs.values():
            if not step.get("quiet"):
                await asyncio.gather(made.codec.flush(), return_exceptions=True)

    def audio_synth(self, step: Step) -> Any:
        [self.things[step["as"]]] = pieces(step["gen"], step["gen"]["frames"], None)

    def encode(self, step: Step) -> Any:
        made = self.codecs[step["target"]]
        returned = made.codec.encode(self.things[step["data"]])
        return {"returned": returned, "state": made.codec.state}

    def encode_synth(self, step: Step) -> Any:
        made, count = self.codecs[step["target"]], 0
        for data in pieces(step["gen"], step["block"], step.get("jump")):
            with data:
                if made.codec.state == "configured":  # an error may have come already
                    made.codec.encode(data)
            count += 1
        return {"encoded": count}

    async def chunk_outputs(self, step: Step) -> Any:
        made = self.codecs[step["target"]]
        assert isinstance(made, MadeEncoder)
        await made.until(step.get("count", 0))
        return [shown(*output, step["want"]) for output in made.outputs]

    async def round_trip(self, step: Step) -> Any:
        made = self.codecs[step["encoder"]]
        assert isinstance(made, MadeEncoder)
        heard = MadeCodec([], "d")
        decoder = heard.codec = AudioDecoder(output=heard.sound, error=heard.error)
        try:
            for chunk, metadata in made.outputs:
                if metadata.decoder_config is not None:
                    decoder.configure(metadata.decoder_config)
                decoder.decode(chunk)
            await asyncio.wait_for(decoder.flush(), TIMEOUT)
            return {"error": None, "outputs": heard.sounds}
        finally:
            heard.close()


def shown(
    chunk: EncodedAudioChunk, metadata: EncodedAudioChunkMetadata, want: str
) -> dict[str, Any]:
    config = metadata.decoder_config
    found: dict[str, Any] = {
        "type": chunk.type,
        "timestamp": chunk.timestamp,
        "duration": chunk.duration,
        "metadata": {} if config is None else {"decoderConfig": json_of(config)},
    }
    if want == "all":
        found["byteLength"] = chunk.byte_length
    if want == "toc":
        found["head"] = bytes(chunk.data[:1]).hex()
    return found


def pieces(gen: dict[str, Any], block: int, jump: dict[str, int] | None) -> list[AudioData]:
    """Return the signal of `gen`, cut into blocks, as the answers describe it."""
    rate, channels, frames = gen["rate"], gen["channels"], gen["frames"]
    name = gen.get("format", "f32")
    places = np.arange(frames)[:, None] * (np.arange(channels)[None] + 1)
    wave = gen.get("amp", 0.5) * np.sin(2 * np.pi * gen.get("freq", 440) * places / rate)
    if gen["kind"] == "silence":
        wave = np.zeros((frames, channels))
    kind = name.removesuffix("-planar")
    scaled = {
        "f32": lambda: wave.astype(np.float32),
        "s16": lambda: np.round(wave * 32767).astype(np.int16),
        "s32": lambda: np.round(wave * 2147483647).astype(np.int32),
        "u8": lambda: (np.round(wave * 127) + 128).astype(np.uint8),
    }[kind]()
    found = []
    for start in range(0, frames, block):
        part = scaled[start : start + block]
        time = gen.get("timestamp", 0) + round(start * 1e6 / rate)
        if jump is not None and start >= jump["at"]:
            time += jump["by"]
        found.append(
            AudioData(
                format=name,
                sample_rate=rate,
                number_of_frames=len(part),
                number_of_channels=channels,
                timestamp=time,
                data=np.ascontiguousarray(part.T if name.endswith("-planar") else part),
            )
        )
    return found
