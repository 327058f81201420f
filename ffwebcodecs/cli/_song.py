"""What `check` says of a file of sound alone: every packet is decoded."""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import ffwebcodecs

from ._input import input_arguments

_OF_PICTURES = ("color_space", "max_pixels")


def is_song(path: str, options: argparse.Namespace) -> bool:
    """Return whether a file has sound, and no video."""
    if path == "-":
        return False  # it has been read
    try:
        with ffwebcodecs.Demuxer(path, **input_arguments(options)) as demuxer:
            kinds = {stream.kind for stream in demuxer.streams if not stream.is_cover}
    except (ffwebcodecs.WebCodecsError, OSError):
        return False
    return "audio" in kinds and "video" not in kinds


def check_song(path: str, options: argparse.Namespace, document: dict[str, Any]) -> None:
    """Decode all of it, and fill in what there is to say."""
    said = {
        name: value for name, value in input_arguments(options).items() if name not in _OF_PICTURES
    }
    end = 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for data in ffwebcodecs.read_audio_data(path, errors="skip", **said):
            with data:
                options.interrupt.check()
                rate = data.sample_rate
                samples = round(data.timestamp * rate / 1e6) + data.number_of_frames
                end = max(end, round(samples / rate * 1e6))
    document["duration_us"] = end
    findings = [_finding("damaged_sound", "error", str(each.message)) for each in caught]
    if not end:
        findings.append(_finding("no_sound", "error", "no sound can be decoded"))
    findings.append(_finding("sound", "note", f"no video; {end / 1e6:.3f} s of sound"))
    document["findings"] = findings
    document["status"] = "errors" if len(findings) > 1 else "sound"


def _finding(kind: str, severity: str, message: str) -> dict[str, Any]:
    """Return what `Finding.to_json` returns of others."""
    places = dict.fromkeys(("start", "stop", "start_time", "stop_time"))
    return {"kind": kind, "severity": severity, "message": message, **places, "details": {}}
