"""The examples of the public docstrings, as programs for page_child.py."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pages

import ffwebcodecs

# What an example takes for granted: names that are there before it, by the object it stands in.
_FRAME = 'frame = next(read_frames("clip.mp4"))'
_VIDEO = 'video = Video("clip.mp4")'
_DAMAGED = """
with Demuxer("clip.mp4") as demuxer:
    chunks, config = list(demuxer.chunks()), demuxer.video_config
hurt = next(i for i, each in enumerate(chunks) if each.type == "key" and i >= 30)
chunks[hurt] = EncodedVideoChunk(
    type="key", timestamp=chunks[hurt].timestamp, data=bytes(chunks[hurt].data[:20])
)
video = Video.from_chunks(chunks, config)
"""
_SEND = "async def send(array): pass"
FIRST = {
    "AudioDecoder.audio_data": """
demuxer = Demuxer("clip.mp4")
decoder = AudioDecoder()
decoder.configure(demuxer.audio_config)
chunks = demuxer.audio_chunks()
""",
    "AudioEncoder": "chunks = []",
    "AudioEncoder.chunks": """
encoder, muxer = AudioEncoder(), Muxer("sound.ogg")
encoder.configure({"codec": "opus", "sample_rate": 44100, "number_of_channels": 1})
""",
    "CheckResult": _DAMAGED,
    "Demuxer.chunks_of": """
with Demuxer("clip.mp4") as demuxer:
    configs = demuxer.video_config, demuxer.audio_config
video = VideoDecoder(lambda frame: frame.close(), print)
audio = AudioDecoder(lambda data: data.close(), print)
video.configure(configs[0])
audio.configure(configs[1])
""",
    "SharedFrames": _FRAME,
    "Video.check": _DAMAGED,
    "Video.sample": _VIDEO,
    "VideoEncoder.chunks": """
encoder, muxer = VideoEncoder(), Muxer("small.mp4")
encoder.configure({"codec": "avc1.42001E", "width": 160, "height": 120})
""",
    "VideoSlice": _VIDEO,
    "create_image_bitmap": _FRAME,
    "read_audio_data_async": _SEND,
    "read_frames_async": _SEND,
}
# What the clips of the examples are, where a second and a half is too short.
FILES = {"read_audio": "film.mp4", "remux": "clip.mp4"}


def programs() -> list[dict[str, Any]]:
    """Return a program for each public docstring that has examples, by the object's name."""
    found = []
    for name, text in sorted(_docstrings().items()):
        if ">>>" in text:
            files = {FILES[name]: str(pages.source("made/long.mp4"))} if name in FILES else {}
            piece = {
                "line": 0,
                "language": "doctest",
                "code": text,
                "then": "",
                "raises": "",
                "first": FIRST.get(name, _implied(text)),
                "needs": [],
                "files": files,
            }
            found.append({"process": False, "name": name, "pieces": [piece]})
    return found


def _implied(text: str) -> str:
    """Return what makes a frame, where an example has one without saying of what."""
    made = re.search(r"(as|for|lambda) frame\b|\bframe = ", text)
    return _FRAME if re.search(r"\bframe\.", text) and not made else ""


def _docstrings() -> dict[str, str]:
    """Return the docstrings of public objects and of their public members."""
    found: dict[str, str] = {}
    for name in ffwebcodecs.__all__:
        thing = getattr(ffwebcodecs, name)
        if not callable(thing):
            continue
        found[name] = inspect.getdoc(thing) or ""
        if isinstance(thing, type):
            for member in dir(thing):
                if not member.startswith("_"):
                    owner = next(each for each in thing.__mro__ if member in vars(each))
                    text = inspect.getdoc(getattr(thing, member, None)) or ""
                    if owner.__module__.startswith("ffwebcodecs"):
                        found[f"{name}.{member}"] = text
    return found
