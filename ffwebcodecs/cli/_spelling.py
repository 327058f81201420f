"""How parameters that a message advises are written on the command line."""

from __future__ import annotations

import re

_FLAGS = {
    "audio=False": "--no-audio",
    "subtitles=False": "--no-subtitles",
    "strict=True": "--strict",
    "require_all=True": "--require-all",
    "split_bitrate=True": "--split-bitrate",
    "part_seconds": "--part-seconds",
    "alpha='keep'": "--alpha",
    "background='#RRGGBB'": "--background '#RRGGBB'",
    "deinterlace=True": "--deinterlace",
    "deinterlace=False": "--no-deinterlace",
    "; that is `input_options` in transcode and remux": "",
}
_OPTIONS = re.compile(r"(?<!\w)options=\{([^{}]*)\}")
_PAIR = re.compile(r"'(\w+)': (?:'([^']*)'|(\w+))")


def as_typed(message: str) -> str:
    """Return a message of the library as a user of the command line can follow it."""
    for written, flag in _FLAGS.items():
        message = message.replace(written, flag)
    message = re.sub(r"(?<!\w)codec='([\w:]+)'", r"--codec \1", message)
    message = re.sub(r"(?<!\w)audio='([\w:]+)'", r"--audio-codec \1", message)
    return _OPTIONS.sub(_input_options, message)


def _input_options(found: re.Match[str]) -> str:
    pairs = [(key, text or bare) for key, text, bare in _PAIR.findall(found[1])]
    quoted = [f"'{key}={value}'" if " " in value else f"{key}={value}" for key, value in pairs]
    return " ".join(f"--input-option {each}" for each in quoted) or found[0]
