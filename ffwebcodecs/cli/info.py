"""Say which FFmpeg is in use, in which mode and why, and what it can do."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import ffwebcodecs

from ..errors import FFmpegLoadError
from ._lines import complain, give

HELP = "which FFmpeg is in use, why, and what it can do"

# WebCodecs' codecs: a string to ask with, FFmpeg's names of decoders and encoders.
_CODECS = {
    "H.264": ("avc1.42E01E", ("h264", "libopenh264"), ("libx264", "libopenh264", "h264")),
    "HEVC": ("hvc1.1.6.L93.B0", ("hevc",), ("libx265", "libkvazaar", "hevc")),
    "VP8": ("vp8", ("vp8", "libvpx"), ("libvpx", "vp8")),
    "VP9": ("vp09.00.10.08", ("vp9", "libvpx-vp9"), ("libvpx-vp9", "vp9")),
    "AV1": (
        "av01.0.04M.08",
        ("av1", "libdav1d", "libaom-av1", "libgav1"),
        ("libaom-av1", "libsvtav1", "librav1e", "av1"),
    ),
}
# As much of sound.
_SOUND = {
    "Opus": ("opus", ("libopus", "opus"), ("libopus", "opus")),
    "AAC": ("mp4a.40.2", ("aac", "libfdk_aac", "aac_at"), ("aac", "libfdk_aac", "aac_at")),
    "MP3": ("mp3", ("mp3float", "mp3"), ("libmp3lame", "libshine")),
    "FLAC": ("flac", ("flac",), ("flac",)),
    "Vorbis": ("vorbis", ("vorbis", "libvorbis"), ("libvorbis", "vorbis")),
    "AC-3": ("ac-3", ("ac3",), ("ac3",)),
    "E-AC-3": ("ec-3", ("eac3",), ("eac3",)),
    "ALAC": ("alac", ("alac", "alac_at"), ("alac", "alac_at")),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--json", action="store_true", help="write JSON, with every codec's name")


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    python = ".".join(map(str, sys.version_info[:3]))
    head = {"ffwebcodecs": ffwebcodecs.__version__, "python": python}
    try:
        info = ffwebcodecs.ffmpeg_info()
    except FFmpegLoadError as error:
        if options.json:
            give(json.dumps({**head, "error": str(error)}, indent=2))
        else:
            give(f"ffwebcodecs {head['ffwebcodecs']}, Python {python}")
        complain(str(error))
        return 1
    if options.json:
        give(json.dumps(_document(head, info), indent=2))
    else:
        give("\n".join(_lines(head, info)))
    return 0


def _document(head: dict[str, str], info: ffwebcodecs.FFmpegInfo) -> dict[str, Any]:
    return {
        **head,
        "ffmpeg": info.version,
        "release": info.release,
        "mode": info.mode,
        "reason": info.reason,
        "pump": info.pump,
        "libraries": {
            name: {"path": path, "version": ".".join(map(str, version))}
            for name, (path, version) in info.libraries.items()
        },
        "problems": info.problems,
        "codecs": {
            name: {"decoders": decoders, "encoders": encoders}
            for name, decoders, encoders in _codecs(info)
        },
        "decoders": info.decoders,
        "encoders": info.encoders,
        "audio_decoders": info.audio_decoders,
        "audio_encoders": info.audio_encoders,
        "devices": info.devices,
        "device_problems": info.device_problems,
        "device_types": info.device_types,
    }


def _codecs(info: ffwebcodecs.FFmpegInfo) -> list[tuple[str, list[str], list[str]]]:
    """Return the decoders and encoders of each of WebCodecs' codecs."""
    found = []
    for name, (string, decoders, encoders) in _CODECS.items():
        supported = ffwebcodecs.VideoDecoder.is_config_supported({"codec": string}).supported
        found.append(
            (
                name,
                _named(info.decoders, decoders) if supported else [],
                _named(info.encoders, encoders),
            )
        )
    for name, (string, decoders, encoders) in _SOUND.items():
        config = ffwebcodecs.AudioDecoderConfig(
            codec=string, sample_rate=48000, number_of_channels=2
        )
        supported = ffwebcodecs.AudioDecoder.is_config_supported(config).supported
        found.append(
            (
                name,
                [each for each in info.audio_decoders if each in decoders] if supported else [],
                [each for each in info.audio_encoders if each in encoders],
            )
        )
    return found


def _named(names: list[str], wanted: tuple[str, ...]) -> list[str]:
    """Return those of `names` that are wanted, with variants for devices such as ``h264_nvenc``."""
    devices = tuple(f"{name}_" for name in wanted)
    return [name for name in names if name in wanted or name.startswith(devices)]


def _lines(head: dict[str, str], info: ffwebcodecs.FFmpegInfo) -> list[str]:
    lines = [
        f"ffwebcodecs {head['ffwebcodecs']}, Python {head['python']}",
        f"FFmpeg {info.version}",
        f"Mode: {info.mode} ({info.reason})",
        f"Pump: {'yes' if info.pump else 'no'}",
        "",
        "Libraries",
    ]
    for name, (path, version) in info.libraries.items():
        lines.append(f"  {name:<10}{'.'.join(map(str, version)):<12}{path}")
    if info.problems:
        lines += ["", "Problems", *(f"  {problem}" for problem in info.problems)]
    lines += ["", "Codecs"]
    for name, decoders, encoders in _codecs(info):
        lines.append(f"  {name:<7}decode: {', '.join(decoders) or 'no'}")
        lines.append(f"  {'':<7}encode: {', '.join(encoders) or 'no'}")
    lines.append(
        f"  and all others of FFmpeg as ffmpeg:NAME: {len(info.decoders)} decoders, "
        f"{len(info.encoders)} encoders in all, {len(info.audio_decoders)} and "
        f"{len(info.audio_encoders)} of sound (--json names them)"
    )
    lines += ["", f"Hardware devices that open here: {', '.join(info.devices) or 'none'}"]
    lines += [f"  {kind}: {reason}" for kind, reason in info.device_problems.items()]
    return lines
