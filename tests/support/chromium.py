"""Chromium's answers in tests/data: their values and attributes as ours."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from clips import DATA

from ffwebcodecs import (
    DataError,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    VideoFrame,
)

ERRORS: dict[str, type[BaseException]] = {
    "DataError": DataError,
    "InvalidStateError": InvalidStateError,
    "NotSupportedError": NotSupportedError,
    "TypeError": InvalidArgumentError,
}
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "undefined": None}


def answers(name: str) -> Any:
    return json.loads((DATA / name).read_text("utf-8"))


def python_value(value: Any) -> Any:
    if isinstance(value, dict):
        if "$" in value:
            if value["$"] in SPECIAL:
                return SPECIAL[value["$"]]
            assert value["$"] == "bigint", value
            return int(value["value"])
        return {name: python_value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [python_value(member) for member in value]
    return value


def snake(name: str) -> str:
    """Return the specification's name as Python has it."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def camel(name: str) -> str:
    """Return a Python name as the specification has it."""
    return re.sub("_([a-z])", lambda letter: letter[1].upper(), name)


def snake_names(value: Any) -> Any:
    """Return dictionaries within `value` with Python's names, and special numbers."""
    if isinstance(value, dict) and "$" not in value:
        return {snake(name): snake_names(member) for name, member in value.items()}
    return python_value(value)


def attributes(frame: VideoFrame) -> dict[str, Any]:
    coded, visible = frame.coded_rect, frame.visible_rect
    return {
        "format": frame.format,
        "codedWidth": frame.coded_width,
        "codedHeight": frame.coded_height,
        "codedRect": coded and coded.to_json(),
        "visibleRect": visible and visible.to_json(),
        "rotation": frame.rotation,
        "flip": frame.flip,
        "displayWidth": frame.display_width,
        "displayHeight": frame.display_height,
        "duration": frame.duration,
        "timestamp": frame.timestamp,
        "colorSpace": frame.color_space.to_json(),
    }
