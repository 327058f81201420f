"""Files of sound and films with it: made once by the ffmpeg program, of a sound known by a formula.

Two channels, three seconds, each a tone that rises: no part of it is like another.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from clips import run_ffmpeg, run_ffprobe, said_of
from convert_helpers import made

from ffwebcodecs import ffmpeg_info

SECONDS = 3
_TONES = "0.5*sin(2*PI*(300+200*t)*t)|0.4*sin(2*PI*(500+150*t)*t)"
_AAC = ("-c:a", "aac", "-b:a", "128k", "-aac_pns", "0")
_MP3 = ("-c:a", "libmp3lame", "-b:a", "128k")

FILES: dict[str, tuple[int, tuple[str, ...]]] = {
    **{f"aac.{end}": (44100, _AAC) for end in ("m4a", "mov", "mkv", "ts", "aac")},
    **{f"mp3.{end}": (44100, _MP3) for end in ("mp3", "mkv", "mp4", "ts", "avi")},
    "vbr.mp3": (44100, ("-c:a", "libmp3lame", "-q:a", "4")),
    **{f"opus.{end}": (48000, ("-c:a", "libopus")) for end in ("ogg", "webm", "mp4", "mkv", "ts")},
    **{f"vorbis.{end}": (44100, ("-c:a", "libvorbis")) for end in ("ogg", "webm")},
    **{f"flac.{end}": (44100, ("-c:a", "flac")) for end in ("flac", "ogg", "mkv")},
    "flac.mp4": (44100, ("-c:a", "flac", "-strict", "-2")),
    "flac24.flac": (44100, ("-c:a", "flac", "-sample_fmt", "s32")),
    **{f"alac.{end}": (44100, ("-c:a", "alac")) for end in ("m4a", "mov", "mkv")},
    "alac24.m4a": (44100, ("-c:a", "alac", "-sample_fmt", "s32p")),
    **{f"pcm16.{end}": (44100, ("-c:a", "pcm_s16le")) for end in ("wav", "mov", "mkv", "avi")},
    "pcm24.wav": (48000, ("-c:a", "pcm_s24le")),
    "pcm24.mov": (48000, ("-c:a", "pcm_s24be")),
    "pcm32.wav": (44100, ("-c:a", "pcm_s32le")),
    "pcmf.wav": (44100, ("-c:a", "pcm_f32le")),
    **{f"mp2.{end}": (44100, ("-c:a", "mp2", "-b:a", "192k")) for end in ("mp2", "ts", "mkv")},
    "ac3.mkv": (48000, ("-c:a", "ac3", "-b:a", "256k")),
}


def source(rate: int) -> tuple[str, ...]:
    """Return the input of the ffmpeg program that is the sound."""
    return ("-f", "lavfi", "-i", f"aevalsrc={_TONES}:s={rate}:d={SECONDS}")


def original(rate: int) -> npt.NDArray[np.float64]:
    """Return the samples of the sound, shape (samples, 2)."""
    t = np.arange(SECONDS * rate) / rate
    left = 0.5 * np.sin(2 * np.pi * (300 + 200 * t) * t)
    right = 0.4 * np.sin(2 * np.pi * (500 + 150 * t) * t)
    return np.stack([left, right], axis=1)


def sound(name: str) -> Path:
    """Return one of `FILES`."""
    rate, options = FILES[name]
    return made(f"rising-{name}", *source(rate), *options)


def film(name: str = "heard.mp4") -> Path:
    """Return a film of three seconds with two streams of sound; the second one is one channel."""
    sounds = ("libopus", "libopus") if name.endswith(".webm") else ("aac", "libmp3lame")
    if name.endswith(".ts"):
        sounds = ("aac", "mp2")
    video = ("libvpx", "-deadline", "realtime") if name.endswith(".webm") else ("libx264",)
    return made(
        *(name, "-f", "lavfi", "-i", f"testsrc2=size=160x120:rate=30:duration={SECONDS}"),
        *(*source(48000), "-f", "lavfi", "-i", f"sine=440:sample_rate=48000:duration={SECONDS}"),
        *("-map", "0", "-map", "1", "-map", "2", "-c:v", *video, "-g", "15", "-pix_fmt", "yuv420p"),
        *("-threads", "1", "-c:a:0", sounds[0], "-c:a:1", sounds[1]),
    )


def covered() -> Path:
    """Return sound in an MP3 file with a picture."""
    picture = made("cover.png", "-f", "lavfi", "-i", "color=red:size=64x48", "-frames:v", "1")
    maps = ("-map", "0", "-map", "1", "-c:v", "copy")
    return made("covered.mp3", *source(44100), "-i", str(picture), *maps)


@functools.cache
def packets_of(path: Path) -> list[dict[str, Any]]:
    """Return what ffprobe says of all packets, in the order of the file."""
    entries = "packet=stream_index,pts,duration,size:stream=index,time_base,codec_type,start_pts"
    text = said_of(path, run_ffprobe, "-show_entries", entries, str(path))
    found = json.loads(text)
    bases = {each["index"]: each["time_base"] for each in found["streams"]}
    for each in found["packets"]:
        numerator, denominator = map(int, bases[each["stream_index"]].split("/"))
        each["microseconds"] = round(each.get("pts", 0) * numerator * 1_000_000 / denominator)
    packets: list[dict[str, Any]] = found["packets"]
    return packets


@functools.cache
def reference(path: Path, *options: str) -> npt.NDArray[np.float32]:
    """Return what the ffmpeg program decodes of a file, shape (samples, channels)."""
    entries = ("-select_streams", "a:0", "-show_entries", "stream=channels,codec_name")
    stream = json.loads(said_of(path, run_ffprobe, *entries, str(path)))["streams"][0]
    if stream["codec_name"] == "opus" and "libopus" in ffmpeg_info().audio_decoders:
        # The program prefers FFmpeg's own decoder, which may differ by 1e-3 in a last packet.
        options = ("-c:a", "libopus", *options)
    words = (*options, "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-c:a", "pcm_f32le", "-")
    data = said_of(path, run_ffmpeg, *words)
    return np.frombuffer(data, np.float32).reshape(-1, stream["channels"])
