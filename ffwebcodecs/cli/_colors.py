"""Colours as arguments."""

from __future__ import annotations

import argparse
from typing import Any

# Primaries, transfer and matrix.
SPACES: dict[str, tuple[Any, Any, Any]] = {
    "bt709": ("bt709", "bt709", "bt709"),
    "bt601": ("smpte170m", "smpte170m", "smpte170m"),
    "bt2020": ("bt2020", "bt709", "bt2020-ncl"),
    "srgb": ("bt709", "iec61966-2-1", "rgb"),
    "display-p3": ("smpte432", "iec61966-2-1", "rgb"),
}
_OF_VIDEO = ("bt601", "bt709", "bt2020")


def add_color_space(parser: argparse.ArgumentParser) -> None:
    """Add ``--color-space`` of commands that read videos."""
    parser.add_argument(
        "--color-space",
        choices=_OF_VIDEO,
        help="what the input's colours are, whatever it says; default: what it says, else a guess, "
        "which probe shows",
    )


def color_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of colours as the parameters of `Demuxer`."""
    name = getattr(options, "color_space", None)
    if name is None:
        return {}
    primaries, transfer, matrix = SPACES[name]
    return {"color_space": {"primaries": primaries, "transfer": transfer, "matrix": matrix}}
