"""What SVT-AV1 does to the process that it runs in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress

from ...errors import NotSupportedError

_used: set[int] = set()  # the presets that this process has encoded with
_file = re.compile(r"libSvtAv1Enc[^/]*?\.so\.(\d+)")


def prepare(options: Mapping[str, str]) -> None:
    """Get ready to open the encoder with these options of FFmpeg.

    Raises
    ------
    NotSupportedError
        It would never come back: once a process has encoded with a preset up to 5, one with 6 or 7
        waits for ever. The tables of the block sizes are the process's, not the encoder's. Seen
        with 1.4 and 4.1; 2.3 does not.
    """
    # It writes its settings to stderr whenever it is opened, and listens to nothing else.
    os.environ.setdefault("SVT_LOG", "0")
    preset = _preset(options)
    if preset is None:
        return
    lower = [one for one in _used if one <= 5]
    if preset in (6, 7) and lower and _major() != 2:
        raise NotSupportedError(
            f"libsvtav1 hangs with preset {preset} in a process that has encoded with preset "
            f"{min(lower)} before; use preset 5 or 8, or another process"
        )
    _used.add(preset)


def _preset(options: Mapping[str, str]) -> int | None:
    """Return the preset, None if that is not known here."""
    text = options.get("preset")
    for parameter in options.get("svtav1-params", "").split(":"):
        name, _, value = parameter.partition("=")
        text = value if name == "preset" else text
    with suppress(TypeError, ValueError):
        return int(text)  # type: ignore[arg-type]
    return None


def _major() -> int | None:
    """Return the library's version, None if its file's name does not say it."""
    with suppress(OSError), open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        found = _file.search(maps.read())
        return None if found is None else int(found[1])
    return None
