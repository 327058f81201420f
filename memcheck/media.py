"""Clips of 64x64 pixels, made once with the ffmpeg program and kept in the cache folder."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import lzma
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("FFWEBCODECS_CACHE") or ROOT / ".cache") / "memcheck"
FRAMES = 50
_GOP = ("-g", "10", "-threads", "1")
RECIPES = {
    "h264.mp4": ("libx264", "-preset", "veryfast", "-bf", "2", *_GOP),
    "vp9.webm": ("libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-b:v", "200k", *_GOP),
    "av1.mp4": ("libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-b:v", "200k", *_GOP),
}
# Valgrind 3.19 gives up on dav1d's vector code: memcheck/valgrind.sh leaves AV1 out.
for _name in os.environ.get("MEMCHECK_WITHOUT", "").split():
    del RECIPES[_name]


class MissingMediaError(Exception):
    """There is no ffmpeg program, or it lacks the encoder."""


def clip(name: str) -> Path:
    """Return the file of a recipe, making it if need be."""
    encoder, *options = RECIPES[name]
    source = "testsrc2=size=64x64:rate=30"
    command = ["-f", "lavfi", "-i", source, "-frames:v", str(FRAMES), "-c:v", encoder, *options]
    command += ["-pix_fmt", "yuv420p"]
    return _made(name, command)


def song(name: str) -> Path:
    """Return a file of two seconds of sound; the codec is what its container usually has."""
    return _made(name, ["-f", "lavfi", "-i", "sine=duration=2:sample_rate=48000", "-ac", "2"])


def _made(name: str, command: list[str]) -> Path:
    stem, suffix = name.split(".")
    path = CACHE / f"{stem}-{hashlib.sha256(repr(command).encode()).hexdigest()[:10]}.{suffix}"
    if path.exists():
        return path
    program = shutil.which("ffmpeg")
    if program is None:
        raise MissingMediaError("the ffmpeg program is not on PATH: it makes the clips")
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f"making-{os.getpid()}-{path.name}")
    done = subprocess.run(
        [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *command, making],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MissingMediaError(f"ffmpeg cannot make {name}: {done.stderr.strip()}")
    making.rename(path)
    return path


class Record(NamedTuple):
    """A chunk without native memory."""

    type: str
    timestamp: int
    data: bytes

    def chunk(self, **changes: Any) -> Any:
        """Return a new EncodedVideoChunk."""
        from ffwebcodecs import EncodedVideoChunk

        return EncodedVideoChunk(**{**self._asdict(), **changes})


class Stream(NamedTuple):
    """A clip as plain values."""

    config: Any
    records: list[Record]


@functools.cache
def stream(name: str, threads: int = 1) -> Stream:
    """Return the configuration and the chunks of a clip."""
    from ffwebcodecs import Demuxer

    with Demuxer(clip(name)) as demuxer:
        config = replace(demuxer.video_config, threads=threads)
        return Stream(
            config, [Record(c.type, c.timestamp, bytes(c.data)) for c in demuxer.chunks()]
        )


@functools.cache
def sounds() -> list[tuple[dict[str, Any], list[bytes]]]:
    """Return configurations and packets of a few codecs of sound."""
    data = ROOT / "tests" / "data" / "audio_decode.json.xz"
    answers = json.loads(lzma.decompress(data.read_bytes()))
    found = []
    for name in ("opus_stereo", "aac_stereo", "flac_s16", "vorbis_stereo", "mp3_stereo"):
        media = answers["media"][name]
        config = {
            "codec": media["codec"],
            "sample_rate": media["sampleRate"],
            "number_of_channels": media["numberOfChannels"],
        }
        if media["description"]:
            config["description"] = bytes.fromhex(media["description"])
        found.append((config, [bytes.fromhex(each["hex"]) for each in media["packets"]]))
    return found


@functools.cache
def images() -> list[tuple[str, bytes]]:
    """Return types and bytes of images that this FFmpeg decodes."""
    from ffwebcodecs import ImageDecoder

    data = ROOT / "tests" / "data" / "image_decoder.json.xz"
    found = json.loads(lzma.decompress(data.read_bytes()))["media"]
    return [
        (each["type"], base64.b64decode(each["base64"]))
        for name, each in found.items()
        if ImageDecoder.is_type_supported(each["type"])
        and not ("avif" in name and os.environ.get("MEMCHECK_WITHOUT"))
    ]
